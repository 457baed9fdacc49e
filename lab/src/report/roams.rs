//! The roams of a run as a table, one row for each arm.

use super::ArmReport;
use comfy_table::{CellAlignment, Table, presets};
use serde_json::Value;

/// What each column holds, and where it is in the `roaming` of a result.
const COLUMNS: [(&str, &[&str]); 10] = [
    ("roams", &["count"]),
    ("failed", &["failed"]),
    ("lost up / down", &["up.lost", "down.lost"]),
    ("doubled", &["up.duplicated", "down.duplicated"]),
    ("reordered", &["up.reordered", "down.reordered"]),
    (
        "longest gap, ms",
        &["up.longest-gap-ms", "down.longest-gap-ms"],
    ),
    ("switch, ms", &["switch-ms.p50", "switch-ms.max"]),
    ("auth.", &["authentication-ms.p50"]),
    ("assoc.", &["association-ms.p50"]),
    ("keys", &["keys-ms.p50"]),
];

/// The table; nothing if nobody roamed.
pub(super) fn table(arms: &[ArmReport]) -> Option<String> {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    let titles = COLUMNS.iter().map(|(title, _)| *title);
    table.set_header(std::iter::once("arm").chain(titles));
    for arm in arms {
        let roaming = &arm.result["roaming"];
        if roaming.is_object() {
            let cells = COLUMNS.iter().map(|(_, paths)| cell(roaming, paths));
            table.add_row(std::iter::once(arm.name.clone()).chain(cells));
        }
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    (table.row_count() > 0).then(|| table.to_string())
}

/// The figures at `paths`; a dash for one that is not there.
fn cell(roaming: &Value, paths: &[&str]) -> String {
    let figure = |path: &&str| {
        let pointer = format!("/{}", path.replace('.', "/"));
        match roaming.pointer(&pointer) {
            Some(Value::Number(number)) if number.is_u64() => number.to_string(),
            Some(Value::Number(number)) => format!("{:.1}", number.as_f64().unwrap_or_default()),
            _ => "-".to_owned(),
        }
    };
    paths.iter().map(figure).collect::<Vec<_>>().join(" / ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_row_for_each_arm_that_roamed() {
        let arm = |name: &str, roaming: Value| ArmReport {
            name: name.to_owned(),
            result: json!({ "roaming": roaming }),
        };
        assert_eq!(table(&[arm("still", Value::Null)]), None);
        let roaming = json!({
            "count": 50, "failed": 1,
            "up": { "lost": 151, "duplicated": 0, "reordered": 0, "longest-gap-ms": 1080.46 },
            "switch-ms": { "min": 8.0, "p50": 9.26, "max": 12.0 },
        });
        let text = table(&[arm("still", Value::Null), arm("plain", roaming)]).unwrap();
        for part in ["plain", "151 / -", "1080.5 / -", "9.3 / 12.0"] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
        assert!(!text.contains("still"), "{text}");
        let widest = text.lines().map(|line| line.chars().count()).max();
        assert!(widest <= Some(120), "{widest:?} columns\n{text}");
    }
}
