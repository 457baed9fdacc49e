//! A station: its radio, its gate, its flow.

use std::collections::VecDeque;

use std::net::IpAddr;

use rether_handoff::ap::{Answer, Stage};
use rether_handoff::context::{Address, Context, Learnt, Lease, Promised};
use rether_handoff::station::{Outcome, Station, StationConfig, Steer};
use rether_proto::flow::FlowKey;
use rether_proto::mac::MacAddr;
use rether_proto::policy::{Direction, Promise, Rank};
use rether_proto::time::{Duration, Instant};

use super::ledger::Stream;
use super::plan::{self, Plan, Room};

/// In the number of a packet: it is of the bulk.
pub(super) const BULK: u32 = 1 << 31;

/// So many digests of received packets are kept for an access point that asks.
pub(super) const DIGESTS: usize = 128;

pub(super) struct Client {
    pub(super) mac: MacAddr,
    /// What is known of it where it is.
    pub(super) context: Context,
    pub(super) machine: Station,
    /// Where its radio is.
    pub(super) at: Option<usize>,
    /// Its access point has its keys.
    pub(super) keyed: bool,
    /// Its packets pass there.
    pub(super) authorised: bool,
    /// Where packets to it go.
    pub(super) address: IpAddr,
    /// How many addresses it has had.
    pub(super) kind: u8,
    /// Which switch of its radio is under way; earlier ones are void.
    pub(super) turn: u32,
    pub(super) shut: bool,
    pub(super) held: VecDeque<u32>,
    pub(super) down: Stream,
    pub(super) up: Stream,
    /// Bulk to it.
    pub(super) bulk: Stream,
    pub(super) digests: VecDeque<u32>,
    /// What it asks its access point, until that is answered.
    pub(super) asking: Option<(Stage, usize)>,
    pub(super) moves_left: u16,
    /// For where its access point let it go.
    pub(super) let_go: Option<usize>,
    /// Where it really goes, whatever it said.
    pub(super) detour: Option<usize>,
    /// It goes where not all of its promises are kept, and its user was not told.
    pub(super) untold: bool,
}

impl Client {
    pub(super) fn new(number: u16, plan: &Plan, now: Instant) -> Self {
        let [high, low] = number.to_be_bytes();
        let steer = match plan.client {
            plan::Client::Lead => Steer::Lead,
            _ => Steer::Assist,
        };
        let config = StationConfig {
            steer,
            answer: Duration::from_millis(60),
            stay: Duration::ZERO,
            ..StationConfig::default()
        };
        Self {
            mac: MacAddr([2, 0, 0, 9, high, low]),
            context: context(number, plan),
            machine: Station::new(config, now),
            at: None,
            keyed: false,
            authorised: false,
            address: address(number, 0, plan.faults.ipv6),
            kind: 0,
            turn: 0,
            shut: false,
            held: VecDeque::new(),
            down: Stream::default(),
            up: Stream::default(),
            bulk: Stream::default(),
            digests: VecDeque::new(),
            asking: None,
            moves_left: plan.moves,
            let_go: None,
            detour: None,
            untold: false,
        }
    }

    /// The stream down to it that a packet is of, and the packet's number there.
    pub(super) fn stream(&mut self, number: u32) -> (&mut Stream, u32) {
        match number & BULK {
            0 => (&mut self.down, number),
            _ => (&mut self.bulk, number & !BULK),
        }
    }

    /// A packet to it ended before it was there.
    pub(super) fn ended(&mut self, number: u32, how: &'static str) {
        let (stream, number) = self.stream(number);
        stream.ended(number, how);
    }

    pub(super) fn receive(&mut self, now: Instant, number: u32) {
        let (stream, of_stream) = self.stream(number);
        stream.receive(now, of_stream);
        self.digests.push_back(number);
        if self.digests.len() > DIGESTS {
            self.digests.pop_front();
        }
    }
}

/// The BSSID of an access point, by its place.
pub(super) fn bssid(place: usize) -> MacAddr {
    let [high, low] = u16::try_from(place).unwrap_or(u16::MAX).to_be_bytes();
    MacAddr([2, 0, 0, 1, high, low])
}

/// An access point's place, by its BSSID.
pub(super) fn place(bssid: MacAddr) -> usize {
    usize::from(u16::from_be_bytes([bssid.0[4], bssid.0[5]]))
}

/// An access point's answer as the agent hears it.
pub(super) fn outcome(answer: &Answer) -> Outcome {
    match answer {
        Answer::Ready => Outcome::Ready,
        Answer::Partial(admission) => Outcome::Partial(admission.reason.clone()),
        Answer::Refused(admission) => Outcome::Refused(admission.reason.clone()),
        Answer::Unavailable => Outcome::Unavailable,
    }
}

/// The `kind`th address of a station; 0 is the one in use.
pub(super) fn address(number: u16, kind: u8, ipv6: bool) -> IpAddr {
    let [high, low] = number.to_be_bytes();
    if ipv6 {
        let mut octets = [0; 16];
        octets[..2].copy_from_slice(&[0xfd, 1]);
        octets[13..].copy_from_slice(&[kind, high, low]);
        octets.into()
    } else {
        [10, 1 + kind, high, low].into()
    }
}

/// Whose address that is.
pub(super) fn whose(ip: IpAddr) -> usize {
    let (high, low) = match ip {
        IpAddr::V4(ip) => (ip.octets()[2], ip.octets()[3]),
        IpAddr::V6(ip) => (ip.octets()[14], ip.octets()[15]),
    };
    usize::from(u16::from_be_bytes([high, low]))
}

/// What is known of a station that has not moved yet.
fn context(number: u16, plan: &Plan) -> Context {
    let faults = plan.faults;
    let long = Instant::ZERO + Duration::from_secs(3600);
    let others = (1..=faults.addresses)
        .flat_map(|kind| [false, true].map(|ipv6| address(number, kind, ipv6)));
    let ips = [address(number, 0, faults.ipv6)].into_iter().chain(others);
    let addresses: Vec<_> = ips
        .map(|ip| Address {
            ip,
            learnt: Learnt::Heard,
            until: long,
        })
        .collect();
    let promises = if faults.room == Room::Partial { 2 } else { 1 };
    let promised = |port: u16| Promised {
        key: FlowKey {
            src: addresses[0].ip,
            dst: address(u16::MAX, 0, faults.ipv6),
            protocol: 17,
            src_port: port,
            dst_port: port,
            dscp: 46,
        },
        direction: Direction::Both,
        promise: Promise {
            rate: 88_000,
            packet: 200,
            delay: Duration::from_millis(20),
        },
        rank: Rank::default(),
        idle: Duration::from_secs(5),
    };
    Context {
        promises: (0..promises).map(|n| promised(5004 + 2 * n)).collect(),
        groups: (0..faults.groups).map(|n| [239, 0, 0, n].into()).collect(),
        agent: plan.client != plan::Client::Plain,
        lease: None,
        addresses,
    }
}

/// A lease of the address in use, if it is one that DHCP leases.
pub(super) fn lease(context: &Context, until: Instant) -> Option<Lease> {
    let IpAddr::V4(address) = context.addresses.first()?.ip else {
        return None;
    };
    let server = [10, 1, 0, 1].into();
    Some(Lease {
        address,
        server,
        relay: server,
        router: server,
        mask: [255, 255, 0, 0].into(),
        until,
    })
}
