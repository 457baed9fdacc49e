//! A saturated cell around the shipped coordinator.

use std::collections::BTreeMap;

use rether_proto::airtime::Rate;
use rether_proto::coordinator::{Coordinator, CoordinatorCommand, CoordinatorConfig};
use rether_proto::mac::MacAddr;
use rether_proto::machine::{Input, Machine, Packet, PacketId};
use rether_proto::policy::Direction;
use rether_proto::time::{Duration, Instant};
use rether_proto::wire::{
    Backlog, ClassBacklog, Header, MAX_FRAME, Message, Register, Request, Reserve, ReserveOp,
    Return,
};

use crate::samples::{PHY, PROMISE, policy, uplink};

/// A coordinator and stations that answer each token at once with all of it used.
#[derive(Clone, Debug)]
pub struct Cell {
    coordinator: Coordinator,
    now: Instant,
    sessions: BTreeMap<MacAddr, u32>,
    next_packet: u64,
    /// Tokens that were answered.
    pub tokens: u64,
}

const FULL: Backlog = Backlog {
    rt: ClassBacklog {
        packets: 0,
        octets: 0,
    },
    nrt: ClassBacklog {
        packets: 1_000,
        octets: 1_500_000,
    },
};

/// The address of station `n`.
#[must_use]
pub const fn station(n: u8) -> MacAddr {
    MacAddr([2, 0, 0, 0, 1, n])
}

impl Cell {
    /// A cell of so many stations, each with a full uplink queue and a hundred packets that wait at
    /// the AP; so many of them have a reservation, as far as they fit.
    #[must_use]
    pub fn saturated(stations: u8, reserved: u8) -> Self {
        let now = Instant::from_nanos(1_000_000_000);
        let config = CoordinatorConfig {
            cycle: Duration::from_millis(100),
            ..CoordinatorConfig::new(PHY, Rate(540))
        };
        let mut cell = Self {
            coordinator: Coordinator::new(config, policy(1), 1, now),
            now,
            sessions: BTreeMap::new(),
            next_packet: 0,
            tokens: 0,
        };
        for n in 1..=stations {
            let joined = CoordinatorCommand::StationJoined(station(n));
            cell.input(Input::Command(joined));
            let register = Register {
                instance: n.into(),
                epoch: 0,
                strategies: Register::POLL,
                name: rether_proto::wire::AgentName::default(),
                handshake: rether_proto::wire::Handshake::NONE,
            };
            cell.frame(station(n), &Message::Register(register));
        }
        for n in 1..=stations {
            let reserve = Reserve {
                op: ReserveOp::Open,
                rule: Some(0),
                key: uplink(n, 5_000),
                direction: Direction::Both,
                promise: PROMISE,
            };
            if n <= reserved {
                cell.frame(station(n), &Message::Reserve(reserve));
            }
            let (backlog, rate) = (FULL, Rate(540));
            cell.frame(station(n), &Message::Request(Request { backlog, rate }));
        }
        for _ in 0..100 {
            (1..=stations).for_each(|n| cell.packet(n));
        }
        cell
    }

    /// One packet comes down for station `n`.
    pub fn packet(&mut self, n: u8) {
        self.next_packet += 1;
        self.input(Input::Packet(Packet {
            id: PacketId(self.next_packet),
            station: station(n),
            len: 1_500,
            flow: uplink(n, 80).reversed(),
        }));
    }

    /// Runs one whole cycle: time jumps from wake-up to wake-up.
    pub fn cycle(&mut self) {
        let cycles = self.cycles();
        while self.cycles() == cycles {
            let (at, _) = self.coordinator.poll_timeout().expect("cycles go on");
            self.now = self.now.max(at);
            self.input(Input::Timeout);
        }
    }

    fn cycles(&self) -> u64 {
        self.coordinator.stats().cycles
    }

    fn input(&mut self, input: Input<'_, CoordinatorCommand>) {
        let _ = self.coordinator.handle(self.now, input);
        self.drain();
    }

    fn frame(&mut self, from: MacAddr, message: &Message) {
        let header = Header {
            session: self.sessions.get(&from).copied().unwrap_or(0),
            ..Header::default()
        };
        let mut buf = [0; MAX_FRAME];
        let len = message.encode(&header, &mut buf).expect("it fits");
        let bytes = &buf[..len];
        let _ = self
            .coordinator
            .handle(self.now, Input::Frame { from, bytes });
    }

    fn drain(&mut self) {
        let mut buf = [0; MAX_FRAME];
        loop {
            while self.coordinator.poll_release().is_some() {}
            let Some(sent) = self.coordinator.poll_transmit(&mut buf) else {
                break;
            };
            match Message::decode(&buf[..sent.len]) {
                Ok((header, Message::RegisterAck(_))) => {
                    self.sessions.insert(sent.to, header.session);
                }
                Ok((_, Message::Token(token))) => {
                    self.tokens += 1;
                    let answer = Return {
                        token: token.token,
                        used_rt: token.rt,
                        used_nrt: token.nrt,
                        sent_rt: 1,
                        sent_nrt: 1,
                        backlog: FULL,
                        rate: Rate(540),
                        refused: false,
                        oldest: Duration::ZERO,
                        newest: Duration::ZERO,
                    };
                    if let Some(handle) = sent.handle {
                        let sent = Input::Sent {
                            handle,
                            acked: true,
                        };
                        let _ = self.coordinator.handle(self.now, sent);
                    }
                    self.frame(sent.to, &Message::Return(answer));
                }
                _ => {}
            }
        }
        while self.coordinator.poll_event().is_some() {}
    }
}
