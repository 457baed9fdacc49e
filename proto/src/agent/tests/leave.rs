//! Leaving for another cell.

use super::*;
use crate::wire::{Go, GoReason, Leave, LeaveStage, Seen};

const MS: Duration = Duration::from_millis(1);
const CANDIDATE: MacAddr = MacAddr([2, 0, 0, 0, 2, 0]);

const PREPARE: AgentCommand = AgentCommand::Prepare {
    candidate: CANDIDATE,
};
const LEAVE: AgentCommand = AgentCommand::Leave {
    candidate: CANDIDATE,
    at_once: false,
};
const AT_ONCE: AgentCommand = AgentCommand::Leave {
    candidate: CANDIDATE,
    at_once: true,
};
const UNANSWERED: AgentEvent = AgentEvent::LeaveUnanswered {
    candidate: CANDIDATE,
};

impl Bench {
    /// The LEAVEs that were sent.
    fn leaves(&self) -> Vec<Leave> {
        let leave = |message: &Message| match message {
            Message::Leave(leave) => Some(*leave),
            _ => None,
        };
        self.sent.iter().filter_map(leave).collect()
    }

    /// The coordinator answers the last LEAVE.
    fn go(&mut self, outcome: GoOutcome) {
        let asked = *self.leaves().last().expect("a LEAVE");
        self.go_to(asked, outcome);
    }

    fn go_to(&mut self, asked: Leave, outcome: GoOutcome) {
        self.frame(&Message::Go(Go {
            stage: asked.stage,
            sequence: asked.sequence,
            outcome,
            largest: 64_000,
            reason: "full".try_into().unwrap(),
        }));
    }

    fn stages(&self) -> Vec<LeaveStage> {
        self.leaves().iter().map(|leave| leave.stage).collect()
    }

    /// Whether it went on its way; a packet has no other verdict.
    fn went(&self, ids: &[PacketId]) -> bool {
        let went: Vec<_> = ids.iter().filter(|id| self.accepted(**id)).collect();
        assert!(went.is_empty() || went.len() == ids.len(), "some went");
        !went.is_empty()
    }
}

fn gates(bench: &Bench) -> Vec<GateMode> {
    let gate = |event: &AgentEvent| match event {
        AgentEvent::Gate(mode) => Some(*mode),
        _ => None,
    };
    bench.events.iter().filter_map(gate).collect()
}

fn reason() -> GoReason {
    "full".try_into().unwrap()
}

#[test]
fn prepare_loads_the_gate_and_lets_packets_pass() {
    let mut bench = Bench::in_mode(CellMode::Free);
    bench.command(PREPARE);
    assert_eq!(gates(&bench), [GateMode::Hold]);
    assert_eq!(bench.agent.status().gate, GateMode::Hold);
    let id = bench.packet(80);
    assert!(bench.accepted(id));
    bench.go(GoOutcome::Partial);
    assert!(bench.events.contains(&AgentEvent::Prepared {
        candidate: CANDIDATE,
        outcome: GoOutcome::Partial,
        largest: 64_000,
        reason: reason(),
    }));
    bench.run(MS * 500);
    assert_eq!(bench.stages(), [LeaveStage::Prepare], "it was answered");
    bench.command(AgentCommand::Stay);
    assert_eq!(gates(&bench), [GateMode::Hold, GateMode::Watch]);
    assert_eq!(bench.stages(), [LeaveStage::Prepare, LeaveStage::Stay]);
}

#[test]
fn prepare_in_token_mode_changes_nothing_but_what_is_asked() {
    let mut bench = Bench::in_mode(CellMode::Token);
    let id = bench.packet(80);
    bench.command(PREPARE);
    assert_eq!(gates(&bench), []);
    assert!(!bench.accepted(id));
    bench.token(1, false, MS);
    assert!(bench.accepted(id));
    assert!(!bench.last_return().refused);
}

