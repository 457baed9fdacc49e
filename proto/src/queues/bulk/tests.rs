use std::collections::BTreeMap;
use std::vec::Vec;

use proptest::prelude::*;

use super::*;
use crate::time::Duration;

const LIMIT: usize = 1_000;

const fn at(ms: u64) -> Instant {
    Instant::from_nanos(ms * 1_000_000)
}

fn flow(port: u16) -> FlowKey {
    FlowKey {
        src_port: port,
        ..FlowKey::UNKNOWN
    }
}

/// A packet of flow `port`; its id says so, too.
fn held(now: Instant, port: u16, nth: u64, len: u32) -> Held {
    Held {
        id: PacketId(u64::from(port) << 32 | nth),
        len,
        at: now,
        key: flow(port),
    }
}

const fn port(id: PacketId) -> u64 {
    id.0 >> 32
}

fn full(flows: impl IntoIterator<Item = (u16, u64, u32)>) -> Bulk {
    let mut bulk = Bulk::new();
    for (port, packets, len) in flows {
        for nth in 0..packets {
            assert_eq!(bulk.push(held(at(0), port, nth, len), LIMIT), None);
        }
    }
    bulk
}

fn sent(bulk: &mut Bulk, now: Instant) -> PacketId {
    match bulk.pop(now) {
        Some(Verdict::Accept(id)) => id,
        other => panic!("{other:?}"),
    }
}

/// The ports of the next `n` packets.
fn ports<const N: usize>(bulk: &mut Bulk) -> [u64; N] {
    core::array::from_fn(|_| port(sent(bulk, at(0))))
}

#[test]
fn flows_share_octets_not_packets() {
    let mut bulk = full([(1, 400, 1_500), (2, 500, 300)]);
    let mut octets = [0; 3];
    for _ in 0..300 {
        let len = bulk.head().unwrap();
        octets[port(sent(&mut bulk, at(0))) as usize] += len;
    }
    let [_, one, two] = octets;
    assert!(one.abs_diff(two) <= 2 * 1_514, "{one} and {two}");
}

#[test]
fn flows_of_one_packet_size_alternate() {
    let mut bulk = full([(1, 5, 1_514), (2, 5, 1_514)]);
    assert_eq!(ports(&mut bulk), [1, 2, 1, 2, 1, 2, 1, 2, 1, 2]);
    assert_eq!(bulk.head(), None);
}

#[test]
fn sparse_flows_go_ahead_of_bulk() {
    let mut bulk = full([(1, 100, 1_514), (2, 100, 1_514)]);
    assert_eq!(ports(&mut bulk), [1, 2, 1, 2]);
    for port in [53, 80] {
        assert_eq!(bulk.push(held(at(0), port, 0, 60), LIMIT), None);
    }
    assert_eq!(bulk.head(), Some(60));
    assert_eq!(ports(&mut bulk), [53, 80, 1, 2]);
}

#[test]
fn a_flow_is_ahead_for_one_turn_only() {
    let mut bulk = full([(1, 100, 1_514), (2, 100, 1_514)]);
    assert_eq!(ports(&mut bulk), [1, 2]);
    // Never empty for long: each packet comes just after the last one went.
    let mut turns = Vec::new();
    for nth in 0..40 {
        if bulk
            .flows
            .get(&flow(9))
            .is_none_or(|f| f.fifo.held.is_empty())
        {
            assert_eq!(bulk.push(held(at(0), 9, nth, 1_514), LIMIT), None);
        }
        turns.push(port(sent(&mut bulk, at(0))));
    }
    let share = turns.iter().filter(|port| **port == 9).count();
    assert!((13..=20).contains(&share), "{share} of 40: {turns:?}");
}

/// Each packet of the flood is a flow of its own, and as such ahead of a flow that waits.
#[test]
fn a_flood_of_flows_starves_nobody() {
    let mut bulk = full([(1, 3, 1_514)]);
    assert_eq!(ports(&mut bulk), [1]);
    let mut others = 0;
    for port in 2.. {
        assert_eq!(bulk.push(held(at(0), port, 0, 1_500), LIMIT), None);
        if self::port(sent(&mut bulk, at(0))) == 1 {
            break;
        }
        others += 1;
    }
    assert!((1_000..=MAX_SPARSE).contains(&others), "{others}");
}

#[test]
fn the_fattest_flow_pays_when_the_limit_is_reached() {
    let mut bulk = full([(1, 900, 100), (2, 100, 1_500)]);
    for nth in 0..41 {
        let dropped = bulk.push(held(at(0), 3, nth, 100), LIMIT);
        // The oldest first.
        assert_eq!(dropped, Some(PacketId(2 << 32 | nth)));
        assert_eq!(bulk.len(), LIMIT);
    }
    // 900 packets of 100 octets are more than 59 of 1500.
    assert_eq!(
        bulk.push(held(at(0), 3, 41, 100), LIMIT),
        Some(PacketId(1 << 32))
    );
}

#[test]
fn a_limit_of_nothing_holds_nothing() {
    let mut bulk = Bulk::new();
    let packet = held(at(0), 1, 7, 100);
    assert_eq!(bulk.push(packet, 0), Some(packet.id));
    assert_eq!((bulk.len(), bulk.octets(), bulk.flows.len()), (0, 0, 0));
}

