//! Frames that are not acknowledged, and frames that need not be.

use super::*;

/// Clause 10.3.2.11: without an Ack the sender waits SIFS, a slot and aRxPHYStartDelay, then
/// DIFS and a new backoff; seven transmissions, then it gives up.
#[test]
fn ack_timeout_and_retry_limit() {
    for (config, rate, difs, duration, timeout) in
        [(ofdm(), R54, 34, 248, 45), (dsss(), R11, 50, 1_310, 222)]
    {
        let (mut rig, [station]) = Rig::of(&prompt(config), 1);
        let lost = rig.send(0, station, Destination::Nobody, PSDU, rate);
        let next = rig.send(0, station, Destination::Nobody, PSDU, rate);
        rig.finish();
        let round = difs + duration + timeout;
        let expected: Vec<_> = (0..7)
            .map(|attempt: u8| {
                let start = u64::from(attempt) * round + difs;
                (start, start + duration, lost, attempt)
            })
            .collect();
        let sent = rig.frames_of(station);
        assert_eq!(sent[..7], expected);
        assert_eq!(sent[7].2, next);
        assert_eq!(rig.done(lost), Some((7 * round, false, 7)));
        assert_eq!(rig.done(next), Some((14 * round, false, 7)));
        let counters = rig.medium.counters(station);
        assert_eq!((counters.transmissions, counters.dropped), (14, 2));
        assert_eq!(counters.airtime, counters.wasted);
        assert_eq!(counters.airtime, Duration::from_micros(14 * duration));
    }
}

#[test]
fn the_retry_limit_can_be_set() {
    let config = RadioConfig {
        retry_limit: 1,
        ..prompt(ofdm())
    };
    let (mut rig, [station]) = Rig::of(&config, 1);
    let lost = rig.send(0, station, Destination::Nobody, PSDU, R54);
    rig.finish();
    assert_eq!(rig.done(lost), Some((34 + 248 + 45, false, 1)));
}

/// By the standard (clause 10.3.2.4) the Duration field keeps all quiet who read it: until the
/// Ack would be over, even if none comes. The sender's own timeout is a microsecond longer.
#[test]
fn bystanders_wait_for_the_ack_of_an_absent_station() {
    let config = RadioConfig {
        retry_limit: 1,
        ..prompt(ofdm())
    };
    let (mut rig, [one, other]) = Rig::of(&config, 1);
    rig.send(0, one, Destination::Nobody, PSDU, R54);
    rig.send(100, other, Destination::Nobody, PSDU, R54);
    rig.finish();
    // Last bit, SIFS, Ack, DIFS.
    assert_eq!(rig.starts_of(other), [282 + 16 + 28 + 34]);
}

/// Rate and attempt of each try, then whether it was acknowledged and how many tries are told.
type Walk = (Vec<(Rate, u8)>, Option<(bool, u8)>);

fn series(rates: [(Rate, u8); 4]) -> Walk {
    let (mut rig, [station]) = Rig::of(&prompt(ofdm()), 1);
    let rates = RateSeries::new(rates);
    let id = rig.send_as(0, station, Ac::Be, Destination::Nobody, PSDU, rates);
    rig.finish();
    let sent = rig.told.iter().filter_map(|event| match *event {
        Event::OnAir {
            rate,
            what: OnAir::Frame { attempt, .. },
            ..
        } => Some((rate, attempt)),
        _ => None,
    });
    let done = rig.done(id).map(|(_, acked, tries)| (acked, tries));
    (sent.collect(), done)
}

#[test]
fn a_rate_series_is_walked_to_its_end() {
    let none = (Rate(0), 0);
    let walk = series([(R54, 2), (R24, 1), (R6, 1), none]);
    let rates = [(R54, 0), (R54, 1), (R24, 2), (R6, 3)];
    assert_eq!(walk, (rates.to_vec(), Some((false, 4))));

    // Entries without tries are passed over, and the retry limit holds.
    let walk = series([(R54, 0), (R24, 1), (R6, 200), none]);
    assert_eq!(walk.0[..2], [(R24, 0), (R6, 1)]);
    assert_eq!((walk.0.len(), walk.1), (7, Some((false, 7))));
}

#[test]
fn a_frame_without_any_rate_is_given_up_unsent() {
    let walk = series([(R54, 0); 4]);
    assert_eq!(walk, (Vec::new(), Some((false, 0))));
}

/// Clause 10.3.6: nobody acknowledges, nothing is repeated; DIFS follows at once.
#[test]
fn group_frames_go_to_everybody_once() {
    let (mut rig, [ap, one, two, away]) = Rig::of(&prompt(ofdm()), 1);
    rig.medium.set_frequency(away, 5200);
    // 100 octets at 6 Mb/s: 20 + 4 * 35 us.
    let first = rig.send(0, ap, Destination::Group, 100, R6);
    let second = rig.send(0, ap, Destination::Group, 100, R6);
    rig.finish();
    assert_eq!(rig.starts_of(ap), [34, 34 + 160 + 34]);
    assert_eq!(rig.receptions(first), [(194, one), (194, two)]);
    assert_eq!(rig.done(first), Some((194, false, 1)));
    assert_eq!(rig.done(second), Some((388, false, 1)));
    let counters = rig.medium.counters(ap);
    assert_eq!((counters.group, counters.transmissions), (2, 0));
}
