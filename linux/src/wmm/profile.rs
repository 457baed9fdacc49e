//! What Rether makes of the parameters while tokens go round.

use super::{Category, Edca, Parameters};

/// The longest granted burst after one contention on OFDM, in units of 32 us: 4.096 ms, the
/// standard's own for AC_VI (802.11-2020 table 9-155).
pub const TXOP_OFDM: u16 = 128;
/// The same on DSSS: 8 ms.
pub const TXOP_DSSS: u16 = 250;

/// How far everybody is kept behind what was granted.
///
/// Granted packets and RETURNs are in AC_VI, tokens in AC_VO, everything else in AC_BE or AC_BK.
/// Only the holder of a token sends in AC_VI, so a window of 3 slots has nobody to collide with
/// in the cell; it must only come before the others. Nothing is ever made better for AC_BE or
/// AC_BK than it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// For channels that other cells use too: a granted frame that collides backs off as far as
    /// any video does, and best effort waits two slots longer than usual.
    Polite,
    /// For channels of our own. The first try of a granted frame begins after 2 to 5 slots, AC_BE
    /// after 7 at the earliest, with at least twice its usual window.
    Strict,
}

impl Profile {
    /// The parameters in place of `before`; on DSSS a frame takes longer.
    #[must_use]
    pub fn apply(self, before: &Parameters, dsss: bool) -> Parameters {
        let txop = if dsss { TXOP_DSSS } else { TXOP_OFDM };
        let granted_max = match self {
            Self::Polite => 4,
            Self::Strict => 3,
        };
        let granted = |aifsn| Edca {
            aifsn,
            cw_min: 2,
            cw_max: granted_max,
            txop,
        };
        let mut now = *before;
        now.stations.set(Category::Vi, granted(2));
        // An access point may begin a slot before its stations.
        now.own.set(Category::Vi, granted(1));
        let behind = |usual: Edca, aifsn: u8| match self {
            Self::Polite => Edca {
                aifsn: usual.aifsn.max(5),
                ..usual
            },
            Self::Strict => Edca {
                aifsn: usual.aifsn.max(aifsn),
                cw_min: usual.cw_min.max(5),
                cw_max: usual.cw_max.max(10),
                txop: 0,
            },
        };
        for (category, aifsn) in [(Category::Be, 7), (Category::Bk, 9)] {
            let usual = before.stations.get(category);
            now.stations.set(category, behind(usual, aifsn));
        }
        if self == Self::Strict {
            // Tokens before everything that a station can send.
            let tokens = Edca {
                aifsn: 1,
                cw_min: 1,
                cw_max: 2,
                txop: 0,
            };
            now.own.set(Category::Vo, tokens);
        }
        now
    }
}
