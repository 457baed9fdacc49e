//! What a run has shown.

use std::collections::BTreeMap;

use rether_proto::agent::AgentStatus;
use rether_proto::coordinator::CoordinatorStatus;
use rether_proto::time::{Duration, Instant};
use serde::Serialize;

use super::node::Kind;
use super::packet::Way;
use super::{Happening, World};
use crate::medium::Counters;
use crate::scenario::{Arm, Scenario};
use crate::traffic::{AllCalls, CallsWay, FlowFigures};

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
    /// Airtime over time, if it was asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub samples: Vec<Sample>,
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
    /// Counted from the start.
    #[serde(flatten)]
    pub counters: Counters,
    /// Share of its unicast transmissions that was not acknowledged.
    pub collision_probability: f64,
    /// Share of the time in which it sent.
    pub airtime_share: f64,
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

/// Airtime up to a time.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Sample {
    /// When.
    pub at: Instant,
    /// Time on the air of each radio since the start, in the order of the nodes.
    pub airtime: Vec<Duration>,
    /// Of all radios, with frames of the protocol.
    pub tokens: Duration,
}

impl World {
    pub(super) fn sample(&mut self) {
        let radios = self.nodes.iter().filter_map(|node| node.radio());
        let airtime = radios.map(|radio| self.medium.counters(radio.id).airtime);
        let sample = Sample {
            at: self.now,
            airtime: airtime.collect(),
            tokens: self.tokens.airtime,
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

    pub(super) fn outcome(mut self, scenario: &Scenario, arm: &Arm, seed: u64) -> Outcome {
        let clock = self.end.since(Instant::ZERO).as_secs_f64();
        let traffic = self.flows.iter();
        let traffic = traffic
            .map(|flow| (flow.name.clone(), flow.figures()))
            .collect();
        let mut radios = BTreeMap::new();
        let mut status = BTreeMap::new();
        for node in &mut self.nodes {
            if let Some(radio) = node.radio() {
                let counters = *self.medium.counters(radio.id);
                radios.insert(
                    node.name.clone(),
                    RadioFigures {
                        counters,
                        collision_probability: counters.collision_probability(),
                        airtime_share: counters.airtime.as_secs_f64() / clock.max(1e-9),
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
        Outcome {
            scenario: scenario.name.clone(),
            arm: arm.name.clone(),
            seed,
            clock_seconds: clock,
            traffic,
            calls: self.calls(),
            radios,
            status,
            tokens: self.tokens,
            samples: self.samples,
        }
    }
}
