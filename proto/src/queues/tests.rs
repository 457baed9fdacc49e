use core::net::{IpAddr, Ipv4Addr};
use std::vec::Vec;

use super::*;
use crate::airtime::PhyKind;
use crate::mac::MacAddr;

const AIR: Air = Air {
    phy: Phy {
        kind: PhyKind::Ofdm,
        wmm: false,
    },
    turn: Turn::Paired,
    rate: Rate(540),
};
const HOUR: Duration = Duration::from_secs(3_600);
const NONE: [u64; 0] = [];
/// What of a full bucket's worth goes at once: 2 packets, the 800 bits of 100 ms, and 16,000 of 2 s
/// more.
const DEEP: u64 = 23;
/// 10 packets of 100 octets a second.
const PROMISE: Promise = Promise {
    rate: 8_000,
    packet: 100,
    delay: Duration::from_millis(100),
};

const fn at(ms: u64) -> Instant {
    Instant::from_nanos(ms * 1_000_000)
}

fn flow(port: u16) -> FlowKey {
    FlowKey {
        src: IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)),
        protocol: 17,
        src_port: port,
        ..FlowKey::UNKNOWN
    }
}

fn packet(id: u64, port: u16, len: u32) -> Packet {
    Packet {
        id: PacketId(id),
        station: MacAddr([2; 6]),
        len,
        flow: flow(port),
    }
}

/// Queues with one reserved flow, port 1.
fn queues(limit: usize) -> Queues {
    let mut queues = Queues::new(limit);
    queues.reserve(at(0), flow(1), PROMISE);
    queues
}

fn ids(verdicts: &mut VecDeque<Verdict>) -> Vec<u64> {
    let id = |verdict| match verdict {
        Verdict::Accept(id) | Verdict::Grant(id) | Verdict::Carry(id) => id.0,
        Verdict::Drop(id) => panic!("{id:?} dropped"),
    };
    verdicts.drain(..).map(id).collect()
}

fn rt(queues: &mut Queues, now: Instant, budget: Duration) -> Vec<u64> {
    let mut out = VecDeque::new();
    let spent = queues.release_rt(now, budget, AIR, None, &mut out);
    assert!(spent.airtime <= budget);
    assert_eq!(usize::from(spent.packets), out.len());
    ids(&mut out)
}

fn nrt(queues: &mut Queues, budget: Duration) -> Vec<u64> {
    let mut out = VecDeque::new();
    let spent = queues.release_nrt(at(0), budget, AIR, None, &mut out);
    assert!(spent.airtime <= budget);
    ids(&mut out)
}

#[test]
fn a_promise_covers_two_packets_its_delay_and_a_while_at_once() {
    let mut queues = queues(40);
    for id in 0..DEEP + 3 {
        queues.push(at(0), &packet(id, 1, 100)).unwrap();
    }
    assert!(rt(&mut queues, at(0), HOUR).into_iter().eq(0..DEEP));
    assert_eq!(rt(&mut queues, at(99), HOUR), NONE);
    assert_eq!(rt(&mut queues, at(100), HOUR), [DEEP]);
    assert_eq!(rt(&mut queues, at(10_000), HOUR), [DEEP + 1, DEEP + 2]);
}

#[test]
fn however_often_a_bucket_is_filled_no_rate_is_rounded_away() {
    let mut queues = queues(40);
    for id in 0..=DEEP {
        queues.push(at(0), &packet(id, 1, 100)).unwrap();
    }
    assert!(rt(&mut queues, at(0), HOUR).into_iter().eq(0..DEEP));
    // A packet is earned in 100 ms; look every 7 ns for the last microseconds.
    for ns in (99_999_000..99_999_999).step_by(7) {
        assert_eq!(rt(&mut queues, Instant::from_nanos(ns), HOUR), NONE);
    }
    assert_eq!(rt(&mut queues, at(100), HOUR), [DEEP]);
}

#[test]
fn a_packet_larger_than_the_bucket_passes_when_it_is_full() {
    let mut queues = queues(10);
    queues.push(at(0), &packet(0, 1, 3_000)).unwrap();
    queues.push(at(0), &packet(1, 1, 3_000)).unwrap();
    assert_eq!(rt(&mut queues, at(0), HOUR), [0]);
    assert_eq!(rt(&mut queues, at(2_299), HOUR), NONE);
    assert_eq!(rt(&mut queues, at(2_300), HOUR), [1]);
}

