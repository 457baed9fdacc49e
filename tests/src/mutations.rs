//! Hostile frames: valid ones of every type with octets changed, cut, repeated or put together
//! anew, and pure noise, into the decoder, the printer and both cores.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;

use rether_proto::agent::{Agent, AgentCommand, AgentConfig};
use rether_proto::airtime::{Phy, PhyKind, Rate, Turn};
use rether_proto::auth::{AgentAuth, CoordinatorAuth, Key, handshake};
use rether_proto::coordinator::{Coordinator, CoordinatorCommand, CoordinatorConfig, GoAnswer};
use rether_proto::flow::FlowKey;
use rether_proto::mac::MacAddr;
use rether_proto::machine::{Input, Machine, Packet, PacketId};
use rether_proto::policy::Direction;
use rether_proto::rng::Rng;
use rether_proto::time::{Duration, Instant};
use rether_proto::wire::{
    Backlog, Bye, ByeReason, CellMode, ClassBacklog, Data, Go, GoOutcome, GoReason, HEADER_LEN,
    Handshake, Header, Hello, Leave, LeaveStage, MAX_FRAME, Message, MessageType, Neighbour,
    Neighbours, Outcome as Decision, Packets, Policy, Register, RegisterAck, RegisterStatus,
    Request, Reserve, ReserveOp, Reserved, Return, Schedule, Seen, Slot, Token, explain,
};

use crate::world::{AP, Source, station, voice_policy, voice_rule};

/// What became of the frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Frames that were made.
    pub frames: u64,
    /// Of these, frames that still decode.
    pub decoded: u64,
    /// Frames that the coordinator took.
    pub taken_by_coordinator: u64,
    /// Frames that the agent took.
    pub taken_by_agent: u64,
    /// Packets that were handed to the cores meanwhile.
    pub packets: u64,
    /// Verdicts for them.
    pub verdicts: u64,
    /// Timeouts that the cores asked for.
    pub timeouts: u64,
    /// TOKENs of the conversation that the attack met.
    pub tokens: u64,
    /// Frames that a core took, that neither core had sent, and that are no REGISTER.
    pub forgeries_taken: u64,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            frames,
            decoded,
            taken_by_coordinator,
            taken_by_agent,
            packets,
            ..
        } = self;
        write!(
            f,
            "{frames} frames without a panic, {decoded} of them decoded; "
        )?;
        write!(
            f,
            "inputs taken: coordinator {taken_by_coordinator}, agent {taken_by_agent}; "
        )?;
        write!(f, "each of {packets} packets had one verdict")
    }
}

/// Feeds `count` frames made from `seed` to fresh cores that hold a conversation of their own, and
/// has both deal with packets and timers in between.
///
/// # Panics
/// That is what it is for: a core or the codec panicked, a frame that decodes did not survive
/// being written and read again, or a core asked for more time-outs than its inputs can explain.
#[must_use]
pub fn run(count: u64, seed: u64) -> Outcome {
    attack(Bench::new(seed, false), count)
}

/// The same against cores with a key, which the attacker has not. What it made of the running
/// conversation it also sends again as it was.
///
/// # Panics
/// Like [`run`].
#[must_use]
pub fn run_against_keys(count: u64, seed: u64) -> Outcome {
    attack(Bench::new(seed, true), count)
}

fn attack(mut bench: Bench, count: u64) -> Outcome {
    for _ in 0..count {
        let bytes = bench.next_frame();
        bench.attack(&bytes);
    }
    bench.settle();
    bench.outcome
}

/// Both cores and the state of the attack.
struct Bench {
    rng: Rng,
    now: Instant,
    coordinator: Coordinator,
    agent: Agent,
    next_packet: u64,
    /// Headers carry these, so that some frames belong to the running session.
    session: u32,
    last_token: u32,
    instance: u32,
    epoch: u32,
    /// Number of the last LEAVE.
    asked: u16,
    /// The last frames of the conversation, to be sent again.
    recorded: VecDeque<Vec<u8>>,
    with_keys: bool,
    /// The frame of the conversation that the present one was made from.
    origin: Option<Vec<u8>>,
    outcome: Outcome,
}

