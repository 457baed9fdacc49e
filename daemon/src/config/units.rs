//! Figures with units.

use rether_proto::airtime::Rate;
use rether_proto::time::Duration;

use super::value::{Raw, Value, Wrong};

/// Digits with at most one point, as thousandths of a unit of `unit` small units; no floating
/// point, so that what is written is what counts.
fn scaled(digits: &str, unit: u64) -> Option<u64> {
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_number = |part: &str| part.bytes().all(|digit| digit.is_ascii_digit());
    if whole.is_empty() || !is_number(whole) || !is_number(fraction) || digits.ends_with('.') {
        return None;
    }
    let whole: u64 = whole.parse().ok()?;
    let mut total = whole.checked_mul(unit)?;
    let mut worth = unit;
    for digit in fraction.bytes() {
        worth /= 10;
        total = total.checked_add(worth.checked_mul(u64::from(digit - b'0'))?)?;
    }
    Some(total)
}

/// Splits `20ms` into `20` and `ms`; spaces between them do not matter.
fn split_unit(text: &str) -> (&str, &str) {
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    (digits.trim(), unit.trim())
}

/// A time from `MIN` to `MAX` microseconds, such as `"20ms"`, `"1.5s"` or `"500us"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span<const MIN: u64, const MAX: u64>(pub Duration);

impl<const MIN: u64, const MAX: u64> Value for Span<MIN, MAX> {
    fn read(raw: Raw<'_>) -> Result<Self, Wrong> {
        let wanted = "a time with a unit";
        let (low, high) = (span_text(MIN), span_text(MAX));
        let range = format!("a time from \"{low}\" to \"{high}\", such as \"{low}\"");
        let Raw::Text(text) = raw else {
            return Err(Wrong::not(raw, wanted, &range));
        };
        let (digits, unit) = split_unit(text);
        let micros = match unit {
            "us" => scaled(digits, 1),
            "ms" => scaled(digits, 1_000),
            "s" => scaled(digits, 1_000_000),
            "min" => scaled(digits, 60_000_000),
            _ => None,
        };
        let Some(micros) = micros else {
            return Err(Wrong::not(
                raw,
                "a time; units are us, ms, s and min",
                &range,
            ));
        };
        if (MIN..=MAX).contains(&micros) {
            return Ok(Self(Duration::from_micros(micros)));
        }
        let problem = if micros < MIN {
            "too short"
        } else {
            "too long"
        };
        Err(Wrong::new(
            format!("{text:?} is {problem}"),
            format!("write {range}"),
        ))
    }
}

fn span_text(micros: u64) -> String {
    match micros {
        n if n % 60_000_000 == 0 && n > 0 => format!("{}min", n / 60_000_000),
        n if n % 1_000_000 == 0 => format!("{}s", n / 1_000_000),
        n if n % 1_000 == 0 => format!("{}ms", n / 1_000),
        n => format!("{n}us"),
    }
}

/// Bits per second of whole IP packets, such as `"80kbit"` or `"1.5Mbit"`; 1 kbit/s to 1 Gbit/s.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BitRate(pub u32);

impl Value for BitRate {
    fn read(raw: Raw<'_>) -> Result<Self, Wrong> {
        let range = "a rate from \"1kbit\" to \"1000Mbit\" a second, such as \"80kbit\"";
        let bits = match raw {
            Raw::Text(text) => bits_per_second(text),
            _ => None,
        };
        let Some(bits) = bits else {
            return Err(Wrong::not(
                raw,
                "a rate; units are bit, kbit and Mbit (decimal)",
                range,
            ));
        };
        match u32::try_from(bits) {
            Ok(rate) if (1_000..=1_000_000_000).contains(&rate) => Ok(Self(rate)),
            _ => Err(Wrong::new(
                format!("{} is out of range", raw.describe()),
                format!("write {range}"),
            )),
        }
    }
}

fn bits_per_second(text: &str) -> Option<u64> {
    let (digits, unit) = split_unit(text);
    let unit = unit.trim_end_matches("/s");
    match unit.to_ascii_lowercase().as_str() {
        "bit" => scaled(digits, 1),
        "kbit" => scaled(digits, 1_000),
        "mbit" => scaled(digits, 1_000_000),
        _ => None,
    }
}

/// A PHY rate, such as `"5.5Mbit"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PhyRate(pub Rate);

