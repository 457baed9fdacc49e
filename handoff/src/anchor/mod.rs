//! Anchors: how packets find a station after it has moved.
//!
//! An anchor turns what the machines decide into [`PathOp`]s, which the host carries out in their
//! order. The path is switched when the old access point's pen is empty, never before: until then
//! it forwards.

mod bridge;
mod host_route;
#[cfg(test)]
mod tests;

use alloc::vec::Vec;
use core::net::IpAddr;

use rether_proto::mac::MacAddr;

use crate::id::{ApId, Epoch};

pub use bridge::Bridge;
pub use host_route::HostRoute;

/// What an anchor is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnchorIn<'a> {
    /// The station is here: what only this host needs, so that it can be reached.
    Attach {
        /// Who.
        station: MacAddr,
        /// Its stay.
        epoch: Epoch,
        /// Its addresses.
        addresses: &'a [IpAddr],
    },
    /// The pen of the old access point is empty: the world may send here.
    Switch {
        /// Who.
        station: MacAddr,
        /// Its addresses.
        addresses: &'a [IpAddr],
    },
    /// The station is at another access point, as it says.
    Moved {
        /// Who.
        station: MacAddr,
        /// Where.
        to: ApId,
        /// Its stay there.
        epoch: Epoch,
        /// Its addresses.
        addresses: &'a [IpAddr],
    },
    /// The station has left the site.
    Gone {
        /// Who.
        station: MacAddr,
    },
}

/// One change of the path; the host carries it out, and one that fails is its to report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathOp {
    /// Packets for `ip` go out at the radio's bridge, to `station`.
    RouteHere {
        /// Address.
        ip: IpAddr,
        /// Its neighbour entry.
        station: MacAddr,
    },
    /// Packets for `ip` go by way of another access point. A host that has no such way leaves them
    /// to be caught: the machine forwards them.
    RouteVia {
        /// Address.
        ip: IpAddr,
        /// Whose.
        station: MacAddr,
        /// Which.
        to: ApId,
    },
    /// Nothing special about `ip` any more.
    Unroute {
        /// Address.
        ip: IpAddr,
    },
    /// A frame by which bridges learn that the station is here (802.2 XID, as 802.11F has it).
    Update {
        /// Who.
        station: MacAddr,
    },
}

/// How packets find a station.
pub trait Anchor {
    /// Takes in what has happened and adds what must be done to `out`. Old news (a lower epoch than
    /// known) does nothing.
    fn on(&mut self, event: AnchorIn<'_>, out: &mut Vec<PathOp>);
}

/// The anchors there are, for a host that chooses by its configuration.
#[derive(Clone, Debug)]
pub enum AnyAnchor {
    /// One subnet.
    Bridge(Bridge),
    /// Every access point is the same gateway.
    HostRoute(HostRoute),
}

impl Anchor for AnyAnchor {
    fn on(&mut self, event: AnchorIn<'_>, out: &mut Vec<PathOp>) {
        match self {
            Self::Bridge(anchor) => anchor.on(event, out),
            Self::HostRoute(anchor) => anchor.on(event, out),
        }
    }
}
