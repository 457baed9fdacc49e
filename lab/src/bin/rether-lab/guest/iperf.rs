//! Boils iperf3's JSON down.
use serde_json::{Value, json};

pub(crate) fn udp(client: &str, server: &str) -> Value {
    let c: Value = serde_json::from_str(client).unwrap_or_default();
    let s: Value = serde_json::from_str(server).unwrap_or_default();
    json!({"c": c["end"], "s": s["end"], "e": c["error"]})
}
pub(crate) fn tcp(client: &str) -> Value {
    let c: Value = serde_json::from_str(client).unwrap_or_default();
    json!({"c": c["end"], "e": c["error"]})
}
