//! G1 and G1d: saturated uplinks.

use super::cell::{CELLS, Cell, Text};
use super::trial::{Trials, goodput, least_goodput};
use super::{At, Bar, Effort, Finding, Task, limit};

/// Share of the figure of one station that DCF cells must keep.
const KEPT: f64 = 0.98;

pub(super) fn tasks(bar: Bar, effort: &Effort) -> Vec<Task> {
    let numbers: Vec<u16> = if effort.quick {
        vec![1, 2, 5, 10, 20, 30, 50]
    } else {
        (1..=50).collect()
    };
    let cells = CELLS
        .into_iter()
        .filter(|cell| cell.wmm() == (bar == Bar::G1));
    let points = cells.flat_map(|cell| numbers.iter().map(move |n| (cell, *n)));
    points.map(|(cell, n)| task(bar, cell, n, effort)).collect()
}

fn text(cell: Cell, n: u16, effort: &Effort) -> Text {
    Text::new(cell, "saturated uplinks", effort.seconds)
        .tokens_always()
        .uploads("sta", n, 9_000, "")
}

fn task(bar: Bar, cell: Cell, n: u16, effort: &Effort) -> Task {
    let text = text(cell, n, effort).finish();
    let run = text.clone();
    Task {
        at: At {
            bar,
            series: cell.name(),
            point: if n == 1 {
                "1 station".to_owned()
            } else {
                format!("{n} stations")
            },
            x: f64::from(n),
        },
        text: Some(text),
        work: Box::new(move |at, effort| {
            let trials = Trials::run(&run, effort, false)?;
            let mean = |arm| trials.mean(arm, |outcome| goodput(outcome, "sta"));
            let least = |arm| trials.mean(arm, |outcome| least_goodput(outcome, "sta"));
            let (must, limit) = if bar == Bar::G1 {
                (if cell.is_b() { 7.0 } else { 35.0 }, limit::burst(cell))
            } else {
                (KEPT * one(cell, effort)?, limit::alone(cell))
            };
            let sum = Finding::new(at, "goodput", "Mb/s")
                .seen(mean("plain"), mean("rether"))
                .at_least(must)
                .limit(limit.value);
            let least = Finding::new(at, "least of a station", "Mb/s")
                .seen(least("plain"), least("rether"));
            Ok(vec![sum, least])
        }),
    }
}

/// What one station alone carries without Rether.
fn one(cell: Cell, effort: &Effort) -> Result<f64, crate::world::BuildError> {
    let trials = Trials::run(&text(cell, 1, effort).finish(), effort, false)?;
    let mean = trials.mean("plain", |outcome| goodput(outcome, "sta"));
    Ok(mean.unwrap_or(f64::INFINITY))
}
