use super::*;

fn gates(bench: &Bench) -> Vec<GateMode> {
    let gate = |event: &AgentEvent| match event {
        AgentEvent::Gate(mode) => Some(*mode),
        _ => None,
    };
    bench.events.iter().filter_map(gate).collect()
}

#[test]
fn register_is_repeated_with_growing_pauses() {
    let mut bench = Bench::new();
    assert_eq!(bench.sent(MessageType::Register), 1);
    bench.run(Duration::from_millis(40));
    assert_eq!(
        bench.sent(MessageType::Register),
        1,
        "first pause 50 ms and jitter"
    );
    bench.run(Duration::from_secs(60));
    // 0.05 + 0.1 + ... + 3.2 = 6.35 s, then one in 5 to 6.25 s.
    let sent = bench.sent(MessageType::Register);
    assert!((15..=20).contains(&sent), "{sent} in a minute");
}

#[test]
fn a_registered_agent_is_quiet_once_it_has_the_policy() {
    let mut bench = Bench::new();
    bench.accept(SESSION, 1);
    assert!(bench.events.contains(&AgentEvent::Registered { bssid: AP }));
    bench.run(Duration::from_millis(200));
    assert!(
        bench.sent(MessageType::Register) > 1,
        "the policy is still missing"
    );
    bench.policy(&table(1, &[5_004]));
    bench.forget();
    for _ in 0..10 {
        bench.run(Duration::from_secs(1));
        bench.hello(CellMode::Free);
    }
    assert_eq!(bench.sent, []);
}

#[test]
fn policy_parts_may_come_twice_and_in_any_order() {
    let mut bench = Bench::new();
    bench.accept(SESSION, 5);
    let ports: Vec<u16> = (1..=60).collect();
    let table = table(5, &ports);
    let mut parts = Policy::split(&table).unwrap();
    assert!(parts.len() > 1);
    parts.reverse();
    for part in parts.iter().chain(&parts) {
        bench.frame(&Message::Policy(part.clone()));
    }
    let tables = bench
        .events
        .iter()
        .filter(|e| matches!(e, AgentEvent::Policy(_)));
    assert_eq!(tables.count(), 1);
    assert!(bench.events.contains(&AgentEvent::Policy(table)));
}

#[test]
fn a_new_policy_version_in_hello_is_asked_for() {
    let mut bench = Bench::in_mode(CellMode::Free);
    bench.hello_of(9, CellMode::Free, 2);
    assert_eq!(bench.sent(MessageType::Register), 1);
    bench.accept(SESSION, 2);
    bench.policy(&table(2, &[80]));
    bench.hello_of(9, CellMode::Free, 2);
    assert_eq!(bench.sent(MessageType::Register), 1);
}

#[test]
fn the_gate_follows_the_cell() {
    let mut bench = Bench::in_mode(CellMode::Free);
    let passed = bench.packet(80);
    assert!(bench.accepted(passed));
    bench.hello(CellMode::Token);
    let held = bench.packet(80);
    assert!(!bench.accepted(held));
    bench.hello(CellMode::Free);
    assert!(bench.accepted(held));
    assert_eq!(gates(&bench), [GateMode::Hold, GateMode::Watch]);
}

#[test]
fn hello_of_a_restarted_coordinator_voids_what_was_agreed() {
    let mut bench = Bench::in_mode(CellMode::Token);
    let held = bench.packet(80);
    bench.hello_of(10, CellMode::Token, 1);
    assert!(bench.accepted(held));
    assert_eq!(bench.sent(MessageType::Register), 1);
    assert!(!bench.agent.status().registered);
}

#[test]
fn bye_opens_the_gate_until_the_next_hello() {
    for session in [0, SESSION] {
        let mut bench = Bench::in_mode(CellMode::Token);
        let held = bench.packet(80);
        let reason = ByeReason::Stopping;
        bench
            .frame_of(session, &Message::Bye(Bye { reason }))
            .unwrap();
        assert!(bench.accepted(held));
        assert!(bench.events.contains(&AgentEvent::CoordinatorLost));
        bench.forget();
        bench.run(Duration::from_secs(60));
        assert_eq!(bench.sent, [], "nobody is there to ask");
        bench.hello(CellMode::Free);
        assert_eq!(bench.sent(MessageType::Register), 1);
    }
}

