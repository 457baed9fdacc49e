//! What rides and what does not.

use std::collections::BTreeMap;
use std::vec::Vec;

use alloc::collections::VecDeque;
use proptest::prelude::*;

use super::*;
use crate::airtime::{Phy, PhyKind, Rate, Turn};
use crate::mac::MacAddr;
use crate::machine::{Packet, PacketId, Verdict};
use crate::policy::Promise;
use crate::queues::{Queues, Spent};
use crate::time::Instant;

const AIR: Air = Air {
    phy: Phy {
        kind: PhyKind::Ofdm,
        wmm: false,
    },
    turn: Turn::Paired,
    rate: Rate(540),
};
const HOUR: Duration = Duration::from_secs(3_600);
/// 100 packets of 200 octets a second.
const PROMISE: Promise = Promise {
    rate: 160_000,
    packet: 200,
    delay: Duration::from_millis(20),
};

/// So little that most of a flow is beyond it.
const LITTLE: Promise = Promise {
    rate: 8_000,
    packet: 100,
    delay: Duration::from_millis(20),
};

fn flow(port: u16) -> FlowKey {
    FlowKey {
        protocol: 17,
        src_port: port,
        ..FlowKey::UNKNOWN
    }
}

/// What is in packet `id` of `len` octets.
fn bytes(id: u64, len: u32) -> Vec<u8> {
    let mut bytes = id.to_be_bytes().to_vec();
    bytes.resize(len as usize, 0);
    bytes
}

fn id_of(packet: &[u8]) -> u64 {
    u64::from_be_bytes(packet[..8].try_into().unwrap())
}

fn packet(id: u64, port: u16, len: u32) -> Packet {
    Packet {
        id: PacketId(id),
        station: MacAddr([2; 6]),
        len,
        flow: flow(port),
    }
}

/// Queues that hold packets of these ports and lengths, all copied, numbered from 0.
fn holding(packets: &[(u16, u32)]) -> Queues {
    let mut queues = Queues::new(1_000);
    queues.reserve(Instant::ZERO, flow(1), PROMISE);
    for (id, (port, len)) in (0..).zip(packets) {
        let copy = bytes(id, *len);
        let packet = packet(id, *port, *len);
        queues.push_copied(Instant::ZERO, &packet, &copy).unwrap();
    }
    queues
}

/// Sends all that there is: what that cost, what left by itself, and what rode.
fn send(queues: &mut Queues, carrier: &mut Carrier) -> (Spent, Vec<u64>, Vec<u64>) {
    let mut out = VecDeque::new();
    let rt = queues.release_rt(Instant::ZERO, HOUR, AIR, Some(carrier), &mut out);
    let nrt = queues.release_nrt(Instant::ZERO, HOUR, AIR, Some(carrier), &mut out);
    let (mut alone, mut rode) = (Vec::new(), Vec::new());
    for verdict in out {
        match verdict {
            Verdict::Accept(id) => alone.push(id.0),
            Verdict::Carry(id) => rode.push(id.0),
            other => panic!("{other:?}"),
        }
    }
    let spent = Spent {
        airtime: rt.airtime + nrt.airtime,
        packets: rt.packets + nrt.packets,
        octets: rt.octets + nrt.octets,
        oldest: Duration::ZERO,
        newest: Duration::ZERO,
    };
    (spent, alone, rode)
}

#[test]
fn only_small_packets_ride() {
    let mut queues = holding(&[(1, 640), (2, 641), (3, 8)]);
    let mut carrier = Carrier::token();
    let (_, alone, rode) = send(&mut queues, &mut carrier);
    assert_eq!((alone, rode), ([1].into(), [0, 2].into()));
    let packets = carrier.into_packets();
    let lens: Vec<_> = packets.iter().map(<[u8]>::len).collect();
    assert_eq!(lens, [640, 8]);
}

#[test]
fn a_frame_takes_as_much_as_a_link_carries_and_from_eight_flows() {
    // 20 + 1 + 23 + 39 + 2 octets of 1,500 are taken; each packet has 2 in front.
    let mut queues = holding(&[(1, 600), (2, 600), (3, 210), (4, 209)]);
    let mut carrier = Carrier::answer();
    let (_, alone, rode) = send(&mut queues, &mut carrier);
    assert_eq!((alone, rode), ([2].into(), [0, 1, 3].into()));

    let flows: Vec<_> = (1..=10).map(|port| (port, 50)).collect();
    let mut queues = holding(&flows);
    let (_, alone, rode) = send(&mut queues, &mut Carrier::token());
    assert_eq!((alone, rode), ([8, 9].into(), (0..8).collect()));
}

/// A frame of the same number of octets costs the same air, whatever is in it; what is sent anyway
/// is paid for already.
#[test]
fn riding_costs_what_it_adds_to_the_frame() {
    let packets = [(1, 200), (1, 160), (2, 90)];
    let air = |octets| AIR.phy.granted(AIR.turn, AIR.rate, octets);
    let whole = |token, answer| air(Data::octets(token, answer, 3, 450));
    for (mut carrier, expected) in [
        (
            Carrier::token(),
            whole(true, false) - air(Data::octets(true, false, 0, 0)),
        ),
        (
            Carrier::answer(),
            whole(false, true) - air(Data::octets(false, true, 0, 0)),
        ),
    ] {
        let (spent, alone, rode) = send(&mut holding(&packets), &mut carrier);
        assert_eq!((alone.len(), rode.len(), spent.packets), (0, 3, 3));
        assert_eq!(spent.airtime, expected);
        assert!(spent.airtime < air(200) + air(160) + air(90));
    }
}

