//! What authentication costs the two processors: the tag of a frame, and a whole registration.
#![allow(missing_docs, reason = "made by macros of criterion")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use rether_benches::cell::station;
use rether_benches::samples::messages;
use rether_proto::auth::handshake::{Attempt, Welcome, answer};
use rether_proto::auth::{Key, Receiver, Sender, Side};
use rether_proto::wire::{AgentName, Handshake, Header, MAX_FRAME, Register};

const KEY: Key = Key::new([7; Key::LEN]);

fn tags(c: &mut Criterion) {
    for (name, message) in messages() {
        let mut buf = [0; MAX_FRAME];
        let len = message
            .encode(&Header::default(), &mut buf)
            .expect("it fits");
        let frame = &mut buf[..len];
        let mut sender = Sender::new(KEY, Side::Coordinator);
        c.bench_function(&format!("seal/{name}"), |b| {
            b.iter(|| sender.seal(black_box(frame)));
        });
        // A window of its own for each, so that none is a replay.
        let receiver = Receiver::new(KEY, Side::Coordinator, 0);
        c.bench_function(&format!("open/{name}"), |b| {
            b.iter(|| {
                let opened = receiver.clone().open(black_box(frame));
                assert_eq!(opened, Ok(()));
            });
        });
    }
}

fn handshakes(c: &mut Criterion) {
    let seed = Key::new([8; Key::LEN]);
    let mut register = Register {
        instance: 1,
        epoch: 1,
        strategies: Register::POLL,
        name: AgentName::default(),
        handshake: Handshake::NONE,
    };
    let attempt = Attempt::new(KEY, seed.clone(), station(1), &register);
    register.handshake = attempt.first().expect("a handshake");
    let welcome = Welcome {
        epoch: 1,
        group: seed.clone(),
        sequence: 0,
    };
    let reply = |register: &Register| answer(&KEY, &seed, station(1), register, &welcome);
    let (second, _) = reply(&register).expect("an answer");
    c.bench_function("handshake/coordinator", |b| {
        b.iter(|| reply(black_box(&register)).expect("an answer"));
    });
    c.bench_function("handshake/agent", |b| {
        b.iter(|| {
            attempt.first().expect("a handshake");
            attempt.finish(black_box(&second)).expect("a session")
        });
    });
    let mut forged = register.clone();
    forged.handshake = Handshake::new(&[9; 48]).expect("a short one");
    c.bench_function("handshake/refused by the coordinator", |b| {
        b.iter(|| reply(black_box(&forged)).expect_err("forged"));
    });
}

criterion_group!(benches, tags, handshakes);
criterion_main!(benches);
