use super::*;

fn saturated(_: MacAddr) -> u16 {
    100
}

/// When promised visits began.
fn promised(bench: &Bench) -> Vec<(Instant, MacAddr)> {
    let is_promised = |token: &Token| !token.rt.is_zero();
    let sent = bench.sent.iter();
    sent.filter(|sent| token_in(&sent.3).as_ref().is_some_and(is_promised))
        .map(|sent| (sent.0, sent.1))
        .collect()
}

/// Best effort fills the air, on a medium as fast as the model or half as fast.
#[test]
fn promised_visits_keep_their_interval_whatever_best_effort_wants() {
    for pace in [0, 100, 200] {
        let mut bench = Bench::in_token_mode(3);
        bench.request(2, 100);
        bench.request(3, 100);
        bench.run_at(CYCLE * 5, pace, Some(&saturated));
        bench.forget();
        bench.run_at(CYCLE * 40, pace, Some(&saturated));
        let visits = promised(&bench);
        // A packet each 20 ms, and so long as 11 / 16 of its delay bound may pass until a visit. On a
        // slow medium the grant before it takes that much longer.
        let overrun = Duration::from_millis(16) * pace.saturating_sub(100) / 100;
        let slack = DELAY * 11 / 16 + overrun;
        for pair in visits.windows(2) {
            let pause = pair[1].0.since(pair[0].0);
            assert_eq!(pair[1].1, sta(1));
            assert!(pause <= DELAY + slack, "{pace}: {pause}");
        }
        // What was late is made up for, and no more.
        let due = (CYCLE * 40).as_nanos() / DELAY.as_nanos();
        let count = visits.len() as u64;
        assert!(
            (due * 9 / 10..=due + 2).contains(&count),
            "{pace}: {count} of {due}"
        );
        let used = bench.core.stations.values().map(|station| station.used.up);
        let used = used.fold(Duration::ZERO, |sum, used| sum + used) * pace.max(100) / 100;
        assert!(used > CYCLE * 45 * 8 / 10, "{pace}: {used}");
    }
}

#[test]
fn best_effort_is_shared_in_airtime_whatever_the_rate() {
    let mut bench = Bench::in_token_mode(4);
    let slow = LinkRates {
        up: Rate(60),
        down: Rate(60),
    };
    let (station, rates) = (sta(2), slow);
    bench.command(CoordinatorCommand::Link { station, rates });
    for n in 2..=4 {
        bench.request(n, 100);
    }
    bench.run(CYCLE * 500, Some(&|to| if to == sta(1) { 0 } else { 100 }));
    let air = |n: u8| {
        let used = bench.core.stations[&sta(n)].used;
        (used.up + used.down + used.overhead).as_secs_f64()
    };
    for n in 3..=4 {
        let ratio = air(n) / air(2);
        assert!((0.95..1.05).contains(&ratio), "station {n}: {ratio}");
    }
}

#[test]
fn the_round_robin_resumes_where_it_stopped() {
    let mut bench = Bench::in_token_mode(6);
    (2..=6).for_each(|n| bench.request(n, 100));
    bench.run(CYCLE * 50, Some(&saturated));
    let visited: Vec<_> = bench
        .sent
        .iter()
        .filter_map(|sent| match &sent.3 {
            Message::Token(token) if !token.nrt.is_zero() => Some(sent.1),
            _ => None,
        })
        .collect();
    let mut turns = visited;
    turns.dedup();
    assert!(turns.len() > 50);
    // Nobody is visited again before all others were.
    for window in turns.windows(5) {
        let mut all = window.to_vec();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 5, "{window:?}");
    }
}

#[test]
fn the_residual_cycle_is_never_overrun() {
    let mut bench = Bench::in_token_mode(5);
    for n in 1..=5 {
        bench.request(n, 100);
        (0..50).for_each(|_| {
            bench.packet(n, 80, 1_500);
        });
    }
    bench.run(CYCLE * 100, Some(&saturated));
    let stats = bench.core.stats;
    assert_eq!(stats.overfull_cycles, 0);
    assert!(
        stats.busiest_cycle > CYCLE * 9 / 10,
        "{}",
        stats.busiest_cycle
    );
}

