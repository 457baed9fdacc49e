//! A sweep as CSV in long format: one row a figure.

use std::io::Write;

use serde_json::Value;

use super::{Record, SweepError};
use crate::rows::Subject;

/// Writes every figure of `records` as a row: the values of `parameters`, seed, arm, name of the
/// flow or radio, name as written, way or `radio`, figure, unit, value.
///
/// # Errors
/// If `out` cannot be written to.
pub fn write_long_csv(
    parameters: &[String],
    records: &[Record],
    out: impl Write,
) -> Result<(), SweepError> {
    let mut table = csv::Writer::from_writer(out);
    let fixed = [
        "seed", "arm", "name", "group", "what", "figure", "unit", "value",
    ];
    let names = parameters.iter().map(String::as_str);
    table.write_record(names.chain(fixed))?;
    for record in records {
        let values = parameters.iter().map(|path| {
            let found = record.set.iter().find(|(other, _)| other == path);
            found.map_or_else(String::new, |(_, value)| plain(value))
        });
        let values: Vec<String> = values.collect();
        for row in &record.rows {
            let group = match row.subject {
                Subject::Radio => row.name.as_str(),
                _ => record.group(&row.name),
            };
            for (figure, value) in &row.figures {
                let (seed, value) = (record.seed.to_string(), value.to_string());
                let fixed = [
                    seed.as_str(),
                    &row.arm,
                    &row.name,
                    group,
                    row.subject.name(),
                    figure.name(),
                    figure.unit(),
                    &value,
                ];
                table.write_record(values.iter().map(String::as_str).chain(fixed))?;
            }
        }
    }
    table.flush().map_err(csv::Error::from)?;
    Ok(())
}

/// A text without its quotes.
pub(crate) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
