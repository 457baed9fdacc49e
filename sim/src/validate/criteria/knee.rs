//! How many calls a cell carries.

use serde::Serialize;

use super::{
    Check, Criterion, Measure,
    statistics::{of_calls, three_errors},
};
use crate::validate::{
    DirectionFigures, VoiceSummary,
    reference::{Spread, VoiceAccess, VoiceRow},
};

/// Calls by which the knees of DCF and of AC_VO may differ.
pub(super) const fn slack(access: VoiceAccess) -> u32 {
    match access {
        VoiceAccess::Dcf => 1,
        VoiceAccess::Edca => 2,
    }
}

/// The largest number of calls that a set-up carries, as far as the rows tell: from the largest
/// that met the criterion to one below the next that did not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Knee {
    /// Largest number of calls that met the criterion; 0 if none did.
    pub carried: u32,
    /// Next larger number that did not, if there is a row for it.
    pub failed: Option<u32>,
}

impl Knee {
    /// Of numbers of calls and whether they met the criterion, in any order.
    #[must_use]
    pub fn of(rows: impl Iterator<Item = (u32, bool)> + Clone) -> Self {
        let carried = rows
            .clone()
            .filter_map(|(k, usable)| usable.then_some(k))
            .max()
            .unwrap_or(0);
        let failed = rows.filter_map(|(k, usable)| (!usable && k > carried).then_some(k));
        Self {
            carried,
            failed: failed.min(),
        }
    }

    /// Calls between this and `other`, at least: 0 if they may be the same. Negative if this is
    /// the smaller.
    #[must_use]
    pub fn beyond(self, other: Self) -> i64 {
        let highest = |knee: Self| knee.failed.map_or(i64::MAX, |k| i64::from(k) - 1);
        let (low, high) = (i64::from(self.carried), highest(self));
        let (other_low, other_high) = (i64::from(other.carried), highest(other));
        if low > other_high {
            low - other_high
        } else if high < other_low {
            high - other_low
        } else {
            0
        }
    }
}

/// What both say of a number of calls.
pub(in crate::validate) struct Standing<'a> {
    /// Set-up and figures of ns-3.
    pub(in crate::validate) row: &'a VoiceRow,
    /// Ours, if it was simulated.
    pub(in crate::validate) ours: Option<&'a VoiceSummary>,
}

impl Standing<'_> {
    /// Whether ns-3 carries the calls: for certain, not for certain, or nothing.
    fn ns3_certain(&self) -> Option<bool> {
        let row = self.row;
        let directions = [(&row.ul, self.sd().0), (&row.dl, self.sd().1)];
        certain(&directions, row.seeds)
    }

    /// The same of ours.
    fn ours_certain(&self) -> Option<bool> {
        let ours = self.ours?;
        let directions = [(&ours.mean.ul, self.sd().0), (&ours.mean.dl, self.sd().1)];
        certain(&directions, ours.seeds)
    }

    /// Standard deviations of a run of either, from both: the larger, because a deviation over two
    /// or three runs is easily too small.
    fn sd(&self) -> (Spread, Spread) {
        let larger = |one: &Spread, other: Option<&Spread>| {
            let other = other.unwrap_or(one);
            Spread {
                loss_150ms: one.loss_150ms.max(other.loss_150ms),
                mean_ms: one.mean_ms.max(other.mean_ms),
            }
        };
        (
            larger(&self.row.ul_sd, self.ours.map(|ours| &ours.ul_sd)),
            larger(&self.row.dl_sd, self.ours.map(|ours| &ours.dl_sd)),
        )
    }
}

/// Whether all directions are usable even three standard errors up, or some direction is not even
/// three standard errors down; otherwise nothing.
fn certain(directions: &[(&DirectionFigures, Spread); 2], seeds: u32) -> Option<bool> {
    let shifted = |sign: f64| {
        directions.iter().all(|(figures, sd)| {
            let error = |sd| {
                let sample = of_calls(sd, seeds);
                sign * three_errors(&sample, &sample, true)
            };
            let moved = DirectionFigures {
                loss_150ms: figures.loss_150ms + error(sd.loss_150ms),
                mean_ms: figures.mean_ms + error(sd.mean_ms),
                ..**figures
            };
            moved.usable()
        })
    };
    match (shifted(1.0), shifted(-1.0)) {
        (true, _) => Some(true),
        (_, false) => Some(false),
        _ => None,
    }
}

/// Calls between the knees as far as rows tell that are usable, or not, by more than three standard
/// errors, as [`Knee::beyond`].
pub(in crate::validate) fn certain_distance(standings: &[Standing<'_>]) -> i64 {
    let rows = standings.iter();
    let k = |row: &Standing<'_>| row.row.k_calls;
    let ours = rows
        .clone()
        .filter_map(|row| Some((k(row), row.ours_certain()?)));
    let ns3 = rows.filter_map(|row| Some((k(row), row.ns3_certain()?)));
    Knee::of(ours).beyond(Knee::of(ns3))
}

/// The knee against ns-3's; `certain` is how far apart they are for certain.
pub(in crate::validate) fn knee(
    access: VoiceAccess,
    ours: Knee,
    reference: Knee,
    certain: i64,
) -> Check {
    let distance = ours.beyond(reference);
    let calls = |distance: i64| {
        let calls = u32::try_from(distance.unsigned_abs()).unwrap_or(u32::MAX);
        f64::from(calls)
    };
    let criterion = Criterion {
        figure: "calls carried",
        measure: Measure::Calls,
        allowed: f64::from(slack(access)),
        error: (calls(distance) - calls(certain)).max(0.0),
    };
    // The numbers of calls simulated have gaps, so that the knees may be nearer than they look:
    // judged is the distance, shown are the knees.
    let sign = if distance < 0 { -1.0 } else { 1.0 };
    Check {
        ours: f64::from(ours.carried),
        expected: f64::from(reference.carried),
        ..criterion.judge(sign * calls(distance), 0.0)
    }
}
