//! Roaming: several access points, the wire between them, and stations that walk, in one event
//! loop.
//!
//! The machines are those that ship: [`rether_handoff::ap::Ap`] with its anchors, the channels
//! between access points with their sessions and retries, and [`rether_handoff::station::Station`].
//! The air is not the model of [`crate::medium`] but a delay, because what is judged here is what
//! happens to packets when a radio is away, and when messages are lost: thousands of moves, each
//! with its fault, in seconds.

mod fault;
mod host;
mod ledger;
mod packet;
mod plan;
mod station;
#[cfg(test)]
mod tests;
mod verdict;
mod world;

use serde::Serialize;

use rether_handoff::roam::RoamRecord;
use rether_handoff::station::Move;

pub use fault::{Bar, Fault, faults};
pub use ledger::Way;
pub use plan::{Client, Death, Faults, Hostile, Plan, Room, Stale, Subnets, Which};
pub use verdict::{Verdict, judge};

/// What a run gave.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Outcome {
    /// To each station, in order.
    pub down: Vec<Way>,
    /// From each station.
    pub up: Vec<Way>,
    /// Bulk to each station.
    pub bulk: Vec<Way>,
    /// Packets that access points could not hand to their stations, by their own word.
    pub astray: u32,
    /// What users were told.
    pub notices: Vec<String>,
    /// The roam ledgers of all access points, in the order of time.
    pub records: Vec<RoamRecord>,
    /// Those of stations with agents.
    pub moves: Vec<Move>,
    /// What broke a rule that holds in every run, in words; none should.
    pub broken: Vec<String>,
    /// Octets that waited in all pens of one access point, at most.
    pub penned: usize,
}

/// Runs `plan`. The same arguments give the same outcome on any machine.
#[must_use]
pub fn run(plan: &Plan, seed: u64) -> Outcome {
    world::World::new(plan, seed).run()
}

/// The access points of a plan, with the sessions between them: they are the same in every run, and
/// what they cost to compute is needed once. Where they are what a fault hits, each run begins
/// without them.
#[derive(Clone)]
pub struct Site {
    met: Option<Vec<host::Host>>,
}

impl Site {
    /// Those of `plan`.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        let met = !plan.faults.hit_handshakes();
        Self {
            met: met.then(|| world::World::meet(plan)),
        }
    }

    /// Runs `plan`, which must be the one that it was made of but for what goes wrong.
    #[must_use]
    pub fn run(&self, plan: &Plan, seed: u64) -> Outcome {
        match &self.met {
            Some(hosts) => world::World::met(plan, seed, hosts.clone()).run(),
            None => run(plan, seed),
        }
    }
}
