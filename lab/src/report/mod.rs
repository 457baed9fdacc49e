//! What a run gave, and whether that is what the scenario asks for.

mod happened;
mod roams;

pub use rether_sim::verdict::{ArmReport, Verdict, figure};

use crate::error::{AtPath, Error};
use crate::scenario::Scenario;
use serde::{Deserialize, Serialize};
use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

/// The result of a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Report {
    /// The scenario as it was run.
    pub scenario: Scenario,
    /// One for each arm, in order.
    pub arms: Vec<ArmReport>,
    /// One for each check, in order.
    pub checks: Vec<Verdict>,
    /// Where the logs, captures and results are.
    pub folder: PathBuf,
    /// Wall time from power-on to power-off, in seconds.
    pub wall_seconds: f64,
    /// Package versions in the image.
    pub packages: Vec<String>,
}

impl Report {
    /// Reads the `report.json` that an earlier run left in `folder`.
    ///
    /// # Errors
    /// If it is not there or not a report.
    pub fn load(folder: &Path) -> Result<Self, Error> {
        let path = folder.join("report.json");
        let text = fs::read_to_string(&path).at(&path)?;
        let mut report: Self =
            serde_json::from_str(&text).map_err(|source| Error::Result { path, source })?;
        // The folder may have been moved since.
        folder.clone_into(&mut report.folder);
        Ok(report)
    }

    /// Whether every check holds.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.checks.iter().all(|check| check.passed)
    }

    /// The figure at `path` in the result of `arm`.
    ///
    /// # Errors
    /// A text that says what is there instead.
    pub fn figure(&self, arm: &str, path: &str) -> Result<f64, String> {
        let found = self.arms.iter().find(|report| report.name == arm);
        figure(
            &found
                .ok_or_else(|| format!("no arm is named `{arm}`"))?
                .result,
            path,
        )
    }

    /// Removes the logs and captures of each arm, leaving `result.json` and `report.json`.
    ///
    /// # Errors
    /// If a file cannot be removed.
    pub fn drop_logs(&self) -> Result<(), Error> {
        for arm in &self.arms {
            let logs = self.folder.join(&arm.name).join("logs");
            fs::remove_dir_all(&logs).at(&logs)?;
        }
        Ok(())
    }

    /// Reads what the guest left in `folder` and judges it.
    pub(crate) fn collect(
        scenario: &Scenario,
        folder: &Path,
        wall_seconds: f64,
        packages: &str,
    ) -> Result<Self, Error> {
        let mut arms = Vec::new();
        for arm in &scenario.arm {
            let path = folder.join(&arm.name).join("result.json");
            let text = fs::read_to_string(&path).at(&path)?;
            let result = serde_json::from_str(&text).map_err(|source| Error::Result {
                path: path.clone(),
                source,
            })?;
            arms.push(ArmReport {
                name: arm.name.clone(),
                result,
            });
        }
        // An event that could not be made to happen leaves nothing to judge the rest by.
        let happened = arms.iter().map(happened::all_happened);
        let checks = scenario
            .check
            .iter()
            .map(|check| rether_sim::verdict::judge(check, &arms));
        let checks = happened.chain(checks).collect();
        let report = Self {
            scenario: scenario.clone(),
            arms,
            checks,
            folder: folder.to_owned(),
            wall_seconds,
            packages: packages.lines().map(str::to_owned).collect(),
        };
        let path = folder.join("report.json");
        let text = serde_json::to_string_pretty(&report).map_err(|source| Error::Result {
            path: path.clone(),
            source,
        })?;
        fs::write(&path, text).at(&path)?;
        Ok(report)
    }
}

/// For people: how stations roamed, if they did; one line for each check that holds, and for each that does not what was expected,
/// what was seen and where to look.
impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(table) = roams::table(&self.arms) {
            writeln!(out, "{table}")?;
        }
        for check in &self.checks {
            writeln!(out, "{check}")?;
            if !check.passed {
                writeln!(out, "        logs:     {}", self.folder.display())?;
            }
        }
        let held = self.checks.iter().filter(|check| check.passed).count();
        write!(
            out,
            "{}: {held} of {} checks hold",
            self.scenario.name,
            self.checks.len()
        )
    }
}
