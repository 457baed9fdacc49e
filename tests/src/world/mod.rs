//! One cell in virtual time: the shipped coordinator and agents, with gates that hold packets and
//! a medium that delivers frames after a fixed delay, or loses, repeats and reorders them by seed.
//!
//! The medium has no airtime, like `mac80211_hwsim` without a userspace medium: what limits
//! traffic here is what the coordinator grants. It says of every frame that asks for it whether it
//! was acknowledged. Only frames of the protocol, with what they carry, are ever lost.

mod cell;
mod gate;
mod measure;
mod medium;
mod node;
mod source;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::hash::{DefaultHasher, Hasher};

use rether_proto::agent::{Agent, AgentCommand, AgentConfig, AgentEvent, GateMode};
use rether_proto::coordinator::{
    Coordinator, CoordinatorCommand, CoordinatorConfig, CoordinatorEvent, GoAnswer,
};
use rether_proto::mac::MacAddr;
use rether_proto::machine::{self, Machine, Transmit, TxHandle};
use rether_proto::policy::{Direction, PolicyTable};
use rether_proto::record::{AgentStart, CoordinatorStart, Line, Start as _};
use rether_proto::rng::Rng;
use rether_proto::time::{Duration, Instant};
use rether_proto::wire::{CellMode, GoOutcome, GoReason, LeaveStage, Message, MessageType};

pub use cell::{DSSS_11, OFDM_54, cell, cell_by, voice_policy, voice_rule};
pub use gate::Delivery;
pub use medium::{Faults, Vice};
pub use node::Process;
pub use source::Source;

use medium::DELAY;
use node::{Core, Node, Output, Stimulus, json};

/// The AP's address in every world.
pub const AP: MacAddr = MacAddr([2, 0, 0, 0, 0, 0]);
/// How many of the latest frames are kept.
const KEPT_FRAMES: usize = 64;

/// The address of station number `n`, from 1.
#[must_use]
pub const fn station(n: u8) -> MacAddr {
    MacAddr([2, 0, 0, 0, 1, n])
}

#[derive(Clone, Debug)]
enum Event {
    Frame {
        from: MacAddr,
        to: MacAddr,
        bytes: Vec<u8>,
    },
    Sent {
        by: MacAddr,
        handle: TxHandle,
        acked: bool,
    },
    Passed(Delivery),
    Source(usize),
    Wake(MacAddr),
}

/// A frame of the protocol as it was sent.
#[derive(Clone, Debug)]
pub struct Sent {
    /// When.
    pub at: Instant,
    /// By whom.
    pub from: MacAddr,
    /// To whom.
    pub to: MacAddr,
    /// The payload.
    pub bytes: Vec<u8>,
}

/// A cell and the traffic in it.
#[derive(Debug)]
pub struct World {
    /// Now, in virtual time.
    pub now: Instant,
    /// What the medium does wrong from now on.
    pub faults: Faults,
    /// What the host at the AP answers stations that want to leave; `None`: nothing.
    pub candidate: Option<GoOutcome>,
    /// Whom stations that are being drained want to leave for.
    leaving: BTreeMap<MacAddr, MacAddr>,
    ap: Node<Coordinator>,
    stations: BTreeMap<MacAddr, Node<Agent>>,
    vices: BTreeMap<MacAddr, Vice>,
    policy: PolicyTable,
    config: CoordinatorConfig,
    sources: Vec<Source>,
    events: BinaryHeap<Reverse<(Instant, u64)>>,
    pending: BTreeMap<u64, Event>,
    order: u64,
    rng: Rng,
    trace: DefaultHasher,
    recording: bool,
    /// Packets in gates of stations that left.
    left_behind: (u64, u64),
    /// Packets on the air.
    passing: u64,
    /// Packets inside of frames, by source and number, which have not arrived.
    riding: BTreeMap<(usize, u64), Delivery>,
    /// Packets that came inside of frames and were not on their way: for the second time, or forged.
    pub unexpected: u64,
    /// Everything that reached its receiver.
    pub delivered: Vec<Delivery>,
    /// What the coordinator reported.
    pub coordinator_events: Vec<(Instant, CoordinatorEvent)>,
    /// What the agents reported.
    pub agent_events: Vec<(Instant, MacAddr, AgentEvent)>,
    /// When a frame of which type was sent.
    pub frames: Vec<(Instant, MessageType)>,
    /// The latest of these frames.
    pub latest: VecDeque<Sent>,
}

