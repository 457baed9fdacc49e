//! What the kernel lets through: classic BPF programs (socket(7), `SO_ATTACH_FILTER`).

use socket2::SockFilter;

use crate::token_socket::filter::{
    ETHER_TYPE, JUMP_EQUAL, LOAD_BYTE, LOAD_HALF, PACKET_TYPE, RETURN,
};

const JUMP_SET: u16 = (libc::BPF_JMP | libc::BPF_JSET | libc::BPF_K) as u16;
const JUMP_GREATER: u16 = (libc::BPF_JMP | libc::BPF_JGT | libc::BPF_K) as u16;
const JUMP_AT_LEAST: u16 = (libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K) as u16;
/// The length of the IPv4 header at an offset, into X.
const LOAD_LENGTH: u16 = (libc::BPF_LDX | libc::BPF_B | libc::BPF_MSH) as u16;
/// At an offset behind X.
const LOAD_HALF_BEHIND: u16 = (libc::BPF_LD | libc::BPF_H | libc::BPF_IND) as u16;
const LOAD_BYTE_BEHIND: u16 = (libc::BPF_LD | libc::BPF_B | libc::BPF_IND) as u16;
const ALL: u32 = u32::MAX;
const NOTHING: u32 = 0;

/// Where the IP header begins.
const IP: u32 = 14;
const FRAGMENT: u32 = IP + 6;
const PROTOCOL: u32 = IP + 9;
const NEXT_HEADER: u32 = IP + 6;
/// Behind the fixed IPv6 header.
const BEHIND: u32 = IP + 40;

const IPV4: u32 = libc::ETH_P_IP.unsigned_abs();
const IPV6: u32 = libc::ETH_P_IPV6.unsigned_abs();
const ARP: u32 = libc::ETH_P_ARP.unsigned_abs();
const ICMP: u32 = libc::IPPROTO_ICMP.unsigned_abs();
const IGMP: u32 = libc::IPPROTO_IGMP.unsigned_abs();
const UDP: u32 = libc::IPPROTO_UDP.unsigned_abs();
const ICMPV6: u32 = libc::IPPROTO_ICMPV6.unsigned_abs();
/// DHCP servers.
const SERVER: u32 = 67;
const AGENT_ADVERTISEMENT: u32 = 9;
const MLD_REPORT: u32 = 131;
const ROUTER_ADVERTISEMENT: u32 = 134;
const NEIGHBOUR_ADVERTISEMENT: u32 = 136;
const MLD2_REPORT: u32 = 143;

const fn op(code: u16, then: u8, otherwise: u8, k: u32) -> SockFilter {
    SockFilter::new(code, then, otherwise, k)
}

/// DHCP servers' messages, router and agent advertisements.
pub(super) const fn wired() -> [SockFilter; 21] {
    [
        op(LOAD_HALF, 0, 0, ETHER_TYPE),
        op(JUMP_EQUAL, 13, 0, IPV6),
        op(JUMP_EQUAL, 0, 16, IPV4),
        op(LOAD_HALF, 0, 0, FRAGMENT),
        op(JUMP_SET, 14, 0, 0x1fff),
        op(LOAD_LENGTH, 0, 0, IP),
        op(LOAD_BYTE, 0, 0, PROTOCOL),
        op(JUMP_EQUAL, 0, 3, UDP),
        op(LOAD_HALF_BEHIND, 0, 0, IP),
        op(JUMP_EQUAL, 0, 9, SERVER),
        op(RETURN, 0, 0, ALL),
        op(JUMP_EQUAL, 0, 7, ICMP),
        op(LOAD_BYTE_BEHIND, 0, 0, IP),
        op(JUMP_EQUAL, 0, 5, AGENT_ADVERTISEMENT),
        op(RETURN, 0, 0, ALL),
        // IPv6.
        op(LOAD_BYTE, 0, 0, NEXT_HEADER),
        op(JUMP_EQUAL, 0, 2, ICMPV6),
        op(LOAD_BYTE, 0, 0, BEHIND),
        op(JUMP_EQUAL, 1, 0, ROUTER_ADVERTISEMENT),
        op(RETURN, 0, 0, NOTHING),
        op(RETURN, 0, 0, ALL),
    ]
}

/// The same, of frames on their way out.
pub(super) fn own() -> Vec<SockFilter> {
    let head = [
        op(LOAD_BYTE, 0, 0, PACKET_TYPE),
        op(JUMP_EQUAL, 1, 0, libc::PACKET_OUTGOING.into()),
        op(RETURN, 0, 0, NOTHING),
    ];
    head.into_iter().chain(wired()).collect()
}

