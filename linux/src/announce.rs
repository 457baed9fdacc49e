//! Frames that tell switches and hosts where a station is now.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use rether_proto::mac::MacAddr;

use crate::segment::checksum;

/// `ff02::1`, all nodes, as an Ethernet address (RFC 2464).
const ALL_NODES: MacAddr = MacAddr([0x33, 0x33, 0, 0, 0, 1]);

/// The layer-2 update frame that the kernel sends when a station is authorised
/// (`cfg80211_send_layer2_update`): an 802.2 XID response as if the station had broadcast it, so
/// that every bridge learns the way to it.
#[must_use]
pub fn layer_2_update(station: MacAddr) -> [u8; 20] {
    let mut frame = [0; 20];
    frame[..6].copy_from_slice(&MacAddr::BROADCAST.0);
    frame[6..12].copy_from_slice(&station.0);
    // Length of what follows; null LSAP; response; XID, no poll; format, type 1 LLC, no window.
    frame[12..].copy_from_slice(&[0, 6, 0, 1, 0xaf, 0x81, 1, 0]);
    frame
}

/// A gratuitous ARP request (RFC 5227, section 3) or an unsolicited neighbour advertisement (RFC
/// 4861, section 7.2.6) that says that `address` has `mac`, for everybody on the link. `router`:
/// it is one, which only neighbour advertisements tell.
#[must_use]
pub fn neighbour(address: IpAddr, mac: MacAddr, router: bool) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => gratuitous_arp(address, mac),
        IpAddr::V6(address) => advertisement(address, mac, router),
    }
}

fn gratuitous_arp(address: Ipv4Addr, mac: MacAddr) -> Vec<u8> {
    let address = address.octets();
    [
        &MacAddr::BROADCAST.0[..],
        &mac.0,
        // ARP, Ethernet, IPv4, lengths of their addresses, request.
        &[8, 6, 0, 1, 8, 0, 6, 4, 0, 1],
        &mac.0,
        &address,
        &[0; 6],
        &address,
    ]
    .concat()
}

fn advertisement(address: Ipv6Addr, mac: MacAddr, router: bool) -> Vec<u8> {
    const OVERRIDE: u8 = 0x20;
    const ROUTER: u8 = 0x80;
    const ICMPV6: u8 = 58;
    const CHECKSUM: usize = 14 + 40 + 2;
    let all = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1).octets();
    let from = address.octets();
    let flags = OVERRIDE | if router { ROUTER } else { 0 };
    let message = [
        &[136, 0, 0, 0, flags, 0, 0, 0][..],
        &from,
        // Target link-layer address, of 8 octets.
        &[2, 1],
        &mac.0,
    ]
    .concat();
    let length = message.len() as u8;
    // RFC 4861 demands a hop limit of 255.
    let ip = [
        &[0x60, 0, 0, 0, 0, length, ICMPV6, 255][..],
        &from,
        &all,
        &message,
    ]
    .concat();
    let mut frame = [&ALL_NODES.0[..], &mac.0, &[0x86, 0xdd], &ip].concat();
    let pseudo = [&from[..], &all, &[0, length, 0, ICMPV6], &message].concat();
    let sum = checksum::of(&pseudo);
    frame[CHECKSUM..CHECKSUM + 2].copy_from_slice(&sum.to_be_bytes());
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAC: MacAddr = MacAddr([2, 0, 0, 0, 1, 0]);

    #[test]
    fn golden_frames() {
        #[rustfmt::skip]
        let update = [
            255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 1, 0, 0, 6, 0, 1, 0xaf, 0x81, 1, 0,
        ];
        assert_eq!(layer_2_update(MAC), update);
        #[rustfmt::skip]
        let arp = [
            255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 1, 0, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1,
            2, 0, 0, 0, 1, 0, 10, 0, 0, 7, 0, 0, 0, 0, 0, 0, 10, 0, 0, 7,
        ];
        assert_eq!(neighbour([10, 0, 0, 7].into(), MAC, true), arp);
    }

    #[test]
    fn a_neighbour_advertisement_is_what_another_parser_takes_it_for() {
        let address = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1);
        for router in [false, true] {
            let frame = neighbour(address.into(), MAC, router);
            let packet = etherparse::SlicedPacket::from_ethernet(&frame).unwrap();
            let Some(etherparse::NetSlice::Ipv6(ip)) = packet.net else {
                panic!("{packet:?}")
            };
            assert_eq!(
                (ip.header().hop_limit(), ip.header().source_addr()),
                (255, address)
            );
            let Some(etherparse::TransportSlice::Icmpv6(icmp)) = packet.transport else {
                panic!("no ICMPv6")
            };
            let (from, to) = (ip.header().source(), ip.header().destination());
            assert!(icmp.is_checksum_valid(from, to));
            assert_eq!((icmp.type_u8(), icmp.code_u8()), (136, 0));
            assert_eq!(icmp.bytes5to8()[0], if router { 0xa0 } else { 0x20 });
            assert_eq!(icmp.payload()[..16], address.octets());
            assert_eq!(icmp.payload()[16..], [2, 1, 2, 0, 0, 0, 1, 0]);
        }
    }
}
