//! The part of the observed state that every daemon has.

use std::time::Instant;

use rether_linux::gate;
use serde_json::{Map, Value, json};

use crate::control::SCHEMA_VERSION;
use crate::driver;
use crate::host::gate_counters;

/// What does not change while the daemon runs.
#[derive(Debug)]
pub struct About {
    started: Instant,
    fixed: Map<String, Value>,
}

impl About {
    /// Of the program `daemon` on `interface`, with what else it has to say once and for all.
    #[must_use]
    pub fn new(
        daemon: &str,
        interface: &str,
        own: impl IntoIterator<Item = (String, Value)>,
    ) -> Self {
        let common = [
            ("schema_version", json!(SCHEMA_VERSION)),
            ("daemon", json!(daemon)),
            ("version", json!(env!("CARGO_PKG_VERSION"))),
            ("pid", json!(std::process::id())),
            ("interface", json!(interface)),
        ];
        let common = common.map(|(name, value)| (name.to_owned(), value));
        Self {
            started: Instant::now(),
            fixed: common.into_iter().chain(own).collect(),
        }
    }

    /// The state now, to which the daemon adds its core's; `None` if it cannot be written.
    #[must_use]
    pub fn state(
        &self,
        gate: gate::Counters,
        driver: driver::Counters,
    ) -> Option<Map<String, Value>> {
        let mut state = self.fixed.clone();
        state.insert("uptime_s".into(), self.started.elapsed().as_secs().into());
        state.insert("gate".into(), gate_counters(gate));
        state.insert("driver".into(), serde_json::to_value(driver).ok()?);
        Some(state)
    }
}
