//! nl80211: what the wireless stack knows and can be told.

mod event;

use rether_proto::mac::MacAddr;
use rether_proto::time::Duration;

pub use event::{Event, Events, SignalLevel};

/// nl80211 could not be asked or refused.
#[derive(Debug, thiserror::Error)]
pub enum Nl80211Error {
    /// The kernel has no nl80211.
    #[error("this kernel has no nl80211: load cfg80211, or the driver of the wireless card")]
    Missing,
    /// The request was refused.
    #[error("nl80211 refused to {doing}: {reason}")]
    Refused {
        /// What was asked, as a verb phrase.
        doing: &'static str,
        /// The kernel's answer and what to do about it.
        reason: String,
    },
}

/// What an interface does (`enum nl80211_iftype`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InterfaceKind {
    /// A station in an infrastructure BSS.
    Station,
    /// An access point.
    Ap,
    /// Anything else, by its number.
    Other(u32),
}

/// A wireless interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// Interface index.
    pub index: u32,
    /// Name.
    pub name: String,
    /// Number of the radio (wiphy).
    pub wiphy: u32,
    /// MAC address.
    pub mac: MacAddr,
    /// What it does.
    pub kind: InterfaceKind,
    /// Network name, when there is one.
    pub ssid: Option<Vec<u8>>,
    /// Centre frequency of the primary channel in MHz, when there is one.
    pub frequency: Option<u32>,
}

/// A peer of an interface: a station at an AP, the AP at a station.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Station {
    /// Its MAC address.
    pub mac: MacAddr,
    /// Signal of the last frame from it, in dBm.
    pub signal: Option<i8>,
    /// Rate of the last frame to it, in units of 100 kbit/s; absent before data has flowed.
    pub tx_rate: Option<u32>,
    /// Rate of the last frame from it, in units of 100 kbit/s.
    pub rx_rate: Option<u32>,
    /// Frames to it that needed retries, as the driver counts.
    pub tx_retries: u32,
    /// Frames to it that were given up.
    pub tx_failed: u32,
    /// Frames to it.
    pub tx_packets: u32,
    /// Frames from it.
    pub rx_packets: u32,
    /// Octets to it.
    pub tx_bytes: u64,
    /// Octets from it.
    pub rx_bytes: u64,
    /// Time since it was last heard.
    pub inactive: Duration,
    /// It associated with WMM (802.11e).
    pub wmm: bool,
}

/// A connection to nl80211. Needs a tokio runtime.
#[derive(Debug)]
pub struct Nl80211 {}

impl Nl80211 {
    /// Connects and looks up the family.
    ///
    /// # Errors
    /// The kernel has no nl80211.
    pub async fn connect() -> Result<Self, Nl80211Error> {
        unimplemented!()
    }

    /// All interfaces that have a name.
    ///
    /// # Errors
    /// The request was refused.
    pub async fn interfaces(&self) -> Result<Vec<Interface>, Nl80211Error> {
        unimplemented!()
    }

    /// All peers of interface `index`.
    ///
    /// # Errors
    /// The interface has gone.
    pub async fn stations(&self, index: u32) -> Result<Vec<Station>, Nl80211Error> {
        let _ = index;
        unimplemented!()
    }

    /// How many octets mac80211 takes from one flow before it turns to the next
    /// (`NL80211_ATTR_TXQ_QUANTUM`). A very large one makes each TID strictly first in, first
    /// out, so that the frame that ends a burst leaves last.
    ///
    /// # Errors
    /// The driver does not use mac80211's queues, or rights are missing.
    pub async fn set_txq_quantum(&self, wiphy: u32, octets: u32) -> Result<(), Nl80211Error> {
        let _ = (wiphy, octets);
        unimplemented!()
    }

    /// The quantum in force, in octets; `None` if the driver does not use mac80211's queues.
    ///
    /// # Errors
    /// The radio has gone.
    pub async fn txq_quantum(&self, wiphy: u32) -> Result<Option<u32>, Nl80211Error> {
        let _ = wiphy;
        unimplemented!()
    }

    /// Turns power save on or off: a sleeping station hears a token only when it wakes.
    ///
    /// # Errors
    /// The driver cannot, or rights are missing.
    pub async fn set_power_save(&self, index: u32, on: bool) -> Result<(), Nl80211Error> {
        let _ = (index, on);
        unimplemented!()
    }

    /// Asks for [`Event::Signal`] when the AP's signal crosses `threshold` (dBm) by `hysteresis`
    /// (dB). A threshold of 0 turns it off.
    ///
    /// # Errors
    /// Not connected, or the driver cannot.
    pub async fn set_signal_watch(
        &self,
        index: u32,
        threshold: i32,
        hysteresis: u32,
    ) -> Result<(), Nl80211Error> {
        let _ = (index, threshold, hysteresis);
        unimplemented!()
    }
}
