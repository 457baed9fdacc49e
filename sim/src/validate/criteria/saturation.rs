//! Saturated stations.

use super::{Check, Criterion, Measure, Sample, statistics::three_errors};
use crate::{
    theory::closed_form,
    validate::{SaturationSummary, claim::Claim, reference::SaturationRow},
};

/// Goodput against ns-3, relative.
const GOODPUT: f64 = 0.015;
/// The same where frames are few, relative.
const GOODPUT_LOOSE: f64 = 0.03;
/// Collision probability against ns-3.
const COLLISION: f64 = 0.01;
/// Goodput of one station against the closed form, relative.
const CLOSED_FORM: f64 = 0.002;

/// Goodput and collision probability against ns-3, and one station against the closed form. The
/// statistical error is allowed for where `short` runs or few frames (a loose claim) bring it in.
pub(in crate::validate) fn saturation(
    row: &SaturationRow,
    ours: &SaturationSummary,
    claim: Claim,
    short: bool,
) -> Vec<Check> {
    let loose = matches!(claim, Claim::Loose { .. });
    let runs = (ours.seeds, ours.sim_s_per_seed);
    let error = |ours_sd: f64, reference_sd: f64, exact: bool| {
        if !short && !loose {
            return 0.0;
        }
        let ours = Sample {
            sd: ours_sd,
            runs: f64::from(runs.0),
            weight: runs.1,
        };
        let reference = Sample {
            sd: reference_sd,
            runs: f64::from(row.seeds),
            weight: row.sim_s_per_seed,
        };
        three_errors(&ours, &reference, exact)
    };
    let goodput = ours.goodput_mbps;
    let collision = ours.collision_prob;
    let mut checks = vec![
        Criterion {
            figure: "goodput, Mb/s",
            measure: Measure::Relative,
            allowed: if loose { GOODPUT_LOOSE } else { GOODPUT },
            error: error(goodput.sd, row.goodput_mbps_sd, false),
        }
        .judge(goodput.mean, row.goodput_mbps_mean),
        Criterion {
            figure: "collision probability",
            measure: Measure::Share,
            allowed: COLLISION,
            error: error(collision.sd, row.collision_prob_sd, false),
        }
        .judge(collision.mean, row.collision_prob_mean),
    ];
    if let (1, Some(cell)) = (row.n, row.contention()) {
        let criterion = Criterion {
            figure: "goodput, Mb/s, against the closed form",
            measure: Measure::Relative,
            allowed: CLOSED_FORM,
            error: error(goodput.sd, row.goodput_mbps_sd, true),
        };
        checks.push(criterion.judge(goodput.mean, closed_form(&cell)));
    }
    checks
}
