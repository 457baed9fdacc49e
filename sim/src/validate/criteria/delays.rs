//! How late packets of calls are, up to the knee of their capacity.

use super::{
    Check, Criterion, Knee, Measure,
    knee::slack,
    statistics::{of_calls, three_errors},
};
use crate::validate::{VoiceSummary, reference::VoiceRow};

/// Mean delay below the knee, relative, ...
const DELAY: f64 = 0.2;
/// ... or in ms, whichever is more.
const DELAY_MS: f64 = 0.2;
/// Mean delay at the knee, relative: the queue of the AP is about to fill.
const DELAY_AT_KNEE: f64 = 0.5;

/// Where a row lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::validate) enum Position {
    /// Well below the knee.
    Below,
    /// The knee, or as near below it as knees may differ.
    AtKnee,
    /// Above it: the knee says all there is to say.
    Above,
}

impl Position {
    pub(in crate::validate) const fn of(row: &VoiceRow, knee: Knee) -> Self {
        if row.k_calls > knee.carried {
            Self::Above
        } else if row.k_calls + slack(row.access) > knee.carried {
            Self::AtKnee
        } else {
            Self::Below
        }
    }
}

/// Mean delays of both directions against ns-3's.
pub(in crate::validate) fn delays(
    row: &VoiceRow,
    ours: &VoiceSummary,
    position: Position,
) -> Vec<Check> {
    let relative = match position {
        Position::Below => DELAY,
        Position::AtKnee => DELAY_AT_KNEE,
        Position::Above => return Vec::new(),
    };
    let directions = [
        (
            "ul mean delay, ms",
            &ours.mean.ul,
            &ours.ul_sd,
            &row.ul,
            &row.ul_sd,
        ),
        (
            "dl mean delay, ms",
            &ours.mean.dl,
            &ours.dl_sd,
            &row.dl,
            &row.dl_sd,
        ),
    ];
    directions
        .into_iter()
        .map(|(figure, figures, sd, expected, expected_sd)| {
            Criterion {
                figure,
                measure: Measure::Millis,
                allowed: (relative * expected.mean_ms).max(DELAY_MS),
                error: delay_error(row, ours.seeds, sd.mean_ms, expected_sd.mean_ms),
            }
            .judge(figures.mean_ms, expected.mean_ms)
        })
        .collect()
}

/// Three standard errors of a difference of mean delays, ms.
pub(super) fn delay_error(row: &VoiceRow, seeds: u32, ours_sd: f64, reference_sd: f64) -> f64 {
    three_errors(
        &of_calls(ours_sd, seeds),
        &of_calls(reference_sd, row.seeds),
        false,
    )
}