/// The cell that the station may leave for.
const CANDIDATE: MacAddr = MacAddr([2, 0, 0, 0, 2, 0]);
/// So many frames of the conversation are remembered.
const RECORDED: usize = 64;
/// A core that wakes itself more often than this after one input would never let its driver rest.
const MOST_TIMEOUTS: u32 = 200;

impl Bench {
    fn new(seed: u64, with_keys: bool) -> Self {
        let now = Instant::from_nanos(1_000_000_000);
        let phy = Phy {
            kind: PhyKind::Ofdm,
            wmm: true,
        };
        let key = Key::new([7; Key::LEN]);
        let coordinator = CoordinatorConfig {
            auth: with_keys.then(|| CoordinatorAuth {
                site: Some(key.clone()),
                devices: BTreeMap::new(),
                seed: Key::new([8; Key::LEN]),
            }),
            ..CoordinatorConfig::new(phy, Rate(540))
        };
        let agent = AgentConfig {
            auth: with_keys.then(|| AgentAuth {
                key,
                seed: Key::new([9; Key::LEN]),
            }),
            bundle: true,
            ..AgentConfig::default()
        };
        let mut bench = Self {
            rng: Rng::new(seed),
            now,
            coordinator: Coordinator::new(coordinator, voice_policy(), seed, now),
            agent: Agent::new(agent, station(1), seed, now),
            next_packet: 0,
            session: 0,
            last_token: 0,
            instance: 0,
            epoch: 0,
            asked: 0,
            recorded: VecDeque::new(),
            with_keys,
            origin: None,
            outcome: Outcome::default(),
        };
        for n in 1..=3 {
            bench.tell_coordinator(Input::Command(CoordinatorCommand::StationJoined(station(
                n,
            ))));
        }
        bench.tell_agent(Input::Command(AgentCommand::LinkUp { bssid: AP }));
        bench
    }

    fn attack(&mut self, bytes: &[u8]) {
        self.outcome.frames += 1;
        self.check_codec(bytes);
        let from = station(1 + u8::try_from(self.rng.below(3)).expect("a small number"));
        let taken = |outcome: &Outcome| outcome.taken_by_coordinator + outcome.taken_by_agent;
        let before = taken(&self.outcome);
        self.tell_coordinator(Input::Frame { from, bytes });
        self.tell_agent(Input::Frame { from: AP, bytes });
        // With padding it is the same frame.
        let is_genuine = self.origin.as_ref().is_some_and(|o| bytes.starts_with(o));
        if !is_genuine && bytes.get(1) != Some(&MessageType::Register.octet()) {
            self.outcome.forgeries_taken += taken(&self.outcome) - before;
        }
        if self.rng.below(4) == 0 {
            self.send_packet();
        }
        if self.rng.below(64) == 0 {
            self.hand_over();
        }
        self.now += Duration::from_micros(self.rng.below(3_000));
        self.run_timers();
    }

    /// The hosts have the station leave, or stay.
    fn hand_over(&mut self) {
        let candidate = CANDIDATE;
        let command = match self.rng.below(4) {
            0 => AgentCommand::Prepare { candidate },
            way @ (1 | 2) => AgentCommand::Leave {
                candidate,
                at_once: way == 1,
            },
            _ => AgentCommand::Stay,
        };
        self.tell_agent(Input::Command(command));
        let answer = GoAnswer {
            stage: self.stage(),
            candidate,
            outcome: GoOutcome::ALL[self.place(4)],
            largest: 0,
            reason: GoReason::default(),
        };
        let station = station(1);
        let command = match self.rng.below(4) {
            0 => CoordinatorCommand::Drain(station),
            1 => CoordinatorCommand::Stayed(station),
            _ => CoordinatorCommand::Go { station, answer },
        };
        self.tell_coordinator(Input::Command(command));
    }

