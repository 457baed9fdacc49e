use super::*;

const MS: Duration = Duration::from_millis(1);

#[test]
fn a_token_releases_what_it_covers_and_comes_back_behind_it() {
    let mut bench = Bench::in_mode(CellMode::Token);
    let ids: Vec<_> = (0..20).map(|_| bench.packet(80)).collect();
    bench.token(1, false, MS);
    let cost = PHY.granted(Turn::Paired, Rate(540), 200);
    let fit = usize::try_from(MS.as_nanos() / cost.as_nanos()).unwrap();
    assert_eq!(bench.verdicts.len(), fit);
    assert!(ids[..fit].iter().all(|id| bench.accepted(*id)));
    let answer = bench.last_return();
    assert_eq!(answer.token, 1);
    assert_eq!(usize::from(answer.sent_nrt), fit);
    assert_eq!(usize::from(answer.backlog.nrt.packets), 20 - fit);
    // Whole microseconds travel.
    assert!(answer.used_nrt <= MS && answer.used_nrt + cost > MS);
}

#[test]
fn a_token_seen_twice_is_answered_twice_and_used_once() {
    let mut bench = Bench::in_mode(CellMode::Token);
    (0..20).for_each(|_| {
        bench.packet(80);
    });
    bench.token(7, false, MS);
    let (first, released) = (bench.last_return(), bench.verdicts.len());
    for probe in [false, true] {
        bench.token(7, probe, MS);
        assert_eq!(bench.last_return(), first);
    }
    assert_eq!(bench.verdicts.len(), released);
    assert_eq!(bench.sent(MessageType::Return), 3);
}

#[test]
fn a_probe_for_a_token_that_never_came_grants_nothing() {
    let mut bench = Bench::in_mode(CellMode::Token);
    bench.packet(80);
    bench.token(7, true, MS);
    assert_eq!(bench.verdicts, []);
    assert_eq!(bench.last_return().backlog.nrt.packets, 1);
    // The token itself comes late: it was written off.
    bench.token(7, false, MS);
    assert_eq!(bench.verdicts, []);
}

#[test]
fn an_old_token_is_ignored_also_where_numbers_wrap() {
    let mut bench = Bench::in_mode(CellMode::Token);
    bench.token(u32::MAX, false, MS);
    bench.token(1, false, MS);
    bench.forget();
    bench.packet(80);
    for old in [0, u32::MAX, u32::MAX - 100] {
        bench.token(old, false, MS);
    }
    assert_eq!(
        (bench.sent(MessageType::Return), bench.verdicts.len()),
        (0, 0)
    );
    bench.token(2, false, MS);
    assert_eq!(bench.verdicts.len(), 1);
}

/// One forged token with a number far ahead made every later one look old.
#[test]
fn a_forged_number_does_not_cut_the_agent_off() {
    let mut bench = Bench::in_mode(CellMode::Token);
    bench.token(1_000, false, MS);
    bench.token(1_000 + (1 << 30), false, MS);
    let held = bench.packet(80);
    bench.token(1_001, false, MS);
    assert!(bench.accepted(held));
}

#[test]
fn off_channel_a_token_is_handed_back() {
    let mut bench = Bench::in_mode(CellMode::Token);
    let held = bench.packet(80);
    bench.command(AgentCommand::OffChannel(true));
    bench.token(1, false, MS);
    let answer = bench.last_return();
    assert!(answer.refused && answer.used_nrt.is_zero() && !bench.accepted(held));
    bench.command(AgentCommand::OffChannel(false));
    bench.token(2, false, MS);
    assert!(!bench.last_return().refused && bench.accepted(held));
}

/// The radio is back, and the next visit may be too late for what has been promised.
#[test]
fn back_on_its_channel_it_asks_for_what_is_promised() {
    const VOICE: u16 = 5_004;
    let mut bench = Bench::in_mode(CellMode::Token);
    bench.packet(VOICE);
    bench.reserved(VOICE, Outcome::Granted);
    bench.token(1, false, MS);
    bench.forget();
    bench.command(AgentCommand::OffChannel(true));
    bench.command(AgentCommand::OffChannel(false));
    assert_eq!(bench.sent(MessageType::Request), 0, "nothing waits");
    bench.command(AgentCommand::OffChannel(true));
    bench.packet(VOICE);
    assert_eq!(bench.sent(MessageType::Request), 0, "it would be lost");
    bench.command(AgentCommand::OffChannel(false));
    assert_eq!(bench.sent(MessageType::Request), 1);
}

