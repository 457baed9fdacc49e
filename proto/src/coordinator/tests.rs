//! The coordinator against stations written by hand.

mod announce;
mod cycle;
mod data;
mod degrade;
mod departure;
mod explicit;
mod handover;
mod lease;
mod lull;
mod open_air;
mod report;
mod reservations;
mod service;
mod session;
mod visit;

use core::net::{IpAddr, Ipv4Addr};
use std::vec::Vec;

use super::*;
use crate::airtime::{Phy, PhyKind};
use crate::flow::FlowKey;
use crate::machine::PacketId;
use crate::policy::{Direction, Match, PortRange, Promise, Rank, Rule};
use crate::wire::{
    Backlog, Bye, ByeReason, ClassBacklog, MAX_FRAME, MessageType, Outcome, Register, Request,
    Reserve, ReserveOp, Return, Token,
};

/// Of a cell of 802.11a.
const CYCLE: Duration = Duration::from_millis(50);
/// How late a voice packet may be.
const DELAY: Duration = Duration::from_millis(20);
const MS: Duration = Duration::from_millis(1);
const VOICE: u16 = 5_004;
const PHY: Phy = Phy {
    kind: PhyKind::Ofdm,
    wmm: false,
};
const VOICE_PROMISE: Promise = Promise {
    rate: 80_000,
    packet: 200,
    delay: DELAY,
};

const fn sta(n: u8) -> MacAddr {
    MacAddr([2, 0, 0, 0, 1, n])
}

fn rule(port: u16) -> Rule {
    Rule {
        name: "rule".into(),
        matches: Match {
            port: PortRange::new(port, port).ok(),
            ..Match::default()
        },
        promise: VOICE_PROMISE,
        idle: Duration::from_secs(1),
        remark: None,
        rank: Rank::default(),
    }
}

fn table(version: u32, ports: &[u16]) -> PolicyTable {
    PolicyTable {
        version,
        rules: ports.iter().map(|port| rule(*port)).collect(),
    }
}

/// As station `n` sends it.
fn flow(n: u8, port: u16) -> FlowKey {
    FlowKey {
        src: IpAddr::V4(Ipv4Addr::new(10, 0, 0, n)),
        dst: IpAddr::V4(Ipv4Addr::new(10, 0, 1, 1)),
        protocol: 17,
        src_port: port,
        dst_port: port,
        dscp: 0,
    }
}

/// A coordinator and what it put out.
struct Bench {
    core: Coordinator,
    now: Instant,
    next: u64,
    sent: Vec<(Instant, MacAddr, Header, Message, Option<TxHandle>)>,
    verdicts: Vec<Verdict>,
    delivered: Vec<Delivery>,
    /// How long the newest promised packet of a station has waited.
    newest: fn(MacAddr, Instant) -> Duration,
    events: Vec<CoordinatorEvent>,
}

impl Bench {
    fn of(config: CoordinatorConfig) -> Self {
        let now = Instant::from_nanos(1_000_000_000);
        let mut bench = Self {
            core: Coordinator::new(config, table(1, &[VOICE]), 1, now),
            now,
            next: 0,
            sent: Vec::new(),
            verdicts: Vec::new(),
            delivered: Vec::new(),
            newest: |_, _| Duration::ZERO,
            events: Vec::new(),
        };
        bench.input(Input::Timeout).unwrap();
        bench
    }

    /// A cell of 802.11a with so many registered stations; nothing is left to look at.
    fn new(stations: u8) -> Self {
        let mut bench = Self::of(CoordinatorConfig::new(PHY, Rate(540)));
        for n in 1..=stations {
            bench.join(n);
            bench.register(n, n.into());
        }
        bench.forget();
        bench
    }

    /// In token mode, because station 1 has a call.
    fn in_token_mode(stations: u8) -> Self {
        let mut bench = Self::new(stations);
        bench.reserve(1, VOICE);
        assert_eq!(bench.core.mode, CellMode::Token);
        bench
    }

    fn forget(&mut self) {
        self.sent.clear();
        self.verdicts.clear();
        self.delivered.clear();
        self.events.clear();
    }

