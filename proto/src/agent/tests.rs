//! The agent against frames written by hand.

mod data;
mod flows;
mod leave;
mod open;
mod session;
mod visit;
mod wishes;

use core::net::{IpAddr, Ipv4Addr};
use std::vec::Vec;

use super::*;
use crate::flow::FlowKey;
use crate::machine::PacketId;
use crate::policy::{Match, PortRange, Promise, Rank, Rule};
use crate::wire::{
    Backlog, Bye, ByeReason, CellMode, Hello, MAX_FRAME, MessageType, Policy, Register,
    RegisterAck, Reserved, Token,
};

const AP: MacAddr = MacAddr([2, 0, 0, 0, 0, 0]);
const STA: MacAddr = MacAddr([2, 0, 0, 0, 1, 1]);
const SESSION: u32 = 77;
const CYCLE: Duration = Duration::from_millis(20);
const PHY: Phy = Phy {
    kind: PhyKind::Ofdm,
    wmm: false,
};

fn table(version: u32, ports: &[u16]) -> PolicyTable {
    let rule = |port: &u16| Rule {
        name: "rule".into(),
        matches: Match {
            port: PortRange::new(*port, *port).ok(),
            ..Match::default()
        },
        promise: Promise {
            rate: 80_000,
            packet: 200,
            delay: CYCLE,
        },
        idle: Duration::from_secs(1),
        remark: None,
        rank: Rank::default(),
    };
    let rules = ports.iter().map(rule).collect();
    PolicyTable { version, rules }
}

/// An agent and what it put out.
struct Bench {
    agent: Agent,
    now: Instant,
    next: u64,
    sent: Vec<Message>,
    /// Handles of the frames that are reported on.
    handles: Vec<TxHandle>,
    verdicts: Vec<Verdict>,
    delivered: Vec<Vec<u8>>,
    events: Vec<AgentEvent>,
}

impl Bench {
    fn new() -> Self {
        Self::of(AgentConfig::default())
    }

    fn of(config: AgentConfig) -> Self {
        let now = Instant::from_nanos(1_000_000_000);
        let mut bench = Self {
            agent: Agent::new(config, STA, 1, now),
            now,
            next: 0,
            sent: Vec::new(),
            handles: Vec::new(),
            verdicts: Vec::new(),
            delivered: Vec::new(),
            events: Vec::new(),
        };
        bench.command(AgentCommand::LinkUp { bssid: AP });
        bench
    }

    /// Registered, with a rule for port 5004, in a cell of this mode; nothing is left to look at.
    fn in_mode(mode: CellMode) -> Self {
        Self::new().registered(mode)
    }

    /// The same with a host that takes packets out of frames.
    fn bundling(mode: CellMode) -> Self {
        let config = AgentConfig {
            bundle: true,
            ..AgentConfig::default()
        };
        Self::of(config).registered(mode)
    }

    fn registered(self, mode: CellMode) -> Self {
        let mut bench = self;
        bench.accept(SESSION, 1);
        bench.policy(&table(1, &[5_004]));
        bench.hello(mode);
        bench.forget();
        bench
    }

    fn forget(&mut self) {
        self.sent.clear();
        self.handles.clear();
        self.verdicts.clear();
        self.delivered.clear();
        self.events.clear();
    }

    fn input(&mut self, input: Input<'_, AgentCommand>) -> Result<(), AgentError> {
        let outcome = self.agent.handle(self.now, input);
        while let Some(verdict) = self.agent.poll_release() {
            self.verdicts.push(verdict);
        }
        let mut buf = [0; MAX_FRAME];
        while let Some(sent) = self.agent.poll_transmit(&mut buf) {
            assert_eq!(sent.to, AP);
            self.sent.push(Message::decode(&buf[..sent.len]).unwrap().1);
            self.handles.extend(sent.handle);
        }
        while let Some(delivery) = self.agent.poll_delivery() {
            assert_eq!(delivery.from, AP);
            self.delivered.push(delivery.bytes);
        }
        while let Some(event) = self.agent.poll_event() {
            self.events.push(event);
        }
        outcome
    }

    fn command(&mut self, command: AgentCommand) {
        self.input(Input::Command(command)).unwrap();
    }

    fn frame_of(&mut self, session: u32, message: &Message) -> Result<(), AgentError> {
        let header = Header {
            session,
            ..Header::default()
        };
        let mut buf = [0; MAX_FRAME];
        let len = message.encode(&header, &mut buf).unwrap();
        let bytes = &buf[..len];
        self.input(Input::Frame { from: AP, bytes })
    }

