//! Rows of `saturation_*.csv` and `sensitivity_saturation_*.csv`.

use serde::{Deserialize, Serialize};

use super::{
    check::{Finding, at_least, finite, positive, within},
    columns::{Access, Preamble, Standard, collision_rx},
};
use crate::medium::CollisionRx;

/// Saturated uplink stations: a set-up and what ns-3 measured, mean over seeds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SaturationRow {
    /// Name of the set-up; rows that differ in `n` only share it.
    pub config: String,
    /// PHY.
    pub std: Standard,
    /// PHY rate of data frames, Mb/s.
    pub rate_mbps: u16,
    /// Preamble of data frames.
    pub preamble: Preamble,
    /// PHY rate of Acks, Mb/s; 11 comes with a short preamble, all others with a long one.
    pub ack_rate_mbps: u16,
    /// DCF, or the access category of all frames.
    pub access: Access,
    /// TXOP limit, us; 0 is one frame an access.
    pub txop_limit_us: u32,
    /// What bystanders wait after a collision.
    #[serde(deserialize_with = "collision_rx")]
    pub collision_rx: CollisionRx,
    /// Stations, all of them saturated.
    pub n: u32,
    /// How many of them send at 1 Mb/s instead (Acks at 1 Mb/s).
    pub n_slow_1mbps: u32,
    /// UDP payload, octets.
    #[serde(rename = "udp_payload_B")]
    pub udp_payload_octets: u32,
    /// Transmissions of a frame until it is dropped.
    pub max_tx_attempts: u16,
    /// Runs of ns-3.
    pub seeds: u32,
    /// Measured time of one run, simulated seconds.
    pub sim_s_per_seed: f64,
    /// UDP payload received from all stations, Mb/s.
    pub goodput_mbps_mean: f64,
    /// Standard deviation of the same over the runs.
    pub goodput_mbps_sd: f64,
    /// Goodput of the slow stations, Mb/s.
    pub slow_sta_mbps: f64,
    /// 1 - acknowledged / transmissions.
    pub collision_prob_mean: f64,
    /// Standard deviation of the same over the runs.
    pub collision_prob_sd: f64,
    /// CPU time of ns-3, s per simulated s.
    pub ns3_cpu_s_per_sim_s: f64,
}

impl SaturationRow {
    pub(super) fn check(&self) -> Finding {
        within("n", self.n, 1, super::check::MOST_STATIONS)
            .or_else(|| within("n_slow_1mbps", self.n_slow_1mbps, 0, self.n))
            .or_else(|| {
                let most = super::check::MOST_UDP_OCTETS;
                within("udp_payload_B", self.udp_payload_octets, 1, most)
            })
            .or_else(|| within("max_tx_attempts", self.max_tx_attempts.into(), 1, 65_535))
            .or_else(|| within("seeds", self.seeds, 1, u32::MAX))
            .or_else(|| positive("sim_s_per_seed", self.sim_s_per_seed))
            .or_else(|| {
                let goodput = self.goodput_mbps_mean;
                positive("goodput_mbps_mean", goodput)
            })
            .or_else(|| at_least("goodput_mbps_sd", self.goodput_mbps_sd, 0.0))
            .or_else(|| at_least("collision_prob_mean", self.collision_prob_mean, 0.0))
            .or_else(|| at_least("collision_prob_sd", self.collision_prob_sd, 0.0))
            .or_else(|| finite("ns3_cpu_s_per_sim_s", self.ns3_cpu_s_per_sim_s))
    }
}
