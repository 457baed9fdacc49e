//! The rows of the lab's medium: the real Wi-Fi stack shares the air as the model says.

use anyhow::Result;

use super::scenario::{Figure, judge, run};
use super::{Context, Row, Seen};

const GROUP: &str = "air";

const REQUIRED_11B: &str = "goodput of 1, 2 and 5 saturated stations within 5 % of ns-3's 6.11, \
                            6.39 and 6.34 Mb/s; retries as the kernel counts them";
const REQUIRED_11A: &str = "goodput of 1, 2 and 5 saturated stations within 5 % of ns-3's 29.93, \
                            30.2 and 29.17 Mb/s; retries as the kernel counts them";

pub(super) fn rows() -> Vec<Row> {
    let row = |name, required, quick, run| Row {
        group: GROUP,
        name,
        required,
        quick,
        run,
    };
    vec![
        row("air-lab-11b", REQUIRED_11B, true, |context| {
            judge(context, "air-11b", &SATURATED)
        }),
        row("air-lab-11a", REQUIRED_11A, false, |context| {
            judge(context, "air-11a", &SATURATED)
        }),
        row(
            "air-lab-repeat",
            "three runs of air-11b give the same goodput to 1 %",
            false,
            repeat,
        ),
    ]
}

const ARMS: [&str; 3] = ["one", "two", "five"];
const SATURATED: [Figure; 5] = [
    ("1 station", "one", "steady-bps", 1e-6, " Mb/s"),
    ("2", "two", "steady-bps", 1e-6, " Mb/s"),
    ("5", "five", "steady-bps", 1e-6, " Mb/s"),
    (
        "not acknowledged of 2",
        "two",
        "air.unacknowledged",
        100.0,
        " %",
    ),
    ("of 5", "five", "air.unacknowledged", 100.0, " %"),
];

/// By how much the goodput of each arm differs between three runs.
fn repeat(context: &Context) -> Result<Seen> {
    let mut all = [const { Vec::new() }; ARMS.len()];
    for number in 1..=3 {
        // Beside the row that runs the same scenario, perhaps at the same time.
        let mut context = context.clone();
        context.out = context.out.join(format!("air-lab-repeat/{number}"));
        let report = run(&context, "air-11b")?;
        for (arm, rates) in ARMS.into_iter().zip(&mut all) {
            let rate = report.figure(arm, "steady-bps");
            rates.push(rate.map_err(anyhow::Error::msg)?);
        }
    }
    let (mut texts, mut passed) = (Vec::new(), true);
    for (arm, rates) in ARMS.into_iter().zip(&all) {
        let least = rates.iter().copied().fold(f64::INFINITY, f64::min);
        let most = rates.iter().copied().fold(0.0, f64::max);
        let apart = (most - least) / most;
        passed &= apart <= 0.01;
        let rates: Vec<_> = rates
            .iter()
            .map(|rate| format!("{:.3}", rate * 1e-6))
            .collect();
        let apart = apart * 100.0;
        texts.push(format!("{arm}: {} Mb/s, {apart:.2} %", rates.join(", ")));
    }
    Ok(Seen {
        text: texts.join("; "),
        passed,
    })
}