#[test]
fn what_follows_a_rider_does_not_overtake_it() {
    // 1 has no room, but it may not go before 0; 2 may.
    let mut queues = holding(&[(2, 600), (2, 1_200), (3, 1_200)]);
    let (_, alone, rode) = send(&mut queues, &mut Carrier::token());
    assert_eq!(rode, [0]);
    assert!(!alone.contains(&1));
    let (_, alone, rode) = send(&mut queues, &mut Carrier::token());
    assert!(alone.contains(&1) && rode.is_empty());
    assert!(queues.is_empty());
}

#[derive(Clone, Debug)]
enum Step {
    Push {
        port: u16,
        len: u32,
        copied: bool,
    },
    Visit {
        rt: u64,
        nrt: u64,
        carrier: u8,
        after: u64,
    },
    Reserve(u16),
    Unreserve(u16),
}

fn step() -> impl Strategy<Value = Step> {
    let len = prop_oneof![40..200_u32, 500..700_u32, 40..1_501_u32];
    prop_oneof![
        8 => (1..6_u16, len, any::<bool>()).prop_map(|(port, len, copied)| {
            Step::Push { port, len, copied }
        }),
        3 => (0..4_000_u64, 0..4_000_u64, 0..4_u8, 0..30_u64).prop_map(
            |(rt, nrt, carrier, after)| Step::Visit { rt, nrt, carrier, after }
        ),
        1 => (1..6_u16).prop_map(Step::Reserve),
        1 => (1..6_u16).prop_map(Step::Unreserve),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whatever rides, waits or is reserved: each flow arrives in its order, each packet once, and
    /// no budget is overrun. A frame that carries leaves behind what was released before it.
    #[test]
    fn flows_keep_their_order(steps in prop::collection::vec(step(), 1..120)) {
        let mut queues = Queues::new(1_000);
        let mut now = Instant::ZERO;
        let mut sent: Vec<(u16, u32)> = Vec::new();
        let mut arrived: BTreeMap<u16, Vec<u64>> = BTreeMap::new();
        let mut gone = 0;
        for step in steps {
            match step {
                Step::Push { port, len, copied } => {
                    let id = sent.len() as u64;
                    sent.push((port, len));
                    let packet = packet(id, port, len);
                    let pushed = if copied {
                        queues.push_copied(now, &packet, &bytes(id, len))
                    } else {
                        queues.push(now, &packet)
                    };
                    prop_assert_eq!(pushed, Ok(()));
                }
                Step::Reserve(port) => {
                    let promise = if port % 2 == 0 { PROMISE } else { LITTLE };
                    queues.reserve(now, flow(port), promise);
                }
                Step::Unreserve(port) => queues.unreserve(flow(port)),
                Step::Visit { rt, nrt, carrier, after } => {
                    now += Duration::from_millis(after);
                    let mut frame = match carrier {
                        0 => Carrier::token(),
                        1 => Carrier::answer(),
                        _ => Carrier::token(),
                    };
                    let none = carrier == 3;
                    let mut out = VecDeque::new();
                    let [rt, nrt] = [rt, nrt].map(Duration::from_micros);
                    let riding = (!none).then_some(&mut frame);
                    let spent = queues.release_rt(now, rt, AIR, riding, &mut out);
                    prop_assert!(spent.airtime <= rt);
                    let riding = (!none).then_some(&mut frame);
                    let spent = queues.release_nrt(now, nrt, AIR, riding, &mut out);
                    prop_assert!(spent.airtime <= nrt);
                    let mut rode = Vec::new();
                    for verdict in out {
                        gone += 1;
                        match verdict {
                            Verdict::Accept(id) => {
                                let (port, _) = sent[id.0 as usize];
                                arrived.entry(port).or_default().push(id.0);
                            }
                            Verdict::Carry(id) => rode.push(id.0),
                            Verdict::Drop(_) => {}
                            Verdict::Grant(_) => prop_assert!(false, "there is no TXOP"),
                        }
                    }
                    let packets = frame.into_packets();
                    prop_assert!(packets.iter().map(id_of).eq(rode.iter().copied()));
                    for (id, packet) in rode.iter().zip(packets.iter()) {
                        let (port, len) = sent[*id as usize];
                        prop_assert_eq!(packet, &bytes(*id, len)[..]);
                        arrived.entry(port).or_default().push(*id);
                    }
                }
            }
        }
        for (port, ids) in &arrived {
            prop_assert!(ids.windows(2).all(|pair| pair[0] < pair[1]), "port {}: {:?}", port, ids);
        }
        let mut rest = VecDeque::new();
        queues.release_all(&mut rest);
        prop_assert_eq!(gone + rest.len(), sent.len());
        for verdict in rest {
            let Verdict::Accept(id) = verdict else { panic!("{verdict:?}") };
            let (port, _) = sent[id.0 as usize];
            let last = arrived.get(&port).and_then(|ids| ids.last());
            prop_assert!(last.is_none_or(|last| *last < id.0));
            arrived.entry(port).or_default().push(id.0);
        }
    }
}