/// Neither what is held nor what is searched grows, whatever comes and goes.
#[test]
fn a_flood_that_heeds_no_drop_is_bounded() {
    let mut bulk = Bulk::new();
    let mut now = at(0);
    let (mut drops, mut codel) = (0, 0);
    for nth in 0..50_000_u64 {
        now += Duration::from_micros(100);
        let port = (nth * 7_919 % 4_000) as u16;
        drops += usize::from(bulk.push(held(now, port, nth, 1_500), LIMIT).is_some());
        if nth % 5 == 0 {
            codel += usize::from(matches!(bulk.pop(now), Some(Verdict::Drop(_))));
        }
        assert!(bulk.len() <= LIMIT);
        assert!(bulk.flows.len() <= 2 * LIMIT + MAX_SPARSE);
        assert_eq!(bulk.sparse.len() + bulk.others.len(), bulk.flows.len());
    }
    assert!(drops > 38_000, "{drops}");
    // Single packets do not stand in their queues.
    assert_eq!(codel, 0);
}

#[test]
fn codel_drops_from_a_standing_queue_and_spares_its_neighbour() {
    let mut bulk = Bulk::new();
    let mut dropped = [0; 3];
    for ms in 0..5_000 {
        bulk.push(held(at(ms), 1, ms, 1_500), 100_000);
        bulk.push(held(at(ms), 1, ms, 1_500), 100_000);
        if ms % 10 == 0 {
            bulk.push(held(at(ms), 2, ms, 1_500), 100_000);
        }
        while let Some(Verdict::Drop(id)) = bulk.pop(at(ms)) {
            dropped[port(id) as usize] += 1;
        }
    }
    assert!(dropped[1] > 100, "{dropped:?}");
    assert_eq!(dropped[2], 0);
}

#[derive(Clone, Debug)]
enum Step {
    Push(u16, u32),
    Pop,
    Wait(u64),
    Move(u16),
    Drain,
}

fn step() -> impl Strategy<Value = Step> {
    let port = 0..6_u16;
    prop_oneof![
        40 => (port.clone(), prop_oneof![0..1_515_u32, Just(1_500), Just(65_535)])
            .prop_map(|(port, len)| Step::Push(port, len)),
        30 => Just(Step::Pop),
        10 => (0..400_u64).prop_map(Step::Wait),
        2 => port.prop_map(Step::Move),
        1 => Just(Step::Drain),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]
    /// Each packet leaves exactly once, in the order of its flow; counts agree throughout.
    #[test]
    fn every_packet_has_one_fate(
        steps in proptest::collection::vec(step(), 1..400),
        limit in 0..40_usize,
    ) {
        let (mut bulk, mut now, mut next) = (Bulk::new(), at(0), 0);
        let mut waiting = BTreeMap::<PacketId, u32>::new();
        let mut last = BTreeMap::<u64, PacketId>::new();
        let mut leave = |waiting: &mut BTreeMap<PacketId, u32>, id: PacketId| {
            let known = waiting.remove(&id).is_some();
            let in_order = last.insert(port(id), id).is_none_or(|before| before < id);
            known && in_order
        };
        for step in steps {
            match step {
                Step::Push(port, len) => {
                    next += 1;
                    let packet = held(now, port, next, len);
                    waiting.insert(packet.id, len);
                    if let Some(id) = bulk.push(packet, limit) {
                        prop_assert!(leave(&mut waiting, id));
                    }
                }
                Step::Pop => {
                    let head = bulk.head();
                    prop_assert_eq!(head.is_some(), !waiting.is_empty());
                    if let Some(Verdict::Accept(id) | Verdict::Drop(id)) = bulk.pop(now) {
                        prop_assert_eq!(head, waiting.get(&id).copied());
                        prop_assert!(leave(&mut waiting, id));
                    }
                }
                Step::Wait(ms) => now += Duration::from_millis(ms),
                Step::Move(port) => {
                    let fifo = bulk.extract(flow(port));
                    prop_assert!(bulk.extract(flow(port)).held.is_empty());
                    bulk.append(fifo);
                }
                Step::Drain => {
                    for id in bulk.drain() {
                        prop_assert!(leave(&mut waiting, id));
                    }
                    prop_assert!(waiting.is_empty());
                }
            }
            let octets = waiting.values().map(|len| u64::from(*len)).sum::<u64>();
            prop_assert_eq!((bulk.len(), bulk.octets()), (waiting.len(), octets));
            let sizes = bulk.flows.iter().filter(|(_, flow)| !flow.fifo.held.is_empty());
            let sizes: BTreeSet<_> = sizes.map(|(key, flow)| (flow.fifo.octets, *key)).collect();
            prop_assert_eq!(&bulk.sizes, &sizes);
            let listed: BTreeSet<_> = bulk.sparse.iter().chain(&bulk.others).collect();
            prop_assert!(listed.into_iter().eq(bulk.flows.keys()));
            prop_assert!(!waiting.is_empty() || bulk.flows.is_empty());
        }
    }
}
