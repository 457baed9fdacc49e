//! Plain DCF, EDCA and Rether side by side: saturated stations, and calls beside uploads.

use rayon::prelude::*;
use serde::Serialize;

use crate::preset::{self, Access, Loaded, Phy};
use crate::world::{BuildError, Outcome, Status};

/// What a cell is run by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scheme {
    /// DCF alone.
    Dcf,
    /// EDCA: calls in the voice category.
    Edca,
    /// Rether with its defaults in a cell without 802.11e.
    Rether,
    /// Rether with its defaults in a cell with 802.11e.
    RetherEdca,
}

impl Scheme {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 4] = [Self::Dcf, Self::Edca, Self::Rether, Self::RetherEdca];

    /// For people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dcf => "plain DCF",
            Self::Edca => "EDCA",
            Self::Rether => "Rether",
            Self::RetherEdca => "Rether + EDCA",
        }
    }

    /// How its cells contend.
    #[must_use]
    pub const fn access(self) -> Access {
        match self {
            Self::Dcf | Self::Rether => Access::Dcf,
            Self::Edca | Self::RetherEdca => Access::EDCA,
        }
    }

    /// Whether the daemons run.
    #[must_use]
    pub const fn is_rether(self) -> bool {
        matches!(self, Self::Rether | Self::RetherEdca)
    }
}

/// What is compared.
#[derive(Clone, Debug)]
pub struct ComparisonOptions {
    /// The cells.
    pub phys: Vec<Phy>,
    /// Numbers of saturated stations.
    pub stations: Vec<u16>,
    /// Calls beside uploads.
    pub calls: u16,
    /// Numbers of uploads beside the calls.
    pub uploads: Vec<u16>,
    /// Seeds of each point.
    pub seeds: u64,
    /// What counts of a run.
    pub seconds: u32,
}

impl Default for ComparisonOptions {
    fn default() -> Self {
        Self {
            phys: vec![Phy::B11, Phy::A54],
            stations: vec![1, 2, 5, 10, 20, 50],
            calls: 5,
            uploads: (0..=10).collect(),
            seeds: 3,
            seconds: 10,
        }
    }
}

/// The figures of one load under one scheme, mean over the seeds.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Point {
    /// Standard of the cell, such as `11b`.
    pub phy: &'static str,
    /// The scheme.
    pub scheme: Scheme,
    /// Calls in the cell.
    pub calls: u16,
    /// Saturated stations.
    pub uploads: u16,
    /// UDP payload of all uploads, Mb/s.
    pub goodput_mbps: f64,
    /// The least that one of them got, Mb/s.
    pub least_mbps: f64,
    /// Share of unicast transmissions that was not acknowledged.
    pub collisions: f64,
    /// Share of the time in which frames of the protocol were on the air.
    pub token_share: f64,
    /// Of calls: the share of packets lost or later than 150 ms, the worse way.
    pub missed: Option<f64>,
    /// Of calls: 99th percentile of the one-way delay, the worse way, in ms.
    pub p99_ms: Option<f64>,
    /// Times an agent opened its gate because it heard nothing.
    pub failed_open: f64,
}

/// All points.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Comparison {
    /// Saturated stations alone.
    pub saturation: Vec<Point>,
    /// Calls beside uploads.
    pub voice: Vec<Point>,
    /// Runs of each point.
    pub seeds: u64,
    /// What counts of a run, seconds of virtual time.
    pub seconds: u32,
}

/// Runs everything, side by side on all processors; `progress` is told of each finished point.
///
/// # Errors
/// None with the loads that this module makes.
pub fn compare(
    options: &ComparisonOptions,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Comparison, BuildError> {
    let mut loads = Vec::new();
    for phy in &options.phys {
        let stations = options.stations.iter().map(|n| (0, *n));
        let uploads = options.uploads.iter().map(|m| (options.calls, *m));
        for (calls, uploads) in stations.chain(uploads) {
            for scheme in Scheme::ALL {
                loads.push((scheme, load(*phy, scheme, calls, uploads, options.seconds)));
            }
        }
    }
    let done = std::sync::atomic::AtomicUsize::new(0);
    let total = loads.len();
    let points: Result<Vec<Point>, BuildError> = loads
        .par_iter()
        .map(|(scheme, load)| {
            let point = point(*scheme, load, options.seeds);
            let done = done.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
            progress(done, total);
            point
        })
        .collect();
    let (voice, saturation) = points?.into_iter().partition(|point| point.calls > 0);
    Ok(Comparison {
        saturation,
        voice,
        seeds: options.seeds,
        seconds: options.seconds,
    })
}

const fn load(phy: Phy, scheme: Scheme, calls: u16, uploads: u16, seconds: u32) -> Loaded {
    Loaded {
        phy,
        access: scheme.access(),
        rether: scheme.is_rether(),
        calls,
        interval_ms: 20,
        uploads,
        promise_upload: calls == 0,
        seconds,
    }
}

/// Runs one load with every seed.
fn point(scheme: Scheme, load: &Loaded, seeds: u64) -> Result<Point, BuildError> {
    let outcomes: Result<Vec<Outcome>, BuildError> = (1..=seeds)
        .map(|seed| preset::run(&load.text(), seed))
        .collect();
    let outcomes = outcomes?;
    let mean = |figure: fn(&Outcome) -> f64| average(outcomes.iter().map(figure));
    let calls = |figure: fn(&Outcome) -> Option<f64>| {
        let figures: Vec<f64> = outcomes.iter().filter_map(figure).collect();
        (!figures.is_empty()).then(|| average(figures.into_iter()))
    };
    Ok(Point {
        phy: load.phy.standard,
        scheme,
        calls: load.calls,
        uploads: load.uploads,
        goodput_mbps: mean(|outcome| outcome.goodputs_mbps().map(|(_, mbps)| mbps).sum()),
        least_mbps: mean(|outcome| {
            let each = outcome.goodputs_mbps().map(|(_, mbps)| mbps);
            each.reduce(f64::min).unwrap_or_default()
        }),
        collisions: mean(|outcome| outcome.collision_probability(|_| true)),
        token_share: mean(|outcome| outcome.tokens.airtime.as_secs_f64() / outcome.window_seconds),
        missed: calls(|outcome| {
            let calls = outcome.calls?;
            Some(calls.up.missed().max(calls.down.missed()))
        }),
        p99_ms: calls(|outcome| {
            let calls = outcome.calls?;
            let (up, down) = (calls.up.delay_ms?, calls.down.delay_ms?);
            Some(up.p99.max(down.p99))
        }),
        failed_open: mean(failed_open),
    })
}

#[expect(clippy::cast_precision_loss, reason = "a count")]
fn failed_open(outcome: &Outcome) -> f64 {
    let opened = outcome.status.values().map(|status| match status {
        Status::Agent { agent } => agent.stats.failed_open,
        Status::Coordinator { .. } => 0,
    });
    opened.sum::<u64>() as f64
}

fn average(figures: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = figures.fold((0.0, 0_u32), |(sum, count), figure| {
        (sum + figure, count + 1)
    });
    sum / f64::from(count.max(1))
}
