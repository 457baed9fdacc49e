//! What passing frames say about stations and routers: DHCP answers, router and agent
//! advertisements, ARP, neighbour discovery, group memberships.
//!
//! Two sides, two functions. What gives a station an address or a router is believed from the wired
//! side only ([`wired`]); what a station uses and listens to is believed from that station only
//! ([`station`]), and when it says what only the wired side may say, that is a [`Forgery`]
//! (the rules of RFC 6105, RA-Guard, and of DHCP snooping).
//!
//! Frames may hold anything: what is not whole and well-formed is nothing.

mod dhcp;
mod discovery;
#[cfg(test)]
pub(crate) mod golden;
mod groups;
pub(crate) mod router;
#[cfg(test)]
pub(crate) mod tests;

use core::net::{IpAddr, Ipv4Addr};

use etherparse::{EtherType, NetSlice, SlicedPacket, TransportSlice, err::packet::SliceError};
use rether_proto::mac::MacAddr;
use rether_proto::time::{Duration, Instant};
use serde::Serialize;

use crate::context::Lease;
use crate::frame::Frame;

/// A frame as the host saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen<'a> {
    /// Destination address.
    pub to: MacAddr,
    /// Source address.
    pub from: MacAddr,
    /// What `payload` is.
    pub ether_type: u16,
    /// All that is behind the Ethernet header.
    pub payload: &'a [u8],
    /// Whether the checksum behind the IP header is in its place: a packet of this host may have
    /// left it to hardware.
    pub summed: bool,
}

/// What the wired side said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wired {
    /// A DHCP server gave a station an address (DHCPACK).
    Leased {
        /// Whom.
        station: MacAddr,
        /// What.
        lease: Lease,
    },
    /// A DHCP server took it back (DHCPNAK).
    Refused(MacAddr),
    /// A router or a mobility agent is there.
    Advert(Advert),
}

/// A router advertisement (RFC 4861) or an agent advertisement (RFC 5944), to all hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advert {
    /// The router's link-local address, or the agent's IPv4 address.
    pub router: IpAddr,
    /// How long it is one, in whole seconds; zero if it no longer is.
    pub lifetime: Duration,
    /// All of it, without Ethernet padding.
    pub frame: Frame,
}

/// What a station said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// It uses this address.
    Uses(IpAddr),
    /// It listens to this group, of more than its link.
    Joins(IpAddr),
    /// No longer.
    Leaves(IpAddr),
    /// What it may not say.
    Forged(Forgery),
}

/// What is never believed of a station.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Forgery {
    /// A router advertisement.
    RouterAdvertisement,
    /// A DHCP server's message.
    DhcpServer,
    /// An agent advertisement.
    AgentAdvertisement,
    /// ARP or neighbour discovery with the MAC address of another.
    Sender,
}

/// What a frame of the wired side says, if it says anything. The lease of an answer that was just
/// heard begins `now`.
#[must_use]
pub fn wired(seen: &Seen<'_>, now: Instant) -> Option<Wired> {
    if seen.from.is_group() {
        return None;
    }
    let packet = slice(seen).ok()?;
    match (packet.net?, packet.transport?) {
        (NetSlice::Ipv4(_), TransportSlice::Udp(udp))
            if (udp.source_port(), udp.destination_port()) == (dhcp::SERVER, dhcp::CLIENT) =>
        {
            dhcp::answer(udp.payload(), now)
        }
        (NetSlice::Ipv4(ip), TransportSlice::Icmpv4(icmp)) => {
            router::agent(seen, &ip, &icmp).map(Wired::Advert)
        }
        (NetSlice::Ipv6(ip), TransportSlice::Icmpv6(icmp)) => {
            router::router(seen, &ip, &icmp).map(Wired::Advert)
        }
        _ => None,
    }
}

/// What a frame says that came from the station `seen.from`, to `sink`.
pub fn station(seen: &Seen<'_>, sink: &mut dyn FnMut(Told)) {
    if seen.from.is_group() {
        return;
    }
    let Ok(packet) = slice(seen) else { return };
    match (packet.net, packet.transport) {
        (Some(NetSlice::Arp(arp)), _) => discovery::arp(seen.from, &arp, sink),
        (Some(NetSlice::Ipv4(_)), Some(TransportSlice::Igmp(igmp))) => groups::igmp(&igmp, sink),
        // Whatever else is wrong with it, and whomever it is for.
        (Some(NetSlice::Ipv4(_)), Some(TransportSlice::Udp(udp)))
            if udp.source_port() == dhcp::SERVER =>
        {
            sink(Told::Forged(Forgery::DhcpServer));
        }
        (Some(NetSlice::Ipv4(_)), Some(TransportSlice::Icmpv4(icmp)))
            if icmp.type_u8() == router::AGENT =>
        {
            sink(Told::Forged(Forgery::AgentAdvertisement));
        }
        (Some(NetSlice::Ipv6(ip)), Some(TransportSlice::Icmpv6(icmp))) => match icmp.type_u8() {
            router::ROUTER => sink(Told::Forged(Forgery::RouterAdvertisement)),
            _ if !sound(seen, &ip, &icmp) => {}
            groups::MLD_REPORT | groups::MLD_DONE | groups::MLD2_REPORT => {
                groups::mld(&ip, &icmp, sink);
            }
            _ => discovery::neighbour(seen.from, &ip, &icmp, sink),
        },
        _ => {}
    }
}

/// Headers of ARP, IPv4 or IPv6; fragments have no transport.
fn slice<'a>(seen: &Seen<'a>) -> Result<SlicedPacket<'a>, SliceError> {
    SlicedPacket::from_ether_type(EtherType(seen.ether_type), seen.payload)
}

/// Whether an ICMPv6 message is what its sender sent.
fn sound(
    seen: &Seen<'_>,
    ip: &etherparse::Ipv6Slice<'_>,
    icmp: &etherparse::Icmpv6Slice<'_>,
) -> bool {
    let (from, to) = (ip.header().source(), ip.header().destination());
    !seen.summed || icmp.is_checksum_valid(from, to)
}

/// Whether one host can have this address, and be reached by it from another link.
#[must_use]
pub const fn is_routable(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let first = ip.octets()[0];
            // RFC 1122, section 3.2.1.3.
            first != 0 && first != 127 && first < 224 && !ip.is_link_local()
        }
        IpAddr::V6(ip) => {
            !(ip.is_unspecified()
                || ip.is_loopback()
                || ip.is_multicast()
                || ip.is_unicast_link_local())
        }
    }
}

/// Whether a group can have senders on another link.
const fn is_far(group: IpAddr) -> bool {
    match group {
        // RFC 5771: 224.0.0/24 stays on its link.
        IpAddr::V4(group) => {
            let [a, b, c, _] = group.octets();
            Ipv4Addr::is_multicast(&group) && !matches!([a, b, c], [224, 0, 0])
        }
        // RFC 4291, section 2.7: scopes 1 and 2 are the interface and the link.
        IpAddr::V6(group) => group.is_multicast() && group.octets()[1] & 0xf > 2,
    }
}
