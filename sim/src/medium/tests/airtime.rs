//! What frames cost: protection, preambles, and the counters.

use super::*;

/// Clause 10.27.2: with 802.11b stations about, an OFDM frame has a CTS-to-self at 2 Mb/s before
/// it: 248 us and SIFS. DSSS frames need none.
#[test]
fn erp_frames_are_protected_in_a_mixed_cell() {
    let (mut rig, [ap, station]) = Rig::of(&prompt(phy(PhyKind::ErpMixed, false)), 1);
    let ofdm = rig.send(0, station, ap, PSDU, R54);
    let dsss = rig.send(0, station, ap, PSDU, R11);
    rig.finish();
    // DIFS of 50 us; frame and Ack have the signal extension of 6 us.
    let ends = 50 + 248 + 10 + 254;
    let done = ends + 10 + 34;
    assert_eq!(
        rig.on_air(),
        [
            (50, ends, station, frame(ofdm, 0)),
            (ends + 10, done, ap, ack(ofdm)),
            (done + 50, done + 50 + 1_310, station, frame(dsss, 0)),
            (done + 1_370, done + 1_370 + 248, ap, ack(dsss)),
        ]
    );
}

/// Without 802.11b stations: short slots, no protection.
#[test]
fn erp_frames_alone_are_not_protected() {
    let (mut rig, [ap, station]) = Rig::of(&prompt(phy(PhyKind::Erp, false)), 1);
    let ofdm = rig.send(0, station, ap, PSDU, R54);
    rig.finish();
    assert_eq!(rig.done(ofdm), Some((28 + 254 + 10 + 34, true, 1)));
}

#[test]
fn counters_of_an_exchange() {
    let (mut rig, [ap, station]) = Rig::of(&prompt(ofdm()), 1);
    rig.send(0, station, ap, PSDU, R54);
    rig.send(0, ap, station, PSDU, R24);
    rig.finish();
    let earlier = *rig.medium.counters(station);
    rig.send(5_000, station, ap, PSDU, R54);
    rig.finish();
    let counters = rig.medium.counters(station).since(&earlier);
    let expected = Counters {
        queued: 1,
        transmissions: 1,
        acked: 1,
        airtime: Duration::from_micros(248),
        ..Counters::default()
    };
    assert_eq!(counters, expected);
    assert!(counters.collision_probability().abs() < f64::EPSILON);
    // Both began at once; the shorter frame was tried again first.
    assert_eq!((earlier.transmissions, earlier.acked), (2, 1));
    assert_eq!(earlier.wasted, Duration::from_micros(248));
    assert!((earlier.collision_probability() - 0.5).abs() < f64::EPSILON);
}

#[test]
fn the_best_rate_falls_with_the_distance() {
    let row = [0.0, 5.0, 40.0, 60.0, 1_000.0].map(|x| (x, ofdm()));
    let rig = Rig::row(row, MediumConfig::default());
    let best = [1, 2, 3, 4].map(|to| rig.medium.best_rate(RadioId(0), RadioId(to)));
    assert_eq!(best, [R54, Rate(480), R24, R6]);
}