    fn check_codec(&mut self, bytes: &[u8]) {
        let text = explain(bytes).to_string();
        assert!(!text.is_empty());
        if let Ok((header, message)) = Message::decode(bytes) {
            self.outcome.decoded += 1;
            let mut buf = [0; MAX_FRAME];
            let len = message.encode(&header, &mut buf).expect("it came so");
            let again = Message::decode(&buf[..len]).expect("we wrote it");
            assert_eq!(again, (header, message));
        }
    }

    /// A voice packet or a best-effort one, up or down.
    fn send_packet(&mut self) {
        let way = [Direction::Up, Direction::Down][usize::from(self.rng.below(2) == 0)];
        let voice = self.rng.below(2) == 0;
        let flow = if voice {
            Source::voice(1, way).flow
        } else {
            Source::flood(1, way).flow
        };
        self.next_packet += 1;
        let packet = Packet {
            id: PacketId(self.next_packet),
            station: if way == Direction::Up { AP } else { station(1) },
            len: if voice { 200 } else { 1_500 },
            flow,
        };
        self.outcome.packets += 1;
        // A gate that copies nothing is allowed, too.
        let copy = vec![0; usize::try_from(packet.len).expect("a packet in memory")];
        let is_copied = self.rng.below(4) > 0;
        let bytes = &copy;
        match (way, is_copied) {
            (Direction::Up, true) => self.tell_agent(Input::Copied { packet, bytes }),
            (Direction::Up, false) => self.tell_agent(Input::Packet(packet)),
            (_, true) => self.tell_coordinator(Input::Copied { packet, bytes }),
            (_, false) => self.tell_coordinator(Input::Packet(packet)),
        }
    }

    /// What one core sends reaches the other, so that the attack meets a running conversation.
    fn tell_coordinator(&mut self, input: Input<'_, CoordinatorCommand>) {
        if self.coordinator.handle(self.now, input).is_ok() {
            self.outcome.taken_by_coordinator += 1;
        }
        let frames = drain(&mut self.coordinator, &mut self.outcome.verdicts);
        self.converse(true, frames);
    }

    fn tell_agent(&mut self, input: Input<'_, AgentCommand>) {
        if self.agent.handle(self.now, input).is_ok() {
            self.outcome.taken_by_agent += 1;
        }
        let frames = drain(&mut self.agent, &mut self.outcome.verdicts);
        self.converse(false, frames);
    }

    /// Carries frames to the other end and its answers back, so many times; the rest is lost.
    fn converse(&mut self, mut from_coordinator: bool, mut frames: Vec<Vec<u8>>) {
        const LONGEST: u32 = 6;
        for _ in 0..LONGEST {
            self.listen(&frames);
            let mut answers = Vec::new();
            for bytes in &frames {
                if from_coordinator {
                    let _ = self
                        .agent
                        .handle(self.now, Input::Frame { from: AP, bytes });
                    answers.extend(drain(&mut self.agent, &mut self.outcome.verdicts));
                } else {
                    let from = station(1);
                    let input = Input::Frame { from, bytes };
                    let _ = self.coordinator.handle(self.now, input);
                    answers.extend(drain(&mut self.coordinator, &mut self.outcome.verdicts));
                }
            }
            (frames, from_coordinator) = (answers, !from_coordinator);
        }
        self.listen(&frames);
    }

    /// Learns the numbers of the conversation, as whoever can hear the air does.
    fn listen(&mut self, frames: &[Vec<u8>]) {
        for bytes in frames {
            if self.with_keys {
                self.recorded.push_back(bytes.clone());
                if self.recorded.len() > RECORDED {
                    self.recorded.pop_front();
                }
            }
            match Message::decode(bytes).expect("cores send valid frames") {
                (header, Message::Token(token)) => {
                    self.session = header.session;
                    self.last_token = token.token;
                    self.outcome.tokens += 1;
                }
                (_, Message::Hello(hello)) => self.epoch = hello.epoch,
                (_, Message::Leave(leave)) => self.asked = leave.sequence,
                (_, Message::Register(register)) => self.instance = register.instance,
                (header, _) if header.session != 0 => self.session = header.session,
                _ => {}
            }
        }
    }

