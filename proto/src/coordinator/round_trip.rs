//! How long tokens take to come back: the figure by which an operator sees that agents are quick.

use serde::{Deserialize, Serialize};

use crate::time::Duration;

const KEPT: usize = 512;

/// The latest round trips, in a ring.
#[derive(Clone, Debug)]
pub(super) struct RoundTrips {
    ring: [Duration; KEPT],
    count: u64,
}

/// Token round trips: from handing a TOKEN to the driver to the arrival of its RETURN, the grant's
/// own use included; of the latest 512 that were answered at the first try.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoundTripStatus {
    /// Half were no longer than this.
    pub p50: Duration,
    /// 99 of 100 were no longer than this.
    pub p99: Duration,
    /// None was longer.
    pub max: Duration,
}

impl RoundTrips {
    pub(super) const fn new() -> Self {
        Self {
            ring: [Duration::ZERO; KEPT],
            count: 0,
        }
    }

    pub(super) const fn record(&mut self, span: Duration) {
        self.ring[(self.count % KEPT as u64) as usize] = span;
        self.count += 1;
    }

    /// Percentiles by nearest rank.
    pub(super) fn status(&self) -> RoundTripStatus {
        let filled = usize::try_from(self.count).unwrap_or(KEPT).min(KEPT);
        if filled == 0 {
            return RoundTripStatus::default();
        }
        let mut sorted = self.ring;
        let sorted = &mut sorted[..filled];
        sorted.sort_unstable();
        let rank = |percent: usize| sorted[(filled * percent).div_ceil(100).max(1) - 1];
        RoundTripStatus {
            p50: rank(50),
            p99: rank(99),
            max: rank(100),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_rank_of_the_latest() {
        let mut trips = RoundTrips::new();
        assert_eq!(trips.status(), RoundTripStatus::default());
        for us in 1..=100 {
            trips.record(Duration::from_micros(us));
        }
        let status = trips.status();
        assert_eq!(status.p50, Duration::from_micros(50));
        assert_eq!(status.p99, Duration::from_micros(99));
        assert_eq!(status.max, Duration::from_micros(100));
        for _ in 0..KEPT {
            trips.record(Duration::from_micros(7));
        }
        assert_eq!(trips.status().max, Duration::from_micros(7));
    }
}
