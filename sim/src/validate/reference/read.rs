//! From CSV files to rows.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::de::DeserializeOwned;

use super::{
    AnalyticRow, Reference, ReferenceError, SaturationRow, SpeedRow, VoiceRow, check::Finding,
};

/// The files of `sim/reference/ns3/`, by name.
const EMBEDDED: [(&str, &str); 7] = [
    (
        "saturation_public.csv",
        include_str!("../../../reference/ns3/saturation_public.csv"),
    ),
    (
        "sensitivity_saturation_public.csv",
        include_str!("../../../reference/ns3/sensitivity_saturation_public.csv"),
    ),
    (
        "voip_capacity_public.csv",
        include_str!("../../../reference/ns3/voip_capacity_public.csv"),
    ),
    (
        "voip_background_public.csv",
        include_str!("../../../reference/ns3/voip_background_public.csv"),
    ),
    (
        "sensitivity_voip_public.csv",
        include_str!("../../../reference/ns3/sensitivity_voip_public.csv"),
    ),
    (
        "analytic_public.csv",
        include_str!("../../../reference/ns3/analytic_public.csv"),
    ),
    (
        "speed.csv",
        include_str!("../../../reference/ns3/speed.csv"),
    ),
];

impl Reference {
    /// The public files that come with this crate.
    ///
    /// # Errors
    /// Never, as long as the crate's own files are in order; a test sees to that.
    pub fn embedded() -> Result<Self, ReferenceError> {
        let mut reference = Self::default();
        for (file, text) in EMBEDDED {
            reference.add(file, file, text)?;
        }
        Ok(reference)
    }

    /// All CSV files of `folder`, which have the columns of the public ones. What is in a file is
    /// told by how its name begins.
    ///
    /// # Errors
    /// If there is none, or one cannot be read, has another name or another content.
    pub fn load(folder: &Path) -> Result<Self, ReferenceError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| ReferenceError::Read { path, source }
        };
        let mut paths: Vec<PathBuf> = Vec::new();
        for entry in fs::read_dir(folder).map_err(failed(folder))? {
            let path = entry.map_err(failed(folder))?.path();
            if path.extension().is_some_and(|extension| extension == "csv") {
                paths.push(path);
            }
        }
        if paths.is_empty() {
            return Err(ReferenceError::Empty(folder.to_owned()));
        }
        // As in the embedded one: saturation before its sensitivities.
        paths.sort();
        let mut reference = Self::default();
        for path in paths {
            let text = fs::read_to_string(&path).map_err(failed(&path))?;
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            reference.add(&name, &path.display().to_string(), &text)?;
        }
        Ok(reference)
    }

    /// The rows of both; `other`'s come last. Knees of capacity are judged over the rows of both.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.saturation.extend(other.saturation);
        self.voice.extend(other.voice);
        self.speed.extend(other.speed);
        self.analytic.extend(other.analytic);
        self
    }

    /// Adds the rows of a file called `name`; errors call it `file`.
    fn add(&mut self, name: &str, file: &str, text: &str) -> Result<(), ReferenceError> {
        // Longer prefixes first.
        if name.starts_with("analytic_voip") {
            // A model's figures beside ns-3's, which are in the voice files.
        } else if name.starts_with("analytic") {
            self.analytic.extend(rows(file, text, AnalyticRow::check)?);
        } else if name.starts_with("saturation") || name.starts_with("sensitivity_saturation") {
            self.saturation
                .extend(rows(file, text, SaturationRow::check)?);
        } else if name.starts_with("voip_") || name.starts_with("sensitivity_voip") {
            self.voice.extend(rows(file, text, VoiceRow::check)?);
        } else if name.starts_with("speed") {
            self.speed.extend(rows(file, text, SpeedRow::check)?);
        } else {
            let file = file.to_owned();
            return Err(ReferenceError::Kind { file });
        }
        Ok(())
    }
}

fn rows<T: DeserializeOwned>(
    file: &str,
    text: &str,
    check: fn(&T) -> Finding,
) -> Result<Vec<T>, ReferenceError> {
    let mut reader = csv::ReaderBuilder::new().from_reader(text.as_bytes());
    let failed = |line: u64, error: &csv::Error| ReferenceError::Row {
        file: file.to_owned(),
        line,
        said: said(error),
    };
    let headers = reader.headers().map_err(|error| failed(1, &error))?.clone();
    let mut rows = Vec::new();
    let mut record = csv::StringRecord::new();
    loop {
        let line = line_of(text, reader.position());
        match reader.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => return Ok(rows),
            Err(error) => return Err(failed(line, &error)),
        }
        let row: T = record
            .deserialize(Some(&headers))
            .map_err(|error| failed(line, &error))?;
        if let Some((column, why)) = check(&row) {
            return Err(ReferenceError::Value {
                file: file.to_owned(),
                line,
                column,
                why,
            });
        }
        rows.push(row);
    }
}

/// The line, from 1, of the next record after `position`. The reader's own count stands before
/// the line feed of a CR LF, and before empty lines.
fn line_of(text: &str, position: &csv::Position) -> u64 {
    let read = usize::try_from(position.byte()).unwrap_or(usize::MAX);
    let rest = text.get(read..).unwrap_or_default();
    let next = text.len() - rest.trim_start_matches(['\r', '\n']).len();
    let before = text.bytes().take(next);
    1 + before.map(|byte| u64::from(byte == b'\n')).sum::<u64>()
}

/// What is wrong, without the place, which the error around it says.
fn said(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::Deserialize { err, .. } => err.to_string(),
        csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => format!("{len} fields under {expected_len} headers"),
        _ => error.to_string(),
    }
}
