//! The promise report: what `rether-ap` said of each promise while the load was on.

use super::{
    delivered::{millis, rate},
    summary::WITH,
};
use crate::{
    report::Report,
    scenario::{Deed, TrafficKind},
};
use rether_proto::{
    coordinator::{
        FlowStatus,
        report::{Cause, WayReport},
    },
    mac::MacAddr,
    policy::Direction,
    time::Duration,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One way of one promised flow.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PromisedWay {
    /// Name of the station, or its address if the scenario has no such station.
    pub station: String,
    /// The flow, as its station sends it.
    pub flow: String,
    /// Name of the rule behind the promise; nothing if it was asked for without one.
    pub rule: Option<String>,
    /// `up` or `down`.
    pub way: &'static str,
    /// Promised, in bit/s of whole IP packets.
    pub promised: u32,
    /// The longest that a packet may wait for its turn on the air, in ms.
    pub wait_at_most_ms: f64,
    /// Whether it holds, is reduced or withdrawn, in words.
    pub state: String,
    /// Seconds that the coordinator remembered of it.
    pub seconds: u16,
    /// Of these, seconds in which the promise was not kept.
    pub missed: u16,
    /// Delivered in the last ten of them, in bit/s of whole IP packets.
    pub delivered: Option<u64>,
    /// 99 of 100 packets waited no longer for their turn, in ms; the coordinator times those that
    /// go down.
    pub wait_p99_ms: Option<f64>,
    /// Median one-way delay that the flow's own client measured, in ms.
    pub delay_p50_ms: Option<f64>,
    /// What 99 of 100 of its packets kept below, in ms.
    pub delay_p99_ms: Option<f64>,
    /// Why the last second that was missed was, or if none was, why less than the promise went.
    pub cause: Option<Cause>,
}

impl PromisedWay {
    /// Each figure for people, in the order of [`PromisedWay::NAMES`].
    #[must_use]
    pub fn texts(&self) -> [String; 6] {
        let time = |figure: Option<f64>| figure.map_or_else(dash, millis);
        [
            self.delivered.map_or_else(dash, |bits| rate(bits as f64)),
            time(self.wait_p99_ms),
            time(self.delay_p50_ms),
            time(self.delay_p99_ms),
            self.kept(),
            self.cause.map_or_else(dash, |cause| cause.to_string()),
        ]
    }

    /// What the figures of [`PromisedWay::texts`] are.
    pub const NAMES: [&str; 6] = [
        "delivered",
        "p99 wait",
        "p50 delay",
        "p99 delay",
        "kept in",
        "why less or late",
    ];

    /// What was promised, in lines for people.
    #[must_use]
    pub fn promise(&self) -> [String; 2] {
        [
            rate(self.promised.into()),
            format!("wait at most {}", millis(self.wait_at_most_ms)),
        ]
    }

    /// Whose flow it is, in lines for people.
    #[must_use]
    pub fn whose(&self) -> [String; 2] {
        let rule = self
            .rule
            .as_ref()
            .map_or_else(|| "no rule".to_owned(), |name| format!("rule {name}"));
        [
            format!("{} {}: {rule}", self.station.to_uppercase(), self.way),
            self.flow.clone(),
        ]
    }

    fn kept(&self) -> String {
        let kept = self.seconds.saturating_sub(self.missed);
        match u32::from(kept) * 100 {
            _ if self.seconds == 0 => dash(),
            share => format!(
                "{kept} of {} s ({} %)",
                self.seconds,
                share / u32::from(self.seconds)
            ),
        }
    }
}

fn dash() -> String {
    "-".to_owned()
}

/// When the status was noted, as seconds of the arm's clock: at the last snapshot of a coordinator.
#[must_use]
pub(super) fn noted_at(report: &Report) -> Option<f64> {
    let scenario = &report.scenario;
    let of_ap = |node: &str| scenario.ap.iter().any(|ap| ap.name == node);
    let events = scenario.event.iter();
    events
        .filter(|event| event.deed == Deed::Snapshot && of_ap(&event.node))
        .map(|event| event.at.seconds())
        .max_by(f64::total_cmp)
}

#[derive(Deserialize)]
struct State {
    cell: Cell,
}

#[derive(Deserialize)]
struct Cell {
    flows: Vec<FlowStatus>,
}

/// Every promise that was in force when the status was noted.
///
/// # Errors
/// A text that says why there is none to report of.
pub(super) fn of(report: &Report) -> Result<Vec<PromisedWay>, String> {
    let arm = report
        .arms
        .iter()
        .find(|arm| arm.name == WITH)
        .ok_or_else(|| format!("no arm is named `{WITH}`"))?;
    let noted = arm
        .result
        .get("snapshot")
        .and_then(Value::as_object)
        .ok_or("the run noted no status while it lasted")?;
    let mut ways = Vec::new();
    for ap in &report.scenario.ap {
        let Some(state) = noted.get(&ap.name) else {
            continue;
        };
        let state = State::deserialize(state)
            .map_err(|error| format!("what {} said is no status: {error}", ap.name))?;
        for flow in &state.cell.flows {
            ways.extend(both(report, &arm.result, flow));
        }
    }
    if ways.is_empty() {
        return Err("nothing was promised when the status was noted".to_owned());
    }
    Ok(ways)
}

fn both<'a>(
    report: &'a Report,
    result: &'a Value,
    flow: &'a FlowStatus,
) -> impl Iterator<Item = PromisedWay> + 'a {
    let ways = [
        ("up", Direction::Up, &flow.up),
        ("down", Direction::Down, &flow.down),
    ];
    let promised = ways
        .into_iter()
        .filter(|(_, way, _)| flow.direction.covers(*way));
    promised.map(|(name, _, seen)| one(report, result, flow, name, seen.as_ref()))
}