#[test]
fn an_unanswered_prepare_is_repeated_and_given_up() {
    let mut bench = Bench::in_mode(CellMode::Free);
    bench.command(PREPARE);
    let mut times = std::vec![];
    for ms in 0..200 {
        if bench.leaves().len() > times.len() {
            times.push(ms);
        }
        bench.run(MS);
    }
    // Seen a millisecond late, but for the first.
    assert_eq!(times, [0, 5, 15, 35, 75]);
    let first = bench.leaves()[0];
    assert!(bench.leaves().iter().all(|leave| *leave == first));
    assert_eq!(gates(&bench), [GateMode::Hold, GateMode::Watch]);
    assert!(bench.events.contains(&UNANSWERED));
    assert_eq!(bench.agent.poll_timeout().unwrap().1, Reason::Housekeeping);
}

/// Nothing is let go between LEAVE and the next association; then everything is, promised flows
/// first, each in its order.
#[test]
fn what_comes_after_leave_goes_through_the_next_access_point() {
    for mode in [CellMode::Free, CellMode::Token] {
        for link_down in [false, true] {
            let mut bench = Bench::in_mode(mode);
            bench.packet(5_004);
            bench.reserved(5_004, Outcome::Granted);
            bench.forget();
            bench.command(LEAVE);
            let bulk: Vec<_> = (0..3).map(|_| bench.packet(80)).collect();
            let voice: Vec<_> = (0..3).map(|_| bench.packet(5_004)).collect();
            bench.run(MS * 10);
            bench.go(GoOutcome::Ready);
            assert!(bench.events.contains(&AgentEvent::Go {
                candidate: CANDIDATE,
                outcome: GoOutcome::Ready,
                largest: 64_000,
                reason: reason(),
            }));
            bench.run(MS * 100);
            if link_down {
                bench.command(AgentCommand::LinkDown);
            }
            // What the old access point says does not count any more.
            if !link_down {
                bench.hello(CellMode::Free);
                bench.hello(CellMode::Token);
                bench.hello_of(10, CellMode::Free, 1);
            }
            bench.run(MS * 500);
            let late = bench.packet(80);
            assert!(!bench.went(&[&bulk[..], &voice, &[late]].concat()));
            let sent = bench.sent.len();
            bench.command(AgentCommand::LinkUp { bssid: AP });
            assert_eq!(bench.sent.len(), sent + 1, "a REGISTER");
            bench.run(MS * 39);
            assert!(!bench.went(&[&bulk[..], &voice, &[late]].concat()));
            // Nobody there has a word for it.
            bench.run(MS * 2);
            let order = [&voice[..], &bulk, &[late]].concat();
            let waited = usize::from(mode == CellMode::Token);
            let order: Vec<_> = order.into_iter().map(Verdict::Accept).collect();
            assert_eq!(bench.verdicts[waited..], order, "{mode:?} {link_down}");
            assert_eq!(gates(&bench).last(), Some(&GateMode::Open));
            bench.run(MS * 2_000);
            assert_eq!(bench.agent.status().stats.failed_open, 0);
        }
    }
}

/// LEAVE is behind the RETURN of what was let go, and later tokens come back unused, at once.
#[test]
fn tokens_that_come_while_leaving_are_given_back() {
    let mut bench = Bench::in_mode(CellMode::Token);
    let id = bench.packet(80);
    let slot = Message::Schedule(crate::wire::Schedule {
        token: 5,
        cycle_number: 1,
        slots: std::vec![crate::wire::Slot {
            station: STA,
            offset: MS * 3,
            rt: MS,
            nrt: MS,
            valid: MS * 5,
            rate: Rate(540),
        }],
    });
    bench.frame_of(0, &slot).unwrap();
    bench.forget();
    bench.command(LEAVE);
    let kinds: Vec<_> = bench.sent.iter().map(Message::message_type).collect();
    assert_eq!(kinds, [MessageType::Return, MessageType::Leave]);
    assert!(bench.last_return().refused);
    bench.token(6, false, MS * 5);
    let answer = bench.last_return();
    assert_eq!(
        (answer.token, answer.refused, answer.sent_nrt),
        (6, true, 0)
    );
    assert_eq!(answer.backlog.nrt.packets, 1);
    bench.go(GoOutcome::Ready);
    bench.token(7, false, MS * 5);
    assert_eq!(bench.last_return().token, 7);
    assert!(!bench.accepted(id));
    bench.run(MS * 100);
    let asked = [MessageType::Request, MessageType::Reserve];
    let asked = asked.map(|kind| bench.sent(kind));
    assert_eq!(asked, [0, 0], "that would say that it stays");
}

