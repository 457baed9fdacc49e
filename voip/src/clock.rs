//! Whether the two ends share a clock, and by how much their clocks differ.
//!
//! The exchange is that of NTP (RFC 5905 section 8): the caller notes `t1` when it
//! sends a PING, the answerer `t2` when it receives it and `t3` when it sends the PONG,
//! the caller `t4` when it receives that. Then
//!
//! ```text
//! offset = ((t2 - t1) + (t3 - t4)) / 2      round trip = (t4 - t1) - (t3 - t2)
//! ```
//!
//! and the true offset is within half the round trip of the estimate. The exchange
//! with the shortest round trip therefore knows best.

use serde::{Deserialize, Serialize};

/// One PING and its PONG, nanoseconds; `t2` and `t3` on the answerer's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exchange {
    /// PING sent.
    pub t1: u64,
    /// PING received.
    pub t2: u64,
    /// PONG sent.
    pub t3: u64,
    /// PONG received.
    pub t4: u64,
}

/// An estimate of the answerer's clock minus the caller's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offset {
    /// The estimate, nanoseconds.
    pub offset_ns: i64,
    /// How far off the estimate can be either way, nanoseconds.
    pub error_ns: u64,
}

impl Offset {
    /// Whether both clocks may be one and the same: zero lies within the error.
    #[must_use]
    pub const fn may_be_zero(&self) -> bool {
        self.offset_ns.unsigned_abs() <= self.error_ns
    }
}

impl Exchange {
    /// Round trip without the time the answerer took, nanoseconds.
    #[must_use]
    pub const fn round_trip_ns(&self) -> u64 {
        self.t4
            .wrapping_sub(self.t1)
            .saturating_sub(self.t3.wrapping_sub(self.t2))
    }

    /// What this exchange says about the clocks.
    #[must_use]
    pub const fn offset(&self) -> Offset {
        let out = self.t2.wrapping_sub(self.t1) as i64;
        let back = self.t3.wrapping_sub(self.t4) as i64;
        let offset_ns = ((out as i128 + back as i128) / 2) as i64;
        Offset {
            offset_ns,
            error_ns: self.round_trip_ns() / 2 + 1,
        }
    }
}

/// How the caller wants one-way delay to be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum ClockChoice {
    /// Shared if both ends run on one kernel and the exchange does not contradict, else rtt
    Auto,
    /// Insist on one clock; the call is not placed if the exchange shows two
    Shared,
    /// Align the clocks by the quickest ping; delays are right to half its round trip
    Rtt,
}

/// How one-way delay was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClockBasis {
    /// Both ends read one clock: exact.
    Shared,
    /// Clocks aligned by ping: right to half the quickest round trip.
    Estimated,
}

/// What was agreed for a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AgreedClock {
    /// Exact or estimated.
    pub basis: ClockBasis,
    /// Answerer's clock minus caller's; zero when shared.
    pub offset: Offset,
}

impl ClockChoice {
    /// Decides, given the quickest exchange and whether both kernels bear the same
    /// boot id. `None` if one clock was insisted on and there are two.
    ///
    /// The boot id alone is not proof: a time namespace shifts the monotonic clock
    /// without changing it, which the exchange shows.
    #[must_use]
    pub const fn decide(self, best: Offset, same_boot: bool) -> Option<AgreedClock> {
        let shared = AgreedClock {
            basis: ClockBasis::Shared,
            offset: Offset {
                offset_ns: 0,
                error_ns: 0,
            },
        };
        let estimated = AgreedClock {
            basis: ClockBasis::Estimated,
            offset: best,
        };
        match self {
            Self::Rtt => Some(estimated),
            Self::Auto if same_boot && best.may_be_zero() => Some(shared),
            Self::Auto => Some(estimated),
            Self::Shared if best.may_be_zero() => Some(shared),
            Self::Shared => None,
        }
    }
}

/// Round trips of one call and the best guess at the offset.
#[derive(Debug, Clone, Default)]
pub struct ClockMeter {
    round_trips_ns: Vec<u64>,
    best: Option<Exchange>,
}

/// Round trips of a call, milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RttSummary {
    /// How many were measured.
    pub count: u32,
    /// Quickest.
    pub min: f64,
    /// Mean.
    pub mean: f64,
    /// 99th percentile, nearest rank.
    pub p99: f64,
    /// Slowest.
    pub max: f64,
}