/// A look at another channel begins when a visit has taken all that is promised.
#[test]
fn a_gap_is_given_behind_a_visit() {
    let gaps = |bench: &Bench| {
        let gaps = bench.events.iter().filter(|e| **e == AgentEvent::Gap);
        gaps.count()
    };
    let mut free = Bench::in_mode(CellMode::Free);
    free.command(AgentCommand::Gap);
    assert_eq!(gaps(&free), 1);

    let mut bench = Bench::in_mode(CellMode::Token);
    bench.token(1, false, MS);
    bench.command(AgentCommand::Gap);
    assert_eq!(gaps(&bench), 0, "visits come");
    let held = bench.packet(80);
    bench.token(2, false, MS);
    assert!(bench.accepted(held));
    assert_eq!(gaps(&bench), 0, "the RETURN is on its way");
    bench.radio(false);
    assert_eq!(gaps(&bench), 0, "it was lost");
    bench.token(3, false, MS);
    bench.radio(true);
    assert_eq!(gaps(&bench), 1);
    // The radio is taken to be away until the host says that it is back.
    let held = bench.packet(80);
    bench.token(4, false, MS);
    assert!(bench.last_return().refused && !bench.accepted(held));
    bench.command(AgentCommand::OffChannel(true));
    bench.command(AgentCommand::OffChannel(false));
    bench.token(5, false, MS);
    assert!(bench.accepted(held));
    // The driver does not tell what becomes of frames.
    bench.command(AgentCommand::Gap);
    bench.token(6, false, MS);
    assert_eq!(gaps(&bench), 1);
    bench.token(7, false, MS);
    assert_eq!(gaps(&bench), 2);
    bench.command(AgentCommand::OffChannel(false));
    // Nobody visits.
    bench.run(CYCLE * 6);
    bench.command(AgentCommand::Gap);
    assert_eq!(gaps(&bench), 3);
}

/// The coordinator's silence means nothing while the radio does not listen, for a while.
#[test]
fn off_channel_the_gate_does_not_fail_open() {
    let mut bench = Bench::in_mode(CellMode::Token);
    bench.command(AgentCommand::OffChannel(true));
    let held = bench.packet(80);
    bench.run(CYCLE * 3);
    assert!(!bench.accepted(held));
    bench.command(AgentCommand::OffChannel(false));
    bench.run(CYCLE * 2 - Duration::from_nanos(1));
    assert!(!bench.accepted(held));
    bench.run(Duration::from_nanos(1));
    assert!(bench.accepted(held));
    // Somebody forgot to say that it is back.
    let mut bench = Bench::in_mode(CellMode::Token);
    bench.command(AgentCommand::OffChannel(true));
    let held = bench.packet(80);
    bench.run(CYCLE * 20);
    assert!(bench.accepted(held));
}

#[test]
fn two_silent_cycles_open_the_gate_and_a_word_shuts_it() {
    let mut bench = Bench::in_mode(CellMode::Token);
    let held = bench.packet(80);
    bench.run(CYCLE * 2 - Duration::from_nanos(1));
    assert!(!bench.accepted(held));
    bench.run(Duration::from_nanos(1));
    assert!(bench.accepted(held));
    assert!(
        bench
            .events
            .contains(&AgentEvent::FailedOpen { released: 1 })
    );
    let passes = bench.packet(80);
    assert!(bench.accepted(passes));
    bench.hello(CellMode::Token);
    let held = bench.packet(80);
    assert!(!bench.accepted(held));
}