/// Promised voice, visited once.
fn visited() -> Bench {
    let mut bench = Bench::in_mode(CellMode::Token);
    bench.packet(5_004);
    bench.reserved(5_004, Outcome::Granted);
    bench.token(1, false, MS * 5);
    bench.forget();
    bench
}

/// Else the packet before the first that waits may have come nearly two visits ago.
#[test]
fn whoever_is_visited_leaves_behind_the_next_visit() {
    let mut bench = visited();
    bench.command(PREPARE);
    bench.go(GoOutcome::Ready);
    bench.command(LEAVE);
    let taken = bench.packet(5_004);
    bench.run(MS * 20);
    assert_eq!(bench.stages(), [LeaveStage::Prepare]);
    bench.token(2, false, MS * 5);
    assert!(bench.accepted(taken));
    assert!(!bench.last_return().refused);
    let kinds: Vec<_> = bench.sent.iter().map(Message::message_type).collect();
    assert_eq!(kinds[1..], [MessageType::Return, MessageType::Leave]);
    let held = bench.packet(5_004);
    bench.token(3, false, MS * 5);
    assert!(bench.last_return().refused && !bench.accepted(held));
    bench.go(GoOutcome::Ready);
    bench.command(LEAVE);
    bench.token(4, false, MS * 5);
    assert!(
        !bench.accepted(held),
        "it is gone, and may not be told again"
    );
}

#[test]
fn a_visit_that_leaves_promised_packets_is_not_the_last() {
    let mut bench = visited();
    let more: Vec<_> = (0..3).map(|_| bench.packet(5_004)).collect();
    bench.command(LEAVE);
    bench.token(2, false, Duration::from_micros(300));
    assert!(!bench.accepted(more[2]));
    assert_eq!(bench.stages(), []);
    bench.token(3, false, MS * 5);
    assert!(bench.went(&more));
    assert_eq!(bench.stages(), [LeaveStage::Leave]);
}

#[test]
fn no_visit_for_40_ms_or_a_radio_on_its_way_is_not_waited_for() {
    let mut bench = visited();
    bench.command(LEAVE);
    bench.run(MS * 39);
    assert_eq!(bench.stages(), []);
    bench.run(MS * 2);
    assert_eq!(bench.stages(), [LeaveStage::Leave]);
    let mut bench = visited();
    bench.command(AT_ONCE);
    assert_eq!(bench.stages(), [LeaveStage::Leave]);
    let mut bench = visited();
    bench.run(MS * 100);
    bench.forget();
    bench.command(LEAVE);
    assert_eq!(bench.stages(), [LeaveStage::Leave], "not visited lately");
}

#[test]
fn whoever_waits_for_its_last_visit_may_stay_or_be_lost() {
    let mut bench = visited();
    bench.command(LEAVE);
    bench.command(AgentCommand::Stay);
    bench.run(MS * 50);
    assert!(!bench.stages().contains(&LeaveStage::Leave));
    let mut bench = visited();
    bench.command(LEAVE);
    let reason = ByeReason::Stopping;
    bench.frame(&Message::Bye(Bye { reason }));
    assert!(bench.events.contains(&UNANSWERED));
    let mut bench = visited();
    let held = bench.packet(5_004);
    bench.command(LEAVE);
    bench.command(AgentCommand::LinkDown);
    assert!(bench.events.contains(&UNANSWERED));
    bench.run(MS * 50);
    assert!(!bench.accepted(held), "there is no link");
    bench.command(AgentCommand::LinkUp { bssid: AP });
    bench.run(MS * 41);
    assert!(bench.accepted(held));
    assert_eq!(bench.stages(), []);
}

