//! From rows to a report.

use std::{collections::BTreeMap, panic, sync::mpsc, thread};

use rayon::prelude::*;

use super::{
    Options, Report, SaturationFigures, VoiceFigures,
    claim::Claim,
    criteria::{self, Check, Knee, Position, Series, Standing},
    plan::{self, Capacity},
    reference::{Reference, SaturationRow, SpeedRow, VoiceRow},
    report::{CapacityResult, SaturationResult, SpeedResult, VoiceResult},
    summary::{SaturationSummary, VoiceSummary},
    text,
};
use crate::theory::{bianchi, closed_form};

/// Simulates every row that is claimed and `options` ask for, once with each seed, and judges it.
///
/// The functions get a row and a seed and simulate the row's `sim_s_per_seed`, which the quick form
/// shortens. They are called from all processors at once; what they give back must depend on row
/// and seed only. `progress` is told each row that is done.
pub fn report(
    reference: &Reference,
    options: &Options,
    simulate_saturation: &(dyn Fn(&SaturationRow, u64) -> SaturationFigures + Sync),
    simulate_voice: &(dyn Fn(&VoiceRow, u64) -> VoiceFigures + Sync),
    progress: &mut dyn FnMut(&str),
) -> Report {
    let capacities = plan::capacities(reference);
    let rows = reference.saturation.iter();
    let saturation_plan: Vec<_> = rows.map(|row| plan::saturation(row, options)).collect();
    let voice_plan: Vec<_> = (0..)
        .zip(&reference.voice)
        .map(|(index, row)| plan::voice(row, knee_of(&capacities, index), options))
        .collect();

    let saturation_runs = simulate(
        &saturation_plan,
        &options.seeds,
        simulate_saturation,
        &mut |row| progress(&text::saturation_name(row)),
    );
    let voice_runs = simulate(&voice_plan, &options.seeds, simulate_voice, &mut |row| {
        progress(&text::voice_name(row));
    });

    let saturation: Vec<_> = (reference.saturation.iter().zip(&saturation_plan))
        .zip(saturation_runs)
        .map(|((row, plan), runs)| saturation_result(row, plan.as_ref(), &runs, options))
        .collect();
    let voice: Vec<_> = (0..)
        .zip(reference.voice.iter().zip(&voice_plan).zip(voice_runs))
        .map(|(index, ((row, plan), runs))| {
            let knee = knee_of(&capacities, index);
            voice_result(row, plan.as_ref(), &runs, knee)
        })
        .collect();
    let capacity = capacities
        .iter()
        .filter_map(|capacity| capacity_result(capacity, &voice))
        .collect();
    let speed = reference
        .speed
        .iter()
        .map(|row| speed_result(row, &saturation, &voice))
        .collect();
    Report::new(options, saturation, capacity, voice, speed)
}

fn knee_of(capacities: &[Capacity], index: usize) -> Option<Knee> {
    let of = capacities.iter().find(|group| group.rows.contains(&index));
    of.map(|group| group.ns3)
}

/// The runs of each planned row, in the order of rows and seeds; none of rows that are not planned.
fn simulate<R: Sync, F: Send>(
    plan: &[Option<R>],
    seeds: &[u64],
    work: &(dyn Fn(&R, u64) -> F + Sync),
    done: &mut dyn FnMut(&R),
) -> Vec<Vec<F>> {
    let jobs: Vec<(usize, &R, u64)> = plan
        .iter()
        .enumerate()
        .filter_map(|(index, row)| Some((index, row.as_ref()?)))
        .flat_map(|(index, row)| seeds.iter().map(move |seed| (index, row, *seed)))
        .collect();
    let (tell, told) = mpsc::channel();
    let figures: Vec<F> = thread::scope(|scope| {
        let worker = scope.spawn(|| {
            jobs.par_iter()
                .map_with(tell, |tell, (index, row, seed)| {
                    let figures = work(row, *seed);
                    // Nobody listens any more only if the whole is being given up.
                    let _ = tell.send(*index);
                    figures
                })
                .collect()
        });
        let mut runs = BTreeMap::new();
        for index in told {
            let count = runs.entry(index).or_insert(0);
            *count += 1;
            if let (true, Some(Some(row))) = (*count == seeds.len(), plan.get(index)) {
                done(row);
            }
        }
        match worker.join() {
            Ok(figures) => figures,
            Err(fault) => panic::resume_unwind(fault),
        }
    });
    let mut runs: Vec<Vec<F>> = plan.iter().map(|_| Vec::new()).collect();
    for ((index, ..), figures) in jobs.iter().zip(figures) {
        if let Some(row) = runs.get_mut(*index) {
            row.push(figures);
        }
    }
    runs
}

