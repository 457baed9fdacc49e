//! What the agent says, in the words of the station's machine.

use rether_daemon::table::bit_rate;
use rether_handoff::station::{Outcome, StationInput};
use rether_proto::agent::AgentEvent;
use rether_proto::mac::MacAddr;
use rether_proto::wire::{GoOutcome, GoReason};

/// What was last asked of the host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Asked {
    #[default]
    Nothing,
    /// Of the agent, to prepare.
    Prepare(MacAddr),
    /// Of the agent, to leave.
    Leave(MacAddr),
    /// Of `wpa_supplicant`, to switch.
    Switch,
}

/// The answer to what was asked; `None` if the event is about something else.
pub(super) fn answer(asked: Asked, event: &AgentEvent) -> Option<StationInput> {
    match (asked, event) {
        (
            Asked::Prepare(wanted),
            AgentEvent::Prepared {
                candidate,
                outcome,
                largest,
                reason,
            },
        ) if wanted == *candidate => {
            let why = || in_words(reason, *largest);
            Some(StationInput::Prepared(match outcome {
                GoOutcome::Ready => Outcome::Ready,
                GoOutcome::Partial => Outcome::Partial(why()),
                GoOutcome::Refused => Outcome::Refused(why()),
                GoOutcome::Unavailable | GoOutcome::Draining => Outcome::Unavailable,
            }))
        }
        (
            Asked::Leave(wanted),
            AgentEvent::Go {
                candidate, outcome, ..
            },
        ) if wanted == *candidate => Some(if outcome.lets_go() {
            StationInput::Go
        } else {
            StationInput::NoGo
        }),
        (Asked::Prepare(wanted), AgentEvent::LeaveUnanswered { candidate })
            if wanted == *candidate =>
        {
            Some(StationInput::Prepared(Outcome::Unavailable))
        }
        (Asked::Leave(wanted), AgentEvent::LeaveUnanswered { candidate })
            if wanted == *candidate =>
        {
            Some(StationInput::NoGo)
        }
        _ => None,
    }
}

/// Why a candidate does not keep all promises. What came over the air may hold control characters.
fn in_words(reason: &GoReason, largest: u32) -> String {
    let fits = format!("it has room for {}", bit_rate(largest.into()));
    match reason.as_str() {
        "" => fits,
        reason => format!("{}; {fits}", reason.escape_debug()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const THERE: MacAddr = MacAddr([2, 0, 0, 0, 1, 0]);
    const ELSEWHERE: MacAddr = MacAddr([2, 0, 0, 0, 2, 0]);

    fn prepared(outcome: GoOutcome) -> AgentEvent {
        AgentEvent::Prepared {
            candidate: THERE,
            outcome,
            largest: 64_000,
            reason: GoReason::try_from("no\nair").unwrap(),
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

    fn outcome(event: &AgentEvent) -> Option<Outcome> {
        match answer(Asked::Prepare(THERE), event)? {
            StationInput::Prepared(outcome) => Some(outcome),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn answers_to_prepare() {
        let why = "no\\nair; it has room for 64.0 kbit/s".to_owned();
        for (said, understood) in [
            (GoOutcome::Ready, Outcome::Ready),
            (GoOutcome::Partial, Outcome::Partial(why.clone())),
            (GoOutcome::Refused, Outcome::Refused(why)),
            (GoOutcome::Unavailable, Outcome::Unavailable),
        ] {
            assert_eq!(outcome(&prepared(said)), Some(understood));
        }
        let silence = AgentEvent::LeaveUnanswered { candidate: THERE };
        assert_eq!(outcome(&silence), Some(Outcome::Unavailable));
        assert_eq!(outcome(&go(GoOutcome::Ready)), None);
    }

    #[test]
    fn answers_to_leave() {
        let asked = Asked::Leave(THERE);
        let goes = |event: &_| matches!(answer(asked, event), Some(StationInput::Go));
        let stays = |event: &_| matches!(answer(asked, event), Some(StationInput::NoGo));
        assert!(goes(&go(GoOutcome::Ready)) && goes(&go(GoOutcome::Partial)));
        assert!(stays(&go(GoOutcome::Refused)) && stays(&go(GoOutcome::Unavailable)));
        assert!(stays(&AgentEvent::LeaveUnanswered { candidate: THERE }));
        assert!(answer(asked, &prepared(GoOutcome::Ready)).is_none());
    }

    #[test]
    fn what_was_not_asked_is_no_answer() {
        let events = [
            prepared(GoOutcome::Ready),
            go(GoOutcome::Ready),
            AgentEvent::LeaveUnanswered { candidate: THERE },
            AgentEvent::CoordinatorLost,
        ];
        for asked in [
            Asked::Nothing,
            Asked::Prepare(ELSEWHERE),
            Asked::Leave(ELSEWHERE),
            Asked::Switch,
        ] {
            for event in &events {
                assert!(answer(asked, event).is_none(), "{asked:?} {event:?}");
            }
        }
    }
}
