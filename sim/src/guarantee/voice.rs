//! G2: how many calls a cell carries.

use super::cell::{Cell, Text};
use super::trial::{Trials, voice_missed, worse};
use super::{At, Bar, Effort, Finding, Task, limit};
use crate::preset::Phy;
use crate::study::{Criterion, knee};
use crate::world::BuildError;

/// What each call is promised to take at most, in ms.
const DELAY: u32 = 80;
/// The search ends here.
const MOST: u16 = 200;

pub(super) fn tasks() -> Vec<Task> {
    [(Phy::B11, 20), (Phy::A54, 100)]
        .into_iter()
        .map(|(phy, must)| Task {
            at: At {
                bar: Bar::G2,
                series: format!("802.{}", phy.standard),
                point: "20 ms G.711".to_owned(),
                x: f64::from(must),
            },
            text: None,
            work: Box::new(move |at, effort| {
                if effort.quick {
                    at_what_must_be(at, phy, must, effort)
                } else {
                    search(at, phy, must, effort)
                }
            }),
        })
        .collect()
}

fn text(cell: Cell, calls: u16, effort: &Effort) -> String {
    Text::new(cell, "calls", effort.seconds)
        .promise_calls(DELAY)
        .calls(calls, "")
        .finish()
}

/// Whether as many calls as there must be are carried; the search takes many runs.
fn at_what_must_be(
    at: &At,
    phy: Phy,
    calls: u16,
    effort: &Effort,
) -> Result<Vec<Finding>, BuildError> {
    let mut findings = Vec::new();
    for cell in [Cell::dcf(phy), Cell::strict(phy)] {
        let trials = Trials::run(&text(cell, calls, effort), effort, false)?;
        let mean_delay = |arm| {
            trials.mean(arm, |outcome| {
                worse(outcome, |way| {
                    way.delay_ms.map_or(150.0, |delay| delay.mean)
                })
            })
        };
        let missed = |arm| trials.mean(arm, voice_missed);
        let at = At {
            series: cell.name(),
            point: format!("{calls} calls"),
            ..at.clone()
        };
        let criterion = Criterion::default();
        findings.push(
            Finding::new(&at, "lost or late", "%")
                .seen(missed("plain"), missed("rether"))
                .at_most(criterion.missed * 100.0),
        );
        findings.push(
            Finding::new(&at, "mean delay", "ms")
                .seen(mean_delay("plain"), mean_delay("rether"))
                .at_most(criterion.mean_ms),
        );
    }
    Ok(either(findings))
}

/// One of the two cells is enough: what is found of the other is shown and not judged.
fn either(findings: Vec<Finding>) -> Vec<Finding> {
    let margin = |series: &str| {
        let of_series = findings.iter().filter(|finding| finding.series == series);
        of_series.map(Finding::margin).fold(f64::INFINITY, f64::min)
    };
    let best = findings
        .iter()
        .max_by(|one, other| margin(&one.series).total_cmp(&margin(&other.series)))
        .map(|finding| finding.series.clone());
    let judged = |finding: Finding| Finding {
        must: finding
            .must
            .filter(|_| Some(&finding.series) == best.as_ref()),
        ..finding
    };
    findings.into_iter().map(judged).collect()
}

fn search(at: &At, phy: Phy, must: u16, effort: &Effort) -> Result<Vec<Finding>, BuildError> {
    let calls = |cell: Cell, arm: &str| {
        knee(MOST, &mut |calls| {
            let trials = Trials::run(&text(cell, calls, effort), effort, false)?;
            let criterion = Criterion::default();
            let carried = trials.mean(arm, |outcome| {
                let calls = outcome.calls.as_ref()?;
                let holds = criterion.holds(&calls.up) && criterion.holds(&calls.down);
                Some(if holds { 1.0 } else { 0.0 })
            });
            Ok(carried.unwrap_or_default() > 0.5)
        })
        .map(f64::from)
    };
    let (dcf, strict) = (Cell::dcf(phy), Cell::strict(phy));
    let plain = [calls(dcf, "plain")?, calls(strict, "plain")?];
    let rether = [calls(dcf, "rether")?, calls(strict, "rether")?];
    let finding = Finding::new(at, "calls carried", "")
        .seen(plain[0].max(plain[1]), rether[0].max(rether[1]))
        .at_least(f64::from(must))
        .limit(limit::calls(dcf).value)
        .note(format!(
            "DCF {} and with Rether {}; WMM {} and {}",
            plain[0], rether[0], plain[1], rether[1]
        ));
    Ok(vec![finding])
}
