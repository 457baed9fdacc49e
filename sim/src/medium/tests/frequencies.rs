//! Channels, and radios that come, go and change.

use super::*;

#[test]
fn channels_do_not_hear_each_other() {
    let (mut rig, [ap, station, other_ap, other]) = Rig::of(&prompt(ofdm()), 1);
    for radio in [other_ap, other] {
        rig.medium.set_frequency(radio, 5200);
    }
    let here = rig.send(0, station, ap, PSDU, R54);
    let there = rig.send(10, other, other_ap, PSDU, R54);
    let across = rig.send(2_000, station, other_ap, PSDU, R54);
    rig.finish();
    assert_eq!(rig.done(here), Some((326, true, 1)));
    assert_eq!(rig.done(there), Some((336, true, 1)));
    assert_eq!(rig.done(across).map(|done| done.1), Some(false));
    assert_eq!(rig.receptions(across), []);
}

/// EIFS after a collision is a matter of the channel it was on.
#[test]
fn overlapping_frames_of_other_channels_are_no_collision() {
    let config = MediumConfig {
        collision_rx: CollisionRx::Eifs,
        ..MediumConfig::default()
    };
    let mut rig = Rig::new(config, 1);
    let [ap, one, bystander, other] = [(); 4].map(|()| rig.medium.add_radio(prompt(ofdm())));
    rig.medium.set_frequency(other, 5200);
    rig.send(0, one, ap, PSDU, R54);
    rig.send(0, other, Destination::Group, PSDU, R54);
    rig.send(100, bystander, ap, PSDU, R54);
    rig.finish();
    assert_eq!(rig.starts_of(bystander), [326 + 34]);
}

#[test]
fn who_leaves_in_the_middle_of_a_frame_loses_it() {
    for (leaves, comes_back) in [(0, false), (0, true), (1, false), (1, true)] {
        let (mut rig, radios) = Rig::of::<2>(&prompt(ofdm()), 1);
        let [ap, station] = radios;
        let id = rig.send(0, station, ap, PSDU, R54);
        rig.run(100);
        rig.medium.set_frequency(radios[leaves], 5200);
        if comes_back {
            rig.run(150);
            rig.medium.set_frequency(radios[leaves], 5180);
        }
        rig.run(300);
        assert_eq!(rig.receptions(id), [], "{leaves} {comes_back}");
        rig.finish();
        let acked = rig.done(id).map(|done| done.1);
        assert_eq!(acked, Some(comes_back), "the repetition arrives");
    }
}

/// Carrier sense (clause 10.3.2.1) works at once on a channel that a radio comes to.
#[test]
fn who_comes_in_the_middle_of_a_frame_waits_for_its_end() {
    let (mut rig, [ap, station, newcomer]) = Rig::of(&prompt(ofdm()), 1);
    rig.medium.set_frequency(newcomer, 5200);
    rig.send(0, station, ap, PSDU, R54);
    rig.send(90, newcomer, ap, PSDU, R54);
    rig.run(100);
    rig.medium.set_frequency(newcomer, 5180);
    rig.finish();
    assert_eq!(rig.starts_of(newcomer), [326 + 34]);
    assert_eq!(rig.done(FrameId(0)), Some((326, true, 1)));
}

/// The same holds for a radio that is added, and for one that moves.
#[test]
fn who_appears_in_the_middle_of_a_frame_waits_for_its_end() {
    let row = [0.0, 30.0, 200.0].map(|x| (x, prompt(ofdm())));
    let mut rig = Rig::row(row, MediumConfig::default());
    let [ap, station, walker] = [RadioId(0), RadioId(1), RadioId(2)];
    rig.send(0, station, ap, PSDU, R24);
    rig.send(90, walker, Destination::Group, PSDU, R24);
    rig.run(100);
    rig.medium.move_radio(walker, Position { x: 40.0, y: 0.0 });
    let new = rig.medium.add_radio(prompt(ofdm()));
    rig.send(100, new, Destination::Group, PSDU, R24);
    rig.finish();
    assert_eq!(rig.done(FrameId(0)), Some((614, true, 1)));
    assert_eq!(rig.starts_of(walker), [614 + 34]);
    assert_eq!(rig.starts_of(new), [614 + 34]);
}

/// Even so many that the sets of radios grow by a word, and hidden from who is sending.
#[test]
fn radios_may_be_added_while_others_send() {
    for capture in [Capture::Off, Capture::On(10.0)] {
        let config = MediumConfig {
            capture,
            ..MediumConfig::default()
        };
        let row = [0.0, 40.0].map(|x| (x, prompt(ofdm())));
        let mut rig = Rig::row(row, config);
        let [ap, station] = [RadioId(0), RadioId(1)];
        let first = rig.send(0, station, ap, PSDU, R24);
        rig.run(100);
        let position = Position { x: -40.0, y: 0.0 };
        let hidden = RadioConfig {
            position,
            ..prompt(ofdm())
        };
        let [.., last] = [(); 100].map(|()| rig.medium.add_radio(hidden.clone()));
        rig.send(100, last, Destination::Group, 100, R6);
        rig.finish();
        assert_eq!(rig.starts_of(last), [134], "it hears nothing");
        let done = rig.done(first);
        assert_eq!(done.map(|done| (done.1, done.2)), Some((true, 2)));
    }
}

#[test]
fn parameters_may_change() {
    let (mut rig, [ap, station]) = Rig::of(&prompt(edca()), 1);
    rig.send(0, station, ap, QOS_PSDU, R54);
    rig.run(1_000);
    let mut config = rig.medium.radio(station).clone();
    config.access[Ac::Be as usize].aifsn = 7;
    config.position = Position { x: 9.0, y: 9.0 };
    rig.medium.configure(station, config);
    assert!(
        rig.medium.radio(station).position.x < 1.0,
        "it stays where it is"
    );
    rig.send(1_000, station, ap, QOS_PSDU, R54);
    rig.send(1_000, station, ap, QOS_PSDU, R54);
    rig.finish();
    let starts = rig.starts_of(station);
    assert_eq!(starts[2] - (starts[1] + 252 + 16 + 28), 16 + 7 * 9);
}
