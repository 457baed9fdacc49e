//! Flow keys of whole, odd and cut-off packets.

use super::*;
use alloc::vec::Vec;
use proptest::prelude::*;

/// 10.0.0.2:5004 > 10.0.9.1:16384, DSCP EF, 172 octets of RTP: as captured, RFC 791 layout.
const VOICE: [u8; 32] = [
    0x45, 0xb8, 0x00, 0xc8, 0x1c, 0x46, 0x40, 0x00, 0x40, 0x11, 0x00, 0x00, 10, 0, 0, 2, 10, 0, 9,
    1, 0x13, 0x8c, 0x40, 0x00, 0x00, 0xb4, 0x00, 0x00, 0x80, 0x00, 0x00, 0x01,
];

fn v4(protocol: u8, flags_and_offset: u16, options: &[u8], payload: &[u8]) -> Vec<u8> {
    let ihl = 5 + u8::try_from(options.len() / 4).unwrap();
    let total = u16::try_from(usize::from(ihl) * 4 + payload.len()).unwrap();
    let mut packet = Vec::from([0x40 | ihl, 0x28]);
    packet.extend(total.to_be_bytes());
    packet.extend([0x12, 0x34]);
    packet.extend(flags_and_offset.to_be_bytes());
    packet.extend([64, protocol, 0, 0, 192, 168, 1, 7, 198, 51, 100, 9]);
    packet.extend(options);
    packet.extend(payload);
    packet
}

fn v6(next_header: u8, payload: &[u8]) -> Vec<u8> {
    let mut packet = Vec::from([0x6b, 0x80, 0, 0]);
    packet.extend(u16::try_from(payload.len()).unwrap().to_be_bytes());
    packet.extend([next_header, 64]);
    packet.extend([0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7]);
    packet.extend([0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9]);
    packet.extend(payload);
    packet
}

/// A TCP segment 443 > 51000 with timestamps, SACK blocks and 1000 octets of data.
fn tcp() -> Vec<u8> {
    let mut segment = Vec::from([0x01, 0xbb, 0xc7, 0x38, 0, 0, 0, 1, 0, 0, 0, 2]);
    segment.extend([0xd0, 0x10, 0xff, 0xff, 0, 0, 0, 0]);
    segment.extend([1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2]);
    segment.extend([1, 1, 5, 18, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 5, 0, 0, 0, 6]);
    segment.extend([0; 1000]);
    segment
}

/// A UDP datagram 5004 > 5006 with `data` octets of data.
fn udp(data: usize) -> Vec<u8> {
    let length = u16::try_from(8 + data).unwrap().to_be_bytes();
    let mut datagram = Vec::from([0x13, 0x8c, 0x13, 0x8e, length[0], length[1], 0, 0]);
    datagram.resize(8 + data, 0xaa);
    datagram
}

fn protocol_and_ports(packet: &[u8]) -> (u8, u16, u16) {
    let key = FlowKey::from_ip(packet);
    (key.protocol, key.src_port, key.dst_port)
}

#[test]
fn a_voice_packet_and_its_reply() {
    let key = FlowKey::from_ip(&VOICE);
    let want = FlowKey {
        src: Ipv4Addr::new(10, 0, 0, 2).into(),
        dst: Ipv4Addr::new(10, 0, 9, 1).into(),
        protocol: 17,
        src_port: 5004,
        dst_port: 16384,
        dscp: 46,
    };
    assert_eq!(key, want);
    assert_eq!(std::format!("{key}"), "udp 10.0.0.2:5004 > 10.0.9.1:16384");
    assert_eq!(
        std::format!("{}", key.reversed().unmarked()),
        "udp 10.0.9.1:16384 > 10.0.0.2:5004"
    );
    assert_eq!((key.reversed().dscp, key.unmarked().dscp), (46, 0));
    assert_eq!(key.reversed().reversed(), key);
}

