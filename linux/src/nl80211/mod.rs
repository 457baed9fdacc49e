//! nl80211: what the wireless stack knows and can be told.

mod attr;
mod event;
mod parse;
mod probe_request;
mod request;
mod scan;
mod transmit_queues;

use std::fmt;
use std::io;

use neli::consts::socket::NlFamily;
use neli::router::asynchronous::NlRouter;
use neli::utils::Groups;
use rether_proto::mac::MacAddr;
use rether_proto::time::Duration;

use crate::error::{Doing, OsError};
use attr::{Attr, Command, Cqm};
use request::{Attributes, ask, attribute, dump, into_io, order};

pub use event::{Event, Events, SignalLevel};
pub use probe_request::ProbeRequest;
pub use scan::{Bss, Scan};

/// nl80211 could not be asked or refused.
#[derive(Debug, thiserror::Error)]
pub enum Nl80211Error {
    /// The kernel has no nl80211.
    #[error("this kernel has no nl80211: load cfg80211, or the driver of the wireless card")]
    Missing,
    /// The request was refused.
    #[error(transparent)]
    Refused(#[from] OsError),
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

/// What a radio (wiphy) can do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Radio {
    /// Octets mac80211 takes from one flow before the next; `None` if the driver does not use
    /// mac80211's queues.
    pub txq_quantum: Option<u32>,
    /// It tells the sending socket what became of a frame (`SO_WIFI_STATUS`).
    pub transmit_status: bool,
}

/// A connection to nl80211. Needs a tokio runtime.
pub struct Nl80211 {
    router: NlRouter,
    family: u16,
}

impl fmt::Debug for Nl80211 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Nl80211")
            .field("family", &self.family)
            .finish_non_exhaustive()
    }
}

impl Nl80211 {
    /// Connects and looks up the family.
    ///
    /// # Errors
    /// The kernel has no nl80211.
    pub async fn connect() -> Result<Self, Nl80211Error> {
        // Events come over a socket of their own ([`Events`]): the router's receiver loses those
        // of groups above 32, and blocks all requests when it is not drained.
        let (router, _) = NlRouter::connect(NlFamily::Generic, None, Groups::empty())
            .await
            .map_err(into_io)
            .doing("open a generic netlink socket")?;
        let family = router.resolve_genl_family("nl80211").await;
        let family = family.map_err(|_| Nl80211Error::Missing)?;
        Ok(Self { router, family })
    }

    /// All interfaces that have a name.
    ///
    /// # Errors
    /// The request was refused.
    pub async fn interfaces(&self) -> Result<Vec<Interface>, Nl80211Error> {
        let all = Attributes::default();
        let messages = dump(&self.router, self.family, Command::GetInterface, all).await;
        let messages = messages.doing("list the wireless interfaces")?;
        Ok(messages.iter().filter_map(parse::interface).collect())
    }

    /// All peers of interface `index`; one that is down or gone has none.
    ///
    /// # Errors
    /// The request was refused, which says nothing about the peers.
    pub async fn stations(&self, index: u32) -> Result<Vec<Station>, Nl80211Error> {
        let doing = "list the stations";
        let of = Attributes::default()
            .with(Attr::Ifindex, index)
            .doing(doing)?;
        let messages = dump(&self.router, self.family, Command::GetStation, of).await;
        match messages.doing(doing) {
            Ok(messages) => Ok(messages.iter().filter_map(parse::station).collect()),
            Err(error) if error.is_link_down() => Ok(Vec::new()),
            Err(error) => Err(error.into()),
        }
    }

