//! G10: no reservation, no cost.

use super::cell::{CELLS, Cell, Text};
use super::trial::{Trials, goodput};
use super::{At, Bar, Effort, Finding, Task};

/// How far goodput may be below that without daemons.
const KEPT: f64 = 0.995;
/// Enough for the chance in backoffs to be below what is judged.
const SECONDS: u32 = 30;

pub(super) fn tasks(effort: &Effort) -> Vec<Task> {
    let seconds = effort.seconds.max(SECONDS);
    let points = CELLS
        .into_iter()
        .flat_map(|cell| [(cell, false), (cell, true)]);
    points.map(|(cell, tcp)| task(cell, tcp, seconds)).collect()
}

fn task(cell: Cell, tcp: bool, seconds: u32) -> Task {
    let text = Text::new(cell, "no reservation", seconds).promise_calls(20);
    let text = if tcp {
        text.stations("sta", 1, "")
            .flow("sta-down", "tcp", ("wire", "sta"), "port = 9000\n")
    } else {
        text.uploads("sta", 5, 9_000, "")
    };
    let text = text.finish();
    let run = text.clone();
    Task {
        at: At {
            bar: Bar::G10,
            series: cell.name(),
            point: if tcp { "TCP down" } else { "5 uploads" }.to_owned(),
            x: f64::from(u8::from(tcp)),
        },
        text: Some(text),
        work: Box::new(move |at, effort| {
            let trials = Trials::run(&run, effort, false)?;
            let mean = |arm| trials.mean(arm, |outcome| goodput(outcome, "sta"));
            let plain = mean("plain");
            Ok(vec![
                Finding::new(at, "goodput", "Mb/s")
                    .seen(plain, mean("rether"))
                    .at_least(KEPT * plain.unwrap_or_default()),
            ])
        }),
    }
}