#[test]
fn a_refusal_opens_the_gate_again() {
    for outcome in [GoOutcome::Refused, GoOutcome::Unavailable] {
        let mut bench = Bench::in_mode(CellMode::Free);
        bench.command(LEAVE);
        let held = bench.packet(80);
        bench.go(outcome);
        assert!(bench.accepted(held));
        assert_eq!(gates(&bench), [GateMode::Hold, GateMode::Watch]);
        let mut bench = Bench::in_mode(CellMode::Token);
        bench.command(LEAVE);
        let held = bench.packet(80);
        assert_eq!(bench.sent(MessageType::Request), 0);
        bench.go(outcome);
        assert_eq!(bench.sent(MessageType::Request), 1);
        bench.token(1, false, MS);
        assert!(bench.accepted(held));
        assert_eq!(gates(&bench), []);
    }
}

/// It is said when LEAVE is repeated, which may well be too late for less.
#[test]
fn who_is_heard_waits_for_100_ms() {
    for answered in [false, true] {
        let mut bench = Bench::in_mode(CellMode::Free);
        bench.command(LEAVE);
        let held = bench.packet(80);
        bench.run(MS * 36);
        bench.go(GoOutcome::Draining);
        assert!(!bench.accepted(held));
        bench.run(MS * 63);
        assert_eq!(bench.stages(), [LeaveStage::Leave; 5]);
        assert!(!bench.events.contains(&UNANSWERED));
        if answered {
            bench.go(GoOutcome::Ready);
        }
        bench.run(MS);
        assert_eq!(bench.events.contains(&UNANSWERED), !answered);
        assert_eq!(bench.accepted(held), !answered);
    }
}

/// Who asks for a candidate, or has an answer, or never asked, learns nothing by it.
#[test]
fn being_heard_is_no_answer() {
    let mut bench = Bench::in_mode(CellMode::Free);
    bench.command(PREPARE);
    bench.go(GoOutcome::Draining);
    assert!(
        !bench
            .events
            .iter()
            .any(|event| matches!(event, AgentEvent::Prepared { .. }))
    );
    bench.go(GoOutcome::Ready);
    bench.command(LEAVE);
    let late = Leave {
        sequence: 77,
        ..bench.leaves()[0]
    };
    bench.go_to(late, GoOutcome::Draining);
    bench.run(MS * 60);
    assert!(bench.events.contains(&UNANSWERED));
}

#[test]
fn no_answer_in_60_ms_is_one_too() {
    for mode in [CellMode::Free, CellMode::Token] {
        let mut bench = Bench::in_mode(mode);
        bench.command(LEAVE);
        let held = bench.packet(80);
        bench.run(MS * 59);
        assert_eq!(bench.stages(), [LeaveStage::Leave; 4]);
        assert!(!bench.events.contains(&UNANSWERED));
        bench.run(MS);
        assert!(bench.events.contains(&UNANSWERED));
        // The coordinator may have answered, and must know.
        assert_eq!(bench.stages()[4..], [LeaveStage::Stay]);
        if mode == CellMode::Token {
            let asks = bench
                .sent
                .iter()
                .position(|m| matches!(m, Message::Request(_)));
            let stays = bench.sent.iter().position(
                |m| matches!(m, Message::Leave(leave) if leave.stage == LeaveStage::Stay),
            );
            assert!(asks > stays);
            bench.token(1, false, MS);
        }
        assert!(bench.accepted(held));
        // An answer that comes late shuts nothing.
        let late = bench.leaves()[0];
        bench.go_to(late, GoOutcome::Ready);
        let passes = bench.packet(80);
        assert!(bench.accepted(passes) || mode == CellMode::Token);
        bench.run(MS * 20);
        bench.go(GoOutcome::Ready);
        let said = bench.leaves().len();
        bench.run(MS * 500);
        assert_eq!(bench.leaves().len(), said, "Stay was answered");
    }
}

