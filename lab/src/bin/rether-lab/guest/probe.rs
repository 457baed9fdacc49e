//! What became of the packets of a probe, by the reports of `rether-voip` at both ends.
//!
//! The caller's report has both ways if the answerer could tell it how its own went; otherwise the
//! answerer's line on its standard output says so.

use rether_voip::{
    report::{AnsweredCall, CallReport, RunReport, SenderReport},
    stats::{StreamReport, Trace},
};
use serde_json::{Value, json};

/// The names of the two ways, from the caller and to it.
pub(crate) const WAYS: [&str; 2] = ["up", "down"];

/// One way of a probe: what was sent, and what came.
#[derive(Clone, Debug)]
pub(crate) struct Way {
    /// The sender's monotonic clock at the first packet, in nanoseconds. All nodes share a clock.
    started_ns: u64,
    sent: u32,
    stream: StreamReport,
    trace: Trace,
}

/// Figures of a part of a way.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Part {
    pub(crate) lost: u32,
    pub(crate) duplicated: usize,
    pub(crate) reordered: usize,
    pub(crate) longest_gap_ns: u64,
}

impl Way {
    fn new(sender: SenderReport, stream: &StreamReport) -> Option<Self> {
        let mut trace = stream.trace.clone()?;
        // A receiver that was not told how much was sent knows nothing of the end.
        let known = stream.received + trace.lost.iter().map(|(_, run)| run).sum::<u32>();
        if let Some(unknown) = sender.sent.checked_sub(known).filter(|more| *more > 0) {
            trace.lost.push((known, unknown));
        }
        Some(Self {
            started_ns: sender.started_ns,
            sent: sender.sent,
            stream: stream.clone(),
            trace,
        })
    }

    fn due(&self, position: u32) -> u64 {
        self.started_ns + u64::from(position) * self.trace.packet_ns
    }

    /// What befell packets that were due, and silences that began, from `begin` until `end` of the
    /// monotonic clock, in nanoseconds.
    pub(crate) fn part(&self, begin: u64, end: u64) -> Part {
        let inside = |time: u64| (begin..end).contains(&time);
        let mut part = Part {
            longest_gap_ns: self.trace.packet_ns,
            ..Part::default()
        };
        for &(first, run) in &self.trace.lost {
            let lost = (first..first + run).filter(|position| inside(self.due(*position)));
            let lost = u32::try_from(lost.count()).unwrap_or(u32::MAX);
            if lost > 0 {
                part.lost += lost;
                // The end of a stream has no packet that ends the silence.
                let silence = u64::from(lost + 1) * self.trace.packet_ns;
                part.longest_gap_ns = part.longest_gap_ns.max(silence);
            }
        }
        let count = |positions: &[u32]| {
            let here = positions.iter().filter(|place| inside(self.due(**place)));
            here.count()
        };
        part.duplicated = count(&self.trace.duplicated);
        part.reordered = count(&self.trace.reordered);
        let gaps = self.trace.gaps.iter().filter(|(at, _)| inside(*at));
        part.longest_gap_ns = gaps
            .map(|(_, gap)| *gap)
            .fold(part.longest_gap_ns, u64::max);
        part
    }