    fn run_timers(&mut self) {
        for _ in 0..MOST_TIMEOUTS {
            let due = |at: Option<(Instant, _)>| at.is_some_and(|(at, _)| at <= self.now);
            let (ap, sta) = (
                due(self.coordinator.poll_timeout()),
                due(self.agent.poll_timeout()),
            );
            if ap {
                self.outcome.timeouts += 1;
                self.tell_coordinator(Input::Timeout);
            }
            if sta {
                self.outcome.timeouts += 1;
                self.tell_agent(Input::Timeout);
            }
            if !ap && !sta {
                return;
            }
        }
        panic!("a core wakes itself without end");
    }

    /// The attack is over; whatever waits must go its way: the coordinator stops, then the agent.
    fn settle(&mut self) {
        self.tell_coordinator(Input::Command(CoordinatorCommand::Stop));
        self.tell_agent(Input::Command(AgentCommand::Stop));
        assert_eq!(
            self.outcome.packets, self.outcome.verdicts,
            "each packet has one verdict"
        );
    }

    fn next_frame(&mut self) -> Vec<u8> {
        self.origin = None;
        if self.rng.below(16) == 0 {
            return self.noise();
        }
        let recorded = !self.recorded.is_empty() && self.rng.below(2) == 0;
        let mut bytes = if recorded {
            let at = self.place(self.recorded.len());
            self.origin = Some(self.recorded[at].clone());
            self.recorded[at].clone()
        } else {
            self.valid_frame()
        };
        match self.rng.below(8) {
            // As it is: a forged frame that fits.
            0 | 1 => {}
            2 => bytes.truncate(self.place(bytes.len() + 1)),
            3 => {
                let more = self.noise();
                bytes.extend_from_slice(&more);
            }
            4 => {
                let other = self.valid_frame();
                let (a, b) = (self.place(bytes.len()), self.place(other.len()));
                bytes.truncate(a);
                bytes.extend_from_slice(&other[b..]);
            }
            5 => {
                // The body alone: what is behind a header that is right.
                let body = bytes.len().saturating_sub(HEADER_LEN).max(1);
                let at = (HEADER_LEN + self.place(body)).min(bytes.len() - 1);
                bytes[at] = self.extreme();
            }
            _ => {
                for _ in 0..=self.rng.below(4) {
                    let at = self.place(bytes.len());
                    bytes[at] ^= 1 << self.rng.below(8);
                }
            }
        }
        bytes
    }

    fn place(&mut self, len: usize) -> usize {
        usize::try_from(self.rng.below(len as u64)).expect("a place in a frame")
    }

    fn extreme(&mut self) -> u8 {
        [0, 1, 0x7f, 0x80, 0xff][self.place(5)]
    }

    fn noise(&mut self) -> Vec<u8> {
        let len = self.rng.below(80);
        (0..len)
            .map(|_| self.rng.next_u64().to_le_bytes()[0])
            .collect()
    }

    fn valid_frame(&mut self) -> Vec<u8> {
        let kind = self.rng.below(15);
        let message = self.message(kind);
        let header = Header {
            session: [self.session, 0, self.rng.next_u32()][self.place(3)],
            sequence: self.rng.next_u32(),
            tag: [0; 8],
        };
        let mut buf = [0; MAX_FRAME];
        let len = message.encode(&header, &mut buf).expect("a valid message");
        buf[..len].to_vec()
    }

    /// None, one of the length that is right, or of another one.
    fn handshake(&mut self, right: usize) -> Handshake {
        let len = [0, right, self.place(Handshake::MAX)][self.place(3)];
        let octets: Vec<u8> = (0..len)
            .map(|_| self.rng.next_u64().to_le_bytes()[0])
            .collect();
        Handshake::new(&octets).expect("not longer than that")
    }

