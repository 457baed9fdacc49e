//! All calls of an arm together, under the names that the simulator reports them by.

use serde_json::{Map, Value, json};

/// Both ways of all calls in `traffic`; nothing if there are none, or if one has no report.
pub(crate) fn together(traffic: &Map<String, Value>) -> Option<Value> {
    let flows = traffic.values().filter_map(|flow| flow["calls"].as_array());
    let calls: Vec<_> = flows.flatten().collect();
    let failed = traffic.values().any(|flow| flow.get("error").is_some());
    if calls.is_empty() || failed {
        return None;
    }
    Some(json!({ "up": way(&calls, "up")?, "down": way(&calls, "down")? }))
}

/// Packets sent, lost and late are sums; of the delays there is the worst call's p99, which that of
/// all packets is not above.
fn way(calls: &[&Value], name: &str) -> Option<Value> {
    let (mut sent, mut lost, mut late, mut p99) = (0, 0, 0, 0.0_f64);
    for call in calls {
        let way = &call[name];
        sent += way["sender"]["sent"].as_u64()?;
        lost += way["stream"]["lost"].as_u64()?;
        late += way["stream"]["late"].as_u64()?;
        p99 = p99.max(way["stream"]["delay_ms"]["p99"].as_f64()?);
    }
    Some(json!({ "sent": sent, "lost": lost, "late": late, "delay_ms": { "p99": p99 } }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(lost: u64, p99: f64) -> Value {
        let way = |lost: u64| {
            json!({
                "sender": { "sent": 50 },
                "stream": { "lost": lost, "late": 1, "delay_ms": { "p99": p99 } },
            })
        };
        json!({ "calls": [{ "up": way(lost), "down": way(0) }] })
    }

    #[test]
    fn sums_and_the_worst() {
        let traffic = json!({ "a": call(2, 4.5), "b": call(3, 7.5), "bulk": { "lost": 9 } });
        let seen = together(traffic.as_object().unwrap()).unwrap();
        let up = json!({ "sent": 100, "lost": 5, "late": 2, "delay_ms": { "p99": 7.5 } });
        assert_eq!(seen["up"], up);
        assert_eq!(seen["down"]["lost"], 0);
    }

    #[test]
    fn a_call_that_failed_is_not_left_out() {
        let failed = json!({ "a": call(0, 1.0), "b": { "error": "no answer" } });
        assert_eq!(together(failed.as_object().unwrap()), None);
        let silent = json!({ "a": { "calls": [{ "up": {}, "down": {} }] } });
        assert_eq!(together(silent.as_object().unwrap()), None);
        let none = json!({ "bulk": { "lost": 0 } });
        assert_eq!(together(none.as_object().unwrap()), None);
    }
}
