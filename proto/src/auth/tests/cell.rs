//! A coordinator and an agent, each with or without keys, on an air that keeps what was sent.

use core::net::{IpAddr, Ipv4Addr};
use std::collections::VecDeque;

use super::*;
use crate::agent::{
    Agent, AgentCommand, AgentConfig, AgentError, AgentEvent, AgentStatus, AuthTrouble, GateMode,
};
use crate::coordinator::{
    Coordinator, CoordinatorCommand, CoordinatorConfig, CoordinatorError, CoordinatorEvent,
    StationStatus,
};
use crate::flow::FlowKey;
use crate::machine::{Input, Machine, Packet, PacketId};
use crate::policy::{Match, PolicyTable, PortRange, Promise, Rank, Rule};
use crate::wire::MessageType;

pub(super) const AP: MacAddr = MacAddr([2, 0, 0, 0, 0, 0]);
const VOICE: u16 = 5_004;

/// Who sent a frame.
pub(super) type Sent = (Side, Vec<u8>);

pub(super) struct Cell {
    pub(super) coordinator: Coordinator,
    pub(super) agent: Agent,
    pub(super) now: Instant,
    pub(super) air: Vec<Sent>,
    pub(super) agent_events: Vec<AgentEvent>,
    pub(super) coordinator_events: Vec<CoordinatorEvent>,
    /// Nothing that the coordinator sends arrives.
    pub(super) deaf: bool,
    packets: u64,
}

pub(super) fn site(octet: u8) -> Option<CoordinatorAuth> {
    Some(CoordinatorAuth {
        site: Some(key(octet)),
        devices: BTreeMap::new(),
        seed: key(101),
    })
}

pub(super) fn held(octet: u8) -> Option<AgentAuth> {
    Some(AgentAuth {
        key: key(octet),
        seed: key(102),
    })
}

fn voice() -> PolicyTable {
    let rule = Rule {
        name: "voice".into(),
        matches: Match {
            port: PortRange::new(VOICE, VOICE).ok(),
            ..Match::default()
        },
        promise: Promise {
            rate: 80_000,
            packet: 200,
            delay: Duration::from_millis(20),
        },
        idle: Duration::from_secs(5),
        remark: None,
        rank: Rank::default(),
    };
    PolicyTable {
        version: 1,
        rules: [rule].into(),
    }
}

pub(super) fn new_coordinator(
    auth: Option<CoordinatorAuth>,
    seed: u64,
    now: Instant,
) -> Coordinator {
    let phy = Phy {
        kind: PhyKind::Ofdm,
        wmm: false,
    };
    let config = CoordinatorConfig {
        auth,
        ..CoordinatorConfig::new(phy, Rate(540))
    };
    Coordinator::new(config, voice(), seed, now)
}

impl Cell {
    /// Associated, and all that follows from it has happened.
    pub(super) fn new(theirs: Option<CoordinatorAuth>, ours: Option<AgentAuth>) -> Self {
        let now = Instant::from_nanos(1_000_000_000);
        let config = AgentConfig {
            name: "sta".try_into().unwrap(),
            auth: ours,
            ..AgentConfig::default()
        };
        let mut cell = Self {
            coordinator: new_coordinator(theirs, 1, now),
            agent: Agent::new(config, STA, 2, now),
            now,
            air: Vec::new(),
            agent_events: Vec::new(),
            coordinator_events: Vec::new(),
            deaf: false,
            packets: 0,
        };
        cell.tell_coordinator(Input::Command(CoordinatorCommand::StationJoined(STA)))
            .unwrap();
        cell.tell_agent(Input::Command(AgentCommand::LinkUp { bssid: AP }))
            .unwrap();
        cell.run(Duration::from_millis(30));
        cell
    }

    /// A registered one.
    pub(super) fn with_keys() -> Self {
        let cell = Self::new(site(3), held(3));
        assert!(
            cell.agent_events
                .contains(&AgentEvent::Registered { bssid: AP })
        );
        cell
    }

    pub(super) fn tell_coordinator(
        &mut self,
        input: Input<'_, CoordinatorCommand>,
    ) -> Result<(), CoordinatorError> {
        let outcome = self.coordinator.handle(self.now, input);
        self.settle();
        outcome
    }

    pub(super) fn tell_agent(&mut self, input: Input<'_, AgentCommand>) -> Result<(), AgentError> {
        let outcome = self.agent.handle(self.now, input);
        self.settle();
        outcome
    }

