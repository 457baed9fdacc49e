//! How much is simulated.

use serde::{Deserialize, Serialize};

/// Which rows are simulated, and how often.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Options {
    /// Only rows that show the most for their cost, and short runs of them.
    pub quick: bool,
    /// Each row is simulated once with each seed. Without any, every claimed row fails.
    pub seeds: Vec<u64>,
}

impl Options {
    /// Every claimed row, as long as ns-3 ran, with five seeds.
    #[must_use]
    pub fn full() -> Self {
        Self {
            quick: false,
            seeds: (1..=5).collect(),
        }
    }

    /// The short form for every change, with three seeds.
    #[must_use]
    pub fn quick() -> Self {
        Self {
            quick: true,
            seeds: (1..=3).collect(),
        }
    }
}