impl World {
    /// A cell without stations.
    #[must_use]
    pub fn new(config: CoordinatorConfig, policy: PolicyTable, seed: u64) -> Self {
        let now = Instant::from_nanos(1_000_000_000);
        let core = Coordinator::new(config.clone(), policy.clone(), seed, now);
        let mut ap = Node::new(core, Process::Running);
        ap.gate.mode = GateMode::Watch;
        let mut world = Self {
            now,
            faults: Faults::default(),
            candidate: None,
            leaving: BTreeMap::new(),
            ap,
            stations: BTreeMap::new(),
            vices: BTreeMap::new(),
            policy,
            config,
            sources: Vec::new(),
            events: BinaryHeap::new(),
            pending: BTreeMap::new(),
            order: 0,
            rng: Rng::new(seed ^ 0x5eed),
            trace: DefaultHasher::new(),
            recording: false,
            left_behind: (0, 0),
            passing: 0,
            riding: BTreeMap::new(),
            unexpected: 0,
            delivered: Vec::new(),
            coordinator_events: Vec::new(),
            agent_events: Vec::new(),
            frames: Vec::new(),
            latest: VecDeque::new(),
        };
        world.arm(AP);
        world
    }

    /// A cell without stations whose cores are recorded from their start. Restarted cores are not.
    #[must_use]
    pub fn recorded(config: CoordinatorConfig, policy: PolicyTable, seed: u64) -> Self {
        let mut world = Self::new(config.clone(), policy.clone(), seed);
        let now = world.now;
        let start = CoordinatorStart {
            config,
            policy,
            seed,
            now,
        };
        world.recording = true;
        world.ap.tape = Some(vec![json(&Line::<_, (), ()>::Start(start))]);
        world
    }

    /// The recordings, by name of the core.
    #[must_use]
    pub fn recordings(&self) -> Vec<(String, Vec<String>)> {
        let ap = self
            .ap
            .tape
            .clone()
            .map(|tape| ("coordinator".into(), tape));
        let stations = self.stations.iter().filter_map(|(address, node)| {
            let name = format!("agent-{}", address.0[5]);
            node.tape.clone().map(|tape| (name, tape))
        });
        ap.into_iter().chain(stations).collect()
    }

    /// Station `n` joins; with an agent or without.
    pub fn join(&mut self, n: u8, with_agent: bool) {
        let address = station(n);
        self.leave(n);
        let process = if with_agent {
            Process::Running
        } else {
            Process::Killed
        };
        let (core, start) = self.fresh_agent(address);
        let mut node = Node::new(core, process);
        if self.recording && with_agent {
            node.tape = Some(vec![json(&Line::<_, (), ()>::Start(start))]);
        }
        self.stations.insert(address, node);
        self.command_ap(CoordinatorCommand::StationJoined(address));
        self.command(n, AgentCommand::LinkUp { bssid: AP });
        self.command(n, AgentCommand::Rate(self.config.assumed_rate));
    }

    fn fresh_agent(&mut self, address: MacAddr) -> (Agent, AgentStart) {
        let start = AgentStart {
            config: AgentConfig {
                bundle: true,
                ..AgentConfig::default()
            },
            address,
            seed: self.rng.next_u64(),
            now: self.now,
        };
        (start.build(), start)
    }

    /// Station `n` vanishes without a word; what its gate held is lost with it.
    pub fn leave(&mut self, n: u8) {
        let address = station(n);
        let Some(mut node) = self.stations.remove(&address) else {
            return;
        };
        node.die();
        self.left_behind.0 += node.gate.lost;
        self.left_behind.1 += node.gate.dropped;
        let sources = self.sources.iter_mut();
        sources
            .filter(|source| source.station == address)
            .for_each(Source::end);
        self.command_ap(CoordinatorCommand::StationLeft(address));
    }

