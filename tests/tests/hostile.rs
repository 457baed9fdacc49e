//! Hostile frames: no panic, no endless wake-ups, no packet without a verdict, and a cell that
//! works as if nothing had happened.

use rether_proto::mac::MacAddr;
use rether_proto::policy::Direction;
use rether_proto::rng::Rng;
use rether_proto::time::Duration;
use rether_tests::mutations;
use rether_tests::world::{AP, OFDM_54, Source, World, cell, station};

/// `RETHER_MUTATIONS` sets another number; the acceptance run has a million.
fn count() -> u64 {
    let count = std::env::var("RETHER_MUTATIONS");
    count.map_or(100_000, |count| count.parse().expect("a number"))
}

#[test]
fn mutated_frames_break_neither_codec_nor_cores() {
    let count = count();
    let outcome = mutations::run(count, 0xbad_f00d);
    assert_eq!(outcome.frames, count);
    // The attack must reach beyond the decoder, or it shows nothing.
    assert!(outcome.decoded > count / 4, "{outcome:?}");
    assert!(outcome.taken_by_coordinator > count / 20, "{outcome:?}");
    assert!(outcome.taken_by_agent > count / 10, "{outcome:?}");
}

/// Whoever has no key gets through to neither core: what they take is the timers, the packets and
/// repeated REGISTERs, which open nothing.
#[test]
fn mutated_frames_do_not_get_past_the_keys() {
    let count = count() / 4;
    let outcome = mutations::run_against_keys(count, 0xbad_f00d);
    assert!(outcome.decoded > count / 4, "{outcome:?}");
    assert_eq!(outcome.forgeries_taken, 0, "{outcome:?}");
    assert!(
        outcome.tokens > 100,
        "there was a conversation: {outcome:?}"
    );
}

#[test]
fn mutations_are_made_by_the_seed() {
    assert_eq!(mutations::run(2_000, 5), mutations::run(2_000, 5));
    assert_ne!(mutations::run(2_000, 5), mutations::run(2_000, 6));
}

/// Replays and mutations of what is on the air right now, as if from a station or the AP.
fn bombard(world: &mut World, rng: &mut Rng, span: Duration) {
    let end = world.now + span;
    while world.now < end {
        world.run_for(Duration::from_micros(200 + rng.below(2_000)));
        let place = usize::try_from(rng.below(world.latest.len() as u64)).expect("a place");
        let Some(frame) = world.latest.get(place).cloned() else {
            continue;
        };
        let mut bytes = frame.bytes;
        if rng.below(2) == 0 {
            let at = usize::try_from(rng.below(bytes.len() as u64)).expect("a place");
            bytes[at] ^= 1 << rng.below(8);
        }
        let to = if frame.to.is_group() {
            MacAddr::BROADCAST
        } else {
            frame.to
        };
        world.inject(frame.from, to, bytes);
    }
}

#[test]
fn the_cell_works_after_an_attack() {
    for seed in 0..6 {
        let mut world = cell(OFDM_54, 3, seed);
        let mut rng = Rng::new(seed);
        world.start(Source::voice(1, Direction::Down));
        world.start(Source::flood(2, Direction::Up));
        bombard(&mut world, &mut rng, Duration::from_secs(2));
        let peace = world.now;
        world.run_for(Duration::from_secs(3));
        let voice = world.start(Source::voice(1, Direction::Up));
        let flood = world.start(Source::flood(3, Direction::Up));
        world.run_for(Duration::from_secs(3));
        assert!(world.missing(voice) <= 1, "seed {seed}");
        assert!(
            world.p99_since(voice, peace) <= Duration::from_millis(25),
            "seed {seed}"
        );
        assert!(world.arrived_since(flood, peace) > 1_000, "seed {seed}");
        world.assert_all_accounted();
    }
}

/// Frames of strangers, and of stations that claim to be the AP, change nothing.
#[test]
fn strangers_change_nothing() {
    let run = |attacked: bool| {
        let mut world = cell(OFDM_54, 2, 9);
        let voice = world.start(Source::voice(1, Direction::Up));
        for _ in 0..500 {
            world.run_for(Duration::from_millis(4));
            if attacked {
                let frame = world.latest.back().expect("token mode").clone();
                world.inject(station(99), AP, frame.bytes.clone());
                world.inject(station(2), station(1), frame.bytes);
            }
        }
        (world.delays(voice), world.coordinator().status().stats)
    };
    assert_eq!(run(false), run(true));
}
