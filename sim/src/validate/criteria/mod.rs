//! When a figure agrees with the reference.

mod background;
mod delays;
mod knee;
mod saturation;
mod speed;
mod statistics;

pub(super) use background::{background, unusable};
pub(super) use delays::{Position, delays};
pub use knee::Knee;
pub(super) use knee::{Standing, certain_distance, knee};
pub(super) use saturation::saturation;
pub(super) use speed::speed;
use statistics::Sample;
pub use statistics::Series;

use serde::Serialize;

/// How a figure is held against the reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// `ours / expected - 1`.
    Relative,
    /// `ours - expected`, a number between 0 and 1.
    Share,
    /// `ours - expected`, ms.
    Millis,
    /// Decimal logarithm of `ours / expected`.
    Decades,
    /// What is missing to `expected`, a number between 0 and 1.
    AtLeast,
    /// By how much `expected` is exceeded, relative to it.
    AtMost,
    /// Calls between the knees.
    Calls,
}

/// What came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Within the tolerance.
    Holds,
    /// Beyond the tolerance by no more than the statistical error.
    WithinError,
    /// Beyond both.
    Fails,
}

/// One figure against the reference.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Check {
    /// Which figure.
    pub figure: &'static str,
    /// Ours, mean over seeds.
    pub ours: f64,
    /// What it is held against.
    pub expected: f64,
    /// How `deviation`, `allowed` and `error` are counted.
    pub measure: Measure,
    /// Of ours from the expected.
    pub deviation: f64,
    /// Tolerance.
    pub allowed: f64,
    /// Three standard errors of the difference; 0 where no allowance is made for them.
    pub error: f64,
    /// The verdict.
    pub outcome: Outcome,
}

/// A figure and how it is judged, before it is.
#[derive(Clone, Copy, Debug)]
struct Criterion {
    figure: &'static str,
    measure: Measure,
    allowed: f64,
    /// In the unit of the figure.
    error: f64,
}

impl Criterion {
    fn judge(self, ours: f64, expected: f64) -> Check {
        let difference = ours - expected;
        let deviation = match self.measure {
            Measure::Relative => ours / expected - 1.0,
            Measure::Share | Measure::Millis | Measure::Calls => difference,
            Measure::Decades => libm::log10(ours / expected),
            Measure::AtLeast => difference.min(0.0),
            Measure::AtMost => (ours / expected - 1.0).max(0.0),
        };
        let error = match self.measure {
            Measure::Relative => self.error / expected,
            _ => self.error,
        };
        // A figure that is no number holds nowhere; `min` and `max` above would hide it.
        let beyond = if ours.is_nan() {
            f64::NAN
        } else {
            deviation.abs()
        };
        let outcome = if beyond <= self.allowed {
            Outcome::Holds
        } else if beyond <= self.allowed + error {
            Outcome::WithinError
        } else {
            Outcome::Fails
        };
        Check {
            figure: self.figure,
            ours,
            expected,
            measure: self.measure,
            deviation,
            allowed: self.allowed,
            error,
            outcome,
        }
    }
}

#[cfg(test)]
mod tests;
