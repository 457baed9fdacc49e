//! The handoff machine's questions and answers in the coordinator's words, and back.

use rether_daemon::driver::Orders;
use rether_handoff::ap::{Answer, Stage};
use rether_handoff::message::Admission;
use rether_linux::gate::NfqGate;
use rether_proto::airtime::Rate;
use rether_proto::coordinator::explicit::HoldRequest;
use rether_proto::coordinator::handover::{Kept, Promised};
use rether_proto::coordinator::{Coordinator, CoordinatorCommand, GoAnswer};
use rether_proto::ledger::LinkRates;
use rether_proto::ledger::hold::HoldId;
use rether_proto::mac::MacAddr;
use rether_proto::time::Duration;
use rether_proto::wire::{GoOutcome, GoReason, LeaveStage};

/// What was promised to a station that may come is kept free for so long.
const HOLD: Duration = Duration::from_secs(2);
/// The most octets of a reason.
const REASON: usize = 120;

/// A station's word as the machine takes it; nothing where it stays.
pub(crate) const fn stage(stage: LeaveStage) -> Option<Stage> {
    match stage {
        LeaveStage::Prepare => Some(Stage::Prepare),
        LeaveStage::Leave => Some(Stage::Leave),
        LeaveStage::Stay => None,
    }
}

/// The machine's answer as the coordinator sends it.
pub(crate) fn go(stage: Stage, candidate: MacAddr, answer: &Answer) -> GoAnswer {
    let (outcome, admission) = match answer {
        Answer::Ready => (GoOutcome::Ready, None),
        Answer::Partial(admission) => (GoOutcome::Partial, Some(admission)),
        Answer::Refused(admission) => (GoOutcome::Refused, Some(admission)),
        Answer::Unavailable => (GoOutcome::Unavailable, None),
    };
    let largest = admission.and_then(|given| given.largest.first().copied());
    let reason = admission.map_or_else(String::new, |given| shortened(&given.reason));
    GoAnswer {
        stage: match stage {
            Stage::Prepare => LeaveStage::Prepare,
            Stage::Leave => LeaveStage::Leave,
        },
        candidate,
        outcome,
        largest: largest.unwrap_or(0),
        reason: GoReason::try_from(reason).unwrap_or_default(),
    }
}

/// Asks the ledger what it could keep, has that held, and gives the answer to `then`. Holds are
/// named from `first` on.
pub(super) fn admit(
    tokens: &Orders<Coordinator, NfqGate>,
    first: u64,
    station: MacAddr,
    promises: Vec<Promised>,
    then: impl FnOnce(Admission) + Send + 'static,
) {
    for (promised, number) in promises.iter().zip(first..) {
        tokens.command(CoordinatorCommand::Hold(HoldRequest {
            id: HoldId(number),
            ask: promised.ask(station),
            span: HOLD,
        }));
    }
    tokens.look(move |view| {
        let unknown = LinkRates {
            up: Rate(0),
            down: Rate(0),
        };
        let kept = view.machine.could_keep(station, unknown, &promises);
        then(admission(&kept));
    });
}

fn admission(kept: &Kept) -> Admission {
    let reason = kept.refusal.map_or_else(String::new, |why| why.to_string());
    Admission {
        // There are eight promises in a context at most.
        kept: u8::try_from(kept.kept & 0xff).unwrap_or(u8::MAX),
        largest: kept.largest.clone(),
        reason: shortened(&reason),
    }
}

/// As much of `text` as a message takes.
fn shortened(text: &str) -> String {
    let end = (0..=REASON.min(text.len()))
        .rev()
        .find(|end| text.is_char_boundary(*end));
    text.get(..end.unwrap_or(0)).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_cut_between_letters() {
        assert_eq!(shortened("short"), "short");
        let long = "ü".repeat(100);
        assert_eq!(shortened(&long), "ü".repeat(60));
    }

    #[test]
    fn refusals_say_what_would_fit() {
        let admission = Admission {
            kept: 0,
            largest: vec![64_000],
            reason: "no airtime left".into(),
        };
        let candidate = MacAddr([2, 0, 0, 0, 1, 0]);
        let answer = go(Stage::Prepare, candidate, &Answer::Refused(admission));
        assert_eq!(answer.outcome, GoOutcome::Refused);
        assert_eq!(answer.largest, 64_000);
        assert_eq!(answer.reason.as_str(), "no airtime left");
        let ready = go(Stage::Leave, candidate, &Answer::Ready);
        assert_eq!(
            (ready.outcome, ready.stage),
            (GoOutcome::Ready, LeaveStage::Leave)
        );
    }
}
