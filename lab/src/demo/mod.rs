//! The main job: a call in a loaded cell and on a walk, with Rether and without, as tables and a
//! report file.
//!
//! The scenarios are in the program, so that it runs from any folder. [`Demo::of`] and what
//! follows it work on results alone; a report can be made again without a run.

mod airtime;
mod delivered;
mod flows;
mod html;
mod notes;
mod page;
mod plots;
mod promise;
mod summary;
mod terminal;
pub mod walk;

pub use airtime::Airtime;
pub use delivered::{Delivered, Flow};
pub use flows::PromisedWay;
pub use summary::{Delay, Row, Summary};
pub use walk::Walk;

use crate::{
    error::{AtPath, Error},
    report::Report,
    scenario::{Scenario, ScenarioError},
};
use serde::Serialize;
use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

/// The cells of the demo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell {
    /// 802.11a at 54 Mbit/s, the access point a bridge.
    A,
    /// 802.11b at 11 Mbit/s, the access point a router.
    B,
}

impl Cell {
    /// Its scenario.
    ///
    /// # Errors
    /// Never for a program that passed its tests.
    pub fn scenario(self) -> Result<Scenario, ScenarioError> {
        let (origin, text) = match self {
            Self::A => (
                "first-light-11a.toml",
                include_str!("../../scenarios/first-light-11a.toml"),
            ),
            Self::B => (
                "first-light-11b.toml",
                include_str!("../../scenarios/first-light-11b.toml"),
            ),
        };
        Scenario::parse(text, origin)
    }
}

/// Why there is no report file.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// A file could not be written.
    #[error(transparent)]
    File(#[from] Error),
    /// A chart could not be drawn.
    #[error("cannot draw a chart: {0}")]
    Plot(#[from] plotters::drawing::DrawingAreaErrorKind<std::io::Error>),
}

/// What all cells promised and delivered, and the walk.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Demo {
    /// One for each cell.
    pub cells: Vec<Summary>,
    /// The walk, if it was run.
    pub walk: Option<Walk>,
    /// Package files in the machine.
    pub packages: Vec<String>,
}

impl Demo {
    /// Sums up the reports of the `cells` and of the `walk`.
    #[must_use]
    pub fn of(cells: &[Report], walk: Option<&Report>) -> Self {
        Self {
            cells: cells.iter().map(Summary::of).collect(),
            walk: walk.map(Walk::of),
            packages: cells
                .first()
                .or(walk)
                .map(|report| report.packages.clone())
                .unwrap_or_default(),
        }
    }

    /// Whether every check holds.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.cells.iter().all(Summary::passed) && self.walk.iter().all(Walk::passed)
    }

    /// Writes the page into `folder`, which holds the results, and returns its path.
    ///
    /// # Errors
    /// If it cannot be made or written.
    pub fn write_page(&self, folder: &Path) -> Result<PathBuf, Fault> {
        let path = folder.join("index.html");
        fs::write(&path, page::page(self)?).at(&path)?;
        Ok(path)
    }

    /// Writes the same as JSON into `folder`, and returns its path.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write_json(&self, folder: &Path) -> Result<PathBuf, Error> {
        let path = folder.join("demo.json");
        let text = serde_json::to_string_pretty(self).map_err(|source| Error::Result {
            path: path.clone(),
            source,
        })?;
        fs::write(&path, text).at(&path)?;
        Ok(path)
    }
}

/// The tables, what does not hold, and what to know about it.
impl fmt::Display for Demo {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.cells.is_empty() {
            writeln!(out, "{}\n", terminal::table(&self.cells))?;
            writeln!(out, "{}\n", terminal::promises(&self.cells))?;
        }
        if let Some(walk) = &self.walk {
            writeln!(out, "{}\n", walk::table(walk))?;
        }
        for cell in &self.cells {
            judged(
                out,
                &cell.name,
                &cell.checks,
                [cell.virtual_seconds, cell.wall_seconds],
            )?;
        }
        if let Some(walk) = &self.walk {
            let seconds = [walk.virtual_seconds, walk.wall_seconds];
            judged(out, &walk.name, &walk.checks, seconds)?;
        }
        writeln!(out, "\n{}\n", wrapped(notes::MEDIUM))?;
        if !self.cells.is_empty() {
            writeln!(out, "{}\n", wrapped(notes::DELAY))?;
            writeln!(out, "{}\n", wrapped(notes::PROMISES))?;
        }
        if self.walk.is_some() {
            writeln!(out, "{}\n", wrapped(notes::WALK))?;
        }
        writeln!(out, "{}\n", wrapped(notes::CLOCK))?;
        write!(
            out,
            "{}",
            wrapped(&format!("Versions: {}.", notes::versions(self).join(", ")))
        )
    }
}

/// What does not hold of the scenario `name`, how much does, and how long it took: virtual and wall
/// seconds.
fn judged(
    out: &mut fmt::Formatter<'_>,
    name: &str,
    checks: &[(String, String, bool)],
    [of_clock, wall]: [f64; 2],
) -> fmt::Result {
    for (expected, seen, passed) in checks {
        if !passed {
            writeln!(out, "FAILED  {name}: expected: {expected}")?;
            writeln!(out, "        seen: {seen}")?;
        }
    }
    writeln!(
        out,
        "{name}: {} of {} checks hold; {of_clock:.1} s of virtual time measured, in {wall:.0} s",
        checks.iter().filter(|check| check.2).count(),
        checks.len(),
    )
}

/// `text` in lines of at most 100 characters where its words allow it.
fn wrapped(text: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.len() + word.len() < 100 => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::{Cell, walk, wrapped};
    use crate::demo::summary::{WITH, WITHOUT};

    #[test]
    fn the_scenarios_have_the_arms_that_the_report_shows() {
        let cells = [Cell::A, Cell::B].map(|cell| cell.scenario().unwrap());
        for scenario in cells.into_iter().chain([walk::scenario().unwrap()]) {
            let arms: Vec<_> = scenario
                .arm
                .iter()
                .map(|arm| (arm.name.as_str(), arm.daemons))
                .collect();
            assert_eq!(arms, [(WITH, true), (WITHOUT, false)]);
        }
    }

    #[test]
    fn notes_are_wrapped_at_words() {
        let text = wrapped(&"word ".repeat(50));
        assert!(text.lines().all(|line| line.len() <= 100));
        assert_eq!(text.split_whitespace().count(), 50);
        assert_eq!(wrapped(&"x".repeat(120)).lines().count(), 1);
    }
}
