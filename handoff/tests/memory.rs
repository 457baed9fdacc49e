//! What is known of stations has bounds: on the wire, and in memory.
#![allow(
    unsafe_code,
    reason = "a global allocator that counts can only be written so"
)]
#![allow(clippy::unwrap_used, reason = "helpers of tests panic like tests")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use rether_handoff::anchor::{AnyAnchor, HostRoute};
use rether_handoff::ap::{Ap, ApConfig, ApInput, CaughtId};
use rether_handoff::context::{Address, Context, Learnt, Lease, Promised};
use rether_handoff::frame::Frame;
use rether_handoff::id::{ApId, Epoch};
use rether_handoff::message::{Body, Message};
use rether_handoff::wire::MAX_MESSAGE;
use rether_proto::flow::FlowKey;
use rether_proto::mac::MacAddr;
use rether_proto::policy::{Direction, Promise, Rank};
use rether_proto::time::{Duration, Instant};

thread_local! {
    static LIVE: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: hands everything to the system's allocator as it came; counting allocates nothing, as
// the counter is a thread-local `Cell` without destructor.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.set(LIVE.get().wrapping_add(layout.size()));
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.set(LIVE.get().wrapping_sub(layout.size()));
        // SAFETY: the caller keeps the contract of `dealloc`, and `pointer` is from `System`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const NOW: Instant = Instant::from_nanos(1_000_000_000);

fn station(n: u16) -> MacAddr {
    let [high, low] = n.to_be_bytes();
    MacAddr([2, 0, 0, 9, high, low])
}

/// All that may be known of a station, and as much of each as may be.
fn fullest(n: u16) -> Context {
    let until = NOW + Duration::from_secs(3600);
    let [high, low] = n.to_be_bytes();
    let v4 = |kind: u8| IpAddr::from([10, kind, high, low]);
    let v6 = |kind: u8| {
        let end = u16::from_be_bytes([high, low]);
        IpAddr::V6(Ipv6Addr::new(0xfd00, 1, 2, 3, 4, 5, kind.into(), end))
    };
    let address = |ip| Address {
        ip,
        learnt: Learnt::Heard,
        until,
    };
    let addresses = (0..8).flat_map(|kind| [address(v4(kind)), address(v6(kind))]);
    let promised = |port: u16| Promised {
        key: FlowKey {
            src: v6(1),
            dst: v6(200),
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
        rank: Rank {
            min_rate: Some(1),
            ..Rank::default()
        },
        idle: Duration::from_secs(5),
    };
    let host = Ipv4Addr::new(10, 0, 0, 1);
    Context {
        addresses: addresses.collect(),
        lease: Some(Lease {
            address: Ipv4Addr::new(10, 0, high, low),
            server: host,
            relay: host,
            router: host,
            mask: host,
            until,
        }),
        promises: (0..8).map(|n| promised(5000 + n)).collect(),
        groups: (0..16).map(v6).collect(),
        agent: true,
    }
}

fn push(n: u16, from: ApId) -> Message {
    Message {
        station: station(n),
        from,
        epoch: Epoch(1),
        id: n.into(),
        body: Body::Push(fullest(n)),
    }
}

fn ap() -> Ap<AnyAnchor> {
    let own = ApId(1);
    let anchor = AnyAnchor::HostRoute(HostRoute::new(own));
    let mut ap = Ap::new(ApConfig::new(own), anchor, 0, NOW);
    for id in 2..=5 {
        let (id, up) = (ApId(id), true);
        ap.handle(NOW, ApInput::Peer { id, up });
    }
    ap
}

fn drain(ap: &mut Ap<AnyAnchor>) {
    while ap.poll().is_some() {}
}

#[test]
fn the_fullest_context_is_one_datagram() {
    let mut buf = [0; MAX_MESSAGE];
    let mut empty = push(7, ApId(2));
    let full = empty.encode(NOW, &mut buf).unwrap();
    empty.body = Body::Push(Context::default());
    let header = empty.encode(NOW, &mut buf).unwrap();
    let octets = full - header;
    println!("the fullest context has {octets} octets");
    assert!((800..=Context::MAX_OCTETS).contains(&octets), "{octets}");
}

#[test]
fn a_thousand_stations_of_four_neighbours_fit() {
    let before = LIVE.get();
    let mut ap = ap();
    for n in 0..1000 {
        ap.handle(NOW, ApInput::Message(push(n, ApId(2 + n % 4))));
        drain(&mut ap);
    }
    let live = LIVE.get().wrapping_sub(before);
    println!("{live} octets for 1000 stations, each with the fullest context");
    assert!((1_000_000..=8_000_000).contains(&live), "{live}");
}

#[test]
fn pens_hold_no_more_than_they_may() {
    let before = LIVE.get();
    let mut ap = ap();
    let config = ApConfig::new(ApId(1));
    for n in 0..40 {
        ap.handle(NOW, ApInput::Authorised(station(n)));
        ap.handle(NOW, ApInput::Receives(station(n)));
        for id in 2..=5 {
            let (to, station) = (ApId(id), station(n));
            let what = rether_handoff::ap::Request::Arrived;
            ap.handle(NOW, ApInput::GaveUp { to, station, what });
        }
        assert!(ap.serves(station(n)).is_some());
        ap.handle(NOW, ApInput::Left(station(n)));
        drain(&mut ap);
        let of_others = ap.penned();
        for packet in 0..2000 {
            let frame = Frame {
                source: MacAddr([2; 6]),
                ether_type: 0x0800,
                payload: vec![0; 1400],
            };
            let caught = ApInput::Caught {
                station: station(n),
                id: CaughtId(packet),
                frame,
            };
            ap.handle(NOW, caught);
            drain(&mut ap);
        }
        assert!(ap.penned() - of_others <= config.pen.station);
        assert!(ap.penned() <= config.pens);
    }
    // 40 times 2.9 MB came; the site of all pens is full, but for less than a packet.
    assert!(ap.penned() > config.pens - 3_000, "{}", ap.penned());
    let live = LIVE.get().wrapping_sub(before);
    println!("{live} octets for pens with {}", ap.penned());
    assert!(live < config.pens + config.pens / 4, "{live}");
}
