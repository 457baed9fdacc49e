//! Distributions.

use super::Line;

/// Points of a line, at most: more cannot be seen.
const POINTS: usize = 400;

/// The distribution of `values` as a line: over each value the share, 0 to 1, of `all` that are not
/// above it. With `all` more than there are values it does not reach 1: the others never came.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "shares for a plot")]
pub fn cdf(label: String, mut values: Vec<f64>, all: u64) -> Line {
    values.retain(|value| value.is_finite());
    values.sort_by(f64::total_cmp);
    let all = (all.max(values.len() as u64)).max(1) as f64;
    let stride = values.len().div_ceil(POINTS).max(1);
    let last = values.len().saturating_sub(1);
    let places = (0..values.len()).filter(|place| place % stride == 0 || *place == last);
    let mut line: Vec<_> = places
        .map(|place| (values[place], (place + 1) as f64 / all))
        .collect();
    if let Some(first) = values.first() {
        line.insert(0, (*first, 0.0));
    }
    Line {
        label,
        line,
        width: 2,
        ..Line::default()
    }
}
