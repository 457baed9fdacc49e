//! What a sweep has done so far: a line of JSON for each point.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::SweepError;
use crate::rows::Row;

/// Name of the file in the folder of a sweep.
pub const FILE: &str = "sweep.jsonl";

/// The result of one point.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Stands for scenario, seed and version.
    pub key: String,
    /// Version of the simulator.
    pub version: String,
    /// Name of the scenario.
    pub scenario: String,
    /// The keys that were set and their values.
    pub set: Vec<(String, Value)>,
    /// The seed.
    pub seed: u64,
    /// Names of the flows as written, of which with a `count` there are many.
    pub flows: Vec<String>,
    /// The figures of all arms.
    pub rows: Vec<Row>,
}

impl Record {
    /// The written name that the flow `name` comes from: `load` of `load3`.
    #[must_use]
    pub fn group<'a>(&'a self, name: &'a str) -> &'a str {
        let numbered = |written: &&String| {
            let rest = name.strip_prefix(written.as_str());
            rest.is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()))
        };
        let longest = self
            .flows
            .iter()
            .filter(numbered)
            .max_by_key(|flow| flow.len());
        longest.map_or(name, String::as_str)
    }
}

/// The records of a folder.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    /// In the order of the file.
    records: Vec<Record>,
    places: BTreeMap<String, usize>,
    torn: bool,
    file: Option<File>,
}

impl Store {
    /// Opens the store in `folder`, which is made if it is not there. A last line that was cut off
    /// is removed: its point will be run again.
    ///
    /// # Errors
    /// If the file cannot be read or written, or a line that is not the last is no record.
    pub fn open(folder: &Path) -> Result<Self, SweepError> {
        let path = folder.join(FILE);
        let at = |source| SweepError::File {
            path: path.clone(),
            source,
        };
        fs::create_dir_all(folder).map_err(at)?;
        let mut file = OpenOptions::new();
        let file = file.read(true).append(true).create(true).open(&path);
        let file = file.map_err(at)?;
        let mut store = Self::read(&path)?;
        if store.torn {
            let whole: u64 = whole_lines(&path).map_err(at)?;
            file.set_len(whole).map_err(at)?;
        }
        store.file = Some(file);
        Ok(store)
    }

    /// Reads the records at `path` and changes nothing.
    ///
    /// # Errors
    /// If the file cannot be read, or a line that is not the last is no record.
    pub fn read(path: &Path) -> Result<Self, SweepError> {
        let bytes = fs::read(path).map_err(|source| SweepError::File {
            path: path.to_owned(),
            source,
        })?;
        let mut store = Self {
            path: path.to_owned(),
            records: Vec::new(),
            places: BTreeMap::new(),
            torn: !bytes.is_empty() && !bytes.ends_with(b"\n"),
            file: None,
        };
        let end = bytes.iter().rposition(|byte| *byte == b'\n');
        let whole = end.map_or(&[][..], |end| &bytes[..end]);
        let lines = whole.split(|byte| *byte == b'\n');
        let lines = lines.filter(|line| !line.is_empty());
        let mut records = Vec::new();
        for (number, line) in (1..).zip(lines) {
            let record = serde_json::from_slice(line).map_err(|source| SweepError::Line {
                path: path.to_owned(),
                line: number,
                source,
            })?;
            records.push(record);
        }
        store.add(records);
        Ok(store)
    }

    /// Whether its last line was cut off.
    #[must_use]
    pub const fn was_torn(&self) -> bool {
        self.torn
    }

    /// All records, in the order of the file.
    #[must_use]
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// Whether there is a record with that key.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.places.contains_key(key)
    }

    /// The record with that key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Record> {
        self.records.get(*self.places.get(key)?)
    }

    pub(super) fn add(&mut self, records: Vec<Record>) {
        for record in records {
            self.places.insert(record.key.clone(), self.records.len());
            self.records.push(record);
        }
    }

    /// What appends to the file from many threads.
    pub(super) fn writer(&self) -> Writer<'_> {
        Writer {
            path: &self.path,
            file: Mutex::new(self.file.as_ref()),
        }
    }
}

/// Length of what ends in a line's end.
fn whole_lines(path: &Path) -> io::Result<u64> {
    let bytes = fs::read(path)?;
    let end = bytes.iter().rposition(|byte| *byte == b'\n');
    Ok(end.map_or(0, |end| end as u64 + 1))
}

/// Appends whole lines.
pub(super) struct Writer<'a> {
    path: &'a Path,
    file: Mutex<Option<&'a File>>,
}

impl Writer<'_> {
    pub(super) fn append(&self, record: &Record) -> Result<(), SweepError> {
        let mut line = serde_json::to_vec(record)?;
        line.push(b'\n');
        let file = self
            .file
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let Some(mut file) = *file else {
            return Ok(());
        };
        file.write_all(&line).map_err(|source| SweepError::File {
            path: self.path.to_owned(),
            source,
        })
    }
}
