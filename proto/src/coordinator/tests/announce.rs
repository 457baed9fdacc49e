//! Several promised visits by one broadcast.

use super::*;
use crate::wire::{Schedule, Slot};

/// A cell of 802.11a with the strategy `schedule`, in which so many stations have a call.
fn cell(stations: u8) -> Bench {
    let config = CoordinatorConfig {
        strategy: Strategy::Schedule,
        ..CoordinatorConfig::new(PHY, Rate(540))
    };
    let mut bench = Bench::of(config);
    for n in 1..=stations {
        bench.join(n);
        bench.register_as(n, n.into(), Register::POLL | Register::SCHEDULE);
        bench.reserve(n, VOICE);
    }
    bench
}

impl Bench {
    /// The latest announcement.
    fn announced(&self) -> Option<(Instant, Schedule)> {
        self.sent.iter().rev().find_map(|sent| match &sent.3 {
            Message::Schedule(schedule) => Some((sent.0, schedule.clone())),
            _ => None,
        })
    }

    /// A station answers its visit, which was announced.
    fn answer_slot(&mut self, schedule: &Schedule, place: u32) {
        let Slot {
            station,
            rt,
            valid,
            rate,
            ..
        } = schedule.slots[place as usize];
        let token = Token {
            token: schedule.token + place,
            probe: false,
            cycle_number: schedule.cycle_number,
            rt,
            nrt: Duration::ZERO,
            valid,
            rate,
        };
        self.answer_to(station, token, 0);
    }
}

/// All calls begin at once.
fn first(bench: &mut Bench) -> (Instant, Schedule) {
    // The first one got a token of its own, before the others were there.
    bench.answer(0);
    bench.announced().expect("a SCHEDULE")
}

#[test]
fn those_who_are_due_are_announced_together_and_take_turns() {
    let mut bench = cell(6);
    let (at, schedule) = first(&mut bench);
    let mut stations: Vec<_> = schedule
        .slots
        .iter()
        .map(|slot| slot.station.0[5])
        .collect();
    stations.sort_unstable();
    assert_eq!(stations, [2, 3, 4, 5, 6]);
    let packet = PHY.granted(Turn::Paired, Rate(540), 200);
    for pair in schedule.slots.windows(2) {
        // Each has room for its packet and the return, and a little for one that was late.
        assert!(pair[1].offset >= pair[0].offset + packet + MS / 10);
        assert!(pair[0].rt >= packet * 2 - Duration::from_micros(1));
    }
    let last = schedule.slots[4].offset;
    assert!(last < Duration::from_millis(3), "{last}");
    // Nobody else gets a token meanwhile.
    bench.join(9);
    bench.register(9, 9);
    bench.request(9, 100);
    assert_eq!(bench.token(), None);
    for place in 0..5 {
        let begins = at + schedule.slots[place as usize].offset;
        bench.run(begins.since(bench.now), None);
        bench.answer_slot(&schedule, place);
    }
    assert_eq!(
        (bench.core.stats.returns, bench.core.stats.stale_returns),
        (6, 0)
    );
    bench.run(MS, None);
    assert_eq!(bench.token().map(|(to, _)| to), Some(sta(9)));
}

/// Nobody acknowledged the broadcast.
#[test]
fn who_missed_the_announcement_gets_a_token_soon() {
    let mut bench = cell(4);
    let (_, schedule) = first(&mut bench);
    let [missed, ..] = schedule.slots[..] else {
        panic!("{schedule}")
    };
    for place in 1..3 {
        bench.answer_slot(&schedule, place);
    }
    let begins = bench.now;
    bench.run(DELAY / 2, None);
    let tokens: Vec<_> = bench.tokens();
    let [(at, to, _)] = tokens[..] else {
        panic!("{tokens:?}")
    };
    assert_eq!(to, missed.station);
    assert!(at.since(begins) < DELAY / 2);
    assert_eq!(bench.core.stats.lost, 1);
}

/// One alone costs less by a token, and who cannot follow announcements is not in them.
#[test]
fn announcements_are_for_many_who_follow_them() {
    let mut bench = cell(1);
    bench.run_idle(CYCLE * 10);
    assert_eq!(bench.sent(MessageType::Schedule), 0);
    let mut bench = cell(3);
    for n in 4..=6 {
        bench.join(n);
        bench.register(n, n.into());
        bench.reserve(n, VOICE);
    }
    let (_, schedule) = first(&mut bench);
    assert!(
        schedule.slots.iter().all(|slot| slot.station.0[5] <= 3),
        "{schedule}"
    );
    bench.run_idle(CYCLE * 10);
    for n in 4..=6 {
        let to_it = bench.sent.iter().filter(|sent| sent.1 == sta(n));
        assert!(to_it.filter(|sent| token_in(&sent.3).is_some()).count() > 15);
    }
}

/// Who is in the greatest hurry cannot follow announcements.
#[test]
fn the_earliest_deadline_does_not_wait_for_those_who_are_announced() {
    let mut bench = cell(5);
    let table = PolicyTable {
        version: 2,
        rules: std::vec![
            rule(VOICE),
            Rule {
                promise: Promise {
                    delay: DELAY / 2,
                    ..VOICE_PROMISE
                },
                ..rule(80)
            }
        ],
    };
    bench.command(CoordinatorCommand::Policy(table));
    bench.join(6);
    bench.register(6, 6);
    bench.reserve(6, 80);
    let deadline = |n: u8| bench.core.stations[&sta(n)].service.unwrap().latest();
    assert!((2..=5).all(|n| deadline(6) < deadline(n)));
    bench.answer(0);
    assert_eq!(bench.token().map(|(to, _)| to), Some(sta(6)));
    assert_eq!(bench.sent(MessageType::Schedule), 0);
    bench.answer(0);
    assert_eq!(bench.sent(MessageType::Schedule), 1);
}
