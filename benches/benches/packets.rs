//! What a packet costs: its rule, and its way through the queues.
#![allow(missing_docs, reason = "made by macros of criterion")]

use std::collections::VecDeque;
use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use rether_benches::cell::station;
use rether_benches::samples::{PHY, PROMISE, policy, uplink};
use rether_proto::airtime::{Rate, Turn};
use rether_proto::machine::{Packet, PacketId};
use rether_proto::policy::Direction;
use rether_proto::queues::{Air, Queues};
use rether_proto::time::{Duration, Instant};

fn classify(c: &mut Criterion) {
    for rules in [1, 64, 256] {
        let table = policy(rules);
        let best_effort = uplink(1, 80);
        c.bench_function(&format!("classify/no match in {rules} rules"), |b| {
            b.iter(|| table.classify(station(1), Direction::Up, black_box(&best_effort)));
        });
    }
}

fn queues(c: &mut Criterion) {
    let now = Instant::from_nanos(1);
    let air = Air {
        phy: PHY,
        turn: Turn::Paired,
        rate: Rate(540),
    };
    let (hour, mut verdicts) = (Duration::from_secs(3_600), VecDeque::new());
    for (name, port) in [("best effort", 80), ("reserved", 5_000)] {
        let mut queues = Queues::new(1_000);
        queues.reserve(now, uplink(1, 5_000), PROMISE);
        c.bench_function(&format!("queues/1000 packets in and out, {name}"), |b| {
            b.iter(|| {
                for id in 0..1_000 {
                    let packet = Packet {
                        id: PacketId(id),
                        station: station(1),
                        len: 1_500,
                        flow: uplink(1, port),
                    };
                    let _ = queues.push(now, &packet);
                }
                verdicts.clear();
                queues.release_rt(now, hour, air, None, &mut verdicts);
                queues.release_nrt(now, hour, air, None, &mut verdicts);
                verdicts.len()
            });
        });
    }
}

criterion_group!(benches, classify, queues);
criterion_main!(benches);
