//! Changes of what the kernel knows.

use std::net::IpAddr;

use rether_proto::mac::MacAddr;

/// The way to a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// It is on the link of this interface.
    Link {
        /// Interface index.
        index: u32,
    },
    /// Over a router of the same address family that is on a link of this host.
    Via {
        /// Its address.
        router: IpAddr,
        /// Index of the interface it is on; needed where the address is link-local.
        index: Option<u32>,
    },
}

/// A host route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// The host.
    pub host: IpAddr,
    /// The way there.
    pub way: Way,
}

/// How long the kernel believes what it was told of a neighbour (`NUD_*`, rtnetlink(7)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Belief {
    /// Until it is told otherwise.
    Permanent,
    /// As if the neighbour had just answered.
    Reachable,
    /// It is used, and verified soon.
    Stale,
}

/// One change of what the kernel knows. Replacing makes what is not there, and deleting what is
/// not there is no error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// There is this way to the host, and no other in our table.
    ReplaceRoute(Route),
    /// There is none in our table.
    DeleteRoute(IpAddr),
    /// The neighbour `address` on interface `index` has this MAC address.
    ReplaceNeighbour {
        /// Interface index.
        index: u32,
        /// Its IP address.
        address: IpAddr,
        /// Its MAC address.
        mac: MacAddr,
        /// How long that is believed.
        belief: Belief,
    },
    /// Nothing is known of it.
    DeleteNeighbour {
        /// Interface index.
        index: u32,
        /// Its IP address.
        address: IpAddr,
    },
    /// Interface `index` answers for `address`, which is elsewhere, as if it were its own. IPv4
    /// needs no entry per host where [`super::Setting::ProxyArp`] is on; IPv6 needs one, and
    /// `net.ipv6.conf.DEVICE.proxy_ndp` on.
    ReplaceProxy {
        /// Interface index.
        index: u32,
        /// Whom it answers for.
        address: IpAddr,
    },
    /// It does not.
    DeleteProxy {
        /// Interface index.
        index: u32,
        /// Whom it does not answer for.
        address: IpAddr,
    },
    /// The bridge finds `mac` at its port; it learns otherwise from frames, and forgets it with
    /// time, as if it had learnt it. The kernel makes an entry in each VLAN of the port, too.
    ReplaceBridgeEntry {
        /// Interface index of the port.
        port: u32,
        /// The MAC address.
        mac: MacAddr,
    },
    /// The bridge does not know where `mac` is, if it found it at this port.
    DeleteBridgeEntry {
        /// Interface index of the port.
        port: u32,
        /// The MAC address.
        mac: MacAddr,
    },
}

impl Change {
    pub(super) const fn doing(&self) -> &'static str {
        match self {
            Self::ReplaceRoute(_) => {
                "set the route to a station (is the router on a link of ours?)"
            }
            Self::DeleteRoute(_) => "delete the route to a station",
            Self::ReplaceNeighbour { .. } => "set a neighbour's MAC address",
            Self::DeleteNeighbour { .. } => "delete a neighbour",
            Self::ReplaceProxy { .. } => "answer for a station that is elsewhere",
            Self::DeleteProxy { .. } => "answer for a station no longer",
            Self::ReplaceBridgeEntry { .. } => {
                "set a station's port of the bridge (is the interface a port of one?)"
            }
            Self::DeleteBridgeEntry { .. } => "delete a station from the bridge",
        }
    }

    /// What the kernel answers if there is nothing to delete.
    pub(super) fn is_fine(&self, code: i32) -> bool {
        let absent = matches!(code, libc::ESRCH | libc::ENOENT | libc::ENODEV);
        code == 0 || absent && !self.makes()
    }

    const fn makes(&self) -> bool {
        matches!(
            self,
            Self::ReplaceRoute(_)
                | Self::ReplaceNeighbour { .. }
                | Self::ReplaceProxy { .. }
                | Self::ReplaceBridgeEntry { .. }
        )
    }
}
