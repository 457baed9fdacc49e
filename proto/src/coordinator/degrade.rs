//! Carries the degradation plan out: at once when the air is too short, and back when it has been
//! long enough for a while.

use alloc::collections::BTreeMap;

use super::reservations::REFUSED_PAUSE;
use super::{Coordinator, CoordinatorEvent};
use crate::ledger::plan::{self, Change};
use crate::ledger::{Entry, FlowId};
use crate::time::{Duration, Instant};
use crate::wire::{Outcome, Pressure};

/// Nothing is restored sooner after the last change for the worse: the air that seems to be there
/// may only be the sign of a change that is not over.
const RESTORE_PAUSE: Duration = Duration::from_secs(2);
/// What is restored leaves so much of the capacity free, in thousandths.
pub(super) const RESTORE_MARGIN: u16 = 50;

/// What the coordinator knows of the pressure on the promises.
#[derive(Clone, Debug, Default)]
pub(super) struct Strain {
    /// Something changed for the worse since the ledger was last looked at.
    news: Option<Pressure>,
    /// What made the last promise shrink or go.
    cause: Option<Pressure>,
    /// When that was.
    at: Option<Instant>,
    /// Withdrawn promises, and when their flows were last heard of.
    wanted: BTreeMap<FlowId, Instant>,
}

impl Strain {
    /// The air may be too short from now on.
    pub(super) fn note(&mut self, pressure: Pressure) {
        self.news = Some(pressure);
    }

    /// What made the last promise shrink or go.
    pub(super) fn cause(&self) -> Pressure {
        self.cause.unwrap_or(Pressure::RateFall)
    }

    /// A flow whose promise is withdrawn sends all the same.
    pub(super) fn still_wanted(&mut self, id: FlowId, now: Instant) {
        self.wanted.insert(id, now);
    }

    /// False when a flow whose promise is withdrawn was not heard of for so long that it must be
    /// over: its agent asks again after each [`REFUSED_PAUSE`].
    pub(super) fn is_wanted(&self, id: &FlowId, entry: &Entry, now: Instant) -> bool {
        let patience = entry.idle.max(REFUSED_PAUSE * 2);
        self.wanted
            .get(id)
            .is_some_and(|at| now.since(*at) < patience)
    }

    pub(super) fn forget(&mut self, id: &FlowId) {
        self.wanted.remove(id);
    }
}

impl Coordinator {
    /// Called after every input: if something changed for the worse and the promises no longer
    /// fit, the plan is carried out before the next visit.
    pub(super) fn degrade_if_short(&mut self) {
        let Some(pressure) = self.strain.news.take() else {
            return;
        };
        let plan = plan::degrade(&self.ledger, &self.links());
        if plan.changes.is_empty() {
            return;
        }
        self.strain.cause = Some(pressure);
        self.strain.at = Some(self.now);
        for (id, change) in plan.changes {
            self.carry_out(id, change, pressure);
        }
    }

    /// Called now and then: restores what fits again, with a margin.
    pub(super) fn restore_if_long(&mut self) {
        let is_early = |at: Instant| self.now.since(at) < RESTORE_PAUSE;
        if self.strain.at.is_none_or(is_early) {
            return;
        }
        let plan = plan::restore(&self.ledger, &self.links(), RESTORE_MARGIN);
        for (id, change) in plan.changes {
            self.carry_out(id, change, self.strain.cause());
        }
    }

    fn carry_out(&mut self, id: FlowId, change: Change, cause: Pressure) {
        let Some(entry) = self.ledger.apply(&id, change) else {
            return;
        };
        let rate = entry.promise.rate;
        let (outcome, event) = match change {
            Change::Shrink(_) => (
                Outcome::Degraded(cause),
                CoordinatorEvent::Degraded { id, rate, cause },
            ),
            Change::Withdraw => (
                Outcome::Withdrawn(cause),
                CoordinatorEvent::Withdrawn { id, cause },
            ),
            Change::Restore(_) if entry.is_shrunk() => (
                Outcome::Degraded(cause),
                CoordinatorEvent::Restored { id, rate },
            ),
            Change::Restore(_) => (Outcome::Granted, CoordinatorEvent::Restored { id, rate }),
        };
        if change == Change::Withdraw {
            self.strain.still_wanted(id, self.now);
            self.put_out_of_force(id);
        } else {
            self.strain.forget(&id);
            self.put_in_force(id, &entry);
        }
        self.tell(id, outcome, &entry, 0);
        self.events.push_back(event);
        if change != Change::Withdraw {
            self.enter_token_mode();
        }
    }
}