    fn frame(&mut self, message: &Message) {
        self.frame_of(SESSION, message).unwrap();
    }

    fn hello_of(&mut self, epoch: u32, mode: CellMode, policy_version: u32) {
        let hello = Message::Hello(Hello {
            epoch,
            mode,
            cycle: CYCLE,
            cycle_number: 1,
            policy_version,
        });
        self.frame_of(0, &hello).unwrap();
    }

    fn hello(&mut self, mode: CellMode) {
        self.hello_of(9, mode, 1);
    }

    fn ack(&mut self, session: u32, policy_version: u32, status: RegisterStatus) {
        let ack = Message::RegisterAck(RegisterAck {
            instance: self.instance(),
            session,
            status,
            phy: PHY,
            policy_version,
            cycle: CYCLE,
            silent_cycles: 2,
            turn: Turn::Paired,
            strategies: Register::POLL | Register::BUNDLE,
            handshake: crate::wire::Handshake::NONE,
        });
        self.frame_of(session, &ack).unwrap();
    }

    fn accept(&mut self, session: u32, policy_version: u32) {
        self.ack(session, policy_version, RegisterStatus::Accepted);
    }

    /// The number in its last REGISTER.
    fn instance(&self) -> u32 {
        let found = self.sent.iter().rev().find_map(|message| match message {
            Message::Register(register) => Some(register.instance),
            _ => None,
        });
        found.expect("a REGISTER")
    }

    fn policy(&mut self, table: &PolicyTable) {
        for part in Policy::split(table).unwrap() {
            self.frame(&Message::Policy(part));
        }
    }

    fn next_packet(&mut self, port: u16, len: u32) -> Packet {
        self.next += 1;
        Packet {
            id: PacketId(self.next),
            station: AP,
            len,
            flow: flow(port),
        }
    }

    fn packet(&mut self, port: u16) -> PacketId {
        let packet = self.next_packet(port, 200);
        self.input(Input::Packet(packet)).unwrap();
        packet.id
    }

    /// A packet that the gate copied: `octet` in all places.
    fn copied(&mut self, port: u16, len: u32, octet: u8) -> PacketId {
        let packet = self.next_packet(port, len);
        let bytes = std::vec![octet; len as usize];
        let bytes = &bytes[..];
        self.input(Input::Copied { packet, bytes }).unwrap();
        packet.id
    }

    /// The radio is through with the latest frame that it reports on.
    fn radio(&mut self, acked: bool) {
        let handle = *self.handles.last().expect("a tracked frame");
        self.input(Input::Sent { handle, acked }).unwrap();
    }

    fn token(&mut self, number: u32, probe: bool, grant: Duration) {
        let token = Message::Token(Token {
            token: number,
            probe,
            cycle_number: 1,
            rt: grant,
            nrt: grant,
            valid: CYCLE,
            rate: Rate(540),
        });
        self.frame(&token);
    }

    fn reserved(&mut self, port: u16, outcome: Outcome) {
        let reserved = Message::Reserved(Reserved {
            outcome,
            rule: Some(0),
            key: flow(port),
            direction: crate::policy::Direction::Both,
            rate: 80_000,
            largest: 0,
            shape: None,
        });
        self.frame(&reserved);
    }

    /// Lets time pass with all time-outs that come due.
    fn run(&mut self, span: Duration) {
        let end = self.now + span;
        while let Some((at, _)) = self.agent.poll_timeout().filter(|(at, _)| *at <= end) {
            self.now = self.now.max(at);
            self.input(Input::Timeout).unwrap();
        }
        self.now = end;
    }

    fn sent(&self, kind: MessageType) -> usize {
        let same = |message: &&Message| message.message_type() == kind;
        self.sent.iter().filter(same).count()
    }

    fn accepted(&self, id: PacketId) -> bool {
        self.verdicts.contains(&Verdict::Accept(id))
    }

    fn last_return(&self) -> crate::wire::Return {
        let last = self.sent.iter().rev().find_map(|message| match message {
            Message::Return(answer) => Some(*answer),
            Message::Data(data) => data.answer,
            _ => None,
        });
        last.expect("a RETURN")
    }
}

fn flow(port: u16) -> FlowKey {
    FlowKey {
        src: IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)),
        dst: IpAddr::V4(Ipv4Addr::new(10, 0, 1, 1)),
        protocol: 17,
        src_port: port,
        dst_port: port,
        dscp: 0,
    }
}
