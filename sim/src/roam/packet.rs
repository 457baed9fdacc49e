//! The packets of the roaming world: IP headers, as the machines read them, and a number.

use std::net::IpAddr;

use rether_handoff::frame::Frame;
use rether_proto::mac::MacAddr;

use super::station::BULK;

const UDP: u8 = 17;
/// Expedited forwarding (RFC 3246).
const VOICE: u8 = 46;

/// Packet `number` to `to`, as the wired host sends it: G.711 of 20 ms, or 1400 octets of bulk.
pub(super) fn frame(to: IpAddr, number: u32) -> Frame {
    let (dscp, octets) = match number & BULK {
        0 => (VOICE, 172),
        _ => (0, 1372),
    };
    let udp = 8 + octets;
    let (ether_type, mut payload) = match to {
        IpAddr::V4(to) => (0x0800, ipv4(to.octets(), dscp, udp)),
        IpAddr::V6(to) => (0x86dd, ipv6(to.octets(), dscp, udp)),
    };
    let ports = [5004_u16, 5004, udp, 0];
    payload.extend(ports.into_iter().flat_map(u16::to_be_bytes));
    payload.resize(payload.len() + usize::from(octets) - 4, 0);
    payload.extend(number.to_be_bytes());
    Frame {
        source: MacAddr([2, 0, 0, 0, 0, 1]),
        ether_type,
        payload,
    }
}

/// The number that it has: its last four octets.
pub(super) fn number(frame: &Frame) -> Option<u32> {
    frame
        .payload
        .last_chunk()
        .map(|last| u32::from_be_bytes(*last))
}

fn ipv4(to: [u8; 4], dscp: u8, udp: u16) -> Vec<u8> {
    let mut header = vec![0x45, dscp << 2];
    header.extend((20 + udp).to_be_bytes());
    header.extend([0, 0, 0x40, 0, 64, UDP, 0, 0, 10, 0, 0, 1]);
    header.extend(to);
    header
}

fn ipv6(to: [u8; 16], dscp: u8, udp: u16) -> Vec<u8> {
    let mut header = (0x6000_0000_u32 | u32::from(dscp) << 22)
        .to_be_bytes()
        .to_vec();
    header.extend(udp.to_be_bytes());
    header.extend([UDP, 64]);
    header.extend([0xfd; 16]);
    header.extend(to);
    header
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::roam::station::address;

    #[test]
    fn calls_are_voice_and_bulk_is_not() {
        for ipv6 in [false, true] {
            let to = address(3, 0, ipv6);
            assert!(frame(to, 7).is_voice());
            assert!(!frame(to, 7 | BULK).is_voice());
            assert_eq!(number(&frame(to, 7)), Some(7));
            assert_eq!(
                frame(to, 7 | BULK).octets(),
                1400 + if ipv6 { 20 } else { 0 } + 64
            );
        }
    }
}
