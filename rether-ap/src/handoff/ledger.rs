//! The roam ledger of this access point, and how people see it.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use rether_daemon::table::{or_dash, table};
use rether_handoff::anchor::AnyAnchor;
use rether_handoff::edge::Edge;
use rether_handoff::roam::RoamRecord;
use rether_linux::clock;
use serde_json::{Value, json};

use super::Sender;
use super::work::Work;

/// So many handoffs are kept.
const KEPT: usize = 256;

/// A handoff, and what it cost the daemon if the station came.
#[derive(Clone, Debug)]
struct Entry {
    record: RoamRecord,
    work: Option<Work>,
}

/// The last handoffs; clones are the same ledger.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger(Arc<Mutex<VecDeque<Entry>>>);

impl Ledger {
    /// Adds an entry; of too many, the oldest goes.
    pub(crate) fn add(&self, record: RoamRecord, work: Option<Work>) {
        let mut records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        records.push_back(Entry { record, work });
        if records.len() > KEPT {
            records.pop_front();
        }
    }

    /// All entries, oldest first.
    fn entries(&self) -> Vec<Value> {
        let records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        records.iter().map(entry).collect()
    }
}

/// What questions about handoffs are answered from.
#[derive(Clone)]
pub(crate) struct Window {
    ledger: Ledger,
    sender: Option<Sender>,
}

impl Window {
    pub(super) const fn new(ledger: Ledger, sender: Option<Sender>) -> Self {
        Self { ledger, sender }
    }

    /// The ledger, the other access points and what came from them, with the present time on the
    /// ledger's clock.
    pub(crate) async fn state(&self) -> Value {
        let look = |edge: &Edge<AnyAnchor>| {
            let peers: Vec<_> = edge.peers().collect();
            let ap = edge.ap();
            let routers: Vec<_> = ap.cache().entries(clock::now()).collect();
            json!({
                "peers": peers,
                "datagrams": edge.counters(),
                "penned": ap.penned(),
                "routers": routers,
                "overheard": ap.overheard(),
                "moves": ap.graph(),
            })
        };
        let site = match &self.sender {
            Some(sender) => sender.inspect(look).await,
            None => None,
        };
        json!({ "now": clock::now(), "handoffs": self.ledger.entries(), "site": site })
    }
}

/// An entry, with its phases in milliseconds and its cost in microseconds.
fn entry(entry: &Entry) -> Value {
    let record = &entry.record;
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
        map.insert("work".into(), json!(entry.work.map(Work::value)));
    }
    value
}

/// What an entry's arrival cost without its packets, and how much of that was netlink.
fn work(entry: &Value) -> Option<String> {
    let figure = |key| entry.get("work")?.get(key)?.as_f64();
    let without = figure("processor_us")? - figure("packets_us")?;
    Some(format!("{without:.0} / {:.0}", figure("netlink_us")?))
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
    let mut shown = table(&[
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
        "work / netlink (us)",
        "culprit",
    ]);
    for one in entries {
        let mut phases = String::new();
        let spans = one.get("phases_ms").and_then(Value::as_object);
        for (name, span) in spans.into_iter().flatten() {
            let _ = write!(phases, "{name} {:.1} ", span.as_f64().unwrap_or(0.0));
        }
        let given = |key| or_dash(Some(text(one, key)).filter(|word| !word.is_empty()));
        shown.add_row([
            text(one, "station"),
            text(one, "side"),
            given("peer"),
            given("ending"),
            text(one, "held"),
            text(one, "flushed_packets"),
            text(one, "expired"),
            text(one, "dropped"),
            text(one, "duplicated"),
            text(one, "missing"),
            phases.trim_end().to_owned(),
            or_dash(work(one)),
            given("culprit"),
        ]);
    }
    Ok(format!("{shown}\n"))
}