#[test]
fn a_switch_that_comes_to_nothing_opens_the_gate_after_a_second() {
    for mode in [CellMode::Free, CellMode::Token] {
        for link_down in [false, true] {
            let mut bench = Bench::in_mode(mode);
            bench.command(AgentCommand::Rate(Rate(540)));
            bench.command(LEAVE);
            bench.go(GoOutcome::Partial);
            if link_down {
                bench.command(AgentCommand::LinkDown);
            }
            let held = bench.packet(80);
            bench.run(MS * 999);
            assert!(!bench.accepted(held));
            bench.run(MS);
            assert!(bench.accepted(held), "{mode:?} {link_down}");
            let opened = AgentEvent::FailedOpen { released: 1 };
            assert!(bench.events.contains(&opened));
            assert_eq!(bench.agent.status().stats.failed_open, 1);
            let said = bench.stages().contains(&LeaveStage::Stay);
            assert_eq!(said, !link_down, "where there is somebody to tell");
            if !link_down {
                // And into service again as soon as the coordinator speaks.
                bench.hello(CellMode::Token);
                let waits = bench.packet(80);
                assert!(!bench.accepted(waits));
                assert_eq!(bench.sent(MessageType::Request), 1);
            }
        }
    }
}

#[test]
fn a_station_may_stay_after_go() {
    let mut bench = Bench::in_mode(CellMode::Free);
    bench.command(LEAVE);
    bench.go(GoOutcome::Ready);
    let held = bench.packet(80);
    bench.command(AgentCommand::Stay);
    assert!(bench.accepted(held));
    assert_eq!(bench.stages(), [LeaveStage::Leave, LeaveStage::Stay]);
    assert_eq!(bench.leaves()[1].candidate, CANDIDATE);
    bench.command(AgentCommand::Stay);
    assert_eq!(bench.stages().len(), 2, "it stays already");
}

/// On its way, REGISTER answered, with a packet that is held.
fn landed() -> (Bench, PacketId) {
    let mut bench = Bench::in_mode(CellMode::Free);
    bench.command(AgentCommand::Prepare {
        candidate: CANDIDATE,
    });
    bench.command(LEAVE);
    bench.go(GoOutcome::Ready);
    let held = bench.packet(80);
    bench.command(AgentCommand::LinkUp { bssid: AP });
    let before = bench.sent(MessageType::Register);
    bench.run(MS * 15);
    assert!(bench.sent(MessageType::Register) >= before + 2);
    bench.hello_of(9, CellMode::Free, 1);
    assert!(!bench.accepted(held), "a HELLO to all shows nothing");
    bench.accept(SESSION, 1);
    assert!(!bench.accepted(held), "the mode of the cell is not known");
    (bench, held)
}

/// An access point may let packets pass a moment later than its station: what is held goes when
/// REGISTER was answered, which is asked for quickly.
#[test]
fn what_is_held_goes_when_the_new_coordinator_answers() {
    let (mut bench, held) = landed();
    bench.hello_of(9, CellMode::Free, 1);
    assert!(bench.accepted(held));
    let next = bench.packet(80);
    assert!(bench.accepted(next));
}

