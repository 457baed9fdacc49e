//! Many seeds at once.

use rayon::prelude::*;

use crate::scenario::{Arm, Scenario};
use crate::world::{BuildError, Options, Outcome, run};

/// Runs each of `arms` with each of `seeds`, on all processors. Outcomes come in the order of the
/// seeds, and for each seed of the arms, whichever ended first.
///
/// # Errors
/// As [`run`].
pub fn run_seeds(
    scenario: &Scenario,
    arms: &[&Arm],
    seeds: &[u64],
    options: &Options,
) -> Result<Vec<Outcome>, BuildError> {
    let runs: Vec<_> = seeds
        .iter()
        .flat_map(|seed| arms.iter().map(move |arm| (*arm, *seed)))
        .collect();
    runs.into_par_iter()
        .map(|(arm, seed)| run(scenario, arm, seed, options))
        .collect()
}
