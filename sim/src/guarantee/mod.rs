//! The guarantees: what Rether must reach, measured beside plain 802.11 from the same seeds.
//!
//! Each bar makes scenarios as text, runs their arms and judges figures. Where a bar is not
//! reached that is said, with the figure; where arithmetic says what the air allows, that stands
//! beside it.

mod bar;
mod cell;
mod fairness;
mod finding;
mod free;
mod hostile;
mod limit;
mod load;
mod many;
mod markdown;
mod mixed;
mod page;
mod rate_fall;
mod reserved;
mod saturation;
mod trial;
mod voice;

pub use bar::Bar;
pub use finding::{Finding, Must, Verdict, number, number_or_nothing};

use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;
use serde::Serialize;

use crate::world::BuildError;
use finding::At;

/// How much is run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Effort {
    /// Fewer points, and of the capacity of calls only what must be reached.
    pub quick: bool,
    /// Seeds of each point: 1 to this.
    pub seeds: u64,
    /// What counts of a run, in seconds of virtual time.
    pub seconds: u32,
}

impl Effort {
    /// What continuous integration runs.
    pub const QUICK: Self = Self {
        quick: true,
        seeds: 1,
        seconds: 4,
    };
    /// All points.
    pub const FULL: Self = Self {
        quick: false,
        seeds: 3,
        seconds: 10,
    };
}

/// A point of a bar.
struct Task {
    at: At,
    /// The scenario; none if the point tries many.
    text: Option<String>,
    work: Box<Work>,
}

type Work = dyn Fn(&At, &Effort) -> Result<Vec<Finding>, BuildError> + Send + Sync;

/// A scenario that a point runs.
#[derive(Clone, Debug)]
pub struct Written {
    /// What its file is called, without ending.
    pub name: String,
    /// The file.
    pub text: String,
}

/// All that was found.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Guarantees {
    /// How much was run.
    pub effort: Effort,
    /// In the order of the bars.
    pub findings: Vec<Finding>,
    /// The arithmetic behind the limits, by bar.
    pub terms: Vec<(Bar, Vec<String>)>,
    /// What was run.
    #[serde(skip)]
    pub scenarios: Vec<Written>,
}

/// Runs the points of `bars` side by side on all processors; `progress` is told of each that is
/// done, with how many are and how many there are.
///
/// # Errors
/// None with the scenarios that this module makes.
pub fn guarantees(
    bars: &[Bar],
    effort: &Effort,
    progress: &(dyn Fn(usize, usize, &[Finding]) + Sync),
) -> Result<Guarantees, BuildError> {
    let tasks: Vec<Task> = bars.iter().flat_map(|bar| tasks(*bar, effort)).collect();
    let done = AtomicUsize::new(0);
    let found: Result<Vec<Vec<Finding>>, BuildError> = tasks
        .par_iter()
        // One at a time: points of a bar cost very differently.
        .with_max_len(1)
        .map(|task| {
            let findings = (task.work)(&task.at, effort)?;
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            progress(done, tasks.len(), &findings);
            Ok(findings)
        })
        .collect();
    let scenarios = tasks.iter().filter_map(|task| {
        let name = format!(
            "{} {} {}",
            task.at.bar.name(),
            task.at.series,
            task.at.point
        );
        Some(Written {
            name: slug(&name),
            text: task.text.clone()?,
        })
    });
    let terms = bars.iter().map(|bar| (*bar, terms(*bar)));
    Ok(Guarantees {
        effort: effort.clone(),
        findings: found?.into_iter().flatten().collect(),
        terms: terms.filter(|(_, terms)| !terms.is_empty()).collect(),
        scenarios: scenarios.collect(),
    })
}

/// Of the characters a-z, 0-9 and -.
fn slug(name: &str) -> String {
    let name = name.to_lowercase();
    let parts = name.split(|c: char| !c.is_ascii_alphanumeric());
    let parts: Vec<_> = parts.filter(|part| !part.is_empty()).collect();
    parts.join("-")
}

fn tasks(bar: Bar, effort: &Effort) -> Vec<Task> {
    match bar {
        Bar::G1 | Bar::G1d => saturation::tasks(bar, effort),
        Bar::G2 => voice::tasks(),
        Bar::G3 => load::tasks(effort),
        Bar::G4 => fairness::slow(effort),
        Bar::G5 => fairness::both_ways(effort),
        Bar::G6 => reserved::tasks(effort),
        Bar::G7 => rate_fall::tasks(effort),
        Bar::G8 => mixed::tasks(effort),
        Bar::G9 => many::tasks(effort),
        Bar::G10 => free::tasks(effort),
        Bar::Hostile => hostile::tasks(effort),
    }
}

fn terms(bar: Bar) -> Vec<String> {
    use cell::CELLS;
    let of = |wanted: bool, limit: fn(cell::Cell) -> limit::Limit| {
        let cells = CELLS.iter().filter(|cell| cell.wmm() == wanted);
        cells.map(|cell| limit(*cell).terms).collect()
    };
    match bar {
        Bar::G1 => of(true, limit::burst),
        Bar::G1d => of(false, limit::alone),
        Bar::G2 => of(false, limit::calls),
        _ => Vec::new(),
    }
}

impl Guarantees {
    /// The bars that have findings, each with them.
    #[must_use]
    pub fn by_bar(&self) -> Vec<(Bar, Vec<&Finding>)> {
        let of = |bar: Bar| -> Vec<&Finding> {
            let findings = self.findings.iter();
            findings.filter(|finding| finding.bar == bar).collect()
        };
        let all = Bar::ALL.into_iter().map(|bar| (bar, of(bar)));
        all.filter(|(_, findings)| !findings.is_empty()).collect()
    }

    /// Whether every bar is reached.
    #[must_use]
    pub fn passed(&self) -> bool {
        let mut findings = self.findings.iter();
        findings.all(|finding| finding.verdict() != Verdict::Short)
    }
}

/// How many of these figures are judged, how many of them fall short, and the worst of them.
#[must_use]
pub fn tally<'a>(findings: &[&'a Finding]) -> (usize, usize, Option<&'a Finding>) {
    let judged = findings.iter().filter(|finding| finding.must.is_some());
    let short = judged
        .clone()
        .filter(|finding| finding.verdict() == Verdict::Short);
    let worst = judged
        .clone()
        .min_by(|one, other| one.margin().total_cmp(&other.margin()));
    (judged.count(), short.count(), worst.copied())
}

/// A finding in one line.
#[must_use]
pub fn sentence(finding: &Finding) -> String {
    let unit = if finding.unit.is_empty() {
        String::new()
    } else {
        format!(" {}", finding.unit)
    };
    let rether = finding
        .rether
        .map_or_else(|| "refused".to_owned(), |value| number(value) + &unit);
    let must = finding
        .must
        .map_or_else(String::new, |must| format!(" (must be {must})"));
    let plain = finding.plain.map_or_else(String::new, |plain| {
        format!(", without Rether {}{unit}", number(plain))
    });
    format!(
        "{}, {}: {} {rether}{must}{plain}",
        finding.series, finding.point, finding.figure
    )
}

#[cfg(test)]
mod tests;
