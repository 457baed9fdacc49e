//! How many calls a cell carries.

use rayon::prelude::*;
use serde::Serialize;

use super::Scheme;
use crate::preset::{self, Loaded, Phy};
use crate::traffic::CallsWay;
use crate::world::BuildError;

/// When a call counts as carried, in both directions.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Criterion {
    /// The largest share of packets lost or later than 150 ms.
    pub missed: f64,
    /// The largest mean one-way delay, in ms.
    pub mean_ms: f64,
}

impl Default for Criterion {
    fn default() -> Self {
        Self {
            missed: 0.01,
            mean_ms: 50.0,
        }
    }
}

impl Criterion {
    pub(crate) fn holds(&self, way: &CallsWay) -> bool {
        let mean = way.delay_ms.map_or(f64::INFINITY, |delay| delay.mean);
        way.missed() <= self.missed && mean < self.mean_ms
    }
}

/// A number of calls that was tried.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Probe {
    /// Calls.
    pub calls: u16,
    /// Runs in which the criterion held.
    pub carried: u64,
    /// All runs.
    pub runs: u64,
    /// Share of packets lost or late, the worse way, mean over the runs.
    pub missed: f64,
    /// Mean one-way delay, the worse way, mean over the runs, in ms.
    pub mean_ms: f64,
}

/// The largest number of calls that a cell carries, and what was tried to find it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Capacity {
    /// Standard of the cell.
    pub phy: &'static str,
    /// The scheme.
    pub scheme: Scheme,
    /// The knee: in more than half of the runs the criterion holds.
    pub calls: u16,
    /// By number of calls.
    pub probes: Vec<Probe>,
}

/// Finds the knee by bisection: from there on more calls are not carried. The search ends at
/// `most` calls.
///
/// # Errors
/// None with the loads that this module makes.
pub fn capacity(
    phy: Phy,
    scheme: Scheme,
    interval_ms: u16,
    (seeds, seconds, most): (u64, u32, u16),
    criterion: Criterion,
    progress: &mut dyn FnMut(&Probe),
) -> Result<Capacity, BuildError> {
    let mut probes: Vec<Probe> = Vec::new();
    let mut carries = |calls: u16| -> Result<bool, BuildError> {
        let load = Loaded {
            phy,
            access: scheme.access(),
            rether: scheme.is_rether(),
            calls,
            interval_ms,
            uploads: 0,
            promise_upload: false,
            seconds,
        };
        let probe = probe(&load, seeds, criterion)?;
        progress(&probe);
        probes.push(probe);
        Ok(probe.carried * 2 > probe.runs)
    };
    let below = knee(most, &mut carries)?;
    probes.sort_by_key(|probe| probe.calls);
    Ok(Capacity {
        phy: phy.standard,
        scheme,
        calls: below,
        probes,
    })
}

/// The largest number up to `most` that `carries`, if all above it do not.
pub(crate) fn knee(
    most: u16,
    carries: &mut dyn FnMut(u16) -> Result<bool, BuildError>,
) -> Result<u16, BuildError> {
    let (mut below, mut step) = (0_u16, 1_u16);
    // Doubles until it breaks, then halves the gap.
    let mut above = loop {
        let next = below.saturating_add(step).min(most.saturating_add(1));
        if next > most || !carries(next)? {
            break next;
        }
        below = next;
        step = step.saturating_mul(2);
    };
    while above - below > 1 {
        let middle = below + (above - below) / 2;
        if carries(middle)? {
            below = middle;
        } else {
            above = middle;
        }
    }
    Ok(below)
}

fn probe(load: &Loaded, seeds: u64, criterion: Criterion) -> Result<Probe, BuildError> {
    let seeds: Vec<u64> = (1..=seeds).collect();
    let outcomes: Result<Vec<_>, BuildError> = seeds
        .par_iter()
        .map(|seed| preset::run(&load.text(), *seed))
        .collect();
    let mut probe = Probe {
        calls: load.calls,
        carried: 0,
        runs: seeds.len() as u64,
        missed: 0.0,
        mean_ms: 0.0,
    };
    #[expect(clippy::cast_precision_loss, reason = "a count of runs")]
    let share = 1.0 / seeds.len().max(1) as f64;
    for outcome in outcomes? {
        let Some(calls) = outcome.calls else { continue };
        let ways = [&calls.up, &calls.down];
        let worse =
            |figure: fn(&CallsWay) -> f64| ways.iter().map(|way| figure(way)).fold(0.0, f64::max);
        probe.carried += u64::from(ways.iter().all(|way| criterion.holds(way)));
        probe.missed += worse(CallsWay::missed) * share;
        probe.mean_ms += worse(|way| way.delay_ms.map_or(0.0, |delay| delay.mean)) * share;
    }
    Ok(probe)
}