/// ARP, neighbour discovery and group memberships; and what [`wired`] lets through, since it is
/// worth knowing who forges it.
pub(super) const fn station() -> [SockFilter; 26] {
    [
        op(LOAD_HALF, 0, 0, ETHER_TYPE),
        op(JUMP_EQUAL, 23, 0, ARP),
        op(JUMP_EQUAL, 12, 0, IPV6),
        op(JUMP_EQUAL, 0, 20, IPV4),
        op(LOAD_HALF, 0, 0, FRAGMENT),
        op(JUMP_SET, 18, 0, 0x1fff),
        op(LOAD_LENGTH, 0, 0, IP),
        op(LOAD_BYTE, 0, 0, PROTOCOL),
        op(JUMP_EQUAL, 16, 0, IGMP),
        op(JUMP_EQUAL, 0, 2, UDP),
        op(LOAD_HALF_BEHIND, 0, 0, IP),
        op(JUMP_EQUAL, 13, 12, SERVER),
        op(JUMP_EQUAL, 0, 11, ICMP),
        op(LOAD_BYTE_BEHIND, 0, 0, IP),
        op(JUMP_EQUAL, 10, 9, AGENT_ADVERTISEMENT),
        // IPv6; memberships are behind a hop-by-hop header.
        op(LOAD_BYTE, 0, 0, NEXT_HEADER),
        op(JUMP_EQUAL, 0, 2, 0),
        op(LOAD_BYTE, 0, 0, BEHIND),
        op(JUMP_EQUAL, 6, 5, ICMPV6),
        op(JUMP_EQUAL, 0, 4, ICMPV6),
        op(LOAD_BYTE, 0, 0, BEHIND),
        op(JUMP_EQUAL, 3, 0, MLD2_REPORT),
        op(JUMP_AT_LEAST, 0, 1, MLD_REPORT),
        op(JUMP_GREATER, 0, 1, NEIGHBOUR_ADVERTISEMENT),
        op(RETURN, 0, 0, NOTHING),
        op(RETURN, 0, 0, ALL),
    ]
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixDatagram;

    use socket2::SockRef;

    use super::*;

    /// Whether the kernel lets `frame` through. Any socket takes such a program, and those of
    /// datagrams in this host need no rights.
    fn passes(program: &[SockFilter], frame: &[u8]) -> bool {
        let (from, to) = UnixDatagram::pair().unwrap();
        SockRef::from(&to).attach_filter(program).unwrap();
        to.set_nonblocking(true).unwrap();
        // The kernel says nothing of what it drops.
        from.send(frame).unwrap();
        let mut buffer = [0; 256];
        to.recv(&mut buffer).is_ok()
    }

    fn frame(ether_type: u16, payload: &[u8]) -> Vec<u8> {
        let kind = ether_type.to_be_bytes();
        [&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2][..], &kind, payload].concat()
    }

    /// An IPv4 packet, with `words` words of options.
    fn v4(protocol: u8, fragment: u16, words: u8, payload: &[u8]) -> Vec<u8> {
        let mut packet = vec![0; 20 + usize::from(words) * 4];
        packet[0] = 0x45 + words;
        packet[6..8].copy_from_slice(&fragment.to_be_bytes());
        packet[9] = protocol;
        packet.extend(payload);
        frame(0x0800, &packet)
    }

    fn v6(next: u8, payload: &[u8]) -> Vec<u8> {
        let mut packet = vec![0; 40];
        (packet[0], packet[6]) = (0x60, next);
        packet.extend(payload);
        frame(0x86dd, &packet)
    }

    #[test]
    fn the_kernel_lets_through_what_is_meant() {
        let hop_by_hop = |kind| v6(0, &[58, 0, 5, 2, 0, 0, 1, 0, kind, 0, 0, 0]);
        // The frame, and whether each side hears it.
        let cases = [
            (v4(17, 0, 0, &[0, 67, 0, 68, 0, 8, 0, 0]), true, true),
            (v4(17, 0x4000, 2, &[0, 67, 0, 68, 0, 8, 0, 0]), true, true),
            (v4(17, 0, 0, &[0, 68, 0, 67, 0, 8, 0, 0]), false, false),
            (v4(17, 0, 1, &[0, 68, 0, 67, 0, 8, 0, 0]), false, false),
            (v4(17, 7, 0, &[0, 67, 0, 68, 0, 8, 0, 0]), false, false),
            (v4(6, 0, 0, &[0, 67, 0, 68, 0, 0, 0, 0]), false, false),
            (v4(1, 0, 0, &[9, 0, 0, 0]), true, true),
            (v4(1, 0, 3, &[9, 16, 0, 0]), true, true),
            (v4(1, 0, 0, &[8, 0, 0, 0]), false, false),
            (v4(2, 0, 1, &[0x16, 0, 0, 0]), false, true),
            (frame(0x0806, &[0; 28]), false, true),
            (frame(0x88b5, &[9; 60]), false, false),
            (v6(58, &[134, 0, 0, 0]), true, true),
            (v6(58, &[135, 0, 0, 0]), false, true),
            (v6(58, &[136, 0, 0, 0]), false, true),
            (v6(58, &[137, 0, 0, 0]), false, false),
            (v6(58, &[131, 0, 0, 0]), false, true),
            (v6(58, &[130, 0, 0, 0]), false, false),
            (v6(58, &[143, 0, 0, 0]), false, true),
            (v6(58, &[128, 0, 0, 0]), false, false),
            (v6(17, &[134, 0, 0, 0]), false, false),
            (hop_by_hop(143), false, true),
            (hop_by_hop(134), false, true),
            (v6(0, &[17, 0, 5, 2, 0, 0, 1, 0]), false, false),
            // Too short for what is looked at.
            (v6(58, &[]), false, false),
            (frame(0x0800, &[0x45]), false, false),
            (vec![2, 0, 0], false, false),
        ];
        for (frame, by_wire, by_radio) in cases {
            assert_eq!(passes(&wired(), &frame), by_wire, "{frame:?}");
            assert_eq!(passes(&station(), &frame), by_radio, "{frame:?}");
            // What comes to a datagram socket is not on its way out.
            assert!(!passes(&own(), &frame), "{frame:?}");
        }
    }
}
