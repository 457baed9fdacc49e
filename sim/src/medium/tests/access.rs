//! When a station that is alone gets at the medium.

use super::*;

#[test]
fn dcf_sends_difs_after_an_arrival_and_is_acknowledged_sifs_later() {
    let (mut rig, [ap, station]) = Rig::of(&prompt(ofdm()), 1);
    let first = rig.send(1_000, station, ap, PSDU, R54);
    let second = rig.send(1_001, station, ap, PSDU, R54);
    rig.finish();
    assert_eq!(
        rig.on_air(),
        [
            // DIFS 34, frame 248, SIFS 16, Ack at 24 Mb/s 28.
            (1_034, 1_282, station, frame(first, 0)),
            (1_298, 1_326, ap, ack(first)),
            (1_360, 1_608, station, frame(second, 0)),
            (1_624, 1_652, ap, ack(second)),
        ]
    );
    assert_eq!(rig.receptions(first), [(1_282, ap)]);
    assert_eq!(rig.done(first), Some((1_326, true, 1)));
    assert_eq!(rig.done(second), Some((1_652, true, 1)));
}

#[test]
fn dcf_of_802_11b() {
    let (mut rig, [ap, station]) = Rig::of(&prompt(dsss()), 1);
    let first = rig.send(7, station, ap, PSDU, R11);
    rig.send(8, station, ap, PSDU, R11);
    rig.finish();
    // DIFS 50, frame 1310, SIFS 10, Ack at 2 Mb/s 248.
    assert_eq!(rig.done(first), Some((7 + 50 + 1_310 + 10 + 248, true, 1)));
    assert_eq!(rig.starts_of(station), [57, 1_625 + 50]);
}

/// Slot boundaries lie a multiple of 9 us behind AIFS\[AC_BE\] = 16 + 3 * 9 us.
#[test]
fn edca_sends_at_the_next_slot_boundary() {
    for (arrival, start) in [
        (0, 43),
        (42, 43),
        (43, 52),
        (51, 52),
        (52, 61),
        (1_000, 1_006),
    ] {
        let (mut rig, [ap, station]) = Rig::of(&prompt(edca()), 1);
        let first = rig.send(arrival, station, ap, QOS_PSDU, R54);
        let second = rig.send(arrival, station, ap, QOS_PSDU, R54);
        rig.finish();
        let done = start + 252 + 16 + 28;
        assert_eq!(rig.done(first), Some((done, true, 1)), "{arrival}");
        assert_eq!(rig.starts_of(station), [start, done + 43], "{arrival}");
        assert_eq!(rig.done(second).map(|done| done.2), Some(1));
    }
}

#[test]
fn edca_waits_its_categorys_aifs() {
    for (ac, aifs) in [(Ac::Bk, 79), (Ac::Be, 43), (Ac::Vi, 34), (Ac::Vo, 34)] {
        let (mut rig, [ap, station]) = Rig::of(&prompt(edca()), 1);
        rig.send_as(0, station, ac, ap, QOS_PSDU, RateSeries::fixed(R54));
        rig.finish();
        assert_eq!(rig.starts_of(station), [aifs], "{ac:?}");
    }
}

/// Post-backoff (clause 10.3.4.3): behind its Ack the station draws a backoff and counts it down
/// whether it has another frame or not.
#[test]
fn post_backoff_counts_down_while_there_is_nothing_to_send() {
    let mut drawn = Vec::new();
    for seed in 0..40 {
        let (mut rig, [ap, station]) = Rig::of(&ofdm(), seed);
        let first = rig.send(0, station, ap, PSDU, R54);
        rig.run(34);
        let mut queued = rig.clone();
        queued.send(34, station, ap, PSDU, R54);
        queued.finish();
        let start = queued.starts_of(station)[1];
        let base = rig.medium.next_time().map(|_| 34 + 248 + 16 + 28 + 34);
        let base = base.unwrap();
        assert_eq!((start - base) % 9, 0);
        let slots = (start - base) / 9;
        assert!(slots <= 15, "{slots}");
        drawn.push(slots);

        // What comes before the countdown is over is sent at its end.
        if slots > 0 {
            let mut late = rig.clone();
            late.send(start - 1, station, ap, PSDU, R54);
            late.finish();
            assert_eq!(late.starts_of(station)[1], start);
        }
        // What comes behind it finds an idle medium.
        let mut later = rig.clone();
        later.send(start + 1, station, ap, PSDU, R54);
        later.finish();
        assert_eq!(later.starts_of(station)[1], start + 1 + 34);
        assert_eq!(later.done(first), Some((326, true, 1)));
    }
    assert!(drawn.contains(&0) && drawn.iter().any(|slots| *slots > 10));
}

#[test]
fn full_queues_refuse() {
    let (mut rig, [ap, station]) = Rig::of(&ofdm(), 1);
    for _ in 0..100 {
        rig.send(0, station, ap, PSDU, R54);
    }
    let frame = Frame {
        id: FrameId(100),
        to: ap.into(),
        ac: Ac::Be,
        psdu_octets: PSDU,
        rates: RateSeries::fixed(R54),
    };
    assert_eq!(rig.medium.submit(at(0), station, frame), Err(QueueFull));
    rig.finish();
    let counters = rig.medium.counters(station);
    assert_eq!((counters.queued, counters.refused), (100, 1));
    assert_eq!((counters.acked, counters.transmissions), (100, 100));
}