#[test]
fn any_frame_of_the_coordinator_is_patience() {
    let mut bench = Bench::in_mode(CellMode::Token);
    let held = bench.packet(80);
    for _ in 0..10 {
        bench.run(CYCLE);
        bench.hello(CellMode::Token);
    }
    assert!(!bench.accepted(held));
    bench.run(CYCLE * 2);
    assert!(bench.accepted(held));
}

#[test]
fn one_request_for_many_packets_then_reminders() {
    let mut bench = Bench::in_mode(CellMode::Token);
    (0..50).for_each(|_| {
        bench.packet(80);
    });
    assert_eq!(bench.sent(MessageType::Request), 1);
    for _ in 0..16 {
        bench.run(CYCLE);
        bench.hello(CellMode::Token);
    }
    // After 1, 2, 4 and 8 cycles more.
    assert_eq!(bench.sent(MessageType::Request), 5);
}

/// The coordinator has it, and others to serve.
#[test]
fn an_acknowledged_request_is_not_repeated_for_a_second() {
    let mut bench = Bench::in_mode(CellMode::Token);
    bench.packet(80);
    bench.radio(true);
    for _ in 0..49 {
        bench.run(CYCLE);
        bench.hello(CellMode::Token);
        bench.packet(80);
    }
    assert_eq!(bench.sent(MessageType::Request), 1);
    bench.run(CYCLE);
    assert_eq!(bench.sent(MessageType::Request), 2);
    // Without an acknowledgement it is repeated soon.
    bench.radio(false);
    bench.hello(CellMode::Token);
    bench.run(CYCLE * 2);
    assert_eq!(bench.sent(MessageType::Request), 3);
}

/// The acknowledgement of an older one says nothing of the latest.
#[test]
fn only_the_latest_request_counts_as_acknowledged() {
    let mut bench = Bench::in_mode(CellMode::Token);
    bench.packet(80);
    let first = bench.handles[0];
    bench.run(CYCLE);
    bench.hello(CellMode::Token);
    assert_eq!(bench.handles.len(), 2);
    assert_ne!(bench.handles[1], first);
    let (handle, acked) = (first, true);
    bench.input(Input::Sent { handle, acked }).unwrap();
    bench.run(CYCLE * 2);
    assert_eq!(bench.sent(MessageType::Request), 3);
}

/// RESERVEs are repeated every few cycles; they took the REQUEST along.
#[test]
fn what_else_is_repeated_does_not_repeat_an_acknowledged_request() {
    let mut bench = Bench::in_mode(CellMode::Token);
    bench.packet(80);
    bench.radio(true);
    bench.packet(5_004);
    for _ in 0..40 {
        bench.run(CYCLE);
        bench.hello(CellMode::Token);
    }
    assert!(bench.sent(MessageType::Reserve) > 1);
    assert_eq!(bench.sent(MessageType::Request), 1);
}

#[test]
fn no_request_while_the_coordinator_knows() {
    let mut bench = Bench::in_mode(CellMode::Token);
    (0..50).for_each(|_| {
        bench.packet(80);
    });
    bench.token(1, false, MS);
    bench.packet(80);
    assert_eq!(bench.sent(MessageType::Request), 1);
    bench.token(2, false, CYCLE);
    assert_eq!(bench.last_return().backlog, Backlog::default());
    // Who was visited just now waits for a moment: a token may come anyway.
    bench.packet(80);
    bench.run(MS * 5 - Duration::from_nanos(1));
    assert_eq!(bench.sent(MessageType::Request), 1);
    bench.run(Duration::from_nanos(1));
    assert_eq!(bench.sent(MessageType::Request), 2);
}

#[test]
fn a_full_queue_drops_the_oldest_of_the_largest_flow() {
    let mut bench = Bench::in_mode(CellMode::Token);
    bench.packet(53);
    let oldest = bench.packet(80);
    for _ in 2..crate::queues::DEFAULT_LIMIT {
        bench.packet(80);
        bench.hello(CellMode::Token);
    }
    assert_eq!(bench.verdicts, []);
    bench.packet(53);
    assert_eq!(bench.verdicts, [Verdict::Drop(oldest)]);
    assert_eq!(bench.agent.status().stats.dropped, 1);
}
