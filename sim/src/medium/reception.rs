//! Whether a frame that nothing disturbs is received: frame errors by signal-to-noise ratio.
//!
//! A table per rate holds the ratio at which a tenth of 1000-octet frames is lost, from the
//! receiver minimum input sensitivities of the standard (Table 17-18 for OFDM; clauses 15.4.6.2
//! and 16.3.8.2 for DSSS, 8 % of 1024 octets there) with the noise figure of 10 dB and the
//! implementation margin of 5 dB that they allow for. How steeply errors fall around it is that
//! of coded OFDM in white noise: some two decades within 2 dB. Longer frames have more errors:
//! bits fail independently.

use rether_proto::airtime::Rate;

/// Thermal noise in 20 MHz at 290 K (-101 dBm) and a receiver's noise figure of 6 dB.
pub(super) const NOISE_DBM: f64 = -95.0;

/// Lost frames of 1000 octets at so many dB from the threshold: from -2 dB on, in steps of 1 dB.
const WATERFALL: [f64; 7] = [0.98, 0.60, 0.10, 0.010, 7e-4, 4e-5, 2e-6];
/// Where [`WATERFALL`] begins.
const WATERFALL_FROM: f64 = -2.0;

/// Signal-to-noise ratio in dB at which a tenth of 1000-octet frames at `rate` is lost.
const fn threshold_db(rate: Rate) -> f64 {
    match rate.0 {
        0..=10 => 1.0,
        11..=20 => 3.0,
        21..=59 => 5.0,
        60..=89 => 4.0,
        90..=109 => 5.0,
        110 => 8.0,
        111..=179 => 7.0,
        180..=239 => 9.0,
        240..=359 => 12.0,
        360..=479 => 16.0,
        480..=539 => 20.0,
        _ => 21.0,
    }
}

/// The share of frames of `octets` at `rate` that is lost at `snr_db`.
pub(super) fn error_rate(rate: Rate, snr_db: f64, octets: u32) -> f64 {
    let steps = snr_db - threshold_db(rate) - WATERFALL_FROM;
    if steps <= 0.0 {
        return 1.0;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "positive, and small enough or cut off by `get`"
    )]
    let below = libm::floor(steps) as usize;
    let (Some(lower), Some(upper)) = (WATERFALL.get(below), WATERFALL.get(below + 1)) else {
        return 0.0;
    };
    // Between two steps the logarithm of the error rate is a straight line.
    let share = steps - libm::floor(steps);
    let of_1000 = libm::exp(libm::log(*lower) * (1.0 - share) + libm::log(*upper) * share);
    1.0 - libm::pow(1.0 - of_1000, f64::from(octets) / 1000.0)
}

/// Whether a header at `rate` can be relied on at `snr_db`, by the same threshold.
pub(super) fn is_readable(rate: Rate, snr_db: f64) -> bool {
    snr_db >= threshold_db(rate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_fall_with_signal_and_grow_with_length_and_rate() {
        let rates = [60, 90, 120, 180, 240, 360, 480, 540].map(Rate);
        for pair in rates.windows(2) {
            assert!(error_rate(pair[0], 14.0, 1500) <= error_rate(pair[1], 14.0, 1500));
        }
        let mut last = 1.0;
        for tenth in -50..400 {
            let now = error_rate(Rate(540), f64::from(tenth) / 10.0, 1500);
            assert!((0.0..=last).contains(&now), "{tenth}: {now} after {last}");
            last = now;
        }
        assert!(last < f64::EPSILON);
        let at_threshold = error_rate(Rate(540), 21.0, 1000);
        assert!((at_threshold - 0.1).abs() < 1e-9);
        assert!(error_rate(Rate(540), 21.0, 100) < at_threshold);
    }
}
