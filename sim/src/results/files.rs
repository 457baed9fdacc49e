//! `result.json` and `checks.json`.

use std::path::{Path, PathBuf};
use std::{fs, io};

use serde::Serialize;

use crate::verdict::Verdicts;
use crate::world::Outcome;

/// A result could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ResultError {
    /// The file or its folder.
    #[error("cannot write {}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It has no form as JSON.
    #[error("cannot write {} as JSON: {source}", path.display())]
    Json {
        /// Which.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
}

/// Writes the outcomes of one seed and the verdicts on them into `folder`: `ARM/result.json`, as
/// the lab does, and `checks.json`.
///
/// # Errors
/// If a file cannot be written.
pub fn write(folder: &Path, outcomes: &[&Outcome], verdicts: &Verdicts) -> Result<(), ResultError> {
    for outcome in outcomes {
        let arm = folder.join(&outcome.arm);
        fs::create_dir_all(&arm).map_err(|source| ResultError::File {
            path: arm.clone(),
            source,
        })?;
        save(&arm.join("result.json"), outcome)?;
    }
    save(&folder.join("checks.json"), &verdicts.verdicts)
}

fn save(path: &Path, content: &impl Serialize) -> Result<(), ResultError> {
    let text = serde_json::to_string_pretty(content).map_err(|source| ResultError::Json {
        path: path.to_owned(),
        source,
    })?;
    fs::write(path, text + "\n").map_err(|source| ResultError::File {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::run_seeds;
    use crate::scenario::Scenario;
    use crate::verdict::{figure, judge_outcomes};
    use crate::world::Options;

    const CELL: &str = r#"
name = "cell"
settle = "0ms"

[medium]
kind = "air"

[[ap]]
name = "ap"
phy = "11a"

[[station]]
name = "s"
ap = "ap"

[[traffic]]
name = "load"
kind = "udp"
from = "s"
to = "wire"
duration = "1s"
"#;

    #[test]
    fn results_have_the_paths_of_the_lab_and_repeat_byte_for_byte() {
        let scenario = Scenario::parse(CELL, "cell.toml").unwrap();
        let arms: Vec<_> = scenario.arm.iter().collect();
        let folder = tempfile::tempdir().unwrap();
        let mut texts = Vec::new();
        for _ in 0..2 {
            let options = Options::default();
            let outcomes = run_seeds(&scenario, &arms, &[3, 1], &options).unwrap();
            assert_eq!((outcomes[0].seed, outcomes[1].seed), (3, 1));
            let first = [&outcomes[0]];
            let verdicts = judge_outcomes(&scenario, &first).unwrap();
            write(folder.path(), &first, &verdicts).unwrap();
            texts.push(fs::read_to_string(folder.path().join("main/result.json")).unwrap());
        }
        assert_eq!(texts[0], texts[1]);
        let result = serde_json::from_str(&texts[0]).unwrap();
        assert!(figure(&result, "traffic.load.goodput-bps").unwrap() > 1e6);
        assert!(figure(&result, "status.ap.cell.stats.tokens").is_ok());
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let scenario = Scenario::parse(CELL, "cell.toml").unwrap();
        let arms: Vec<_> = scenario.arm.iter().collect();
        let outcomes = run_seeds(&scenario, &arms, &[1], &Options::default()).unwrap();
        let verdicts = judge_outcomes(&scenario, &[]).unwrap();
        let error = write(&file, &[&outcomes[0]], &verdicts).unwrap_err();
        assert!(error.to_string().contains("file/main"), "{error}");
    }
}