impl Value for PhyRate {
    fn read(raw: Raw<'_>) -> Result<Self, Wrong> {
        let known = [10, 20, 55, 60, 90, 110, 120, 180, 240, 360, 480, 540];
        let rate = match raw {
            Raw::Text(text) => bits_per_second(text).map(|bits| bits / 100_000),
            _ => None,
        };
        let rate = rate.and_then(|rate| u16::try_from(rate).ok());
        rate.filter(|rate| known.contains(rate)).map(|rate| Self(Rate(rate))).ok_or_else(|| {
            let example = "a rate of 802.11b, a or g, such as \"1Mbit\", \"5.5Mbit\", \"6Mbit\", \
                           \"11Mbit\" or \"54Mbit\"";
            Wrong::not(raw, "a PHY rate", example)
        })
    }
}

/// A share in thousandths, written as `"10%"`; 0 to 90 %.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Percent(pub u16);

impl Value for Percent {
    fn read(raw: Raw<'_>) -> Result<Self, Wrong> {
        const MOST: u64 = 900;
        let thousandths = match raw {
            Raw::Text(text) => text
                .strip_suffix('%')
                .and_then(|text| scaled(text.trim(), 10)),
            _ => None,
        };
        thousandths
            .filter(|share| *share <= MOST)
            .and_then(|share| u16::try_from(share).ok())
            .map(Self)
            .ok_or_else(|| {
                Wrong::not(
                    raw,
                    "a share",
                    "a percentage from \"0%\" to \"90%\", such as \"10%\"",
                )
            })
    }
}

/// A whole number from `MIN` to `MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count<const MIN: u32, const MAX: u32>(pub u32);

impl<const MIN: u32, const MAX: u32> Value for Count<MIN, MAX> {
    fn read(raw: Raw<'_>) -> Result<Self, Wrong> {
        let number = match raw {
            Raw::Integer(number) => u32::try_from(number).ok(),
            _ => None,
        };
        number
            .filter(|number| (MIN..=MAX).contains(number))
            .map(Self)
            .ok_or_else(|| {
                let wanted = format!("a whole number from {MIN} to {MAX}");
                Wrong::not(
                    raw,
                    &wanted,
                    &format!("a number without quotes, such as {MIN}"),
                )
            })
    }
}

/// A text of 1 to `MAX` octets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text<const MAX: usize>(pub String);

impl<const MAX: usize> Value for Text<MAX> {
    fn read(raw: Raw<'_>) -> Result<Self, Wrong> {
        let Raw::Text(text) = raw else {
            return Err(Wrong::not(raw, "a text", "it in quotes, such as \"voice\""));
        };
        match text.len() {
            0 => Err(Wrong::new("the text is empty", "write at least one letter")),
            n if n > MAX => Err(Wrong::new(
                format!("the text has {n} octets"),
                format!("write at most {MAX} octets; letters beyond ASCII take two or more"),
            )),
            _ => Ok(Self(text.into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read_exactly() {
        type AnySpan = Span<0, 3_600_000_000>;
        let span = |text| AnySpan::read(Raw::Text(text)).unwrap().0;
        assert_eq!(span("20ms"), Duration::from_millis(20));
        assert_eq!(span("1.5 s"), Duration::from_millis(1_500));
        assert_eq!(span("2min"), Duration::from_secs(120));
        for bad in [
            "20",
            "ms",
            "-1ms",
            "1.ms",
            ".5s",
            "1.2.3s",
            "9999999999999999999s",
            "1 h",
        ] {
            assert!(AnySpan::read(Raw::Text(bad)).is_err(), "{bad}");
        }
        let rate = |text| BitRate::read(Raw::Text(text)).map(|rate| rate.0).ok();
        assert_eq!(rate("80kbit"), Some(80_000));
        assert_eq!(rate("1.5Mbit"), Some(1_500_000));
        assert_eq!(rate("1.5 mbit/s"), Some(1_500_000));
        assert_eq!(rate("999bit"), None);
        assert_eq!(rate("5Gbit"), None);
        let share = |text| Percent::read(Raw::Text(text)).map(|share| share.0).ok();
        assert_eq!(share("12.5%"), Some(125));
        assert_eq!(share("91%"), None);
        assert_eq!(PhyRate::read(Raw::Text("5.5Mbit")).unwrap().0, Rate(55));
        assert!(PhyRate::read(Raw::Text("7Mbit")).is_err());
    }
}
