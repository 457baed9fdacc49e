//! The walk: a call whose caller goes from one access point to the next, with Rether and without.

mod draw;
mod line;
mod page;
mod terminal;

pub use line::{Line, Packet, Pen, Phase};

pub(super) use page::section;
pub(super) use terminal::table;

use super::summary::{WITH, WITHOUT, arms, told};
use crate::{
    report::Report,
    scenario::{Scenario, ScenarioError, TrafficKind},
};
use serde::Serialize;

/// The scenario of the walk.
///
/// # Errors
/// Never for a program that passed its tests.
pub fn scenario() -> Result<Scenario, ScenarioError> {
    let text = include_str!("../../../scenarios/walk.toml");
    Scenario::parse(text, "walk.toml")
}

/// What the walk did to one way of the call; nothing where there is no report of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Way {
    /// Packets sent.
    pub sent: Option<f64>,
    /// Packets that never arrived.
    pub lost: Option<f64>,
    /// Further copies of packets that arrived.
    pub doubled: Option<f64>,
    /// The longest time between two arrivals, in ms; of a call without a roam it is 20.
    pub gap_ms: Option<f64>,
    /// Mean opinion score of the worst window of 5 s, 1 to 4.5.
    pub mos: Option<f64>,
}

/// What the walk did in one arm.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Arm {
    /// With the daemons.
    pub rether: bool,
    /// How many times the caller changed its access point, or was told to.
    pub roams: Option<f64>,
    /// How many of these did not succeed.
    pub failed: Option<f64>,
    /// From the caller.
    pub up: Way,
    /// To the caller.
    pub down: Way,
}

/// The walk, taken out of a report.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Walk {
    /// Name of the scenario, and of the folder of its results.
    pub name: String,
    /// What was run.
    pub title: String,
    /// With the daemons, then without.
    pub arms: Vec<Arm>,
    /// The first roam, in both arms. Nothing if the results do not tell one that succeeded in both.
    pub pictured: Option<[Line; 2]>,
    /// Time measured, both arms, in virtual seconds.
    pub virtual_seconds: f64,
    /// Time it took, in seconds.
    pub wall_seconds: f64,
    /// Every check as it was expected, what was seen, and whether it holds.
    pub checks: Vec<(String, String, bool)>,
}

impl Walk {
    /// Takes the figures out of `report`.
    #[must_use]
    pub fn of(report: &Report) -> Self {
        let scenario = &report.scenario;
        let call = scenario
            .traffic
            .iter()
            .find(|flow| flow.kind == TrafficKind::Voice);
        let name = call.map_or("", |call| &call.name);
        Self {
            name: scenario.name.clone(),
            title: scenario.title.clone(),
            arms: arms().map(|arm| Arm::of(report, arm, name)).collect(),
            pictured: pictured(report, name),
            virtual_seconds: arms()
                .filter_map(|arm| report.figure(arm, "clock-seconds").ok())
                .sum(),
            wall_seconds: report.wall_seconds,
            checks: report.checks.iter().map(told).collect(),
        }
    }

    /// Whether every check holds.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.checks.iter().all(|check| check.2)
    }
}

impl Arm {
    fn of(report: &Report, arm: &str, call: &str) -> Self {
        let figure = |path: &str| report.figure(arm, path).ok();
        let way = |way: &str| {
            let figure = |of: &str| figure(&format!("traffic.{call}.calls.0.{way}.{of}"));
            Way {
                sent: figure("sender.sent"),
                lost: figure("stream.lost"),
                doubled: figure("stream.duplicated"),
                gap_ms: figure("stream.longest_gap_ms"),
                mos: figure("stream.mos_worst_window"),
            }
        };
        Self {
            rether: arm == WITH,
            roams: figure("roaming.count"),
            failed: figure("roaming.failed"),
            up: way("up"),
            down: way("down"),
        }
    }

    /// Each figure for people, in the order of [`Arm::NAMES`]; a dash for what is not there.
    #[must_use]
    pub fn texts(&self) -> [String; 5] {
        let both = |of: fn(&Way) -> Option<f64>, digits: usize| {
            let text =
                |way| of(way).map_or_else(|| "-".to_owned(), |figure| format!("{figure:.digits$}"));
            format!("{} / {}", text(&self.up), text(&self.down))
        };
        let count = |figure: Option<f64>| figure.map_or_else(|| "-".to_owned(), |n| n.to_string());
        let roams = match self.failed {
            Some(failed) if failed > 0.0 => format!("{}, {failed} failed", count(self.roams)),
            _ => count(self.roams),
        };
        [
            roams,
            format!(
                "{} of {} / {} of {}",
                count(self.up.lost),
                count(self.up.sent),
                count(self.down.lost),
                count(self.down.sent)
            ),
            both(|way| way.doubled, 0),
            both(|way| way.gap_ms, 1),
            both(|way| way.mos, 2),
        ]
    }

    /// What the figures of [`Arm::texts`] are.
    pub const NAMES: [&str; 5] = [
        "roams",
        "lost, up / down",
        "doubled, up / down",
        "longest silence, up / down, ms",
        "MOS of the worst 5 s, up / down",
    ];
}

/// The first roam that succeeded in both arms.
fn pictured(report: &Report, call: &str) -> Option<[Line; 2]> {
    let result = |name: &str| {
        let found = report.arms.iter().find(|arm| arm.name == name);
        found.map(|arm| &arm.result)
    };
    let (with, without) = (result(WITH)?, result(WITHOUT)?);
    let count = with["roams"].as_array()?.len();
    (0..count).find_map(|index| {
        let line = Line::of(with, index, call)?;
        Some([line, Line::of(without, index, call)?])
    })
}

#[cfg(test)]
mod tests;
