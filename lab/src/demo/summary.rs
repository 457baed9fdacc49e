//! What one cell promised and delivered, taken out of a report.

use super::{
    airtime::{self, Airtime},
    delivered::{Delivered, Flow},
    flows::{self, PromisedWay},
    promise::Promise,
};
use crate::{
    report::Report,
    scenario::{Check, Relation, Traffic, TrafficKind},
};
use serde::Serialize;

/// The arm with the daemons.
pub(super) const WITH: &str = "rether";
/// The arm without.
pub(super) const WITHOUT: &str = "plain";

/// One line of the table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// Of whom or of what.
    pub what: String,
    /// What is promised, and what the scenario requires; lines for people.
    pub promised: Vec<String>,
    /// What was delivered with the daemons.
    pub with: Delivered,
    /// What was delivered without them.
    pub without: Delivered,
    /// Whether what the scenario requires here holds; nothing if it requires nothing.
    pub kept: Option<bool>,
}

/// One-way delay of a direction of the call in one arm, in ms.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Delay {
    /// Direction and arm.
    pub label: String,
    /// Whether the daemons were there.
    pub rether: bool,
    /// Shortest.
    pub min: f64,
    /// Median.
    pub p50: f64,
    /// What 99 % kept below.
    pub p99: f64,
    /// Longest.
    pub max: f64,
}

/// A cell.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// Name of the scenario, and of the folder of its results.
    pub name: String,
    /// What was run.
    pub title: String,
    /// The table.
    pub rows: Vec<Row>,
    /// The promise report of `rether-ap`, or why there is none.
    pub promises: Result<Vec<PromisedWay>, String>,
    /// When it was taken, as seconds of the cell's clock.
    pub noted_at: Option<f64>,
    /// Delays of the call.
    pub delays: Vec<Delay>,
    /// The delay that the scenario requires 99 % of the call to keep below, in ms.
    pub delay_required: Option<f64>,
    /// Airtime of every station, with the daemons.
    pub airtime: Vec<Airtime>,
    /// Time measured, all arms, in virtual seconds.
    pub virtual_seconds: f64,
    /// Time it took, in seconds.
    pub wall_seconds: f64,
    /// Every check as it was expected, what was seen, and whether it holds.
    pub checks: Vec<(String, String, bool)>,
}

