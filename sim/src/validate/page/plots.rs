//! Which figures are drawn.

use crate::{
    plot::{Axis, Chart, Line, PlotError},
    theory::{Saturation, bianchi},
    validate::{DirectionFigures, Report, SaturationResult, VoiceResult},
};

const STATIONS: Axis<'_> = Axis::logarithmic(
    "saturated stations",
    &[1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 50.0],
);

/// A figure of saturation: of ours, of ns-3 and of Bianchi's model.
type Figures = (
    fn(&SaturationResult) -> Option<f64>,
    fn(&SaturationResult) -> f64,
    fn(&Saturation) -> f64,
);

const GOODPUT: Figures = (
    |result| Some(result.ours?.goodput_mbps.mean),
    |result| result.row.goodput_mbps_mean,
    |model| model.goodput_mbps,
);
const COLLISIONS: Figures = (
    |result| Some(result.ours?.collision_prob.mean),
    |result| result.row.collision_prob_mean,
    |model| model.collision_prob,
);

pub(super) fn goodput_b(report: &Report) -> Result<String, PlotError> {
    let configs = ["11b_short_ack11", "11b_short", "11b_long", "11b_long_eifs"];
    let lines = saturation(report, &configs, GOODPUT);
    let axis = Axis::linear("goodput, Mb/s", &[5.0, 6.0, 7.0]);
    draw(&STATIONS, &axis, &lines, None)
}

pub(super) fn goodput_a(report: &Report) -> Result<String, PlotError> {
    let configs = ["11a_54", "11a_BE", "11a_24", "11a_6", "11a_VO0"];
    let lines = saturation(report, &configs, GOODPUT);
    let axis = Axis::linear("goodput, Mb/s", &[0.0, 10.0, 20.0, 30.0]);
    draw(&STATIONS, &axis, &lines, None)
}

pub(super) fn collisions(report: &Report) -> Result<String, PlotError> {
    let configs = ["11a_VO0", "11a_VI0", "11a_54", "11b_long"];
    let lines = saturation(report, &configs, COLLISIONS);
    let ticks = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0];
    draw(
        &STATIONS,
        &Axis::linear("collision probability", &ticks),
        &lines,
        None,
    )
}

pub(super) fn delays_b(report: &Report) -> Result<String, PlotError> {
    let ticks = [2.0, 4.0, 6.0, 8.0, 10.0, 12.0, 14.0];
    delays(report, &["cap_11b_10ms", "cap_11b_20ms"], &ticks)
}

pub(super) fn delays_a(report: &Report) -> Result<String, PlotError> {
    let ticks = [10.0, 20.0, 30.0, 40.0, 50.0, 60.0];
    delays(report, &["cap_11a_20ms", "cap_11a_VO0_20ms"], &ticks)
}

fn draw(
    x: &Axis<'_>,
    y: &Axis<'_>,
    lines: &[Line],
    limit: Option<f64>,
) -> Result<String, PlotError> {
    let chart = Chart {
        title: None,
        x: *x,
        y: *y,
        limit,
        mark: None,
    };
    chart.lines(lines)
}

fn saturation(report: &Report, configs: &[&str], (ours, ns3, theory): Figures) -> Vec<Line> {
    let lines = configs.iter().map(|config| {
        let rows = report.saturation.iter();
        let rows: Vec<_> = rows.filter(|result| result.row.config == *config).collect();
        let n = |result: &SaturationResult| f64::from(result.row.n);
        // A cell with Bianchi's model is the same for all n.
        let cell = rows.iter().find(|result| result.bianchi.is_some());
        let cell = cell.and_then(|result| result.row.contention());
        let most = rows.iter().map(|result| result.row.n).max().unwrap_or(0);
        let theory = cell.map_or_else(Vec::new, |cell| {
            let models = (1..=most).map(|n| (f64::from(n), theory(&bianchi(n, &cell))));
            models.collect()
        });
        Line {
            label: (*config).to_owned(),
            dots: rows
                .iter()
                .filter_map(|row| Some((n(row), ours(row)?)))
                .collect(),
            rings: rows.iter().map(|row| (n(row), ns3(row))).collect(),
            line: theory,
            ..Line::default()
        }
    });
    lines.filter(|line| !line.rings.is_empty()).collect()
}

/// Mean delays of both directions over the number of calls.
fn delays(report: &Report, configs: &[&str], calls: &[f64]) -> Result<String, PlotError> {
    let axis = Axis {
        name: "mean one-way delay, ms",
        logarithmic: true,
        ticks: &[0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0],
    };
    let mut lines = Vec::new();
    for config in configs {
        let rows = report.voice.iter();
        let rows: Vec<_> = rows.filter(|result| result.row.config == *config).collect();
        if rows.is_empty() {
            continue;
        }
        let name = config.trim_start_matches("cap_").replace('_', " ");
        let line = |way: &str,
                    ours: fn(&VoiceResult) -> Option<DirectionFigures>,
                    ns3: fn(&VoiceResult) -> DirectionFigures| {
            let k = |row: &VoiceResult| f64::from(row.row.k_calls);
            let ns3 = rows.iter().map(|row| (k(row), ns3(row).mean_ms));
            let mut ns3: Vec<_> = ns3.collect();
            ns3.sort_by(|one, other| one.0.total_cmp(&other.0));
            let ours = rows
                .iter()
                .filter_map(|row| Some((k(row), ours(row)?.mean_ms)));
            Line {
                label: format!("{name} {way}"),
                dots: ours.collect(),
                line: ns3.clone(),
                rings: ns3,
                ..Line::default()
            }
        };
        lines.push(line("dl", |row| Some(row.ours?.mean.dl), |row| row.row.dl));
        lines.push(line("ul", |row| Some(row.ours?.mean.ul), |row| row.row.ul));
    }
    draw(&Axis::linear("calls", calls), &axis, &lines, Some(50.0))
}
