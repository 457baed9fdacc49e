//! Which addresses a station uses: ARP (RFC 826) and neighbour discovery (RFC 4861).

use core::net::Ipv6Addr;

use etherparse::icmpv6::{Icmpv6PayloadSlice, NdpOptionSlice, NdpOptionsIterator};
use etherparse::{ArpPacketSlice, Icmpv6Slice, Ipv6Slice};
use rether_proto::mac::MacAddr;

use super::{Forgery, Told, is_routable};

/// The sender's address in ARP, of either operation. A probe has none (RFC 5227).
pub(super) fn arp(from: MacAddr, arp: &ArpPacketSlice<'_>, sink: &mut dyn FnMut(Told)) {
    let Ok(arp) = arp.to_packet().try_eth_ipv4() else {
        return;
    };
    if arp.sender_mac != from.0 {
        return sink(Told::Forged(Forgery::Sender));
    }
    uses(arp.sender_ipv4_addr().into(), sink);
}

/// The source of a solicitation, and what an advertisement is about. A solicitation without a
/// source asks whether its target is free: that is no use of it yet (RFC 4862).
pub(super) fn neighbour(
    from: MacAddr,
    ip: &Ipv6Slice<'_>,
    icmp: &Icmpv6Slice<'_>,
    sink: &mut dyn FnMut(Told),
) {
    // RFC 4861, sections 7.1.1 and 7.1.2: it has crossed no router.
    if ip.header().hop_limit() != 255 || icmp.code_u8() != 0 {
        return;
    }
    let source = Ipv6Addr::from(ip.header().source());
    let (address, options) = match icmp.payload_slice() {
        Ok(Icmpv6PayloadSlice::NeighborSolicitation(ask)) => (source, ask.options_iterator()),
        Ok(Icmpv6PayloadSlice::NeighborAdvertisement(say)) => {
            (say.target_address(), say.options_iterator())
        }
        _ => return,
    };
    match speaks_for(from, options) {
        None => {}
        Some(false) => sink(Told::Forged(Forgery::Sender)),
        Some(true) => uses(address.into(), sink),
    }
}

/// Whether the link-layer addresses among the options are those of the sender; `None` if the
/// options are broken.
fn speaks_for(from: MacAddr, options: NdpOptionsIterator<'_>) -> Option<bool> {
    let mut own = true;
    for option in options {
        own &= match option.ok()? {
            NdpOptionSlice::SourceLinkLayerAddress(option) => option.link_layer_address() == from.0,
            NdpOptionSlice::TargetLinkLayerAddress(option) => option.link_layer_address() == from.0,
            _ => true,
        };
    }
    Some(own)
}

fn uses(ip: core::net::IpAddr, sink: &mut dyn FnMut(Told)) {
    if is_routable(ip) {
        sink(Told::Uses(ip));
    }
}
