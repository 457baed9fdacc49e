//! G4: a slow station among fast ones. G5: TCP both ways.

use super::cell::{CELLS, Cell, Text};
use super::trial::{Trials, goodput, least_goodput};
use super::{At, Bar, Effort, Finding, Task, limit};
use crate::preset::Phy;

/// Fast stations of G4, and what each must get in Mb/s.
const FAST: u16 = 4;
const FAST_MBPS: f64 = 1.15;
/// By how much one way of G5 may be ahead.
const RATIO: f64 = 1.1;

pub(super) fn slow(effort: &Effort) -> Vec<Task> {
    let cells = [Cell::dcf(Phy::B11), Cell::strict(Phy::B11)];
    let task = |cell: Cell| {
        let text = Text::new(cell, "a slow station among fast ones", effort.seconds)
            .tokens_always()
            .uploads("fast", FAST, 9_000, "")
            .uploads("slow", 1, 9_100, "rate-mbps = 1\n")
            .finish();
        let run = text.clone();
        Task {
            at: At {
                bar: Bar::G4,
                series: cell.name(),
                point: "1 slow, 4 fast".to_owned(),
                x: 1.0,
            },
            text: Some(text),
            work: Box::new(move |at, effort| {
                let trials = Trials::run(&run, effort, false)?;
                let least = |arm| trials.mean(arm, |outcome| least_goodput(outcome, "fast"));
                let slow = |arm| trials.mean(arm, |outcome| goodput(outcome, "slow"));
                let share = limit::alone(cell).value / f64::from(FAST + 1);
                Ok(vec![
                    Finding::new(at, "least of a fast station", "Mb/s")
                        .seen(least("plain"), least("rether"))
                        .at_least(FAST_MBPS)
                        .limit(share),
                    Finding::new(at, "slow station", "Mb/s").seen(slow("plain"), slow("rether")),
                ])
            }),
        }
    };
    cells.into_iter().map(task).collect()
}

pub(super) fn both_ways(effort: &Effort) -> Vec<Task> {
    let task = |cell: Cell| {
        let text = Text::new(cell, "TCP up and down", effort.seconds)
            .tokens_always()
            .stations("up", 1, "")
            .stations("down", 1, "")
            .flow("up", "tcp", ("up", "wire"), "port = 9000\n")
            .flow("down", "tcp", ("wire", "down"), "port = 9100\n")
            .finish();
        let run = text.clone();
        Task {
            at: At {
                bar: Bar::G5,
                series: cell.name(),
                point: "1 up, 1 down".to_owned(),
                x: 1.0,
            },
            text: Some(text),
            work: Box::new(move |at, effort| {
                let trials = Trials::run(&run, effort, false)?;
                let ratio = |arm| {
                    trials.most(arm, |outcome| {
                        let (up, down) = (goodput(outcome, "up")?, goodput(outcome, "down")?);
                        Some(up.max(down) / up.min(down).max(1e-3))
                    })
                };
                let sum = |arm| {
                    let both =
                        |outcome: &_| Some(goodput(outcome, "up")? + goodput(outcome, "down")?);
                    trials.mean(arm, both)
                };
                let each = |arm, name: &'static str| {
                    let mean = trials.mean(arm, |outcome| goodput(outcome, name));
                    super::number_or_nothing(mean)
                };
                let plain = sum("plain");
                Ok(vec![
                    Finding::new(at, "ratio", "")
                        .seen(ratio("plain"), ratio("rether"))
                        .at_most(RATIO)
                        .note(format!(
                            "up and down {} and {} Mb/s, without {} and {}",
                            each("rether", "up"),
                            each("rether", "down"),
                            each("plain", "up"),
                            each("plain", "down"),
                        )),
                    Finding::new(at, "sum", "Mb/s")
                        .seen(plain, sum("rether"))
                        .at_least(plain.unwrap_or_default()),
                ])
            }),
        }
    };
    let cells = CELLS.into_iter().filter(|cell| !cell.wmm());
    cells.map(task).collect()
}
