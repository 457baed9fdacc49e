//! What a run has shown.

use std::collections::BTreeMap;

use rether_proto::agent::AgentStatus;
use rether_proto::coordinator::CoordinatorStatus;
use rether_proto::flow::FlowKey;
use rether_proto::ledger::FlowId;
use rether_proto::time::{Duration, Instant};
use serde::{Deserialize, Serialize};

use super::node::Kind;
use super::packet::Way;
use super::{Happening, World};
use crate::medium::Counters;
use crate::scenario::{Arm, Scenario};
use crate::traffic::{AllCalls, CallsWay, Flow, FlowFigures};

/// The figures of one run.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Outcome {
    /// Name of the scenario.
    pub scenario: String,
    /// Name of the arm.
    pub arm: String,
    /// The seed.
    pub seed: u64,
    /// How long it ran, in seconds of virtual time.
    pub clock_seconds: f64,
    /// How much of it counts for any flow: what radios did and frames of the protocol are of that
    /// time.
    pub window_seconds: f64,
    /// By flow.
    pub traffic: BTreeMap<String, FlowFigures>,
    /// All calls together, if there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calls: Option<AllCalls>,
    /// By access point and station.
    pub radios: BTreeMap<String, RadioFigures>,
    /// What the coordinators say of themselves at the end, by access point.
    pub status: BTreeMap<String, Status>,
    /// Frames of the protocol.
    pub tokens: TokenFigures,
    /// What became of reservations, by flow, in the order of time.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub reservations: BTreeMap<String, Vec<Reservation>>,
    /// Seconds of the machine's own clock that all coordinators took, if that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coordinator_cost_seconds: Option<f64>,
    /// One-way delays of the packets of calls that count, by flow, if they were asked for.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub delays_us: BTreeMap<String, CallDelays>,
    /// Airtime over time, if it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub samples: Option<Samples>,
}

/// A step in the life of a reservation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Reservation {
    /// When, in seconds since the clock of traffic and events started.
    pub at_seconds: f64,
    /// What.
    pub step: Step,
}

/// What can become of a reservation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// It was granted.
    Granted,
    /// It was refused; told once if it is asked for again and again.
    Refused,
    /// It ended: nothing was sent any more, or it was withdrawn.
    Ended,
}

/// What a daemon would say of itself.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Status {
    /// At an access point.
    Coordinator {
        /// Its cell.
        cell: Box<CoordinatorStatus>,
    },
    /// At a station.
    Agent {
        /// The agent.
        agent: Box<AgentStatus>,
    },
}

/// What a radio did.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct RadioFigures {
    /// Counted while anything counts.
    #[serde(flatten)]
    pub counters: Counters,
    /// Share of its unicast transmissions that was not acknowledged.
    pub collision_probability: f64,
    /// Share of the time in which it sent.
    pub airtime_share: f64,
}

/// What had been counted at a moment.
#[derive(Clone, Debug, Default)]
pub(super) struct Mark {
    /// Of each radio, in the order of the nodes.
    counters: Vec<Counters>,
    tokens: TokenFigures,
}

/// Frames of the protocol.
#[derive(Clone, Copy, Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct TokenFigures {
    /// Frames handed to radios.
    pub frames: u64,
    /// Time they took on the air, repetitions included, without Acks and waiting.
    pub airtime: Duration,
}

/// Delays of a call's packets in us, in the order of their arrival.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallDelays {
    /// From the caller.
    pub up: Vec<i32>,
    /// To the caller.
    pub down: Vec<i32>,
}

/// Airtime over time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Samples {
    /// Names of access points and stations, in the order of the lists in each step.
    pub radios: Vec<String>,
    /// In the order of time.
    pub steps: Vec<Sample>,
}

/// Airtime up to a time, in ns since the start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Sample {
    /// When.
    pub at: Instant,
    /// Of each radio with frames of its own, collided ones included; without Acks.
    pub airtime: Vec<Duration>,
    /// Of these, with frames of the protocol.
    pub tokens: Vec<Duration>,
    /// Of all radios, with Acks.
    pub acks: Duration,
}

impl Outcome {
    /// By flow that is not a call: payload that arrived, in Mb/s.
    pub(crate) fn goodputs_mbps(&self) -> impl Iterator<Item = (&str, f64)> {
        self.traffic.iter().filter_map(|(name, flow)| match flow {
            FlowFigures::Transfer(transfer) => Some((name.as_str(), transfer.goodput_bps / 1e6)),
            FlowFigures::Voice { .. } => None,
        })
    }

    /// The share of the unicast transmissions of some radios that was not acknowledged.
    #[expect(clippy::cast_precision_loss, reason = "counts of frames")]
    pub(crate) fn collision_probability(&self, of: impl Fn(&str) -> bool) -> f64 {
        let radios = self.radios.iter().filter(|(name, _)| of(name));
        let (sent, acked) = radios.fold((0, 0), |(sent, acked), (_, radio)| {
            let counters = &radio.counters;
            (sent + counters.transmissions, acked + counters.acked)
        });
        1.0 - acked as f64 / sent.max(1) as f64
    }
}

impl TokenFigures {
    fn since(&self, earlier: &Self) -> Self {
        Self {
            frames: self.frames - earlier.frames,
            airtime: self.airtime - earlier.airtime,
        }
    }
}

