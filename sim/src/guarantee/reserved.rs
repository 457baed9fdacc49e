//! G6: reserved TCP beside saturated stations.

use super::cell::{CELLS, Cell, START, Text};
use super::trial::{Trials, transfers};
use super::{At, Bar, Effort, Finding, Task};
use crate::world::Step;

/// What each of the two flows is promised, in Mb/s of payload, and the share that must be kept.
const PROMISE: f64 = 1.0;
const KEPT: f64 = 0.95;
const SATURATORS: u16 = 10;

pub(super) fn tasks(effort: &Effort) -> Vec<Task> {
    CELLS.into_iter().map(|cell| task(cell, effort)).collect()
}

fn task(cell: Cell, effort: &Effort) -> Task {
    // 1460 of 1500 octets are payload.
    let text = Text::new(
        cell,
        "reserved TCP beside saturated uplinks",
        effort.seconds,
    )
    .warm_up(START)
    .promise("up", "tcp", (5_001, "up"), "1028kbit", "40ms")
    .promise("down", "tcp", (5_003, "down"), "1028kbit", "40ms")
    .stations("up", 1, "")
    .stations("down", 1, "")
    .flow("up", "tcp", ("up", "wire"), "port = 5001\n")
    .flow("down", "tcp", ("wire", "down"), "port = 5003\n")
    .uploads("sta", SATURATORS, 9_000, "")
    .finish();
    let run = text.clone();
    Task {
        at: At {
            bar: Bar::G6,
            series: cell.name(),
            point: format!("{SATURATORS} uploads"),
            x: f64::from(SATURATORS),
        },
        text: Some(text),
        work: Box::new(move |at, effort| {
            let trials = Trials::run(&run, effort, false)?;
            let least = |arm, name: &'static str| {
                trials.least(arm, |outcome| {
                    let flow = transfers(outcome, name).next()?;
                    Some(flow.least_second_bps() / 1e6)
                })
            };
            let finding = |figure, name: &'static str| {
                let promised = trials.least("rether", |outcome| {
                    let steps = outcome.reservations.get(name);
                    let last = steps.and_then(|steps| steps.last());
                    Some(f64::from(u8::from(
                        last.is_some_and(|last| last.step != Step::Refused),
                    )))
                });
                let note = if promised == Some(1.0) {
                    ""
                } else {
                    "not promised in all runs"
                };
                Finding::new(at, figure, "Mb/s")
                    .seen(least("plain", name), least("rether", name))
                    .at_least(KEPT * PROMISE)
                    .note(note.to_owned())
            };
            Ok(vec![
                finding("upload, least second", "up"),
                finding("download, least second", "down"),
            ])
        }),
    }
}
