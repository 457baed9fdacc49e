//! Reads what `ping` prints.

use serde_json::{Value, json};

/// Requests sent and lost, and round-trip times in microseconds.
pub(crate) fn summary(text: &str) -> Value {
    let count = |word: &str| {
        let line = text
            .lines()
            .find(|line| line.contains("packets transmitted"))?;
        let part = line.split(',').find(|part| part.contains(word))?;
        part.split_whitespace().next()?.parse::<u64>().ok()
    };
    let mut times: Vec<f64> = text.lines().filter_map(round_trip).collect();
    times.sort_by(f64::total_cmp);
    let (sent, received) = (count("transmitted"), count("received"));
    json!({
        "sent": sent,
        "received": received,
        "lost": sent.zip(received).map(|(sent, received)| sent.saturating_sub(received)),
        "rtt-us": {
            "min": times.first(),
            "p50": at_share(&times, 0.5),
            "p99": at_share(&times, 0.99),
            "max": times.last(),
        },
    })
}

/// The time of one answer in microseconds.
fn round_trip(line: &str) -> Option<f64> {
    let (_, rest) = line.split_once("time=")?;
    let millis: f64 = rest.split_whitespace().next()?.parse().ok()?;
    Some((millis * 1000.0).round())
}

/// The value below which `share` of the sorted `times` lie (nearest rank).
fn at_share(times: &[f64], share: f64) -> Option<f64> {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rank in a list of a few thousand entries"
    )]
    let rank = (times.len() as f64 * share).ceil() as usize;
    times.get(rank.max(1) - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_and_percentiles_are_read() {
        let text = "PING 10.0.0.1 (10.0.0.1) 56(84) bytes of data.\n\
            64 bytes from 10.0.0.1: icmp_seq=1 ttl=64 time=0.107 ms\n\
            64 bytes from 10.0.0.1: icmp_seq=2 ttl=64 time=0.047 ms\n\
            64 bytes from 10.0.0.1: icmp_seq=4 ttl=64 time=12.5 ms\n\n\
            --- 10.0.0.1 ping statistics ---\n\
            4 packets transmitted, 3 received, 25% packet loss, time 603ms\n\
            rtt min/avg/max/mdev = 0.047/0.066/0.107/0.028 ms\n";
        let expected = json!({"sent": 4, "received": 3, "lost": 1,
            "rtt-us": {"min": 47.0, "p50": 107.0, "p99": 12500.0, "max": 12500.0}});
        assert_eq!(summary(text), expected);
    }

    #[test]
    fn no_output_gives_no_figures() {
        assert_eq!(summary("")["lost"], Value::Null);
        assert_eq!(summary("")["rtt-us"]["p99"], Value::Null);
    }
}