impl World {
    pub(super) fn sample(&mut self) {
        let radios = self.nodes.iter().filter_map(|node| node.radio());
        let counters = radios.map(|radio| self.medium.counters(radio.id));
        let sample = Sample {
            at: self.now,
            airtime: counters.clone().map(|radio| radio.airtime).collect(),
            // The wire has no airtime.
            tokens: self.token_airtime.iter().skip(1).copied().collect(),
            acks: counters.fold(Duration::ZERO, |sum, radio| sum + radio.ack_airtime),
        };
        self.samples.push(sample);
        if let Some(step) = self.options.sample {
            self.at(self.now + step, Happening::Sample);
        }
    }

    fn calls(&self) -> Option<AllCalls> {
        let of = |way| CallsWay::of(self.flows.iter().filter_map(|flow| flow.call_delays(way)));
        let (up, down) = of(Way::There).zip(of(Way::Back))?;
        Some(AllCalls { up, down })
    }

    fn call_delays(&self) -> BTreeMap<String, CallDelays> {
        let of = |flow: &Flow, way| Some(flow.call_delays(way)?.1.to_vec());
        let calls = self.flows.iter().filter_map(|flow| {
            let (up, down) = of(flow, Way::There).zip(of(flow, Way::Back))?;
            Some((flow.name.clone(), CallDelays { up, down }))
        });
        calls.collect()
    }

    fn samples(&mut self) -> Option<Samples> {
        self.options.sample?;
        let radios = self.nodes.iter().filter(|node| node.radio().is_some());
        Some(Samples {
            radios: radios.map(|node| node.name.clone()).collect(),
            steps: std::mem::take(&mut self.samples),
        })
    }

    /// Something became of the reservation of a flow.
    pub(super) fn note(&mut self, flow: FlowId, step: Step) {
        let named = |key: &FlowKey| {
            let ends = [key, &flow.key];
            let [one, other] = ends.map(|key| (key.src, key.dst, key.protocol));
            one == other && (key.src_port, key.dst_port) == (flow.key.src_port, flow.key.dst_port)
        };
        let of_flow = |flow: &Flow| flow.keys.iter().any(named);
        let Some(number) = self.flows.iter().position(of_flow) else {
            return;
        };
        let steps = self.reservations.entry(number).or_default();
        if steps.last().is_none_or(|last| last.step != step) {
            let at_seconds = self.now.since(self.clock).as_secs_f64();
            steps.push(Reservation { at_seconds, step });
        }
    }

    /// Notes what has been counted when what counts begins, and when it ends.
    pub(super) fn mark(&mut self) {
        let radios = self.nodes.iter().filter_map(|node| node.radio());
        let counters = radios.map(|radio| *self.medium.counters(radio.id));
        self.marks.push(Mark {
            counters: counters.collect(),
            tokens: self.tokens,
        });
    }

    pub(super) fn outcome(mut self, scenario: &Scenario, arm: &Arm, seed: u64) -> Outcome {
        let clock = self.end.since(Instant::ZERO).as_secs_f64();
        let window = self.until.since(self.from).as_secs_f64();
        // Without flows nothing counts, and nothing was counted.
        let mut marks = std::mem::take(&mut self.marks).into_iter();
        let (begin, end) = marks.next().zip(marks.next()).unwrap_or_default();
        let counted = begin.counters.iter().zip(&end.counters);
        let mut counted = counted.map(|(begin, end)| end.since(begin));
        let traffic = self.flows.iter();
        let traffic = traffic
            .map(|flow| (flow.name.clone(), flow.figures()))
            .collect();
        let mut radios = BTreeMap::new();
        let mut status = BTreeMap::new();
        for node in &mut self.nodes {
            if node.radio().is_some() {
                let counters = counted.next().unwrap_or_default();
                radios.insert(
                    node.name.clone(),
                    RadioFigures {
                        counters,
                        collision_probability: counters.collision_probability(),
                        airtime_share: counters.airtime.as_secs_f64() / window.max(1e-9),
                    },
                );
            }
            let said = match &mut node.kind {
                Kind::Ap {
                    coordinator: Some(driver),
                    ..
                } => Status::Coordinator {
                    cell: Box::new(driver.core.status()),
                },
                Kind::Station {
                    agent: Some(driver),
                    ..
                } => Status::Agent {
                    agent: Box::new(driver.core.status()),
                },
                _ => continue,
            };
            status.insert(node.name.clone(), said);
        }
        let flows = &self.flows;
        let name = |flow: usize| flows.get(flow).map(|flow| flow.name.clone());
        let reservations = std::mem::take(&mut self.reservations).into_iter();
        let reservations = reservations.filter_map(|(flow, steps)| Some((name(flow)?, steps)));
        let reservations = reservations.collect();
        let cost = self.nodes.iter().filter_map(|node| match &node.kind {
            Kind::Ap { coordinator, .. } => coordinator.as_ref()?.spent(),
            _ => None,
        });
        let cost: Option<std::time::Duration> = cost.reduce(|one, other| one + other);
        Outcome {
            scenario: scenario.name.clone(),
            arm: arm.name.clone(),
            seed,
            clock_seconds: clock,
            window_seconds: window,
            traffic,
            calls: self.calls(),
            radios,
            status,
            tokens: end.tokens.since(&begin.tokens),
            reservations,
            coordinator_cost_seconds: cost.map(|cost| cost.as_secs_f64()),
            delays_us: if self.options.delays {
                self.call_delays()
            } else {
                BTreeMap::new()
            },
            samples: self.samples(),
        }
    }
}
