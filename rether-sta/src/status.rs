//! What `rether-sta status` shows.

use std::sync::Arc;

use rether_daemon::about::About;
use rether_daemon::driver::Orders;
use rether_daemon::table::{or_dash, table};
use rether_linux::gate::{Gate as _, NfqGate};
use rether_proto::agent::{Agent, AgentStatus, GateMode};
use rether_proto::flow::FlowKey;
use serde::Deserialize;
use serde_json::Value;

use crate::ask::Told;

/// The state for the observe socket.
pub(crate) async fn state(
    orders: Orders<Agent, NfqGate>,
    about: Arc<About>,
    told: &Told,
) -> Option<Value> {
    let seen = orders
        .inspect(|view| (view.machine.status(), view.gate.counters(), view.counters))
        .await;
    let (agent, gate, driver) = seen.ok()?;
    let mut state = about.state(gate, driver)?;
    state.insert("promises".into(), told.json());
    state.insert("agent".into(), serde_json::to_value(agent).ok()?);
    Some(state.into())
}

/// The parts of the state that people are shown.
#[derive(Deserialize)]
struct State {
    interface: String,
    uptime_s: u64,
    agent: AgentStatus,
    /// What became of promises lately, the latest last.
    promises: Vec<Change>,
}

#[derive(Deserialize)]
struct Change {
    ago_s: u64,
    flow: FlowKey,
    words: String,
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
    let registered = if agent.authenticated {
        "registered by key"
    } else if agent.registered {
        "registered"
    } else {
        "not registered"
    };
    let mut text = format!(
        "{}: at {}, {registered}, gate {gate}, rate {}, up {} s\n\
         tokens {}, released {}, passed {}, dropped {}, failed open {} times\n\
         waiting: {} promised, {} other packets\n\
         refused frames: {} with a wrong tag, {} replayed\n",
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
        agent.stats.bad_tags,
        agent.stats.replays,
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
    if !state.promises.is_empty() {
        let mut shown = table(&["AGO", "FLOW", "WHAT BECAME OF IT"]);
        for change in &state.promises {
            let ago = format!("{} s", change.ago_s);
            shown.add_row([ago, change.flow.to_string(), change.words.clone()]);
        }
        text.push_str(&format!("\n{shown}\n"));
    }
    Ok(text)
}
