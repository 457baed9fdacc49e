//! Rows, figures and verdicts in words.

use super::{
    Background, SaturationRow, VoiceRow,
    claim::Claim,
    criteria::{Check, Knee, Measure, Outcome},
    report::{Report, Verdict},
};

pub(super) fn saturation_name(row: &SaturationRow) -> String {
    format!("{} n={}", row.config, row.n)
}

pub(super) fn voice_name(row: &VoiceRow) -> String {
    let mut name = format!("{} k={}", row.config, row.k_calls);
    if row.bg_uplink_stas > 0 {
        let kind = match row.bg_type {
            Background::Udp => "udp",
            Background::Tcp => "tcp",
        };
        name += &format!(" + {} {kind}", row.bg_uplink_stas);
    }
    if row.tcp_download {
        name += " + download";
    }
    name
}

pub(super) fn knee(knee: Knee) -> String {
    match knee.failed {
        Some(failed) if failed == knee.carried + 1 => knee.carried.to_string(),
        Some(failed) => format!("{} (not {failed})", knee.carried),
        None => format!("{} or more", knee.carried),
    }
}

pub(super) const fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Holds => "holds",
        Verdict::WithinError => "within error",
        Verdict::Fails => "FAILS",
        Verdict::Capacity => "above the knee",
        Verdict::NotRun => "not run",
        Verdict::NotClaimed => "not claimed",
    }
}

/// A check's deviation and what was allowed, as `+1.2 % (1.5 %)`.
pub(super) fn deviation(check: &Check) -> String {
    let error = |unit: &str, factor: f64, digits: usize| {
        if check.error > 0.0 {
            format!(" + {:.digits$}{unit}", check.error * factor)
        } else {
            String::new()
        }
    };
    let plain = |unit: &str, factor: f64, digits: usize| {
        let error = error(unit, factor, digits);
        let (deviation, allowed) = (check.deviation * factor, check.allowed * factor);
        // No sign before nothing.
        let step = libm::pow(10.0, -f64::from(u8::try_from(digits).unwrap_or(0)));
        let deviation = if deviation.abs() < step / 2.0 {
            0.0
        } else {
            deviation
        };
        format!("{deviation:+.digits$}{unit} ({allowed:.digits$}{unit}{error})")
    };
    match check.measure {
        Measure::Relative => plain(" %", 100.0, 2),
        Measure::Share => plain("", 1.0, 4),
        Measure::Millis => plain(" ms", 1.0, 2),
        Measure::Decades => plain(" decades", 1.0, 2),
        Measure::Calls => plain(" calls", 1.0, 0),
        Measure::AtLeast => format!("{:.3} (at least {})", check.ours, check.expected),
        Measure::AtMost => format!("{:.6} (at most {:.6})", check.ours, check.expected),
    }
}

/// What is said of a row beside its figures: every check that does not hold as it is, and the
/// reason of a claim that is not plain.
pub(super) fn remarks(claim: Claim, checks: &[Check]) -> Vec<String> {
    let mut remarks: Vec<String> = checks
        .iter()
        .filter(|check| check.outcome != Outcome::Holds)
        .map(|check| format!("{}: {}", check.figure, deviation(check)))
        .collect();
    remarks.extend(claim.why().map(str::to_owned));
    remarks
}

/// The reasons of claims that are not plain, each with how far it goes and its rows, in the order of
/// the rows; those that are not claimed at all come last.
pub(super) fn exceptions(report: &Report) -> Vec<(Claim, &'static str, Vec<String>)> {
    let saturation = report.saturation.iter().map(|result| {
        let row = &result.row;
        (result.claim, saturation_name(row))
    });
    let voice = report.voice.iter().map(|result| {
        let row = &result.row;
        (result.claim, voice_name(row))
    });
    let mut reasons: Vec<(Claim, &'static str, Vec<String>)> = Vec::new();
    for (claim, name) in saturation.chain(voice) {
        let Some(why) = claim.why() else { continue };
        match reasons.iter_mut().find(|(other, ..)| *other == claim) {
            Some((_, _, names)) => names.push(name),
            None => reasons.push((claim, why, vec![name])),
        }
    }
    reasons.sort_by_key(|(claim, ..)| !claim.is_judged());
    reasons
}

/// Every check that does not hold as it is, with the row's name.
pub(super) fn deviating(report: &Report) -> impl Iterator<Item = (String, Check)> + '_ {
    let saturation = report.saturation.iter().flat_map(|result| {
        let checks = result.checks.iter();
        checks.map(|check| (saturation_name(&result.row), *check))
    });
    let capacity = report.capacity.iter();
    let capacity = capacity.map(|result| (result.config.clone(), result.check));
    let voice = report.voice.iter().flat_map(|result| {
        let checks = result.checks.iter();
        checks.map(|check| (voice_name(&result.row), *check))
    });
    let speed = report.speed.iter().filter_map(|result| {
        let name = format!("{}, {}", result.row.scenario, result.row.n_or_k);
        Some((name, result.check?))
    });
    let all = saturation.chain(capacity).chain(voice).chain(speed);
    all.filter(|(_, check)| check.outcome != Outcome::Holds)
}

/// One line: how many rows came out how.
pub(super) fn tally(report: &Report) -> String {
    let tally = report.tally;
    format!(
        "{} hold, {} only within the statistical error, {} fail; {} above the knee, {} not run, {} \
         not claimed",
        tally.holds,
        tally.within_error,
        tally.fails,
        tally.capacity,
        tally.not_run,
        tally.not_claimed,
    )
}
