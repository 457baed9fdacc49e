//! When promised visits are, and in which order.

use super::*;
use crate::coordinator::service::Service;
use crate::ledger::{Entry, FlowId};

/// What 80 kbit/s of 200 octets, a packet every 20 ms, are promised.
fn entry(delay_ms: u64) -> Entry {
    Entry {
        rule: None,
        direction: Direction::Up,
        promise: Promise {
            delay: Duration::from_millis(delay_ms),
            ..VOICE_PROMISE
        },
        granted: VOICE_PROMISE.rate,
        rank: Rank::default(),
        idle: Duration::from_secs(1),
        since: Instant::ZERO,
        up_idle: false,
        bundled: false,
    }
}

/// Of a station with these calls.
fn of(entries: &[Entry], now: Instant) -> Option<Service> {
    let id = FlowId::of(sta(1), Direction::Up, flow(1, VOICE));
    Service::of(entries.iter().map(|entry| (&id, entry)), Turn::Paired, now)
}

fn service(delay_ms: u64, now: Instant) -> Service {
    of(&[entry(delay_ms)], now).unwrap()
}

const fn at(ms: u64) -> Instant {
    Instant::from_nanos(ms * 1_000_000)
}

fn returned(sent_rt: u16, waiting: u16, newest: Duration) -> Return {
    Return {
        token: 1,
        used_rt: Duration::ZERO,
        used_nrt: Duration::ZERO,
        sent_rt,
        sent_nrt: 0,
        backlog: Backlog {
            rt: ClassBacklog {
                packets: waiting,
                octets: u32::from(waiting) * 200,
            },
            nrt: ClassBacklog::default(),
        },
        rate: Rate(0),
        refused: false,
        oldest: newest,
        newest,
    }
}

/// By hand: so many periods of 20 ms as begin in half of the delay bound; 11 / 16 of what is left
/// of the bound when the last of their packets comes.
#[test]
fn interval_and_slack_by_hand() {
    for (delay, interval, slack_us) in [(20, 20, 13_750), (60, 40, 27_500), (80, 60, 27_500)] {
        let service = service(delay, at(500));
        assert_eq!(service.interval, Duration::from_millis(interval));
        assert_eq!(service.due, at(500));
        assert_eq!(service.latest(), at(500) + Duration::from_micros(slack_us));
    }
    // Only what goes up, and is not idle.
    let down = Entry {
        direction: Direction::Down,
        ..entry(20)
    };
    let idle = Entry {
        up_idle: true,
        ..entry(20)
    };
    assert_eq!(of(&[down, idle], at(0)), None);
    let tightest = of(&[entry(80), down, entry(60), idle], at(0));
    assert_eq!(tightest.map(|service| service.interval), Some(MS * 40));
}

/// Whenever its packets come, visits soon begin when one has just come, and no sooner.
#[test]
fn visits_follow_the_packets() {
    for phase_us in (0..20_000).step_by(700) {
        let mut service = service(20, at(1_000));
        let came = |nth: u64| at(1_000 + nth * 20) + Duration::from_micros(phase_us);
        let mut waiting = 0;
        for visit in 0..12 {
            // The first is 30 ms late, all others are in time.
            let late = if visit == 0 { MS * 30 } else { Duration::ZERO };
            let now = service.due + late;
            if visit > 4 {
                assert_eq!(service.due, came(waiting), "phase {phase_us} us");
            }
            let new = (waiting..).take_while(|nth| came(*nth) <= now).count() as u64;
            waiting += new;
            let newest = now.since(came(waiting.saturating_sub(1)));
            service.begin(now);
            let sent = u16::try_from(new).unwrap();
            service.end(now + MS, now, &returned(sent, 0, newest));
        }
    }
}

/// A flow that sends when it can gets what it is promised although each visit is late.
#[test]
fn late_visits_are_made_up_for() {
    let mut service = service(20, at(1_000));
    for _ in 0..50 {
        let now = service.due + MS * 9;
        service.begin(now);
        service.end(now + MS, now, &returned(1, 0, Duration::ZERO));
    }
    assert_eq!(service.due, at(2_000));
}

/// The same where packets are always left. By hand: the first is followed at once, 2 ms before its
/// interval is over; the others each by an interval, where without a memory it would be 23 ms.
#[test]
fn late_visits_that_leave_packets_are_made_up_for() {
    let mut service = service(20, at(1_000));
    let late_by = |service: &mut Service, late: Duration| {
        let now = service.due + late;
        service.begin(now);
        service.end(now + MS, now, &returned(1, 38, Duration::ZERO));
        now + MS
    };
    for _ in 0..50 {
        late_by(&mut service, MS * 17);
    }
    assert_eq!(service.due, at(1_998));
    // But for no more than an interval: others have promises, too.
    let end = late_by(&mut service, MS * 300);
    assert_eq!(service.due + DELAY, end);
    // Nor for who sends nothing of what it says it has.
    let now = service.due + MS * 17;
    service.begin(now);
    service.end(now + MS, now, &returned(0, 38, Duration::ZERO));
    assert_eq!(service.due, now + MS + DELAY / 4);
}

