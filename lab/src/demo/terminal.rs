//! The table "promised / delivered" for a terminal.

use super::{
    delivered::{Delivered, Flow},
    summary::Summary,
};
use comfy_table::{Table, presets};

/// One table for all cells.
#[must_use]
pub(super) fn table(cells: &[Summary]) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL);
    table.set_header(["", "promised", "with Rether", "without Rether", "verdict"]);
    for cell in cells {
        table.add_row([cell.name.as_str(), cell_phy(cell), "", "", ""]);
        for row in &cell.rows {
            table.add_row([
                row.what.clone(),
                row.promised.join("\n"),
                lines(&row.with),
                lines(&row.without),
                verdict(row.kept).to_owned(),
            ]);
        }
    }
    table.to_string()
}

fn cell_phy(cell: &Summary) -> &str {
    cell.title.rsplit(", ").next().unwrap_or_default()
}

/// In a word.
pub(super) const fn verdict(kept: Option<bool>) -> &'static str {
    match kept {
        Some(true) => "kept",
        Some(false) => "BROKEN",
        None => "-",
    }
}

fn lines(delivered: &Delivered) -> String {
    match delivered {
        Delivered::Cell(lines) => lines.join("\n"),
        Delivered::Flow(flow) => flow_lines(flow),
    }
}

fn flow_lines(flow: &Flow) -> String {
    let [rate, lost, p99, gap, mos] = flow.texts();
    let mut text = format!("{rate}, {lost} lost");
    if flow.p99_ms.is_some() {
        text += &format!("\np99 {p99}, gap {gap}\nMOS {mos} (worst 5 s)");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::table;
    use crate::demo::summary::Summary;

    #[test]
    fn the_table_says_promise_delivery_and_verdict_and_fits_a_terminal() {
        let report = serde_json::from_str(include_str!("fixture.json")).unwrap();
        let text = table(&[Summary::of(&report)]);
        for part in [
            "80 kbit/s, 200 B packets",
            "p99 20.1 ms, gap 41.5 ms",
            "66.77 Mbit/s, 0 lost",
            "kept",
            "BROKEN",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
        let widest = text.lines().map(|line| line.chars().count()).max();
        assert!(widest <= Some(120), "{widest:?} columns\n{text}");
    }
}
