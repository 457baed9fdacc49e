//! When a station moves, when it stays, and what it says of it.

use alloc::vec;
use alloc::vec::Vec;

use super::*;

const HERE: MacAddr = MacAddr([2, 0, 0, 0, 0, 0]);
const THERE: MacAddr = MacAddr([2, 0, 0, 0, 1, 0]);
const ELSEWHERE: MacAddr = MacAddr([2, 0, 0, 0, 2, 0]);

struct Walk {
    machine: Station,
    now: Instant,
}

impl Walk {
    fn new(steer: Steer) -> Self {
        let config = StationConfig {
            steer,
            ..StationConfig::default()
        };
        let now = Instant::from_nanos(1);
        let machine = Station::new(config, now);
        let mut walk = Self { machine, now };
        walk.input(StationInput::LinkUp { bssid: HERE });
        walk.after(5_000);
        walk
    }

    fn input(&mut self, input: StationInput) -> Vec<StationOutput> {
        self.machine.handle(self.now, input);
        core::iter::from_fn(|| self.machine.poll()).collect()
    }

    /// Lets time pass with its timers.
    fn after(&mut self, ms: u64) -> Vec<StationOutput> {
        let end = self.now + Duration::from_millis(ms);
        let mut seen = Vec::new();
        while let Some(at) = self.machine.next_timer().filter(|at| *at <= end) {
            self.now = at;
            seen.extend(self.input(StationInput::Timeout));
        }
        self.now = end;
        seen
    }

    fn heard(&mut self, bssid: MacAddr, signal: i8) -> Vec<StationOutput> {
        let frequency = 5180;
        self.input(StationInput::Heard {
            bssid,
            frequency,
            signal,
        })
    }

    /// The move that ended, in `seen`.
    fn moved(seen: &[StationOutput]) -> &Move {
        let moved = seen.iter().find_map(|output| match output {
            StationOutput::Record(moved) => Some(moved),
            _ => None,
        });
        moved.expect("a move has ended")
    }
}

#[test]
fn a_stronger_candidate_is_taken_in_the_order_that_loses_nothing() {
    let mut walk = Walk::new(Steer::Lead);
    assert_eq!(walk.heard(THERE, -50), []);
    assert_eq!(walk.input(StationInput::Signal(-69)), [], "good enough");
    assert_eq!(
        walk.input(StationInput::Signal(-75)),
        [StationOutput::Prepare(THERE)]
    );
    let ready = StationInput::Prepared(Outcome::Ready);
    assert_eq!(walk.input(ready), [StationOutput::Leave(THERE)]);
    let switch = StationOutput::Switch(THERE);
    assert_eq!(walk.input(StationInput::Go), [switch]);
    assert_eq!(walk.input(StationInput::LinkDown), []);
    let seen = walk.input(StationInput::LinkUp { bssid: THERE });
    let moved = Walk::moved(&seen);
    assert!(moved.done && moved.why == Why::Signal);
    assert!(!walk.machine.is_moving());
}

#[test]
fn a_weak_margin_old_news_and_a_fresh_arrival_do_not_move_it() {
    let mut walk = Walk::new(Steer::Lead);
    walk.heard(THERE, -70);
    assert_eq!(
        walk.input(StationInput::Signal(-75)),
        [],
        "5 dB are too few"
    );
    walk.heard(THERE, -60);
    walk.input(StationInput::Prepared(Outcome::Ready));
    walk.input(StationInput::Go);
    walk.input(StationInput::LinkUp { bssid: THERE });
    walk.heard(HERE, -40);
    assert_eq!(walk.input(StationInput::Signal(-80)), [], "just arrived");
    walk.after(11_000);
    assert_eq!(walk.input(StationInput::Signal(-80)), [], "old news");
}

#[test]
fn one_that_refuses_is_passed_over_and_the_user_is_told() {
    let mut walk = Walk::new(Steer::Lead);
    walk.heard(ELSEWHERE, -60);
    walk.heard(THERE, -50);
    walk.input(StationInput::Signal(-75));
    let full = StationInput::Prepared(Outcome::Refused("no airtime left".into()));
    let seen = walk.input(full);
    assert!(matches!(&seen[0], StationOutput::Notice(text) if text.contains("no airtime left")));
    assert!(!Walk::moved(&seen).done);
    assert_eq!(seen.last(), Some(&StationOutput::Prepare(ELSEWHERE)));
}