fn saturation_result(
    row: &SaturationRow,
    plan: Option<&SaturationRow>,
    runs: &[SaturationFigures],
    options: &Options,
) -> SaturationResult {
    let claim = row.claim();
    let ours = plan.map(|plan| SaturationSummary::of(runs, plan.sim_s_per_seed));
    let checks = ours.as_ref().map_or_else(Vec::new, |ours| {
        criteria::saturation(row, ours, claim, options.quick)
    });
    // Theory knows as little of what is not claimed as the medium does.
    let cell = row.contention().filter(|_| claim.is_judged());
    SaturationResult {
        closed_form_mbps: cell.filter(|_| row.n == 1).as_ref().map(closed_form),
        bianchi: cell
            .filter(|cell| cell.cw_min >= row.phy().cw_min())
            .map(|cell| bianchi(row.n, &cell)),
        row: row.clone(),
        claim,
        ours,
        checks,
    }
}

fn voice_result(
    row: &VoiceRow,
    plan: Option<&VoiceRow>,
    runs: &[VoiceFigures],
    knee: Option<Knee>,
) -> VoiceResult {
    let claim = row.claim();
    let ours = plan.map(|plan| VoiceSummary::of(runs, plan.sim_s_per_seed));
    let checks = match (&ours, knee) {
        (None, _) => Vec::new(),
        (Some(ours), Some(knee)) => criteria::delays(row, ours, Position::of(row, knee)),
        (Some(ours), None) if row.beyond_recovery() => criteria::unusable(row, ours),
        (Some(ours), None) => criteria::background(row, ours, claim),
    };
    VoiceResult {
        row: row.clone(),
        claim,
        ours,
        checks,
    }
}

fn capacity_result(capacity: &Capacity, voice: &[VoiceResult]) -> Option<CapacityResult> {
    let members = || capacity.rows.iter().filter_map(|index| voice.get(*index));
    let simulated = members().filter_map(|result| Some((result.row.k_calls, result.ours?.mean)));
    simulated.clone().next()?;
    let ours = Knee::of(simulated.map(|(k, ours)| (k, ours.ul.usable() && ours.dl.usable())));
    let standings: Vec<_> = members()
        .map(|result| Standing {
            row: &result.row,
            ours: result.ours.as_ref(),
        })
        .collect();
    let certain = criteria::certain_distance(&standings);
    Some(CapacityResult {
        config: capacity.config.clone(),
        access: capacity.access,
        ours,
        ns3: capacity.ns3,
        check: criteria::knee(capacity.access, ours, capacity.ns3, certain),
    })
}

fn speed_result(
    row: &SpeedRow,
    saturation: &[SaturationResult],
    voice: &[VoiceResult],
) -> SpeedResult {
    let cpu = row.simulated().and_then(|scenario| {
        let stations = saturation
            .iter()
            .filter(|result| scenario.is_saturation(&result.row, row.n_or_k))
            .filter_map(|result| result.ours?.cpu_s_per_sim_s);
        let calls = voice
            .iter()
            .filter(|result| scenario.is_calls(&result.row, row.n_or_k))
            .filter_map(|result| result.ours?.mean.cpu_s_per_sim_s);
        let all: Vec<f64> = stations.chain(calls).collect();
        (!all.is_empty()).then(|| Series::of(all.iter().copied()).mean)
    });
    let check: Option<Check> = cpu.map(|cpu| criteria::speed(row, cpu));
    let claim: Claim = row.claim();
    SpeedResult {
        row: row.clone(),
        claim,
        check,
    }
}
