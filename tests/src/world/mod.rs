//! One cell in virtual time: the shipped coordinator and agents, with gates that hold packets and
//! a medium that delivers frames after a fixed delay, or loses, repeats and reorders them by seed.
//!
//! The medium has no airtime, like `mac80211_hwsim` without a userspace medium: what limits
//! traffic here is what the coordinator grants.

mod gate;
mod source;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use rether_proto::agent::{Agent, AgentCommand, AgentConfig, AgentEvent, GateMode};
use rether_proto::coordinator::{
    Coordinator, CoordinatorCommand, CoordinatorConfig, CoordinatorEvent,
};
use rether_proto::mac::MacAddr;
use rether_proto::machine::{Input, Machine, Transmit};
use rether_proto::policy::{Direction, PolicyTable};
use rether_proto::rng::Rng;
use rether_proto::time::{Duration, Instant};
use rether_proto::wire::{CellMode, MAX_FRAME};

pub use gate::{Delivery, Gate};
pub use source::Source;

/// The AP's address in every world.
pub const AP: MacAddr = MacAddr([2, 0, 0, 0, 0, 0]);

/// The address of station number `n`, from 1.
#[must_use]
pub const fn station(n: u8) -> MacAddr {
    MacAddr([2, 0, 0, 0, 1, n])
}

/// What the medium does to frames of the protocol, each in thousandths.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    /// Frames that vanish; a unicast is then reported as not acknowledged.
    pub loss: u64,
    /// Frames that vanish although they are reported as acknowledged.
    pub silent_loss: u64,
    /// Frames that arrive twice.
    pub duplication: u64,
    /// Frames that arrive up to 3 ms late.
    pub reordering: u64,
}

/// How long a frame takes.
const DELAY: Duration = Duration::from_micros(50);

#[derive(Clone, Debug)]
enum Event {
    Frame {
        from: MacAddr,
        to: MacAddr,
        bytes: Vec<u8>,
    },
    Sent {
        node: MacAddr,
        handle: rether_proto::machine::TxHandle,
        acked: bool,
    },
    Source(usize),
    Wake(MacAddr),
}

/// One node: a core, its gate, and whether its process runs.
#[derive(Debug)]
struct Node<M> {
    core: M,
    gate: Gate,
    process: Process,
}

/// What a test did to a daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Process {
    /// It runs.
    Running,
    /// `SIGSTOP`: it hears nothing and its queue fills.
    Stopped,
    /// It is gone: what it held is lost, the kernel passes everything else.
    Killed,
}

/// A cell and the traffic in it.
#[derive(Debug)]
pub struct World {
    /// Now, in virtual time.
    pub now: Instant,
    /// What the medium does wrong from now on.
    pub faults: Faults,
    ap: Node<Coordinator>,
    stations: BTreeMap<MacAddr, Node<Agent>>,
    policy: PolicyTable,
    config: CoordinatorConfig,
    sources: Vec<Source>,
    events: BinaryHeap<Reverse<(Instant, u64, usize)>>,
    pending: BTreeMap<usize, Event>,
    order: u64,
    rng: Rng,
    /// Everything that reached its receiver.
    pub delivered: Vec<Delivery>,
    /// What the cores reported.
    pub coordinator_events: Vec<(Instant, CoordinatorEvent)>,
    /// What the agents reported.
    pub agent_events: Vec<(Instant, MacAddr, AgentEvent)>,
    /// Frames of the protocol that were sent.
    pub frames: u64,
}

impl World {
    /// A cell without stations.
    #[must_use]
    pub fn new(config: CoordinatorConfig, policy: PolicyTable, seed: u64) -> Self {
        let now = Instant::from_nanos(1_000_000_000);
        let core = Coordinator::new(config.clone(), policy.clone(), seed, now);
        let mut gate = Gate::default();
        gate.set_mode(GateMode::Watch);
        let mut world = Self {
            now,
            faults: Faults::default(),
            ap: Node {
                core,
                gate,
                process: Process::Running,
            },
            stations: BTreeMap::new(),
            policy,
            config,
            sources: Vec::new(),
            events: BinaryHeap::new(),
            pending: BTreeMap::new(),
            order: 0,
            rng: Rng::new(seed ^ 0x5eed),
            delivered: Vec::new(),
            coordinator_events: Vec::new(),
            agent_events: Vec::new(),
            frames: 0,
        };
        world.drain(AP);
        world
    }

    /// Station `n` joins; with an agent or without.
    pub fn join(&mut self, n: u8, with_agent: bool) {
        let address = station(n);
        let seed = self.rng.next_u64();
        let core = Agent::new(AgentConfig::default(), address, seed, self.now);
        let process = if with_agent {
            Process::Running
        } else {
            Process::Killed
        };
        self.stations.insert(
            address,
            Node {
                core,
                gate: Gate::default(),
                process,
            },
        );
        self.command_ap(CoordinatorCommand::StationJoined(address));
        if with_agent {
            self.command(address, AgentCommand::LinkUp { bssid: AP });
        }
    }

