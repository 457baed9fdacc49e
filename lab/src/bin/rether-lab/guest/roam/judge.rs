//! How a roam went: its steps by the log of `wpa_supplicant`, and what flows noticed of it.

use super::{Clocks, Command, Noticed, log::Change, work};
use crate::guest::probe::{Part, WAYS, millis};
use rether_lab::scenario::RoamBy;
use serde_json::{Map, Value, json};

/// A packet that was under way when the roam began is lost by it, too: so long before, in ns.
const BEFORE_NS: u64 = 50_000_000;
/// Goodput around a roam is that of so many seconds.
const SECOND: f64 = 1.0;
/// Seconds at each end of a flow that say nothing of its steady rate.
const EDGE: f64 = 2.0;

/// A roam that was asked for, or that the station chose by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Roam {
    node: String,
    from: String,
    to: String,
    over: &'static str,
    by: &'static str,
    /// Microseconds of the wall clock when it was asked for, or when it began.
    at: u64,
    /// None if nothing came of it.
    change: Option<Change>,
}

impl Roam {
    fn connected(&self) -> Option<u64> {
        self.change.as_ref()?.connected
    }
}

/// Puts the roams that were asked for together with what happened, in the order of time. `at` is
/// the access point the station begins at, `name` the name of one by its address.
pub(super) fn pair(
    node: &str,
    at: &str,
    commands: &[Command],
    changes: Vec<Change>,
    name: impl Fn(&str) -> String,
) -> Vec<Roam> {
    let mut roams: Vec<Roam> = commands
        .iter()
        .map(|command| Roam {
            node: node.to_owned(),
            from: String::new(),
            to: command.to.clone(),
            over: match command.over {
                rether_lab::scenario::Over::Air => "air",
                rether_lab::scenario::Over::Ds => "ds",
            },
            by: match command.by {
                RoamBy::Plain => "plain",
                RoamBy::Rether => "rether",
            },
            at: command.at,
            change: None,
        })
        .collect();
    let mut unasked = Vec::new();
    for change in changes {
        let (to, Some(begin)) = (name(&change.bssid), change.begin()) else {
            continue;
        };
        // The latest command before it, if it leads there and nothing came of it yet but failures.
        let asked = roams.iter_mut().rev().find(|roam| roam.at <= begin);
        match asked.filter(|roam| roam.to == to && roam.connected().is_none()) {
            Some(roam) => roam.change = Some(change),
            None => unasked.push(Roam {
                node: node.to_owned(),
                from: String::new(),
                to,
                over: "air",
                by: "itself",
                at: begin,
                change: Some(change),
            }),
        }
    }
    roams.extend(unasked);
    roams.sort_by_key(|roam| roam.at);
    let mut here = at.to_owned();
    for roam in &mut roams {
        roam.from.clone_from(&here);
        if roam.connected().is_some() {
            here.clone_from(&roam.to);
        }
    }
    roams
}

/// What arrived of a TCP flow, in bit/s of payload.
#[derive(Clone, Debug)]
pub(crate) struct Goodput {
    /// When its first interval began, in seconds of the arm's clock.
    pub(crate) start: f64,
    /// Length in seconds and bits of each interval, one after the other.
    pub(crate) parts: Vec<(f64, f64)>,
}

impl Goodput {
    /// The rate from `begin` until `end` of the arm's clock; nothing if the flow did not last.
    fn rate(&self, begin: f64, end: f64) -> Option<f64> {
        let (mut at, mut bits) = (self.start, 0.0);
        if begin < at {
            return None;
        }
        for (seconds, part) in &self.parts {
            let overlap = (at + seconds).min(end) - at.max(begin);
            if overlap > 0.0 {
                bits += part * overlap / seconds;
            }
            at += seconds;
        }
        (at >= end).then(|| bits / (end - begin))
    }

