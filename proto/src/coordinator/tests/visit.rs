use super::*;

#[test]
fn an_unacknowledged_token_is_sent_once_more_then_the_visit_is_over() {
    let mut bench = Bench::in_token_mode(1);
    let (_, token) = bench.token().unwrap();
    bench.radio(1, false);
    assert_eq!(bench.token().map(|(_, again)| again), Some(token));
    assert_eq!(bench.core.stats.tokens, 1);
    bench.radio(1, false);
    assert!(bench.core.leases.of(sta(1)).is_none());
    // None of it was used.
    assert_eq!(bench.core.stations[&sta(1)].used.up, Duration::ZERO);
    bench.forget();
    // Soon again.
    let soon = bench.now + DELAY / 8;
    bench.run(DELAY / 4, None);
    let tokens: Vec<_> = bench
        .tokens()
        .iter()
        .map(|(at, to, _)| (*at, *to))
        .collect();
    assert_eq!(tokens, [(soon, sta(1))]);
}

/// The answer is waited for from when the token has arrived, however long the radio had it. Then the
/// same comes again, for it or its return may be lost with what they carry; and not for ever.
#[test]
fn a_promised_visit_without_return_is_repeated_then_written_off() {
    for last_arrives in [true, false] {
        let mut bench = Bench::in_token_mode(1);
        let (_, token) = bench.token().unwrap();
        let valid = bench.core.leases.of(sta(1)).unwrap().token.valid;
        let mut sent = 1;
        while bench.core.leases.of(sta(1)).is_some() {
            assert_eq!(bench.token(), Some((sta(1), token)));
            assert_eq!(bench.sent(MessageType::Token), sent);
            bench.run(MS * 3, None);
            if sent == 3 && !last_arrives {
                bench.radio(1, false);
                bench.radio(1, false);
                continue;
            }
            bench.radio(1, true);
            bench.run(valid - Duration::from_nanos(1), None);
            assert_eq!(bench.sent(MessageType::Token), sent);
            bench.run(Duration::from_nanos(1), None);
            sent += 1;
        }
        assert!((3..=15).contains(&sent), "{sent} times");
        let stats = bench.core.stats;
        assert_eq!(
            (stats.tokens, stats.probes),
            (1, sent as u64 - if last_arrives { 2 } else { 1 })
        );
        // It may have used all.
        assert_eq!(bench.core.stations[&sta(1)].used.up, token.rt);
        assert_eq!(stats.lost, 1);
        // The next one is not repeated until there is an answer.
        bench.run(DELAY / 4, None);
        bench.radio(1, true);
        let probes = bench.core.stats.probes;
        bench.run(valid, None);
        assert_eq!(
            (bench.core.stats.lost, bench.core.stats.probes),
            (2, probes)
        );
    }
}

#[test]
fn a_repeated_visit_that_is_answered_saves_the_lease() {
    let mut bench = Bench::in_token_mode(1);
    let (_, token) = bench.token().unwrap();
    bench.radio(1, true);
    bench.run(token.valid + MS, None);
    assert_eq!(bench.core.stats.probes, 1);
    bench.answer(0);
    let stats = bench.core.stats;
    assert_eq!((stats.returns, stats.lost, stats.stale_returns), (1, 0, 0));
}

/// A radio that has not sent a token would not send a probe any sooner.
#[test]
fn a_token_that_the_radio_keeps_is_not_probed_and_holds_up_the_rest() {
    let mut bench = Bench::in_token_mode(2);
    let (_, token) = bench.token().unwrap();
    bench.request(2, 100);
    bench.run(token.valid + MS * 9, None);
    let tokens = bench.core.stats.tokens;
    assert_eq!((tokens, bench.core.stats.probes), (1, 0));
    // Not for ever, and the next one is waited for longer.
    bench.run(CYCLE, None);
    let stats = bench.core.stats;
    assert!(stats.tokens > 1 && stats.lost > 0);
    assert_eq!(stats.probes, 0);
}

#[test]
fn a_return_counts_once() {
    let mut bench = Bench::in_token_mode(1);
    let (_, token) = bench.answer(0);
    let again = Message::Return(Return {
        token: token.token,
        used_rt: token.rt,
        used_nrt: Duration::ZERO,
        sent_rt: 1,
        sent_nrt: 0,
        backlog: backlog(0),
        rate: Rate(0),
        refused: false,
        oldest: Duration::ZERO,
        newest: Duration::ZERO,
    });
    let used = bench.core.stations[&sta(1)].used.up;
    bench.frame(1, &again);
    assert_eq!(bench.core.stats.stale_returns, 1);
    assert_eq!(bench.core.stations[&sta(1)].used.up, used);
}

#[test]
fn silent_visits_make_an_agent_silent_and_any_word_ends_that() {
    for word in [true, false] {
        let mut bench = Bench::in_token_mode(1);
        bench.run(CYCLE * 5, None);
        assert!(bench.events.contains(&CoordinatorEvent::AgentLost(sta(1))));
        bench.forget();
        bench.run(CYCLE * 5, None);
        assert_eq!(bench.sent(MessageType::Token), 0, "it is left alone");
        if word {
            // RESERVE did not count as a word.
            bench.reserve(1, VOICE);
            bench.run(CYCLE, None);
            assert!(bench.sent(MessageType::Token) > 0);
        } else {
            bench.run(Duration::from_secs(3), None);
            assert_eq!(bench.released(), [ReleaseCause::AgentSilent]);
            assert_eq!(bench.session(1), 0);
        }
    }
}

