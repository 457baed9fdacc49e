//! Tables and figures for people.

use std::fmt;

use comfy_table::{ContentArrangement, Table, presets};
use rether_proto::time::Duration;

/// A table with these column titles, without lines, as wide as its content.
#[must_use]
pub fn table(titles: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(titles.iter().copied());
    table
}

/// A bit rate in the unit that fits, such as `87.2 kbit/s`.
#[must_use]
pub fn bit_rate(bits_per_second: u64) -> String {
    let scaled = |unit: u64, name: &str| {
        let tenths = (bits_per_second * 10 + unit / 2) / unit;
        format!("{}.{} {name}", tenths / 10, tenths % 10)
    };
    match bits_per_second {
        n if n >= 1_000_000 => scaled(1_000_000, "Mbit/s"),
        n if n >= 1_000 => scaled(1_000, "kbit/s"),
        n => format!("{n} bit/s"),
    }
}

/// Parts of a whole in percent, such as `12.5 %`; `-` if there is no whole.
#[must_use]
pub fn share(part: Duration, whole: Duration) -> String {
    if whole.is_zero() {
        return "-".into();
    }
    let thousandths = part.as_nanos().saturating_mul(1_000) / whole.as_nanos();
    format!("{}.{} %", thousandths / 10, thousandths % 10)
}

/// The value, or `-`.
#[must_use]
pub fn or_dash<T: fmt::Display>(value: Option<T>) -> String {
    value.map_or_else(|| "-".into(), |value| value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_the_unit_that_fits() {
        assert_eq!(bit_rate(999), "999 bit/s");
        assert_eq!(bit_rate(87_200), "87.2 kbit/s");
        assert_eq!(bit_rate(1_500_000), "1.5 Mbit/s");
        let ms = Duration::from_millis;
        assert_eq!(share(ms(5), ms(40)), "12.5 %");
        assert_eq!(share(ms(5), ms(0)), "-");
        assert_eq!(or_dash::<u8>(None), "-");
    }
}