    /// A frame that somebody else puts on the air.
    pub(super) fn inject(&mut self, from: Side, bytes: &[u8]) -> bool {
        match from {
            Side::Agent => self
                .tell_coordinator(Input::Frame { from: STA, bytes })
                .is_ok(),
            Side::Coordinator => self.tell_agent(Input::Frame { from: AP, bytes }).is_ok(),
        }
    }

    /// Drains both and carries frames until all is quiet.
    fn settle(&mut self) {
        loop {
            let mut frames = VecDeque::new();
            for bytes in drain(&mut self.coordinator, &mut self.coordinator_events) {
                frames.push_back((Side::Coordinator, bytes));
            }
            for bytes in drain(&mut self.agent, &mut self.agent_events) {
                frames.push_back((Side::Agent, bytes));
            }
            if frames.is_empty() {
                return;
            }
            for (side, bytes) in frames {
                self.air.push((side, bytes.clone()));
                let bytes = &bytes;
                match side {
                    Side::Agent => {
                        let input = Input::Frame { from: STA, bytes };
                        let _ = self.coordinator.handle(self.now, input);
                        let more = drain(&mut self.coordinator, &mut self.coordinator_events);
                        self.carry(more);
                    }
                    Side::Coordinator => self.hear(bytes),
                }
            }
        }
    }

    fn carry(&mut self, frames: Vec<Vec<u8>>) {
        for bytes in frames {
            self.air.push((Side::Coordinator, bytes.clone()));
            self.hear(&bytes);
        }
    }

    fn hear(&mut self, bytes: &[u8]) {
        if !self.deaf {
            let _ = self
                .agent
                .handle(self.now, Input::Frame { from: AP, bytes });
            for bytes in drain(&mut self.agent, &mut self.agent_events) {
                self.air.push((Side::Agent, bytes.clone()));
                let input = Input::Frame {
                    from: STA,
                    bytes: &bytes,
                };
                let _ = self.coordinator.handle(self.now, input);
                let more = drain(&mut self.coordinator, &mut self.coordinator_events);
                self.carry(more);
            }
        }
    }

    pub(super) fn run(&mut self, span: Duration) {
        let end = self.now + span;
        loop {
            let (ap, sta) = (self.coordinator.poll_timeout(), self.agent.poll_timeout());
            let next = [ap, sta].into_iter().flatten().map(|(at, _)| at).min();
            let Some(at) = next.filter(|at| *at <= end) else {
                break;
            };
            self.now = self.now.max(at);
            if ap.is_some_and(|(at, _)| at <= self.now) {
                self.tell_coordinator(Input::Timeout).unwrap();
            }
            if sta.is_some_and(|(at, _)| at <= self.now) {
                self.tell_agent(Input::Timeout).unwrap();
            }
        }
        self.now = end;
    }

    /// A packet of a call goes up: the cell enters token mode for it.
    pub(super) fn call(&mut self) {
        self.packets += 1;
        let packet = Packet {
            id: PacketId(self.packets),
            station: AP,
            len: 200,
            flow: FlowKey {
                src: IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)),
                dst: IpAddr::V4(Ipv4Addr::new(10, 0, 1, 1)),
                protocol: 17,
                src_port: VOICE,
                dst_port: VOICE,
                dscp: 0,
            },
        };
        self.tell_agent(Input::Packet(packet)).unwrap();
    }

    pub(super) fn station(&mut self) -> StationStatus {
        let status = self.coordinator.status();
        status.stations.into_iter().next().unwrap()
    }

    pub(super) fn status(&mut self) -> AgentStatus {
        self.agent.status()
    }

    /// Frames of this kind that were sent.
    pub(super) fn sent(&self, kind: MessageType) -> Vec<Sent> {
        let same = |(_, bytes): &&Sent| Message::decode(bytes).unwrap().1.message_type() == kind;
        self.air.iter().filter(same).cloned().collect()
    }

    pub(super) fn session(&self) -> u32 {
        let last = self.air.iter().rev();
        let mut sessions = last.map(|(_, bytes)| Message::decode(bytes).unwrap().0.session);
        sessions.find(|session| *session != 0).unwrap()
    }
}

