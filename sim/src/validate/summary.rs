//! The runs of a row as one.

use serde::Serialize;

use super::{
    DirectionFigures, SaturationFigures, VoiceFigures, criteria::Series, reference::Spread,
};

/// Runs of a saturation row.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct SaturationSummary {
    /// Runs.
    pub seeds: u32,
    /// Measured time of one, simulated s.
    pub sim_s_per_seed: f64,
    /// Goodput of all stations, Mb/s.
    pub goodput_mbps: Series,
    /// 1 - acknowledged / transmissions.
    pub collision_prob: Series,
    /// CPU time, s per simulated s, if it was measured.
    pub cpu_s_per_sim_s: Option<f64>,
}

/// Runs of a voice row.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct VoiceSummary {
    /// Runs.
    pub seeds: u32,
    /// Measured time of one, simulated s.
    pub sim_s_per_seed: f64,
    /// Means over the runs.
    pub mean: VoiceFigures,
    /// Standard deviations over the runs, from the stations.
    pub ul_sd: Spread,
    /// The same, to the stations.
    pub dl_sd: Spread,
}

fn count<T>(runs: &[T]) -> u32 {
    u32::try_from(runs.len()).unwrap_or(u32::MAX)
}

/// The mean of what was measured in every run, or nothing.
fn cpu(runs: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let all: Vec<f64> = runs.collect::<Option<_>>()?;
    (!all.is_empty()).then(|| Series::of(all.iter().copied()).mean)
}

impl SaturationSummary {
    pub(super) fn of(runs: &[SaturationFigures], sim_s_per_seed: f64) -> Self {
        Self {
            seeds: count(runs),
            sim_s_per_seed,
            goodput_mbps: Series::of(runs.iter().map(|run| run.goodput_mbps)),
            collision_prob: Series::of(runs.iter().map(|run| run.collision_prob)),
            cpu_s_per_sim_s: cpu(runs.iter().map(|run| run.cpu_s_per_sim_s)),
        }
    }
}

impl VoiceSummary {
    pub(super) fn of(runs: &[VoiceFigures], sim_s_per_seed: f64) -> Self {
        let ul: Vec<_> = runs.iter().map(|run| run.ul).collect();
        let dl: Vec<_> = runs.iter().map(|run| run.dl).collect();
        let mean = |figure: fn(&VoiceFigures) -> f64| Series::of(runs.iter().map(figure)).mean;
        Self {
            seeds: count(runs),
            sim_s_per_seed,
            mean: VoiceFigures {
                ul: direction(&ul),
                dl: direction(&dl),
                data_up_mbps: mean(|run| run.data_up_mbps),
                tcp_download_mbps: mean(|run| run.tcp_download_mbps),
                cpu_s_per_sim_s: cpu(runs.iter().map(|run| run.cpu_s_per_sim_s)),
            },
            ul_sd: spread(&ul),
            dl_sd: spread(&dl),
        }
    }
}

fn direction(runs: &[DirectionFigures]) -> DirectionFigures {
    let mean = |figure: fn(&DirectionFigures) -> f64| Series::of(runs.iter().map(figure)).mean;
    DirectionFigures {
        sent: mean(|run| run.sent),
        loss_network: mean(|run| run.loss_network),
        loss_150ms: mean(|run| run.loss_150ms),
        mean_ms: mean(|run| run.mean_ms),
        p95_ms: mean(|run| run.p95_ms),
        p99_ms: mean(|run| run.p99_ms),
        jitter_ms: mean(|run| run.jitter_ms),
    }
}

fn spread(runs: &[DirectionFigures]) -> Spread {
    Spread {
        loss_150ms: Series::of(runs.iter().map(|run| run.loss_150ms)).sd,
        mean_ms: Series::of(runs.iter().map(|run| run.mean_ms)).sd,
    }
}
