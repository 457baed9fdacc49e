//! One cycle of the coordinator: every visit planned, granted, answered and booked.
#![allow(missing_docs, reason = "made by macros of criterion")]

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use rether_benches::cell::Cell;

fn cycles(c: &mut Criterion) {
    for (stations, reserved) in [(8, 8), (64, 64), (250, 50), (250, 250)] {
        let mut cell = Cell::saturated(stations, reserved);
        // The mode's announcements and the first round are over.
        for _ in 0..20 {
            cell.cycle();
        }
        let before = cell.tokens;
        let mut probe = cell.clone();
        probe.cycle();
        let tokens = probe.tokens - before;
        c.bench_function(
            &format!("cycle/{stations} stations, {reserved} reserved, {tokens} tokens"),
            |b| {
                b.iter_batched_ref(|| cell.clone(), Cell::cycle, BatchSize::LargeInput);
            },
        );
    }
}

criterion_group!(benches, cycles);
criterion_main!(benches);
