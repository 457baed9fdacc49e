//! The roam ledger of this access point, and how people see it.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use rether_daemon::table::{or_dash, table};
use rether_handoff::roam::RoamRecord;
use rether_linux::clock;
use serde_json::{Value, json};

/// So many handoffs are kept.
const KEPT: usize = 256;

/// The last handoffs; clones are the same ledger.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger(Arc<Mutex<VecDeque<RoamRecord>>>);

impl Ledger {
    /// Adds an entry; of too many, the oldest goes.
    pub(crate) fn add(&self, record: RoamRecord) {
        let mut records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        records.push_back(record);
        if records.len() > KEPT {
            records.pop_front();
        }
    }

    /// All entries, oldest first, with the present time on the same clock.
    pub(crate) fn state(&self) -> Value {
        let records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entries: Vec<Value> = records.iter().map(entry).collect();
        json!({ "now": clock::now(), "handoffs": entries })
    }
}

/// An entry, with its phases in milliseconds.
fn entry(record: &RoamRecord) -> Value {
    let mut value = serde_json::to_value(record).unwrap_or_default();
    let phases: serde_json::Map<_, _> = record
        .phases()
        .map(|(name, span)| {
            let millis = span.as_nanos() as f64 / 1e6;
            (name.replace(' ', "-"), json!(millis))
        })
        .collect();
    if let Some(map) = value.as_object_mut() {
        map.insert("phases_ms".into(), phases.into());
    }
    value
}

/// The ledger as a table for people.
///
/// # Errors
/// It is not that of a `rether-ap`.
pub(crate) fn human(state: &Value) -> anyhow::Result<String> {
    let entries = state.get("handoffs").and_then(Value::as_array);
    let entries = entries.ok_or_else(|| anyhow::anyhow!("this is no ledger of handoffs"))?;
    if entries.is_empty() {
        return Ok("no station has come from or gone to another access point yet\n".to_owned());
    }
    let text = |value: &Value, key: &str| match value.get(key) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    };
    let rows = entries.iter().map(|one| {
        let mut phases = String::new();
        for (name, span) in one
            .get("phases_ms")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            let _ = write!(phases, "{name} {:.1} ", span.as_f64().unwrap_or(0.0));
        }
        [
            text(one, "station"),
            text(one, "side"),
            or_dash(Some(text(one, "peer")).filter(|peer| !peer.is_empty())),
            text(one, "ending"),
            text(one, "held"),
            text(one, "flushed_packets"),
            text(one, "expired"),
            text(one, "dropped"),
            text(one, "duplicated"),
            text(one, "missing"),
            phases.trim_end().to_owned(),
            or_dash(Some(text(one, "culprit")).filter(|culprit| !culprit.is_empty())),
        ]
    });
    let header = [
        "station",
        "side",
        "other AP",
        "ending",
        "held",
        "sent on",
        "expired",
        "dropped",
        "twice",
        "missing",
        "phases (ms)",
        "culprit",
    ];
    Ok(format!("{}\n", table(header, rows)))
}