    /// The rate without the seconds after `roams` and the first and last two of the flow; nothing if
    /// no second is left.
    fn steady(&self, roams: &[f64]) -> Option<f64> {
        let length: f64 = self.parts.iter().map(|(seconds, _)| seconds).sum();
        let (mut at, end) = (self.start + EDGE, self.start + length - EDGE);
        let (mut seconds, mut bits) = (0.0, 0.0);
        let mut add = |begin: f64, end: f64| {
            if let Some(rate) = (end > begin).then(|| self.rate(begin, end)).flatten() {
                seconds += end - begin;
                bits += rate * (end - begin);
            }
        };
        for roam in roams {
            add(at, roam.min(end));
            at = at.max(roam + SECOND);
        }
        add(at, end);
        (seconds >= SECOND).then(|| bits / seconds)
    }
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52 us")]
fn since(later: u64, earlier: u64) -> f64 {
    later.saturating_sub(earlier) as f64 / 1e3
}

/// The roams of one station as values of the result.
pub(super) fn values(roams: &[Roam], start: Clocks, noticed: &Noticed) -> Vec<Value> {
    let Noticed { probes, goodputs } = noticed;
    let mut all = Vec::new();
    let seconds = |roam: &Roam| since(roam.at, start.wall_us) / 1e3;
    let times: Vec<_> = roams.iter().map(seconds).collect();
    let steady: Vec<_> = goodputs
        .iter()
        .map(|(_, flow)| flow.steady(&times))
        .collect();
    for (index, roam) in roams.iter().enumerate() {
        let next = roams.get(index + 1).map(|next| start.monotonic(next.at));
        let mut value = steps(roam, start);
        let switch = value["switch-ms"].as_f64();
        let begin = start.monotonic(roam.at).saturating_sub(BEFORE_NS);
        let end = next.map_or(u64::MAX, |next| next.saturating_sub(BEFORE_NS));
        let mut seen = Map::new();
        let mut longest = None;
        for (name, ways) in probes {
            let parts = ways.each_ref().map(|way| way.part(begin, end));
            for part in parts {
                longest = longest.max(Some(part.longest_gap_ns));
            }
            let both = WAYS.iter().zip(parts);
            let both = both.map(|(way, part)| ((*way).to_owned(), probe(part)));
            seen.insert(name.clone(), Value::Object(both.collect()));
        }
        let at = seconds(roam);
        let (mut rates, mut shares) = (Map::new(), Map::new());
        for ((name, flow), steady) in goodputs.iter().zip(&steady) {
            let rate = flow.rate(at, at + SECOND);
            let share = rate.zip(*steady).map(|(rate, steady)| rate / steady);
            rates.insert(name.clone(), json!(rate));
            shares.insert(name.clone(), json!(share));
        }
        if let Some(map) = value.as_object_mut() {
            let over = longest
                .zip(switch)
                .map(|(gap, switch)| millis(gap) - switch);
            map.insert("probes".to_owned(), Value::Object(seen));
            map.insert("gap-over-switch-ms".to_owned(), json!(over));
            map.insert("second-bps".to_owned(), Value::Object(rates));
            map.insert("second-share".to_owned(), Value::Object(shares));
        }
        all.push(value);
    }
    all
}

fn probe(part: Part) -> Value {
    json!({
        "lost": part.lost,
        "duplicated": part.duplicated,
        "reordered": part.reordered,
        "longest-gap-ms": millis(part.longest_gap_ns),
    })
}

fn steps(roam: &Roam, start: Clocks) -> Value {
    let change = roam.change.clone().unwrap_or_default();
    let begin = change.begin();
    let between = |from: Option<u64>, to: Option<u64>| {
        let (from, to) = from.zip(to)?;
        Some(since(to, from))
    };
    json!({
        "node": roam.node,
        "from": roam.from,
        "to": roam.to,
        "over": roam.over,
        "by": roam.by,
        "at-s": since(roam.at, start.wall_us) / 1e3,
        "connected": change.connected.is_some(),
        "failure": change.failure,
        "before-ms": between(Some(roam.at), begin),
        "authentication-ms": between(change.authenticating, change.associating),
        "association-ms": between(change.associating, change.associated),
        "keys-ms": between(change.associated, change.connected),
        "port-ms": between(change.connected, change.end()),
        "switch-ms": between(begin, change.end()),
        "whole-ms": between(Some(roam.at), change.end()),
    })
}

/// The figures of a step that all roams together have.
pub(super) fn spread(values: impl Iterator<Item = Option<f64>>) -> Value {
    let mut all: Vec<_> = values.flatten().collect();
    all.sort_by(f64::total_cmp);
    let (Some(min), Some(max)) = (all.first(), all.last()) else {
        return Value::Null;
    };
    let median = all.get(all.len() / 2);
    json!({ "min": min, "p50": median, "max": max })
}

/// What arrived of each TCP flow in the second after the roam that cost it most.
fn least_seconds(roams: &[Value]) -> Value {
    let mut least = Map::new();
    for (flow, rate) in roams
        .iter()
        .filter_map(|roam| roam["second-bps"].as_object())
        .flatten()
    {
        let so_far = least.get(flow).and_then(Value::as_f64);
        if let Some(rate) = rate
            .as_f64()
            .filter(|rate| so_far.is_none_or(|least| *rate < least))
        {
            least.insert(flow.clone(), rate.into());
        }
    }
    Value::Object(least)
}

/// All roams of an arm together, with what the daemons say in `handoffs` that they cost; nothing if there
/// are none.
pub(crate) fn summary(roams: &[Value], handoffs: &Value) -> Option<Value> {
    if roams.is_empty() {
        return None;
    }
    let failed = roams.iter().filter(|roam| roam["connected"] != true);
    let mut all = json!({ "count": roams.len(), "failed": failed.count() });
    let map = all.as_object_mut()?;
    for key in [
        "before-ms",
        "authentication-ms",
        "association-ms",
        "keys-ms",
        "port-ms",
        "switch-ms",
        "whole-ms",
        "gap-over-switch-ms",
    ] {
        let values = roams.iter().map(|roam| roam[key].as_f64());
        map.insert(key.to_owned(), spread(values));
    }
    // All have the same flows.
    let flows = roams
        .first()
        .and_then(|roam| roam["second-share"].as_object());
    let share = |name: &String| {
        let values = roams.iter().map(|roam| roam["second-share"][name].as_f64());
        (name.clone(), spread(values))
    };
    let shares = flows.into_iter().flat_map(Map::keys).map(share).collect();
    map.insert("second-share".to_owned(), Value::Object(shares));
    map.insert("second-bps".to_owned(), least_seconds(roams));
    map.insert("work".to_owned(), json!(work::summary(handoffs)));
    for way in WAYS {
        let flows = || {
            let probes = roams.iter().filter_map(|roam| roam["probes"].as_object());
            probes.flat_map(Map::values).map(|flow| &flow[way])
        };
        if flows().next().is_none() {
            continue;
        }
        let sum = |key: &str| flows().filter_map(|part| part[key].as_u64()).sum::<u64>();
        let gaps = flows().filter_map(|part| part["longest-gap-ms"].as_f64());
        let figures = json!({
            "lost": sum("lost"),
            "duplicated": sum("duplicated"),
            "reordered": sum("reordered"),
            "longest-gap-ms": gaps.fold(0.0, f64::max),
        });
        map.insert(way.to_owned(), figures);
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guest::probe::tests::{START, way};
    use rether_lab::scenario::Over;

    /// Microseconds of the wall clock when the arm's clock starts.
    const ZERO: u64 = 1_000_000_000;

    fn command(at_ms: u64, to: &str) -> Command {
        Command {
            node: "a".to_owned(),
            to: to.to_owned(),
            over: Over::Air,
            by: RoamBy::Plain,
            at: ZERO + at_ms * 1_000,
        }
    }

    fn change(begin_ms: u64, to: &str, connected_ms: Option<u64>) -> Change {
        let at = |ms: u64| ZERO + ms * 1_000;
        Change {
            bssid: to.to_owned(),
            authenticating: Some(at(begin_ms)),
            associating: Some(at(begin_ms + 2)),
            associated: Some(at(begin_ms + 3)),
            connected: connected_ms.map(at),
            ..Change::default()
        }
    }

    fn roams() -> Vec<Roam> {
        let commands = [
            command(140, "two"),
            command(300, "one"),
            command(450, "one"),
        ];
        let changes = vec![
            change(141, "two", Some(146)),
            // By itself.
            change(220, "three", Some(225)),
            // The first try fails.
            change(300, "one", None),
            change(303, "one", Some(308)),
        ];
        pair("a", "one", &commands, changes, str::to_owned)
    }

    #[test]
    fn each_command_has_what_came_of_it() {
        let seen: Vec<_> = roams()
            .iter()
            .map(|roam| {
                let begin = roam.change.as_ref().and_then(Change::begin);
                let begin = begin.map(|begin| (begin - ZERO) / 1_000);
                (roam.from.clone(), roam.to.clone(), roam.by, begin)
            })
            .collect();
        let expected = [
            ("one", "two", "plain", Some(141)),
            ("two", "three", "itself", Some(220)),
            ("three", "one", "plain", Some(303)),
            ("one", "one", "plain", None),
        ];
        assert_eq!(
            seen,
            expected.map(|(from, to, by, begin)| (from.to_owned(), to.to_owned(), by, begin))
        );
    }

    #[test]
    fn the_seconds_of_roams_are_not_steady() {
        let parts = [1.0, 1.0, 5.0, 2.0, 4.0, 6.0, 1.0, 1.0].map(|bits| (1.0, bits));
        let flow = Goodput {
            start: 10.0,
            parts: parts.to_vec(),
        };
        assert_eq!(flow.steady(&[13.0]), Some(5.0));
        assert_eq!(flow.steady(&[]), Some(4.25));
        // One that overlaps the other, and one in the last seconds.
        assert_eq!(flow.steady(&[13.0, 13.5, 17.0]), Some(13.0 / 2.5));
        assert_eq!(flow.steady(&[12.0, 13.0, 14.0, 15.0]), None);
    }

    #[test]
    fn a_roam_has_its_steps_and_its_losses() {
        let start = Clocks {
            wall_us: ZERO,
            monotonic_ns: START,
            boottime_ns: START,
        };
        // Due 145 and 150 ms after the start, and 410 ms after it.
        let probes = [(
            "p".to_owned(),
            [way(90, 90, &[29, 30, 82], &[]), way(90, 90, &[], &[31])],
        )];
        let flow = Goodput {
            start: 0.0,
            parts: vec![(0.5, 1e6), (0.5, 2e6), (0.5, 3e6)],
        };
        let noticed = Noticed {
            probes: probes.into(),
            goodputs: vec![("t".to_owned(), flow)],
        };
        let values = values(&roams(), start, &noticed);
        let first = &values[0];
        assert_eq!(first["at-s"], 0.14);
        for (key, expected) in [
            ("before-ms", 1.0),
            ("authentication-ms", 2.0),
            ("association-ms", 1.0),
            ("keys-ms", 2.0),
            ("switch-ms", 5.0),
            ("whole-ms", 6.0),
            // Packets 28 and 31 arrive 15 ms apart.
            ("gap-over-switch-ms", 10.0),
        ] {
            assert_eq!(first[key], expected, "{key}");
        }
        // The window of the first roam ends 50 ms before the second begins.
        let lost: Vec<_> = values
            .iter()
            .map(|roam| roam["probes"]["p"]["up"]["lost"].as_u64())
            .collect();
        assert_eq!(lost, [Some(2), Some(0), Some(0), Some(1)]);
        // 0.36 s at 2 Mbit/s, 0.5 s at 4 and 0.14 s at 6.
        let rate = first["second-bps"]["t"].as_f64().unwrap();
        assert!((rate - 3.56e6).abs() < 1.0, "{rate}");
        assert_eq!(first["second-share"]["t"], Value::Null, "too short");
        let summary = summary(&values, &Value::Null).unwrap();
        assert_eq!(summary["second-bps"]["t"].as_f64(), Some(rate));
        assert_eq!(
            (&summary["count"], &summary["failed"]),
            (&json!(4), &json!(1))
        );
        assert_eq!(
            summary["switch-ms"],
            json!({"min": 5.0, "p50": 5.0, "max": 5.0})
        );
        assert_eq!(summary["up"]["lost"], 3);
        assert_eq!(summary["down"]["duplicated"], 1);
        assert_eq!(super::summary(&[], &Value::Null), None);
    }
}
