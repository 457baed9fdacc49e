//! Samples and helpers for the tests of the wire format.

mod arbitrary;
mod errors;
mod golden;
mod hostile;
mod policy;
mod text;

use std::vec::Vec;

use super::*;
use crate::airtime::{Phy, PhyKind, Rate, Turn};
use crate::flow::FlowKey;
use crate::policy::{Direction, Match, PortRange, Prefix, Promise, Rank, Rule};
use crate::time::Duration;

/// The header of every hand-made frame.
const HEADER: Header = Header {
    session: 0x0a0b_0c0d,
    sequence: 0x0102_0304,
    tag: [0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18],
};

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

/// A frame put together without the code under test: [`HEADER`] and `body`.
fn frame(message_type: u8, body: &[u8]) -> Vec<u8> {
    let mut frame = std::vec![1, message_type];
    frame.extend(u16::try_from(body.len()).unwrap().to_be_bytes());
    frame.extend(hex("0a0b0c0d 01020304 1112131415161718"));
    frame.extend(body);
    frame
}

/// Replaces the length field by what the frame really holds.
fn fix_length(frame: &mut [u8]) {
    let length = u16::try_from(frame.len() - HEADER_LEN).unwrap();
    frame[2..4].copy_from_slice(&length.to_be_bytes());
}

fn encode(header: &Header, message: &Message) -> Vec<u8> {
    let mut buf = [0; MAX_FRAME];
    let len = message.encode(header, &mut buf).unwrap();
    buf[..len].to_vec()
}

const fn micros(micros: u64) -> Duration {
    Duration::from_micros(micros)
}

/// The longest span that the format carries.
const LONGEST: Duration = micros(u32::MAX as u64);

fn v4_flow() -> FlowKey {
    FlowKey {
        src: [10, 0, 0, 2].into(),
        dst: [192, 168, 1, 9].into(),
        protocol: 17,
        src_port: 0x1234,
        dst_port: 0x5678,
        dscp: 46,
    }
}

fn v6_flow() -> FlowKey {
    FlowKey {
        src: "2001:db8::1".parse().unwrap(),
        dst: "2001:db8::2".parse().unwrap(),
        protocol: 6,
        src_port: 1,
        dst_port: 0xffff,
        dscp: 63,
    }
}

fn full_rule() -> Rule {
    Rule {
        name: "voice".into(),
        matches: Match {
            station: Some(crate::mac::MacAddr([2, 0, 0, 0, 1, 0])),
            direction: Direction::Up,
            protocol: Some(17),
            station_ip: Some(Prefix {
                addr: [10, 0, 0, 0].into(),
                bits: 8,
            }),
            remote_ip: Some(Prefix {
                addr: "2001:db8::".parse().unwrap(),
                bits: 128,
            }),
            port: Some(PortRange {
                first: 0x0102,
                last: 0x0304,
            }),
            station_port: Some(PortRange { first: 5, last: 5 }),
            remote_port: Some(PortRange {
                first: 0,
                last: 0xffff,
            }),
            dscp: Some(46),
        },
        promise: Promise {
            rate: 0x0001_5f90,
            packet: 200,
            delay: micros(20_000),
        },
        idle: Duration::from_millis(30_000),
        remark: None,
        rank: Rank {
            priority: 7,
            min_rate: Some(40_000),
        },
    }
}

fn backlog() -> Backlog {
    Backlog {
        rt: ClassBacklog {
            packets: 0x0102,
            octets: 0x0304_0506,
        },
        nrt: ClassBacklog {
            packets: 0x0708,
            octets: 0x090a_0b0c,
        },
    }
}

const FULL_CLASS: ClassBacklog = ClassBacklog {
    packets: u16::MAX,
    octets: u32::MAX,
};
