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
const EDGE: usize = 2;

/// The payload rates in bit/s at which a flow arrived, by the server's report, without its first and
/// last two seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Steady {
    /// Over the whole of that time.
    pub(crate) mean: f64,
    /// In the second in which the least arrived.
    pub(crate) least_second: f64,
}

/// What the server's report in `text` says of it; nothing if the flow is not longer than its ends.
pub(crate) fn steady(text: &str) -> Option<Steady> {
    let report: Value = serde_json::from_str(text).ok()?;
    let intervals = report["intervals"].as_array()?;
    let middle = intervals.get(EDGE..intervals.len().checked_sub(EDGE)?)?;
    let part = |part: &Value| {
        let sum = &part["sum"];
        Some((sum["bytes"].as_f64()? * 8.0, sum["seconds"].as_f64()?))
    };
    let parts = middle.iter().map(part).collect::<Option<Vec<_>>>()?;
    let (bits, seconds) = parts
        .iter()
        .fold((0.0, 0.0), |all, part| (all.0 + part.0, all.1 + part.1));
    let mean = bits / seconds;
    let each = parts.iter().map(|(bits, seconds)| bits / seconds);
    mean.is_finite().then_some(Steady {
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

    #[test]
    fn the_middle_is_steady() {
        let part = |bytes| json!({"sum": {"bytes": bytes, "seconds": 0.5, "other": 1}});
        let report = |parts: &[u32]| {
            let parts: Vec<_> = parts.iter().map(|bytes| part(*bytes)).collect();
            json!({ "intervals": parts }).to_string()
        };
        let seen = steady(&report(&[9, 9, 100, 50, 9, 9]));
        let expected = Steady {
            mean: 1200.0,
            least_second: 800.0,
        };
        assert_eq!(seen, Some(expected));
        assert_eq!(steady(&report(&[9, 9, 9, 9])), None);
        assert_eq!(steady(&report(&[9])), None);
        assert_eq!(steady("{}"), None);
        assert_eq!(steady(""), None);
    }

    #[test]
    fn tcp_counts_what_the_receiver_got() {
        let text = r#"{"end": {
            "streams": [{"sender": {"mean_rtt": 900, "max_rtt": 1400}}],
            "sum_sent": {"bits_per_second": 3e6, "retransmits": 4},
            "sum_received": {"bits_per_second": 2.9e6, "seconds": 1.01}}}"#;
        let middle = r#"{"intervals": [{}, {}, {"sum": {"bytes": 2000, "seconds": 1.0}}, {}, {}]}"#;
        let seen = tcp(text, middle);
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
