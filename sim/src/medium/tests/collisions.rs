//! Frames that overlap where everybody hears everybody.

use super::*;

fn collide(collision_rx: CollisionRx, again: bool) -> (Rig, [RadioId; 4]) {
    let config = MediumConfig {
        collision_rx,
        ..MediumConfig::default()
    };
    let mut rig = Rig::new(config, 1);
    let once = RadioConfig {
        retry_limit: 1,
        ..prompt(ofdm())
    };
    let radios = [(); 4].map(|()| rig.medium.add_radio(once.clone()));
    let [ap, one, other, _] = radios;
    rig.send(0, one, ap, PSDU, R54);
    rig.send(0, other, ap, PSDU, R54);
    if again {
        rig.send(0, one, ap, PSDU, R54);
    }
    (rig, radios)
}

/// The last bits of both collided frames.
const LAST: u64 = 34 + 248;

#[test]
fn both_are_lost_and_wait_for_their_ack_timeout() {
    let (mut rig, [ap, one, other, _]) = collide(CollisionRx::Difs, true);
    rig.finish();
    let sent = rig.frames_of(one);
    assert_eq!(sent[0].0, 34);
    assert_eq!(sent[1].0, LAST + 45 + 34);
    assert_eq!(rig.starts_of(other), [34]);
    assert_eq!(rig.receptions(FrameId(0)), []);
    assert_eq!(rig.receptions(FrameId(1)), []);
    assert_eq!(rig.done(FrameId(1)), Some((LAST + 45, false, 1)));
    assert_eq!(rig.receptions(FrameId(2)), [(sent[1].1, ap)]);
}

#[test]
fn bystanders_wait_difs_or_eifs() {
    // EIFS - DIFS: SIFS and an Ack at 6 Mb/s, 16 + 44 us (clause 10.3.2.3.7).
    for (collision_rx, wait) in [(CollisionRx::Difs, 34), (CollisionRx::Eifs, 60 + 34)] {
        let (mut rig, [ap, .., bystander]) = collide(collision_rx, false);
        rig.send(100, bystander, ap, PSDU, R54);
        rig.finish();
        assert_eq!(rig.starts_of(bystander), [LAST + wait], "{collision_rx:?}");
    }
}

#[test]
fn colliders_do_not_wait_eifs() {
    let (mut rig, [ap, one, _, bystander]) = collide(CollisionRx::Eifs, true);
    rig.send(100, bystander, ap, PSDU, R54);
    rig.finish();
    let again = rig.frames_of(one)[1];
    assert_eq!(again.0, LAST + 45 + 34);
    // What the bystander could read ends its EIFS.
    assert_eq!(rig.starts_of(bystander), [again.1 + 16 + 28 + 34]);
}

#[test]
fn eifs_is_over_when_something_is_received() {
    let (mut rig, [ap, .., bystander]) = collide(CollisionRx::Eifs, false);
    rig.send(LAST + 60 + 34 + 100, ap, bystander, PSDU, R54);
    rig.run(LAST + 60 + 34 + 200);
    let next = rig.send(LAST + 60 + 34 + 200, bystander, ap, PSDU, R54);
    rig.finish();
    let ack_ends = rig.done(FrameId(2)).unwrap().0;
    assert_eq!(rig.starts_of(bystander), [ack_ends + 34]);
    assert_eq!(rig.done(next).map(|done| done.1), Some(true));
}

/// Whether the AP receives the frames of a station at 10 m and of one at 62 m, which is 24 dB
/// weaker. They do not hear each other, so that one may begin in the middle of the other's.
fn survive(capture: Capture, near_begins: u64, far_begins: u64) -> [bool; 2] {
    let medium = MediumConfig {
        capture,
        ..MediumConfig::default()
    };
    let once = RadioConfig {
        retry_limit: 1,
        ..prompt(ofdm())
    };
    let mut rig = Rig::row([0.0, 10.0, -62.0].map(|x| (x, once.clone())), medium);
    let mut turns = [(near_begins, 1), (far_begins, 2)];
    turns.sort_unstable();
    let mut sent = turns.map(|(begins, from)| {
        let id = rig.send(begins, RadioId(from), RadioId(0), PSDU, R6);
        (from, id)
    });
    rig.finish();
    sent.sort_unstable();
    sent.map(|(_, id)| !rig.receptions(id).is_empty())
}

#[test]
fn the_stronger_frame_is_captured_if_wanted() {
    for (near, far) in [(0, 100), (0, 15), (0, 0), (20, 0), (100, 0)] {
        assert_eq!(survive(Capture::Off, near, far), [false, false]);
        // 24 dB are less than 25.
        assert_eq!(survive(Capture::On(25.0), near, far), [false, false]);
    }
    for (near, far) in [(0, 100), (0, 15), (0, 0), (15, 0), (20, 0)] {
        assert_eq!(survive(Capture::On(10.0), near, far), [true, false]);
    }
}

/// Behind the preamble of the earlier frame, 20 us, a receiver does not look for another one.
#[test]
fn a_stronger_frame_behind_the_preamble_destroys_both() {
    for near in [21, 100] {
        assert_eq!(survive(Capture::On(10.0), near, 0), [false, false]);
    }
}

/// Equal powers capture nothing.
#[test]
fn equal_frames_are_lost_with_capture_too() {
    let config = MediumConfig {
        capture: Capture::On(3.0),
        ..MediumConfig::default()
    };
    let mut rig = Rig::new(config, 1);
    let [ap, one, other] = [(); 3].map(|()| rig.medium.add_radio(prompt(ofdm())));
    rig.send(0, one, ap, PSDU, R54);
    rig.send(0, other, ap, PSDU, R54);
    rig.run(400);
    assert_eq!(rig.receptions(FrameId(0)), []);
    assert_eq!(rig.receptions(FrameId(1)), []);
}
