//! Rows of `voip_capacity_*.csv`, `voip_background_*.csv` and `sensitivity_voip_*.csv`.

use serde::{Deserialize, Serialize};

use super::{
    check::{Finding, at_least, positive, within},
    columns::{Background, Preamble, Standard, VoiceAccess, collision_rx, flag},
};
use crate::{medium::CollisionRx, validate::DirectionFigures};

/// Calls, and what competes with them: a set-up and what ns-3 measured, mean over seeds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Record")]
pub struct VoiceRow {
    /// Name of the set-up.
    pub config: String,
    /// PHY.
    pub std: Standard,
    /// PHY rate of data frames, Mb/s.
    pub rate_mbps: u16,
    /// Preamble of data frames.
    pub preamble: Preamble,
    /// DCF or EDCA.
    pub access: VoiceAccess,
    /// Whether TXOP limits were set to 0; otherwise EDCA had those of ns-3.
    pub txop_limit_forced_0: bool,
    /// What bystanders wait after a collision.
    pub collision_rx: CollisionRx,
    /// Calls, one station each, both directions.
    pub k_calls: u32,
    /// Packet interval of a call, ms.
    pub interval_ms: u32,
    /// UDP payload of a voice packet, octets.
    pub udp_payload_octets: u32,
    /// Further stations that send as much as they can.
    pub bg_uplink_stas: u32,
    /// What they send; of no meaning without any.
    pub bg_type: Background,
    /// Whether one more station downloads by TCP.
    pub tcp_download: bool,
    /// Frames in each queue at most.
    pub mac_queue_pkts: u32,
    /// Runs of ns-3.
    pub seeds: u32,
    /// Measured time of one run, simulated seconds.
    pub sim_s_per_seed: f64,
    /// Voice from the stations.
    pub ul: DirectionFigures,
    /// Voice to the stations.
    pub dl: DirectionFigures,
    /// Standard deviations over the runs, of `ul`.
    pub ul_sd: Spread,
    /// The same of `dl`.
    pub dl_sd: Spread,
    /// Payload of all background stations received, Mb/s.
    pub data_up_mbps: f64,
    /// Payload downloaded, Mb/s.
    pub tcp_download_mbps: f64,
    /// CPU time of ns-3, s per simulated s.
    pub ns3_cpu_s_per_sim_s: f64,
}

/// Standard deviations over the runs of ns-3; all zero if there was only one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// Of the share lost or later than 150 ms.
    pub loss_150ms: f64,
    /// Of the mean delay, ms.
    pub mean_ms: f64,
}

impl VoiceRow {
    /// Whether nothing but the calls is in the air.
    #[must_use]
    pub const fn calls_only(&self) -> bool {
        self.bg_uplink_stas == 0 && !self.tcp_download
    }

    /// Whether TCP is in the air.
    #[must_use]
    pub const fn has_tcp(&self) -> bool {
        self.tcp_download || (self.bg_uplink_stas > 0 && matches!(self.bg_type, Background::Tcp))
    }

    pub(super) fn check(&self) -> Finding {
        let most = super::check::MOST_STATIONS;
        let directions = [
            (&self.ul, &self.ul_sd, UL_COLUMNS),
            (&self.dl, &self.dl_sd, DL_COLUMNS),
        ];
        within("k_calls", self.k_calls, 1, most)
            .or_else(|| within("interval_ms", self.interval_ms, 1, 1000))
            .or_else(|| {
                let most = super::check::MOST_UDP_OCTETS;
                within("udp_payload_B", self.udp_payload_octets, 1, most)
            })
            .or_else(|| within("bg_uplink_stas", self.bg_uplink_stas, 0, most))
            .or_else(|| within("mac_queue_pkts", self.mac_queue_pkts, 1, u32::MAX))
            .or_else(|| within("seeds", self.seeds, 1, u32::MAX))
            .or_else(|| positive("sim_s_per_seed", self.sim_s_per_seed))
            .or_else(|| {
                directions.iter().find_map(|(figures, spread, columns)| {
                    let values = [
                        figures.sent,
                        figures.loss_network,
                        figures.loss_150ms,
                        figures.mean_ms,
                        figures.p95_ms,
                        figures.p99_ms,
                        figures.jitter_ms,
                        spread.loss_150ms,
                        spread.mean_ms,
                    ];
                    let mut pairs = columns.iter().zip(values);
                    pairs.find_map(|(column, value)| at_least(column, value, 0.0))
                })
            })
            .or_else(|| at_least("bg_up_total_mbps", self.data_up_mbps, 0.0))
            .or_else(|| at_least("tcp_download_mbps", self.tcp_download_mbps, 0.0))
            .or_else(|| at_least("ns3_cpu_s_per_sim_s", self.ns3_cpu_s_per_sim_s, 0.0))
    }
}

