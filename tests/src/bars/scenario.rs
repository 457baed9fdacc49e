//! Rows that are a lab scenario: its checks are what the row requires.

use std::time::Duration;

use anyhow::{Context as _, Result};
use rether_lab::scenario::Scenario;
use rether_lab::{Options, Report};

use super::{Context, Seen};

/// A figure to be shown: its name, its arm and its path in the result, and the factor to its unit.
pub(super) type Figure = (&'static str, &'static str, &'static str, f64, &'static str);

/// `lab/scenarios/NAME.toml`.
pub(super) fn load(context: &Context, name: &str) -> Result<Scenario> {
    let folder = context.root.join("lab/scenarios");
    Ok(Scenario::load(&folder.join(format!("{name}.toml")))?)
}

/// Runs `lab/scenarios/NAME.toml`.
pub(super) fn run(context: &Context, name: &str) -> Result<Report> {
    run_scenario(context, name, &load(context, name)?)
}

fn run_scenario(context: &Context, name: &str, scenario: &Scenario) -> Result<Report> {
    let options = Options {
        out: context.out.join(name),
        bin_dir: context.bin_dir.clone(),
        limit: Duration::from_secs(600),
    };
    let mut tell = |line: &str| eprintln!("  {name}: {line}");
    rether_lab::run(scenario, &options, &mut tell).with_context(|| name.to_owned())
}

/// Runs a scenario, and shows `figures` and the checks that do not hold.
pub(super) fn judge(context: &Context, name: &str, figures: &[Figure]) -> Result<Seen> {
    judge_scenario(context, name, &load(context, name)?, figures)
}

/// The same of `scenario`, whose results go to the folder `name`.
pub(super) fn judge_scenario(
    context: &Context,
    name: &str,
    scenario: &Scenario,
    figures: &[Figure],
) -> Result<Seen> {
    let report = run_scenario(context, name, scenario)?;
    let mut parts: Vec<_> = figures.iter().map(|figure| show(&report, figure)).collect();
    let failed = report.checks.iter().filter(|check| !check.passed);
    for check in failed {
        let seen = check
            .seen
            .as_ref()
            .map_or_else(Clone::clone, f64::to_string);
        parts.push(format!("NOT {} (seen: {seen})", check.expected));
    }
    let held = report.checks.iter().filter(|check| check.passed).count();
    parts.push(format!("{held} of {} checks hold", report.checks.len()));
    if !report.passed() {
        parts.push(format!("logs: {}", report.folder.display()));
    }
    Ok(Seen {
        text: parts.join("; "),
        passed: report.passed(),
    })
}

fn show(report: &Report, (name, arm, path, factor, unit): &Figure) -> String {
    match report.figure(arm, path) {
        Ok(figure) => format!("{name} {}{unit}", round(figure * factor)),
        Err(text) => format!("{name}: {text}"),
    }
}

/// Three figures after the point are enough for people.
fn round(figure: f64) -> f64 {
    (figure * 1e3).round() / 1e3
}
