//! From measured calls to a verdict.

use crate::report::{CallReport, Check, Ending, Verdict};
use crate::stats::StreamReport;

/// The limits given on the command line. Each holds for every call and direction.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Thresholds {
    /// Most packets lost, percent. Late packets are not lost; they show in the
    /// delay and in the MOS.
    pub max_loss_pct: Option<f64>,
    /// Highest 99th percentile of the one-way delay, milliseconds.
    pub max_p99_ms: Option<f64>,
    /// Lowest MOS of any five second window.
    pub min_mos: Option<f64>,
    /// Longest gap between two arrivals, milliseconds.
    pub max_gap_ms: Option<f64>,
}

impl Thresholds {
    /// Holds the calls against the limits. A direction without figures misses every limit.
    #[must_use]
    pub fn check(&self, calls: &[CallReport]) -> Vec<Check> {
        let most = [
            (
                "max-loss",
                self.max_loss_pct,
                (|s| Some(s.loss_pct)) as Figure,
            ),
            ("max-p99", self.max_p99_ms, |s| {
                s.delay_ms.map(|delay| delay.p99)
            }),
            ("max-gap", self.max_gap_ms, |s| Some(s.longest_gap_ms)),
        ];
        let mut checks: Vec<Check> = most
            .into_iter()
            .filter_map(|(name, limit, figure)| {
                Some(one(calls, name, limit?, figure, |seen, limit| {
                    seen <= limit
                }))
            })
            .collect();
        if let Some(limit) = self.min_mos {
            let figure: Figure = |s| Some(s.mos_worst_window);
            checks.push(one(calls, "min-mos", limit, figure, |seen, limit| {
                seen >= limit
            }));
        }
        checks
    }
}

type Figure = fn(&StreamReport) -> Option<f64>;

/// The worst figure of all directions against `limit`; `holds` says which way is good.
fn one(
    calls: &[CallReport],
    name: &str,
    limit: f64,
    figure: Figure,
    holds: fn(f64, f64) -> bool,
) -> Check {
    let mut worst: Option<(f64, String)> = None;
    let mut unknown = None;
    for call in calls {
        for (way, direction) in [("up", &call.up), ("down", &call.down)] {
            let at = format!("call {} {way}", call.call);
            let Some(seen) = direction.stream.as_ref().and_then(figure) else {
                unknown.get_or_insert(at);
                continue;
            };
            if worst
                .as_ref()
                .is_none_or(|(so_far, _)| !holds(seen, *so_far))
            {
                worst = Some((seen, at));
            }
        }
    }
    let passed = unknown.is_none() && worst.as_ref().is_some_and(|(seen, _)| holds(*seen, limit));
    match (unknown, worst) {
        (None, Some((seen, at))) => Check {
            name: name.into(),
            limit,
            seen: Some(seen),
            at: Some(at),
            passed,
        },
        (at, _) => Check {
            name: name.into(),
            limit,
            seen: None,
            at,
            passed: false,
        },
    }
}

/// What the run comes to.
#[must_use]
pub fn verdict(calls: &[CallReport], checks: &[Check]) -> Verdict {
    if calls.is_empty() || calls.iter().any(|call| call.ended == Ending::NotPlaced) {
        Verdict::NotPlaced
    } else if calls.iter().any(|call| call.ended == Ending::PeerSilent)
        || checks.iter().any(|check| !check.passed)
    {
        Verdict::Fail
    } else {
        Verdict::Pass
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::Voice;
    use crate::profile::Profile;
    use crate::report::Direction;
    use crate::stats::{StreamSpec, StreamStats};

    /// A stream of 100 packets with 4 ms delay, of which the first `lost` are missing.
    fn stream(lost: u64) -> Direction {
        let spec = StreamSpec {
            profile: Profile::G711,
            packets: 100,
            late_ms: 150,
            offset_ns: 0,
        };
        let mut stats = StreamStats::new(spec);
        for sequence in lost..100 {
            let sent_ns = sequence * 20_000_000;
            stats.on_packet(Voice { sequence, sent_ns }, sent_ns + 4_000_000);
        }
        Direction {
            sender: None,
            stream: Some(stats.report(100)),
        }
    }

    fn call(number: u32, up: Direction, down: Direction) -> CallReport {
        CallReport {
            call: number,
            session: String::new(),
            local: String::new(),
            remote: String::new(),
            ended: Ending::Completed,
            reason: None,
            clock: None,
            rtt_ms: None,
            up,
            down,
            bad_datagrams: 0,
        }
    }

    fn all() -> Thresholds {
        Thresholds {
            max_loss_pct: Some(1.0),
            max_p99_ms: Some(4.0),
            min_mos: Some(4.3),
            max_gap_ms: Some(20.0),
        }
    }

    #[test]
    fn a_clean_run_passes_at_the_limit() {
        let calls = [call(1, stream(0), stream(0))];
        let checks = all().check(&calls);
        assert_eq!(checks.len(), 4);
        assert!(checks.iter().all(|check| check.passed), "{checks:?}");
        assert_eq!(verdict(&calls, &checks), Verdict::Pass);
    }

    #[test]
    fn the_worst_direction_of_all_calls_decides_and_is_named() {
        let calls = [call(1, stream(0), stream(0)), call(2, stream(0), stream(3))];
        let checks = all().check(&calls);
        let loss = checks
            .iter()
            .find(|check| check.name == "max-loss")
            .unwrap();
        assert_eq!(
            (loss.seen, loss.at.as_deref()),
            (Some(3.0), Some("call 2 down"))
        );
        let failed: Vec<_> = checks
            .iter()
            .filter(|c| !c.passed)
            .map(|c| &c.name)
            .collect();
        assert_eq!(failed, ["max-loss", "max-gap", "min-mos"]);
        assert_eq!(verdict(&calls, &checks), Verdict::Fail);
        assert_eq!(verdict(&calls, &[]), Verdict::Pass);
    }

    #[test]
    fn no_figure_is_no_pass() {
        let missing = Direction {
            sender: None,
            stream: None,
        };
        let calls = [call(1, missing, stream(0))];
        let checks = all().check(&calls);
        assert!(
            checks
                .iter()
                .all(|check| !check.passed && check.seen.is_none())
        );
        assert_eq!(checks[0].at.as_deref(), Some("call 1 up"));
        let mut broken = call(1, stream(0), stream(0));
        broken.ended = Ending::PeerSilent;
        assert_eq!(verdict(&[broken.clone()], &[]), Verdict::Fail);
        broken.ended = Ending::NotPlaced;
        assert_eq!(verdict(&[broken], &[]), Verdict::NotPlaced);
        assert_eq!(verdict(&[], &[]), Verdict::NotPlaced);
    }
}
