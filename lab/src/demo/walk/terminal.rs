//! The walk for a terminal.

use super::{Arm, Walk};
use comfy_table::{CellAlignment, Table, presets};
use std::fmt::Write as _;

/// A row for each arm, and the parts of the roam that the page has a picture of.
#[must_use]
pub(in crate::demo) fn table(walk: &Walk) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL);
    // One above the other: the table has to fit a terminal.
    let names = Arm::NAMES.map(|name| name.replacen(", ", ",\n", 1).replace("5 s, ", "5 s,\n"));
    table.set_header(std::iter::once(walk.name.clone()).chain(names));
    for arm in &walk.arms {
        let name = if arm.rether {
            "with Rether"
        } else {
            "without Rether"
        };
        table.add_row(std::iter::once(name.to_owned()).chain(arm.texts()));
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let mut text = table.to_string();
    if let Some([with, _]) = &walk.pictured {
        let _ = write!(
            text,
            "\nThe first roam, from {} to {} at {:.1} s, with Rether; ms since the radio left its old channel:",
            with.from, with.to, with.at_s
        );
        for phase in &with.phases {
            let length = phase.end - phase.begin;
            let length = if length > 0.0 {
                format!(" ({length:.1} ms)")
            } else {
                String::new()
            };
            let _ = write!(text, "\n  {:>+7.1}  {}{length}", phase.begin, phase.words);
        }
    }
    text
}
