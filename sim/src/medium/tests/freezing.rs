//! Backoffs that the frames of others interrupt.

use super::*;

/// A station that has drawn a backoff, and when it may be counted from.
struct Waiting {
    rig: Rig,
    station: RadioId,
    other: RadioId,
    ap: RadioId,
    /// When the medium is idle again.
    idle: u64,
    /// Slots drawn.
    slots: u64,
}

/// `station` gets a frame while `other` sends, and draws a backoff, which this finds out by
/// looking at what comes of it if nothing intervenes. `other` has none.
fn waiting(config: &RadioConfig, ifs: u64, seed: u64) -> Waiting {
    let mut rig = Rig::new(MediumConfig::default(), seed);
    let ap = rig.medium.add_radio(config.clone());
    let station = rig.medium.add_radio(config.clone());
    let other = rig.medium.add_radio(prompt(config.clone()));
    let long = rig.send(0, other, ap, PSDU, R54);
    rig.send(100, station, ap, PSDU, R54);
    let mut alone = rig.clone();
    alone.finish();
    let idle = alone.done(long).unwrap().0;
    let start = alone.starts_of(station)[0];
    assert_eq!((start - idle - ifs) % 9, 0);
    Waiting {
        rig,
        station,
        other,
        ap,
        idle,
        slots: (start - idle - ifs) / 9,
    }
}

/// Clause 10.3.4.3: slots that were not idle to their end do not count; behind DIFS it goes on.
#[test]
fn dcf_goes_on_where_it_was() {
    const DIFS: u64 = 34;
    let mut seen = 0;
    for seed in 0..60 {
        let mut this = waiting(&ofdm(), DIFS, seed);
        // The other one's frame begins 2 us into the fourth slot, DIFS behind its arrival.
        let begins = this.idle + DIFS + 3 * 9 + 2;
        if this.slots < 4 {
            continue;
        }
        seen += 1;
        let second = this.rig.send(begins - DIFS, this.other, this.ap, PSDU, R54);
        this.rig.finish();
        assert_eq!(this.rig.starts_of(this.other)[1], begins);
        let idle = this.rig.done(second).unwrap().0;
        let start = this.rig.starts_of(this.station)[0];
        assert_eq!(start, idle + DIFS + (this.slots - 3) * 9);
    }
    assert!(seen > 20);
}

/// Nobody but who just drew 0 can use the slot at the end of DIFS: who waits counts none there.
#[test]
fn dcf_counts_nothing_when_the_medium_is_taken_at_the_end_of_difs() {
    for seed in 0..30 {
        let mut this = waiting(&ofdm(), 34, seed);
        let second = this.rig.send(101, this.other, this.ap, PSDU, R54);
        this.rig.finish();
        assert_eq!(this.rig.starts_of(this.other)[1], this.idle + 34);
        if this.slots > 0 {
            let idle = this.rig.done(second).unwrap().0;
            let start = this.rig.starts_of(this.station)[0];
            assert_eq!(start, idle + 34 + this.slots * 9);
        }
    }
}

/// Clause 10.22.2.4: EDCA counts at slot boundaries, of which the end of AIFS is the first, so
/// that it has come a slot further.
#[test]
fn edca_counts_one_slot_further() {
    const AIFS: u64 = 43;
    for (whole_slots, counted) in [(0, 1), (3, 4)] {
        let mut seen = 0;
        for seed in 0..60 {
            let mut this = waiting(&edca(), AIFS, seed);
            let begins = this.idle + AIFS + whole_slots * 9;
            if this.slots <= whole_slots {
                continue;
            }
            seen += 1;
            // An arrival just before a boundary is sent there.
            let second = this.rig.send(begins - 1, this.other, this.ap, PSDU, R54);
            this.rig.finish();
            assert_eq!(this.rig.starts_of(this.other)[1], begins);
            let idle = this.rig.done(second).unwrap().0;
            let start = this.rig.starts_of(this.station)[0];
            assert_eq!(start, idle + AIFS + (this.slots - counted) * 9);
        }
        assert!(seen > 20);
    }
}

/// A frame that comes while the medium is busy waits for a backoff; so does one that comes within
/// SIFS before an Ack, when the NAV says busy (clause 10.3.2.1).
#[test]
fn arrivals_at_a_busy_medium_back_off() {
    // 34..282 frame, 298..326 Ack.
    for arrival in [35, 150, 281, 282, 290, 297, 298, 325] {
        let mut starts = Vec::new();
        for seed in 0..30 {
            let (mut rig, [ap, station, other]) = Rig::of(&ofdm(), seed);
            rig.send(0, other, ap, PSDU, R54);
            rig.send(arrival, station, ap, PSDU, R54);
            rig.finish();
            starts.push(rig.starts_of(station)[0]);
        }
        assert!(starts.iter().all(|start| (start - 360) % 9 == 0));
        assert!(starts.iter().any(|start| *start > 360), "{arrival}");
    }
}

/// aCCATime: who begins within 4 us of another has not noticed it; who would begin later has.
#[test]
fn a_transmission_is_noticed_4_us_after_its_first_bit() {
    for (later, begins) in [(0, 34), (3, 37), (4, 326 + 34)] {
        let (mut rig, [ap, one, other]) = Rig::of(&prompt(ofdm()), 1);
        rig.send(0, one, ap, PSDU, R54);
        rig.send(later, other, ap, PSDU, R54);
        rig.run(400);
        assert_eq!(rig.starts_of(other)[0], begins, "{later}");
    }
}

/// Even with an aCCATime of zero, turns at the same instant collide.
#[test]
fn nobody_notices_what_begins_at_the_same_instant() {
    let config = MediumConfig {
        cca_time: Duration::ZERO,
        ..MediumConfig::default()
    };
    let mut rig = Rig::new(config, 1);
    let [ap, one, other] = [(); 3].map(|()| rig.medium.add_radio(prompt(ofdm())));
    rig.send(0, one, ap, PSDU, R54);
    rig.send(0, other, ap, PSDU, R54);
    rig.run(100);
    assert_eq!(
        (rig.starts_of(one), rig.starts_of(other)),
        (vec![34], vec![34])
    );
}
