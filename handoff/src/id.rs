//! Names: of an access point, of a station's stay at one, of a pen.

use core::fmt;

use serde::{Deserialize, Serialize};

/// An access point of the site; chosen by its operator, unique in the site, never 0.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct ApId(pub u16);

impl fmt::Display for ApId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ap {}", self.0)
    }
}

/// Orders a station's stays at access points: each arrival claims one more than the last known
/// one. Of two claims of the same epoch, that of the higher [`ApId`] holds.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Epoch(pub u64);

impl Epoch {
    /// The epoch of the next stay.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// A pen of the access point that opened it; never used twice in its life.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct PenId(pub u32);
