//! The report for a terminal.

use std::fmt::Write as _;

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Table, Width, presets};

use super::{
    DirectionFigures, Outcome,
    report::{Report, SaturationResult, Verdict},
    text,
};

/// Columns of a terminal that is printed or pasted.
const COLUMNS: u16 = 118;

impl Report {
    /// The tables for a terminal, at most 118 columns wide: what was simulated, why the
    /// rest was not, and what does not hold.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        for table in [
            saturation(self),
            capacity(self),
            voice(self),
            speed(self),
            exceptions(self),
            deviating(self),
        ] {
            if !table.is_empty() {
                // Writing to a string cannot fail.
                let _ = writeln!(out, "{table}");
            }
        }
        let result = if self.passed { "passed" } else { "FAILED" };
        out + result + ": " + &text::tally(self) + "\n"
    }
}

fn new(header: &[&str], figures: std::ops::Range<usize>) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(COLUMNS);
    table.set_header(header);
    for index in figures {
        if let Some(column) = table.column_mut(index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

fn saturation(report: &Report) -> Table {
    let mut table = new(
        &[
            "saturation",
            "Mb/s",
            "ns-3",
            "",
            "collisions",
            "ns-3",
            "Bianchi",
            "verdict",
        ],
        1..7,
    );
    for result in &report.saturation {
        let Some(ours) = &result.ours else { continue };
        let row = &result.row;
        let relative = ours.goodput_mbps.mean / row.goodput_mbps_mean - 1.0;
        table.add_row([
            text::saturation_name(row),
            format!("{:.3}", ours.goodput_mbps.mean),
            format!("{:.3}", row.goodput_mbps_mean),
            format!("{:+.2} %", relative * 100.0),
            format!("{:.3}", ours.collision_prob.mean),
            format!("{:.3}", row.collision_prob_mean),
            theory(result),
            text::verdict(result.verdict()).to_owned(),
        ]);
    }
    table
}

fn theory(result: &SaturationResult) -> String {
    let bianchi = result
        .bianchi
        .map(|model| format!("{:.3}", model.goodput_mbps));
    bianchi.unwrap_or_default()
}

fn capacity(report: &Report) -> Table {
    let mut table = new(&["capacity", "calls", "ns-3", "verdict"], 1..3);
    for result in &report.capacity {
        table.add_row([
            result.config.clone(),
            text::knee(result.ours),
            text::knee(result.ns3),
            text::verdict(result.verdict()).to_owned(),
        ]);
    }
    table
}

fn voice(report: &Report) -> Table {
    let header = [
        "calls", "", "lost %", "ns-3", "mean ms", "ns-3", "p99 ms", "ns-3", "verdict",
    ];
    let mut table = new(&header, 2..8);
    if let Some(column) = table.column_mut(0) {
        column.set_constraint(ColumnConstraint::UpperBoundary(Width::Fixed(26)));
    }
    for result in &report.voice {
        let Some(ours) = &result.ours else { continue };
        let pair = |figure: fn(&DirectionFigures) -> f64, digits: usize| {
            let both = |ul: f64, dl: f64| format!("{ul:.digits$}\n{dl:.digits$}");
            let row = &result.row;
            [
                both(figure(&ours.mean.ul), figure(&ours.mean.dl)),
                both(figure(&row.ul), figure(&row.dl)),
            ]
        };
        let [loss, ns3_loss] = pair(|direction| direction.loss_150ms * 100.0, 2);
        let [mean, ns3_mean] = pair(|direction| direction.mean_ms, 2);
        let [p99, ns3_p99] = pair(|direction| direction.p99_ms, 1);
        table.add_row([
            text::voice_name(&result.row),
            "ul\ndl".to_owned(),
            loss,
            ns3_loss,
            mean,
            ns3_mean,
            p99,
            ns3_p99,
            text::verdict(result.verdict()).to_owned(),
        ]);
    }
    table
}

fn speed(report: &Report) -> Table {
    let mut table = new(
        &[
            "cost",
            "n or k",
            "CPU s per s",
            "ns-3",
            "times faster",
            "verdict",
        ],
        1..5,
    );
    for result in &report.speed {
        let Some(check) = &result.check else { continue };
        table.add_row([
            result.row.scenario.clone(),
            result.row.n_or_k.to_string(),
            format!("{:.6}", check.ours),
            format!("{:.4}", result.row.cpu_s_per_sim_s),
            format!("{:.0}", result.row.cpu_s_per_sim_s / check.ours),
            text::verdict(result.verdict()).to_owned(),
        ]);
    }
    table
}

fn deviating(report: &Report) -> Table {
    let header = [
        "does not hold",
        "figure",
        "ours",
        "expected",
        "deviation (allowed)",
        "verdict",
    ];
    let mut table = new(&header, 2..4);
    for (name, check) in text::deviating(report) {
        let verdict = if check.outcome == Outcome::Fails {
            Verdict::Fails
        } else {
            Verdict::WithinError
        };
        table.add_row([
            name,
            check.figure.to_owned(),
            format!("{:.4}", check.ours),
            format!("{:.4}", check.expected),
            text::deviation(&check),
            text::verdict(verdict).to_owned(),
        ]);
    }
    table
}

fn exceptions(report: &Report) -> Table {
    let mut table = new(&["claimed", "because", "rows"], 0..0);
    for (claim, why, rows) in text::exceptions(report) {
        let claimed = if claim.is_judged() { "loosely" } else { "no" };
        table.add_row([claimed.to_owned(), why.to_owned(), rows.join(", ")]);
    }
    table
}
