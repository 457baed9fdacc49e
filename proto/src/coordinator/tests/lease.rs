//! How many tokens are out, and what holds them up.

use super::*;

/// So many agents with best effort to send, in a cell that passes tokens without a promise.
fn crowd(stations: u8, turn: Turn) -> Bench {
    let config = CoordinatorConfig {
        turn,
        tokens: Tokens::Always,
        ..CoordinatorConfig::new(PHY, Rate(540))
    };
    let mut bench = Bench::of(config);
    for n in 1..=stations {
        bench.join(n);
        bench.register(n, n.into());
    }
    assert_eq!(bench.core.mode, CellMode::Token);
    bench.forget();
    (1..=stations).for_each(|n| bench.request(n, 100));
    bench
}

/// The most tokens out at a time in half a second in which everybody wants to send.
fn most_at_once(bench: &mut Bench) -> usize {
    let end = bench.now + Duration::from_millis(500);
    let mut most = bench.tokens().len();
    while bench.step(end, 100, Some(&|_| 100)) {
        most = most.max(bench.tokens().len());
    }
    assert!(bench.core.stats.returns > 20);
    assert_eq!((bench.core.stats.probes, bench.core.stats.lost), (0, 0));
    most
}

#[test]
fn two_send_at_a_time_only_by_plain_contention_and_without_promises() {
    assert_eq!(most_at_once(&mut crowd(4, Turn::Paired)), 2);
    assert_eq!(most_at_once(&mut crowd(4, Turn::Burst)), 1);
    let mut promised = crowd(4, Turn::Paired);
    // The calls are far from needing all of the air.
    promised.run_at(CYCLE, 100, Some(&|_| 100));
    promised.reserve(1, VOICE);
    promised.run_at(CYCLE, 100, Some(&|_| 100));
    assert_eq!(most_at_once(&mut promised), 1);
}

/// The holder of an acknowledged token that does not return it is not waited for longer than its
/// grant is valid.
#[test]
fn a_token_without_return_holds_nobody_up_for_long() {
    let mut bench = crowd(2, Turn::Burst);
    let (_, silent, _) = bench.tokens()[0];
    bench.radio(silent.0[5], true);
    let token = bench.core.leases.of(silent).unwrap().token;
    let other = sta(3 - silent.0[5]);
    let acked = bench.now;
    bench.run(token.valid, None);
    let next = bench
        .sent
        .iter()
        .find(|sent| sent.1 == other && token_in(&sent.3).is_some());
    let waited = next.map(|sent| sent.0.since(acked));
    assert!(
        waited.is_some_and(|waited| waited < token.valid),
        "{waited:?}"
    );
    assert!(
        waited.is_some_and(|waited| waited >= token.nrt),
        "{waited:?}"
    );
}

/// Best effort is not worth a repetition: only whether the agent lives is asked.
#[test]
fn a_missing_return_of_best_effort_is_probed_then_written_off() {
    for probe_arrives in [true, false] {
        let mut bench = crowd(1, Turn::Paired);
        let token = bench.core.leases.of(sta(1)).unwrap().token;
        bench.run(MS * 3, None);
        bench.radio(1, true);
        bench.run(token.valid - Duration::from_nanos(1), None);
        assert_eq!(bench.core.stats.probes, 0);
        bench.run(Duration::from_nanos(1), None);
        let (_, probe) = bench.token().unwrap();
        assert!(probe.probe && probe.token == token.token);
        assert!(probe.rt.is_zero() && probe.nrt.is_zero());
        bench.radio(1, probe_arrives);
        if probe_arrives {
            bench.run(probe.valid, None);
        }
        let stats = bench.core.stats;
        assert_eq!((stats.probes, stats.lost), (1, 1));
        // It may have used all.
        assert_eq!(bench.core.stations[&sta(1)].used.up, token.nrt);
    }
}

#[test]
fn a_probe_that_is_answered_saves_the_lease() {
    let mut bench = crowd(1, Turn::Paired);
    bench.radio(1, true);
    let token = bench.core.leases.of(sta(1)).unwrap().token;
    bench.run(token.valid, None);
    assert_eq!(bench.core.stats.probes, 1);
    bench.answer(0);
    let stats = bench.core.stats;
    assert_eq!((stats.returns, stats.lost, stats.stale_returns), (1, 0, 0));
}