    fn input(&mut self, input: Input<'_, CoordinatorCommand>) -> Result<(), CoordinatorError> {
        let outcome = self.core.handle(self.now, input);
        while let Some(verdict) = self.core.poll_release() {
            self.verdicts.push(verdict);
        }
        let mut buf = [0; MAX_FRAME];
        while let Some(sent) = self.core.poll_transmit(&mut buf) {
            let (header, message) = Message::decode(&buf[..sent.len]).unwrap();
            self.sent
                .push((self.now, sent.to, header, message, sent.handle));
        }
        while let Some(delivery) = self.core.poll_delivery() {
            self.delivered.push(delivery);
        }
        while let Some(event) = self.core.poll_event() {
            self.events.push(event);
        }
        outcome
    }

    fn command(&mut self, command: CoordinatorCommand) {
        self.input(Input::Command(command)).unwrap();
    }

    fn join(&mut self, n: u8) {
        self.command(CoordinatorCommand::StationJoined(sta(n)));
    }

    fn session(&self, n: u8) -> u32 {
        self.core.stations[&sta(n)].session()
    }

    fn frame_of(&mut self, session: u32, n: u8, message: &Message) -> Result<(), CoordinatorError> {
        let header = Header {
            session,
            ..Header::default()
        };
        let mut buf = [0; MAX_FRAME];
        let len = message.encode(&header, &mut buf).unwrap();
        let (from, bytes) = (sta(n), &buf[..len]);
        self.input(Input::Frame { from, bytes })
    }

    fn frame(&mut self, n: u8, message: &Message) {
        self.frame_of(self.session(n), n, message).unwrap();
    }

    fn register(&mut self, n: u8, instance: u32) {
        self.register_as(n, instance, Register::POLL);
    }

    fn register_as(&mut self, n: u8, instance: u32, strategies: u8) {
        let register = Register {
            instance,
            epoch: 0,
            strategies,
            name: "sta".try_into().unwrap(),
            handshake: crate::wire::Handshake::NONE,
        };
        self.frame_of(0, n, &Message::Register(register)).unwrap();
    }

    fn reserve_op(&mut self, n: u8, port: u16, op: ReserveOp) {
        let key = flow(n, port);
        let rule = self.core.policy.classify(sta(n), Direction::Up, &key);
        let reserve = Reserve {
            op,
            rule: rule.or(Some(0)),
            key,
            direction: Direction::Both,
            promise: VOICE_PROMISE,
        };
        self.frame(n, &Message::Reserve(reserve));
    }

    fn reserve(&mut self, n: u8, port: u16) {
        self.reserve_op(n, port, ReserveOp::Open);
    }

    fn request(&mut self, n: u8, packets: u16) {
        let (backlog, rate) = (backlog(packets), Rate(0));
        self.frame(n, &Message::Request(Request { backlog, rate }));
    }

    /// A packet comes down for station `n`.
    fn packet(&mut self, n: u8, port: u16, len: u32) -> PacketId {
        self.next += 1;
        let id = PacketId(self.next);
        let packet = Packet {
            id,
            station: sta(n),
            len,
            flow: flow(n, port).reversed(),
        };
        self.input(Input::Packet(packet)).unwrap();
        id
    }

    /// The tokens that are out, when they were sent and to whom, the latest first.
    fn tokens(&self) -> Vec<(Instant, MacAddr, Token)> {
        let mut out: Vec<(Instant, MacAddr, Token)> = Vec::new();
        for (at, to, _, message, _) in self.sent.iter().rev() {
            let Some(token) = token_in(message) else {
                continue;
            };
            let lease = self.core.leases.of(*to);
            let is_out = lease.is_some_and(|lease| lease.token.token == token.token);
            if is_out && out.iter().all(|(_, other, _)| other != to) {
                out.push((*at, *to, token));
            }
        }
        out
    }

    /// The latest token that is out, and for whom.
    fn token(&self) -> Option<(MacAddr, Token)> {
        self.tokens().first().map(|(_, to, token)| (*to, *token))
    }

    /// The radio is through with the latest frame to station `n` that it reports on.
    fn radio(&mut self, n: u8, acked: bool) {
        let to = sta(n);
        let handle = self
            .sent
            .iter()
            .rev()
            .find_map(|sent| sent.4.filter(|_| sent.1 == to));
        let handle = handle.expect("a tracked frame");
        self.input(Input::Sent { handle, acked }).unwrap();
    }

