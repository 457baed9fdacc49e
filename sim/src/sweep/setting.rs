//! `PATH=VALUE,VALUE`: a key of a scenario, and what it is set to in turn.

use std::str::FromStr;

use toml::{Table, Value};

use super::SweepError;

/// A key and the values it is set to in turn.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// Where the key stands: `warm-up`, `medium.collision-rx`, `station.NAME.count`, or with the
    /// place of a table from 1 instead of a name, `event.1.at`.
    pub path: String,
    /// As TOML; what is not TOML is text, so that quotes may be left out: `1`, `true`, `"5s"`, `5s`.
    pub values: Vec<Value>,
}

impl FromStr for Setting {
    type Err = SweepError;

    fn from_str(text: &str) -> Result<Self, SweepError> {
        let wrong = |why: &str| SweepError::Setting {
            text: text.to_owned(),
            why: why.to_owned(),
        };
        let (path, values) = text.split_once('=').ok_or_else(|| wrong("has no `=`"))?;
        let path = path.trim();
        if path.split('.').any(str::is_empty) {
            return Err(wrong("names no key"));
        }
        let values: Vec<_> = split(values).into_iter().map(str::trim).collect();
        if values.iter().any(|value| value.is_empty()) {
            return Err(wrong("has an empty value"));
        }
        Ok(Self {
            path: path.to_owned(),
            values: values.into_iter().map(value).collect(),
        })
    }
}

/// At commas that stand neither in quotes nor in brackets.
fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut depth, mut quote) = (Vec::new(), 0, 0_u32, None);
    for (place, c) in text.char_indices() {
        match (c, quote) {
            ('"' | '\'', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            (_, Some(_)) => {}
            ('[' | '{', None) => depth += 1,
            (']' | '}', None) => depth = depth.saturating_sub(1),
            (',', None) if depth == 0 => {
                parts.push(&text[start..place]);
                start = place + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

fn value(text: &str) -> Value {
    let alone = |mut table: Table| (table.len() == 1).then(|| table.remove("value")).flatten();
    let parsed = format!("value = {text}").parse::<Table>().ok();
    // A scenario has no dates; what looks like one is a name.
    parsed
        .and_then(alone)
        .filter(|value| !value.is_datetime())
        .unwrap_or_else(|| Value::String(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Vec<Value> {
        text.parse::<Setting>().unwrap().values
    }

    #[test]
    fn values_are_toml_or_else_text() {
        let text = |text: &str| Value::String(text.to_owned());
        assert_eq!(values("a=1, 2"), [Value::Integer(1), Value::Integer(2)]);
        assert_eq!(
            values("a.b=true,5.5"),
            [Value::Boolean(true), Value::Float(5.5)]
        );
        assert_eq!(values("a=5s,11b"), [text("5s"), text("11b")]);
        assert_eq!(values("a=\"x,y\",z"), [text("x,y"), text("z")]);
        assert_eq!(values("a=[1,2],[3]").len(), 2);
        assert_eq!(
            values("a=1\nb = 2"),
            [text("1\nb = 2")],
            "one value, not two keys"
        );
        assert_eq!(values("a=2020-01-01"), [text("2020-01-01")]);
    }

    #[test]
    fn what_is_no_setting_says_what_to_write() {
        for bad in ["a", "=1", "a=", "a=1,,2", "a..b=1", ".a=1"] {
            let error = bad.parse::<Setting>().unwrap_err().to_string();
            assert!(error.contains("such as station.s.count=1,2,5"), "{error}");
        }
    }
}