    fn summary(&self) -> Value {
        let stream = &self.stream;
        let all = self.part(0, u64::MAX);
        json!({
            "sent": self.sent,
            "received": stream.received,
            "lost": all.lost,
            "duplicated": stream.duplicated,
            "reordered": stream.reordered,
            "longest-gap-ms": millis(all.longest_gap_ns),
            "delay-ms": stream.delay_ms,
            "trace-dropped": self.trace.dropped,
        })
    }
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52 ns")]
pub(crate) fn millis(ns: u64) -> f64 {
    ns as f64 / 1e6
}

/// Both ways of a probe, from the reports of the caller and the answerer, or why there are none.
pub(crate) fn read(client: &str, server: &str) -> Result<[Way; 2], String> {
    let run: RunReport =
        serde_json::from_str(client).map_err(|error| format!("no report: {error}"))?;
    let call = run.calls.first().ok_or("no call in the report")?;
    let answered = server
        .lines()
        .filter_map(|line| serde_json::from_str::<AnsweredCall>(line).ok())
        .find(|answered| answered.session == call.session);
    let [up, down] = ways(call, answered.as_ref());
    let missing = |way| {
        let reason = call.reason.as_deref().unwrap_or("no reason");
        format!("{way}: no report of both ends ({reason})")
    };
    Ok([
        up.ok_or_else(|| missing("up"))?,
        down.ok_or_else(|| missing("down"))?,
    ])
}

fn ways(call: &CallReport, answered: Option<&AnsweredCall>) -> [Option<Way>; 2] {
    let far_stream = answered.and_then(|answered| answered.stream.as_ref());
    let far_sender = answered.map(|answered| answered.sender);
    let way =
        |sender: Option<SenderReport>, stream: Option<&StreamReport>| Way::new(sender?, stream?);
    [
        way(call.up.sender, call.up.stream.as_ref().or(far_stream)),
        way(call.down.sender.or(far_sender), call.down.stream.as_ref()),
    ]
}

/// The result of a probe.
pub(crate) fn summary(ways: &Result<[Way; 2], String>) -> Value {
    match ways {
        Ok([up, down]) => json!({ "up": up.summary(), "down": down.summary() }),
        Err(error) => json!({ "error": error }),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use rether_voip::{
        packet::Voice,
        profile::Profile,
        stats::{StreamSpec, StreamStats},
    };

    const MS: u64 = 1_000_000;
    /// The sender's clock at the first packet.
    pub(crate) const START: u64 = 7_000 * MS;

    /// A probe of 100 packets of which `sent` were sent, as its receiver has it. Each takes 1 ms;
    /// `lost` of them are not received and `twice` come again 1 ms later.
    pub(crate) fn way(sent: u32, told: u32, lost: &[u64], twice: &[u64]) -> Way {
        let mut stats = StreamStats::new(StreamSpec {
            profile: Profile::Probe,
            packets: 100,
            late_ms: 150,
            offset_ns: 0,
        });
        for sequence in (0..u64::from(told)).filter(|number| !lost.contains(number)) {
            let sent_ns = START + sequence * 5 * MS;
            let voice = Voice { sequence, sent_ns };
            stats.on_packet(voice, sent_ns + MS);
            if twice.contains(&sequence) {
                stats.on_packet(voice, sent_ns + 2 * MS);
            }
        }
        let sender = SenderReport {
            sent,
            send_errors: 0,
            pacing_late_max_ms: 0.0,
            started_ns: START,
        };
        Way::new(sender, &stats.report(told)).unwrap()
    }

    #[test]
    fn packets_count_where_they_were_due() {
        let way = way(60, 50, &[10, 11, 12, 30], &[20]);
        let part = |begin, end| way.part(START + begin * MS, START + end * MS);
        let expected = Part {
            lost: 3,
            duplicated: 0,
            reordered: 0,
            longest_gap_ns: 20 * MS,
        };
        assert_eq!(part(50, 100), expected);
        assert_eq!(part(100, 145).duplicated, 1);
        assert_eq!(part(100, 145).lost, 0);
        assert_eq!(part(100, 145).longest_gap_ns, 5 * MS);
        // Only some of a run.
        assert_eq!(part(55, 100).lost, 2);
        // The last ten, of which the receiver knows nothing, are lost, and silence is all there is.
        assert_eq!(
            (part(240, 400).lost, part(240, 400).longest_gap_ns),
            (10, 55 * MS)
        );
        let summary = way.summary();
        assert_eq!(
            (&summary["sent"], &summary["lost"]),
            (&json!(60), &json!(14))
        );
        assert_eq!(summary["longest-gap-ms"], 55.0);
    }

    #[test]
    fn no_report_is_an_error() {
        let seen = summary(&read("", ""));
        assert!(
            seen["error"].as_str().unwrap().contains("no report"),
            "{seen}"
        );
    }
}