    fn span(&mut self) -> Duration {
        let spans = [0, 1, 400, 5_000, 20_000, u64::from(u32::MAX)];
        Duration::from_micros(spans[self.place(spans.len())])
    }

    fn backlog(&mut self) -> Backlog {
        let mut class = || {
            let packets = [0, 1, 9, u16::MAX][self.place(4)];
            ClassBacklog {
                packets,
                octets: u32::from(packets) * 1_500,
            }
        };
        Backlog {
            rt: class(),
            nrt: class(),
        }
    }

    fn key(&mut self) -> FlowKey {
        let way = [Direction::Up, Direction::Down][self.place(2)];
        let mut key = Source::voice(1, way).flow;
        if self.rng.below(4) == 0 {
            key.src_port = self.rng.next_u64().to_le_bytes()[0].into();
        }
        key
    }

    fn rule(&mut self) -> Option<u16> {
        [None, Some(0), Some(255)][self.place(3)]
    }

    fn direction(&mut self) -> Direction {
        [Direction::Up, Direction::Down, Direction::Both][self.place(3)]
    }

    fn stage(&mut self) -> LeaveStage {
        LeaveStage::ALL[self.place(3)]
    }

    fn message(&mut self, kind: u64) -> Message {
        let token = self
            .last_token
            .wrapping_add([0, 1, u32::MAX, 1 << 31][self.place(4)]);
        let rate = Rate([0, 10, 540, u16::MAX][self.place(4)]);
        match kind {
            0 => Message::Hello(Hello {
                epoch: [self.epoch, 0, self.rng.next_u32()][self.place(3)],
                mode: [CellMode::Free, CellMode::Token][self.place(2)],
                cycle: self.span(),
                cycle_number: self.rng.next_u32(),
                policy_version: [1, 2][self.place(2)],
            }),
            1 => Message::Register(Register {
                instance: [self.instance, 0, self.rng.next_u32()][self.place(3)],
                epoch: self.epoch,
                strategies: [0, Register::POLL | Register::BUNDLE, 0xff][self.place(3)],
                name: "mallory".try_into().expect("a short name"),
                handshake: self.handshake(handshake::FIRST),
            }),
            2 => Message::RegisterAck(RegisterAck {
                instance: self.instance,
                session: [self.session, 0, self.rng.next_u32()][self.place(3)],
                status: [
                    RegisterStatus::Accepted,
                    RegisterStatus::Full,
                    RegisterStatus::UnsupportedStrategy,
                    RegisterStatus::KeyRequired,
                    RegisterStatus::WrongKey,
                ][self.place(5)],
                phy: Phy {
                    kind: PhyKind::DsssLong,
                    wmm: false,
                },
                policy_version: [1, 2][self.place(2)],
                cycle: self.span(),
                silent_cycles: self.extreme(),
                turn: [Turn::Paired, Turn::Burst][self.place(2)],
                strategies: [Register::POLL, Register::POLL | Register::BUNDLE, 0xff]
                    [self.place(3)],
                handshake: self.handshake(handshake::SECOND),
            }),
            3 => {
                let mut rule = voice_rule();
                rule.promise.packet = [0, 1, u16::MAX][self.place(3)];
                rule.promise.rate = [0, 1, u32::MAX][self.place(3)];
                Message::Policy(Policy {
                    version: [1, 2][self.place(2)],
                    index: 0,
                    count: 1 + self.extreme() % 4,
                    rules: vec![rule],
                })
            }
            4 => Message::Reserve(Reserve {
                op: [ReserveOp::Open, ReserveOp::Close][self.place(2)],
                rule: self.rule(),
                key: self.key(),
                direction: self.direction(),
                promise: voice_rule().promise,
            }),
            5 => Message::Reserved(Reserved {
                outcome: [Decision::Granted, Decision::Released][self.place(2)],
                rule: self.rule(),
                key: self.key(),
                direction: self.direction(),
                rate: self.rng.next_u32(),
                largest: self.rng.next_u32(),
                shape: None,
            }),
            6 => Message::Token(self.grant(token, rate)),
            7 => Message::Return(self.answer(token, rate)),
            8 => Message::Data(self.data(token, rate)),
            9 => {
                let station = station(1 + u8::try_from(self.place(3)).expect("a small number"));
                let slots = (0..self.place(Schedule::MAX_SLOTS)).map(|_| Slot {
                    station,
                    offset: self.span(),
                    rt: self.span(),
                    nrt: self.span(),
                    valid: self.span(),
                    rate,
                });
                Message::Schedule(Schedule {
                    token,
                    cycle_number: 0,
                    slots: slots.collect(),
                })
            }
            10 => Message::Request(Request {
                backlog: self.backlog(),
                rate,
            }),
            11 => Message::Leave(Leave {
                stage: self.stage(),
                sequence: [self.asked, self.asked.wrapping_add(1), 0][self.place(3)],
                candidate: CANDIDATE,
            }),
            12 => Message::Go(Go {
                stage: self.stage(),
                sequence: [self.asked, 0][self.place(2)],
                outcome: GoOutcome::ALL[self.place(4)],
                largest: self.rng.next_u32(),
                reason: ["", "full"][self.place(2)]
                    .try_into()
                    .expect("a short reason"),
            }),
            13 => Message::Seen(Seen {
                from: CANDIDATE,
                digests: vec![self.rng.next_u32(); self.place(Seen::MAX)],
            }),
            14 => {
                let one = Neighbour {
                    bssid: CANDIDATE,
                    frequency: 5_180,
                };
                Message::Neighbours(Neighbours(vec![one; self.place(Neighbours::MAX)]))
            }
            _ => Message::Bye(Bye {
                reason: [ByeReason::Stopping, ByeReason::Leaving][self.place(2)],
            }),
        }
    }
}

