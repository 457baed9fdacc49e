//! The simulator: nodes with the shipped cores, their traffic, and the air between them, in one
//! event loop.
//!
//! A packet's way: an application's `crate::traffic` sends it; its host's gate lets it pass, or
//! holds it until the core says so (`egress`); the radio's queue and the air ([`crate::medium`])
//! carry it; access points forward it over the wire; the other application receives it.

mod build;
mod capture;
mod driver;
mod egress;
mod events;
mod node;
mod outcome;
pub(crate) mod packet;
mod profile;
mod run;
mod strangers;
mod vice;

pub use build::BuildError;
pub(crate) use build::rate_of;
pub use outcome::{
    CallDelays, Outcome, RadioFigures, Reservation, Sample, Samples, Status, Step, TokenFigures,
};

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use rether_proto::rng::Rng;
use rether_proto::time::{Duration, Instant};
use slab::Slab;

use crate::capture::Captured;
use crate::medium::Medium;
use crate::scenario::{self, Arm, Scenario};
use crate::traffic::Flow;
use driver::Output;
use node::Node;
use packet::{NodeId, Packet, Payload, Way};
use strangers::Strangers;

/// What a run shall do besides measuring.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// How often airtime is noted, for plots over time; never by default.
    pub sample: Option<Duration>,
    /// Whether the delay of each packet of a call is kept, for plots; never by default.
    pub delays: bool,
    /// Whether it is measured what coordinators cost, by the machine's own clock; never by default,
    /// because it differs from run to run.
    pub cost: bool,
}

/// Runs one arm of a scenario. The same arguments give the same outcome on any machine.
///
/// # Errors
/// When the scenario asks for what the simulator cannot do, or its policy has mistakes.
pub fn run(
    scenario: &Scenario,
    arm: &Arm,
    seed: u64,
    options: &Options,
) -> Result<Outcome, BuildError> {
    let mut world = World::build(scenario, arm, seed, options, false)?;
    world.run(&mut |_| ());
    Ok(world.outcome(scenario, arm, seed))
}

/// Like [`run`], and hands every transmission to `sink` when it begins, in the order of time.
/// Nothing of what is handed out is kept.
///
/// # Errors
/// As [`run`].
pub fn run_captured(
    scenario: &Scenario,
    arm: &Arm,
    seed: u64,
    options: &Options,
    sink: &mut dyn FnMut(Captured),
) -> Result<Outcome, BuildError> {
    let mut world = World::build(scenario, arm, seed, options, true)?;
    world.run(sink);
    Ok(world.outcome(scenario, arm, seed))
}

/// Something that happens to a node or a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Happening {
    /// An application of a flow is called.
    Call { flow: usize, way: u8 },
    /// A core wants to be woken.
    Wake(NodeId),
    /// A packet comes out of the wire at a node.
    Cable { node: NodeId, payload: usize },
    /// A station that walks is somewhere else.
    Stride(NodeId),
    /// An event of the scenario takes place.
    Event(usize),
    /// A daemon has been stopped for so long that its watchdog kills it.
    Watchdog(NodeId),
    /// A hostile agent does what it does by itself.
    Pester(NodeId),
    /// Airtime is noted.
    Sample,
    /// Access points read their station tables.
    Look,
    /// What counts begins or ends.
    Mark,
}

struct World {
    now: Instant,
    end: Instant,
    /// From the first to the last moment that counts for any flow.
    from: Instant,
    until: Instant,
    /// What had been counted at these two.
    marks: Vec<outcome::Mark>,
    medium: Medium,
    rng: Rng,
    nodes: Vec<Node>,
    flows: Vec<Flow>,
    payloads: Slab<Payload>,
    agenda: BinaryHeap<Reverse<(Instant, u64, Happening)>>,
    order: u64,
    /// Packets that applications sent and that have not been looked at yet.
    fresh: VecDeque<(NodeId, Packet)>,
    /// Flows whose sockets have room again.
    hungry: Vec<usize>,
    output: Output,
    /// Where and what.
    events: Vec<(NodeId, scenario::Event)>,
    /// Share of the Rether frames of each node that is lost, in percent.
    losses: Vec<u8>,
    sinners: std::collections::BTreeMap<NodeId, vice::Sinner>,
    /// Draws what goes wrong on purpose.
    fate: Rng,
    /// When the clock of traffic and events starts.
    clock: Instant,
    /// By flow.
    reservations: std::collections::BTreeMap<usize, Vec<Reservation>>,
    tokens: TokenFigures,
    /// Of it, by node.
    token_airtime: Vec<Duration>,
    options: Options,
    samples: Vec<Sample>,
    strangers: Strangers,
    tracer: Option<capture::Tracer>,
}

impl World {
    fn at(&mut self, at: Instant, happening: Happening) {
        self.order += 1;
        self.agenda.push(Reverse((at, self.order, happening)));
    }

    fn call_at(&mut self, at: Instant, flow: usize, way: Way) {
        let way = way as u8;
        self.at(at, Happening::Call { flow, way });
    }
}
