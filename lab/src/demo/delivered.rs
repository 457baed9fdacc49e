//! What a flow got.

use serde::Serialize;

/// Figures of one flow in one direction; nothing where the traffic's client does not measure it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Flow {
    /// What arrived, in bit/s.
    pub rate: Option<f64>,
    /// Packets that never arrived.
    pub lost: Option<f64>,
    /// One-way delay that 99 % of the packets kept below, in ms.
    pub p99_ms: Option<f64>,
    /// The longest time without a packet, in ms.
    pub gap_ms: Option<f64>,
    /// Mean opinion score (E-model, ITU-T G.107) of the worst window of 5 s, 1 to 4.5.
    pub mos: Option<f64>,
}

/// What was delivered in one arm.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Delivered {
    /// To one flow.
    Flow(Flow),
    /// To the cell as a whole, in lines for people.
    Cell(Vec<String>),
}

impl Flow {
    /// Each figure for people, in the order of [`Flow::NAMES`]; a dash for what is not there.
    #[must_use]
    pub fn texts(&self) -> [String; 5] {
        let text = |figure: Option<f64>, form: fn(f64) -> String| {
            figure.map_or_else(|| "-".to_owned(), form)
        };
        [
            text(self.rate, rate),
            text(self.lost, |lost| lost.to_string()),
            text(self.p99_ms, millis),
            text(self.gap_ms, millis),
            text(self.mos, |mos| format!("{mos:.2}")),
        ]
    }

    /// What the figures of [`Flow::texts`] are.
    pub const NAMES: [&str; 5] = [
        "delivered",
        "lost",
        "p99 delay",
        "longest gap",
        "MOS, worst 5 s",
    ];
}

/// A rate in bit/s with the unit that suits it.
#[must_use]
pub(super) fn rate(bits: f64) -> String {
    if bits < 1e6 {
        format!("{:.1} kbit/s", bits / 1e3)
    } else {
        format!("{:.2} Mbit/s", bits / 1e6)
    }
}

/// A time in milliseconds; two digits after the point below 1 ms.
#[must_use]
pub(super) fn millis(time: f64) -> String {
    if time < 1.0 {
        format!("{time:.2} ms")
    } else {
        format!("{time:.1} ms")
    }
}

#[cfg(test)]
mod tests {
    use super::Flow;

    #[test]
    fn figures_bear_units_and_what_is_missing_is_a_dash() {
        let voice = Flow {
            rate: Some(80_000.0),
            lost: Some(0.0),
            p99_ms: Some(20.102),
            gap_ms: Some(0.128),
            mos: None,
        };
        assert_eq!(
            voice.texts(),
            ["80.0 kbit/s", "0", "20.1 ms", "0.13 ms", "-"]
        );
        let bulk = Flow {
            rate: Some(7_517_563.8),
            ..Flow::default()
        };
        assert_eq!(bulk.texts()[0], "7.52 Mbit/s");
    }
}
