//! Room for a station that comes from another cell with promises, or leaves for one: meanwhile
//! nobody is granted best effort.
//!
//! Authentication, association and REGISTER, and the answers, would each wait for a frame or a burst
//! of whoever holds a token, and so would the first visit for all of a grant; a call notices. So would
//! LEAVE, which comes right behind the last return, and GO, while the gate is shut.

use super::Coordinator;
use crate::mac::MacAddr;
use crate::time::{Duration, Instant};

/// Who has not been visited by then is not held up by others.
const LONGEST: Duration = Duration::from_millis(40);
/// From one beginning to the next at least: most of the air stays best effort's, whoever comes.
const APART: Duration = Duration::from_millis(160);

/// From a return to LEAVE, and from LEAVE until GO has come: the rest of a frame, and a host's word.
const PARTING: Duration = Duration::from_millis(6);

/// Whom there is room for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Lull {
    station: Option<MacAddr>,
    /// When the last one began.
    began: Option<Instant>,
    /// Somebody leaves, at the latest until then.
    parting: Instant,
}

impl Lull {
    /// When it ends at the latest, if there is one.
    pub(super) fn end(&self, now: Instant) -> Option<Instant> {
        let came = self.station.and(self.began).map(|began| began + LONGEST);
        came.max(Some(self.parting)).filter(|end| *end > now)
    }

    /// A station is about to leave.
    pub(super) fn part(&mut self, now: Instant) {
        self.parting = now + PARTING;
    }
}

impl Coordinator {
    /// A station associates. Only for one that another access point has announced, for which
    /// promises are held.
    pub(super) fn expect(&mut self, station: MacAddr) {
        let is_due = self
            .lull
            .began
            .is_none_or(|began| self.now.since(began) >= APART);
        let is_held = self
            .ledger
            .holds()
            .any(|(_, hold)| hold.flow.station == station);
        if is_due && is_held {
            self.lull.station = Some(station);
            self.lull.began = Some(self.now);
        }
    }

    /// A station has been visited: it is there.
    pub(super) fn has_come(&mut self, station: MacAddr) {
        self.lull.station.take_if(|expected| *expected == station);
    }
}
