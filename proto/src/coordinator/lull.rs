//! Room for a station that comes from another cell with promises: while it associates and
//! registers, nobody is granted best effort.
//!
//! Its authentication, association and REGISTER, and the answers, would each wait for a frame or a
//! burst of whoever holds a token, and so would its first visit for all of a grant; a call notices.

use super::Coordinator;
use crate::mac::MacAddr;
use crate::time::{Duration, Instant};

/// Who has not been visited by then is not held up by others.
const LONGEST: Duration = Duration::from_millis(40);
/// From one beginning to the next at least: most of the air stays best effort's, whoever comes.
const APART: Duration = Duration::from_millis(160);

/// Whom there is room for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Lull {
    station: Option<MacAddr>,
    /// When the last one began.
    began: Option<Instant>,
}

impl Lull {
    /// When it ends at the latest, if there is one.
    pub(super) fn end(&self, now: Instant) -> Option<Instant> {
        self.station?;
        let end = self.began? + LONGEST;
        (end > now).then_some(end)
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
            self.lull = Lull {
                station: Some(station),
                began: Some(self.now),
            };
        }
    }

    /// A station has been visited: it is there.
    pub(super) fn has_come(&mut self, station: MacAddr) {
        self.lull.station.take_if(|expected| *expected == station);
    }
}