    /// Answers the token that is out: it was acknowledged, all of its best-effort part was used,
    /// and so many packets wait.
    fn answer(&mut self, packets: u16) -> (MacAddr, Token) {
        let (to, token) = self.token().expect("a token is out");
        self.radio(to.0[5], true);
        self.answer_to(to, token, packets);
        (to, token)
    }

    fn answer_to(&mut self, to: MacAddr, token: Token, packets: u16) {
        let lease = self.core.leases.of(to);
        let released = lease.and_then(|lease| lease.acked).unwrap_or(self.now);
        let waited = (self.newest)(to, released);
        let answer = Return {
            token: token.token,
            used_rt: Duration::ZERO,
            used_nrt: token.nrt,
            sent_rt: 1,
            sent_nrt: 1,
            backlog: backlog(packets),
            rate: Rate(0),
            refused: false,
            oldest: waited,
            newest: waited,
        };
        self.frame(to.0[5], &Message::Return(answer));
    }

    /// Lets time pass; tokens are answered at once if `packets` is given.
    fn run(&mut self, span: Duration, packets: Option<&dyn Fn(MacAddr) -> u16>) {
        self.run_at(span, 0, packets);
    }

    /// The same on a medium that takes so many hundredths of the granted airtime.
    fn run_at(&mut self, span: Duration, pace: u64, packets: Option<&dyn Fn(MacAddr) -> u16>) {
        let end = self.now + span;
        while self.step(end, pace, packets) {}
        self.now = end;
    }

    /// The next thing that happens until `end`; false if nothing does.
    fn step(&mut self, end: Instant, pace: u64, packets: Option<&dyn Fn(MacAddr) -> u16>) -> bool {
        let timeout = self.core.poll_timeout().map(|(at, _)| at);
        if let Some(packets) = packets {
            let tokens = self.tokens();
            let unacked = |to| {
                self.core
                    .leases
                    .of(to)
                    .is_some_and(|lease| lease.acked.is_none())
            };
            if let Some((_, to, _)) = tokens.iter().find(|(_, to, _)| unacked(*to)) {
                self.radio(to.0[5], true);
                return true;
            }
            let used = |token: &Token| (token.rt + token.nrt) * pace / 100;
            let answers = tokens
                .iter()
                .map(|(at, to, token)| (*at + used(token), *to, *token));
            let answer = answers.min_by_key(|(at, ..)| *at);
            let comes_first = |at: Instant| at <= end && timeout.is_none_or(|next| at <= next);
            if let Some((at, to, token)) = answer.filter(|(at, ..)| comes_first(*at)) {
                self.now = self.now.max(at);
                self.answer_to(to, token, packets(to));
                return true;
            }
        }
        let Some(at) = timeout.filter(|at| *at <= end) else {
            return false;
        };
        self.now = self.now.max(at);
        self.input(Input::Timeout).unwrap();
        true
    }

    fn run_idle(&mut self, span: Duration) {
        self.run(span, Some(&|_| 0));
    }

    fn sent(&self, kind: MessageType) -> usize {
        let same = |sent: &&(_, _, _, Message, _)| sent.3.message_type() == kind;
        self.sent.iter().filter(same).count()
    }

    fn outcomes(&self) -> Vec<Outcome> {
        let outcome = |sent: &(_, _, _, Message, _)| match &sent.3 {
            Message::Reserved(reserved) => Some(reserved.outcome),
            _ => None,
        };
        self.sent.iter().filter_map(outcome).collect()
    }

    fn released(&self) -> Vec<ReleaseCause> {
        let cause = |event: &CoordinatorEvent| match event {
            CoordinatorEvent::Released(_, cause) => Some(*cause),
            _ => None,
        };
        self.events.iter().filter_map(cause).collect()
    }
}

/// The token that a frame brings.
const fn token_in(message: &Message) -> Option<Token> {
    match message {
        Message::Token(token) => Some(*token),
        Message::Data(data) => data.token,
        _ => None,
    }
}

/// It brings a token for best effort.
fn is_grant(message: &Message) -> bool {
    token_in(message).is_some_and(|token| !token.nrt.is_zero())
}

const fn backlog(packets: u16) -> Backlog {
    Backlog {
        rt: ClassBacklog {
            packets: 0,
            octets: 0,
        },
        nrt: ClassBacklog {
            packets,
            octets: packets as u32 * 1_500,
        },
    }
}
