//! Claims on cost, and which simulations show it.

use super::Claim;
use crate::validate::reference::{
    Access, Preamble, SaturationRow, SpeedRow, Standard, VoiceAccess, VoiceRow,
};

/// What is simulated to be held against a row of `speed.csv`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::validate) enum SpeedScenario {
    /// Saturated stations, 1472 octets, DCF, at the highest rate.
    Saturation(Standard),
    /// G.711 calls with a packet each 20 ms, DCF, at the highest rate.
    Calls(Standard),
}

impl SpeedRow {
    /// Whether the row's set-up is one that the simulator runs.
    #[must_use]
    pub fn claim(&self) -> Claim {
        if self.simulated().is_some() {
            Claim::Yes
        } else {
            Claim::No {
                why: "a set-up that nothing is known about",
            }
        }
    }

    pub(in crate::validate) fn simulated(&self) -> Option<SpeedScenario> {
        match self.scenario.as_str() {
            "11b 11 Mb/s saturation" => Some(SpeedScenario::Saturation(Standard::B)),
            "11a 54 Mb/s saturation" => Some(SpeedScenario::Saturation(Standard::A)),
            "11b 20 ms voice calls" => Some(SpeedScenario::Calls(Standard::B)),
            "11a 20 ms voice calls" => Some(SpeedScenario::Calls(Standard::A)),
            _ => None,
        }
    }
}

impl SpeedScenario {
    /// Whether a saturation row is this with `n` stations.
    pub(in crate::validate) fn is_saturation(self, row: &SaturationRow, n: u32) -> bool {
        self == Self::Saturation(row.std)
            && row.n == n
            && row.n_slow_1mbps == 0
            && row.access == Access::Dcf
            && row.preamble != Preamble::Short
            && row.rate_mbps == highest(row.std)
            && row.udp_payload_octets == 1472
    }

    /// Whether a voice row is this with `k` calls.
    pub(in crate::validate) fn is_calls(self, row: &VoiceRow, k: u32) -> bool {
        self == Self::Calls(row.std)
            && row.k_calls == k
            && row.calls_only()
            && row.access == VoiceAccess::Dcf
            && row.rate_mbps == highest(row.std)
            && (row.interval_ms, row.udp_payload_octets) == (20, 172)
    }
}

const fn highest(std: Standard) -> u16 {
    match std {
        Standard::A => 54,
        Standard::B => 11,
    }
}