/// Where granted packets have the air to themselves, what goes without a token comes late.
#[test]
fn what_is_held_goes_by_tokens_where_there_are_tokens() {
    let (mut bench, held) = landed();
    bench.hello_of(9, CellMode::Token, 1);
    assert!(!bench.accepted(held));
    bench.token(1, false, MS);
    assert!(bench.accepted(held));
    // Its first word may be the token.
    let (mut bench, held) = landed();
    bench.token(1, false, MS);
    assert!(bench.accepted(held));
    // None comes.
    let (mut bench, held) = landed();
    bench.run(MS * 41);
    assert!(bench.accepted(held));
}

/// The radio did not wait for GO.
#[test]
fn a_link_lost_while_leaving_keeps_what_is_held() {
    let mut bench = Bench::in_mode(CellMode::Token);
    bench.command(LEAVE);
    let held = bench.packet(80);
    bench.command(AgentCommand::LinkDown);
    assert!(bench.events.contains(&UNANSWERED));
    bench.run(MS * 300);
    assert!(!bench.accepted(held));
    bench.command(AgentCommand::LinkUp { bssid: AP });
    bench.run(MS * 41);
    assert!(bench.accepted(held));
    assert_eq!(gates(&bench).last(), Some(&GateMode::Open));
}

/// A coordinator that says BYE or was restarted answers nothing any more.
#[test]
fn a_coordinator_that_goes_while_asked_opens_the_gate() {
    for restarted in [false, true] {
        for command in [PREPARE, LEAVE] {
            let mut bench = Bench::in_mode(CellMode::Free);
            bench.command(command.clone());
            let held = bench.packet(80);
            if restarted {
                bench.hello_of(10, CellMode::Free, 1);
            } else {
                let reason = ByeReason::Stopping;
                bench.frame_of(0, &Message::Bye(Bye { reason })).unwrap();
            }
            assert!(bench.accepted(held), "{command:?}");
            assert!(bench.events.contains(&UNANSWERED));
            assert_eq!(gates(&bench).last(), Some(&GateMode::Open));
        }
    }
}

#[test]
fn stopping_lets_everything_go() {
    let mut bench = Bench::in_mode(CellMode::Free);
    bench.command(LEAVE);
    bench.go(GoOutcome::Ready);
    let held = bench.packet(80);
    bench.command(AgentCommand::Stop);
    assert!(bench.accepted(held));
    assert_eq!(gates(&bench).last(), Some(&GateMode::Open));
    assert_eq!(bench.agent.poll_timeout(), None);
}

#[test]
fn without_a_coordinator_nobody_is_asked() {
    for command in [PREPARE, LEAVE] {
        let mut bench = Bench::new();
        bench.forget();
        bench.command(command);
        assert_eq!(bench.events, [UNANSWERED]);
        assert_eq!(bench.leaves(), []);
        let id = bench.packet(80);
        assert!(bench.accepted(id));
    }
}

#[test]
fn answers_to_something_else_change_nothing() {
    let mut bench = Bench::in_mode(CellMode::Free);
    bench.command(PREPARE);
    let prepare = bench.leaves()[0];
    bench.command(LEAVE);
    let leave = *bench.leaves().last().unwrap();
    let wrong = Leave {
        sequence: leave.sequence.wrapping_add(1),
        ..leave
    };
    let crossed = Leave {
        stage: LeaveStage::Prepare,
        ..leave
    };
    for asked in [prepare, wrong, crossed] {
        bench.go_to(asked, GoOutcome::Ready);
    }
    let none =
        |event: &AgentEvent| !matches!(event, AgentEvent::Go { .. } | AgentEvent::Prepared { .. });
    assert!(bench.events.iter().all(none));
    let go = Message::Go(Go {
        stage: leave.stage,
        sequence: leave.sequence,
        outcome: GoOutcome::Ready,
        largest: 0,
        reason: GoReason::default(),
    });
    let outcome = bench.frame_of(SESSION + 1, &go);
    assert_eq!(outcome, Err(AgentError::WrongSession(SESSION + 1)));
    assert!(bench.events.iter().all(none));
}