    /// Makes station `n` misbehave, or behave again.
    pub fn corrupt(&mut self, n: u8, vice: Option<Vice>) {
        match vice {
            Some(vice) => self.vices.insert(station(n), vice),
            None => self.vices.remove(&station(n)),
        };
    }

    /// Tells the coordinator something.
    pub fn command_ap(&mut self, command: CoordinatorCommand) {
        if let CoordinatorCommand::Policy(table) = &command {
            self.policy = table.clone();
        }
        self.feed_ap(Stimulus::Command(command));
    }

    /// Tells the agent of station `n` something.
    pub fn command(&mut self, n: u8, command: AgentCommand) {
        self.feed_station(station(n), Stimulus::Command(command));
    }

    /// Starts a traffic source; its number names its deliveries.
    pub fn start(&mut self, source: Source) -> usize {
        self.sources.push(source);
        let number = self.sources.len() - 1;
        self.push(self.now, Event::Source(number));
        number
    }

    /// Ends a traffic source.
    pub fn end(&mut self, number: usize) {
        self.sources[number].end();
    }

    /// Ends all traffic sources.
    pub fn end_all(&mut self) {
        self.sources.iter_mut().for_each(Source::end);
    }

    /// How many sources were started.
    #[must_use]
    pub fn sources(&self) -> usize {
        self.sources.len()
    }

    /// Kills, stops or continues a daemon: the coordinator's at [`AP`], else a station's agent.
    /// What is dead stays dead until [`World::restart`]; unknown stations are ignored.
    pub fn set_process(&mut self, address: MacAddr, process: Process) {
        if address == AP {
            change(&mut self.ap, process);
            for stimulus in self.ap.take_unread_if_running() {
                self.feed_ap(stimulus);
            }
        } else if let Some(node) = self.stations.get_mut(&address) {
            change(node, process);
            for stimulus in node.take_unread_if_running() {
                self.feed_station(address, stimulus);
            }
        }
        self.arm(address);
    }

    /// A daemon is killed, if it still lives, and starts anew.
    pub fn restart(&mut self, address: MacAddr) {
        if address == AP {
            self.ap.die();
            let seed = self.rng.next_u64();
            let (config, policy) = (self.config.clone(), self.policy.clone());
            self.ap.core = Coordinator::new(config, policy, seed, self.now);
            self.ap.process = Process::Running;
            self.ap.gate.mode = GateMode::Watch;
            self.arm(AP);
            for address in self.stations.keys().copied().collect::<Vec<_>>() {
                self.command_ap(CoordinatorCommand::StationJoined(address));
            }
        } else {
            let (core, _) = self.fresh_agent(address);
            let Some(node) = self.stations.get_mut(&address) else {
                return;
            };
            node.die();
            node.core = core;
            node.process = Process::Running;
            node.gate.mode = GateMode::Open;
            self.feed_station(
                address,
                Stimulus::Command(AgentCommand::LinkUp { bssid: AP }),
            );
            let rate = AgentCommand::Rate(self.config.assumed_rate);
            self.feed_station(address, Stimulus::Command(rate));
        }
    }

    /// What became of a daemon.
    #[must_use]
    pub fn process(&self, address: MacAddr) -> Option<Process> {
        if address == AP {
            Some(self.ap.process)
        } else {
            self.stations.get(&address).map(|node| node.process)
        }
    }

    /// The coordinator, to look at.
    pub fn coordinator(&mut self) -> &mut Coordinator {
        &mut self.ap.core
    }

    /// An agent, to look at.
    ///
    /// # Panics
    /// When there is no such station.
    pub fn agent(&mut self, n: u8) -> &mut Agent {
        let node = self.stations.get_mut(&station(n));
        &mut node.expect("a station of this world").core
    }

