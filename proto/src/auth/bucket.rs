//! How often something costly is done for a stranger.

use crate::time::{Duration, Instant};

/// A token bucket: so many at once, then one in each period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    left: u8,
    since: Instant,
}

impl Bucket {
    /// A registration with all its repetitions costs fewer.
    pub const BURST: u8 = 8;
    /// Time in which one comes back.
    pub const PERIOD: Duration = Duration::from_secs(1);

    /// A full one.
    #[must_use]
    pub const fn new(now: Instant) -> Self {
        Self {
            left: Self::BURST,
            since: now,
        }
    }

    /// Takes one out, if there is any.
    pub fn take(&mut self, now: Instant) -> bool {
        let periods = now.since(self.since).as_nanos() / Self::PERIOD.as_nanos();
        let back = u8::try_from(periods).unwrap_or(u8::MAX);
        self.left = self.left.saturating_add(back).min(Self::BURST);
        self.since = if self.left == Self::BURST {
            now
        } else {
            self.since + Self::PERIOD * periods
        };
        let has = self.left > 0;
        self.left -= u8::from(has);
        has
    }
}
