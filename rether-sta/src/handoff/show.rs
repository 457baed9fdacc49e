//! `rether-sta handoff`: asks the daemon, and shows handoffs to people.

use std::path::Path;

use rether_daemon::table::{or_dash, table};
use rether_daemon::{cli, exit};
use rether_proto::mac::MacAddr;
use serde::Deserialize as _;
use serde_json::Value;

use super::Entry;
use crate::ask::Request;
use crate::run::SUFFIX;

fn ask(control: Option<&Path>, request: &Request, as_json: bool) -> anyhow::Result<Value> {
    let answer = cli::ask(control, SUFFIX, &serde_json::to_value(request)?)?;
    if as_json {
        cli::print(&format!("{answer}\n"))?;
    }
    Ok(answer)
}

/// Has the station move to `bssid`; the exit code says whether it arrived.
///
/// # Errors
/// No daemon answers, or it cannot move there now.
pub(crate) fn to(control: Option<&Path>, bssid: MacAddr, as_json: bool) -> anyhow::Result<u8> {
    let answer = ask(control, &Request::Handoff { to: bssid }, as_json)?;
    let entry = Entry::deserialize(&answer["handoff"])?;
    if !as_json {
        cli::print(&format!("{}\n", sentence(&entry)))?;
    }
    Ok(if entry.done { exit::OK } else { exit::FAILED })
}

/// Shows the last handoff.
///
/// # Errors
/// No daemon answers.
pub(crate) fn last(control: Option<&Path>, as_json: bool) -> anyhow::Result<u8> {
    let answer = ask(control, &Request::Handoffs, false)?;
    let entry = answer["handoffs"].as_array().and_then(|all| all.last());
    let text = match entry {
        Some(entry) if as_json => format!("{entry}\n"),
        Some(entry) => described(&Entry::deserialize(entry)?),
        None if as_json => "null\n".into(),
        None => "No handoff since the daemon started.\n".into(),
    };
    cli::print(&text)?;
    Ok(exit::OK)
}

/// Shows the last handoffs as a table.
///
/// # Errors
/// No daemon answers.
pub(crate) fn history(control: Option<&Path>, as_json: bool) -> anyhow::Result<u8> {
    let answer = ask(control, &Request::Handoffs, as_json)?;
    if !as_json {
        let entries = Vec::<Entry>::deserialize(&answer["handoffs"])?;
        cli::print(&listed(&entries, unix_ms()))?;
    }
    Ok(exit::OK)
}

fn unix_ms() -> u64 {
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed();
    u64::try_from(now.unwrap_or_default().as_millis()).unwrap_or(u64::MAX)
}

fn millis(span: Option<f64>) -> String {
    or_dash(span.map(|ms| format!("{ms:.1}")))
}

/// What became of it, in one line.
pub(super) fn sentence(entry: &Entry) -> String {
    let Entry {
        from, to, culprit, ..
    } = entry;
    let from = or_dash(*from);
    let because = culprit.as_ref().map(|text| format!(": {text}"));
    let because = because.unwrap_or_default();
    if entry.done {
        let phases = &entry.phases_ms;
        let parts = [
            ("prepare", phases.prepare),
            ("leave", phases.leave),
            ("switch", phases.switch),
        ];
        let parts = parts.map(|(name, span)| Some(format!("{name} {:.1} ms", span?)));
        let parts: Vec<_> = parts.into_iter().flatten().collect();
        let total = millis(phases.total);
        let parts = parts.join(", ");
        format!("moved from {from} to {to} in {total} ms ({parts}){because}")
    } else {
        format!("did not move from {from} to {to}{because}")
    }
}

fn described(entry: &Entry) -> String {
    let age = unix_ms().saturating_sub(entry.unix_ms) / 1_000;
    format!("{} s ago, {}: {}\n", age, entry.why, sentence(entry))
}

/// One line each, the latest last; `now` in milliseconds since 1970.
fn listed(entries: &[Entry], now: u64) -> String {
    if entries.is_empty() {
        return "No handoff since the daemon started.\n".into();
    }
    let mut shown = table(&[
        "AGO", "FROM", "TO", "WHY", "PREPARE", "LEAVE", "SWITCH", "TOTAL ms", "OUTCOME",
    ]);
    for entry in entries {
        let outcome = if entry.done { "arrived" } else { "stayed" };
        let outcome = match &entry.culprit {
            Some(culprit) => format!("{outcome}: {culprit}"),
            None => outcome.into(),
        };
        shown.add_row([
            format!("{} s", now.saturating_sub(entry.unix_ms) / 1_000),
            or_dash(entry.from),
            entry.to.to_string(),
            entry.why.clone(),
            millis(entry.phases_ms.prepare),
            millis(entry.phases_ms.leave),
            millis(entry.phases_ms.switch),
            millis(entry.phases_ms.total),
            outcome,
        ]);
    }
    format!("{shown}\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handoff::history::tests::entry;

    #[test]
    fn a_line_says_how_long_each_part_took() {
        let done = entry([Some(13), Some(14), Some(16), Some(26)]);
        assert_eq!(
            sentence(&done),
            "moved from 02:00:00:00:00:00 to 02:00:00:00:01:00 in 16.0 ms \
             (prepare 3.0 ms, leave 2.0 ms, switch 10.0 ms)"
        );
        let mut failed = entry([Some(13), None, None, None]);
        failed.culprit = Some("no airtime left".into());
        let line = sentence(&failed);
        assert!(line.starts_with("did not move") && line.ends_with(": no airtime left"));
    }

    #[test]
    fn the_table_has_a_line_each() {
        let mut failed = entry([Some(13), None, None, None]);
        failed.culprit = Some("no airtime left".into());
        let done = entry([Some(13), Some(14), Some(16), Some(26)]);
        let text = listed(&[failed, done], 6_000);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 3, "{text}");
        let words: Vec<_> = lines[2].split_whitespace().collect();
        assert_eq!(words[..2], ["5", "s"], "{text}");
        assert_eq!(
            words[4..],
            ["ordered", "3.0", "2.0", "10.0", "16.0", "arrived"]
        );
        assert!(lines[1].contains("stayed: no airtime left"), "{text}");
        assert!(listed(&[], 0).starts_with("No handoff"));
    }
}