#[test]
fn ports_of_every_protocol_that_has_them_and_of_no_other() {
    let echo = [8, 0, 0xf7, 0xff, 0, 0, 0, 0];
    let hop_by_hop = |next: u8, rest: &[u8]| {
        let mut payload = Vec::from([next, 0, 1, 4, 0, 0, 0, 0]);
        payload.extend(rest);
        payload
    };
    let authentication = |next: u8, rest: &[u8]| {
        let mut payload = Vec::from([next, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1]);
        payload.extend(rest);
        payload
    };
    let cases = [
        ("v4 udp", v4(17, 0, &[], &udp(172)), (17, 5004, 5006)),
        ("v4 tcp", v4(6, 0x4000, &[], &tcp()), (6, 443, 51000)),
        ("v4 icmp", v4(1, 0, &[], &echo), (1, 0, 0)),
        ("v4 options", v4(17, 0, &[1; 40], &udp(9)), (17, 5004, 5006)),
        (
            "v4 AH",
            v4(51, 0, &[], &authentication(17, &udp(1))),
            (17, 5004, 5006),
        ),
        ("v4 sctp", v4(132, 0, &[], &udp(4)), (132, 5004, 5006)),
        ("v4 esp", v4(50, 0, &[], &udp(40)), (50, 0, 0)),
        ("v6 udp", v6(17, &udp(172)), (17, 5004, 5006)),
        ("v6 tcp", v6(6, &tcp()), (6, 443, 51000)),
        ("v6 icmp", v6(58, &echo), (58, 0, 0)),
        (
            "v6 hop-by-hop",
            v6(0, &hop_by_hop(17, &udp(3))),
            (17, 5004, 5006),
        ),
        (
            "v6 two",
            v6(0, &hop_by_hop(60, &hop_by_hop(6, &tcp()))),
            (6, 443, 51000),
        ),
        ("v6 no next header", v6(59, &udp(0)), (59, 0, 0)),
    ];
    for (name, packet, want) in cases {
        assert_eq!(protocol_and_ports(&packet), want, "{name}");
        assert_eq!(
            FlowKey::from_ip(&packet).dscp,
            if packet[0] >> 4 == 4 { 10 } else { 46 }
        );
    }
}

#[test]
fn only_the_first_fragment_has_ports() {
    // RFC 791: more fragments, offset in units of 8 octets. RFC 8200 4.5: fragment header.
    let fragment = |offset_and_more: u16| {
        let [high, low] = offset_and_more.to_be_bytes();
        let mut payload = Vec::from([17, 0, high, low, 0, 0, 0, 1]);
        payload.extend(udp(64));
        v6(44, &payload)
    };
    let cases = [
        (v4(17, 0x2000, &[], &udp(64)), (17, 5004, 5006)),
        (v4(17, 0x2001, &[], &udp(64)), (17, 0, 0)),
        (v4(17, 0x00b9, &[], &udp(64)), (17, 0, 0)),
        (fragment(0x0001), (17, 5004, 5006)),
        (fragment(0x0000), (17, 5004, 5006)),
        (fragment(0x0009), (17, 0, 0)),
        (fragment(0x05c8), (17, 0, 0)),
    ];
    for (packet, want) in cases {
        assert_eq!(protocol_and_ports(&packet), want, "{packet:02x?}");
    }
}

#[test]
fn sixty_four_octets_are_enough() {
    let packets = [
        v4(17, 0, &[], &udp(1400)),
        v4(6, 0, &[], &tcp()),
        v4(6, 0, &[1; 40], &tcp()),
        v6(17, &udp(1400)),
        v6(6, &tcp()),
    ];
    for packet in packets {
        let whole = FlowKey::from_ip(&packet);
        assert_ne!(whole.src_port, 0);
        for length in 0..packet.len() {
            let key = FlowKey::from_ip(&packet[..length]);
            let header = if packet[0] >> 4 == 4 { 20 } else { 40 };
            if length < header {
                assert_eq!(key, FlowKey::UNKNOWN, "{length} octets");
            } else if length >= 64 {
                assert_eq!(key, whole, "{length} octets");
            }
        }
    }
}

#[test]
fn what_is_not_ip_is_unknown() {
    let arp = [
        0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 1, 10, 0, 0, 1, 0, 0, 0, 0, 0, 0,
    ];
    for bytes in [&arp[..], &[], &[0x45], &[0x44; 64], &[0xff; 64]] {
        assert_eq!(FlowKey::from_ip(bytes), FlowKey::UNKNOWN, "{bytes:02x?}");
    }
}

proptest! {
    #[test]
    fn arbitrary_octets_never_panic(
        mut bytes in proptest::collection::vec(any::<u8>(), 0..160),
        first in prop_oneof![Just(0x45), 0x40..=0x4f_u8, Just(0x60), any::<u8>()],
    ) {
        if let Some(octet) = bytes.first_mut() {
            *octet = first;
        }
        let key = FlowKey::from_ip(&bytes);
        prop_assert!(key.dscp < 64);
        prop_assert_eq!(key.reversed().reversed(), key);
    }
}
