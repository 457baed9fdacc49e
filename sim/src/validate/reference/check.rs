//! Values that parse and still cannot be simulated or compared with.

/// The column and what its value is.
pub(super) type Finding = Option<(&'static str, String)>;

/// Association identifiers of an AP (clause 9.4.1.8).
pub(super) const MOST_STATIONS: u32 = 2007;
/// UDP payload of an IP packet of 1500 octets.
pub(super) const MOST_UDP_OCTETS: u32 = 1472;

pub(super) fn within(column: &'static str, value: u32, least: u32, most: u32) -> Finding {
    let fits = (least..=most).contains(&value);
    (!fits).then(|| (column, format!("{value}; expected {least} to {most}")))
}

pub(super) fn finite(column: &'static str, value: f64) -> Finding {
    (!value.is_finite()).then(|| (column, format!("{value}; expected a finite number")))
}

pub(super) fn at_least(column: &'static str, value: f64, least: f64) -> Finding {
    let low = || (column, format!("{value}; expected {least} or more"));
    finite(column, value).or_else(|| (value < least).then(low))
}

pub(super) fn positive(column: &'static str, value: f64) -> Finding {
    let low = || (column, format!("{value}; expected more than 0"));
    finite(column, value).or_else(|| (value <= 0.0).then(low))
}
