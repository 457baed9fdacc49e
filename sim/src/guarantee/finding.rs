//! What was found at a point, and whether that is enough.

use std::fmt;

use serde::Serialize;

use super::Bar;

/// A figure at a point, beside what it must be.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Finding {
    /// Of which bar.
    pub bar: Bar,
    /// The cell: a line of a plot.
    pub series: String,
    /// What differs from the other points of the cell.
    pub point: String,
    /// Its place on the axis of a plot.
    pub x: f64,
    /// What is measured.
    pub figure: &'static str,
    /// Its unit, if it has one.
    pub unit: &'static str,
    /// Without Rether, from the same seeds.
    pub plain: Option<f64>,
    /// With Rether; none if it was refused.
    pub rether: Option<f64>,
    /// What it must be, if it is judged.
    pub must: Option<Must>,
    /// What the air allows, by arithmetic.
    pub limit: Option<f64>,
    /// What else there is to say.
    pub note: String,
}

/// A bound.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Must {
    /// At least so much.
    AtLeast(f64),
    /// At most so much.
    AtMost(f64),
}

impl Must {
    /// The bound itself.
    #[must_use]
    pub const fn bound(self) -> f64 {
        match self {
            Self::AtLeast(bound) | Self::AtMost(bound) => bound,
        }
    }

    fn holds(self, value: f64) -> bool {
        // What is equal but for floating point is equal.
        match self {
            Self::AtLeast(bound) => value >= bound - 1e-9,
            Self::AtMost(bound) => value <= bound + 1e-9,
        }
    }

    /// Below 0 if it does not hold, by its share of the bound.
    fn margin(self, value: f64) -> f64 {
        let scale = self.bound().abs().max(1e-3);
        match self {
            Self::AtLeast(bound) => (value - bound) / scale,
            Self::AtMost(bound) => (bound - value) / scale,
        }
    }
}

impl fmt::Display for Must {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(bound) => write!(out, ">= {}", number(*bound)),
            Self::AtMost(bound) => write!(out, "<= {}", number(*bound)),
        }
    }
}

/// What is said of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The bar is reached.
    Kept,
    /// It is not.
    Short,
    /// Nothing was promised, so that nothing was broken.
    Refused,
    /// A figure that is not judged.
    Shown,
}

impl Verdict {
    /// For people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Short => "SHORT",
            Self::Refused => "refused",
            Self::Shown => "",
        }
    }
}

impl Finding {
    /// A figure of a point that nothing is known of yet.
    pub(super) fn new(at: &At, figure: &'static str, unit: &'static str) -> Self {
        Self {
            bar: at.bar,
            series: at.series.clone(),
            point: at.point.clone(),
            x: at.x,
            figure,
            unit,
            plain: None,
            rether: None,
            must: None,
            limit: None,
            note: String::new(),
        }
    }

    /// Without and with Rether.
    pub(super) fn seen(
        self,
        plain: impl Into<Option<f64>>,
        rether: impl Into<Option<f64>>,
    ) -> Self {
        Self {
            plain: plain.into(),
            rether: rether.into(),
            ..self
        }
    }

    pub(super) fn at_least(self, bound: f64) -> Self {
        Self {
            must: Some(Must::AtLeast(bound)),
            ..self
        }
    }

    pub(super) fn at_most(self, bound: f64) -> Self {
        Self {
            must: Some(Must::AtMost(bound)),
            ..self
        }
    }

    pub(super) fn limit(self, limit: f64) -> Self {
        Self {
            limit: Some(limit),
            ..self
        }
    }

    pub(super) fn note(self, note: String) -> Self {
        Self { note, ..self }
    }

    /// Whether the bar is reached.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match (self.must, self.rether) {
            (None, _) => Verdict::Shown,
            (Some(_), None) => Verdict::Refused,
            (Some(must), Some(value)) if must.holds(value) => Verdict::Kept,
            (Some(_), Some(_)) => Verdict::Short,
        }
    }

    /// By how much it is reached, as a share of the bound; below 0 if it is not.
    #[must_use]
    pub fn margin(&self) -> f64 {
        self.must
            .zip(self.rether)
            .map_or(f64::INFINITY, |(must, value)| must.margin(value))
    }

    /// The figure with its unit, for headings.
    #[must_use]
    pub fn measure(&self) -> String {
        if self.unit.is_empty() {
            self.figure.to_owned()
        } else {
            format!("{}, {}", self.figure, self.unit)
        }
    }
}

/// Where a finding belongs.
#[derive(Clone, Debug)]
pub(super) struct At {
    pub(super) bar: Bar,
    pub(super) series: String,
    pub(super) point: String,
    pub(super) x: f64,
}

/// Three figures of a number, for people.
#[must_use]
pub fn number(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let digits: usize = match value.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 1.0 => 2,
        _ => 3,
    };
    let text = format!("{value:.digits$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// The same of a number that may not be there.
#[must_use]
pub fn number_or_nothing(value: Option<f64>) -> String {
    value.map_or_else(String::new, number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding() -> Finding {
        let at = At {
            bar: Bar::G1,
            series: "cell".to_owned(),
            point: "1 station".to_owned(),
            x: 1.0,
        };
        Finding::new(&at, "goodput", "Mb/s")
    }

    #[test]
    fn bounds_hold_where_they_are_met() {
        assert_eq!(finding().seen(5.0, 7.0).verdict(), Verdict::Shown);
        assert_eq!(
            finding().seen(5.0, 7.0).at_least(7.0).verdict(),
            Verdict::Kept
        );
        let short = finding().seen(5.0, 6.3).at_least(7.0);
        assert_eq!(short.verdict(), Verdict::Short);
        assert!((short.margin() + 0.1).abs() < 1e-9);
        assert_eq!(
            finding().seen(None, 0.0).at_most(0.0).verdict(),
            Verdict::Kept
        );
        assert_eq!(
            finding().seen(None, 1.0).at_most(0.0).verdict(),
            Verdict::Short
        );
        assert_eq!(
            finding().seen(None, None).at_most(0.0).verdict(),
            Verdict::Refused
        );
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!(number(7.0), "7");
        assert_eq!(number(6.1234), "6.12");
        assert_eq!(number(35.04), "35");
        assert_eq!(number(1000.0), "1000");
        assert_eq!(number(0.0012), "0.001");
    }
}
