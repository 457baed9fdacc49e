//! What a person, a report or a test wants to know of a cell now.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::report::WayReport;
use super::what_if::Account;
use super::{Coordinator, RoundTripStatus, StationCounters};
use crate::flow::FlowKey;
use crate::ledger::{Entry, FlowId, LinkRates};
use crate::mac::MacAddr;
use crate::policy::{Direction, Promise};
use crate::time::Duration;
use crate::wire::{Backlog, CellMode, Pressure};

/// A cell at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoordinatorStatus {
    /// Free or token mode.
    pub mode: CellMode,
    /// What is promised and what is left.
    pub ledger: Account,
    /// Version of the policy table.
    pub policy_version: u32,
    /// Every associated station.
    pub stations: Vec<StationStatus>,
    /// Every reservation.
    pub flows: Vec<FlowStatus>,
    /// How quickly agents answer.
    pub round_trip: RoundTripStatus,
    /// Counters.
    pub stats: CoordinatorStats,
}

/// A station at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StationStatus {
    /// Its address.
    pub address: MacAddr,
    /// What its agent calls itself; `None` for an unregistered station.
    pub agent: Option<String>,
    /// True when its agent has shown a key.
    #[serde(default)]
    pub authenticated: bool,
    /// Frames from its address without a right tag: somebody forges. After a restart of the
    /// coordinator also the last frames of sessions that it does not know.
    #[serde(default)]
    pub bad_tags: u64,
    /// Frames from its address that had come before: somebody replays.
    #[serde(default)]
    pub replays: u64,
    /// REGISTERs from its address without the right key.
    #[serde(default)]
    pub refused_handshakes: u64,
    /// True when the agent answers no tokens.
    pub silent: bool,
    /// PHY rates that airtime is computed with.
    pub link: LinkRates,
    /// What waits at the AP for it.
    pub downlink: Backlog,
    /// What its agent last said it holds.
    pub uplink: Backlog,
    /// All airtime below, since it joined.
    pub airtime: Duration,
    /// Airtime of its uplink grants that were used, since it joined.
    pub airtime_up: Duration,
    /// Airtime of its downlink.
    pub airtime_down: Duration,
    /// Airtime of its tokens and returns.
    pub airtime_overhead: Duration,
    /// Packets to it that were dropped because its queue was full, or by `CoDel`.
    pub dropped: u64,
    /// Visits that took more than was granted.
    pub overstays: u64,
    /// Visits that it did not answer.
    pub unanswered: u64,
    /// REQUESTs from it.
    pub requests: u64,
    /// What the AP's radio has counted of it.
    pub counters: StationCounters,
    /// Those dropped by `CoDel`, because their flow's queue stood for too long.
    pub codel_drops: u64,
}

/// A reservation at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowStatus {
    /// Whose air it uses.
    pub station: MacAddr,
    /// The flow as the station sends it.
    pub key: FlowKey,
    /// Name of the policy rule behind it.
    pub rule: Option<String>,
    /// The ways that are reserved.
    pub direction: Direction,
    /// What is promised in each now.
    pub promise: Promise,
    /// The rate that was granted, in bit/s.
    pub granted: u32,
    /// Higher is kept longer.
    pub priority: u8,
    /// How it stands.
    pub state: FlowState,
    /// Airtime per second that it takes of the ledger, without token cost.
    pub airtime: Duration,
    /// What came of the promise up; `None` if it has none, or no second of it is over.
    pub up: Option<WayReport>,
    /// The same down.
    pub down: Option<WayReport>,
    /// Time since it was granted.
    pub age: Duration,
    /// IP octets sent down since then.
    pub delivered_down: u64,
}

/// How a promise stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FlowState {
    /// It holds.
    Promised,
    /// It holds at a lower rate for now.
    Shrunk(Pressure),
    /// It is taken back for now.
    Withdrawn(Pressure),
}

impl core::fmt::Display for FlowState {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Promised => f.write_str("promised"),
            Self::Shrunk(cause) => write!(f, "reduced: {cause}"),
            Self::Withdrawn(cause) => write!(f, "withdrawn: {cause}"),
        }
    }
}

