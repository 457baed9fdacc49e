//! Durations, rates and shares as a scenario writes them: a number and its unit.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::{fmt, str::FromStr, time::Duration};

/// A length of virtual time, written `"20ms"`, `"1.5s"`, `"250us"` or `"2min"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub Duration);

impl Span {
    /// A span of whole milliseconds.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(Duration::from_millis(millis))
    }

    /// Length in seconds.
    #[must_use]
    pub const fn seconds(self) -> f64 {
        self.0.as_secs_f64()
    }
}

impl From<Span> for rether_proto::time::Duration {
    fn from(span: Span) -> Self {
        Self::from_nanos(u64::try_from(span.0.as_nanos()).unwrap_or(u64::MAX))
    }
}

/// Splits `text` into its leading number and the unit after it.
fn number_and_unit(text: &str) -> Option<(f64, &str)> {
    let text = text.trim();
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let value = text
        .get(..end)?
        .parse::<f64>()
        .ok()
        .filter(|value| value.is_finite())?;
    Some((value, text.get(end..)?.trim()))
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a time; write for example \"20ms\" or \"1.5s\"");
        let (value, unit) = number_and_unit(text).ok_or_else(wrong)?;
        let seconds = match unit {
            "us" => value / 1e6,
            "ms" => value / 1e3,
            "s" => value,
            "min" => value * 60.0,
            _ => return Err(wrong()),
        };
        let nanos = (seconds * 1e9).round();
        if nanos > 1e15 {
            return Err(format!(
                "`{text}` is longer than eleven days of virtual time"
            ));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and 1e15, checked above; the parser admits no sign"
        )]
        Ok(Self(Duration::from_nanos(nanos as u64)))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}s", self.seconds())
    }
}

/// A rate in bit/s, written `"100Mbit/s"`, `"64kbit/s"` or `"2Gbit/s"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rate(
    /// Bits per second.
    pub u64,
);

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a rate; write for example \"100Mbit/s\"");
        let (value, unit) = number_and_unit(text).ok_or_else(wrong)?;
        let factor = match unit {
            "bit/s" => 1.0,
            "kbit/s" => 1e3,
            "Mbit/s" => 1e6,
            "Gbit/s" => 1e9,
            _ => return Err(wrong()),
        };
        let bits = (value * factor).round();
        if !(1.0..=1e12).contains(&bits) {
            return Err(format!("`{text}` is not between 1 bit/s and 1000 Gbit/s"));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 1 and 1e12, checked above"
        )]
        Ok(Self(bits as u64))
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}bit/s", self.0)
    }
}

/// A share of a whole, written `"30%"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Percent(
    /// 0 to 100.
    pub u8,
);

impl FromStr for Percent {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.trim()
            .strip_suffix('%')
            .and_then(|digits| digits.parse::<u8>().ok())
            .filter(|share| *share <= 100)
            .map(Self)
            .ok_or_else(|| format!("`{text}` is not a share; write for example \"30%\""))
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}%", self.0)
    }
}

macro_rules! as_text {
    ($($unit:ty),*) => {$(
        impl<'de> Deserialize<'de> for $unit {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                String::deserialize(from)?.parse().map_err(D::Error::custom)
            }
        }
        impl Serialize for $unit {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }
    )*};
}
as_text!(Span, Rate, Percent);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_need_a_unit() {
        assert_eq!("20ms".parse(), Ok(Span::from_millis(20)));
        assert_eq!("1.5 s".parse(), Ok(Span::from_millis(1500)));
        assert_eq!("250us".parse(), Ok(Span(Duration::from_micros(250))));
        assert_eq!("2min".parse(), Ok(Span::from_millis(120_000)));
        for bad in [
            "",
            "20",
            "-1s",
            "ms",
            "1h",
            "1.2.3s",
            "99999999999s",
            "1e3s",
        ] {
            assert!(bad.parse::<Span>().is_err(), "{bad}");
        }
    }

    #[test]
    fn rates_need_a_unit_and_a_sane_size() {
        assert_eq!("100Mbit/s".parse(), Ok(Rate(100_000_000)));
        assert_eq!("5.5 Mbit/s".parse(), Ok(Rate(5_500_000)));
        for bad in ["100", "0bit/s", "0.1bit/s", "5000Gbit/s", "8MB/s", "100M"] {
            assert!(bad.parse::<Rate>().is_err(), "{bad}");
        }
    }

    #[test]
    fn shares_end_at_one_hundred() {
        assert_eq!("30%".parse(), Ok(Percent(30)));
        for bad in ["30", "101%", "-1%", "%"] {
            assert!(bad.parse::<Percent>().is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_printed_parses_back() {
        for text in ["0.02s", "1.5s"] {
            let span: Span = text.parse().unwrap();
            assert_eq!(span.to_string().parse(), Ok(span));
        }
        assert_eq!(Rate(64_000).to_string().parse(), Ok(Rate(64_000)));
    }
}
