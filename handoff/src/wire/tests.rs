//! Samples and helpers for the tests of the format.

mod arbitrary;
mod context;
mod errors;
mod golden;
mod hostile;

use std::vec::Vec;

use rether_proto::flow::FlowKey;
use rether_proto::policy::{Direction, Promise, Rank};
use rether_proto::time::Duration;

use super::*;
use crate::context::{Address, Context, Learnt, Lease, Promised};
use crate::message::Claim;

/// When every message of these tests is sent and received.
const NOW: Instant = Instant::from_nanos(7_000_000_000_123);

/// Octets from hexadecimal text; blanks do not count.
fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text
        .bytes()
        .filter(|octet| !octet.is_ascii_whitespace())
        .collect();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(core::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

/// A message put together without the code under test.
fn octets(kind: u8, body: &str) -> Vec<u8> {
    let mut octets = std::vec![1, kind];
    octets.extend(hex("0000 020000000101 0a0b 0102030405060708 11121314"));
    octets.extend(hex(body));
    octets
}

/// The same as a value.
fn message(body: Body) -> Message {
    Message {
        station: MacAddr([2, 0, 0, 0, 1, 1]),
        from: ApId(0x0a0b),
        epoch: Epoch(0x0102_0304_0506_0708),
        id: 0x1112_1314,
        body,
    }
}

fn encode(message: &Message) -> Vec<u8> {
    let mut buf = [0; MAX_MESSAGE];
    let len = message.encode(NOW, &mut buf).unwrap();
    buf[..len].to_vec()
}

fn in_millis(millis: u64) -> Instant {
    NOW + Duration::from_millis(millis)
}

fn promised() -> Promised {
    Promised {
        key: FlowKey {
            src: [10, 0, 0, 2].into(),
            dst: [192, 168, 1, 9].into(),
            protocol: 17,
            src_port: 0x1234,
            dst_port: 0x5678,
            dscp: 46,
        },
        direction: Direction::Both,
        promise: Promise {
            rate: 90_000,
            packet: 200,
            delay: Duration::from_micros(20_000),
        },
        rank: Rank {
            priority: 7,
            min_rate: Some(40_000),
        },
        idle: Duration::from_millis(30_000),
    }
}

fn lease() -> Lease {
    Lease {
        address: [10, 0, 0, 2].into(),
        server: [10, 0, 0, 1].into(),
        relay: [10, 0, 0, 3].into(),
        router: [10, 0, 0, 4].into(),
        mask: [255, 255, 0, 0].into(),
        until: in_millis(3_600_000),
    }
}

fn heard(ip: &str) -> Address {
    Address {
        ip: ip.parse().unwrap(),
        learnt: Learnt::Heard,
        until: in_millis(1_000),
    }
}

fn full_context() -> Context {
    Context {
        addresses: std::vec![
            Address {
                learnt: Learnt::Dhcp,
                until: in_millis(0x0102_0304),
                ..heard("10.0.0.2")
            },
            Address {
                learnt: Learnt::HomeAgent,
                ..heard("10.9.0.2")
            },
            heard("fe80::1"),
        ],
        lease: Some(lease()),
        promises: std::vec![promised()],
        groups: std::vec!["224.0.1.1".parse().unwrap(), "ff05::2".parse().unwrap()],
        agent: true,
    }
}
