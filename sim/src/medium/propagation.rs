//! Where radios are, and how strong one hears another.

use serde::{Deserialize, Serialize};

/// A point in metres.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "[f64; 2]", into = "[f64; 2]")]
pub struct Position {
    /// East of the origin.
    pub x: f64,
    /// North of the origin.
    pub y: f64,
}

impl From<[f64; 2]> for Position {
    fn from([x, y]: [f64; 2]) -> Self {
        Self { x, y }
    }
}

impl From<Position> for [f64; 2] {
    fn from(position: Position) -> Self {
        [position.x, position.y]
    }
}

impl Position {
    /// Distance in metres.
    #[must_use]
    pub fn distance(self, other: Self) -> f64 {
        libm::hypot(self.x - other.x, self.y - other.y)
    }

    /// The point at `share` (0 to 1) of the way to `other`.
    #[must_use]
    pub fn towards(self, other: Self, share: f64) -> Self {
        Self {
            x: self.x + (other.x - self.x) * share,
            y: self.y + (other.y - self.y) * share,
        }
    }
}

/// How strong radios hear each other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Propagation {
    /// Everybody hears everybody at this strength in dBm, wherever they are.
    Uniform(f64),
    /// Path loss grows with the logarithm of the distance.
    LogDistance(LogDistance),
}

impl Default for Propagation {
    fn default() -> Self {
        Self::Uniform(-30.0)
    }
}

/// Log-distance path loss: that of free space up to 1 m, then `10 exponent log10(distance)` more.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LogDistance {
    /// Transmit power of every radio in dBm, antenna gains included.
    pub tx_power_dbm: f64,
    /// 2 in free space, 2.7 to 3.5 within buildings.
    pub exponent: f64,
    /// Signals below this are not noticed and do not disturb: the sensitivity of the lowest OFDM
    /// rate (clause 17.3.10.2, Table 17-18), which is also the level of carrier sense (17.3.10.6).
    pub carrier_sense_dbm: f64,
}

impl Default for LogDistance {
    fn default() -> Self {
        Self {
            tx_power_dbm: 20.0,
            exponent: 3.0,
            carrier_sense_dbm: -82.0,
        }
    }
}

/// Free space path loss at 1 m in dB is this plus 20 log10 of the frequency in MHz.
const FREE_SPACE_DB: f64 = -27.55;

impl Propagation {
    /// Strength in dBm at `to` of what a radio at `from` sends on `frequency_mhz`.
    #[must_use]
    pub fn signal_dbm(&self, from: Position, to: Position, frequency_mhz: u16) -> f64 {
        match self {
            Self::Uniform(dbm) => *dbm,
            Self::LogDistance(model) => {
                let at_one_metre = FREE_SPACE_DB + 20.0 * libm::log10(f64::from(frequency_mhz));
                let metres = from.distance(to).max(1.0);
                let loss = at_one_metre + 10.0 * model.exponent * libm::log10(metres);
                model.tx_power_dbm - loss
            }
        }
    }

    /// Whether a signal of that strength is noticed.
    #[must_use]
    pub fn is_heard(&self, signal_dbm: f64) -> bool {
        match self {
            Self::Uniform(_) => true,
            Self::LogDistance(model) => signal_dbm >= model.carrier_sense_dbm,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loss_worked_by_hand() {
        let model = Propagation::LogDistance(LogDistance::default());
        let origin = Position::default();
        // 2412 MHz: 40.1 dB at 1 m; 10 m at exponent 3 are 30 dB more.
        let near = model.signal_dbm(origin, [0.5, 0.0].into(), 2412);
        let far = model.signal_dbm(origin, [6.0, 8.0].into(), 2412);
        assert!((near - (20.0 - 40.1)).abs() < 0.05, "{near}");
        assert!((near - far - 30.0).abs() < 1e-9, "{far}");
        assert!(model.is_heard(-82.0) && !model.is_heard(-82.1));
    }

    #[test]
    fn uniform_is_uniform() {
        let everywhere = Propagation::Uniform(-30.0);
        let far = everywhere.signal_dbm([0.0, 0.0].into(), [1e6, 0.0].into(), 5180);
        assert!((far - -30.0).abs() < f64::EPSILON);
    }
}