fn drain<M: Machine>(core: &mut M, events: &mut Vec<M::Event>) -> Vec<Vec<u8>> {
    while core.poll_release().is_some() {}
    let mut frames = Vec::new();
    let mut buf = [0; MAX_FRAME];
    while let Some(sent) = core.poll_transmit(&mut buf) {
        frames.push(buf[..sent.len].to_vec());
    }
    while let Some(event) = core.poll_event() {
        events.push(event);
    }
    frames
}

fn troubles(cell: &Cell) -> Vec<AuthTrouble> {
    let trouble = |event: &AgentEvent| match event {
        AgentEvent::NotAuthenticated(trouble) => Some(*trouble),
        _ => None,
    };
    cell.agent_events.iter().filter_map(trouble).collect()
}

fn registered(cell: &Cell) -> usize {
    let is_it = |event: &&CoordinatorEvent| matches!(event, CoordinatorEvent::Registered { .. });
    cell.coordinator_events.iter().filter(is_it).count()
}

#[test]
fn one_key_makes_a_session_with_a_policy_and_a_working_call() {
    let mut cell = Cell::with_keys();
    let status = cell.status();
    assert!(status.registered && status.authenticated);
    assert_eq!((status.policy_version, status.gate), (1, GateMode::Watch));
    assert!(cell.station().authenticated);
    cell.call();
    cell.run(Duration::from_millis(200));
    assert_eq!(cell.status().gate, GateMode::Hold);
    for _ in 0..10 {
        cell.call();
        cell.run(Duration::from_millis(20));
    }
    let (agent, stats) = (cell.status(), cell.coordinator.stats());
    assert!(agent.stats.tokens > 5, "{agent:?}");
    assert!(stats.returns > 5 && stats.lost == 0, "{stats:?}");
    assert_eq!((agent.stats.bad_tags, agent.stats.replays), (0, 0));
    let station = cell.station();
    let counters = [
        station.bad_tags,
        station.replays,
        station.refused_handshakes,
    ];
    assert_eq!(counters, [0; 3]);
    // One registration was enough.
    assert_eq!(cell.sent(MessageType::Register).len(), 1);
    assert_eq!(registered(&cell), 1);
    // All but the first frame carries a tag.
    for (_, bytes) in &cell.air[1..] {
        let (header, message) = Message::decode(bytes).unwrap();
        assert_ne!(header.tag, [0; 8], "{message}");
    }
}

#[test]
fn a_wrong_key_leaves_the_station_unregistered_and_its_gate_open() {
    let mut cell = Cell::new(site(3), held(4));
    cell.run(Duration::from_secs(60));
    let status = cell.status();
    assert!(!status.registered && status.gate == GateMode::Open);
    let refused = AuthTrouble::Refused(RegisterStatus::WrongKey);
    assert_eq!(troubles(&cell), [refused], "said once");
    let station = cell.station();
    assert_eq!(station.agent, None);
    assert!(station.refused_handshakes > 5, "{station:?}");
    let named = CoordinatorEvent::NotAuthenticated {
        station: STA,
        status: RegisterStatus::WrongKey,
    };
    let said = cell.coordinator_events.iter().filter(|e| **e == named);
    assert_eq!(said.count(), 1);
    // It goes on asking, but not often.
    assert!((5..30).contains(&cell.sent(MessageType::Register).len()));
}

#[test]
fn without_a_key_a_cell_with_keys_says_so_once() {
    let mut cell = Cell::new(site(3), None);
    cell.run(Duration::from_secs(30));
    let rejected = AgentEvent::Rejected(RegisterStatus::KeyRequired);
    assert!(cell.agent_events.contains(&rejected));
    assert!(!cell.status().registered);
    assert_eq!(cell.station().refused_handshakes, 1);
    assert_eq!(cell.sent(MessageType::Register).len(), 1);
}

#[test]
fn an_agent_with_a_key_takes_no_part_in_an_open_cell() {
    let mut cell = Cell::new(None, held(3));
    cell.run(Duration::from_secs(30));
    assert_eq!(troubles(&cell), [AuthTrouble::NoKeyThere]);
    let status = cell.status();
    assert!(!status.registered && status.gate == GateMode::Open && status.policy_version == 0);
}

