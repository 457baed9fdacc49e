//! The order in which agent and radio are told, whatever they answer.

use super::*;
use rether_proto::wire::{GoOutcome, GoReason};

const HERE: MacAddr = MacAddr([2, 0, 0, 0, 0, 0]);
const THERE: MacAddr = MacAddr([2, 0, 0, 0, 1, 0]);
const ELSEWHERE: MacAddr = MacAddr([2, 0, 0, 0, 2, 0]);

fn at(ms: u64) -> Instant {
    Instant::ZERO + Duration::from_millis(ms)
}

fn told(command: AgentCommand) -> Vec<Deed> {
    vec![Deed::Agent(command)]
}

fn prepare() -> Vec<Deed> {
    told(AgentCommand::Prepare { candidate: THERE })
}

fn leave() -> Vec<Deed> {
    told(AgentCommand::Leave {
        candidate: THERE,
        at_once: false,
    })
}

fn prepared(outcome: GoOutcome) -> AgentEvent {
    AgentEvent::Prepared {
        candidate: THERE,
        outcome,
        largest: 0,
        reason: GoReason::default(),
    }
}

fn go(outcome: GoOutcome) -> AgentEvent {
    AgentEvent::Go {
        candidate: THERE,
        outcome,
        largest: 0,
        reason: GoReason::default(),
    }
}

fn unanswered() -> AgentEvent {
    AgentEvent::LeaveUnanswered { candidate: THERE }
}

/// At [`HERE`] since 0 ms.
fn served() -> Handoff {
    let mut handoff = Handoff::new(Steering::default().station(), History::default(), at(0));
    let arrival = handoff.arrived(at(0), HERE);
    assert_eq!((arrival.deeds, arrival.unannounced_from), (vec![], None));
    handoff
}

fn ordered(handoff: &mut Handoff) -> oneshot::Receiver<Entry> {
    let (reply, answer) = oneshot::channel();
    assert_eq!(handoff.order(at(100), THERE, reply), Ok(prepare()));
    answer
}

#[test]
fn prepare_leave_switch_and_nothing_is_told_to_the_agent_before_it_arrives() {
    let mut handoff = served();
    let mut answer = ordered(&mut handoff);
    let ready = prepared(GoOutcome::Ready);
    assert_eq!(handoff.agent_says(at(103), &ready), leave());
    assert!(handoff.is_moving() && !handoff.is_switching());
    let gone = handoff.agent_says(at(105), &go(GoOutcome::Ready));
    assert_eq!(gone, [Deed::Roam(THERE)]);
    assert!(handoff.is_switching());
    assert_eq!(handoff.drifts(at(106), THERE), [], "it was told to");
    assert_eq!(handoff.lost(at(107)), []);
    let arrival = handoff.arrived(at(120), THERE);
    assert_eq!((arrival.deeds, arrival.unannounced_from), (vec![], None));
    let entry = answer.try_recv().unwrap();
    assert!(entry.done && entry.culprit.is_none());
    assert_eq!(entry.phases_ms.switch, Some(15.0));
    assert_eq!(handoff.history.entries(), [entry]);
}

#[test]
fn without_a_coordinator_it_moves_at_once_and_says_what_it_received() {
    let mut handoff = served();
    ordered(&mut handoff);
    assert_eq!(handoff.agent_says(at(100), &unanswered()), leave());
    let switch = handoff.agent_says(at(100), &unanswered());
    assert_eq!(switch, [Deed::Roam(THERE)]);
    let arrival = handoff.arrived(at(120), THERE);
    assert_eq!(arrival.unannounced_from, Some(HERE));
}

#[test]
fn who_may_not_go_stays() {
    let mut handoff = served();
    let mut answer = ordered(&mut handoff);
    handoff.agent_says(at(103), &prepared(GoOutcome::Ready));
    let stays = handoff.agent_says(at(105), &unanswered());
    assert_eq!(stays, told(AgentCommand::Stay));
    assert!(!handoff.is_moving());
    assert!(!answer.try_recv().unwrap().done);
}

#[test]
fn a_failed_switch_keeps_the_gate_shut_until_there_is_a_link() {
    for is_lost in [false, true] {
        let mut handoff = served();
        ordered(&mut handoff);
        handoff.agent_says(at(103), &prepared(GoOutcome::Ready));
        handoff.agent_says(at(105), &go(GoOutcome::Ready));
        if is_lost {
            handoff.lost(at(106));
        }
        let failed = handoff.input(at(110), StationInput::SwitchFailed);
        let stay = told(AgentCommand::Stay);
        assert_eq!(failed, if is_lost { vec![] } else { stay });
        assert!(!handoff.is_switching());
        let back = handoff.arrived(at(200), HERE);
        assert_eq!((back.deeds, back.unannounced_from), (vec![], None));
        assert_eq!(handoff.history.entries().len(), 1);
    }
}

#[test]
fn who_stayed_after_all_was_not_let_go() {
    let mut handoff = served();
    ordered(&mut handoff);
    handoff.agent_says(at(103), &prepared(GoOutcome::Ready));
    handoff.agent_says(at(105), &go(GoOutcome::Ready));
    handoff.input(at(110), StationInput::SwitchFailed);
    handoff.drifts(at(400), THERE);
    assert_eq!(handoff.arrived(at(420), THERE).unannounced_from, Some(HERE));
}