    /// A frame that nobody of this world sent.
    pub fn inject(&mut self, from: MacAddr, to: MacAddr, bytes: Vec<u8>) {
        self.push(self.now, Event::Frame { from, to, bytes });
    }

    /// Packets that a source sent so far.
    #[must_use]
    pub fn sent(&self, number: usize) -> u64 {
        self.sources[number].sent
    }

    /// True until the source was ended, or its station left.
    #[must_use]
    pub fn is_sending(&self, number: usize) -> bool {
        !self.sources[number].ended
    }

    /// Packets that left a gate inside of a frame and have not arrived.
    #[must_use]
    pub fn riding(&self) -> u64 {
        self.riding.len() as u64
    }

    /// Packets that left inside of frames and should have arrived by now.
    #[must_use]
    pub fn missing_inside_frames(&self) -> usize {
        let late = |packet: &&Delivery| self.now.since(packet.released) > DELAY * 2;
        self.riding.values().filter(late).count()
    }

    /// Packets of a source that left inside of frames and have not arrived.
    #[must_use]
    pub fn riding_of(&self, source: usize) -> u64 {
        let of_source = self.riding.range((source, 0)..=(source, u64::MAX));
        of_source.count() as u64
    }

    /// Packets that left a gate by themselves and are on the air.
    #[must_use]
    pub const fn passing(&self) -> u64 {
        self.passing
    }

    /// Packets in all gates.
    #[must_use]
    pub fn held(&self) -> usize {
        let stations = self.stations.values().map(|node| node.gate.held());
        self.ap.gate.held() + stations.sum::<usize>()
    }

    /// How long the packets that a running process holds have been waiting without any of them
    /// being let go; the longest of all gates.
    #[must_use]
    pub fn stalled(&self) -> Duration {
        let running = |process| process == Process::Running;
        let ap = Some(&self.ap).filter(|node| running(node.process));
        let stations = self.stations.values().filter(|node| running(node.process));
        let stalls = stations.map(|node| node.gate.stalled(self.now));
        let stalls = stalls.chain(ap.map(|node| node.gate.stalled(self.now)));
        stalls.max().unwrap_or_default()
    }

    /// Packets that were lost with a killed process or with a station that left.
    #[must_use]
    pub fn lost_with_process(&self) -> u64 {
        let stations = self.stations.values().map(|node| node.gate.lost);
        self.left_behind.0 + self.ap.gate.lost + stations.sum::<u64>()
    }

