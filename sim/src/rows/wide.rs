//! Flows as CSV: one row a flow and way.

use std::io::Write;

use super::{Figure, Subject, rows};
use crate::world::Outcome;

/// CSV could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write CSV: {0}")]
pub struct CsvError(#[from] csv::Error);

/// The figures of flows; those of radios have no row.
fn columns() -> impl Iterator<Item = Figure> {
    let of_radios = [Figure::CollisionProbability, Figure::AirtimeShare];
    Figure::ALL
        .into_iter()
        .filter(move |figure| !of_radios.contains(figure))
}

/// Writes the flows of `outcomes` as CSV with a header that names units: one row for each run, arm,
/// flow and way. A figure that a flow does not have is empty.
///
/// # Errors
/// If `out` cannot be written to.
pub fn write_csv(outcomes: &[Outcome], out: impl Write) -> Result<(), CsvError> {
    let mut table = csv::Writer::from_writer(out);
    let fixed = ["scenario", "arm", "seed", "flow", "way"].map(str::to_owned);
    let named = columns().map(|figure| format!("{} ({})", figure.name(), figure.unit()));
    table.write_record(fixed.into_iter().chain(named))?;
    for outcome in outcomes {
        let flows = rows(outcome);
        for row in flows.iter().filter(|row| row.subject != Subject::Radio) {
            let (seed, way) = (outcome.seed.to_string(), row.subject.name().to_owned());
            let fixed = [
                outcome.scenario.clone(),
                row.arm.clone(),
                seed,
                row.name.clone(),
                way,
            ];
            let values = columns().map(|figure| {
                let value = row.figures.get(&figure);
                value.map_or_else(String::new, f64::to_string)
            });
            table.write_record(fixed.into_iter().chain(values))?;
        }
    }
    table.flush().map_err(csv::Error::from)?;
    Ok(())
}