/// What is promised has no limit on its way; best effort drops its oldest.
#[test]
fn floods_do_not_drive_out_what_is_promised() {
    let config = AgentConfig {
        queue_limit: 5,
        ..AgentConfig::default()
    };
    let mut bench = Bench::of(config).registered(CellMode::Token);
    bench.packet(5_004);
    bench.reserved(5_004, Outcome::Granted);
    bench.token(1, false, CYCLE);
    bench.forget();
    bench.command(AT_ONCE);
    bench.go(GoOutcome::Ready);
    let voice: Vec<_> = (0..20).map(|_| bench.packet(5_004)).collect();
    let bulk: Vec<_> = (0..20).map(|_| bench.packet(80)).collect();
    bench.command(AgentCommand::LinkDown);
    let more: Vec<_> = (0..20).map(|_| bench.packet(5_004)).collect();
    let (dropped, kept) = bulk.split_at(15);
    let drops: Vec<_> = dropped.iter().map(|id| Verdict::Drop(*id)).collect();
    assert_eq!(bench.verdicts, drops);
    bench.command(AgentCommand::LinkUp { bssid: AP });
    bench.run(MS * 41);
    assert!(bench.went(&[&voice[..], &more, kept].concat()));
    // From then on it has one again.
    let mut bench = bench.registered(CellMode::Token);
    bench.packet(5_004);
    bench.reserved(5_004, Outcome::Granted);
    bench.forget();
    (0..10).for_each(|_| {
        bench.packet(5_004);
    });
    assert_eq!(bench.verdicts.len(), 6);
}

/// The frames behind which LEAVE must leave are in this class.
#[test]
fn leave_goes_where_best_effort_goes() {
    for (turn, mode, tid) in [
        (Turn::Paired, CellMode::Token, 0),
        (Turn::Burst, CellMode::Free, 0),
        (Turn::Burst, CellMode::Token, TID_GRANTED),
    ] {
        let mut bench = Bench::in_mode(mode);
        bench.agent.turn = turn;
        let now = bench.now;
        bench.agent.handle(now, Input::Command(LEAVE)).unwrap();
        let sent = bench.agent.poll_transmit(&mut [0; MAX_FRAME]).unwrap();
        assert_eq!(sent.tid, tid, "{turn:?} {mode:?}");
    }
}

fn seen(bench: &Bench) -> Vec<Seen> {
    let seen = |message: &Message| match message {
        Message::Seen(seen) => Some(seen.clone()),
        _ => None,
    };
    bench.sent.iter().filter_map(seen).collect()
}

#[test]
fn what_was_seen_is_told_when_there_is_somebody_to_tell() {
    let digests: Vec<u32> = (0..300).collect();
    let mut bench = Bench::new();
    bench.command(AgentCommand::Seen {
        from: CANDIDATE,
        digests: digests.clone(),
    });
    assert_eq!(seen(&bench), []);
    bench.accept(SESSION, 1);
    let told = Seen {
        from: CANDIDATE,
        digests: digests[300 - Seen::MAX..].to_vec(),
    };
    assert_eq!(seen(&bench), [told], "the latest");
    bench.accept(SESSION, 1);
    assert_eq!(seen(&bench).len(), 1, "once");
}

#[test]
fn what_was_seen_is_repeated_if_the_radio_could_not_send_it() {
    let command = AgentCommand::Seen {
        from: CANDIDATE,
        digests: std::vec![1, 2, 3],
    };
    let mut bench = Bench::in_mode(CellMode::Free);
    bench.command(command.clone());
    (0..2).for_each(|_| bench.radio(false));
    assert_eq!(seen(&bench).len(), 3);
    bench.radio(false);
    assert_eq!(seen(&bench).len(), 3, "three times are enough");
    bench.forget();
    bench.command(command);
    bench.radio(true);
    bench.radio(false);
    assert_eq!(seen(&bench).len(), 1);
}
