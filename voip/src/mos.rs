//! Voice quality by the E-model.
//!
//! The rating is ITU-T G.107 with every parameter this tool cannot measure at
//! its default, which leaves
//!
//! ```text
//! R       = 93.2 - Id - Ie,eff
//! Id      = 0.024 d + 0.11 (d - 177.3) [d > 177.3]      d: mouth to ear, ms
//! Ie,eff  = Ie + (95 - Ie) Ppl / (Ppl / BurstR + Bpl)   Ppl: loss, percent
//! MOS     = 1 + 0.035 R + 7e-6 R (R - 60) (100 - R)
//! ```
//!
//! `Ie,eff` and the MOS mapping are G.107's (section 7.5 and Annex B). `Id` is the
//! two-line fit of Cole and Rosenbluth ("Voice over IP performance monitoring",
//! CCR 31(2), 2001) to G.107's delay curves with no echo. `Ie` and `Bpl` are those
//! of ITU-T G.113 Appendix I.
//!
//! `BurstR` is 1, i.e. losses are taken as independent. That flatters a stream that
//! loses many packets in a row; the report therefore rates every five seconds on
//! their own and prints the longest gap beside.

use serde::Serialize;

/// R with no delay, no loss and every other parameter at its G.107 default.
const R_DEFAULT: f64 = 93.2;

/// What the E-model knows of a codec.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Codec {
    /// Equipment impairment without loss, `Ie`.
    pub ie: f64,
    /// Robustness to loss, `Bpl`, percent.
    pub bpl: f64,
    /// Delay the encoder adds besides the packet time (look-ahead), milliseconds.
    pub lookahead_ms: f64,
}

impl Codec {
    /// G.711 with packet loss concealment (G.711 Appendix I; G.113: Ie 0, Bpl 25.1).
    pub const G711_PLC: Self = Self {
        ie: 0.0,
        bpl: 25.1,
        lookahead_ms: 0.0,
    };
    /// G.729 Annex A with voice activity detection off (G.113: Ie 11, Bpl 19);
    /// 5 ms look-ahead.
    pub const G729A: Self = Self {
        ie: 11.0,
        bpl: 19.0,
        lookahead_ms: 5.0,
    };
    /// Opus has no narrow-band entry in G.113. Taken as unimpaired, with a loss
    /// robustness between the other two: fit for comparing runs with each other,
    /// not with other codecs. 6.5 ms look-ahead (RFC 6716 section 2).
    pub const OPUS_ASSUMED: Self = Self {
        ie: 0.0,
        bpl: 20.0,
        lookahead_ms: 6.5,
    };
}

/// Transmission rating factor R, 0 to 93.2, for a mouth-to-ear delay of
/// `delay_ms` milliseconds and a loss of `loss_pct` percent (0 to 100).
///
/// A stream that lost everything rates 0: the formula alone would give it 17 and
/// more, which no listener would.
#[must_use]
pub fn rating(codec: Codec, delay_ms: f64, loss_pct: f64) -> f64 {
    if loss_pct >= 100.0 {
        return 0.0;
    }
    let delay_ms = delay_ms.max(0.0);
    let loss_pct = loss_pct.max(0.0);
    let id = 0.024 * delay_ms + 0.11 * (delay_ms - 177.3).max(0.0);
    let ie_eff = codec.ie + (95.0 - codec.ie) * loss_pct / (loss_pct + codec.bpl);
    (R_DEFAULT - id - ie_eff).max(0.0)
}

/// Mean opinion score, 1 to 4.5, of a rating.
#[must_use]
pub fn mos(rating: f64) -> f64 {
    if rating >= 100.0 {
        return 4.5;
    }
    // Below R = 6.5 the polynomial dips under 1, the worst score there is.
    (1.0 + 0.035 * rating + 7e-6 * rating * (rating - 60.0) * (100.0 - rating)).max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(codec: Codec, delay_ms: f64, loss_pct: f64) -> f64 {
        (mos(rating(codec, delay_ms, loss_pct)) * 100.0).round() / 100.0
    }

    #[test]
    fn rating_to_mos_as_published() {
        for (r, want) in [
            (90.0, 4.34),
            (80.0, 4.02),
            (70.0, 3.60),
            (60.0, 3.10),
            (50.0, 2.58),
        ] {
            assert!((mos(r) - want).abs() < 0.006, "R {r}: {}", mos(r));
        }
        assert_eq!(mos(0.0), 1.0);
        assert_eq!(mos(3.0), 1.0);
        assert_eq!(mos(100.0), 4.5);
    }

    #[test]
    fn delay_alone() {
        let delays = [50.0, 150.0, 200.0, 300.0, 400.0];
        let g711 = delays.map(|d| score(Codec::G711_PLC, d, 0.0));
        for (got, want) in g711.into_iter().zip([4.38, 4.33, 4.23, 3.71, 3.05]) {
            assert!((got - want).abs() < 0.015, "{got} for {want}");
        }
        let g729 = delays.map(|d| score(Codec::G729A, d, 0.0));
        for (got, want) in g729.into_iter().zip([4.06, 3.97, 3.82, 3.18, 2.48]) {
            assert!((got - want).abs() < 0.015, "{got} for {want}");
        }
    }

    #[test]
    fn loss_at_100_ms() {
        let no_plc = Codec {
            bpl: 4.3,
            ..Codec::G711_PLC
        };
        for (loss, plc, none) in [(1.0, 4.26, 3.73), (3.0, 4.05, 2.67), (5.0, 3.82, 2.05)] {
            assert!(
                (score(Codec::G711_PLC, 100.0, loss) - plc).abs() < 0.015,
                "PLC {loss}"
            );
            assert!(
                (score(no_plc, 100.0, loss) - none).abs() < 0.015,
                "no PLC {loss}"
            );
        }
    }

    #[test]
    fn nothing_heard_is_the_worst_score() {
        assert_eq!(mos(rating(Codec::G711_PLC, 0.0, 100.0)), 1.0);
    }

    #[test]
    fn a_clock_error_cannot_raise_the_rating() {
        assert_eq!(
            rating(Codec::G711_PLC, -50.0, 0.0),
            rating(Codec::G711_PLC, 0.0, 0.0)
        );
    }
}
