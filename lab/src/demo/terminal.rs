//! The table "promised / delivered" for a terminal.

use super::{
    delivered::{Delivered, Flow},
    flows::PromisedWay,
    summary::Summary,
};
use comfy_table::{ContentArrangement, Table, presets};

/// Columns of a terminal that the promise report may fill; longer texts are wrapped.
const WIDTH: u16 = 120;

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

/// The promise reports of all cells in one table.
#[must_use]
pub(super) fn promises(cells: &[Summary]) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(WIDTH);
    table.set_header([
        "promise report",
        "promised",
        "delivered",
        "kept",
        "why less or late",
    ]);
    for cell in cells {
        let title = format!("{} {}", cell.name, noted(cell));
        match &cell.promises {
            Ok(ways) => {
                table.add_row([title.as_str(), "", "", "", ""]);
                for way in ways {
                    table.add_row(promised_way(way));
                }
            }
            Err(why) => {
                table.add_row([title.as_str(), "", "", "", why]);
            }
        }
    }
    table.to_string()
}

fn promised_way(way: &PromisedWay) -> [String; 5] {
    let [rate, wait, p50, p99, kept, why] = way.texts();
    let [promised, at_most] = way.promise();
    let mut delivered = format!("{rate}\nwait p99 {wait}");
    if way.delay_p99_ms.is_some() {
        delivered += &format!("\ndelay p50 {p50}\ndelay p99 {p99}");
    }
    [
        way.whose().join("\n"),
        format!("{promised}\n{at_most}\n({})", way.state),
        delivered,
        kept,
        why,
    ]
}

/// When the status was noted, in words.
pub(super) fn noted(cell: &Summary) -> String {
    cell.noted_at
        .map_or_else(String::new, |at| format!("at {at:.1} s"))
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
    use super::{promises, table};
    use crate::demo::{
        flows::tests::{STATUS, report},
        summary::Summary,
    };

    fn widest(text: &str) -> Option<usize> {
        text.lines().map(|line| line.chars().count()).max()
    }

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
        assert!(widest(&text) <= Some(120), "{:?}\n{text}", widest(&text));
    }

    #[test]
    fn the_promise_reports_say_what_was_kept_and_why_not_and_fit_a_terminal() {
        let text = promises(&[Summary::of(&report(STATUS))]);
        for part in [
            "A down: rule voice",
            "wait at most 20.0 ms",
            "wait p99 12.5 ms",
            "5 of 5 s (100 %)",
            "0 of 5 s (0 %)",
            "it came from the wired",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
        assert!(widest(&text) <= Some(120), "{:?}\n{text}", widest(&text));
    }

    #[test]
    fn where_there_is_no_report_the_reason_stands() {
        let cell = Summary::of(&serde_json::from_str(include_str!("fixture.json")).unwrap());
        let text = promises(&[cell]);
        assert!(text.contains("noted no status"), "{text}");
        assert!(widest(&text) <= Some(120), "{:?}\n{text}", widest(&text));
    }
}
