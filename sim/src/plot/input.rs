//! Files that plots are made of.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use serde::Deserialize;
use serde_json::Value;

use crate::sweep::{FILE, Record, Store, SweepError};
use crate::world::{CallDelays, Samples};

/// What a `result.json` of `rether-sim run` has that can be drawn.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ResultFile {
    /// Name of the scenario.
    pub scenario: String,
    /// Name of the arm.
    pub arm: String,
    /// The seed.
    pub seed: u64,
    /// The figures of flows.
    pub traffic: BTreeMap<String, Value>,
    /// Delays of calls, if they were kept.
    #[serde(default)]
    pub delays_us: BTreeMap<String, CallDelays>,
    /// Airtime over time, if it was noted.
    pub samples: Option<Samples>,
}

/// All that was found.
#[derive(Debug, Default)]
pub struct Input {
    /// Of `rether-sim run`, in the order of the paths.
    pub results: Vec<ResultFile>,
    /// Of `rether-sim sweep`.
    pub records: Vec<Record>,
}

/// A path that cannot be drawn.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// It cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is no result.
    #[error("{}: not a result of `rether-sim run`: {source}", path.display())]
    NoResult {
        /// Which.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// A sweep that cannot be read.
    #[error(transparent)]
    Sweep(#[from] SweepError),
    /// A folder without results.
    #[error("{}: neither a result.json nor a {FILE} in it; `rether-sim run --out` and `rether-sim sweep` write them", .0.display())]
    Nothing(PathBuf),
}

impl Input {
    /// Reads what is at `path`: a file of results or of a sweep, or a folder with such below it.
    ///
    /// # Errors
    /// If something there cannot be read, or there is nothing.
    pub fn add(&mut self, path: &Path) -> Result<(), InputError> {
        if !path.is_dir() {
            return self.add_file(path);
        }
        let mut files = Vec::new();
        find(path, &mut files)?;
        if files.is_empty() {
            return Err(InputError::Nothing(path.to_owned()));
        }
        files.iter().try_for_each(|file| self.add_file(file))
    }

    fn add_file(&mut self, path: &Path) -> Result<(), InputError> {
        if path
            .extension()
            .is_some_and(|extension| extension == "jsonl")
        {
            self.records.extend_from_slice(Store::read(path)?.records());
            return Ok(());
        }
        let text = fs::read_to_string(path).map_err(|source| InputError::Read {
            path: path.to_owned(),
            source,
        })?;
        let result = serde_json::from_str(&text).map_err(|source| InputError::NoResult {
            path: path.to_owned(),
            source,
        })?;
        self.results.push(result);
        Ok(())
    }
}

/// Files of the right names below `folder`, in the order of their names.
fn find(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), InputError> {
    let at = |source| InputError::Read {
        path: folder.to_owned(),
        source,
    };
    let entries: io::Result<Vec<_>> = fs::read_dir(folder).map_err(at)?.collect();
    let mut paths: Vec<_> = entries
        .map_err(at)?
        .iter()
        .map(fs::DirEntry::path)
        .collect();
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap_or_default();
        if path.is_dir() {
            find(&path, files)?;
        } else if name == "result.json" || name == FILE {
            files.push(path);
        }
    }
    Ok(())
}