/// Counters of a cell; they only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoordinatorStats {
    /// Cycles run.
    pub cycles: u64,
    /// Of these, cycles in which more was granted and used than the cycle is long.
    pub overfull_cycles: u64,
    /// The most airtime that was granted and used in one cycle.
    pub busiest_cycle: Duration,
    /// Tokens handed out.
    pub tokens: u64,
    /// Tokens that came back.
    pub returns: u64,
    /// Returns for tokens that were no longer out.
    pub stale_returns: u64,
    /// Transmissions of tokens that were not acknowledged.
    pub not_acked: u64,
    /// Tokens handed out again, or asked for, because no return came.
    pub probes: u64,
    /// Tokens given up.
    pub lost: u64,
    /// REQUESTs heard.
    pub requests: u64,
    /// Returns that reported more airtime than was granted.
    pub overstays: u64,
    /// Air that best effort left to stations without an agent.
    #[serde(default)]
    pub open_air: Duration,
    /// Packets that passed an open gate.
    pub passed: u64,
    /// Source of transmit handles.
    #[serde(skip)]
    pub(super) handles: u32,
}

impl CoordinatorStats {
    pub(super) fn close_cycle(&mut self, charged: Duration, length: Duration) {
        self.cycles += 1;
        self.overfull_cycles += u64::from(charged > length);
        self.busiest_cycle = self.busiest_cycle.max(charged);
    }
}

impl Coordinator {
    /// The counters alone; unlike [`Coordinator::status`] this costs nothing.
    #[must_use]
    pub const fn stats(&self) -> CoordinatorStats {
        self.stats
    }

    /// The cell as it is now.
    #[must_use]
    pub fn status(&mut self) -> CoordinatorStatus {
        let ledger = self.account(&self.ledger, &self.links());
        CoordinatorStatus {
            mode: self.mode,
            ledger,
            policy_version: self.policy.version,
            flows: self.flow_status(),
            stations: self.station_status(),
            round_trip: self.round_trips.status(),
            stats: self.stats,
        }
    }

    /// What operators call a rule.
    pub(super) fn rule_name(&self, rule: Option<u16>) -> Option<String> {
        Some(self.policy.rules.get(usize::from(rule?))?.name.clone())
    }

    fn station_status(&mut self) -> Vec<StationStatus> {
        let now = self.now;
        let describe = |(address, station): (&MacAddr, &mut super::Station)| {
            let agent = station.agent.as_ref();
            StationStatus {
                address: *address,
                agent: agent.map(|agent| agent.name.clone()),
                authenticated: agent.is_some_and(|agent| agent.keys.is_some()),
                bad_tags: station.guard.bad_tags,
                replays: station.guard.replays,
                refused_handshakes: station.guard.refused_handshakes,
                silent: agent.is_some_and(|agent| agent.silent_since.is_some()),
                link: station.link,
                uplink: agent.map(|agent| agent.backlog).unwrap_or_default(),
                downlink: station.queues.backlog(now),
                airtime: station.used.up + station.used.down + station.used.overhead,
                airtime_up: station.used.up,
                airtime_down: station.used.down,
                airtime_overhead: station.used.overhead,
                dropped: station.queues.dropped(),
                overstays: station.overstays,
                unanswered: station.unanswered,
                requests: station.requests,
                counters: station.counted.latest(),
                codel_drops: station.queues.codel_drops(),
            }
        };
        self.stations.iter_mut().map(describe).collect()
    }

    fn flow_status(&self) -> Vec<FlowStatus> {
        let delivered = |station: MacAddr, key: FlowKey| {
            let mut flows = self.stations.get(&station)?.queues.flows();
            flows
                .find(|(other, ..)| *other == key)
                .map(|(.., octets)| octets)
        };
        let links = self.links();
        let state = |id: &FlowId, entry: &Entry| {
            if self.ledger.is_withdrawn(id) {
                FlowState::Withdrawn(self.strain.cause())
            } else if entry.is_shrunk() {
                FlowState::Shrunk(self.strain.cause())
            } else {
                FlowState::Promised
            }
        };
        self.ledger
            .iter()
            .chain(self.ledger.withdrawn())
            .map(|(id, entry)| FlowStatus {
                station: id.station,
                key: id.key,
                rule: self.rule_name(entry.rule),
                direction: entry.direction,
                promise: entry.promise,
                granted: entry.granted,
                priority: entry.rank.priority,
                state: state(id, entry),
                airtime: self.ledger.airtime_per_second(id, entry, links(id.station)),
                up: self.report.of(id, Direction::Up),
                down: self.report.of(id, Direction::Down),
                age: self.now.since(entry.since),
                delivered_down: delivered(id.station, id.key.reversed()).unwrap_or(0),
            })
            .collect()
    }
}
