//! Writing and reading each message.
#![allow(missing_docs, reason = "made by macros of criterion")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use rether_benches::samples::messages;
use rether_proto::wire::{Header, MAX_FRAME, Message};

fn codec(c: &mut Criterion) {
    let header = Header::default();
    for (name, message) in messages() {
        let mut buf = [0; MAX_FRAME];
        let len = message.encode(&header, &mut buf).expect("it fits");
        let frame = buf[..len].to_vec();
        c.bench_function(&format!("encode/{name}"), |b| {
            b.iter(|| black_box(&message).encode(&header, &mut buf));
        });
        c.bench_function(&format!("decode/{name}"), |b| {
            b.iter(|| Message::decode(black_box(&frame)));
        });
    }
}

criterion_group!(benches, codec);
criterion_main!(benches);