/// The flow was granted anew by the next packet and released again, twice a second.
#[test]
fn downlink_for_a_silent_agent_stays_promised() {
    let mut bench = Bench::in_token_mode(1);
    for _ in 0..400 {
        bench.packet(1, VOICE, 200);
        bench.run(CYCLE, None);
    }
    assert_eq!(bench.released(), [ReleaseCause::AgentSilent]);
    assert_eq!(bench.core.ledger.iter().count(), 1);
    assert!(bench.verdicts.len() >= 398);
}

#[test]
fn an_overstay_is_booked_at_the_stations_expense() {
    let mut bench = Bench::in_token_mode(2);
    bench.answer(0);
    bench.request(2, 100);
    let (to, token) = bench.token().unwrap();
    assert_eq!(to, sta(2));
    let before = bench.core.stations[&sta(2)].deficit;
    let answer = |used| {
        Message::Return(Return {
            token: token.token,
            used_rt: Duration::ZERO,
            used_nrt: used,
            sent_rt: 0,
            sent_nrt: 9,
            backlog: backlog(0),
            rate: Rate(0),
            refused: false,
            oldest: Duration::ZERO,
            newest: Duration::ZERO,
        })
    };
    bench.frame(2, &answer(token.nrt + MS));
    assert!(bench.events.contains(&CoordinatorEvent::Overstayed(sta(2))));
    assert_eq!(bench.core.stats.overstays, 1);
    let station = &bench.core.stations[&sta(2)];
    assert!(station.deficit < before);
    assert_eq!(station.used.up, token.nrt + MS);
}

/// A debt of an hour was paid off a quantum at a time, in one go.
#[test]
fn no_claim_puts_a_station_into_debt_for_long_or_keeps_others_waiting() {
    let mut bench = Bench::in_token_mode(2);
    bench.answer(0);
    bench.request(2, 100);
    let (_, token) = bench.token().unwrap();
    let hour = Duration::from_secs(3_600);
    let lie = Return {
        token: token.token,
        used_rt: hour,
        used_nrt: hour,
        sent_rt: 0,
        sent_nrt: 9,
        backlog: backlog(100),
        rate: Rate(0),
        refused: false,
        oldest: Duration::ZERO,
        newest: Duration::ZERO,
    };
    bench.frame(2, &Message::Return(lie));
    let mut quanta = crate::coordinator::station::Deficit::ZERO;
    quanta.spend(CYCLE * 3);
    assert!(bench.core.stations[&sta(2)].deficit > quanta);
    // Nor do all others wait for longer than it was granted.
    assert!(bench.core.paced_until <= bench.now + token.nrt);
}

#[test]
fn a_refused_token_passes_the_turn_on() {
    let mut bench = Bench::in_token_mode(3);
    bench.answer(0);
    bench.request(2, 100);
    bench.request(3, 100);
    let (to, token) = bench.token().unwrap();
    assert_eq!(to, sta(2));
    let refusal = Return {
        token: token.token,
        used_rt: Duration::ZERO,
        used_nrt: Duration::ZERO,
        sent_rt: 0,
        sent_nrt: 0,
        backlog: backlog(100),
        rate: Rate(0),
        refused: true,
        oldest: Duration::ZERO,
        newest: Duration::ZERO,
    };
    bench.frame(2, &Message::Return(refusal));
    assert_eq!(bench.token().map(|(to, _)| to), Some(sta(3)));
}

#[test]
fn a_station_that_leaves_takes_its_lease_along() {
    let mut bench = Bench::in_token_mode(2);
    let held = bench.packet(1, 80, 1_500);
    bench.command(CoordinatorCommand::StationLeft(sta(1)));
    assert!(bench.core.leases.of(sta(1)).is_none());
    assert!(bench.verdicts.contains(&Verdict::Accept(held)));
    assert_eq!(bench.released(), [ReleaseCause::StationLeft]);
    bench.request(2, 5);
    assert_eq!(bench.token().map(|(to, _)| to), Some(sta(2)));
}

#[test]
fn a_restarted_agent_frees_the_token_of_its_last_life() {
    let mut bench = Bench::in_token_mode(1);
    assert!(bench.core.leases.of(sta(1)).is_some());
    bench.register(1, 2);
    assert!(bench.core.leases.of(sta(1)).is_none());
}

/// An agent that missed the end of token mode waited for a token that nobody would send.
#[test]
fn a_request_in_free_mode_is_answered_by_hello() {
    let mut bench = Bench::new(1);
    bench.request(1, 5);
    assert_eq!((bench.sent.len(), bench.sent(MessageType::Hello)), (1, 1));
    assert_eq!(bench.sent[0].1, sta(1));
    assert!(!bench.core.stations[&sta(1)].enlisted);
}
