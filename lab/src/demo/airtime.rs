//! How the coordinator gave out the cell's airtime, by its own model of it.

use super::{
    delivered::Delivered,
    summary::{Row, WITH, kept},
};
use crate::{report::Report, scenario::TrafficKind};
use serde::Serialize;
use std::collections::BTreeSet;

const CELL: &str = "status.ap.cell";
/// What it gained while all of the load was on: what stations use alone is no share of anything.
const LOADED: &str = "gained.ap.cell";

/// Airtime of a station while tokens were passed, in seconds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Airtime {
    /// Its name.
    pub station: String,
    /// Data from it.
    pub up: f64,
    /// Data to it.
    pub down: f64,
    /// Tokens and their returns.
    pub overhead: f64,
}

impl Airtime {
    /// Altogether, in seconds.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.up + self.down + self.overhead
    }
}

/// Airtime of each station that the coordinator knows, in the scenario's order.
#[must_use]
pub(super) fn of_stations(report: &Report) -> Vec<Airtime> {
    let Some(arm) = report.arms.iter().find(|arm| arm.name == WITH) else {
        return Vec::new();
    };
    let list = |path: &str| {
        arm.result
            .pointer(path)
            .and_then(serde_json::Value::as_array)
    };
    let of = |name: &str| {
        let address = arm.result.pointer(&format!("/nodes/{name}/mac"))?;
        let place = list("/status/ap/cell/stations")?
            .iter()
            .position(|entry| entry.get("address") == Some(address))?;
        let entry = list("/gained/ap/cell/stations")?.get(place)?;
        let seconds = |key| Some(entry.get(key)?.as_f64()? / 1e9);
        Some(Airtime {
            station: name.to_owned(),
            up: seconds("airtime_up")?,
            down: seconds("airtime_down")?,
            overhead: seconds("airtime_overhead")?,
        })
    };
    let stations = report.scenario.station.iter();
    stations.filter_map(|station| of(&station.name)).collect()
}

/// The table's row of the airtime of the stations with best-effort traffic.
#[must_use]
pub(super) fn shares(report: &Report) -> Row {
    let bulk = report
        .scenario
        .traffic
        .iter()
        .filter(|flow| matches!(flow.kind, TrafficKind::Udp | TrafficKind::Tcp));
    let busy: BTreeSet<&str> = bulk
        .flat_map(|flow| [flow.from.as_str(), flow.to.as_str()])
        .collect();
    let all = of_stations(report);
    let theirs: Vec<_> = all
        .iter()
        .filter(|airtime| busy.contains(airtime.station.as_str()))
        .collect();
    let each: Vec<_> = theirs
        .iter()
        .map(|airtime| {
            let name = airtime.station.to_uppercase();
            format!("{name} {:.2} s", airtime.total())
        })
        .collect();
    let totals: Vec<_> = theirs.iter().map(|airtime| airtime.total()).collect();
    let most = totals.iter().copied().fold(0.0, f64::max);
    let least = totals.iter().copied().fold(f64::INFINITY, f64::min);
    // Of the last one, as the scenario's check has it.
    let apart = totals
        .last()
        .filter(|last| **last > 0.0)
        .map(|last| format!("{:.1} % apart", (most - least) / last * 100.0));
    let with = vec![each.join(", ")].into_iter().chain(apart).collect();
    let prefix = format!("{LOADED}.stations.");
    let tolerance = report
        .scenario
        .check
        .iter()
        .find(|check| check.what.starts_with(&prefix))
        .and_then(|check| check.tolerance)
        .map(|share| format!("required: within {} %", share * 100.0));
    let names: Vec<_> = theirs
        .iter()
        .map(|airtime| airtime.station.to_uppercase())
        .collect();
    Row {
        what: format!("airtime of {}", names.join(" and ")),
        promised: std::iter::once("equal shares".to_owned())
            .chain(tolerance)
            .collect(),
        with: Delivered::Cell(with),
        without: not_there(),
        kept: kept(report, &prefix),
    }
}

/// The table's row of how full the cycles were.
#[must_use]
pub(super) fn cycle(report: &Report) -> Row {
    let figure = |name: &str| report.figure(WITH, &format!("{CELL}.{name}")).ok();
    let length = figure("ledger.cycle").map_or_else(
        || "the cycle".to_owned(),
        |length| format!("{} ms", length / 1e6),
    );
    let seen = figure("stats.cycles")
        .zip(figure("stats.overfull_cycles"))
        .zip(figure("stats.busiest_cycle"));
    let with = seen.map_or_else(Vec::new, |((cycles, overfull), busiest)| {
        vec![
            format!("{cycles} cycles, {overfull} above"),
            format!("fullest {:.3} ms", busiest / 1e6),
        ]
    });
    Row {
        what: "cycle".to_owned(),
        promised: vec![
            "granted airtime at most".to_owned(),
            // The last one begins within the cycle, and may end in the next.
            format!("{length} and one grant"),
        ],
        with: Delivered::Cell(with),
        without: not_there(),
        kept: kept(report, &format!("{CELL}.stats.overfull")),
    }
}

fn not_there() -> Delivered {
    Delivered::Cell(vec!["- (no coordinator)".to_owned()])
}
