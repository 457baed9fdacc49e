//! What nl80211 reports by itself.

use std::collections::VecDeque;
use std::fmt;
use std::io;

use neli::consts::socket::NlFamily;
use neli::err::SocketError;
use neli::nl::NlPayload;
use neli::socket::asynchronous::NlSocketHandle;
use neli::utils::Groups;
use rether_proto::mac::MacAddr;

use super::parse::{self, Message};
use super::request::into_io;
use super::{Nl80211, Nl80211Error};
use crate::error::Doing;

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
    /// The radio is back from where a frame took it (`FRAME_WAIT_CANCEL`).
    FrameWaitEnded {
        /// Interface index.
        index: u32,
        /// Which frame: what [`Nl80211::ask_around`] gave.
        cookie: u64,
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
pub struct Events {
    socket: NlSocketHandle,
    /// Events of the datagram that was read last.
    ready: VecDeque<Event>,
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events")
            .field("ready", &self.ready)
            .finish_non_exhaustive()
    }
}

impl Events {
    /// Subscribes to the groups `mlme` and `scan`.
    ///
    /// # Errors
    /// The kernel refused the subscription.
    pub async fn subscribe(nl80211: &Nl80211) -> Result<Self, Nl80211Error> {
        let doing = "subscribe to nl80211 events";
        let mut groups = Vec::new();
        for name in ["mlme", "scan"] {
            let group = nl80211.router.resolve_nl_mcast_group("nl80211", name).await;
            groups.push(group.map_err(into_io).doing(doing)?);
        }
        let socket = NlSocketHandle::connect(NlFamily::Generic, None, Groups::empty())
            .map_err(io::Error::other)
            .doing(doing)?;
        socket
            .add_mcast_membership(Groups::new_groups(&groups))
            .map_err(io::Error::other)
            .doing(doing)?;
        Ok(Self {
            socket,
            ready: VecDeque::new(),
        })
    }

    /// The next event; those of no interest here are passed over. Cancel safe.
    ///
    /// # Errors
    /// The socket is broken: subscribe anew.
    pub async fn next(&mut self) -> Result<Event, Nl80211Error> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Ok(event);
            }
            match self.socket.recv::<u16, Message>().await {
                // A message that cannot be read is passed over like one of no interest.
                Ok((messages, _)) => {
                    self.ready.extend(messages.filter_map(
                        |message| match message.ok()?.nl_payload() {
                            NlPayload::Payload(message) => parse::event(message),
                            _ => None,
                        },
                    ))
                }
                Err(SocketError::Io(error)) if error.raw_os_error() == Some(libc::ENOBUFS) => {
                    return Ok(Event::Overrun);
                }
                Err(error) => {
                    return Ok(Err(io::Error::other(error)).doing("read nl80211 events")?);
                }
            }
        }
    }
}