#[test]
fn token_mode_outlasts_the_last_reservation() {
    let mut bench = Bench::in_token_mode(2);
    bench.run_idle(CYCLE * 2);
    let held = bench.packet(2, 80, 1_500);
    assert!(
        bench.verdicts.contains(&Verdict::Accept(held)),
        "the cell is idle"
    );
    bench.reserve_op(1, VOICE, ReserveOp::Close);
    assert_eq!(bench.released(), []);
    bench.run_idle(Duration::from_millis(1_600));
    assert_eq!(bench.released(), [ReleaseCause::Idle]);
    assert_eq!(bench.core.mode, CellMode::Token);
    bench.run_idle(Duration::from_millis(2_100));
    assert_eq!(bench.core.mode, CellMode::Free);
    assert!(
        bench
            .events
            .contains(&CoordinatorEvent::Mode(CellMode::Free))
    );
}

/// HELLO reminded the agents when their two cycles were over, not before. Whichever HELLO is lost,
/// the next one comes in time, counted with the cycle that those before it announced.
#[test]
fn waiting_agents_hear_something_within_two_cycles_and_miss_one_hello() {
    for stations in [2, 10, 40] {
        let mut bench = Bench::in_token_mode(stations);
        bench.answer(0);
        (2..=stations).for_each(|n| bench.request(n, 100));
        bench.run(CYCLE * 200, Some(&saturated));
        let hellos = bench.sent.iter().filter_map(|sent| match &sent.3 {
            Message::Hello(hello) => Some((sent.0, hello.cycle)),
            _ => None,
        });
        let hellos: Vec<_> = hellos.collect();
        for heard in hellos.windows(3) {
            let silence = heard[2].0.since(heard[0].0);
            let patience = heard[0].1 * 2;
            assert!(
                silence < patience,
                "{stations} stations: {silence} of {patience}"
            );
        }
        // A round of visits, within reason, and a quarter more.
        let quanta = Duration::from_millis(16) * u64::from(stations);
        let round = quanta.max(CYCLE).min(Duration::from_millis(400));
        assert_eq!(hellos.last().map(|(_, cycle)| *cycle), Some(round * 5 / 4));
        assert!(hellos.len() > 20);
    }
}

/// Uplink starved next to a saturated downlink, where both do not fit into one grant.
#[test]
fn slow_links_are_served_both_ways_in_turns() {
    let phy = Phy {
        kind: PhyKind::DsssLong,
        wmm: false,
    };
    let mut bench = Bench::of(CoordinatorConfig::new(phy, Rate(10)));
    for n in 1..=2 {
        bench.join(n);
        bench.register(n, n.into());
    }
    bench.reserve(1, VOICE);
    (0..500).for_each(|_| {
        bench.packet(2, 80, 1_500);
    });
    bench.request(2, 100);
    bench.run(CYCLE * 200, Some(&|to| if to == sta(1) { 0 } else { 100 }));
    let used = bench.core.stations[&sta(2)].used;
    assert!(used.up > Duration::from_secs(1), "up {}", used.up);
    assert!(used.down > Duration::from_secs(1), "down {}", used.down);
}

/// The planner chose the same visit for ever, because the grant had no room for the packet.
#[test]
fn a_packet_longer_than_a_cycle_passes() {
    let mut bench = Bench::in_token_mode(2);
    let rates = LinkRates {
        up: Rate(60),
        down: Rate(60),
    };
    let station = sta(2);
    bench.command(CoordinatorCommand::Link { station, rates });
    let jumbo = bench.packet(2, 80, 60_000);
    bench.run_idle(Duration::from_secs(1));
    assert!(bench.verdicts.contains(&Verdict::Accept(jumbo)));
}