fn one(
    report: &Report,
    result: &Value,
    flow: &FlowStatus,
    way: &'static str,
    seen: Option<&WayReport>,
) -> PromisedWay {
    let station = name(result, flow.station);
    let delay = |figure: &str| {
        let client = client(report, station.as_deref()?, flow)?;
        let path = format!("traffic.{client}.calls.0.{way}.stream.delay_ms.{figure}");
        report.figure(WITH, &path).ok()
    };
    PromisedWay {
        delay_p50_ms: delay("p50"),
        delay_p99_ms: delay("p99"),
        station: station.unwrap_or_else(|| flow.station.to_string()),
        flow: flow.key.to_string(),
        rule: flow.rule.clone(),
        way,
        promised: flow.granted,
        wait_at_most_ms: in_millis(flow.promise.delay),
        state: flow.state.to_string(),
        seconds: seen.map_or(0, |seen| seen.windows),
        missed: seen.map_or(0, |seen| seen.missed),
        delivered: seen.map(|seen| seen.ten.bit_rate(seen.ten.delivered)),
        wait_p99_ms: seen.and_then(|seen| seen.p99_wait).map(in_millis),
        cause: seen.and_then(|seen| seen.last_miss.or(seen.ten.cause)),
    }
}

fn in_millis(time: Duration) -> f64 {
    time.as_nanos() as f64 / 1e6
}

/// What the scenario calls the station with `address`.
fn name(result: &Value, address: MacAddr) -> Option<String> {
    let address = address.to_string();
    let nodes = result.get("nodes")?.as_object()?;
    nodes
        .iter()
        .find(|(_, node)| node.get("mac").and_then(Value::as_str) == Some(&address))
        .map(|(name, _)| name.clone())
}

/// The scenario's call that measures the delay of `flow` of `station`.
fn client<'a>(report: &'a Report, station: &str, flow: &FlowStatus) -> Option<&'a str> {
    let mut all = report.scenario.traffic.iter();
    let found = all.find(|traffic| {
        traffic.kind == TrafficKind::Voice
            && traffic.from == station
            && traffic.port == Some(flow.key.dst_port)
    });
    found.map(|traffic| traffic.name.as_str())
}

#[cfg(test)]
pub(super) mod tests;