#[test]
fn the_desperate_go_where_promises_are_not_kept_and_say_so() {
    let mut walk = Walk::new(Steer::Lead);
    walk.heard(THERE, -50);
    walk.input(StationInput::Signal(-85));
    let full = StationInput::Prepared(Outcome::Partial("half of it".into()));
    let seen = walk.input(full);
    assert!(matches!(&seen[0], StationOutput::Notice(_)));
    assert_eq!(seen[1], StationOutput::Leave(THERE));
}

#[test]
fn others_may_steer_or_not() {
    for (steer, moves) in [
        (Steer::Off, [false, true]),
        (Steer::Assist, [true, true]),
        (Steer::Lead, [true, true]),
    ] {
        let inputs = [StationInput::Advised(THERE), StationInput::Ordered(THERE)];
        for (input, moves) in inputs.into_iter().zip(moves) {
            let mut walk = Walk::new(steer);
            let prepares = walk.input(input) == vec![StationOutput::Prepare(THERE)];
            assert_eq!(prepares, moves, "{steer:?}");
        }
        let mut walk = Walk::new(steer);
        walk.heard(THERE, -40);
        let moved = !walk.input(StationInput::Signal(-80)).is_empty();
        assert_eq!(moved, steer == Steer::Lead);
    }
}

#[test]
fn silence_ends_every_step() {
    let mut walk = Walk::new(Steer::Assist);
    walk.input(StationInput::Ordered(THERE));
    let seen = walk.after(160);
    assert_eq!(seen, [StationOutput::Leave(THERE)]);
    // An access point without Rether: the move is a plain one, with the gate shut.
    let seen = walk.after(150);
    assert!(matches!(seen[0], StationOutput::Switch(_)));
    let seen = walk.after(2_000);
    assert!(!Walk::moved(&seen).done);
    assert!(seen.contains(&StationOutput::Stay));
    walk.input(StationInput::Ordered(THERE));
    walk.input(StationInput::Prepared(Outcome::Ready));
    let seen = walk.after(200);
    assert!(seen.contains(&StationOutput::Stay) && !walk.machine.is_moving());
}

#[test]
fn it_listens_on_the_channels_of_candidates_only_while_it_is_weak() {
    let mut walk = Walk::new(Steer::Lead);
    // Its own channel would cost a turn, for nobody else is known there.
    for (bssid, frequency) in [(HERE, 5190), (THERE, 5180), (ELSEWHERE, 5200)] {
        walk.input(StationInput::Neighbour { bssid, frequency });
    }
    walk.input(StationInput::Signal(-60));
    assert_eq!(walk.after(10_000), []);
    walk.input(StationInput::Signal(-72));
    assert_eq!(walk.after(0), [StationOutput::Scan(5180)], "at once");
    assert_eq!(walk.after(999), []);
    let scans = walk.after(2_001);
    let expected = [5200, 5180, 5200].map(StationOutput::Scan);
    assert_eq!(scans, expected, "nobody was heard");
    walk.after(1_000);
    assert_eq!(walk.heard(THERE, -71), []);
    assert_eq!(walk.after(1_999), [], "there is no hurry");
    assert_eq!(walk.after(1), [StationOutput::Scan(5200)]);
    walk.input(StationInput::Signal(-60));
    assert_eq!(walk.after(10_000), []);
}

#[test]
fn it_looks_no_sooner_than_it_has_settled_and_at_home_if_nobody_else_is_known() {
    let mut walk = Walk::new(Steer::Lead);
    let (bssid, frequency) = (THERE, 5200);
    walk.input(StationInput::Neighbour { bssid, frequency });
    walk.input(StationInput::LinkUp { bssid });
    walk.input(StationInput::Signal(-75));
    assert_eq!(walk.after(1_999), []);
    assert_eq!(walk.after(1), [StationOutput::Scan(5200)]);
}

#[test]
fn where_nobody_can_be_asked_it_goes_as_the_signal_falls() {
    let mut walk = Walk::new(Steer::Lead);
    walk.heard(THERE, -60);
    walk.input(StationInput::Signal(-75));
    let unavailable = StationInput::Prepared(Outcome::Unavailable);
    assert!(!Walk::moved(&walk.input(unavailable)).done, "it waits");

    let mut walk = Walk::new(Steer::Lead);
    walk.heard(THERE, -60);
    walk.input(StationInput::Signal(-75));
    let alone = StationInput::Prepared(Outcome::Alone);
    assert_eq!(walk.input(alone), [StationOutput::Leave(THERE)]);
    let switch = StationOutput::Switch(THERE);
    assert_eq!(walk.input(StationInput::NoGo), [switch]);
}
