//! The table of `rether-sim run`.

use std::collections::BTreeSet;

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use rether_sim::rows::{Figure, Row, Spread, Subject, rows, spreads};
use rether_sim::world::Outcome;

/// Columns: heading, figure, what it is divided by, digits.
const COLUMNS: [(&str, Figure, f64, usize); 7] = [
    ("sent", Figure::Sent, 1.0, 0),
    ("lost", Figure::Lost, 1.0, 0),
    ("late", Figure::Late, 1.0, 0),
    ("Mb/s", Figure::Goodput, 1e6, 2),
    ("mean ms", Figure::DelayMean, 1.0, 2),
    ("p99 ms", Figure::DelayP99, 1.0, 2),
    ("MOS", Figure::Mos, 1.0, 2),
];

/// A table for each arm, in the order in which they were run; with several seeds its cells are mean
/// and standard deviation.
pub(super) fn tables(outcomes: &[Outcome]) -> Vec<Table> {
    let Some(first) = outcomes.first() else {
        return Vec::new();
    };
    let seeds: BTreeSet<u64> = outcomes.iter().map(|outcome| outcome.seed).collect();
    let flows = outcomes.iter().flat_map(rows);
    let flows: Vec<Row> = flows.filter(|row| row.subject != Subject::Radio).collect();
    let spreads = spreads(&flows);
    let mut arms: Vec<&str> = spreads.iter().map(|spread| spread.arm.as_str()).collect();
    arms.dedup();
    let tables = arms.iter().map(|arm| {
        let mut title = format!("{}, arm {arm}", first.scenario);
        if seeds.len() > 1 {
            title += &format!(", {} seeds", seeds.len());
        }
        let of_arm = spreads.iter().filter(|spread| spread.arm == *arm);
        table(title, of_arm, seeds.len() > 1)
    });
    tables.collect()
}

fn table<'a>(title: String, spreads: impl Iterator<Item = &'a Spread>, many: bool) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    let headings = COLUMNS.map(|(heading, ..)| heading.to_owned());
    table.set_header(std::iter::once(title).chain(headings));
    for spread in spreads {
        let name = match spread.subject {
            Subject::Up | Subject::Down => format!("{} {}", spread.name, spread.subject.name()),
            Subject::Transfer | Subject::Radio => spread.name.clone(),
        };
        let cells = COLUMNS.map(|(_, figure, unit, digits)| {
            let Some(series) = spread.figures.get(&figure) else {
                return String::new();
            };
            let (mean, sd) = (series.mean / unit, series.sd / unit);
            if many {
                // A mean of whole packets is none.
                let digits = digits.max(1);
                format!("{mean:.digits$} ±{sd:.digits$}")
            } else {
                format!("{mean:.digits$}")
            }
        });
        table.add_row(std::iter::once(name).chain(cells));
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}