#[test]
fn what_is_beyond_the_promise_keeps_its_place_in_the_flow() {
    let mut queues = queues(40);
    queues.push(at(0), &packet(100, 2, 100)).unwrap();
    for id in 0..DEEP + 2 {
        queues.push(at(0), &packet(id, 1, 100)).unwrap();
    }
    assert!(rt(&mut queues, at(0), HOUR).into_iter().eq(0..DEEP));
    queues.push(at(100), &packet(DEEP + 2, 1, 100)).unwrap();
    // The excess goes before what came earlier but is best effort, and in its order.
    assert_eq!(nrt(&mut queues, HOUR), [DEEP, DEEP + 1, DEEP + 2, 100]);
}

#[test]
fn a_budget_is_never_overrun_and_used_to_the_last_packet() {
    let one = AIR.cost(100);
    let mut queues = queues(10);
    for id in 0..3 {
        queues.push(at(0), &packet(id, 1, 100)).unwrap();
        queues.push(at(0), &packet(10 + id, 2, 100)).unwrap();
    }
    assert_eq!(rt(&mut queues, at(0), one - Duration::from_nanos(1)), NONE);
    assert_eq!(rt(&mut queues, at(0), one), [0]);
    assert_eq!(rt(&mut queues, at(0), one * 2), [1, 2]);
    assert_eq!(nrt(&mut queues, one), [10]);
    assert_eq!(nrt(&mut queues, one * 2 - Duration::from_nanos(1)), [11]);
}

#[test]
fn each_queue_has_its_own_limit() {
    let mut queues = queues(2);
    for port in [1, 2] {
        for id in 0..2 {
            let id = id + 10 * u64::from(port);
            queues.push(at(0), &packet(id, port, 100)).unwrap();
        }
        let refused = queues.push(at(0), &packet(99, port, 100));
        // A reserved flow loses its newest packet, best effort the oldest of its largest flow.
        let lost = if port == 1 { 99 } else { 20 };
        assert_eq!(refused, Err(Verdict::Drop(PacketId(lost))));
    }
    assert_eq!(queues.dropped(), 2);
    assert_eq!(rt(&mut queues, at(0), HOUR), [10, 11]);
    assert_eq!(nrt(&mut queues, HOUR), [21, 99]);
    assert!(queues.is_empty());
}

#[test]
fn the_backlog_tells_what_is_covered_from_the_rest() {
    let mut queues = queues(40);
    queues.push(at(0), &packet(9, 2, 1_000)).unwrap();
    for id in 10..12 + DEEP {
        queues.push(at(0), &packet(id, 1, 100)).unwrap();
    }
    let class = |packets, octets| ClassBacklog { packets, octets };
    let expected = Backlog {
        rt: class(23, 2_300),
        nrt: class(3, 1_200),
    };
    // Asking changes nothing.
    assert_eq!(queues.backlog(at(0)), expected);
    assert_eq!(queues.backlog(at(0)), expected);
    assert_eq!(rt(&mut queues, at(0), HOUR).len(), 23);
    let left = queues.backlog(at(0));
    assert_eq!((left.rt, left.nrt), (class(0, 0), class(3, 1_200)));
}

#[test]
fn what_codel_drops_costs_no_airtime_and_is_counted() {
    let mut queues = Queues::new(10_000);
    let one = AIR.cost(1_500);
    let (mut out, mut sent) = (VecDeque::new(), 0);
    for ms in 0..2_000 {
        for id in [2 * ms, 2 * ms + 1] {
            queues.push(at(ms), &packet(id, 2, 1_500)).unwrap();
        }
        let spent = queues.release_nrt(at(ms), one, AIR, None, &mut out);
        assert_eq!(
            (spent.packets, spent.octets, spent.airtime),
            (1, 1_500, one)
        );
        sent += 1;
    }
    let drops = queues.codel_drops();
    assert!(drops > 50, "{drops}");
    assert_eq!(queues.dropped(), drops);
    assert_eq!(out.len() as u64, sent + drops);
    let waiting = u64::from(queues.backlog(at(2_000)).nrt.packets);
    assert_eq!(waiting, 4_000 - sent - drops);
}

#[test]
fn an_ended_reservation_keeps_its_packets() {
    let mut queues = queues(2);
    queues.push(at(0), &packet(10, 2, 100)).unwrap();
    queues.push(at(0), &packet(11, 2, 100)).unwrap();
    queues.push(at(0), &packet(0, 1, 100)).unwrap();
    queues.unreserve(flow(1));
    assert!(!queues.is_reserved(flow(1)));
    assert_eq!(queues.backlog(at(0)).nrt.octets, 300);
    assert_eq!(rt(&mut queues, at(0), HOUR), NONE);
    assert_eq!(nrt(&mut queues, HOUR), [10, 11, 0]);
}

