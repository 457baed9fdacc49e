//! The acceptance rows: what each must show, what was seen, and whether that is enough.

mod air;
mod commands;
mod first_light;
mod frames;
mod guarantees;
mod inputs;
mod roam;
mod scenario;
mod sim;

use std::path::PathBuf;

use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;

/// One row: a claim of the project, and the program that tries it.
pub struct Row {
    /// The group it belongs to, named as the work that promised it.
    pub group: &'static str,
    /// Its own name.
    pub name: &'static str,
    /// What must be seen, for people.
    pub required: &'static str,
    /// Whether the shortened form runs it too. Those that it leaves out are bound by wall time.
    pub quick: bool,
    run: fn(&Context) -> anyhow::Result<Seen>,
}

/// Where and how rows are run.
#[derive(Clone, Debug)]
pub struct Context {
    /// The checkout.
    pub root: PathBuf,
    /// Where results and logs go.
    pub out: PathBuf,
    /// The folder of the built programs.
    pub bin_dir: PathBuf,
    /// The shortened form.
    pub quick: bool,
}

/// What a row saw.
#[derive(Clone, Debug, Serialize)]
pub struct Seen {
    /// The figures, for people.
    pub text: String,
    /// Whether they are what the row requires.
    pub passed: bool,
}

/// A row that was run.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// See [`Row`].
    pub group: &'static str,
    /// See [`Row`].
    pub row: &'static str,
    /// See [`Row`].
    pub required: &'static str,
    /// What was seen, or why nothing could be.
    pub seen: String,
    /// A row that could not be measured has fallen short.
    pub passed: bool,
}

/// Every row, in the order of the groups.
#[must_use]
pub fn rows() -> Vec<Row> {
    let mut rows = first_light::rows();
    rows.extend(sim::rows());
    rows.extend(air::rows());
    rows.extend(guarantees::rows());
    rows.extend(roam::rows());
    rows
}

impl Row {
    /// Runs it. A failure to measure is an outcome too.
    #[must_use]
    pub fn measure(&self, context: &Context) -> Outcome {
        let seen = (self.run)(context).unwrap_or_else(|error| Seen {
            text: format!("could not be measured: {error:#}"),
            passed: false,
        });
        Outcome {
            group: self.group,
            row: self.name,
            required: self.required,
            seen: seen.text,
            passed: seen.passed,
        }
    }
}

/// Columns of the table.
const WIDTH: u16 = 120;

/// The outcomes as a table for people.
#[must_use]
pub fn table(outcomes: &[Outcome]) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(WIDTH);
    table.set_header(["row", "required", "seen", ""]);
    for outcome in outcomes {
        let verdict = if outcome.passed { "pass" } else { "FAIL" };
        table.add_row([outcome.row, outcome.required, &outcome.seen, verdict]);
    }
    table.to_string()
}
