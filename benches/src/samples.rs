//! Policies, flows and one message of each type.

use std::net::{IpAddr, Ipv4Addr};

use rether_proto::airtime::{Phy, PhyKind, Rate, Turn};
use rether_proto::flow::FlowKey;
use rether_proto::policy::{Direction, Match, PolicyTable, PortRange, Promise, Rank, Rule};
use rether_proto::time::Duration;
use rether_proto::wire::{
    Backlog, Bye, ByeReason, CellMode, ClassBacklog, Data, Hello, Message, Outcome, Packets,
    Policy, Register, RegisterAck, RegisterStatus, Request, Reserve, ReserveOp, Reserved, Return,
    Schedule, Slot, Token,
};

/// 802.11a.
pub const PHY: Phy = Phy {
    kind: PhyKind::Ofdm,
    wmm: false,
};

/// UDP of station `n` on `port`, as the station sends it.
#[must_use]
pub const fn uplink(n: u8, port: u16) -> FlowKey {
    FlowKey {
        src: IpAddr::V4(Ipv4Addr::new(10, 0, 0, n)),
        dst: IpAddr::V4(Ipv4Addr::new(10, 0, 1, 1)),
        protocol: 17,
        src_port: port,
        dst_port: port,
        dscp: 0,
    }
}

/// So many rules, each for one port from 5000 on.
#[must_use]
pub fn policy(rules: u16) -> PolicyTable {
    let rule = |n: u16| Rule {
        name: format!("rule-{n}"),
        matches: Match {
            protocol: Some(17),
            port: PortRange::new(5_000 + n, 5_000 + n).ok(),
            ..Match::default()
        },
        promise: PROMISE,
        idle: Duration::from_secs(10),
        remark: None,
        rank: Rank::default(),
    };
    PolicyTable {
        version: 1,
        rules: (0..rules).map(rule).collect(),
    }
}

/// A thin stream, of which a cell has room for many.
pub const PROMISE: Promise = Promise {
    rate: 8_000,
    packet: 100,
    delay: Duration::from_millis(100),
};

/// One message of each type, with its name.
#[must_use]
pub fn messages() -> Vec<(&'static str, Message)> {
    let class = ClassBacklog {
        packets: 12,
        octets: 18_000,
    };
    let backlog = Backlog {
        rt: class,
        nrt: class,
    };
    let (rate, key, span) = (Rate(540), uplink(1, 5_000), Duration::from_micros(400));
    let rules = policy(8).rules;
    let token = Token {
        token: 1,
        probe: false,
        cycle_number: 1,
        rt: span,
        nrt: span,
        valid: span,
        rate,
    };
    let slot = Slot {
        station: crate::cell::station(1),
        offset: span,
        rt: span,
        nrt: span,
        valid: span,
        rate,
    };
    let mut packets = Packets::default();
    for _ in 0..2 {
        assert!(packets.push(&[0; 200]), "a frame has room for two");
    }
    vec![
        (
            "hello",
            Message::Hello(Hello {
                epoch: 1,
                mode: CellMode::Token,
                cycle: span,
                cycle_number: 1,
                policy_version: 1,
            }),
        ),
        (
            "register",
            Message::Register(Register {
                instance: 1,
                epoch: 1,
                strategies: Register::POLL,
                name: rether_proto::wire::AgentName::default(),
                handshake: rether_proto::wire::Handshake::NONE,
            }),
        ),
        (
            "register-ack",
            Message::RegisterAck(RegisterAck {
                instance: 1,
                session: 1,
                status: RegisterStatus::Accepted,
                phy: PHY,
                policy_version: 1,
                cycle: span,
                silent_cycles: 2,
                turn: Turn::Paired,
                strategies: Register::POLL | Register::BUNDLE,
                handshake: rether_proto::wire::Handshake::NONE,
            }),
        ),
        (
            "policy-of-8",
            Message::Policy(Policy {
                version: 1,
                index: 0,
                count: 1,
                rules,
            }),
        ),
        (
            "reserve",
            Message::Reserve(Reserve {
                op: ReserveOp::Open,
                rule: Some(0),
                key,
                direction: Direction::Both,
                promise: PROMISE,
            }),
        ),
        (
            "reserved",
            Message::Reserved(Reserved {
                outcome: Outcome::Granted,
                rule: Some(0),
                key,
                direction: Direction::Both,
                rate: 8_000,
                largest: 0,
                shape: None,
            }),
        ),
        ("token", Message::Token(token)),
        (
            "return",
            Message::Return(Return {
                token: 1,
                used_rt: span,
                used_nrt: span,
                sent_rt: 1,
                sent_nrt: 1,
                backlog,
                rate,
                refused: false,
                oldest: span,
                newest: span,
            }),
        ),
        (
            "schedule-of-8",
            Message::Schedule(Schedule {
                token: 1,
                cycle_number: 1,
                slots: vec![slot; 8],
            }),
        ),
        (
            "data-of-2",
            Message::Data(Data {
                token: Some(token),
                answer: None,
                packets,
            }),
        ),
        ("request", Message::Request(Request { backlog, rate })),
        (
            "bye",
            Message::Bye(Bye {
                reason: ByeReason::Stopping,
            }),
        ),
    ]
}
