//! Calls beside saturating stations.

use super::{Check, Criterion, Measure, delays::delay_error};
use crate::validate::{
    VoiceSummary,
    claim::{BEYOND_RECOVERY, Claim},
    reference::VoiceRow,
};

/// Mean delay, relative.
const MEAN: f64 = 0.25;
/// Mean delay with TCP, relative.
const MEAN_LOOSE: f64 = 0.5;
/// Loss and 99th percentile, decimal logarithm: half a decade to either side is one decade wide.
const DECADE: f64 = 0.5;
/// The same with TCP.
const DECADE_LOOSE: f64 = 1.0;
/// Losses below count as this: a tenth of what a call can stand, and one packet or two of the
/// shorter runs.
const LEAST_LOSS: f64 = 0.001;
/// What a call can stand.
const USABLE_LOSS: f64 = 0.01;

/// Loss, 99th percentile and mean of the delay, both directions.
pub(in crate::validate) fn background(
    row: &VoiceRow,
    ours: &VoiceSummary,
    claim: Claim,
) -> Vec<Check> {
    let loose = matches!(claim, Claim::Loose { .. });
    let mean = if loose { MEAN_LOOSE } else { MEAN };
    let decade = if loose { DECADE_LOOSE } else { DECADE };
    let directions = [
        (UL, &ours.mean.ul, &ours.ul_sd, &row.ul, &row.ul_sd),
        (DL, &ours.mean.dl, &ours.dl_sd, &row.dl, &row.dl_sd),
    ];
    let mut checks = Vec::new();
    for ([loss, p99, mean_delay], figures, sd, expected, expected_sd) in directions {
        let decades = |figure| Criterion {
            figure,
            measure: Measure::Decades,
            allowed: decade,
            error: 0.0,
        };
        // Not `max`, which would take a figure that is no number for the least loss.
        let least = |loss: f64| if loss < LEAST_LOSS { LEAST_LOSS } else { loss };
        let expected_loss = least(expected.loss_150ms);
        checks.push(decades(loss).judge(least(figures.loss_150ms), expected_loss));
        checks.push(decades(p99).judge(figures.p99_ms, expected.p99_ms));
        let criterion = Criterion {
            figure: mean_delay,
            measure: Measure::Relative,
            allowed: mean,
            error: delay_error(row, ours.seeds, sd.mean_ms, expected_sd.mean_ms),
        };
        checks.push(criterion.judge(figures.mean_ms, expected.mean_ms));
    }
    checks
}

/// That directions beyond recovery in ns-3 are unusable here as well.
pub(in crate::validate) fn unusable(row: &VoiceRow, ours: &VoiceSummary) -> Vec<Check> {
    let directions = [
        (UL[0], &ours.mean.ul, &row.ul),
        (DL[0], &ours.mean.dl, &row.dl),
    ];
    directions
        .into_iter()
        .filter(|(_, _, expected)| expected.loss_150ms > BEYOND_RECOVERY)
        .map(|(figure, figures, _)| {
            Criterion {
                figure,
                measure: Measure::AtLeast,
                allowed: 0.0,
                error: 0.0,
            }
            .judge(figures.loss_150ms, USABLE_LOSS)
        })
        .collect()
}

const UL: [&str; 3] = [
    "ul lost or later than 150 ms",
    "ul 99th percentile, ms",
    "ul mean delay, ms",
];
const DL: [&str; 3] = [
    "dl lost or later than 150 ms",
    "dl 99th percentile, ms",
    "dl mean delay, ms",
];
