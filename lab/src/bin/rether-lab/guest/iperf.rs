//! Boils the JSON of iperf3 down to what a flow sent and what arrived.
//!
//! The client's report is used: at the end of a test the server tells the client what it received.
//! Only what arrived second by second is in the server's report alone.

use serde_json::{Value, json};

/// The `end` of the report in `text`, or what iperf3 or the parser says is wrong.
fn end(text: &str) -> Result<Value, String> {
    let report: Value =
        serde_json::from_str(text).map_err(|error| format!("no report of iperf3: {error}"))?;
    match report["error"].as_str() {
        Some(error) => Err(format!("iperf3: {error}")),
        None => Ok(report["end"].clone()),
    }
}

/// What `boil` makes of the end of a report, or why there is none.
fn figures(text: &str, boil: impl Fn(&Value) -> Value) -> Value {
    end(text).map_or_else(|error| json!({ "error": error }), |end| boil(&end))
}

/// Seconds at each end of a flow that are no part of its steady rate: flows that begin together
/// shake hands one after the other, and end as their queues do.
const EDGE: f64 = 2.0;
/// Intervals that are as good as a second long.
const NEARLY_A_SECOND: f64 = 0.95;

/// The payload rates in bit/s at which a flow arrived, by the server's report, without its first and
/// last two seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Steady {
    /// Over the whole of that time.
    pub(crate) mean: f64,
    /// In the second in which the least arrived, wherever an interval of the report begins.
    pub(crate) least_second: f64,
}

/// Seconds and bits of each interval of the server's report in `text`.
pub(crate) fn parts(text: &str) -> Option<Vec<(f64, f64)>> {
    let report: Value = serde_json::from_str(text).ok()?;
    let part = |part: &Value| {
        let sum = &part["sum"];
        Some((sum["seconds"].as_f64()?, sum["bytes"].as_f64()? * 8.0))
    };
    report["intervals"].as_array()?.iter().map(part).collect()
}

fn rate(parts: &[(f64, f64)]) -> f64 {
    let all = parts.iter();
    let (seconds, bits) = all.fold((0.0, 0.0), |all, part| (all.0 + part.0, all.1 + part.1));
    bits / seconds
}

/// What the server's report in `text` says of it; nothing if the flow is not longer than its ends.
pub(crate) fn steady(text: &str) -> Option<Steady> {
    let parts = parts(text)?;
    let edge = |parts: &mut dyn Iterator<Item = &(f64, f64)>| {
        let mut passed = 0.0;
        parts
            .take_while(|(seconds, _)| {
                let inside = passed < EDGE * NEARLY_A_SECOND;
                passed += seconds;
                inside
            })
            .count()
    };
    let first = edge(&mut parts.iter());
    let last = edge(&mut parts.iter().rev());
    let middle = parts.get(first..parts.len().checked_sub(last)?)?;
    let mean = rate(middle);
    // From each interval on, as many as make a second.
    let second = |start: usize| {
        let rest = middle.get(start..)?;
        let mut seconds = 0.0;
        let end = rest.iter().position(|part| {
            seconds += part.0;
            seconds >= NEARLY_A_SECOND
        })?;
        Some(rate(rest.get(..=end)?))
    };
    let each = (0..middle.len()).filter_map(second);
    mean.is_finite().then(|| Steady {
        mean,
        least_second: each.fold(mean, f64::min),
    })
}

/// A UDP flow by the reports of its client and its server: payload rate offered and received in
/// bit/s, packets sent and lost, jitter.
pub(crate) fn udp(client: &str, server: &str) -> Value {
    let steady = steady(server);
    figures(client, |end| {
        json!({
            "steady-bps": steady.map(|steady| steady.mean),
            "least-second-bps": steady.map(|steady| steady.least_second),
            "sent-bps": end["sum_sent"]["bits_per_second"],
            "goodput-bps": end["sum_received"]["bits_per_second"],
            "sent": end["sum_sent"]["packets"],
            "lost": end["sum"]["lost_packets"],
            "lost-percent": end["sum"]["lost_percent"],
            "jitter-ms": end["sum"]["jitter_ms"],
            "seconds": end["sum"]["seconds"],
        })
    })
}

