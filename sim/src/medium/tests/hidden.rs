//! Stations that hear the AP but not each other, and how strong they hear it.

use super::*;

const AP: RadioId = RadioId(0);
const WEST: RadioId = RadioId(1);
const EAST: RadioId = RadioId(2);

/// 40 m either side of the AP: 80 m between them is too far.
fn hidden(config: &RadioConfig) -> Rig {
    let row = [0.0, -40.0, 40.0].map(|x| (x, config.clone()));
    let rig = Rig::row(row, MediumConfig::default());
    assert!(rig.medium.signal_dbm(WEST, EAST) < -82.0);
    assert!(rig.medium.signal_dbm(WEST, AP) > -76.0);
    rig
}

fn once() -> RadioConfig {
    RadioConfig {
        retry_limit: 1,
        ..prompt(ofdm())
    }
}

// At 24 Mb/s a frame of 1536 octets takes 536 us.

#[test]
fn they_collide_in_the_middle_of_frames() {
    let mut rig = hidden(&once());
    let one = rig.send(0, WEST, AP, PSDU, R24);
    let other = rig.send(300, EAST, AP, PSDU, R24);
    rig.finish();
    assert_eq!(rig.starts_of(EAST), [334]);
    assert_eq!(rig.receptions(one), []);
    assert_eq!(rig.receptions(other), []);
    assert_eq!(rig.done(other), Some((334 + 536 + 45, false, 1)));
}

/// The frame of one is not heard by the other, but its Ack is.
#[test]
fn the_ack_keeps_the_other_one_quiet() {
    let mut rig = hidden(&once());
    let one = rig.send(0, WEST, AP, PSDU, R24);
    // Its DIFS would end in the middle of the Ack, 586..614.
    rig.send(560, EAST, AP, PSDU, R24);
    rig.finish();
    assert_eq!(rig.done(one), Some((614, true, 1)));
    assert_eq!(rig.starts_of(EAST), [614 + 34]);
}

/// The other way round: the Ack of a station is not heard by the other one, which knows of it by
/// the Duration field of the AP's frame (clause 10.3.2.4).
#[test]
fn the_nav_protects_an_ack_that_is_not_heard() {
    let mut rig = hidden(&once());
    let down = rig.send(0, AP, WEST, PSDU, R24);
    rig.send(300, EAST, AP, PSDU, R24);
    rig.finish();
    assert_eq!(rig.done(down), Some((570 + 16 + 28, true, 1)));
    assert_eq!(rig.starts_of(EAST), [614 + 34]);
}

/// Who hears a frame but cannot read its header, here 54 Mb/s at 13 to 21 dB, waits EIFS.
#[test]
fn an_unreadable_frame_is_followed_by_eifs() {
    let row = [0.0, -10.0, 60.0].map(|x| (x, once()));
    let mut rig = Rig::row(row, MediumConfig::default());
    let down = rig.send(0, AP, WEST, PSDU, R54);
    rig.send(100, EAST, AP, PSDU, R6);
    rig.finish();
    assert_eq!(rig.done(down), Some((282 + 16 + 28, true, 1)));
    assert_eq!(rig.starts_of(EAST), [282 + 60 + 34]);
}

/// That holds for the addressee as well, which cannot know that the frame was for it.
#[test]
fn an_addressee_that_cannot_read_waits_eifs() {
    let row = [0.0, 60.0].map(|x| (x, once()));
    let mut rig = Rig::row(row, MediumConfig::default());
    rig.send(0, AP, RadioId(1), PSDU, R54);
    let up = rig.send(100, RadioId(1), AP, PSDU, R6);
    rig.finish();
    assert_eq!(rig.done(FrameId(0)), Some((282 + 45, false, 1)));
    assert_eq!(rig.starts_of(RadioId(1)), [282 + 60 + 34]);
    assert_eq!(rig.done(up).map(|done| done.1), Some(true));
}

/// A frame whose Ack is lost is repeated and acknowledged again, but delivered once (clause
/// 10.3.2.14). East begins together with the station next to it, outlasts its frame, and is not
/// heard by the AP.
#[test]
fn a_repetition_is_not_delivered_again() {
    let row = [0.0, 40.0, 80.0].map(|x| (x, prompt(ofdm())));
    let mut rig = Rig::row(row, MediumConfig::default());
    let [station, east] = [RadioId(1), RadioId(2)];
    let mut config = rig.medium.radio(east).clone();
    config.retry_limit = 1;
    rig.medium.configure(east, config);
    let up = rig.send(0, station, AP, PSDU, R24);
    rig.send(0, east, Destination::Nobody, PSDU, R6);
    rig.finish();
    let long = 34 + 2_072;
    assert_eq!(
        rig.on_air(),
        [
            (34, 570, station, frame(up, 0)),
            (34, long, east, frame(FrameId(1), 0)),
            (586, 614, AP, ack(up)),
            (long + 34, long + 570, station, frame(up, 1)),
            (long + 586, long + 614, AP, ack(up)),
        ]
    );
    assert_eq!(rig.receptions(up), [(570, AP)]);
    assert_eq!(rig.done(up), Some((long + 614, true, 2)));
    let counters = rig.medium.counters(station);
    assert_eq!((counters.transmissions, counters.acked), (2, 1));
    assert_eq!(counters.wasted, Duration::from_micros(536));
}

#[test]
fn out_of_reach_is_lost_and_in_reach_is_not() {
    let row = [0.0, 30.0].map(|x| (x, once()));
    let mut rig = Rig::row(row, MediumConfig::default());
    let station = RadioId(1);
    let near = rig.send(0, station, AP, PSDU, R24);
    rig.run(1_000);
    rig.medium.move_radio(station, Position { x: 70.0, y: 0.0 });
    let far = rig.send(1_000, station, AP, PSDU, R6);
    rig.finish();
    assert_eq!(rig.done(near).map(|done| done.1), Some(true));
    assert_eq!(rig.done(far).map(|done| done.1), Some(false));
    assert_eq!(rig.receptions(far), []);
}

/// 1000 octets at the threshold of a rate: a tenth is lost, which the clause behind
/// [`reception`](super::super::reception) calls the sensitivity.
#[test]
fn frames_are_lost_at_the_share_of_their_signal() {
    // -74 dBm, 21 dB above the noise.
    let metres = libm::pow(10.0, (20.0 - 46.738 + 74.0) / 30.0);
    let row = [0.0, metres].map(|x| (x, once()));
    let mut rig = Rig::row(row, MediumConfig::default());
    let signal = rig.medium.signal_dbm(AP, RadioId(1));
    assert!((signal + 74.0).abs() < 0.01, "{signal}");
    let mut lost = 0;
    for number in 0..2_000 {
        let id = rig.send(number * 1_000, RadioId(1), AP, 1_000, R54);
        rig.run(number * 1_000 + 999);
        lost += u32::from(!rig.done(id).unwrap().1);
        rig.told.clear();
    }
    // Mean 200, standard deviation 13; the Ack is at 24 Mb/s and is not lost.
    assert!((150..250).contains(&lost), "{lost}");
}
