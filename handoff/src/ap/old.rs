//! A station that may leave, leaves or has left: what its old access point keeps of it.

use rether_proto::time::Instant;

use super::Stage;
use crate::frame::Frame;
use crate::id::ApId;
use crate::pen::Pen;
use crate::roam::{Ending, RoamRecord};

/// A station that may leave, leaves or has left.
#[derive(Clone, Debug)]
pub(super) struct Old {
    pub(super) state: Leaving,
    pub(super) pen: Pen,
    pub(super) record: RoamRecord,
    /// Whom PREPARE went to.
    pub(super) target: Option<ApId>,
    /// The agent waits for the answer to this.
    pub(super) asked: Option<Stage>,
    /// Nobody let it go: what it was sent last may not have arrived.
    pub(super) own_accord: bool,
    /// It may stay: when the radio is asked next whether it is here.
    pub(super) check: Option<Instant>,
    /// It has come back: when it is taken to receive, if nothing shows it before.
    pub(super) back: Option<Instant>,
    /// Up to which packet the other end is being asked.
    pub(super) checked: Option<u32>,
    /// How often it did not answer that.
    pub(super) unanswered: u8,
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leaving {
    /// A candidate knows; nothing else has changed.
    Prepared { until: Instant },
    /// The pen is open, the token gate is being emptied.
    Draining { until: Instant },
    /// The station is on its way.
    Holding { until: Instant },
    /// It is at `to`; how long it had not been heard is being asked.
    Asking { to: ApId, until: Instant },
    /// The pen is being emptied.
    Flushing { to: ApId, next: Instant },
    /// The pen was empty; what still comes goes straight on.
    Forwarding { to: ApId, until: Instant },
}

/// What is to be done for a station that another access point has claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// Nothing more than is being done.
    Wait,
    /// The pen is emptied.
    Flush,
    /// What may not have arrived goes first.
    Replay,
}

impl Old {
    pub(super) fn timer(&self) -> Option<Instant> {
        let until = self.until().into_iter();
        until.chain(self.check).chain(self.back).min()
    }

    /// When something is to be done in this state.
    pub(super) fn until(&self) -> Option<Instant> {
        match self.state {
            Leaving::Prepared { until }
            | Leaving::Draining { until }
            | Leaving::Holding { until }
            | Leaving::Asking { until, .. }
            | Leaving::Forwarding { until, .. } => Some(until),
            Leaving::Flushing { next, .. } => (!self.pen.is_empty()).then_some(next),
        }
    }

    /// The station cannot be reached from here any more.
    pub(super) const fn is_away(&self) -> bool {
        !matches!(self.state, Leaving::Prepared { .. })
    }

    /// It has left, and nobody has claimed it.
    pub(super) const fn is_unclaimed(&self) -> bool {
        matches!(
            self.state,
            Leaving::Draining { .. } | Leaving::Holding { .. }
        )
    }

    /// Another access point has it.
    pub(super) const fn is_claimed(&self) -> bool {
        matches!(
            self.state,
            Leaving::Asking { .. } | Leaving::Flushing { .. } | Leaving::Forwarding { .. }
        )
    }

    /// What is still in the pen, for the station that is back; `alone` if nobody else has any of it.
    pub(super) fn into_frames(mut self, now: Instant, alone: bool) -> alloc::vec::Vec<Frame> {
        if alone {
            self.pen.reclaim();
        }
        core::iter::from_fn(|| self.pen.reinject(now)).collect()
    }

    /// Where what still comes goes straight on to.
    pub(super) const fn forwards_to(&self) -> Option<ApId> {
        match self.state {
            Leaving::Forwarding { to, .. } => Some(to),
            _ => None,
        }
    }

    pub(super) fn close(&self, ending: Ending) -> RoamRecord {
        let tally = self.pen.tally;
        let mut record = self.record.clone();
        record.held = tally.held;
        record.flushed_packets = tally.flushed + tally.reinjected;
        record.expired = tally.expired;
        record.dropped = tally.dropped;
        record.known = tally.known;
        record.oldest = self.pen.oldest;
        record.ending = Some(ending);
        record
    }
}