const UL_COLUMNS: [&str; 9] = [
    "ul_sent",
    "ul_loss_network",
    "ul_loss_150ms",
    "ul_delay_ms_mean",
    "ul_delay_ms_p95",
    "ul_delay_ms_p99",
    "ul_jitter_rfc3550_ms",
    "ul_loss_150ms_sd",
    "ul_delay_ms_mean_sd",
];
const DL_COLUMNS: [&str; 9] = [
    "dl_sent",
    "dl_loss_network",
    "dl_loss_150ms",
    "dl_delay_ms_mean",
    "dl_delay_ms_p95",
    "dl_delay_ms_p99",
    "dl_jitter_rfc3550_ms",
    "dl_loss_150ms_sd",
    "dl_delay_ms_mean_sd",
];

/// The columns as they stand in the file.
#[derive(Deserialize)]
struct Record {
    config: String,
    std: Standard,
    rate_mbps: u16,
    preamble: Preamble,
    access: VoiceAccess,
    #[serde(deserialize_with = "flag")]
    txop_limit_forced_0: bool,
    #[serde(deserialize_with = "collision_rx")]
    collision_rx: CollisionRx,
    k_calls: u32,
    interval_ms: u32,
    #[serde(rename = "udp_payload_B")]
    udp_payload_octets: u32,
    bg_uplink_stas: u32,
    bg_type: Background,
    #[serde(deserialize_with = "flag")]
    tcp_download: bool,
    mac_queue_pkts: u32,
    seeds: u32,
    sim_s_per_seed: f64,
    ul_sent: f64,
    ul_loss_network: f64,
    ul_loss_150ms: f64,
    ul_delay_ms_mean: f64,
    ul_delay_ms_p95: f64,
    ul_delay_ms_p99: f64,
    ul_jitter_rfc3550_ms: f64,
    dl_sent: f64,
    dl_loss_network: f64,
    dl_loss_150ms: f64,
    dl_delay_ms_mean: f64,
    dl_delay_ms_p95: f64,
    dl_delay_ms_p99: f64,
    dl_jitter_rfc3550_ms: f64,
    bg_up_total_mbps: f64,
    tcp_download_mbps: f64,
    ul_loss_150ms_sd: f64,
    ul_delay_ms_mean_sd: f64,
    dl_loss_150ms_sd: f64,
    dl_delay_ms_mean_sd: f64,
    ns3_cpu_s_per_sim_s: f64,
}

impl From<Record> for VoiceRow {
    fn from(record: Record) -> Self {
        Self {
            config: record.config,
            std: record.std,
            rate_mbps: record.rate_mbps,
            preamble: record.preamble,
            access: record.access,
            txop_limit_forced_0: record.txop_limit_forced_0,
            collision_rx: record.collision_rx,
            k_calls: record.k_calls,
            interval_ms: record.interval_ms,
            udp_payload_octets: record.udp_payload_octets,
            bg_uplink_stas: record.bg_uplink_stas,
            bg_type: record.bg_type,
            tcp_download: record.tcp_download,
            mac_queue_pkts: record.mac_queue_pkts,
            seeds: record.seeds,
            sim_s_per_seed: record.sim_s_per_seed,
            ul: DirectionFigures {
                sent: record.ul_sent,
                loss_network: record.ul_loss_network,
                loss_150ms: record.ul_loss_150ms,
                mean_ms: record.ul_delay_ms_mean,
                p95_ms: record.ul_delay_ms_p95,
                p99_ms: record.ul_delay_ms_p99,
                jitter_ms: record.ul_jitter_rfc3550_ms,
            },
            dl: DirectionFigures {
                sent: record.dl_sent,
                loss_network: record.dl_loss_network,
                loss_150ms: record.dl_loss_150ms,
                mean_ms: record.dl_delay_ms_mean,
                p95_ms: record.dl_delay_ms_p95,
                p99_ms: record.dl_delay_ms_p99,
                jitter_ms: record.dl_jitter_rfc3550_ms,
            },
            ul_sd: Spread {
                loss_150ms: record.ul_loss_150ms_sd,
                mean_ms: record.ul_delay_ms_mean_sd,
            },
            dl_sd: Spread {
                loss_150ms: record.dl_loss_150ms_sd,
                mean_ms: record.dl_delay_ms_mean_sd,
            },
            data_up_mbps: record.bg_up_total_mbps,
            tcp_download_mbps: record.tcp_download_mbps,
            ns3_cpu_s_per_sim_s: record.ns3_cpu_s_per_sim_s,
        }
    }
}