    /// Packets that the cores ordered dropped.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        let stations = self.stations.values().map(|node| node.gate.dropped);
        self.left_behind.1 + self.ap.gate.dropped + stations.sum::<u64>()
    }

    /// A number made of every output of every core so far: equal runs have equal traces.
    #[must_use]
    pub fn trace(&self) -> u64 {
        self.trace.finish()
    }

    /// Lets time pass.
    pub fn run_for(&mut self, span: Duration) {
        let end = self.now + span;
        while let Some(&Reverse((at, key))) = self.events.peek() {
            if at > end {
                break;
            }
            self.events.pop();
            self.now = self.now.max(at);
            if let Some(event) = self.pending.remove(&key) {
                self.happen(event);
            }
        }
        self.now = end;
    }

    fn push(&mut self, at: Instant, event: Event) {
        self.order += 1;
        self.pending.insert(self.order, event);
        self.events.push(Reverse((at, self.order)));
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Frame { from, to, bytes } => self.arrive(from, to, bytes),
            Event::Sent { by, handle, acked } => {
                if by == AP {
                    self.feed_ap(Stimulus::Sent { handle, acked });
                } else {
                    self.feed_station(by, Stimulus::Sent { handle, acked });
                }
            }
            Event::Passed(delivery) => {
                self.passing -= 1;
                self.delivered.push(delivery);
            }
            Event::Source(number) => self.source(number),
            Event::Wake(address) => self.wake(address),
        }
    }

    fn arrive(&mut self, from: MacAddr, to: MacAddr, bytes: Vec<u8>) {
        if to == AP {
            return self.feed_ap(Stimulus::Frame { from, bytes });
        }
        let addressed = self.stations.keys().filter(|a| to.is_group() || **a == to);
        for address in addressed.copied().collect::<Vec<_>>() {
            let bytes = bytes.clone();
            self.feed_station(address, Stimulus::Frame { from, bytes });
        }
    }

    fn source(&mut self, number: usize) {
        let Some((packet, next)) = self.sources[number].next(self.now) else {
            return;
        };
        self.push(next, Event::Source(number));
        let (way, address) = (self.sources[number].way, packet.station);
        let watched = self.policy.classify(address, way, &packet.flow).is_some();
        let (gate, process) = match self.stations.get_mut(&address) {
            Some(node) if way == Direction::Up => (&mut node.gate, node.process),
            _ => (&mut self.ap.gate, self.ap.process),
        };
        let caught = gate.catch(packet, number, self.now, watched, process);
        let passed = gate.take_passed();
        self.pass(passed);
        match caught {
            Some(caught) if way == Direction::Up => {
                self.feed_station(address, Stimulus::Packet(caught));
            }
            Some(caught) => self.feed_ap(Stimulus::Packet(caught)),
            None => {}
        }
    }

    /// Packets that gates let go take as long as frames do, so that neither overtakes the other.
    fn pass(&mut self, packets: Vec<Delivery>) {
        for packet in packets {
            self.passing += 1;
            self.push(self.now + DELAY, Event::Passed(packet));
        }
    }

    fn ride(&mut self, packets: Vec<Delivery>) {
        let named = packets.into_iter();
        self.riding
            .extend(named.map(|packet| ((packet.source, packet.number), packet)));
    }

    /// Packets come out of frames at the node `to`.
    fn alight(&mut self, to: MacAddr, packets: &[machine::Delivery]) {
        for packet in packets {
            let name = Delivery::named_in(&packet.bytes);
            let (up, station) = (to == AP, if to == AP { packet.from } else { to });
            let is_meant = |&(source, _): &(usize, u64)| {
                let source = self.sources.get(source);
                source.is_some_and(|s| (s.way == Direction::Up, s.station) == (up, station))
            };
            match name
                .filter(is_meant)
                .and_then(|name| self.riding.remove(&name))
            {
                Some(packet) => self.delivered.push(Delivery {
                    released: self.now,
                    ..packet
                }),
                None => self.unexpected += 1,
            }
        }
    }

    fn wake(&mut self, address: MacAddr) {
        let now = self.now;
        let due = |at: Option<(Instant, _)>| at.is_some_and(|(at, _)| at <= now);
        if address == AP {
            self.ap.armed = None;
            if self.ap.process == Process::Running && due(self.ap.core.poll_timeout()) {
                return self.feed_ap(Stimulus::Timeout);
            }
        } else if let Some(node) = self.stations.get_mut(&address) {
            node.armed = None;
            if node.process == Process::Running && due(node.core.poll_timeout()) {
                return self.feed_station(address, Stimulus::Timeout);
            }
        }
        self.arm(address);
    }

    /// Sees to it that a node is woken when its core wants to.
    fn arm(&mut self, address: MacAddr) {
        let (timeout, armed, process) = if address == AP {
            let node = &mut self.ap;
            (node.core.poll_timeout(), &mut node.armed, node.process)
        } else if let Some(node) = self.stations.get_mut(&address) {
            (node.core.poll_timeout(), &mut node.armed, node.process)
        } else {
            return;
        };
        let running = process == Process::Running;
        let Some((at, _)) = timeout.filter(|_| running) else {
            return;
        };
        let at = at.max(self.now);
        if armed.is_none_or(|armed| at < armed) {
            *armed = Some(at);
            self.push(at, Event::Wake(address));
        }
    }

    /// What the host at the AP does about an event.
    fn answer(&mut self, event: &CoordinatorEvent) -> Option<CoordinatorCommand> {
        let outcome = self.candidate?;
        let (station, candidate, stage) = match *event {
            CoordinatorEvent::Leaving {
                station,
                candidate,
                stage: LeaveStage::Leave,
            } => {
                self.leaving.insert(station, candidate);
                return Some(CoordinatorCommand::Drain(station));
            }
            CoordinatorEvent::Leaving {
                station,
                candidate,
                stage: LeaveStage::Prepare,
            } => (station, candidate, LeaveStage::Prepare),
            CoordinatorEvent::Drained(station) => {
                (station, self.leaving.remove(&station)?, LeaveStage::Leave)
            }
            _ => return None,
        };
        let answer = GoAnswer {
            stage,
            candidate,
            outcome,
            largest: 0,
            reason: GoReason::default(),
        };
        Some(CoordinatorCommand::Go { station, answer })
    }

    fn feed_ap(&mut self, stimulus: Stimulus<CoordinatorCommand>) {
        let output = self.ap.step(self.now, stimulus, &mut self.trace);
        let mut orders = Vec::new();
        if let Some(output) = output {
            let Output {
                frames,
                deliveries,
                events,
            } = output;
            for event in events {
                if let CoordinatorEvent::Mode(mode) = event {
                    self.ap.gate.mode = match mode {
                        CellMode::Token => GateMode::Hold,
                        CellMode::Free => GateMode::Watch,
                    };
                }
                orders.extend(self.answer(&event));
                self.coordinator_events.push((self.now, event));
            }
            let passed = self.ap.gate.take_passed();
            let carried = self.ap.gate.take_carried();
            self.pass(passed);
            self.ride(carried);
            self.alight(AP, &deliveries);
            self.transmit(AP, frames);
        }
        for order in orders {
            self.command_ap(order);
        }
        self.arm(AP);
    }

    fn feed_station(&mut self, address: MacAddr, stimulus: Stimulus<AgentCommand>) {
        let Some(node) = self.stations.get_mut(&address) else {
            return;
        };
        if let Some(output) = node.step(self.now, stimulus, &mut self.trace) {
            let Output {
                frames,
                deliveries,
                events,
            } = output;
            for event in events {
                if let AgentEvent::Gate(mode) = event {
                    node.gate.mode = mode;
                }
                self.agent_events.push((self.now, address, event));
            }
            let passed = node.gate.take_passed();
            let carried = node.gate.take_carried();
            self.pass(passed);
            self.ride(carried);
            self.alight(address, &deliveries);
            self.transmit(address, frames);
        }
        self.arm(address);
    }

    fn transmit(&mut self, from: MacAddr, frames: Vec<(Transmit, Vec<u8>)>) {
        for (transmit, bytes) in frames {
            let to = transmit.to;
            let (_, message) = Message::decode(&bytes).expect("cores send valid frames");
            self.frames.push((self.now, message.message_type()));
            self.keep(from, to, &bytes);
            let bytes = match self.vices.get(&from) {
                Some(vice) => match vice.corrupt(bytes) {
                    Some(bytes) => bytes,
                    None => continue,
                },
                None => bytes,
            };
            let present = to == AP || self.stations.contains_key(&to);
            let fate = self.faults.fate(&mut self.rng, to, present);
            if let Some(handle) = transmit.handle {
                let acked = fate.acked;
                let by = from;
                self.push(self.now + DELAY, Event::Sent { by, handle, acked });
            }
            for delay in fate.arrivals {
                let bytes = bytes.clone();
                self.push(self.now + delay, Event::Frame { from, to, bytes });
            }
        }
    }

    fn keep(&mut self, from: MacAddr, to: MacAddr, bytes: &[u8]) {
        if self.latest.len() == KEPT_FRAMES {
            self.latest.pop_front();
        }
        let (at, bytes) = (self.now, bytes.to_vec());
        self.latest.push_back(Sent {
            at,
            from,
            to,
            bytes,
        });
    }
}

fn change<M: Core>(node: &mut Node<M>, process: Process) {
    match (node.process, process) {
        (Process::Killed, _) => {}
        (_, Process::Killed) => node.die(),
        (_, process) => node.process = process,
    }
}
