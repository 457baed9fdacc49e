//! Finding a figure in a result by its dotted path.

use serde_json::Value;

/// The figure at `path` in `result`: a number, or a truth value as 0 or 1.
///
/// # Errors
/// A text that says how far the path leads and which names there are.
pub fn figure(result: &Value, path: &str) -> Result<f64, String> {
    let mut here = result;
    let mut walked = Vec::new();
    for part in path.split('.') {
        let next = match here {
            Value::Object(map) => map.get(part),
            Value::Array(list) => part.parse().ok().and_then(|index: usize| list.get(index)),
            _ => None,
        };
        here = next.ok_or_else(|| {
            let place = if walked.is_empty() {
                "the result".to_owned()
            } else {
                walked.join(".")
            };
            format!("no `{part}` in {place}, which has {}", names(here))
        })?;
        walked.push(part);
    }
    match here {
        Value::Number(number) => number
            .as_f64()
            .ok_or_else(|| format!("{path} is out of range")),
        Value::Bool(truth) => Ok(f64::from(*truth)),
        other => Err(format!("{path} is not a number but has {}", names(other))),
    }
}

fn names(value: &Value) -> String {
    match value {
        Value::Object(map) if !map.is_empty() => map
            .keys()
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join(", "),
        Value::Array(list) => format!("{} entries, from 0", list.len()),
        Value::String(text) => format!("the text {text:?}"),
        Value::Null => "no value".to_owned(),
        _ => "nothing below it".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::figure;
    use serde_json::json;

    #[test]
    fn paths_lead_through_tables_and_lists() {
        let result = json!({"traffic": {"call": {"lost": 3, "ok": true, "windows": [1.5]}}});
        assert_eq!(figure(&result, "traffic.call.lost"), Ok(3.0));
        assert_eq!(figure(&result, "traffic.call.ok"), Ok(1.0));
        assert_eq!(figure(&result, "traffic.call.windows.0"), Ok(1.5));
        let error = figure(&result, "traffic.cal.lost").unwrap_err();
        assert_eq!(error, "no `cal` in traffic, which has call");
        let error = figure(&result, "traffic.call").unwrap_err();
        assert!(error.contains("lost, ok, windows"), "{error}");
        assert!(
            figure(&result, "traffic.call.windows.1")
                .unwrap_err()
                .contains("1 entries")
        );
    }
}