#[test]
fn an_unannounced_move_shuts_the_gate_and_is_written_down() {
    let mut handoff = served();
    assert_eq!(handoff.drifts(at(90), HERE), []);
    let shut = told(AgentCommand::Leave {
        candidate: THERE,
        at_once: true,
    });
    assert_eq!(handoff.drifts(at(100), THERE), shut);
    assert_eq!(handoff.drifts(at(101), THERE), [], "once");
    assert_eq!(handoff.lost(at(102)), []);
    assert_eq!(handoff.agent_says(at(102), &unanswered()), []);
    let arrival = handoff.arrived(at(130), THERE);
    assert_eq!(arrival.unannounced_from, Some(HERE));
    let entries = handoff.history.entries();
    assert_eq!((entries.len(), entries[0].why.as_str()), (1, "lost"));
    assert_eq!(entries[0].phases_ms.total, Some(30.0));
}

#[test]
fn a_plan_is_over_when_wpa_supplicant_goes_elsewhere() {
    let mut handoff = served();
    let mut answer = ordered(&mut handoff);
    let candidate = ELSEWHERE;
    let shut = told(AgentCommand::Leave {
        candidate,
        at_once: true,
    });
    assert_eq!(handoff.drifts(at(101), ELSEWHERE), shut);
    assert!(!answer.try_recv().unwrap().done);
    let late = handoff.agent_says(at(103), &prepared(GoOutcome::Ready));
    assert_eq!(late, []);
}

#[test]
fn whom_the_access_point_let_go_in_time_has_seen_all() {
    let mut handoff = served();
    handoff.drifts(at(100), THERE);
    handoff.agent_says(at(101), &go(GoOutcome::Ready));
    assert_eq!(handoff.arrived(at(130), THERE).unannounced_from, None);
    // Of use once.
    handoff.lost(at(200));
    handoff.arrived(at(210), HERE);
    handoff.lost(at(220));
    let again = handoff.arrived(at(230), THERE);
    assert_eq!(again.unannounced_from, Some(HERE));
}

#[test]
fn whoever_was_away_has_not_moved() {
    let mut handoff = served();
    handoff.lost(at(100));
    let arrival = handoff.arrived(at(60_000), THERE);
    assert_eq!(arrival.unannounced_from, None);
    assert_eq!(handoff.history.entries(), []);
}

#[test]
fn a_move_elsewhere_than_planned_is_unannounced() {
    let mut handoff = served();
    ordered(&mut handoff);
    handoff.agent_says(at(103), &prepared(GoOutcome::Ready));
    handoff.agent_says(at(105), &go(GoOutcome::Ready));
    handoff.lost(at(106));
    let arrival = handoff.arrived(at(150), ELSEWHERE);
    assert_eq!(arrival.unannounced_from, Some(HERE));
    let entries = handoff.history.entries();
    assert_eq!(entries.len(), 1);
    assert!(!entries[0].done && entries[0].culprit.is_some());
}

#[test]
fn orders_that_cannot_be_say_why() {
    let order = |handoff: &mut Handoff, to| {
        let (reply, _answer) = oneshot::channel();
        handoff.order(at(100), to, reply).unwrap_err()
    };
    let mut handoff = served();
    assert!(order(&mut handoff, HERE).contains("already"));
    let (reply, _answer) = oneshot::channel();
    handoff.order(at(100), THERE, reply).unwrap();
    assert!(order(&mut handoff, ELSEWHERE).contains("going on"));
    let mut handoff = served();
    handoff.lost(at(50));
    assert!(order(&mut handoff, THERE).contains("not associated"));
}

#[test]
fn a_leading_station_goes_where_no_coordinator_is_and_waits_where_one_is_silent() {
    let leading = || {
        let config = StationConfig {
            steer: Steer::Lead,
            ..Steering::default().station()
        };
        let mut handoff = Handoff::new(config, History::default(), at(0));
        handoff.arrived(at(0), HERE);
        handoff
    };
    let sees = |handoff: &mut Handoff| {
        let heard = StationInput::Heard {
            bssid: THERE,
            frequency: 5180,
            signal: -50,
        };
        handoff.input(at(5_000), heard);
        let falls = handoff.input(at(5_000), StationInput::Signal(-75));
        assert_eq!(falls, prepare());
    };
    let mut handoff = leading();
    sees(&mut handoff);
    assert_eq!(handoff.agent_says(at(5_001), &unanswered()), leave());
    let gone = handoff.agent_says(at(5_001), &unanswered());
    assert_eq!(gone, [Deed::Roam(THERE)]);

    for (lost, stays) in [(false, true), (true, false)] {
        let mut handoff = leading();
        handoff.agent_says(at(100), &AgentEvent::Registered { bssid: HERE });
        if lost {
            handoff.agent_says(at(200), &AgentEvent::CoordinatorLost);
        }
        sees(&mut handoff);
        let said = handoff.agent_says(at(5_100), &unanswered());
        assert_eq!(said == told(AgentCommand::Stay), stays, "{said:?}");
    }
}
