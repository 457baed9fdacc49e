//! Which rows are simulated, and for how long.

use super::{
    Knee, Options,
    reference::{Preamble, Reference, SaturationRow, Standard, VoiceAccess, VoiceRow},
};

/// Stations of a row in the quick form at most.
const QUICK_STATIONS: u32 = 20;
/// Calls by which a capacity row may be off the knee in the quick form.
const QUICK_CALLS: u32 = 3;
/// Saturating stations beside calls in the quick form at most.
const QUICK_BACKGROUND: u32 = 5;
/// Measured time of a run in the quick form at most, simulated s.
const QUICK_SECONDS: f64 = 5.0;

/// What rows of one capacity measurement share.
type Setup = (Standard, u16, Preamble, VoiceAccess, bool, u32, u32, u32);

const fn setup(row: &VoiceRow) -> Setup {
    (
        row.std,
        row.rate_mbps,
        row.preamble,
        row.access,
        row.txop_limit_forced_0,
        row.interval_ms,
        row.udp_payload_octets,
        row.mac_queue_pkts,
    )
}

/// The rows that tell the capacity of one set-up.
pub(super) struct Capacity {
    /// Name of the set-up.
    pub(super) config: String,
    /// Its access.
    pub(super) access: VoiceAccess,
    /// Indices into `Reference::voice`.
    pub(super) rows: Vec<usize>,
    /// The knee of ns-3.
    pub(super) ns3: Knee,
}

/// Every set-up whose capacity is claimed, in the order of the rows.
pub(super) fn capacities(reference: &Reference) -> Vec<Capacity> {
    let mut groups: Vec<(Setup, Vec<usize>)> = Vec::new();
    for (index, row) in reference.voice.iter().enumerate() {
        if !row.calls_only() || !row.claim().is_judged() {
            continue;
        }
        let key = setup(row);
        match groups.iter_mut().find(|(other, _)| *other == key) {
            Some((_, rows)) => rows.push(index),
            None => groups.push((key, vec![index])),
        }
    }
    groups
        .into_iter()
        .filter_map(|(_, rows)| {
            let members = || rows.iter().filter_map(|index| reference.voice.get(*index));
            let first = members().next()?;
            let named = members().find(|row| row.config.starts_with("cap_"));
            Some(Capacity {
                config: named.unwrap_or(first).config.clone(),
                access: first.access,
                ns3: Knee::of(
                    members().map(|row| (row.k_calls, row.ul.usable() && row.dl.usable())),
                ),
                rows,
            })
        })
        .collect()
}

/// A row as it is to be simulated, or nothing if it is not.
pub(super) fn saturation(row: &SaturationRow, options: &Options) -> Option<SaturationRow> {
    let mut run = row.clone();
    if options.quick {
        let sensitivity = row.config.starts_with("sens_");
        if row.n > QUICK_STATIONS || row.n_slow_1mbps > 0 || sensitivity {
            return None;
        }
        run.sim_s_per_seed = run.sim_s_per_seed.min(QUICK_SECONDS);
    }
    row.claim().is_judged().then_some(run)
}

/// A row as it is to be simulated, or nothing if it is not. `knee` is that of its set-up.
pub(super) fn voice(row: &VoiceRow, knee: Option<Knee>, options: &Options) -> Option<VoiceRow> {
    let mut run = row.clone();
    if options.quick {
        let near = knee.is_some_and(|knee| knee.carried.abs_diff(row.k_calls) <= QUICK_CALLS);
        let background =
            !row.calls_only() && !row.has_tcp() && row.bg_uplink_stas <= QUICK_BACKGROUND;
        if !near && (!background || row.config.starts_with("sens_")) {
            return None;
        }
        // What competes with calls makes rare bursts of loss: short runs say nothing of them.
        if near {
            run.sim_s_per_seed = run.sim_s_per_seed.min(QUICK_SECONDS);
        }
    }
    row.claim().is_judged().then_some(run)
}
