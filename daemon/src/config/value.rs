//! Values of keys.

use std::str::FromStr;

use rether_linux::link::InterfaceName;
use rether_proto::mac::MacAddr;
use rether_proto::policy::{Direction, PortRange, Prefix};
use toml::de::DeValue;

/// A value as it stands in the file, where a single value can stand.
#[derive(Clone, Copy, Debug)]
pub enum Raw<'a> {
    /// A text in quotes.
    Text(&'a str),
    /// A whole number.
    Integer(i64),
    /// `true` or `false`.
    Boolean(bool),
    /// Anything else, by what it is called.
    Other(&'static str),
}

impl<'a> Raw<'a> {
    pub(super) fn new(value: &'a DeValue<'_>) -> Self {
        match value {
            DeValue::String(text) => Self::Text(text),
            DeValue::Boolean(value) => Self::Boolean(*value),
            DeValue::Integer(number) => {
                let digits = number.as_str().replace('_', "");
                i64::from_str_radix(&digits, number.radix())
                    .map_or(Self::Other("a number that is too large"), Self::Integer)
            }
            DeValue::Float(_) => Self::Other("a number with a fraction"),
            DeValue::Datetime(_) => Self::Other("a date"),
            DeValue::Array(_) => Self::Other("a list"),
            DeValue::Table(_) => Self::Other("a table"),
        }
    }

    /// What stands there, for messages.
    #[must_use]
    pub fn describe(self) -> String {
        match self {
            Self::Text(text) => format!("{text:?}"),
            Self::Integer(number) => number.to_string(),
            Self::Boolean(value) => value.to_string(),
            Self::Other(what) => what.into(),
        }
    }
}

/// Why a value cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// What is wrong.
    pub problem: String,
    /// What to write instead.
    pub remedy: String,
}

impl Wrong {
    /// A wrong value and its remedy.
    #[must_use]
    pub fn new(problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            problem: problem.into(),
            remedy: remedy.into(),
        }
    }

    /// A value that is not `wanted`, with an example of one that is.
    #[must_use]
    pub fn not(raw: Raw<'_>, wanted: &str, example: &str) -> Self {
        Self::new(
            format!("{} is not {wanted}", raw.describe()),
            format!("write {example}"),
        )
    }
}

/// A type whose values can stand behind a key.
pub trait Value: Sized {
    /// Takes the value that stands there.
    ///
    /// # Errors
    /// It is not a valid one.
    fn read(raw: Raw<'_>) -> Result<Self, Wrong>;
}

impl Value for bool {
    fn read(raw: Raw<'_>) -> Result<Self, Wrong> {
        match raw {
            Raw::Boolean(value) => Ok(value),
            other => Err(Wrong::not(
                other,
                "a switch",
                "true or false, without quotes",
            )),
        }
    }
}

/// Reads a text whose own parser says what is wrong and, behind a semicolon, what to write.
fn parsed<T>(raw: Raw<'_>, wanted: &str, example: &str) -> Result<T, Wrong>
where
    T: FromStr,
    T::Err: std::fmt::Display,
{
    let Raw::Text(text) = raw else {
        return Err(Wrong::not(raw, wanted, &format!("a text like {example}")));
    };
    text.parse().map_err(|error: T::Err| {
        let message = error.to_string();
        match message.split_once("; ") {
            Some((problem, remedy)) => Wrong::new(format!("{text:?}: {problem}"), remedy),
            None => Wrong::new(
                format!("{text:?}: {message}"),
                format!("write {wanted} like {example}"),
            ),
        }
    })
}

impl Value for MacAddr {
    fn read(raw: Raw<'_>) -> Result<Self, Wrong> {
        parsed(raw, "a MAC address", "\"02:00:00:00:01:00\"")
    }
}

impl Value for Prefix {
    fn read(raw: Raw<'_>) -> Result<Self, Wrong> {
        parsed(raw, "an address or network", "\"10.0.0.0/8\"")
    }
}

impl Value for InterfaceName {
    fn read(raw: Raw<'_>) -> Result<Self, Wrong> {
        parsed(raw, "an interface name", "\"wlan0\"")
    }
}

impl Value for PortRange {
    fn read(raw: Raw<'_>) -> Result<Self, Wrong> {
        match raw {
            Raw::Integer(port) => parsed(Raw::Text(&port.to_string()), "", ""),
            other => parsed(
                other,
                "a port or a range of ports",
                "5004 or \"16384-32767\"",
            ),
        }
    }
}

/// Takes one of a few `words`, and suggests the nearest for another. `wanted` says what they are.
///
/// # Errors
/// It is none of them.
pub fn one_of<T: Copy>(raw: Raw<'_>, wanted: &str, words: &[(&str, T)]) -> Result<T, Wrong> {
    let names: Vec<_> = words.iter().map(|(name, _)| *name).collect();
    let all = || {
        names
            .iter()
            .map(|name| format!("{name:?}"))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let Raw::Text(text) = raw else {
        return Err(Wrong::not(raw, wanted, &format!("one of {}", all())));
    };
    if let Some((_, value)) = words
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(text))
    {
        return Ok(*value);
    }
    let remedy = match nearest(text, &names) {
        Some(name) => format!("did you mean {name:?}? It may be {}", all()),
        None => format!("write one of {}", all()),
    };
    Err(Wrong::new(format!("{text:?} is not {wanted}"), remedy))
}

impl Value for Direction {
    fn read(raw: Raw<'_>) -> Result<Self, Wrong> {
        let words = [("up", Self::Up), ("down", Self::Down), ("both", Self::Both)];
        one_of(raw, "a direction", &words)
    }
}

/// The candidate that was probably meant.
pub(super) fn nearest<'c>(text: &str, candidates: &[&'c str]) -> Option<&'c str> {
    let text = text.to_lowercase();
    let distance = |candidate: &str| strsim::damerau_levenshtein(&text, &candidate.to_lowercase());
    let best = candidates
        .iter()
        .min_by_key(|candidate| distance(candidate))?;
    let longest = text.chars().count().max(best.chars().count());
    (distance(best) <= (longest / 3).max(1)).then_some(*best)
}