impl ClockMeter {
    /// Takes in a finished exchange.
    pub fn on_exchange(&mut self, exchange: Exchange) {
        let round_trip = exchange.round_trip_ns();
        if self
            .best
            .is_none_or(|best| round_trip < best.round_trip_ns())
        {
            self.best = Some(exchange);
        }
        self.round_trips_ns.push(round_trip);
    }

    /// What the quickest exchange so far says about the clocks.
    #[must_use]
    pub fn best(&self) -> Option<Offset> {
        self.best.as_ref().map(Exchange::offset)
    }

    /// The last round trip, milliseconds.
    #[must_use]
    pub fn last_rtt_ms(&self) -> Option<f64> {
        self.round_trips_ns.last().map(|ns| *ns as f64 / 1e6)
    }

    /// All round trips; `None` if there were none.
    #[must_use]
    pub fn summary(&self) -> Option<RttSummary> {
        let mut sorted = self.round_trips_ns.clone();
        sorted.sort_unstable();
        let (min, max) = (*sorted.first()?, *sorted.last()?);
        let p99 = sorted[(sorted.len() * 99).div_ceil(100) - 1];
        let mean = sorted.iter().map(|ns| *ns as f64).sum::<f64>() / sorted.len() as f64;
        Some(RttSummary {
            count: u32::try_from(sorted.len()).unwrap_or(u32::MAX),
            min: min as f64 / 1e6,
            mean: mean / 1e6,
            p99: p99 as f64 / 1e6,
            max: max as f64 / 1e6,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An exchange over a path of `out` and `back` ns between clocks `offset` apart.
    fn exchange(offset: i64, out: u64, back: u64) -> Exchange {
        let far = |near: u64| near.wrapping_add_signed(offset);
        let t1 = 1_000_000_000;
        Exchange {
            t1,
            t2: far(t1 + out),
            t3: far(t1 + out + 70),
            t4: t1 + out + 70 + back,
        }
    }

    #[test]
    fn the_true_offset_is_within_the_error() {
        for offset in [0, 5_000_000_000, -900_000_000, 1] {
            for (out, back) in [(400, 400), (1, 9_999), (9_999, 1), (0, 0)] {
                let exchange = exchange(offset, out, back);
                assert_eq!(exchange.round_trip_ns(), out + back);
                let seen = exchange.offset();
                assert!(
                    seen.offset_ns.abs_diff(offset) <= seen.error_ns,
                    "{seen:?} {offset}"
                );
                assert_eq!(
                    seen.may_be_zero(),
                    offset.unsigned_abs() <= 1 || (offset == 0)
                );
            }
        }
    }

    #[test]
    fn the_quickest_exchange_decides() {
        let mut meter = ClockMeter::default();
        meter.on_exchange(exchange(777, 50_000, 90_000));
        meter.on_exchange(exchange(777, 10, 10));
        meter.on_exchange(exchange(777, 1, 80_000));
        assert_eq!(meter.best().unwrap().offset_ns, 777);
        let rtt = meter.summary().unwrap();
        assert_eq!((rtt.count, rtt.min, rtt.max), (3, 20e-6, 0.14));
        assert_eq!(meter.last_rtt_ms(), Some(0.080_001));
    }

    #[test]
    fn one_kernel_with_a_shifted_clock_is_found_out() {
        let same = exchange(0, 100, 300).offset();
        let shifted = exchange(1_000_000, 100, 300).offset();
        let basis =
            |choice: ClockChoice, offset, boot| choice.decide(offset, boot).map(|c| c.basis);
        assert_eq!(
            basis(ClockChoice::Auto, same, true),
            Some(ClockBasis::Shared)
        );
        assert_eq!(
            basis(ClockChoice::Auto, same, false),
            Some(ClockBasis::Estimated)
        );
        assert_eq!(
            basis(ClockChoice::Auto, shifted, true),
            Some(ClockBasis::Estimated)
        );
        assert_eq!(
            basis(ClockChoice::Shared, same, false),
            Some(ClockBasis::Shared)
        );
        assert_eq!(basis(ClockChoice::Shared, shifted, true), None);
        assert_eq!(
            basis(ClockChoice::Rtt, same, true),
            Some(ClockBasis::Estimated)
        );
    }

    #[test]
    fn nonsense_from_the_far_end_does_not_overflow() {
        for far in [0, u64::MAX, 1 << 63] {
            let exchange = Exchange {
                t1: 5,
                t2: far,
                t3: !far,
                t4: 9,
            };
            let _ = exchange.offset().may_be_zero();
        }
    }
}
