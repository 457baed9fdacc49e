//! How often something costly is done for a stranger.

use crate::time::{Duration, Instant};

/// A token bucket: so many at once, then one in each period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    burst: u8,
    period: Duration,
    left: u8,
    since: Instant,
}

impl Bucket {
    /// What [`Self::new`] gives at once: a registration with all its repetitions costs fewer.
    pub const BURST: u8 = 8;
    /// Time in which one comes back to [`Self::new`].
    pub const PERIOD: Duration = Duration::from_secs(1);

    /// A full one for registrations.
    #[must_use]
    pub const fn new(now: Instant) -> Self {
        Self::sized(Self::BURST, Self::PERIOD, now)
    }

    /// A full one that gives `burst` at once, then one in each `period`.
    #[must_use]
    pub const fn sized(burst: u8, period: Duration, now: Instant) -> Self {
        Self {
            burst,
            period,
            left: burst,
            since: now,
        }
    }

    /// Takes one out, if there is any.
    pub fn take(&mut self, now: Instant) -> bool {
        let periods = now.since(self.since).as_nanos() / self.period.as_nanos().max(1);
        let back = u8::try_from(periods).unwrap_or(u8::MAX);
        self.left = self.left.saturating_add(back).min(self.burst);
        self.since = if self.left == self.burst {
            now
        } else {
            self.since + self.period * periods
        };
        let has = self.left > 0;
        self.left -= u8::from(has);
        has
    }
}
