//! PHY data rates.

use core::fmt;

use serde::{Deserialize, Serialize};

/// A PHY data rate in units of 100 kb/s, as nl80211 reports it.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Rate(pub u16);

impl Rate {
    /// `mbps` whole megabits per second; saturates at 6553.5 Mb/s.
    #[must_use]
    pub const fn from_mbps(mbps: u16) -> Self {
        Self(mbps.saturating_mul(10))
    }

    /// Bits per second.
    #[must_use]
    pub fn bits_per_second(self) -> u64 {
        u64::from(self.0) * 100_000
    }

    /// True for the rates of clauses 15 and 16: 1, 2, 5.5 and 11 Mb/s.
    #[must_use]
    pub const fn is_dsss(self) -> bool {
        matches!(self.0, 10 | 20 | 55 | 110)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0 / 10, self.0 % 10) {
            (whole, 0) => write!(f, "{whole} Mb/s"),
            (whole, tenth) => write!(f, "{whole}.{tenth} Mb/s"),
        }
    }
}
