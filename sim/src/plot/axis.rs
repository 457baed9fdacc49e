//! Axes and where they are marked.

/// An axis: what it says, whether it is logarithmic and where it is marked.
#[derive(Clone, Copy, Debug)]
pub struct Axis<'a> {
    /// What it shows, with its unit.
    pub name: &'a str,
    /// Whether equal ratios are equally far apart.
    pub logarithmic: bool,
    /// Where it is marked; values beyond are shown, too.
    pub ticks: &'a [f64],
}

impl<'a> Axis<'a> {
    /// A linear axis.
    #[must_use]
    pub const fn linear(name: &'a str, ticks: &'a [f64]) -> Self {
        Self {
            name,
            logarithmic: false,
            ticks,
        }
    }

    /// A logarithmic axis; values of 0 and below have no place on it.
    #[must_use]
    pub const fn logarithmic(name: &'a str, ticks: &'a [f64]) -> Self {
        Self {
            name,
            logarithmic: true,
            ticks,
        }
    }

    pub(super) fn place(&self, value: f64) -> f64 {
        if self.logarithmic {
            libm::log10(value.max(f64::MIN_POSITIVE))
        } else {
            value
        }
    }

    /// Whether a value has a place.
    pub(super) fn holds(&self, value: f64) -> bool {
        value.is_finite() && !(self.logarithmic && value <= 0.0)
    }

    /// From the first mark or value to the last, with a little room around.
    pub(super) fn range(&self, values: impl Iterator<Item = f64>) -> std::ops::Range<f64> {
        let shown = values.filter(|value| self.holds(*value));
        let (low, high) = shown
            .chain(self.ticks.iter().copied())
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
                (low.min(self.place(value)), high.max(self.place(value)))
            });
        if low > high {
            return 0.0..1.0;
        }
        let room = (high - low) * 0.03;
        let room = if room > 0.0 { room } else { 0.5 };
        low - room..high + room
    }
}

/// The decimal number that is meant, of few digits more than `step` has: 3 times 0.1 is 0.3.
fn exact(value: f64, step: f64) -> f64 {
    let digits = libm::ceil(libm::fmax(-libm::log10(step), 0.0) + 2.0);
    let scale = libm::pow(10.0, digits);
    libm::round(value * scale) / scale
}

/// About six marks at 1, 2 or 5 times a power of ten that hold `low` to `high`.
#[must_use]
pub fn linear_ticks(low: f64, high: f64) -> Vec<f64> {
    let width = high - low;
    if !width.is_finite() || width <= 0.0 {
        return vec![low];
    }
    let rough = width / 5.0;
    let decade = libm::pow(10.0, libm::floor(libm::log10(rough)));
    let steps = [1.0, 2.0, 5.0, 10.0];
    let step = steps.into_iter().map(|factor| factor * decade);
    let step = step
        .clone()
        .find(|step| *step >= rough * 0.999)
        .unwrap_or(10.0 * decade);
    let (first, last) = (
        libm::floor(low / step + 1e-9),
        libm::ceil(high / step - 1e-9),
    );
    let mut ticks = Vec::new();
    let mut number = first;
    while number <= last {
        ticks.push(exact(number * step, step));
        number += 1.0;
    }
    ticks
}

/// Marks at 1 and 3 times the powers of ten that hold `low` to `high`, both above 0; of more than
/// four decades only at the powers.
#[must_use]
pub fn logarithmic_ticks(low: f64, high: f64) -> Vec<f64> {
    let low = if low > 0.0 && low.is_finite() {
        low
    } else {
        0.1
    };
    let high = if high.is_finite() { high.max(low) } else { low };
    let (first, last) = (libm::floor(libm::log10(low)), libm::ceil(libm::log10(high)));
    let factors: &[f64] = if last - first > 4.0 {
        &[1.0]
    } else {
        &[1.0, 3.0]
    };
    let mut ticks = Vec::new();
    let mut decade = first;
    while decade <= last {
        let power = libm::pow(10.0, decade);
        ticks.extend(factors.iter().map(|factor| exact(factor * power, power)));
        decade += 1.0;
    }
    // Of the marks around, those that are next to the values.
    let below = ticks
        .iter()
        .rposition(|tick| *tick <= low * 1.001)
        .unwrap_or(0);
    let above = ticks.iter().position(|tick| *tick >= high * 0.999);
    ticks.truncate(above.map_or(ticks.len(), |place| place + 1));
    ticks.split_off(below.min(ticks.len().saturating_sub(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_round_and_hold_the_values() {
        assert_eq!(linear_ticks(0.0, 1.0), [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]);
        assert_eq!(linear_ticks(0.0, 4.7), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!(linear_ticks(1.0, 50.0), [0.0, 10.0, 20.0, 30.0, 40.0, 50.0]);
        assert_eq!(linear_ticks(3.0, 3.0), [3.0]);
        assert_eq!(logarithmic_ticks(0.5, 20.0), [0.3, 1.0, 3.0, 10.0, 30.0]);
        assert_eq!(logarithmic_ticks(1e-3, 1e3).len(), 7);
        assert_eq!(logarithmic_ticks(0.0, -1.0).len(), 1);
    }

    #[test]
    fn ranges_need_no_values() {
        let axis = Axis::logarithmic("x", &[]);
        assert_eq!(axis.range([0.0, f64::NAN].into_iter()), 0.0..1.0);
        let one = Axis::linear("x", &[]).range([5.0].into_iter());
        assert!(one.start < 5.0 && one.end > 5.0);
    }
}
