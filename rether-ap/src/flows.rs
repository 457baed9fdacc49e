//! What `rether-ap flows` shows: every promise, what came of it, and why it was less.

use rether_daemon::table::{bit_rate, or_dash, share, table};
use rether_proto::coordinator::FlowStatus;
use rether_proto::coordinator::report::{WayReport, Window};
use rether_proto::time::Duration;
use serde::Deserialize;
use serde_json::{Value, json};

/// The part of the state that is shown as JSON.
pub(crate) fn of(state: &Value) -> Value {
    json!({
        "schema_version": state["schema_version"],
        "interface": state["interface"],
        "flows": state["cell"]["flows"],
    })
}

#[derive(Deserialize)]
struct State {
    cell: Cell,
}

#[derive(Deserialize)]
struct Cell {
    flows: Vec<FlowStatus>,
}

/// The flows as a table, a row for each way.
///
/// # Errors
/// It is not the state of a `rether-ap`.
pub(crate) fn human(state: &Value) -> anyhow::Result<String> {
    let State { cell } = State::deserialize(state)?;
    Ok(shown(&cell.flows))
}

/// A table of `flows`.
pub(crate) fn shown(flows: &[FlowStatus]) -> String {
    if flows.is_empty() {
        return "No reservations.\n".into();
    }
    let mut shown = table(&[
        "FLOW",
        "STATION",
        "RULE",
        "WAY",
        "PROMISED",
        "LAST SECOND",
        "LAST TEN",
        "P99 WAIT",
        "AIRTIME",
        "STATE",
        "LAST MISS",
    ]);
    for flow in flows {
        let ways = [("up", &flow.up), ("down", &flow.down)];
        let known = ways.iter().filter(|(_, report)| report.is_some()).count();
        for (way, report) in ways {
            // A promise of less than a second has a row all the same.
            if report.is_some() || (known == 0 && way == "up") {
                shown.add_row(row(
                    flow,
                    if known == 0 { "-" } else { way },
                    report.as_ref(),
                ));
            }
        }
    }
    format!("{shown}\n")
}

fn row(flow: &FlowStatus, way: &str, report: Option<&WayReport>) -> [String; 11] {
    let ten = |window: &Window| bit_rate(window.bit_rate(window.delivered));
    let missed = |report: &WayReport| {
        let cause = report.last_miss.map(|cause| cause.to_string());
        match cause {
            Some(cause) => format!("{} of {} s: {cause}", report.missed, report.windows),
            None => "none".into(),
        }
    };
    [
        flow.key.to_string(),
        flow.station.to_string(),
        or_dash(flow.rule.as_ref()),
        way.into(),
        bit_rate(flow.granted.into()),
        or_dash(report.map(|report| in_words(&report.last))),
        or_dash(report.map(|report| ten(&report.ten))),
        or_dash(report.and_then(|report| report.p99_wait)),
        share(flow.airtime, Duration::from_secs(1)),
        flow.state.to_string(),
        or_dash(report.map(missed)),
    ]
}

/// Such as `12.0 kbit/s of 80.0 kbit/s: the application sent no more`.
fn in_words(window: &Window) -> String {
    let rate = |octets| bit_rate(window.bit_rate(octets));
    let mut text = format!("{} of {}", rate(window.delivered), rate(window.promised));
    if window.late > 0 {
        text.push_str(&format!(", {} of {} late", window.late, window.packets));
    }
    if let Some(cause) = window.cause {
        text.push_str(&format!(": {cause}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use rether_proto::coordinator::report::Cause;

    #[test]
    fn a_second_reads_like_a_sentence() {
        let mut window = Window {
            span: Duration::from_secs(1),
            promised: 10_000,
            offered: 1_500,
            delivered: 1_500,
            packets: 50,
            late: 0,
            cause: Some(Cause::ApplicationSentLess),
        };
        assert_eq!(
            in_words(&window),
            "12.0 kbit/s of 80.0 kbit/s: the application sent no more"
        );
        window.late = 3;
        window.cause = Some(Cause::WiredSide);
        assert_eq!(
            in_words(&window),
            "12.0 kbit/s of 80.0 kbit/s, 3 of 50 late: it came from the wired side in bursts"
        );
        assert_eq!(shown(&[]), "No reservations.\n");
    }
}
