//! What the kernel of a node has counted, as a table of figures.

use super::{
    plan::{Kind, Node},
    process::output,
};
use anyhow::Result;
use serde_json::{Map, Value, json};

/// Reads the counters of `node`; `nodes` gives the names of the stations it serves.
pub(crate) fn read(node: &Node<'_>, nodes: &[Node<'_>]) -> Result<Value> {
    let get = |words: &[&str]| output(Some(node.name), words);
    let device = if matches!(node.kind, Kind::Wire) {
        "lan"
    } else {
        "wlan0"
    };
    let links: Value = serde_json::from_str(&get(&["ip", "-j", "-s", "link", "show", device])?)?;
    let link = links
        .get(0)
        .and_then(|link| link.get("stats64"))
        .cloned()
        .unwrap_or_default();
    let mut all = json!({
        "link": link,
        "snmp": snmp(&get(&["cat", "/proc/net/snmp"])?),
        "netstat": snmp(&get(&["cat", "/proc/net/netstat"])?),
        "queues": queues(&get(&["sh", "-c", "cat /proc/net/netfilter/nfnetlink_queue 2>&-; true"])?),
        "rules": get(&["nft", "list", "ruleset"])?,
    });
    if node.radio.is_some() {
        let peers = stations(&get(&["iw", "dev", "wlan0", "station", "dump"])?, |mac| {
            let known = nodes.iter().find(|node| node.mac().as_deref() == Some(mac));
            known.map_or_else(|| mac.to_owned(), |node| node.name.to_owned())
        });
        if let Some(map) = all.as_object_mut() {
            map.insert("peers".to_owned(), peers);
        }
    }
    Ok(all)
}

/// `/proc/net/snmp` and `/proc/net/netstat`: pairs of lines, names and then figures, each with the protocol in front.
fn snmp(text: &str) -> Value {
    let mut all = Map::new();
    let lines: Vec<_> = text
        .lines()
        .filter_map(|line| line.split_once(':'))
        .collect();
    for pair in lines.chunks_exact(2) {
        let [(protocol, names), (_, figures)] = pair else {
            continue;
        };
        let figures = figures
            .split_whitespace()
            .filter_map(|figure| figure.parse::<i64>().ok());
        let names = names.split_whitespace().map(str::to_owned);
        all.insert(
            (*protocol).to_owned(),
            names.zip(figures.map(Value::from)).collect(),
        );
    }
    Value::Object(all)
}

/// `/proc/net/netfilter/nfnetlink_queue`: one line of figures for each queue, by its number.
fn queues(text: &str) -> Value {
    const NAMES: [&str; 7] = [
        "listener",
        "held",
        "copy-mode",
        "copy-range",
        "dropped-full",
        "dropped-user",
        "sequence",
    ];
    let queue = |line: &str| {
        let mut figures = line
            .split_whitespace()
            .filter_map(|figure| figure.parse::<u64>().ok());
        let number = figures.next()?.to_string();
        let named = NAMES
            .iter()
            .map(|name| (*name).to_owned())
            .zip(figures.map(Value::from));
        Some((number, Value::Object(named.collect())))
    };
    Value::Object(text.lines().filter_map(queue).collect())
}

/// `iw station dump`: a table for each peer, named by `name_of` its address. Only figures are
/// kept, without their units.
fn stations(text: &str, name_of: impl Fn(&str) -> String) -> Value {
    let mut all = Map::new();
    let mut peer = Map::new();
    let mut name = None;
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("Station ") {
            if let Some(name) = name.take() {
                all.insert(name, Value::Object(std::mem::take(&mut peer)));
            }
            name = rest.split_whitespace().next().map(&name_of);
        } else if let Some((key, value)) = line.trim().split_once(':')
            && let Some(first) = value.split_whitespace().next()
            && let Ok(figure) = first.parse::<f64>()
        {
            peer.insert(key.replace([' ', '/'], "-"), Value::from(figure));
        }
    }
    if let Some(name) = name {
        all.insert(name, Value::Object(peer));
    }
    Value::Object(all)
}

/// By how much every figure of `after` is above the same figure of `before`.
pub(crate) fn difference(before: &Value, after: &Value) -> Value {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            let both = after.iter().filter_map(|(name, value)| {
                let earlier = before.get(name)?;
                let kept = value.is_number() || value.is_object() || value.is_array();
                kept.then(|| (name.clone(), difference(earlier, value)))
            });
            Value::Object(both.collect())
        }
        (Value::Array(before), Value::Array(after)) => {
            let both = before.iter().zip(after);
            both.map(|(earlier, value)| difference(earlier, value))
                .collect()
        }
        _ => match (before.as_i64(), after.as_i64()) {
            (Some(before), Some(after)) => Value::from(after.saturating_sub(before)),
            _ => Value::from(
                after.as_f64().unwrap_or_default() - before.as_f64().unwrap_or_default(),
            ),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snmp_pairs_names_with_figures() {
        let text = "Icmp: InMsgs OutMsgs\nIcmp: 3 -1\nUdp: InDatagrams\nUdp: 7\n";
        assert_eq!(
            snmp(text),
            json!({"Icmp": {"InMsgs": 3, "OutMsgs": -1}, "Udp": {"InDatagrams": 7}})
        );
    }

    #[test]
    fn queues_go_by_number() {
        let seen = queues("    7    123     2 2   128     4     5      600  1\n");
        let expected = json!({"7": {"listener": 123, "held": 2, "copy-mode": 2, "copy-range": 128,
            "dropped-full": 4, "dropped-user": 5, "sequence": 600}});
        assert_eq!(seen, expected);
    }

    #[test]
    fn peers_have_names_and_figures_without_units() {
        let text = "Station 02:00:00:00:01:00 (on wlan0)\n\tinactive time:\t8 ms\n\
            \ttx retries:\t2\n\tsignal:  \t-30 dBm\n\ttx bitrate:\t54.0 MBit/s\n\
            \tauthorized:\tyes\nStation 02:00:00:00:09:00 (on wlan0)\n\ttx retries:\t4\n";
        let name_of = |mac: &str| {
            if mac.ends_with("01:00") {
                "a".to_owned()
            } else {
                mac.to_owned()
            }
        };
        let expected = json!({
            "a": {"inactive-time": 8.0, "tx-retries": 2.0, "signal": -30.0, "tx-bitrate": 54.0},
            "02:00:00:00:09:00": {"tx-retries": 4.0},
        });
        assert_eq!(stations(text, name_of), expected);
    }

    #[test]
    fn a_difference_has_the_figures_both_have() {
        let before = json!({"link": {"rx": {"packets": 10}}, "gone": 1, "rules": "x"});
        let after = json!({"link": {"rx": {"packets": 14}}, "new": 1, "rules": "y", "f": 1.5});
        assert_eq!(
            difference(&before, &after),
            json!({"link": {"rx": {"packets": 4}}})
        );
    }
}
