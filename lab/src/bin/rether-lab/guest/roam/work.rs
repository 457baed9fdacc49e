//! What arrivals cost the access points' daemons, by their own ledgers.

use super::judge::spread;
use serde_json::{Map, Value, json};

/// All arrivals together, and `at` each access point: `handoffs` is what each daemon said. Nothing if
/// there was none.
pub(super) fn summary(handoffs: &Value) -> Option<Value> {
    let (mut all, mut at) = (Vec::new(), Map::new());
    for (node, said) in handoffs.as_object()? {
        let entries = said["handoffs"].as_array().into_iter().flatten();
        let works = entries.map(|entry| &entry["work"]);
        let works: Vec<_> = works.filter(|work| work.is_object()).collect();
        if !works.is_empty() {
            at.insert(node.clone(), figures(&works));
            all.extend(works);
        }
    }
    let mut summary = (!all.is_empty()).then(|| figures(&all))?;
    summary.as_object_mut()?.insert("at".to_owned(), at.into());
    Some(summary)
}

fn figures(works: &[&Value]) -> Value {
    let figure = |key: &'static str| spread(works.iter().map(move |work| work[key].as_f64()));
    // In netlink requests, with what packets took or without.
    let over = |packets: f64| {
        let ratio = move |work: &&Value| {
            let took = work["processor_us"].as_f64()? - packets * work["packets_us"].as_f64()?;
            Some(took / work["netlink_us"].as_f64()?)
        };
        spread(works.iter().map(ratio))
    };
    json!({
        "count": works.len(),
        "span-us": figure("span_us"),
        "processor-us": figure("processor_us"),
        "events-us": figure("events_us"),
        "packets-us": figure("packets_us"),
        "netlink-us": figure("netlink_us"),
        "netlink-wall-us": figure("netlink_wall_us"),
        "netlink-requests": figure("netlink_requests"),
        "over-netlink": over(1.0),
        "over-netlink-with-packets": over(0.0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_arrivals_count_and_each_by_itself() {
        let work = |processor: f64, packets: f64, netlink: f64| {
            json!({ "work": {
                "processor_us": processor, "packets_us": packets, "netlink_us": netlink,
                "netlink_requests": 3,
            } })
        };
        let handoffs = json!({
            "ap1": { "handoffs": [work(500.0, 100.0, 50.0), { "side": "old", "work": null }] },
            "ap2": { "handoffs": [work(300.0, 30.0, 20.0)] },
            "laptop": { "handoffs": [{ "to": "ap1" }] },
            "dead": { "error": "nobody answers" },
        });
        let seen = summary(&handoffs).unwrap();
        assert_eq!(seen["count"], 2);
        assert_eq!(seen["over-netlink"]["min"], 8.0);
        assert_eq!(seen["over-netlink"]["max"], 13.5);
        assert_eq!(seen["over-netlink-with-packets"]["max"], 15.0);
        assert_eq!(seen["netlink-requests"]["p50"], 3.0);
        assert_eq!(seen["span-us"], Value::Null);
        assert_eq!(seen["at"]["ap1"]["over-netlink"]["max"], 8.0);
        assert_eq!(seen["at"]["ap2"]["count"], 1);
        assert_eq!(seen["at"].as_object().map(Map::len), Some(2));
        assert_eq!(summary(&json!({ "laptop": { "handoffs": [{}] } })), None);
        assert_eq!(summary(&Value::Null), None);
    }
}
