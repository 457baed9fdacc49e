//! What nl80211 reports by itself.

use rether_proto::mac::MacAddr;

use super::{Nl80211, Nl80211Error};

/// Something happened on a wireless interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A peer is known from now on (`NEW_STATION`).
    StationNew {
        /// Interface index.
        index: u32,
        /// The peer.
        mac: MacAddr,
    },
    /// A peer has gone (`DEL_STATION`).
    StationGone {
        /// Interface index.
        index: u32,
        /// The peer.
        mac: MacAddr,
    },
    /// The interface is associated (`CONNECT` with status 0, or `ROAM`).
    Connected {
        /// Interface index.
        index: u32,
        /// The AP, if it was told.
        bssid: Option<MacAddr>,
    },
    /// The interface is no longer associated (`DISCONNECT`).
    Disconnected {
        /// Interface index.
        index: u32,
    },
    /// The radio goes off channel (`TRIGGER_SCAN`): nothing should be sent.
    ScanStarted {
        /// Interface index.
        index: u32,
    },
    /// The radio is back (`NEW_SCAN_RESULTS` or `SCAN_ABORTED`).
    ScanEnded {
        /// Interface index.
        index: u32,
    },
    /// The AP's signal crossed the threshold (`NOTIFY_CQM`).
    Signal {
        /// Interface index.
        index: u32,
        /// To which side.
        level: SignalLevel,
        /// The signal in dBm, if it was told.
        dbm: Option<i32>,
    },
    /// Messages were lost: ask for stations and interfaces anew.
    Overrun,
}

/// Which side of the threshold the signal is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignalLevel {
    /// Weaker than the threshold.
    Low,
    /// Stronger than the threshold.
    High,
}

/// The stream of events, on a socket of its own.
#[derive(Debug)]
pub struct Events {}

impl Events {
    /// Subscribes to the groups `mlme` and `scan`.
    ///
    /// # Errors
    /// The kernel refused the subscription.
    pub async fn subscribe(nl80211: &Nl80211) -> Result<Self, Nl80211Error> {
        let _ = nl80211;
        unimplemented!()
    }

    /// The next event; those of no interest here are passed over. Cancel safe.
    ///
    /// # Errors
    /// The socket is broken: subscribe anew.
    pub async fn next(&mut self) -> Result<Event, Nl80211Error> {
        unimplemented!()
    }
}
