//! Which groups a station listens to, it is asked when it has come: its answer joins them at this
//! access point's bridge, and at all switches on the way, at once and not at the next query of the
//! network's querier, two minutes later.
//!
//! The questions are those of a proxy that is no querier itself (RFC 4541, section 2.1.1): an
//! IGMPv3 query from 0.0.0.0, and an MLDv2 query. They go to one station only.

use alloc::vec::Vec;
use core::net::IpAddr;

use etherparse::checksum::Sum16BitWords;
use rether_proto::mac::MacAddr;

use crate::frame::Frame;

const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;
const ICMPV6: u8 = 58;

/// The IP packet of an IGMPv3 general query (RFC 9776, section 4.1), to be answered within a tenth of a second.
const IGMP: [u8; 36] = [
    // Version and length, network control, length, identification, TTL 1, IGMP.
    0x46, 0xc0, 0, 36, 0, 0, 0, 0, 1, 2, //
    // Checksum; from nobody to all hosts; router alert.
    0x44, 0x13, 0, 0, 0, 0, 224, 0, 0, 1, 0x94, 4, 0, 0,
    // Query, code, checksum, any group; robustness 2; interval; no sources.
    0x11, 1, 0xec, 0x81, 0, 0, 0, 0, 2, 125, 0, 0,
];

/// The questions of the host whose bridge is `own`, for a station that listens to `groups`.
pub(crate) fn queries(own: MacAddr, groups: &[IpAddr]) -> Vec<Frame> {
    let frame = |ether_type, payload| Frame {
        source: own,
        ether_type,
        payload,
    };
    let mut frames = Vec::new();
    if groups.iter().any(IpAddr::is_ipv4) {
        frames.push(frame(IPV4, IGMP.to_vec()));
    }
    if groups.iter().any(IpAddr::is_ipv6) {
        frames.push(frame(IPV6, mld(own)));
    }
    frames
}

/// The IP packet of an MLDv2 general query (RFC 9777, section 5.1), to be answered within 100 ms.
fn mld(own: MacAddr) -> Vec<u8> {
    let [a, b, c, d, e, f] = own.0;
    // The link-local address that is made of it (RFC 4291, appendix A).
    let from = [
        0xfe,
        0x80,
        0,
        0,
        0,
        0,
        0,
        0,
        a ^ 2,
        b,
        c,
        0xff,
        0xfe,
        d,
        e,
        f,
    ];
    let all = [0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    let message = |checksum: [u8; 2]| {
        // Query, code, checksum; 100 ms.
        let [high, low] = checksum;
        let head = [130, 0, high, low, 0, 100, 0, 0];
        // Any group; robustness 2; interval; no sources.
        [&head[..], &[0; 16], &[2, 125, 0, 0]].concat()
    };
    let sum = Sum16BitWords::new()
        .add_slice(&from)
        .add_slice(&all)
        .add_slice(&[0, 28, 0, ICMPV6])
        .add_slice(&message([0, 0]))
        .ones_complement();
    [
        // Version, length, hop-by-hop options, hop limit 1.
        &[0x60, 0, 0, 0, 0, 36, 0, 1][..],
        &from,
        &all,
        // Router alert: there is an MLD message.
        &[ICMPV6, 0, 5, 2, 0, 0, 1, 0],
        // The sum is of words in the host's order.
        &message(sum.to_ne_bytes()),
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;
    use alloc::vec;

    use etherparse::{IgmpSlice, NetSlice, SlicedPacket, TransportSlice};

    use super::*;

    const OWN: MacAddr = MacAddr([2, 0, 0, 0, 0, 1]);

    fn ask(groups: &[&str]) -> Vec<Frame> {
        let groups: Vec<_> = groups.iter().map(|group| group.parse().unwrap()).collect();
        queries(OWN, &groups)
    }

    #[test]
    fn another_parser_takes_them_for_queries() {
        let frames = ask(&["239.1.1.1", "ff0e::1", "239.1.1.2"]);
        let [igmp, mld] = frames.as_slice() else {
            panic!("{frames:?}");
        };
        let packet = SlicedPacket::from_ether_type(igmp.ether_type.into(), &igmp.payload).unwrap();
        let Some(NetSlice::Ipv4(ip)) = packet.net else {
            panic!("no IPv4");
        };
        let header = ip.header().to_header();
        assert_eq!(header.header_checksum, header.calc_header_checksum());
        assert_eq!((header.time_to_live, header.total_len), (1, 36));
        assert_eq!(header.options.as_slice(), [0x94, 4, 0, 0]);
        let Some(TransportSlice::Igmp(igmp)) = packet.transport else {
            panic!("no IGMP");
        };
        assert!(igmp.is_checksum_valid());
        assert!(
            matches!(igmp, IgmpSlice::MembershipQueryWithSources(_)),
            "{igmp:?}"
        );

        let packet = SlicedPacket::from_ether_type(mld.ether_type.into(), &mld.payload).unwrap();
        let Some(NetSlice::Ipv6(ip)) = packet.net else {
            panic!("no IPv6");
        };
        assert_eq!(ip.header().source_addr().to_string(), "fe80::ff:fe00:1");
        let Some(TransportSlice::Icmpv6(icmp)) = packet.transport else {
            panic!("no ICMPv6");
        };
        let (from, to) = (ip.header().source(), ip.header().destination());
        assert!(icmp.is_checksum_valid(from, to));
        assert_eq!((icmp.type_u8(), icmp.slice().len()), (130, 28));
    }

    #[test]
    fn who_listens_to_nothing_is_not_asked() {
        assert_eq!(ask(&[]), vec![]);
        assert_eq!(ask(&["ff0e::1"]).len(), 1);
        assert_eq!(ask(&["239.1.1.1"]).len(), 1);
    }
}
