//! What can go wrong with a sweep.

use std::io;
use std::path::PathBuf;

use crate::scenario::ScenarioError;
use crate::world::BuildError;

/// Why a sweep cannot be made. Its text says what to write instead.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// Not of the form `PATH=VALUE,VALUE`.
    #[error("`{text}`: {why}; write PATH=VALUE,VALUE such as station.s.count=1,2,5")]
    Setting {
        /// What was given.
        text: String,
        /// What is wrong.
        why: String,
    },
    /// The same key twice.
    #[error("`{0}` is set twice; give all its values at once, separated by commas")]
    Twice(String),
    /// No setting, or no seed.
    #[error("nothing to sweep over: give at least one {0}")]
    Empty(&'static str),
    /// A part of a path names nothing.
    #[error("{path}: {what} `{part}`; {}{}", there_are(known), did_you_mean(hint.as_deref()))]
    Unknown {
        /// The whole path.
        path: String,
        /// Such as "no station is named".
        what: String,
        /// The part.
        part: String,
        /// What there is.
        known: Vec<String>,
        /// What was probably meant.
        hint: Option<String>,
    },
    /// A path that leads to no key.
    #[error("{path}: {why}")]
    Path {
        /// The whole path.
        path: String,
        /// What is wrong.
        why: String,
    },
    /// The scenario itself, before anything was set.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// No arm of that name.
    #[error("no arm is named `{name}`; there are: {known}")]
    Arm {
        /// The name.
        name: String,
        /// What there is.
        known: String,
    },
    /// A combination of values that is no scenario.
    #[error("with {set}: {why}")]
    Point {
        /// The values.
        set: String,
        /// What is wrong.
        why: String,
    },
    /// A combination of values that cannot be simulated.
    #[error("with {set}: {source}")]
    Build {
        /// The values.
        set: String,
        /// Why.
        source: BuildError,
    },
    /// A file of the sweep.
    #[error("cannot read or write {}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A line of the store in the middle is no record.
    #[error("{}:{line}: not a result of a sweep: {source}; remove the line, or start anew", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// Something has no form as JSON.
    #[error("not to be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// The table could not be written.
    #[error("cannot write CSV: {0}")]
    Csv(#[from] csv::Error),
}

fn there_are(known: &[String]) -> String {
    if known.is_empty() {
        "there is none".to_owned()
    } else {
        format!("there are: {}", known.join(", "))
    }
}

fn did_you_mean(hint: Option<&str>) -> String {
    hint.map_or_else(String::new, |hint| format!("; did you mean `{hint}`?"))
}