/// The first packets of a call waited in the best-effort queue; the later ones overtook them.
#[test]
fn a_new_reservation_takes_over_what_waits_already() {
    let mut queues = Queues::new(10);
    for id in 0..4 {
        let port = if id % 2 == 0 { 1 } else { 2 };
        queues.push(at(0), &packet(id, port, 100)).unwrap();
    }
    queues.reserve(at(0), flow(1), PROMISE);
    queues.push(at(0), &packet(4, 1, 100)).unwrap();
    assert_eq!(queues.backlog(at(0)).nrt.octets, 200);
    assert_eq!(rt(&mut queues, at(0), HOUR), [0, 2, 4]);
    assert_eq!(nrt(&mut queues, HOUR), [1, 3]);
}

#[test]
fn marks_do_not_split_a_flow() {
    let mut queues = queues(10);
    let mut marked = packet(0, 1, 100);
    marked.flow.dscp = 46;
    queues.push(at(0), &marked).unwrap();
    assert_eq!(rt(&mut queues, at(0), HOUR), [0]);
}

#[test]
fn next_nrt_is_what_a_release_begins_with() {
    let mut queues = queues(40);
    assert_eq!(queues.next_nrt(at(0)), None);
    queues.push(at(0), &packet(1, 2, 900)).unwrap();
    assert_eq!(queues.next_nrt(at(0)), Some(900));
    // What the promise covers is none of it.
    for id in 10..10 + DEEP {
        queues.push(at(0), &packet(id, 1, 100)).unwrap();
        assert_eq!(queues.next_nrt(at(0)), Some(900));
    }
    queues.push(at(0), &packet(10 + DEEP, 1, 100)).unwrap();
    assert_eq!(queues.next_nrt(at(0)), Some(100));
    assert_eq!(nrt(&mut queues, HOUR), [10, 1]);
    assert!(rt(&mut queues, at(0), HOUR).into_iter().eq(11..=10 + DEEP));
}

#[test]
fn an_opened_gate_lets_all_go_reserved_first() {
    let mut queues = queues(10);
    for id in 0..8 {
        let port = if id < 2 { 2 } else { 1 };
        queues.push(at(0), &packet(id, port, 100)).unwrap();
    }
    let mut out = VecDeque::new();
    queues.release_all(&mut out);
    assert_eq!(ids(&mut out), [2, 3, 4, 5, 6, 7, 0, 1]);
    assert!(queues.is_empty());
    assert_eq!(queues.backlog(at(0)), Backlog::default());
}

/// What a long queue waits for is its promise; its visits are not late by as much as it is long.
#[test]
fn a_long_queue_waits_since_its_promise_was_earned() {
    let mut queues = queues(400);
    for id in 0..DEEP + 9 {
        queues.push(at(0), &packet(id, 1, 100)).unwrap();
    }
    assert_eq!(queues.due(at(50)), Some((at(0), PROMISE.delay)));
    assert!(rt(&mut queues, at(50), HOUR).into_iter().eq(0..DEEP));
    // One packet is earned in 100 ms.
    assert_eq!(queues.due(at(149)), None);
    let mut out = VecDeque::new();
    for (now, earned) in [(180, 150), (290, 250)] {
        assert_eq!(queues.due(at(now)).unwrap().0, at(earned));
        let spent = queues.release_rt(at(now), HOUR, AIR, None, &mut out);
        let waited = Duration::from_millis(now - earned);
        assert_eq!(
            (spent.packets, spent.oldest, spent.newest),
            (1, waited, waited)
        );
    }
}

/// A call was held up once. Its packets come as fast as they are promised, so the queue stands; they
/// wait since they came.
#[test]
fn a_stream_that_was_held_up_waits_since_it_came() {
    let mut queues = queues(40);
    for id in 0..DEEP {
        queues.push(at(0), &packet(id, 1, 100)).unwrap();
    }
    assert_eq!(rt(&mut queues, at(0), HOUR).len(), 23);
    queues.push(at(20), &packet(30, 1, 100)).unwrap();
    assert_eq!(queues.due(at(99)), None);
    assert_eq!(queues.due(at(110)), Some((at(20), PROMISE.delay)));
    let mut out = VecDeque::new();
    let spent = queues.release_rt(at(110), HOUR, AIR, None, &mut out);
    assert_eq!(spent.oldest, Duration::from_millis(90));
}
