//! Four queues in one radio, and TXOPs.

use super::*;

fn in_turn(rig: &Rig, station: RadioId) -> Vec<(u64, FrameId)> {
    let frames = rig.frames_of(station).into_iter();
    frames.map(|(start, _, id, _)| (start, id)).collect()
}

fn one_frame_each(mut config: RadioConfig) -> RadioConfig {
    for access in &mut config.access {
        access.txop = Duration::ZERO;
    }
    config
}

/// Clause 10.22.2.4: of two categories whose turn comes at once the higher one sends; to the
/// lower one it is a collision, with a doubled window, but nothing was sent.
#[test]
fn the_higher_category_wins_and_the_lower_one_backs_off() {
    let mut backoffs = Vec::new();
    for seed in 0..40 {
        let mut config = one_frame_each(prompt(edca()));
        config.access[Ac::Vi as usize].cw_max = 1;
        let (mut rig, [ap, station]) = Rig::of(&config, seed);
        let rates = RateSeries::new([(R54, 1), (R6, 1), (R6, 0), (R6, 0)]);
        // VI and VO have the same AIFS of 34 us.
        let low = rig.send_as(0, station, Ac::Vi, ap, QOS_PSDU, rates);
        let high = rig.send_as(0, station, Ac::Vo, ap, QOS_PSDU, rates);
        rig.finish();
        let idle = 34 + 252 + 16 + 28;
        let sent = rig.frames_of(station);
        assert_eq!(sent[0], (34, 34 + 252, high, 0));
        // Its first try is at the first rate.
        assert_eq!((sent[1].1 - sent[1].0, sent[1].2, sent[1].3), (252, low, 0));
        backoffs.push((sent[1].0 - idle - 34) / 9);
        assert_eq!(rig.medium.counters(station).internal_collisions, 1);
        assert_eq!(rig.done(low).map(|done| (done.1, done.2)), Some((true, 1)));
    }
    assert!(
        backoffs.contains(&0) && backoffs.contains(&1),
        "{backoffs:?}"
    );
    assert!(backoffs.iter().all(|slots| *slots <= 1));
}

/// Internal collisions count against the retry limit; a frame may be lost to them unsent.
#[test]
fn a_frame_can_be_lost_to_internal_collisions_alone() {
    let config = RadioConfig {
        retry_limit: 2,
        ..one_frame_each(prompt(edca()))
    };
    let (mut rig, [ap, station]) = Rig::of(&config, 1);
    let low = rig.send_as(0, station, Ac::Vi, ap, QOS_PSDU, RateSeries::fixed(R54));
    for _ in 0..3 {
        rig.send_as(0, station, Ac::Vo, ap, QOS_PSDU, RateSeries::fixed(R54));
    }
    rig.finish();
    let second_turn = 34 + 296 + 34;
    assert_eq!(rig.done(low), Some((second_turn, false, 0)));
    let counters = rig.medium.counters(station);
    assert_eq!((counters.internal_collisions, counters.dropped), (2, 1));
}

/// A longer AIFS loses to a shorter one without a collision.
#[test]
fn voice_goes_before_best_effort() {
    let (mut rig, [ap, station]) = Rig::of(&one_frame_each(prompt(edca())), 1);
    let low = rig.send_as(0, station, Ac::Be, ap, QOS_PSDU, RateSeries::fixed(R54));
    let high = rig.send_as(1, station, Ac::Vo, ap, QOS_PSDU, RateSeries::fixed(R54));
    rig.finish();
    let idle = 34 + 252 + 16 + 28;
    assert_eq!(in_turn(&rig, station), [(34, high), (idle + 43, low)]);
    assert_eq!(rig.medium.counters(station).internal_collisions, 0);
}

/// Clause 10.22.2.8: frames SIFS apart as long as they and their Acks fit into the limit.
#[test]
fn a_txop_is_a_burst_until_its_limit() {
    let mut config = prompt(edca());
    // Frame, SIFS, Ack: 296 us. Three of them with two SIFS between are 920 us.
    config.access[Ac::Vo as usize].txop = Duration::from_micros(920);
    let (mut rig, [ap, station, other]) = Rig::of(&config, 1);
    for _ in 0..5 {
        rig.send_as(0, station, Ac::Vo, ap, QOS_PSDU, RateSeries::fixed(R54));
    }
    // Another station does not get between them.
    rig.send_as(50, other, Ac::Vo, ap, 100, RateSeries::fixed(R54));
    rig.finish();
    let next = 296 + 16;
    let after = 34 + 920 + 34;
    let starts = rig.starts_of(station);
    assert_eq!(starts[..3], [34, 34 + next, 34 + 2 * next]);
    // Then both contend, here without a backoff, and collide.
    assert_eq!(starts[3], after);
    assert_eq!(rig.starts_of(other)[0], after);
}

#[test]
fn a_txop_a_microsecond_too_short_has_a_frame_less() {
    let mut config = prompt(edca());
    config.access[Ac::Vo as usize].txop = Duration::from_micros(919);
    let (mut rig, [ap, station]) = Rig::of(&config, 1);
    for _ in 0..3 {
        rig.send_as(0, station, Ac::Vo, ap, QOS_PSDU, RateSeries::fixed(R54));
    }
    rig.finish();
    let starts = rig.starts_of(station);
    assert_eq!(starts, [34, 346, 346 + 296 + 34]);
}

/// A failure ends the TXOP: the repetition waits for a new backoff.
#[test]
fn a_txop_ends_with_a_lost_frame() {
    let config = prompt(edca());
    let (mut rig, [ap, station]) = Rig::of(&config, 1);
    rig.send_as(0, station, Ac::Vo, ap, QOS_PSDU, RateSeries::fixed(R54));
    let lost = Destination::Nobody;
    rig.send_as(0, station, Ac::Vo, lost, QOS_PSDU, RateSeries::fixed(R54));
    rig.run(1_000);
    let starts = rig.starts_of(station);
    assert_eq!(starts[..2], [34, 346]);
    assert_eq!(starts[2], 346 + 252 + 45 + 34);
}

/// A TXOP is its category's: voice that comes meanwhile contends behind it.
#[test]
fn other_categories_of_the_radio_wait_for_the_end_of_a_txop() {
    let (mut rig, [ap, station]) = Rig::of(&prompt(edca()), 1);
    let video =
        [(); 3].map(|()| rig.send_as(0, station, Ac::Vi, ap, QOS_PSDU, RateSeries::fixed(R54)));
    let voice = rig.send_as(40, station, Ac::Vo, ap, QOS_PSDU, RateSeries::fixed(R54));
    rig.finish();
    let sent = in_turn(&rig, station);
    let last = 34 + 2 * 312;
    assert_eq!(
        sent,
        [
            (34, video[0]),
            (346, video[1]),
            (last, video[2]),
            (last + 296 + 34, voice)
        ]
    );
}

/// Radios without 802.11e have one queue, whatever the category.
#[test]
fn dcf_has_no_categories() {
    let (mut rig, [ap, station]) = Rig::of(&prompt(ofdm()), 1);
    let first = rig.send_as(0, station, Ac::Bk, ap, PSDU, RateSeries::fixed(R54));
    let second = rig.send_as(0, station, Ac::Vo, ap, PSDU, RateSeries::fixed(R54));
    rig.finish();
    assert_eq!(in_turn(&rig, station), [(34, first), (360, second)]);
}