    /// The peer `mac` of interface `index`; `None` if it is not known there.
    ///
    /// # Errors
    /// The request was refused, which says nothing about the peer.
    pub async fn station(&self, index: u32, mac: MacAddr) -> Result<Option<Station>, Nl80211Error> {
        let doing = "read what is known of a station";
        let of = Attributes::default()
            .with(Attr::Ifindex, index)
            .and_then(|attributes| attributes.with(Attr::Mac, &mac.0[..]))
            .doing(doing)?;
        let messages = ask(&self.router, self.family, Command::GetStation, of).await;
        match messages.doing(doing) {
            Ok(messages) => Ok(messages.iter().find_map(parse::station)),
            Err(error) if error.source.raw_os_error() == Some(libc::ENOENT) => Ok(None),
            Err(error) if error.is_link_down() => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// How many octets mac80211 takes from one flow before it turns to the next
    /// (`NL80211_ATTR_TXQ_QUANTUM`). A very large one makes each TID strictly first in, first
    /// out, so that the frame that ends a burst leaves last.
    ///
    /// # Errors
    /// The driver does not use mac80211's queues, or rights are missing.
    pub async fn set_txq_quantum(&self, wiphy: u32, octets: u32) -> Result<(), Nl80211Error> {
        let attributes = Attributes::default()
            .with(Attr::Wiphy, wiphy)
            .and_then(|attributes| attributes.with(Attr::TxqQuantum, octets));
        self.order(
            "set the queue quantum of the radio",
            Command::SetWiphy,
            attributes,
        )
        .await
    }

    /// What radio `wiphy` can do.
    ///
    /// # Errors
    /// The radio has gone.
    pub async fn radio(&self, wiphy: u32) -> Result<Radio, Nl80211Error> {
        let doing = "read what the radio can do";
        // Without the flag, the kernel leaves out what came to nl80211 later.
        let of = Attributes::default()
            .with(Attr::Wiphy, wiphy)
            .and_then(|attributes| attributes.with(Attr::SplitWiphyDump, ()))
            .doing(doing)?;
        let messages = dump(&self.router, self.family, Command::GetWiphy, of)
            .await
            .doing(doing)?;
        let mut radio = Radio::default();
        for message in &messages {
            parse::radio(&mut radio, message);
        }
        Ok(radio)
    }

    /// Turns power save on or off: a sleeping station hears a token only when it wakes.
    ///
    /// # Errors
    /// The driver cannot, or rights are missing.
    pub async fn set_power_save(&self, index: u32, on: bool) -> Result<(), Nl80211Error> {
        let attributes = Attributes::default()
            .with(Attr::Ifindex, index)
            .and_then(|attributes| attributes.with(Attr::PsState, u32::from(on)));
        self.order("set power save", Command::SetPowerSave, attributes)
            .await
    }

    /// Whether power save is on; `None` if the driver does not say.
    ///
    /// # Errors
    /// The driver has no power save, or the interface has gone.
    pub async fn power_save(&self, index: u32) -> Result<Option<bool>, Nl80211Error> {
        let doing = "read power save";
        let of = Attributes::default()
            .with(Attr::Ifindex, index)
            .doing(doing)?;
        let messages = ask(&self.router, self.family, Command::GetPowerSave, of).await;
        Ok(messages.doing(doing)?.iter().find_map(parse::power_save))
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
        let attributes = || {
            let (threshold, hysteresis) = (
                attribute(Cqm::RssiThold, threshold)?,
                attribute(Cqm::RssiHyst, hysteresis)?,
            );
            let cqm = attribute(Attr::Cqm, ())?
                .nest(&threshold)
                .and_then(|cqm| cqm.nest(&hysteresis))
                .map_err(io::Error::other)?;
            let mut attributes = Attributes::default().with(Attr::Ifindex, index)?;
            attributes.push(cqm);
            Ok(attributes)
        };
        self.order("watch the signal", Command::SetCqm, attributes())
            .await
    }

    async fn order(
        &self,
        doing: &'static str,
        command: Command,
        attributes: io::Result<Attributes>,
    ) -> Result<(), Nl80211Error> {
        let attributes = attributes.doing(doing)?;
        Ok(order(&self.router, self.family, command, attributes)
            .await
            .doing(doing)?)
    }
}