impl Bench {
    fn grant(&mut self, token: u32, rate: Rate) -> Token {
        Token {
            token,
            probe: self.rng.below(2) == 0,
            cycle_number: self.rng.next_u32(),
            rt: self.span(),
            nrt: self.span(),
            valid: self.span(),
            rate,
        }
    }

    fn answer(&mut self, token: u32, rate: Rate) -> Return {
        Return {
            token,
            used_rt: self.span(),
            used_nrt: self.span(),
            sent_rt: [0, 1][self.place(2)],
            sent_nrt: u16::MAX,
            backlog: self.backlog(),
            rate,
            refused: self.rng.below(2) == 0,
            oldest: self.span(),
            newest: self.span(),
        }
    }

    /// With a token, a return, both or nothing, and some packets.
    fn data(&mut self, token: u32, rate: Rate) -> Data {
        let mut packets = Packets::default();
        for _ in 0..self.rng.below(4) {
            let octets = [1, 200, 640][self.place(3)];
            let _ = packets.push(&vec![0; octets]);
        }
        let (has_token, has_answer) = (self.rng.below(2) == 0, self.rng.below(2) == 0);
        Data {
            token: has_token.then(|| self.grant(token, rate)),
            answer: has_answer.then(|| self.answer(token, rate)),
            packets,
        }
    }
}

/// Drains a core as its driver does; counts verdicts.
fn drain<M: Machine>(core: &mut M, verdicts: &mut u64) -> Vec<Vec<u8>> {
    while core.poll_release().is_some() {
        *verdicts += 1;
    }
    let mut frames = Vec::new();
    let mut buf = [0; MAX_FRAME];
    while let Some(transmit) = core.poll_transmit(&mut buf) {
        frames.push(buf[..transmit.len].to_vec());
    }
    while core.poll_delivery().is_some() {}
    while core.poll_event().is_some() {}
    frames
}
