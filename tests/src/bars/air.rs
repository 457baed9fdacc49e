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
            "air-lab-call",
            "with Rether over a medium that contends, a call beside floods loses nothing, p99 <= 25 ms",
            false,
            |context| judge(context, "air-call-11a", &[]),
        ),
        row(
            "air-lab-repeat",
            "three runs of five saturated 802.11b stations give the same goodput to 1 %",
            false,
            repeat,
        ),
    ]
}

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

/// By how much the goodput differs between three runs.
fn repeat(context: &Context) -> Result<Seen> {
    let (mut rates, mut passed) = (Vec::new(), true);
    for _ in 0..3 {
        let report = run(context, "air-repeat")?;
        let rate = report.figure("main", "steady-bps");
        rates.push(rate.map_err(anyhow::Error::msg)?);
        passed &= report.passed();
    }
    let least = rates.iter().copied().fold(f64::INFINITY, f64::min);
    let most = rates.iter().copied().fold(0.0, f64::max);
    let apart = (most - least) / most;
    let texts: Vec<_> = rates
        .iter()
        .map(|rate| format!("{:.3}", rate * 1e-6))
        .collect();
    Ok(Seen {
        text: format!("{} Mb/s, {:.2} % apart", texts.join(", "), apart * 100.0),
        passed: passed && apart <= 0.01,
    })
}
