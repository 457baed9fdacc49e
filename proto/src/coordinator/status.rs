//! What a person, a report or a test wants to know of a cell now.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::{Coordinator, RoundTripStatus, StationCounters};
use crate::flow::FlowKey;
use crate::ledger::LinkRates;
use crate::mac::MacAddr;
use crate::policy::{Direction, Promise};
use crate::time::Duration;
use crate::wire::{Backlog, CellMode};

/// A cell at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoordinatorStatus {
    /// Free or token mode.
    pub mode: CellMode,
    /// Cycle length in force, in nanoseconds.
    pub cycle: Duration,
    /// Airtime per cycle of all promises with their token cost.
    pub booked: Duration,
    /// Airtime per cycle that may be promised.
    pub capacity: Duration,
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
    /// What is promised in each.
    pub promise: Promise,
    /// Time since it was granted.
    pub age: Duration,
    /// IP octets sent down since then.
    pub delivered_down: u64,
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
    /// Probes after a missing return.
    pub probes: u64,
    /// Tokens given up after a probe.
    pub lost: u64,
    /// REQUESTs heard.
    pub requests: u64,
    /// Returns that reported more airtime than was granted.
    pub overstays: u64,
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
        let cycle = self.ledger.cycle();
        let booked = self.ledger.booked(self.links());
        CoordinatorStatus {
            mode: self.mode,
            cycle,
            booked,
            capacity: self.ledger.capacity(cycle),
            policy_version: self.policy.version,
            flows: self.flow_status(),
            stations: self.station_status(),
            round_trip: self.round_trips.status(),
            stats: self.stats,
        }
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
                counters: station.counters,
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
        let name =
            |rule: Option<u16>| Some(self.policy.rules.get(usize::from(rule?))?.name.clone());
        self.ledger
            .iter()
            .map(|(id, entry)| FlowStatus {
                station: id.station,
                key: id.key,
                rule: name(entry.rule),
                direction: entry.direction,
                promise: entry.promise,
                age: self.now.since(entry.since),
                delivered_down: delivered(id.station, id.key.reversed()).unwrap_or(0),
            })
            .collect()
    }
}