    /// Station `n` vanishes without a word.
    pub fn leave(&mut self, n: u8) {
        self.stations.remove(&station(n));
        self.sources
            .iter_mut()
            .filter(|source| source.station == station(n))
            .for_each(Source::end);
        self.command_ap(CoordinatorCommand::StationLeft(station(n)));
    }

    /// Tells the coordinator something.
    pub fn command_ap(&mut self, command: CoordinatorCommand) {
        if self.ap.process == Process::Running {
            let _ = self.ap.core.handle(self.now, Input::Command(command));
            self.drain(AP);
        }
    }

    /// Tells an agent something.
    pub fn command(&mut self, address: MacAddr, command: AgentCommand) {
        if let Some(node) = self.stations.get_mut(&address) {
            let _ = node.core.handle(self.now, Input::Command(command));
            self.drain(address);
        }
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

    /// Does to the coordinator's process, or an agent's, what a test wants.
    pub fn set_process(&mut self, address: MacAddr, process: Process) {
        let (node, gate) = if address == AP {
            (&mut self.ap.process, &mut self.ap.gate)
        } else {
            let node = self
                .stations
                .get_mut(&address)
                .expect("a station of this world");
            (&mut node.process, &mut node.gate)
        };
        *node = process;
        if process == Process::Killed {
            gate.die();
        }
    }

    /// A killed or stopped process starts anew, with a new core.
    pub fn restart(&mut self, address: MacAddr) {
        self.set_process(address, Process::Killed);
        let seed = self.rng.next_u64();
        if address == AP {
            let (config, policy) = (self.config.clone(), self.policy.clone());
            self.ap.core = Coordinator::new(config, policy, seed, self.now);
            self.ap.process = Process::Running;
            self.ap.gate.set_mode(GateMode::Watch);
            for address in self.stations.keys().copied().collect::<Vec<_>>() {
                self.command_ap(CoordinatorCommand::StationJoined(address));
            }
            self.drain(AP);
        } else {
            let node = self
                .stations
                .get_mut(&address)
                .expect("a station of this world");
            node.core = Agent::new(AgentConfig::default(), address, seed, self.now);
            node.process = Process::Running;
            self.command(address, AgentCommand::LinkUp { bssid: AP });
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
        &mut self
            .stations
            .get_mut(&station(n))
            .expect("a station of this world")
            .core
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

    /// Packets in all gates.
    #[must_use]
    pub fn held(&self) -> usize {
        self.ap.gate.held()
            + self
                .stations
                .values()
                .map(|node| node.gate.held())
                .sum::<usize>()
    }

    /// Packets that were lost with a killed process.
    #[must_use]
    pub fn lost_with_process(&self) -> u64 {
        self.ap.gate.lost
            + self
                .stations
                .values()
                .map(|node| node.gate.lost)
                .sum::<u64>()
    }

    /// Packets that the cores ordered dropped because a queue was full.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.ap.gate.dropped
            + self
                .stations
                .values()
                .map(|node| node.gate.dropped)
                .sum::<u64>()
    }

    /// Lets time pass.
    pub fn run_for(&mut self, span: Duration) {
        let end = self.now + span;
        while let Some(&Reverse((at, _, key))) = self.events.peek() {
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
        let key = usize::try_from(self.order).expect("fewer events than addresses");
        self.pending.insert(key, event);
        self.events.push(Reverse((at, self.order, key)));
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Frame { from, to, bytes } => self.arrive(from, to, &bytes),
            Event::Sent {
                node,
                handle,
                acked,
            } => {
                if node == AP && self.ap.process == Process::Running {
                    let _ = self.ap.core.handle(self.now, Input::Sent { handle, acked });
                    self.drain(AP);
                }
            }
            Event::Source(number) => self.source(number),
            Event::Wake(address) => self.wake(address),
        }
    }

    fn arrive(&mut self, from: MacAddr, to: MacAddr, bytes: &[u8]) {
        if to == AP {
            if self.ap.process == Process::Running {
                let _ = self.ap.core.handle(self.now, Input::Frame { from, bytes });
                self.drain(AP);
            }
            return;
        }
        let receivers: Vec<_> = self
            .stations
            .keys()
            .filter(|a| to.is_group() || **a == to)
            .copied()
            .collect();
        for address in receivers {
            let Some(node) = self.stations.get_mut(&address) else {
                continue;
            };
            if node.process == Process::Running {
                let _ = node.core.handle(self.now, Input::Frame { from, bytes });
                self.drain(address);
            }
        }
    }

    fn source(&mut self, number: usize) {
        let Some((packet, next)) = self.sources[number].next(self.now) else {
            return;
        };
        if let Some(at) = next {
            self.push(at, Event::Source(number));
        }
        let source = &self.sources[number];
        let (way, station) = (source.way, source.station);
        let Some(node) = self.stations.get_mut(&station) else {
            return;
        };
        let at = if way == Direction::Up { station } else { AP };
        let (gate, process) = if way == Direction::Up {
            (&mut node.gate, node.process)
        } else {
            (&mut self.ap.gate, self.ap.process)
        };
        let watched = self.policy.classify(station, way, &packet.flow).is_some();
        let Some(packet) = gate.catch(packet, number, self.now, watched, process) else {
            self.delivered.extend(gate.take_passed());
            return;
        };
        let input = Input::Packet(packet);
        if at == AP {
            let _ = self.ap.core.handle(self.now, input);
        } else if let Some(node) = self.stations.get_mut(&at) {
            let _ = node.core.handle(self.now, Input::Packet(packet));
        }
        self.drain(at);
    }

    fn wake(&mut self, address: MacAddr) {
        let now = self.now;
        let due = |at: Option<(Instant, _)>| at.is_some_and(|(at, _)| at <= now);
        if address == AP {
            if self.ap.process != Process::Running || !due(self.ap.core.poll_timeout()) {
                return;
            }
            let _ = self.ap.core.handle(now, Input::Timeout);
        } else {
            let Some(node) = self.stations.get_mut(&address) else {
                return;
            };
            if node.process != Process::Running || !due(node.core.poll_timeout()) {
                return;
            }
            let _ = node.core.handle(now, Input::Timeout);
        }
        self.drain(address);
    }

    /// Releases, then transmits, then events, then the next wake-up: the driver's contract.
    fn drain(&mut self, address: MacAddr) {
        let mut frames = Vec::new();
        let timeout;
        if address == AP {
            let Node { core, gate, .. } = &mut self.ap;
            gate.apply(self.now, core, &mut frames);
            while let Some(event) = core.poll_event() {
                if let CoordinatorEvent::Mode(mode) = event {
                    let hold = mode == CellMode::Token;
                    gate.set_mode(if hold {
                        GateMode::Hold
                    } else {
                        GateMode::Watch
                    });
                }
                self.coordinator_events.push((self.now, event));
            }
            self.delivered.extend(gate.take_passed());
            timeout = core.poll_timeout();
        } else {
            let Some(Node { core, gate, .. }) = self.stations.get_mut(&address) else {
                return;
            };
            gate.apply(self.now, core, &mut frames);
            while let Some(event) = core.poll_event() {
                if let AgentEvent::Gate(mode) = event {
                    gate.set_mode(mode);
                }
                self.agent_events.push((self.now, address, event));
            }
            self.delivered.extend(gate.take_passed());
            timeout = core.poll_timeout();
        }
        for (transmit, bytes) in frames {
            self.transmit(address, transmit, bytes);
        }
        if let Some((at, _)) = timeout {
            self.push(at.max(self.now), Event::Wake(address));
        }
    }

    fn transmit(&mut self, from: MacAddr, transmit: Transmit, bytes: Vec<u8>) {
        self.frames += 1;
        let present = transmit.to == AP || self.stations.contains_key(&transmit.to);
        let mut lucky = |chance: u64| self.rng.below(1_000) >= chance;
        let acked = lucky(self.faults.loss) && present;
        let arrives = acked && lucky(self.faults.silent_loss);
        let twice = !lucky(self.faults.duplication);
        let late = !lucky(self.faults.reordering);
        if let Some(handle) = transmit.handle {
            self.push(
                self.now + DELAY,
                Event::Sent {
                    node: from,
                    handle,
                    acked,
                },
            );
        }
        let to = transmit.to;
        if arrives || (to.is_group() && !(self.rng.below(1_000) < self.faults.loss)) {
            let extra = if late { self.rng.below(3_000) } else { 0 };
            let at = self.now + DELAY + Duration::from_micros(extra);
            if twice {
                self.push(
                    at + DELAY,
                    Event::Frame {
                        from,
                        to,
                        bytes: bytes.clone(),
                    },
                );
            }
            self.push(at, Event::Frame { from, to, bytes });
        }
    }
}

/// Drains the frames of a core into `frames`.
fn drain_frames<M: Machine>(core: &mut M, frames: &mut Vec<(Transmit, Vec<u8>)>) {
    let mut buf = [0; MAX_FRAME];
    while let Some(transmit) = core.poll_transmit(&mut buf) {
        frames.push((transmit, buf[..transmit.len].to_vec()));
    }
}
