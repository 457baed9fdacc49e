//! What a simulation gives back for a row and a seed.

use serde::{Deserialize, Serialize};

/// Of saturated stations.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SaturationFigures {
    /// UDP payload received from all stations, Mb/s.
    pub goodput_mbps: f64,
    /// 1 - acknowledged / transmissions.
    pub collision_prob: f64,
    /// CPU time, s per simulated s, if it was measured.
    pub cpu_s_per_sim_s: Option<f64>,
}

/// Of calls in one direction, over all packets of the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DirectionFigures {
    /// Packets sent, of all calls.
    pub sent: f64,
    /// Share never received.
    pub loss_network: f64,
    /// Share not received within 150 ms.
    pub loss_150ms: f64,
    /// One-way delay, ms, mean over the packets that arrived.
    pub mean_ms: f64,
    /// Its 95th percentile, nearest rank, ms.
    pub p95_ms: f64,
    /// Its 99th percentile, nearest rank, ms.
    pub p99_ms: f64,
    /// Mean of the running estimate of RFC 3550 section 6.4.1, ms.
    pub jitter_ms: f64,
}

/// Of calls and what competes with them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct VoiceFigures {
    /// From the stations.
    pub ul: DirectionFigures,
    /// To the stations.
    pub dl: DirectionFigures,
    /// Payload of all background stations received, Mb/s.
    pub data_up_mbps: f64,
    /// Payload downloaded, Mb/s.
    pub tcp_download_mbps: f64,
    /// CPU time, s per simulated s, if it was measured.
    pub cpu_s_per_sim_s: Option<f64>,
}

impl DirectionFigures {
    /// The criterion of the capacity rows: 1 % lost or later than 150 ms at most, and a mean delay
    /// below 50 ms.
    #[must_use]
    pub fn usable(&self) -> bool {
        self.loss_150ms <= 0.01 && self.mean_ms < 50.0
    }
}
