//! Which rows the medium claims to match, and why not the others.

mod saturation;
mod speed;
mod voice;

pub(super) use voice::BEYOND_RECOVERY;

use serde::Serialize;

/// Whether a row of the reference is one that the medium models.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Claim {
    /// Same rules of access: figures must agree.
    Yes,
    /// Agreement only as far as the reason allows.
    Loose {
        /// The reason.
        why: &'static str,
    },
    /// Other rules, or nothing of the kind in the simulator: not simulated, not judged.
    No {
        /// The reason.
        why: &'static str,
    },
}

impl Claim {
    /// The reason, if there needs to be one.
    #[must_use]
    pub const fn why(self) -> Option<&'static str> {
        match self {
            Self::Yes => None,
            Self::Loose { why } | Self::No { why } => Some(why),
        }
    }

    /// Whether the row is simulated and judged.
    #[must_use]
    pub const fn is_judged(self) -> bool {
        !matches!(self, Self::No { .. })
    }
}

/// ns-3 with a TXOP limit above 0.
const TXOP: &str = "ns-3 ends each TXOP with a CF-End at 6 Mb/s, or leaves the others' NAV standing \
    until the TXOP limit while the holder contends again; the medium does neither";

#[cfg(test)]
mod tests;
