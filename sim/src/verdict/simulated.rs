//! Checks of a scenario, judged by what the simulator has measured.

use super::{ArmReport, Verdict, judge};
use crate::scenario::{Check, Scenario};
use crate::world::Outcome;

/// What only a real machine has, by the first part of the path in its result.
const ONLY_IN_THE_LAB: &[&str] = &[
    "busy-seconds",
    "counters",
    "daemons",
    "events",
    "events-failed",
    "gained",
    "nodes",
    "rules-left",
    "snapshot",
];

/// The verdicts of one run.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdicts {
    /// One for each check whose arms were run, in order.
    pub verdicts: Vec<Verdict>,
    /// Checks of arms that were not run.
    pub left_out: usize,
}

/// Judges the checks of `scenario` by the outcomes of its arms with one seed, in the order of the
/// arms. A figure that only the lab measures fails its check, and the verdict says so.
///
/// # Errors
/// If an outcome cannot be written as JSON.
pub fn judge_outcomes(
    scenario: &Scenario,
    outcomes: &[&Outcome],
) -> Result<Verdicts, serde_json::Error> {
    let arms = outcomes.iter().map(|outcome| {
        Ok(ArmReport {
            name: outcome.arm.clone(),
            result: serde_json::to_value(outcome)?,
        })
    });
    let arms: Vec<ArmReport> = arms.collect::<Result<_, serde_json::Error>>()?;
    let first = scenario.arm.first().map_or("", |arm| &arm.name);
    let was_run = |check: &&Check| {
        let arm = check.arm.as_deref().unwrap_or(first);
        let other = check.other_arm.as_deref().unwrap_or(arm);
        [arm, other]
            .iter()
            .all(|name| arms.iter().any(|report| report.name == **name))
    };
    let judged = scenario.check.iter().filter(was_run).map(|check| {
        // The first of those that were run need not be the first of the scenario.
        let arm = check.arm.clone().or_else(|| Some(first.to_owned()));
        let check = Check {
            arm,
            ..check.clone()
        };
        let mut verdict = judge(&check, &arms);
        if verdict.seen.is_err()
            && let Some(path) = only_in_the_lab(&check)
        {
            verdict.seen = Err(format!(
                "the simulator has no `{path}`, only the lab has: run this scenario with `rether-lab run`"
            ));
        }
        verdict
    });
    let verdicts: Vec<_> = judged.collect();
    Ok(Verdicts {
        left_out: scenario.check.len() - verdicts.len(),
        verdicts,
    })
}

fn only_in_the_lab(check: &Check) -> Option<&str> {
    let paths = std::iter::once(check.what.as_str()).chain(check.other.as_deref());
    paths
        .filter_map(|path| path.split('.').next())
        .find(|part| ONLY_IN_THE_LAB.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::{Options, run};

    const CELL: &str = r#"
name = "cell"
settle = "100ms"

[medium]
kind = "air"

[[ap]]
name = "ap"
phy = "11a"

[[station]]
name = "s"
ap = "ap"

[[traffic]]
name = "call"
kind = "voice"
from = "s"
to = "wire"
duration = "1s"

[[arm]]
name = "rether"
daemons = true

[[arm]]
name = "plain"
daemons = false

[[check]]
what = "traffic.call.calls.0.up.stream.lost"
op = "=="
value = 0

[[check]]
what = "counters.difference.ap.link"
arm = "plain"
op = "=="
value = 0

[[check]]
what = "status.ap.cell.stats.tokens"
op = ">="
other = "traffic.call.calls.0.up.sent"
other-arm = "plain"

[[check]]
what = "traffic.cal"
arm = "plain"
op = "=="
value = 0
"#;

    #[test]
    fn checks_are_judged_and_those_of_the_lab_named() {
        let scenario = Scenario::parse(CELL, "cell.toml").unwrap();
        let arms = scenario.arm.iter();
        let run = |arm| run(&scenario, arm, 1, &Options::default()).unwrap();
        let outcomes: Vec<_> = arms.map(run).collect();
        let both: Vec<_> = outcomes.iter().collect();
        let judged = judge_outcomes(&scenario, &both).unwrap();
        assert_eq!(judged.left_out, 0);
        assert!(judged.verdicts[0].passed);
        let missing = judged.verdicts[1].seen.as_ref().unwrap_err();
        assert!(missing.contains("no `counters`") && missing.contains("rether-lab run"));
        assert!(judged.verdicts[2].seen.is_ok(), "{:?}", judged.verdicts[2]);
        let wrong = judged.verdicts[3].seen.as_ref().unwrap_err();
        assert_eq!(wrong, "no `cal` in traffic, which has call");

        let plain = judge_outcomes(&scenario, &both[1..]).unwrap();
        assert_eq!((plain.verdicts.len(), plain.left_out), (2, 2));
    }
}
