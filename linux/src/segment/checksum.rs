//! The Internet checksum (RFC 1071) of IPv4 headers, TCP and UDP.

use super::layout::{Layout, Transport};

/// Puts the checksum of the TCP or UDP packet `packet` in its place, whatever was there.
pub(super) fn complete(packet: &mut [u8], layout: &Layout, transport: Transport) {
    let place = layout.checksum..layout.checksum + 2;
    packet[place.clone()].fill(0);
    let addresses = if layout.v6 {
        &packet[8..40]
    } else {
        &packet[12..20]
    };
    let protocol = match transport {
        Transport::Tcp => libc::IPPROTO_TCP,
        Transport::Udp => libc::IPPROTO_UDP,
    };
    let rest = &packet[layout.start..];
    // The pseudo header's length and protocol; their other octets are zero (RFC 9293, RFC 8200).
    let pseudo = sum(addresses) + protocol.unsigned_abs() as u64 + rest.len() as u64;
    let checksum = match !fold(pseudo + sum(rest)) {
        // 0 stands for no checksum there.
        0 if transport == Transport::Udp => u16::MAX,
        checksum => checksum,
    };
    packet[place].copy_from_slice(&checksum.to_be_bytes());
}

/// Puts the checksum of the IPv4 header that `packet` begins with in its place.
pub(super) fn complete_header(packet: &mut [u8]) {
    let header = &mut packet[..];
    let length = usize::from(header[0] & 15) * 4;
    header[10..12].fill(0);
    let checksum = !fold(sum(&header[..length]));
    header[10..12].copy_from_slice(&checksum.to_be_bytes());
}

/// The checksum of `octets`.
pub(crate) fn of(octets: &[u8]) -> u16 {
    !fold(sum(octets))
}

/// The sum of the 16 bit words in `octets`; an odd one at the end is a word's first.
fn sum(octets: &[u8]) -> u64 {
    let words = octets.chunks_exact(2);
    let odd = words
        .remainder()
        .first()
        .map_or(0, |last| u64::from(*last) << 8);
    words
        .map(|pair| u64::from(u16::from_be_bytes([pair[0], pair[1]])))
        .sum::<u64>()
        + odd
}

/// Adds what has run over until 16 bits remain.
fn fold(mut sum: u64) -> u16 {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u16
}
