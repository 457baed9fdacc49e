//! Means over seeds, and how far off they may be by chance.

use serde::Serialize;

/// How many standard errors are allowed for: three are exceeded by chance once in 370 checks.
const ERRORS: f64 = 3.0;

/// A figure of several runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Series {
    /// Mean over the runs.
    pub mean: f64,
    /// Standard deviation over the runs; 0 if there was one.
    pub sd: f64,
}

impl Series {
    /// Of these runs, summed in their order.
    pub(crate) fn of(runs: impl Iterator<Item = f64> + Clone) -> Self {
        let (count, sum) = runs
            .clone()
            .fold((0.0, 0.0), |(count, sum), run| (count + 1.0, sum + run));
        if count < 1.0 {
            return Self::default();
        }
        let mean = sum / count;
        let squares = runs.fold(0.0, |sum, run| sum + (run - mean) * (run - mean));
        let sd = if count > 1.0 {
            libm::sqrt(squares / (count - 1.0))
        } else {
            0.0
        };
        Self { mean, sd }
    }
}

/// How a figure was sampled.
#[derive(Clone, Copy, Debug)]
pub(in crate::validate) struct Sample {
    /// Standard deviation over the runs.
    pub(in crate::validate) sd: f64,
    /// Runs.
    pub(in crate::validate) runs: f64,
    /// What the variance of one run falls with: its simulated time, or 1 if a longer run is no
    /// better, as with calls, whose phases are drawn once.
    pub(in crate::validate) weight: f64,
}

impl Sample {
    fn variance(&self) -> f64 {
        self.sd * self.sd * self.weight
    }
}

/// Runs of calls, whose phases are drawn once a run, so that a longer run has no smaller error.
pub(super) fn of_calls(sd: f64, seeds: u32) -> Sample {
    Sample {
        sd,
        runs: f64::from(seeds),
        weight: 1.0,
    }
}

/// Three standard errors of `ours` minus `reference`, or of ours alone if the reference is exact.
/// Both are samples of the same thing, and a deviation over two or three runs is easily too small,
/// so that the larger of both is taken for either.
pub(super) fn three_errors(ours: &Sample, reference: &Sample, exact: bool) -> f64 {
    let variance = ours.variance().max(reference.variance());
    let of_mean = |sample: &Sample| variance / (sample.runs * sample.weight).max(f64::MIN_POSITIVE);
    let theirs = if exact { 0.0 } else { of_mean(reference) };
    ERRORS * libm::sqrt(of_mean(ours) + theirs)
}