#[test]
fn empty_visits_back_off_and_a_packet_ends_that() {
    let mut service = service(20, at(0));
    let mut pauses = Vec::new();
    let mut now = at(1_000);
    for _ in 0..4 {
        service.begin(now);
        service.end(now, now, &returned(0, 0, Duration::ZERO));
        pauses.push(service.due.since(now).as_millis());
        now = service.due;
    }
    // The first time it may only have come a little early.
    assert_eq!(pauses, [5, 20, 20, 20]);
    service.end(now, now, &returned(1, 0, Duration::ZERO));
    service.end(now, now, &returned(0, 0, Duration::ZERO));
    assert_eq!(service.due, now + MS * 5);
}

/// By hand. After the first visit that found nothing, the usual 11 / 16 of what the bound leaves, a
/// quarter of a period later. From then on as much, counted from when the packets of an interval
/// would have come after the empty visit; but no sooner than the next is due.
#[test]
fn after_an_empty_visit_what_just_missed_it_is_not_late() {
    for (delay, latest_us) in [
        (20, [18_750, 20_000, 20_000]),
        (60, [32_500, 47_500, 47_500]),
        (80, [32_500, 67_500, 67_500]),
    ] {
        let mut service = service(delay, at(0));
        let mut now = at(1_000);
        for latest_us in latest_us {
            service.begin(now);
            service.end(now, now, &returned(0, 0, Duration::ZERO));
            let latest = service.latest().since(now).as_micros();
            assert_eq!((delay, latest), (delay, latest_us));
            assert!(latest <= delay * 1_000);
            now = service.due;
        }
        service.begin(now);
        service.end(now, now, &returned(1, 0, Duration::ZERO));
        let slack = service.latest().since(service.due).as_micros();
        assert_eq!(slack, if delay == 20 { 13_750 } else { 27_500 });
    }
}

#[test]
fn what_was_left_or_missed_is_visited_soon() {
    let mut service = service(20, at(1_000));
    service.begin(at(1_000));
    service.end(at(1_001), at(1_000), &returned(1, 1, MS));
    assert_eq!(service.due, at(1_001));
    // Not for ever: who is off its channel, or lies, would have all of the air.
    service.begin(at(1_001));
    service.end(at(1_002), at(1_001), &returned(1, 1, MS));
    assert_eq!(service.due, at(1_002) + DELAY / 4);
    service.begin(at(1_007));
    service.missed(at(1_010));
    assert_eq!(service.due, at(1_010) + DELAY / 8);
}

/// Who was off its channel asks, and is visited at once; however often, not all the time.
#[test]
fn whoever_asks_is_visited_soon() {
    let mut service = service(20, at(1_000));
    service.begin(at(1_000));
    service.end(at(1_001), at(1_000), &returned(1, 0, Duration::ZERO));
    assert_eq!(service.due, at(1_020));
    service.asked(at(1_012));
    assert_eq!(service.due, at(1_012));
    service.asked(at(1_013));
    assert_eq!(service.due, at(1_012), "it does not come later for that");
    service.begin(at(1_012));
    service.asked(at(1_013));
    assert_eq!(service.due, at(1_017));
}

/// A claim about the past must not make a visit due in the past: that would be asked for ever.
#[test]
fn no_claim_makes_a_visit_due_before_now() {
    let mut service = service(20, at(0));
    for newest in [Duration::ZERO, MS * 19, MS * 21, Duration::from_secs(4_000)] {
        service.end(at(1_001), at(1_000), &returned(1, 0, newest));
        assert!(
            service.due >= at(1_001) && service.due <= at(1_020),
            "{newest}"
        );
    }
}

/// A cell of 802.11a that promises calls of these delay bounds at ports 1, 2 and so on.
fn cell(delays: &[u64], config: CoordinatorConfig) -> Bench {
    let mut bench = Bench::of(config);
    let rules = (1_u16..).zip(delays).map(|(port, delay)| Rule {
        promise: entry(*delay).promise,
        matches: Match {
            direction: Direction::Up,
            ..rule(port).matches
        },
        ..rule(port)
    });
    let table = PolicyTable {
        version: 2,
        rules: rules.collect(),
    };
    bench.command(CoordinatorCommand::Policy(table));
    bench
}

/// Each station has a call at the port of its number.
fn calls(delays: &[u64], config: CoordinatorConfig) -> Bench {
    let mut bench = cell(delays, config);
    for n in (1_u8..).take(delays.len()) {
        bench.join(n);
        bench.register(n, n.into());
        bench.reserve(n, n.into());
    }
    assert!(
        bench
            .outcomes()
            .iter()
            .all(|outcome| *outcome == Outcome::Granted)
    );
    assert_eq!(bench.outcomes().len(), delays.len());
    bench
}