/// A TCP flow by the reports of its client and its server: payload rate that arrived in bit/s,
/// retransmitted segments, round-trip time.
pub(crate) fn tcp(client: &str, server: &str) -> Value {
    let steady = steady(server);
    figures(client, |end| {
        json!({
            "steady-bps": steady.map(|steady| steady.mean),
            "least-second-bps": steady.map(|steady| steady.least_second),
            "sent-bps": end["sum_sent"]["bits_per_second"],
            "goodput-bps": end["sum_received"]["bits_per_second"],
            "retransmits": end["sum_sent"]["retransmits"],
            "rtt-mean-us": end["streams"][0]["sender"]["mean_rtt"],
            "rtt-max-us": end["streams"][0]["sender"]["max_rtt"],
            "seconds": end["sum_received"]["seconds"],
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_arrived_is_not_what_was_sent() {
        let text = r#"{"end": {
            "sum_sent": {"bits_per_second": 2e6, "packets": 200},
            "sum_received": {"bits_per_second": 1.5e6},
            "sum": {"lost_packets": 50, "lost_percent": 25.0, "jitter_ms": 0.5, "seconds": 1.0}}}"#;
        let seen = udp(text, "");
        assert_eq!(seen["sent-bps"], 2e6);
        assert_eq!(seen["goodput-bps"], 1.5e6);
        assert_eq!((&seen["sent"], &seen["lost"]), (&json!(200), &json!(50)));
    }

    fn report(seconds: f64, parts: &[u32]) -> String {
        let part = |bytes| json!({"sum": {"bytes": bytes, "seconds": seconds, "other": 1}});
        let parts: Vec<_> = parts.iter().map(|bytes| part(*bytes)).collect();
        json!({ "intervals": parts }).to_string()
    }

    #[test]
    fn the_middle_is_steady() {
        let seen = steady(&report(1.0, &[9, 9, 100, 50, 9, 9]));
        let expected = Steady {
            mean: 600.0,
            least_second: 400.0,
        };
        assert_eq!(seen, Some(expected));
        assert_eq!(steady(&report(1.0, &[9, 9, 9, 9])), None);
        assert_eq!(steady(&report(1.0, &[9])), None);
        assert_eq!(steady("{}"), None);
        assert_eq!(steady(""), None);
    }

    #[test]
    fn a_second_begins_anywhere() {
        // Four quarters of a second: 8, 0, 0, 8 octets lie across the border of two seconds.
        let edge = [100; 8];
        let middle = [8, 8, 8, 0, 0, 8, 8, 8];
        let seen = steady(&report(0.25, &[&edge[..], &middle, &edge].concat())).unwrap();
        assert!((seen.mean - 8.0 * 48.0 / 2.0).abs() < 1e-9, "{seen:?}");
        assert!((seen.least_second - 8.0 * 16.0).abs() < 1e-9, "{seen:?}");
    }

    #[test]
    fn tcp_counts_what_the_receiver_got() {
        let text = r#"{"end": {
            "streams": [{"sender": {"mean_rtt": 900, "max_rtt": 1400}}],
            "sum_sent": {"bits_per_second": 3e6, "retransmits": 4},
            "sum_received": {"bits_per_second": 2.9e6, "seconds": 1.01}}}"#;
        let seen = tcp(text, &report(1.0, &[9, 9, 2000, 9, 9]));
        assert_eq!(seen["goodput-bps"], 2.9e6);
        assert_eq!(seen["least-second-bps"], 16e3);
        assert_eq!(
            (&seen["retransmits"], &seen["rtt-max-us"]),
            (&json!(4), &json!(1400))
        );
    }

    #[test]
    fn failures_are_told() {
        let text = r#"{"end": {}, "error": "unable to connect to server"}"#;
        assert_eq!(
            udp(text, ""),
            json!({"error": "iperf3: unable to connect to server"})
        );
        assert!(tcp("", "")["error"].as_str().unwrap().contains("no report"));
    }
}