#[test]
fn bye_of_another_session_is_not_ours() {
    let mut bench = Bench::in_mode(CellMode::Token);
    let reason = ByeReason::Stopping;
    let outcome = bench.frame_of(SESSION + 1, &Message::Bye(Bye { reason }));
    assert_eq!(outcome, Err(AgentError::WrongSession(SESSION + 1)));
    assert!(bench.agent.status().registered);
}

#[test]
fn a_coordinator_that_is_silent_for_good_is_given_up() {
    let mut bench = Bench::in_mode(CellMode::Token);
    bench.run(Duration::from_secs(3));
    assert!(bench.agent.status().registered);
    bench.run(Duration::from_millis(1_100));
    assert!(bench.events.contains(&AgentEvent::CoordinatorLost));
    assert_eq!(gates(&bench), [GateMode::Open]);
}

/// A refused agent kept its gate shut.
#[test]
fn a_refused_agent_opens_its_gate() {
    let mut bench = Bench::in_mode(CellMode::Token);
    let held = bench.packet(80);
    bench.hello_of(9, CellMode::Token, 2);
    bench.ack(0, 2, RegisterStatus::Full);
    assert!(
        bench
            .events
            .contains(&AgentEvent::Rejected(RegisterStatus::Full))
    );
    assert!(bench.accepted(held));
    bench.hello_of(9, CellMode::Token, 2);
    let passes = bench.packet(80);
    assert!(bench.accepted(passes));
}

/// After BYE the next HELLO shut the gate again.
#[test]
fn a_stopped_agent_never_holds_again() {
    let mut bench = Bench::in_mode(CellMode::Token);
    let held = bench.packet(80);
    bench.command(AgentCommand::Stop);
    assert!(bench.accepted(held));
    assert_eq!(
        bench.sent.last().map(Message::message_type),
        Some(MessageType::Bye)
    );
    bench.hello(CellMode::Token);
    bench.token(1, false, CYCLE);
    bench.command(AgentCommand::LinkUp { bssid: AP });
    let passes = bench.packet(5_004);
    assert!(bench.accepted(passes));
    assert_eq!(
        bench.sent.last().map(Message::message_type),
        Some(MessageType::Bye)
    );
    assert_eq!(bench.agent.poll_timeout(), None);
}

#[test]
fn a_lost_link_opens_the_gate_and_strangers_are_not_heeded() {
    let mut bench = Bench::in_mode(CellMode::Token);
    let held = bench.packet(80);
    bench.command(AgentCommand::LinkDown);
    assert!(bench.accepted(held));
    let from = STA;
    let outcome = bench.input(Input::Frame { from, bytes: &[] });
    assert_eq!(outcome, Err(AgentError::Stranger(from)));
}

/// A TOKEN of session 0 shut the gate of an agent that was not registered.
#[test]
fn only_a_registration_makes_tokens_valid() {
    let mut bench = Bench::new();
    let token = Message::Token(Token {
        token: 1,
        probe: false,
        cycle_number: 1,
        rt: CYCLE,
        nrt: CYCLE,
        valid: CYCLE,
        rate: Rate(540),
    });
    for session in [0, SESSION] {
        let outcome = bench.frame_of(session, &token);
        assert_eq!(outcome, Err(AgentError::WrongSession(session)));
    }
    let passes = bench.packet(80);
    assert!(bench.accepted(passes));
}

/// A HELLO with a cycle of no length made the retry timer fire without end.
#[test]
fn a_cycle_of_no_length_does_not_stop_the_clock() {
    let mut bench = Bench::in_mode(CellMode::Token);
    let hello = Message::Hello(Hello {
        epoch: 9,
        mode: CellMode::Token,
        cycle: Duration::ZERO,
        cycle_number: 1,
        policy_version: 1,
    });
    bench.frame_of(0, &hello).unwrap();
    bench.packet(5_004);
    bench.packet(80);
    bench.run(Duration::from_secs(1));
    assert!(
        bench.sent.len() < 1_000,
        "{} frames in a second",
        bench.sent.len()
    );
}