/// A call with a tight bound begins on a station that has one with a loose bound, and was visited
/// just now.
#[test]
fn a_tighter_promise_does_not_wait_for_the_rhythm_of_a_looser_one() {
    for after in [1, 10, 30, 59] {
        let mut service = service(80, at(1_000));
        service.begin(at(1_000));
        service.end(at(1_000), at(1_000), &returned(1, 0, Duration::ZERO));
        let begins = at(1_000 + after);
        service.adopt(of(&[entry(80), entry(20)], begins).unwrap());
        assert!(
            service.latest() <= begins + DELAY,
            "{after}: {}",
            service.latest().since(begins)
        );
        // And no change makes a visit later.
        let due = service.due;
        service.adopt(of(&[entry(80)], begins).unwrap());
        assert_eq!(service.due, due);
    }
}

/// Whom the token came to, one after another.
fn visited(bench: &Bench) -> Vec<u8> {
    let tokens = bench.sent.iter().filter(|sent| token_in(&sent.3).is_some());
    tokens.map(|sent| sent.1.0[5]).collect()
}

#[test]
fn the_earliest_deadline_goes_first() {
    // Station 1 has the token; meanwhile all others are due, each with another deadline.
    let bounds = [200, 38, 22, 34, 26, 30];
    let mut bench = calls(&bounds, CoordinatorConfig::new(PHY, Rate(540)));
    assert_eq!(visited(&bench), [1]);
    bench.run(MS, Some(&|_| 0));
    assert_eq!(visited(&bench), [1, 3, 5, 6, 4, 2]);
}

/// Best effort fills the rest of the air.
#[test]
fn every_promised_visit_begins_in_time_after_those_before_it() {
    let bounds = [20, 20, 24, 30, 38, 60, 80, 80];
    let mut bench = calls(&bounds, CoordinatorConfig::new(PHY, Rate(540)));
    for n in 9..=12 {
        bench.join(n);
        bench.register(n, n.into());
        bench.request(n, 100);
    }
    let end = bench.now + Duration::from_secs(3);
    let mut visits = [0; 9];
    let mut best_effort = Duration::ZERO;
    loop {
        let latest = bench.core.stations.iter().filter_map(|(address, station)| {
            Some((address.0[5], station.service.as_ref()?.latest()))
        });
        let latest: std::collections::BTreeMap<_, _> = latest.collect();
        let before = bench.sent.len();
        if !bench.step(
            end,
            100,
            Some(&|to: MacAddr| if to.0[5] > 8 { 100 } else { 0 }),
        ) {
            break;
        }
        for (at, to, _, message, _) in &bench.sent[before..] {
            let Some(token) = token_in(message) else {
                continue;
            };
            let n = to.0[5];
            if token.nrt.is_zero() {
                assert!(
                    *at <= latest[&n],
                    "station {n}: {} late",
                    at.since(latest[&n])
                );
                visits[usize::from(n)] += 1;
            } else {
                best_effort += token.nrt;
            }
        }
    }
    // Each as often as its bound allows, and never more often than its packets come.
    for (n, delay) in (1..).zip(bounds) {
        let interval = service(delay, at(0)).interval.as_millis();
        let most = 3_000 / interval;
        assert!(
            visits[n] <= most && visits[n] > most * 6 / 10,
            "station {n}: {}",
            visits[n]
        );
    }
    assert!(best_effort > Duration::from_secs(1), "{best_effort}");
}

/// Where a packet takes longer than promised visits leave at a time, it still goes.
#[test]
fn the_slowest_station_is_served_beside_tight_promises() {
    let phy = Phy {
        kind: PhyKind::DsssLong,
        wmm: false,
    };
    let mut bench = calls(&[10; 4], CoordinatorConfig::new(phy, Rate(110)));
    // Packets of the calls come in turns, one each 5 ms.
    bench.newest = |to, now| {
        let first = u64::from(to.0[5]) * 5_000_000;
        Duration::from_nanos((now.as_nanos() - first) % DELAY.as_nanos())
    };
    bench.join(9);
    bench.register(9, 9);
    let rates = LinkRates {
        up: Rate(10),
        down: Rate(10),
    };
    let station = sta(9);
    bench.command(CoordinatorCommand::Link { station, rates });
    // Between the latest times for two of them.
    let wanted = phy.granted(Turn::Paired, Rate(10), 1_500);
    assert!(wanted > MS * (5 + 10 * 11 / 16));
    bench.run_at(CYCLE * 10, 100, Some(&|_| 0));
    bench.request(9, 100);
    bench.forget();
    bench.run_at(
        Duration::from_secs(2),
        100,
        Some(&|to| if to == sta(9) { 100 } else { 0 }),
    );
    let grants = bench.sent.iter().filter_map(|sent| token_in(&sent.3));
    let grants: Vec<_> = grants.filter(|token| !token.nrt.is_zero()).collect();
    // Once in a cycle of 100 ms.
    assert!((15..=21).contains(&grants.len()), "{}", grants.len());
    assert!(grants.iter().all(|token| token.nrt >= wanted));
    for n in 1..=4 {
        let visits = visited(&bench).iter().filter(|other| **other == n).count();
        assert!(visits > 75, "station {n}: {visits}");
    }
}
