//! A look at another channel: when it begins, and when it must be over.
//!
//! mac80211 waits 30 ms before it asks on a channel and 30 ms for answers
//! (`IEEE80211_PROBE_DELAY`, `IEEE80211_CHANNEL_TIME`); answers come in a few. What was heard until
//! then stays in the radio's table when the scan is ended.

use rether_linux::nl80211::Scan;
use rether_proto::time::{Duration, Instant};

/// So long the agent may take to name a moment.
const ANSWER: Duration = Duration::from_millis(60);
/// So long the radio may be away.
const AWAY: Duration = Duration::from_millis(34);

/// What waited meanwhile goes before the station may leave for what it has found.
const REST: Duration = Duration::from_millis(40);

/// How far a look is.
#[derive(Debug, Default)]
pub(super) enum Gap {
    #[default]
    None,
    /// Waits for its moment.
    Wanted { scan: Scan, until: Instant },
    /// The radio is away.
    Away { until: Instant },
    /// It is back; what was heard is not looked at yet.
    Rest { until: Instant },
}

impl Gap {
    pub(super) fn want(&mut self, now: Instant, scan: Scan) {
        let until = now + ANSWER;
        *self = Self::Wanted { scan, until };
    }

    /// The scan that begins now, if one is wanted.
    pub(super) fn begin(&mut self, now: Instant) -> Option<Scan> {
        let until = now + AWAY;
        match std::mem::replace(self, Self::Away { until }) {
            Self::Wanted { scan, .. } => Some(scan),
            other => {
                *self = other;
                None
            }
        }
    }

    pub(super) const fn is_wanted(&self) -> bool {
        matches!(self, Self::Wanted { .. })
    }

    pub(super) const fn is_away(&self) -> bool {
        matches!(self, Self::Away { .. })
    }

    /// The radio is back with something, unless this was another scan than the one that is wanted.
    pub(super) fn rest(&mut self, now: Instant) {
        if !self.is_wanted() {
            *self = Self::Rest { until: now + REST };
        }
    }

    /// The radio is no longer away, or was not.
    pub(super) fn over(&mut self) {
        if !self.is_wanted() {
            *self = Self::None;
        }
    }

    pub(super) const fn next_timer(&self) -> Option<Instant> {
        match self {
            Self::None => None,
            Self::Wanted { until, .. } | Self::Away { until } | Self::Rest { until } => {
                Some(*until)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_waits_for_its_moment_and_ends_in_time() {
        let at = |ms| Instant::ZERO + Duration::from_millis(ms);
        let mut gap = Gap::default();
        assert_eq!((gap.begin(at(0)), gap.next_timer()), (None, None));
        let scan = Scan {
            frequencies: vec![5_180],
            ..Scan::default()
        };
        gap.want(at(10), scan.clone());
        assert_eq!(gap.next_timer(), Some(at(70)));
        // Some other scan ends.
        gap.over();
        assert!(gap.is_wanted());
        assert_eq!(gap.begin(at(20)), Some(scan));
        assert_eq!((gap.is_wanted(), gap.next_timer()), (false, Some(at(54))));
        assert_eq!((gap.begin(at(21)), gap.is_away()), (None, true));
        gap.rest(at(54));
        assert_eq!((gap.is_away(), gap.next_timer()), (false, Some(at(94))));
        gap.over();
        assert_eq!(gap.next_timer(), None);
    }
}