impl Bench {
    /// The holder of the latest token says that it used `span` more than it was granted.
    fn overstay(&mut self, span: Duration) -> MacAddr {
        let (to, token) = self.token().expect("a token is out");
        self.radio(to.0[5], true);
        let answer = Return {
            token: token.token,
            used_rt: Duration::ZERO,
            used_nrt: token.nrt + span,
            sent_rt: 0,
            sent_nrt: 9,
            backlog: backlog(100),
            rate: Rate(0),
            refused: false,
            oldest: Duration::ZERO,
            newest: Duration::ZERO,
        };
        self.frame(to.0[5], &Message::Return(answer));
        to
    }

    fn best_effort_of(&self, n: u8) -> usize {
        let grants = self.sent.iter().filter(|sent| sent.1 == sta(n));
        let grants = grants.filter_map(|sent| token_in(&sent.3));
        grants.filter(|token| !token.nrt.is_zero()).count()
    }
}

/// Once may be the medium's fault.
#[test]
fn who_overstays_again_gets_no_grant_for_a_while() {
    let mut bench = crowd(2, Turn::Burst);
    let mut times = 0;
    while times < 2 {
        assert!(bench.core.stations[&sta(1)].wants_uplink());
        if bench.token().map(|(to, _)| to) == Some(sta(1)) {
            bench.overstay(MS);
            times += 1;
        } else if bench.token().is_some() {
            bench.answer(100);
        } else {
            bench.run(MS, None);
        }
    }
    assert_eq!(bench.core.status().stations[0].overstays, 2);
    bench.forget();
    bench.run_at(Duration::from_millis(490), 100, Some(&|_| 100));
    assert_eq!(bench.best_effort_of(1), 0);
    assert!(bench.best_effort_of(2) > 10);
    // Then it is, unasked: it has said that it has something to send.
    bench.run_at(Duration::from_millis(300), 100, Some(&|_| 100));
    assert!(bench.best_effort_of(1) > 2);
}

/// The coordinator fills no radio that does not get rid of what it has.
#[test]
fn nothing_is_added_to_what_the_radio_has_not_sent() {
    for turn in [Turn::Paired, Turn::Burst] {
        let mut bench = crowd(4, turn);
        let at_once = bench.tokens().len();
        let patience = Duration::from_millis(12);
        bench.run(patience, None);
        assert_eq!(bench.core.stats.tokens, at_once as u64);
        // Once it has, the next may go.
        for (_, to, token) in bench.tokens() {
            bench.radio(to.0[5], true);
            bench.answer_to(to, token, 100);
        }
        // Not before the air can have carried what was granted.
        bench.run(MS * 60, None);
        assert!(bench.core.stats.tokens > at_once as u64);
    }
}

/// Two tokens for one station would let it send twice as much, and its answers cross.
#[test]
fn nobody_holds_two_tokens() {
    let mut bench = crowd(2, Turn::Paired);
    let end = bench.now + Duration::from_secs(1);
    while bench.step(end, 200, Some(&|_| 100)) {
        let mut holders: Vec<_> = bench.tokens().iter().map(|(_, to, _)| *to).collect();
        holders.dedup();
        assert_eq!(holders.len(), bench.tokens().len());
    }
    let stats = bench.core.stats;
    assert_eq!(stats.tokens - stats.returns, bench.tokens().len() as u64);
}

/// For fair air and crowded cells, as long as there is somebody to take a token.
#[test]
fn tokens_are_passed_always_while_an_agent_lives() {
    let mut bench = crowd(1, Turn::Paired);
    bench.run_idle(Duration::from_secs(20));
    assert_eq!(bench.core.mode, CellMode::Token);
    let bye = Message::Bye(Bye {
        reason: ByeReason::Leaving,
    });
    bench.frame(1, &bye);
    bench.run_idle(Duration::from_millis(1_900));
    assert_eq!(bench.core.mode, CellMode::Token);
    bench.run_idle(Duration::from_millis(300));
    assert_eq!(bench.core.mode, CellMode::Free);
    // Another one comes.
    bench.register(1, 2);
    assert_eq!(bench.core.mode, CellMode::Token);
}
