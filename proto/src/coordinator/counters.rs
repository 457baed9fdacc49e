//! What the AP's radio counts of a station, whether or not an agent runs there.

use serde::{Deserialize, Serialize};

/// Counters of a driver since the station associated; they only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StationCounters {
    /// Frames to it.
    pub tx_packets: u64,
    /// Repetitions of frames to it.
    pub tx_retries: u64,
    /// Frames to it that were given up.
    pub tx_failed: u64,
    /// Octets to it.
    pub tx_bytes: u64,
    /// Frames from it.
    pub rx_packets: u64,
    /// Octets from it.
    pub rx_bytes: u64,
}
