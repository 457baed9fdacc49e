use super::*;
use crate::wire::{Neighbour, Neighbours};

#[test]
fn register_is_answered_with_session_policy_and_mode() {
    let mut bench = Bench::new(0);
    bench.join(1);
    bench.register(1, 5);
    let kinds: Vec<_> = bench
        .sent
        .iter()
        .map(|sent| sent.3.message_type())
        .collect();
    use MessageType::{Hello, Policy, RegisterAck};
    assert_eq!(kinds, [RegisterAck, Policy, Hello]);
    assert!(
        bench
            .sent
            .iter()
            .all(|sent| sent.2.session == bench.session(1))
    );
    assert_ne!(bench.session(1), 0);
}

#[test]
fn the_same_instance_keeps_its_session_another_gets_its_reservations() {
    let mut bench = Bench::in_token_mode(1);
    let session = bench.session(1);
    bench.register(1, 1);
    assert_eq!(bench.session(1), session);
    bench.forget();
    bench.register(1, 2);
    assert_ne!(bench.session(1), session);
    assert_eq!(bench.outcomes(), [Outcome::Granted]);
    let registered =
        |event: &&CoordinatorEvent| matches!(event, CoordinatorEvent::Registered { .. });
    assert_eq!(bench.events.iter().filter(registered).count(), 1);
}

#[test]
fn an_agent_that_cannot_poll_is_refused() {
    let mut bench = Bench::new(1);
    let register = Register {
        instance: 9,
        epoch: 0,
        strategies: 0,
        name: "odd".try_into().unwrap(),
        handshake: crate::wire::Handshake::NONE,
    };
    bench.join(2);
    bench.frame_of(0, 2, &Message::Register(register)).unwrap();
    assert_eq!((bench.sent.len(), bench.session(2)), (1, 0));
}

#[test]
fn strangers_and_what_only_agents_get_are_refused() {
    let mut bench = Bench::new(1);
    let bye = Message::Bye(Bye {
        reason: ByeReason::Leaving,
    });
    let outcome = bench.frame_of(1, 7, &bye);
    assert_eq!(outcome, Err(CoordinatorError::Stranger(sta(7))));
    let hello = Message::Hello(crate::wire::Hello {
        epoch: 1,
        mode: CellMode::Token,
        cycle: CYCLE,
        cycle_number: 1,
        policy_version: 1,
    });
    let outcome = bench.frame_of(bench.session(1), 1, &hello);
    let (from, kind) = (sta(1), MessageType::Hello);
    assert_eq!(outcome, Err(CoordinatorError::Unexpected { from, kind }));
    assert_eq!(bench.core.mode, CellMode::Free);
}

/// An agent whose session was gone was refused without a word, and asked for ever.
#[test]
fn an_agent_without_a_session_is_told() {
    let mut bench = Bench::new(1);
    let session = bench.session(1);
    bench.command(CoordinatorCommand::StationLeft(sta(1)));
    bench.join(1);
    bench.forget();
    let request = Message::Request(Request {
        backlog: backlog(1),
        rate: Rate(0),
    });
    bench.frame_of(session, 1, &request).unwrap_err();
    let bye = bench
        .sent
        .iter()
        .find(|sent| sent.3.message_type() == MessageType::Bye);
    assert_eq!(
        bye.map(|sent| (sent.1, sent.2.session)),
        Some((sta(1), session))
    );
    assert_eq!(bench.sent(MessageType::Hello), 1);
}

#[test]
fn free_mode_says_hello_once_a_second_and_nothing_else() {
    let mut bench = Bench::new(3);
    bench.packet(1, 80, 1_500);
    bench.run(Duration::from_secs(10), None);
    assert_eq!((bench.sent.len(), bench.sent(MessageType::Hello)), (10, 10));
    assert_eq!(bench.verdicts.len(), 1);
}

#[test]
fn a_changed_policy_is_announced_and_pushed_when_asked_for() {
    let mut bench = Bench::new(1);
    bench.command(CoordinatorCommand::Policy(table(2, &[80])));
    assert_eq!((bench.sent.len(), bench.sent(MessageType::Hello)), (1, 1));
    bench.register(1, 1);
    let pushed = bench.sent.iter().find_map(|sent| match &sent.3 {
        Message::Policy(part) => Some(part.version),
        _ => None,
    });
    assert_eq!(pushed, Some(2));
}

#[test]
fn bye_of_an_agent_ends_what_needs_it() {
    let mut bench = Bench::in_token_mode(1);
    bench.run_idle(CYCLE * 3 + MS);
    bench.frame(
        1,
        &Message::Bye(Bye {
            reason: ByeReason::Leaving,
        }),
    );
    assert_eq!(bench.released(), [ReleaseCause::AgentStopped]);
    assert_eq!(bench.session(1), 0);
    bench.forget();
    bench.run(CYCLE * 5, None);
    assert_eq!(bench.sent(MessageType::Token), 0);
}

#[test]
fn stop_releases_all_and_says_bye() {
    let mut bench = Bench::in_token_mode(2);
    let held = bench.packet(2, 80, 1_500);
    bench.command(CoordinatorCommand::Stop);
    assert!(bench.verdicts.contains(&Verdict::Accept(held)));
    let last = bench
        .sent
        .last()
        .map(|sent| (sent.1, sent.3.message_type()));
    assert_eq!(last, Some((MacAddr::BROADCAST, MessageType::Bye)));
    bench.forget();
    // Nothing starts it again.
    bench.register(1, 1);
    bench.command(CoordinatorCommand::Policy(table(2, &[80])));
    bench.packet(2, VOICE, 200);
    assert_eq!((bench.sent.len(), bench.verdicts.len()), (0, 1));
    assert_eq!(bench.core.poll_timeout(), None);
}

#[test]
fn agents_are_told_of_the_neighbours_and_of_changes() {
    let neighbours = |last: &[u8]| {
        let one = |last: &u8| Neighbour {
            bssid: MacAddr([2, 0, 0, 0, 9, *last]),
            frequency: 5_180,
        };
        Neighbours(last.iter().map(one).collect())
    };
    let told = |bench: &Bench| -> Vec<_> {
        let one = |sent: &(_, MacAddr, _, Message, _)| match &sent.3 {
            Message::Neighbours(told) => Some((sent.1, told.clone())),
            _ => None,
        };
        bench.sent.iter().filter_map(one).collect()
    };
    let mut bench = Bench::new(1);
    bench.join(1);
    bench.register(1, 1);
    bench.join(2);
    assert_eq!(told(&bench), []);
    bench.command(CoordinatorCommand::Neighbours(neighbours(&[1, 2])));
    bench.command(CoordinatorCommand::Neighbours(neighbours(&[1, 2])));
    // Station 2 has no agent yet.
    let first = (sta(1), neighbours(&[1, 2]));
    assert_eq!(told(&bench), std::slice::from_ref(&first));
    bench.register(2, 1);
    let second = (sta(2), neighbours(&[1, 2]));
    assert_eq!(told(&bench), [first, second]);
    bench.command(CoordinatorCommand::Neighbours(neighbours(&[])));
    assert_eq!(told(&bench).len(), 4, "that there is nobody any more");
}
