//! Claims on saturation.

use super::{Claim, TXOP};
use crate::validate::reference::SaturationRow;

/// Goodput in Mb/s below which ns-3 delivered only a few dozen packets in all its runs.
const FEW_MBPS: f64 = 0.6;

impl SaturationRow {
    /// Whether the medium claims to match the row.
    #[must_use]
    pub fn claim(&self) -> Claim {
        if let Some(option) = self.config.strip_prefix("sens_") {
            let option = option.split_once('_').map_or(option, |(_, option)| option);
            if let Some(why) = foreign(option) {
                return Claim::No { why };
            }
        }
        if self.txop_limit_us > 0 {
            Claim::No { why: TXOP }
        } else if self.config.contains("no_oracle") && self.n_slow_1mbps > 0 {
            Claim::No {
                why: "the DSSS error model of ns-3 decodes 1 Mb/s at 0 dB, so that the slow \
                    station wins collisions",
            }
        } else if self.goodput_mbps_mean < FEW_MBPS {
            Claim::Loose {
                why: "nearly every transmission collides: a few packets are all there is to \
                    compare, within 3 % and three standard errors",
            }
        } else if self.n_slow_1mbps > 0 {
            Claim::Loose {
                why: "few frames of the slow station, each as long as many fast ones: within 3 % \
                    and three standard errors",
            }
        } else {
            Claim::Yes
        }
    }
}

/// Why the medium has nothing like an option of ns-3, by its name in the sensitivity rows; nothing
/// if it has, or if the option changes nothing: without the oracle no frame at 11 or 54 Mb/s
/// survives another of equal power, and 100 m are 0.3 us.
fn foreign(option: &str) -> Option<&'static str> {
    match option {
        "beacons" => Some("nobody sends beacons in the saturation set-up of the simulator"),
        "rts" => Some("the medium has no RTS/CTS"),
        "no_oracle_default_err" | "no_oracle_eifs_default_err" | "no_oracle_eifs" => None,
        "radius10m" | "radius100m" | "retry4" | "retry1000" => None,
        _ => Some("an option of ns-3 that nothing is known about"),
    }
}
