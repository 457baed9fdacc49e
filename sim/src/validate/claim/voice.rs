//! Claims on calls.

use super::{Claim, TXOP};
use crate::validate::reference::{VoiceAccess, VoiceRow};

/// Share lost or later than 150 ms above which a direction is beyond recovery: its queue is full
/// all the time, and delays tell the length of the queue and of the run.
pub(in crate::validate) const BEYOND_RECOVERY: f64 = 0.2;

impl VoiceRow {
    /// Whether the medium claims to match the row. Calls without background are claimed as a whole,
    /// by the knee of their capacity; delays only below it.
    #[must_use]
    pub fn claim(&self) -> Claim {
        let option = self.config.strip_prefix("sens_");
        let fq_codel = option.is_some_and(|name| name.ends_with("_fqcodel"));
        let queue = |name: &str| {
            name.rsplit_once("_queue")
                .is_some_and(|(_, frames)| frames.parse() == Ok(self.mac_queue_pkts))
        };
        if fq_codel {
            Claim::No {
                why: "radios have one drop-tail queue per access category, no FqCoDel",
            }
        } else if option.is_some_and(|name| !queue(name)) {
            Claim::No {
                why: "an option of ns-3 that nothing is known about",
            }
        } else if self.access == VoiceAccess::Edca && !self.txop_limit_forced_0 {
            Claim::No { why: TXOP }
        } else if self.calls_only() {
            Claim::Yes
        } else if self.beyond_recovery() {
            Claim::Loose {
                why: "more than 20 % lost or late in a direction: that direction must be unusable \
                    here too, delays tell the length of queue and run",
            }
        } else if self.has_tcp() {
            Claim::Loose {
                why: "smoltcp is not the NewReno with SACK of ns-3: means within 50 %, loss and \
                    99th percentile within a factor of ten",
            }
        } else {
            Claim::Yes
        }
    }

    /// Whether a direction is beyond recovery: more than 20 % lost or later than 150 ms.
    #[must_use]
    pub fn beyond_recovery(&self) -> bool {
        self.ul.loss_150ms > BEYOND_RECOVERY || self.dl.loss_150ms > BEYOND_RECOVERY
    }
}
