//! The machine a daemon runs on: its interfaces, its signals, its randomness.

use anyhow::{Context as _, bail};
use rether_linux::control::{ControlEvents, Event as Word};
use rether_linux::gate::Counters;
use rether_linux::link::InterfaceName;
use rether_linux::nl80211::{Event, Events, Interface, InterfaceKind, Nl80211};
use rether_proto::airtime::Rate;
use rether_proto::auth::Key;
use serde_json::{Value, json};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// So much from one flow before the next: more than a grant, so that the frame that ends a burst
/// leaves last (mac80211 serves the flows of a TID in turns of this many octets).
const QUANTUM: u32 = 1 << 20;
/// What mac80211 begins with, in octets (`fq_init` in `net/fq_impl.h`).
const USUAL_QUANTUM: u32 = 300;

/// Runs a daemon's asynchronous part on this thread.
///
/// # Errors
/// Those of `main`, and out of file descriptors.
pub fn block_on<T>(main: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?
        .block_on(main)
}

/// The signals that a daemon heeds.
#[derive(Debug)]
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// To stop.
    Stop,
    /// To read the configuration again.
    Reload,
}

impl Signals {
    /// From now on these signals are for [`Signals::next`]. Needs a tokio runtime.
    ///
    /// # Errors
    /// The kernel refused.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// The next signal. Cancel safe.
    pub async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.terminate.recv() => Asked::Stop,
            _ = self.interrupt.recv() => Asked::Stop,
            _ = self.hang_up.recv() => Asked::Reload,
        }
    }
}

/// The interface called `wanted`, or the only one of `kind`; `kind_name` is for messages.
///
/// # Errors
/// There is none, or there are several to choose from.
pub async fn find_interface(
    nl80211: &Nl80211,
    wanted: Option<&InterfaceName>,
    kind: InterfaceKind,
    kind_name: &str,
) -> anyhow::Result<Interface> {
    let all = nl80211.interfaces().await?;
    if let Some(wanted) = wanted {
        let found = all
            .into_iter()
            .find(|interface| interface.name == wanted.as_str());
        return found.with_context(|| {
            format!("there is no wireless interface {wanted}; `iw dev` shows those that are here")
        });
    }
    let mut fitting: Vec<_> = all
        .into_iter()
        .filter(|interface| interface.kind == kind)
        .collect();
    match (fitting.pop(), fitting.is_empty()) {
        (Some(only), true) => Ok(only),
        (Some(last), false) => {
            fitting.push(last);
            let names: Vec<_> = fitting
                .into_iter()
                .map(|interface| interface.name)
                .collect();
            bail!(
                "there are several {kind_name}s: choose with --interface from {}",
                names.join(", ")
            )
        }
        (None, _) => bail!(
            "there is no {kind_name} here; name an interface with --interface, `iw dev` shows them"
        ),
    }
}

/// The next event, never while there is no subscription; `None` when it broke.
pub async fn next_event(events: &mut Option<Events>) -> Option<Event> {
    match events {
        Some(events) => events.next().await.ok(),
        None => std::future::pending().await,
    }
}

/// The next event of hostapd or `wpa_supplicant`, never while nobody listens; `None` when it has
/// gone. Cancel safe.
pub async fn next_word(events: &mut Option<ControlEvents>) -> Option<Word> {
    match events {
        Some(events) => events
            .next()
            .await
            .ok()
            .filter(|event| event.name != "CTRL-EVENT-TERMINATING"),
        None => std::future::pending().await,
    }
}

/// The base queue of the gate on interface `index`, unless the configuration names one: far from
/// the numbers that people choose, and 128 apart for the queues of stations.
#[must_use]
pub const fn base_queue(index: u32) -> u16 {
    const FIRST: u16 = 0x5200;
    // At most 255 * 128 above the first: no overflow.
    FIRST + (index % 256) as u16 * 128
}

/// Queues of one interface: the base queue and those of stations.
pub const QUEUES: u16 = 128;

/// A seed that differs at every start.
///
/// # Errors
/// The kernel gives no random numbers.
pub fn seed() -> anyhow::Result<u64> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).context("the kernel gives no random numbers")?;
    Ok(u64::from_ne_bytes(bytes))
}

/// A fresh secret. Waits, soon after boot, until the kernel has enough entropy for one.
///
/// # Errors
/// The kernel gives no random numbers.
pub fn secret() -> anyhow::Result<Key> {
    let mut octets = [0; Key::LEN];
    getrandom::fill(&mut octets).context("the kernel gives no random numbers")?;
    Ok(Key::new(octets))
}

/// A driver's rate as the cores take it; 0 when it is not known.
#[must_use]
pub fn rate(tenths_of_mbit: Option<u32>) -> Rate {
    Rate(tenths_of_mbit.map_or(0, |rate| u16::try_from(rate).unwrap_or(u16::MAX)))
}

/// The gate's counters for the observe socket.
#[must_use]
pub fn gate_counters(counters: Counters) -> Value {
    json!({
        "received": counters.received,
        "accepted": counters.accepted,
        "dropped": counters.dropped,
        "carried": counters.carried,
        "unattributed": counters.unattributed,
        "vanished": counters.vanished,
        "held": counters.held,
    })
}

/// The transmit queues of a radio, made strictly first in, first out while Rether runs.
#[derive(Debug)]
pub struct TransmitQueues {
    wiphy: u32,
    before: u32,
}

impl TransmitQueues {
    /// Enlarges the quantum; `None` if the driver does not let us. Then the frame that ends a
    /// burst may overtake the burst's last packets.
    pub async fn straighten(nl80211: &Nl80211, wiphy: u32) -> Option<Self> {
        let before = match nl80211.radio(wiphy).await {
            Ok(radio) => radio.txq_quantum?,
            Err(error) => {
                tracing::debug!("{error}");
                return None;
            }
        };
        match nl80211.set_txq_quantum(wiphy, QUANTUM).await {
            // Ours is what a killed predecessor left behind.
            Ok(()) => Some(Self {
                wiphy,
                before: if before == QUANTUM {
                    USUAL_QUANTUM
                } else {
                    before
                },
            }),
            Err(error) => {
                tracing::info!("the radio's queues stay as they are: {error}");
                None
            }
        }
    }

    /// Puts the quantum back.
    pub async fn restore(self, nl80211: &Nl80211) {
        if let Err(error) = nl80211.set_txq_quantum(self.wiphy, self.before).await {
            tracing::warn!("the radio's queue quantum stays at {QUANTUM}: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queues_of_two_interfaces_do_not_meet() {
        let numbers: std::collections::BTreeSet<_> = (0..256).map(base_queue).collect();
        assert_eq!(numbers.len(), 256);
        assert!(
            numbers
                .iter()
                .all(|base| base.checked_add(QUEUES).is_some())
        );
    }
}
