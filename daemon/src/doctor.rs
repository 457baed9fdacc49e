//! `doctor`: what will work on this machine and what will not, why, and what to do.

use rether_linux::link::InterfaceName;
use rether_linux::probe::{self, Need};

use crate::exit;
use crate::table;

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// Nothing to do.
    Ok,
    /// It works less well.
    Warn,
    /// It does not work.
    Fail,
}

/// One check that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What was checked.
    pub what: String,
    /// How it came out.
    pub grade: Grade,
    /// What was found, or what is wrong and what to do.
    pub text: String,
}

impl Check {
    /// A check from a result: an error is graded by how much depends on it.
    #[must_use]
    pub fn new(what: &str, need: Need, result: Result<String, String>) -> Self {
        let (grade, text) = match result {
            Ok(text) => (Grade::Ok, text),
            Err(text) if need == Need::Must => (Grade::Fail, text),
            Err(text) => (Grade::Warn, text),
        };
        Self {
            what: what.into(),
            grade,
            text,
        }
    }
}

/// The checks that both daemons need.
pub async fn machine(interface: Option<&InterfaceName>) -> Vec<Check> {
    let findings = probe::all(interface).await;
    findings
        .into_iter()
        .map(|f| Check::new(f.what, f.need, f.result))
        .collect()
}

/// The report and the exit code: 1 if something does not work.
#[must_use]
pub fn report(checks: &[Check]) -> (String, u8) {
    let mut table = table::table(&["", "CHECK", "FINDING"]);
    for check in checks {
        let mark = match check.grade {
            Grade::Ok => "ok",
            Grade::Warn => "WARN",
            Grade::Fail => "FAIL",
        };
        table.add_row([mark, &check.what, &check.text]);
    }
    let worst = checks
        .iter()
        .map(|check| check.grade)
        .max()
        .unwrap_or(Grade::Ok);
    let (verdict, code) = match worst {
        Grade::Ok => ("Everything is as it should be.", exit::OK),
        Grade::Warn => (
            "It will work; the warnings say what would be better.",
            exit::OK,
        ),
        Grade::Fail => (
            "It will not work until the failures are mended.",
            exit::FAILED,
        ),
    };
    (format!("{table}\n\n{verdict}\n"), code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_check_decides() {
        let good = Check::new("rights", Need::Must, Ok("root".into()));
        let bad = |need| Check::new("kernel", need, Err("no nft_queue: modprobe it".into()));
        assert_eq!(report(std::slice::from_ref(&good)).1, 0);
        assert_eq!(report(&[good.clone(), bad(Need::Should)]).1, 0);
        let (text, code) = report(&[bad(Need::Must), good]);
        assert_eq!(code, 1);
        assert!(
            text.contains("FAIL") && text.contains("modprobe it"),
            "{text}"
        );
    }
}
