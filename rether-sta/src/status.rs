//! What `rether-sta status` shows.

use std::sync::Arc;

use rether_daemon::control::SCHEMA_VERSION;
use rether_daemon::driver::Orders;
use rether_daemon::host::gate_counters;
use rether_daemon::table::{or_dash, table};
use rether_linux::gate::{Gate as _, NfqGate};
use rether_linux::link::Link;
use rether_proto::agent::{Agent, AgentStatus, GateMode};
use serde::Deserialize;
use serde_json::{Value, json};

/// What does not change while the daemon runs.
#[derive(Debug)]
pub(crate) struct About {
    started: std::time::Instant,
    fixed: Value,
}

impl About {
    pub(crate) fn new(own: &Link) -> Self {
        let fixed = json!({
            "schema_version": SCHEMA_VERSION,
            "daemon": "rether-sta",
            "version": env!("CARGO_PKG_VERSION"),
            "pid": std::process::id(),
            "interface": own.name.as_str(),
        });
        Self {
            started: std::time::Instant::now(),
            fixed,
        }
    }
}

/// The state for the observe socket.
pub(crate) async fn state(orders: Orders<Agent, NfqGate>, about: Arc<About>) -> Option<Value> {
    let seen = orders
        .inspect(|view| (view.machine.status(), view.gate.counters(), view.counters))
        .await;
    let (agent, gate, driver) = seen.ok()?;
    let mut state = about.fixed.clone();
    let fields = state.as_object_mut()?;
    fields.insert("uptime_s".into(), about.started.elapsed().as_secs().into());
    fields.insert("agent".into(), serde_json::to_value(agent).ok()?);
    fields.insert("gate".into(), gate_counters(gate));
    fields.insert("driver".into(), serde_json::to_value(driver).ok()?);
    Some(state)
}

/// The parts of the state that people are shown.
#[derive(Deserialize)]
struct State {
    interface: String,
    uptime_s: u64,
    agent: AgentStatus,
}

/// The state as tables.
///
/// # Errors
/// It is not that of a `rether-sta`.
pub(crate) fn human(state: &Value) -> anyhow::Result<String> {
    let state = State::deserialize(state)?;
    let agent = &state.agent;
    let gate = match (agent.gate, agent.failed_open) {
        (_, true) => "open, because the coordinator is silent",
        (GateMode::Open, _) => "open",
        (GateMode::Watch, _) => "watching",
        (GateMode::Hold, _) => "holding",
    };
    let registered = if agent.registered {
        "registered"
    } else {
        "not registered"
    };
    let mut text = format!(
        "{}: at {}, {registered}, gate {gate}, rate {}, up {} s\n\
         tokens {}, released {}, passed {}, dropped {}, failed open {} times\n\
         waiting: {} promised, {} other packets\n",
        state.interface,
        or_dash(agent.bssid),
        agent.rate,
        state.uptime_s,
        agent.stats.tokens,
        agent.stats.released,
        agent.stats.passed,
        agent.stats.dropped,
        agent.stats.failed_open,
        agent.backlog.rt.packets,
        agent.backlog.nrt.packets,
    );
    if agent.reserved.is_empty() {
        text.push_str("\nNo reservations.\n");
    } else {
        let mut shown = table(&["PROMISED FLOW"]);
        for key in &agent.reserved {
            shown.add_row([key.to_string()]);
        }
        text.push_str(&format!("\n{shown}\n"));
    }
    Ok(text)
}