impl Summary {
    /// Takes the figures out of `report`.
    #[must_use]
    pub fn of(report: &Report) -> Self {
        let scenario = &report.scenario;
        let mut rows = Vec::new();
        let mut delays = Vec::new();
        for flow in &scenario.traffic {
            match flow.kind {
                TrafficKind::Voice => {
                    for direction in ["up", "down"] {
                        rows.push(voice(report, flow, direction));
                        delays.extend(arms().filter_map(|arm| delay(report, flow, direction, arm)));
                    }
                }
                TrafficKind::Udp | TrafficKind::Tcp => rows.push(bulk(report, flow)),
                TrafficKind::Ping | TrafficKind::Video | TrafficKind::Probe => {}
            }
        }
        rows.extend([airtime::shares(report), airtime::cycle(report)]);
        Self {
            name: scenario.name.clone(),
            title: scenario.title.clone(),
            rows,
            promises: flows::of(report),
            noted_at: flows::noted_at(report),
            delays,
            delay_required: scenario
                .check
                .iter()
                .find(|check| check.what.ends_with("delay_ms.p99"))
                .and_then(|check| check.value),
            airtime: airtime::of_stations(report),
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

pub(super) fn told(verdict: &crate::report::Verdict) -> (String, String, bool) {
    let seen = match &verdict.seen {
        Ok(figure) => figure.to_string(),
        Err(text) => text.clone(),
    };
    (verdict.expected.clone(), seen, verdict.passed)
}

/// Both arms.
pub(super) fn arms() -> impl Iterator<Item = &'static str> {
    [WITH, WITHOUT].into_iter()
}

/// Whether all the scenario's checks of paths that begin with `prefix` hold.
pub(super) fn kept(report: &Report, prefix: &str) -> Option<bool> {
    // The report puts verdicts of its own before those of the scenario, which keep their order.
    let own = report
        .checks
        .len()
        .saturating_sub(report.scenario.check.len());
    report
        .scenario
        .check
        .iter()
        .zip(report.checks.iter().skip(own))
        .filter(|(check, _)| check.what.starts_with(prefix))
        .map(|(_, verdict)| verdict.passed)
        .reduce(|all, passed| all && passed)
}

fn voice(report: &Report, flow: &Traffic, direction: &str) -> Row {
    let stream = format!("traffic.{}.calls.0.{direction}.stream.", flow.name);
    let promise = flow
        .port
        .zip(report.scenario.policy.as_deref())
        .and_then(|(port, policy)| Promise::find(policy, port));
    let required = report.scenario.check.iter().filter_map(|check| {
        let figure = check.what.strip_prefix(&stream)?;
        Some(required(figure, check))
    });
    let delivered = |arm| {
        let figure = |name: &str| report.figure(arm, &format!("{stream}{name}")).ok();
        let seconds = flow.duration.seconds();
        Delivered::Flow(Flow {
            // The call's packets are those the promise is made for.
            rate: figure("received")
                .zip(promise.as_ref())
                .map(|(received, promise)| received * f64::from(promise.packet) * 8.0 / seconds),
            lost: figure("lost"),
            p99_ms: figure("delay_ms.p99"),
            gap_ms: figure("longest_gap_ms"),
            mos: figure("mos_worst_window"),
        })
    };
    Row {
        what: format!("the call, {direction}"),
        promised: promise
            .iter()
            .flat_map(Promise::lines)
            .chain(required)
            .collect(),
        with: delivered(WITH),
        without: delivered(WITHOUT),
        kept: kept(report, &stream),
    }
}

fn required(figure: &str, check: &Check) -> String {
    let value = check.value.unwrap_or_default();
    match figure {
        "lost" if check.op == Relation::Equal => format!("required: {value} lost"),
        "lost" => format!("required: lost {} {value}", check.op),
        "delay_ms.p99" => format!("required: p99 {} {value} ms", check.op),
        other => format!("required: {other} {} {value}", check.op),
    }
}

fn delay(report: &Report, flow: &Traffic, direction: &str, arm: &str) -> Option<Delay> {
    let path = format!("traffic.{}.calls.0.{direction}.stream.delay_ms", flow.name);
    let figure = |name: &str| report.figure(arm, &format!("{path}.{name}")).ok();
    let rether = arm == WITH;
    Some(Delay {
        label: format!("{direction}, {}", if rether { "with" } else { "without" }),
        rether,
        min: figure("min")?,
        p50: figure("p50")?,
        p99: figure("p99")?,
        max: figure("max")?,
    })
}

fn bulk(report: &Report, flow: &Traffic) -> Row {
    let up = report.scenario.find_station(&flow.from).is_some();
    let (station, direction) = if up {
        (&flow.from, "uplink")
    } else {
        (&flow.to, "downlink")
    };
    let path = format!("traffic.{}.", flow.name);
    let delivered = |arm| {
        let figure = |name: &str| report.figure(arm, &format!("{path}{name}")).ok();
        Delivered::Flow(Flow {
            rate: figure("goodput-bps"),
            lost: figure("lost"),
            ..Flow::default()
        })
    };
    let offered = flow
        .rate
        .map(|offered| format!("(offered {} Mbit/s)", offered.0 as f64 / 1e6));
    Row {
        what: format!("{} {direction}", station.to_uppercase()),
        promised: std::iter::once("fair share".to_owned())
            .chain(offered)
            .collect(),
        with: delivered(WITH),
        without: delivered(WITHOUT),
        kept: kept(report, &path),
    }
}

#[cfg(test)]
mod tests;
