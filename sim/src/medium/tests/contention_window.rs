//! The contention window, seen by the backoffs drawn from it.

use super::*;

/// The backoffs before each attempt, in slots, of a station that is alone and sends to nobody:
/// what lies between the end of its Ack timeout and the next frame.
fn backoffs(config: &RadioConfig, rate: Rate, frames: u32) -> Vec<Vec<u64>> {
    let timing = timing::Timing::new(config);
    let [difs, slot] = [timing.sifs + timing.slot * 2, timing.slot].map(Duration::as_micros);
    let timeout = timing.ack_timeout(rate).as_micros();
    let (mut rig, [station]) = Rig::of(config, 1);
    let mut drawn = vec![Vec::new(); config.retry_limit.into()];
    for _ in 0..frames {
        let id = rig.send(0, station, Destination::Nobody, 100, rate);
        assert_eq!(rig.done(id), None);
    }
    rig.finish();
    for pair in rig.frames_of(station).windows(2) {
        let waited = pair[1].0 - pair[0].1 - timeout - difs;
        assert_eq!(waited % slot, 0);
        drawn[usize::from(pair[1].3)].push(waited / slot);
    }
    drawn
}

/// Clause 10.3.3: 2 CW + 1 after each failure up to `CWmax`, and `CWmin` again after the last.
fn check(config: &RadioConfig, rate: Rate, windows: [u64; 7]) {
    let drawn = backoffs(config, rate, 100);
    for (attempt, (drawn, window)) in drawn.iter().zip(windows).enumerate() {
        let most = drawn.iter().copied().max().unwrap();
        assert!(most <= window, "{attempt}: {most}");
        // Of 99 draws some are in the upper quarter, and the mean is the middle to 4 sigma.
        assert!(most > window * 3 / 4, "{attempt}: {most}");
        let mean = drawn.iter().sum::<u64>() as f64 / drawn.len() as f64;
        let middle = window as f64 / 2.0;
        assert!(
            (mean - middle).abs() < middle * 0.25 + 0.5,
            "{attempt}: {mean}"
        );
    }
}

#[test]
fn it_doubles_after_each_failure_and_begins_anew_after_the_last() {
    check(&ofdm(), R54, [15, 31, 63, 127, 255, 511, 1023]);
    check(&dsss(), R11, [31, 63, 127, 255, 511, 1023, 1023]);
}

/// In a mixed cell each radio has the window of its PHY: 802.11g 15, 802.11b 31, both with slots
/// of 20 us.
#[test]
fn stations_of_802_11b_and_g_have_their_own() {
    let mixed = phy(PhyKind::ErpMixed, false);
    check(&mixed, R11, [15, 31, 63, 127, 255, 511, 1023]);
}

#[test]
fn an_ack_resets_it() {
    let (mut rig, [ap, station]) = Rig::of(&ofdm(), 1);
    let mut most = 0;
    for _ in 0..40 {
        // The failure before the success is a collision with a group frame of the AP.
        let start = rig.medium.next_time().map_or(0, micros);
        assert_eq!(start, 0);
        let now = rig.told.last().map_or(0, |event| match *event {
            Event::Done { at, .. } => micros(at),
            _ => unreachable!("{event:?}"),
        }) + 1_000;
        let lost = rig.send(now, station, ap, 100, R54);
        rig.send(now, ap, Destination::Group, 100, R54);
        rig.finish();
        let (done, acked, tries) = rig.done(lost).unwrap();
        assert_eq!((acked, tries), (true, 2));
        // The post-backoff is over before the next round; a frame that comes in it shows it.
        let mut probe = rig.clone();
        probe.send(done + 1, station, ap, 100, R54);
        probe.finish();
        let start = probe.starts_of(station).pop().unwrap();
        most = most.max((start - done - 34) / 9);
    }
    assert!((10..=15).contains(&most), "{most}");
}
