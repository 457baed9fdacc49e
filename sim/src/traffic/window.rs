//! The part of a flow's life that counts.

use rether_proto::time::{Duration, Instant};

/// When a flow runs, and when what it does counts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    pub(crate) start: Instant,
    pub(crate) end: Instant,
    pub(crate) counts_from: Instant,
    pub(crate) counts_until: Instant,
}

impl Window {
    pub(crate) fn new(
        start: Instant,
        length: Duration,
        warm_up: Duration,
        cool_down: Duration,
    ) -> Self {
        let end = start + length;
        let counts_from = (start + warm_up).min(end);
        Self {
            start,
            end,
            counts_from,
            counts_until: (end - cool_down).max(counts_from),
        }
    }

    pub(crate) fn counts(&self, at: Instant) -> bool {
        at >= self.counts_from && at < self.counts_until
    }

    pub(crate) fn length(&self) -> Duration {
        self.counts_until.since(self.counts_from)
    }
}