#[test]
fn the_key_of_a_device_counts_instead_of_that_of_the_site() {
    let keys = || CoordinatorAuth {
        devices: [("sta".into(), key(5))].into(),
        ..site(3).unwrap()
    };
    let registers = |keys, ours| Cell::new(Some(keys), held(ours)).status().registered;
    assert!(registers(keys(), 5));
    assert!(!registers(keys(), 3));
    let without_site = CoordinatorAuth {
        site: None,
        ..keys()
    };
    assert!(registers(without_site.clone(), 5));
    let another = CoordinatorAuth {
        devices: [("another".into(), key(5))].into(),
        ..without_site
    };
    assert!(!registers(another, 5));
}

#[test]
fn keys_are_changed_in_time_without_a_break() {
    let mut cell = Cell::with_keys();
    let first = cell.session();
    for _ in 0..3 {
        cell.call();
        cell.run(Duration::from_secs(1));
    }
    cell.run(Duration::from_secs(3_600));
    let second = cell.session();
    assert_ne!(first, second);
    assert_eq!(cell.sent(MessageType::Register).len(), 2);
    // For the hosts nothing has happened.
    assert_eq!(registered(&cell), 1);
    assert!(!cell.agent_events.contains(&AgentEvent::CoordinatorLost));
    cell.call();
    cell.run(Duration::from_millis(100));
    assert!(cell.status().registered);
    assert_eq!(cell.session(), second);
    // What was sealed with the old keys is of no session now.
    let old = |(_, bytes): &&Sent| {
        let (header, message) = Message::decode(bytes).unwrap();
        header.session == first && !matches!(message, Message::Register(_))
    };
    let frames: Vec<Sent> = cell.air.iter().filter(old).cloned().collect();
    assert!(frames.len() > 5);
    for (side, bytes) in frames {
        assert!(!cell.inject(side, &bytes));
    }
}

/// The old keys hold until the new ones are used: an answer that is lost breaks nothing.
#[test]
fn a_change_of_keys_whose_answer_is_lost_keeps_the_old_session() {
    let mut cell = Cell::with_keys();
    let first = cell.session();
    let (_, again) = cell.sent(MessageType::Register).remove(0);
    cell.deaf = true;
    // A repeated REGISTER is answered as any other; nobody can use the answer.
    assert!(cell.inject(Side::Agent, &again));
    cell.deaf = false;
    cell.call();
    cell.run(Duration::from_millis(200));
    assert_eq!(cell.session(), first);
    assert_eq!(cell.status().gate, GateMode::Hold);
}

#[test]
fn a_coordinator_that_was_restarted_is_met_anew() {
    let mut cell = Cell::with_keys();
    cell.call();
    cell.run(Duration::from_millis(100));
    assert_eq!(cell.status().gate, GateMode::Hold);
    let auth = CoordinatorAuth {
        seed: key(77),
        ..site(3).unwrap()
    };
    cell.coordinator = new_coordinator(Some(auth), 99, cell.now);
    cell.tell_coordinator(Input::Command(CoordinatorCommand::StationJoined(STA)))
        .unwrap();
    cell.run(Duration::from_secs(2));
    assert!(cell.agent_events.contains(&AgentEvent::CoordinatorLost));
    let status = cell.status();
    assert!(status.registered && status.authenticated);
    assert_eq!(status.gate, GateMode::Watch);
    assert!(cell.station().authenticated);
}

#[test]
fn an_agent_that_was_restarted_is_met_anew() {
    let mut cell = Cell::with_keys();
    let config = AgentConfig {
        name: "sta".try_into().unwrap(),
        auth: Some(AgentAuth {
            key: key(3),
            seed: key(78),
        }),
        ..AgentConfig::default()
    };
    cell.agent = Agent::new(config, STA, 3, cell.now);
    cell.tell_agent(Input::Command(AgentCommand::LinkUp { bssid: AP }))
        .unwrap();
    cell.run(Duration::from_millis(100));
    assert!(cell.status().registered);
    assert_eq!(registered(&cell), 2);
}

#[test]
fn byes_of_both_sides_are_believed() {
    let mut cell = Cell::with_keys();
    cell.tell_agent(Input::Command(AgentCommand::Stop)).unwrap();
    assert_eq!(cell.station().agent, None);
    let mut cell = Cell::with_keys();
    cell.tell_coordinator(Input::Command(CoordinatorCommand::Stop))
        .unwrap();
    assert!(cell.agent_events.contains(&AgentEvent::CoordinatorLost));
    assert_eq!(cell.status().gate, GateMode::Open);
}
