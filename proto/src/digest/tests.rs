use std::vec::Vec;

use super::*;

/// An IPv4 packet of UDP from 10.0.0.1:5004 to 10.0.1.1:5004, with four octets in it.
const UDP4: [u8; 32] = [
    0x45, 0x00, 0x00, 0x20, 0x12, 0x34, 0x40, 0x00, 64, 17, 0xaa, 0xbb, 10, 0, 0, 1, 10, 0, 1, 1,
    0x13, 0x8c, 0x13, 0x8c, 0x00, 0x0c, 0xcc, 0xdd, 1, 2, 3, 4,
];

/// The same in IPv6, from 2001:db8::1 to 2001:db8::2.
fn udp6() -> Vec<u8> {
    let mut packet = std::vec![0x6b, 0x8a, 0xbc, 0xde, 0x00, 0x0c, 17, 64];
    for last in [1, 2] {
        packet.extend([
            0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last,
        ]);
    }
    packet.extend(&UDP4[20..]);
    packet
}

/// An IPv4 packet of TCP without options and data.
fn tcp4() -> Vec<u8> {
    let mut packet = UDP4[..20].to_vec();
    packet[3] = 40;
    packet[9] = 6;
    packet.extend([
        0x13, 0x8c, 0x00, 0x50, 0, 0, 0, 1, 0, 0, 0, 2, 0x50, 0x10, 1, 2, 9, 9, 0, 0,
    ]);
    packet
}

/// The digest changes with every bit of `packet` but those of `free`, by octet and mask.
fn check(packet: &[u8], free: &[(usize, u8)]) {
    let whole = digest(packet);
    for bit in 0..packet.len() * 8 {
        let (place, mask) = (bit / 8, 1 << (bit % 8));
        let mut other = packet.to_vec();
        other[place] ^= mask;
        let is_free = free
            .iter()
            .any(|(at, bits)| *at == place && bits & mask != 0);
        assert_eq!(
            digest(&other) == whole,
            is_free,
            "octet {place}, mask {mask:#x}"
        );
    }
}

#[test]
fn routers_and_network_cards_do_not_change_it() {
    let ipv4 = [(1, 0xff), (8, 0xff), (10, 0xff), (11, 0xff)];
    check(&UDP4, &[&ipv4[..], &[(26, 0xff), (27, 0xff)]].concat());
    check(&tcp4(), &[&ipv4[..], &[(36, 0xff), (37, 0xff)]].concat());
    let ipv6 = [(0, 0x0f), (1, 0xf0), (7, 0xff)];
    check(&udp6(), &[&ipv6[..], &[(46, 0xff), (47, 0xff)]].concat());
}

/// In the middle of a datagram there is no checksum.
#[test]
fn all_of_a_later_fragment_counts() {
    let mut packet = UDP4;
    packet[7] = 1;
    check(&packet, &[(1, 0xff), (8, 0xff), (10, 0xff), (11, 0xff)]);
}

#[test]
fn padding_does_not_count() {
    let mut padded = UDP4.to_vec();
    padded.extend([0; 14]);
    assert_eq!(digest(&padded), digest(&UDP4));
    let mut padded = udp6();
    padded.extend([0xff; 14]);
    assert_eq!(digest(&padded), digest(&udp6()));
}

/// A packet cut anywhere, and what is none at all: a digest without a panic, and another one.
#[test]
fn whatever_it_is_has_a_digest() {
    for packet in [&UDP4[..], &tcp4(), &udp6()] {
        for len in 0..packet.len() {
            assert_ne!(digest(&packet[..len]), digest(packet), "{len}");
        }
    }
    // The published one of this text (draft-eastlake-fnv, 6).
    assert_eq!(digest(b"foobar"), 0xbf9c_f968);
    assert_eq!(digest(b""), 0x811c_9dc5);
}
