//! What `rether-ap status` shows.

use std::sync::Arc;

use rether_daemon::about::About;
use rether_daemon::driver::Orders;
use rether_daemon::table::table;
use rether_linux::gate::{Gate as _, NfqGate};
use rether_linux::rules::Placement;
use rether_proto::coordinator::{Coordinator, CoordinatorStatus, StationStatus};
use rether_proto::time::Duration;
use rether_proto::wire::CellMode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::cell::Cell;
use crate::{ask, flows};

/// What does not change while the daemon runs.
pub(crate) fn about(cell: &Cell) -> About {
    let is_bridged = cell.placement == Placement::BridgedAp;
    let own = [
        ("bssid", json!(cell.link.mac)),
        (
            "placement",
            json!(if is_bridged { "bridged" } else { "routed" }),
        ),
        ("phy", json!(cell.phy)),
    ];
    let own = own.map(|(name, value)| (name.to_owned(), value));
    About::new("rether-ap", &cell.interface.name, own)
}

/// The state for the observe socket.
pub(crate) async fn state(
    orders: Orders<Coordinator, NfqGate>,
    about: Arc<About>,
) -> Option<Value> {
    let seen = orders
        .inspect(|view| (view.machine.status(), view.gate.counters(), view.counters))
        .await;
    let (coordinator, gate, driver) = seen.ok()?;
    let mut state = about.state(gate, driver)?;
    let in_token_mode = coordinator.mode == CellMode::Token;
    state.insert("token-mode".into(), in_token_mode.into());
    state.insert("cell".into(), serde_json::to_value(coordinator).ok()?);
    Some(state.into())
}

/// The parts of the state that people are shown.
#[derive(Deserialize)]
struct State {
    interface: String,
    bssid: String,
    placement: String,
    uptime_s: u64,
    cell: CoordinatorStatus,
    gate: Held,
}

#[derive(Deserialize)]
struct Held {
    held: u64,
    dropped: u64,
    carried: u64,
}

/// The state as tables.
///
/// # Errors
/// It is not that of a `rether-ap`.
pub(crate) fn human(state: &Value) -> anyhow::Result<String> {
    let state = State::deserialize(state)?;
    let cell = &state.cell;
    let up = Duration::from_secs(state.uptime_s);
    let mut text = format!(
        "{} ({}, {}): {} mode, up {} s\n\
         {}\n\
         gate: {} held, {} dropped, {} sent in frames of the protocol; cycles {}, tokens {}, returned {}, lost {}\n",
        state.interface,
        state.bssid,
        state.placement,
        cell.mode,
        up.as_nanos() / 1_000_000_000,
        ask::account(&cell.ledger),
        state.gate.held,
        state.gate.dropped,
        state.gate.carried,
        cell.stats.cycles,
        cell.stats.tokens,
        cell.stats.returns,
        cell.stats.lost,
    );
    text.push_str(&stations(cell));
    text.push_str(&suspicions(cell));
    text.push_str(&format!("\n{}", flows::shown(&cell.flows)));
    Ok(text)
}

/// Addresses from which frames came that were not believed.
fn suspicions(cell: &CoordinatorStatus) -> String {
    let is_suspect = |station: &&StationStatus| {
        station.bad_tags + station.replays + station.refused_handshakes > 0
    };
    let line = |station: &StationStatus| {
        format!(
            "not believed from {}: {} frames without a right tag, {} replayed, {} REGISTERs without the \
             right key\n",
            station.address, station.bad_tags, station.replays, station.refused_handshakes
        )
    };
    cell.stations.iter().filter(is_suspect).map(line).collect()
}

fn stations(cell: &CoordinatorStatus) -> String {
    if cell.stations.is_empty() {
        return "\nNo stations.\n".into();
    }
    let mut shown = table(&[
        "STATION",
        "AGENT",
        "RATE UP",
        "DOWN",
        "AIRTIME UP",
        "DOWN",
        "WAITING",
    ]);
    for station in &cell.stations {
        let agent = match (&station.agent, station.silent) {
            (Some(name), true) => format!("{name} (silent)"),
            (Some(name), false) if name.is_empty() => "yes".into(),
            (Some(name), false) => name.clone(),
            (None, _) => "-".into(),
        };
        let (down, up) = (station.downlink, station.uplink);
        let waiting = u32::from(down.rt.packets) + u32::from(down.nrt.packets);
        let at_station = u32::from(up.rt.packets) + u32::from(up.nrt.packets);
        shown.add_row([
            station.address.to_string(),
            agent,
            station.link.up.to_string(),
            station.link.down.to_string(),
            station.airtime_up.to_string(),
            station.airtime_down.to_string(),
            format!("{waiting} here, {at_station} there"),
        ]);
    }
    format!("\n{shown}\n")
}
