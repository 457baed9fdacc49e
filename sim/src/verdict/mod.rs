//! Comparing figures with what a scenario expects of them, whoever measured them.

mod metric;
mod simulated;

pub use metric::figure;
pub use simulated::{Verdicts, judge_outcomes};

use crate::scenario::{Check, Relation};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;

/// The result of one arm.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ArmReport {
    /// The arm.
    pub name: String,
    /// Everything measured; checks name figures in it by their dotted path.
    pub result: Value,
}

/// A check and how it ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// What was expected, in words.
    pub expected: String,
    /// The figure seen, or why there is none.
    pub seen: Result<f64, String>,
    /// Whether the check holds.
    pub passed: bool,
}

/// For people: a line if the check holds; otherwise what was expected, and below what was seen.
impl fmt::Display for Verdict {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seen = match &self.seen {
            Ok(figure) => figure.to_string(),
            Err(text) => text.clone(),
        };
        if self.passed {
            write!(out, "ok      {} (seen: {seen})", self.expected)
        } else {
            writeln!(out, "FAILED  expected: {}", self.expected)?;
            write!(out, "        seen:     {seen}")
        }
    }
}

fn holds(seen: f64, relation: Relation, expected: f64, tolerance: f64) -> bool {
    let slack = tolerance * expected.abs();
    match relation {
        Relation::Equal => (seen - expected).abs() < f64::EPSILON,
        Relation::Differs => (seen - expected).abs() >= f64::EPSILON,
        Relation::Below => seen < expected,
        Relation::AtMost => seen <= expected + slack,
        Relation::Above => seen > expected,
        Relation::AtLeast => seen >= expected - slack,
        Relation::Within => (seen - expected).abs() <= slack,
    }
}

/// Judges `check` by the results of the arms; a figure that is not there fails it.
#[must_use]
pub fn judge(check: &Check, arms: &[ArmReport]) -> Verdict {
    let first = arms.first().map_or("", |arm| &arm.name);
    let arm = check.arm.as_deref().unwrap_or(first);
    let look_up = |arm: &str, path: &str| {
        let found = arms.iter().find(|report| report.name == arm);
        found
            .ok_or_else(|| format!("arm {arm} has no result"))
            .and_then(|report| figure(&report.result, path))
    };
    let mut expected = format!("{} of arm {arm} {} ", check.what, check.op);
    if let Some(tolerance) = check.tolerance {
        let share = tolerance * 100.0;
        expected += &match check.op {
            Relation::AtMost => format!("{share} % more than "),
            Relation::AtLeast => format!("{share} % less than "),
            _ => format!("{share} % of "),
        };
    }
    let reference = match (&check.other, check.value) {
        (Some(other), _) => {
            let other_arm = check.other_arm.as_deref().unwrap_or(arm);
            let found = look_up(other_arm, other);
            let value = found
                .as_ref()
                .map_or_else(|_| String::new(), |value| format!(", {value}"));
            expected += &format!("{other} of arm {other_arm}{value}");
            found
        }
        (None, value) => {
            let value = value.unwrap_or_default();
            expected += &value.to_string();
            Ok(value)
        }
    };
    let seen = look_up(arm, &check.what);
    let pair = seen
        .clone()
        .and_then(|seen| reference.map(|reference| (seen, reference)));
    let tolerance = check.tolerance.unwrap_or_default();
    match pair {
        Ok((figure, reference)) => Verdict {
            expected,
            seen,
            passed: holds(figure, check.op, reference, tolerance),
        },
        Err(text) => Verdict {
            expected,
            seen: Err(text),
            passed: false,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn arms() -> Vec<ArmReport> {
        let arm = |name: &str, rate: f64| ArmReport {
            name: name.to_owned(),
            result: json!({"rate": rate, "lost": 0}),
        };
        vec![arm("rether", 98.0), arm("plain", 100.0)]
    }

    fn check(text: &str) -> Verdict {
        judge(&toml::from_str(text).unwrap(), &arms())
    }

    #[test]
    fn figures_are_compared_with_numbers() {
        assert!(check("what = 'lost'\nop = '=='\nvalue = 0").passed);
        assert!(!check("what = 'rate'\nop = '>='\nvalue = 98.5").passed);
        assert!(check("what = 'rate'\narm = 'plain'\nop = '>='\nvalue = 98.5").passed);
        assert!(!check("what = 'rate'\nop = '<'\nvalue = 98").passed);
        assert!(check("what = 'rate'\nop = '<='\nvalue = 98").passed);
    }

    #[test]
    fn figures_are_compared_across_arms() {
        let with = |tolerance| {
            check(&format!(
                "what = 'rate'\nop = 'within'\nother = 'rate'\nother-arm = 'plain'\n\
                 tolerance = {tolerance}"
            ))
        };
        assert!(with("0.03").passed);
        let verdict = with("0.01");
        assert!(!verdict.passed);
        assert_eq!(
            verdict.expected,
            "rate of arm rether within 1 % of rate of arm plain, 100"
        );
        assert_eq!(verdict.seen, Ok(98.0));
    }

    #[test]
    fn at_most_and_at_least_may_be_a_little_worse() {
        let than_plain = |op: &str, tolerance: &str| {
            let check = check(&format!(
                "what = 'rate'\nop = '{op}'\nother = 'rate'\nother-arm = 'plain'\n{tolerance}"
            ));
            (check.passed, check.expected)
        };
        let expected = "rate of arm rether >= 3 % less than rate of arm plain, 100".to_owned();
        assert_eq!(than_plain(">=", "tolerance = 0.03"), (true, expected));
        assert!(!than_plain(">=", "tolerance = 0.01").0);
        assert!(!than_plain(">=", "").0);
        let most = |value, tolerance| {
            check(&format!(
                "what = 'rate'\nop = '<='\nvalue = {value}\ntolerance = {tolerance}"
            ))
        };
        assert!(most(95, 0.04).passed && !most(95, 0.03).passed);
    }

    #[test]
    fn a_figure_that_is_not_there_is_a_failure() {
        let verdict = check("what = 'gone'\nop = '!='\nvalue = 1");
        assert!(!verdict.passed);
        assert!(verdict.seen.unwrap_err().contains("lost, rate"));
        assert!(!check("what = 'rate'\nop = '>'\nother = 'gone'").passed);
    }
}
