//! Digests of IP packets: how a station tells an access point which packets it has received.

#[cfg(test)]
mod tests;

use etherparse::{LaxIpSlice, ip_number};

use crate::flow::is_later_fragment;

/// The same at the access point and at the station for the same packet, whatever path it took.
///
/// FNV-1a of 32 bits over the whole IP packet but for what changes on the way: TTL or hop limit,
/// the IPv4 header checksum, DSCP and ECN. The checksums of TCP and UDP are left out too: in a
/// packet that a host has not sent yet, the network card may be about to fill them in. So is what
/// lies behind the packet: a short Ethernet frame is padded. Octets that are no IP packet are
/// digested as they are.
#[must_use]
pub fn digest(ip_packet: &[u8]) -> u32 {
    let Ok((packet, _)) = LaxIpSlice::from_slice(ip_packet) else {
        return Fnv::START.over(ip_packet, &[]).0;
    };
    let (header, is_later) = match &packet {
        LaxIpSlice::Ipv4(ip) => {
            let header = ip.header();
            // TOS; TTL; header checksum.
            let hash = Fnv::START.over(header.slice(), &[1, 8, 10, 11]);
            let auth = ip.extensions().auth;
            let hash = hash.over(auth.as_ref().map_or(&[], |auth| auth.slice()), &[]);
            (hash, header.fragments_offset().value() != 0)
        }
        LaxIpSlice::Ipv6(ip) => {
            let extensions = ip.extensions();
            let header = ip.header();
            let (first, rest) = header.slice().split_at(2);
            // Of the first two octets the version and what is not the traffic class; hop limit.
            let hash = Fnv::START.over(&[first[0] & 0xf0, first[1] & 0x0f], &[]);
            let hash = hash.over(rest, &[5]).over(extensions.slice(), &[]);
            (hash, extensions.clone().into_iter().any(is_later_fragment))
        }
    };
    let payload = packet.payload();
    let checksum: &[usize] = match payload.ip_number {
        ip_number::TCP if !is_later => &[16, 17],
        ip_number::UDP if !is_later => &[6, 7],
        _ => &[],
    };
    header.over(payload.payload, checksum).0
}

/// The hash 1a of Fowler, Noll and Vo (draft-eastlake-fnv).
struct Fnv(u32);

impl Fnv {
    const START: Self = Self(0x811c_9dc5);

    /// Takes in the octets but those at the places `without`.
    fn over(self, octets: &[u8], without: &[usize]) -> Self {
        const PRIME: u32 = 0x0100_0193;
        let counted = octets.iter().enumerate();
        let counted = counted.filter(|(place, _)| !without.contains(place));
        Self(counted.fold(self.0, |hash, (_, octet)| {
            (hash ^ u32::from(*octet)).wrapping_mul(PRIME)
        }))
    }
}
