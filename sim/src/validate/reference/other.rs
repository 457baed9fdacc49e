//! Rows of `speed.csv` and `analytic_*.csv`.

use serde::{Deserialize, Serialize};

use super::{
    check::{Finding, at_least, positive, within},
    columns::collision_rx,
};
use crate::medium::CollisionRx;

/// What ns-3 costs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpeedRow {
    /// The set-up, in words.
    pub scenario: String,
    /// Saturated stations, or calls.
    pub n_or_k: u32,
    /// CPU time (user and system) of ns-3, s per simulated s.
    pub cpu_s_per_sim_s: f64,
    /// Events of ns-3 per simulated s.
    pub events_per_sim_s: f64,
}

impl SpeedRow {
    pub(super) fn check(&self) -> Finding {
        let cost = self.cpu_s_per_sim_s;
        within("n_or_k", self.n_or_k, 1, super::check::MOST_STATIONS)
            .or_else(|| positive("cpu_s_per_sim_s", cost))
            .or_else(|| at_least("events_per_sim_s", self.events_per_sim_s, 0.0))
    }
}

/// Models beside ns-3's figures of a saturation row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AnalyticRow {
    /// Name of the set-up.
    pub config: String,
    /// Saturated stations.
    pub n: u32,
    /// What bystanders wait after a collision.
    #[serde(deserialize_with = "collision_rx")]
    pub collision_rx: CollisionRx,
    /// Goodput of ns-3, Mb/s.
    pub ns3_goodput_mbps: f64,
    /// Standard error of the same.
    pub ns3_sem_mbps: f64,
    /// Goodput of an independent slot model, Mb/s.
    pub slotmodel_mbps: f64,
    /// Bianchi's goodput, Mb/s; none for stations of different rates.
    pub bianchi_mbps: Option<f64>,
    /// Collision probability of ns-3.
    pub ns3_coll_prob: f64,
    /// Collision probability of the slot model.
    pub slotmodel_coll_prob: f64,
    /// Bianchi's collision probability.
    pub bianchi_p: Option<f64>,
}

impl AnalyticRow {
    pub(super) fn check(&self) -> Finding {
        within("n", self.n, 1, super::check::MOST_STATIONS)
            .or_else(|| positive("ns3_goodput_mbps", self.ns3_goodput_mbps))
            .or_else(|| positive("slotmodel_mbps", self.slotmodel_mbps))
    }
}
