//! The radio leaves its channel for a moment, to look for other access points.
//!
//! What is let go then is lost in the driver (`linux::nl80211`), and the coordinator's silence means
//! nothing. The best moment is when a visit has taken all that waited and its RETURN is through: the
//! next packets have just begun to come, nothing is left behind in the driver, the coordinator does
//! not ask again, and one visit is missed, or none.

use super::{Agent, AgentEvent, GateMode};
use crate::machine::TxHandle;
use crate::time::{Duration, Instant};

/// A radio that has been away for longer has come back without a word.
const LONGEST: Duration = Duration::from_millis(300);
/// Without a visit for so long there is nothing to wait for.
const PATIENCE: Duration = Duration::from_millis(100);

/// Where the radio is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Away {
    /// On its channel.
    #[default]
    Here,
    /// On its channel, and wants to leave it.
    Soon,
    /// On its channel until this RETURN is through.
    Behind(TxHandle),
    /// Off its channel since then.
    Since(Instant),
}

impl Away {
    pub(super) const fn is_off_channel(self) -> bool {
        matches!(self, Self::Since(_))
    }
}

impl Agent {
    pub(super) fn off_channel(&mut self, away: bool) {
        match (self.away, away) {
            // Since the gap that it was given.
            (Away::Since(_), true) => {}
            (_, true) => self.away = Away::Since(self.now),
            (Away::Since(_), false) => {
                self.away = Away::Here;
                if self.is_awaiting() && !self.queues.is_empty() {
                    self.await_coordinator();
                }
                // The visits that it missed may be followed by one too late for them.
                if self.is_visited() && self.is_left_over() {
                    self.send_request();
                }
            }
            // It leaves it yet.
            (_, false) => {}
        }
    }

    pub(super) fn want_gap(&mut self) {
        if self.is_visited() {
            self.away = Away::Soon;
        } else {
            self.give_gap();
        }
    }

    /// It sends by tokens and gets them.
    pub(super) fn is_visited(&self) -> bool {
        self.gate == GateMode::Hold
            && !self.failed_open
            && self.last_token.is_some()
            && self.now.since(self.last_visit) < PATIENCE
    }

    /// Whether promised packets wait behind a visit.
    fn is_left_over(&mut self) -> bool {
        self.queues.backlog(self.now).rt.packets > 0
    }

    /// The handle of a RETURN behind which the radio may leave.
    pub(super) fn track_return(&mut self) -> Option<TxHandle> {
        if self.is_left_over() || self.departure.is_parting() {
            return None;
        }
        match self.away {
            Away::Soon => {
                let handle = self.next_handle();
                self.away = Away::Behind(handle);
                Some(handle)
            }
            // What became of the RETURN before was not told, but another token has come.
            Away::Behind(_) => {
                self.away = Away::Soon;
                None
            }
            Away::Here | Away::Since(_) => None,
        }
    }

    /// The radio is through with a frame; true if it was the RETURN that was waited for.
    pub(super) fn return_sent(&mut self, handle: TxHandle, acked: bool) -> bool {
        let is_it = self.away == Away::Behind(handle);
        if is_it && acked {
            self.give_gap();
        } else if is_it {
            self.away = Away::Soon;
        }
        is_it
    }

    /// All that a token was for is done.
    pub(super) fn visit_is_over(&mut self) {
        if self.is_left_over() {
            return;
        }
        if self.departure.is_parting() {
            self.part();
        } else if self.away == Away::Soon {
            self.give_gap();
        }
    }

    fn give_gap(&mut self) {
        self.away = Away::Since(self.now);
        self.events.push_back(AgentEvent::Gap);
    }

    /// The coordinator is not heard because the radio does not listen.
    pub(super) fn is_silence_ours(&mut self) -> bool {
        match self.away {
            Away::Since(since) if self.now.since(since) < LONGEST => true,
            Away::Since(_) => {
                self.away = Away::Here;
                false
            }
            Away::Here | Away::Soon | Away::Behind(_) => false,
        }
    }
}
