//! Flow keys: what of an IP packet decides how it is treated.

#[cfg(test)]
mod tests;

use core::fmt;
use core::net::{IpAddr, Ipv4Addr};

use etherparse::{Ipv6ExtensionSlice, LaxIpSlice};
use serde::{Deserialize, Serialize};

/// Addresses, protocol, ports and DSCP of an IP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FlowKey {
    /// Source address.
    pub src: IpAddr,
    /// Destination address.
    pub dst: IpAddr,
    /// IP protocol number: 6 TCP, 17 UDP, 1 ICMP, 58 `ICMPv6`; 0 when unknown.
    pub protocol: u8,
    /// Source port; 0 for protocols without ports and for later fragments.
    pub src_port: u16,
    /// Destination port; 0 likewise.
    pub dst_port: u16,
    /// DiffServ code point (RFC 2474), 0 to 63.
    pub dscp: u8,
}

impl FlowKey {
    /// A packet of which nothing is known: best effort.
    pub const UNKNOWN: Self = Self {
        src: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        dst: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        protocol: 0,
        src_port: 0,
        dst_port: 0,
        dscp: 0,
    };

    /// Reads the key from the first octets of an IP packet. Never fails: what cannot be read
    /// stays as in [`FlowKey::UNKNOWN`], because an odd packet is still a packet to deliver.
    #[must_use]
    pub fn from_ip(bytes: &[u8]) -> Self {
        let Ok((packet, _)) = LaxIpSlice::from_slice(bytes) else {
            return Self::UNKNOWN;
        };
        let (src, dst, dscp, later_fragment) = match &packet {
            LaxIpSlice::Ipv4(ip) => {
                let header = ip.header();
                let later = header.fragments_offset().value() != 0;
                let dscp = header.dcp().value();
                (
                    header.source_addr().into(),
                    header.destination_addr().into(),
                    dscp,
                    later,
                )
            }
            LaxIpSlice::Ipv6(ip) => {
                let header = ip.header();
                let later = ip.extensions().clone().into_iter().any(is_later_fragment);
                let dscp = header.traffic_class() >> 2;
                (
                    header.source_addr().into(),
                    header.destination_addr().into(),
                    dscp,
                    later,
                )
            }
        };
        let payload = packet.payload();
        let protocol = payload.ip_number.0;
        let (src_port, dst_port) = if later_fragment {
            (0, 0)
        } else {
            ports(protocol, payload.payload)
        };
        Self {
            src,
            dst,
            protocol,
            src_port,
            dst_port,
            dscp,
        }
    }

    /// The key of the packets that flow the other way.
    #[must_use]
    pub const fn reversed(self) -> Self {
        Self {
            src: self.dst,
            dst: self.src,
            src_port: self.dst_port,
            dst_port: self.src_port,
            ..self
        }
    }

    /// The key without DSCP: packets of one conversation may be marked differently.
    #[must_use]
    pub const fn unmarked(self) -> Self {
        Self { dscp: 0, ..self }
    }

    /// The traffic identifier that the kernel gives packets without a priority of their own
    /// (`cfg80211_classify8021d`).
    #[must_use]
    pub const fn tid(self) -> u8 {
        self.dscp >> 3
    }

    /// True of the packets of a TCP connection.
    #[must_use]
    pub const fn is_tcp(self) -> bool {
        const TCP: u8 = 6;
        self.protocol == TCP
    }
}

pub(crate) fn is_later_fragment(extension: Ipv6ExtensionSlice<'_>) -> bool {
    match extension {
        Ipv6ExtensionSlice::Fragment(fragment) => fragment.fragment_offset().value() != 0,
        _ => false,
    }
}

/// Source and destination port: the first four octets of the header of TCP, UDP, DCCP, SCTP and
/// UDP-Lite alike. Only these are looked at, because a capture of the first octets of a packet
/// may end within a TCP header with options.
fn ports(protocol: u8, payload: &[u8]) -> (u16, u16) {
    match (protocol, payload) {
        (6 | 17 | 33 | 132 | 136, &[a, b, c, d, ..]) => {
            (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]))
        }
        _ => (0, 0),
    }
}

impl fmt::Display for FlowKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.protocol {
            6 => f.write_str("tcp")?,
            17 => f.write_str("udp")?,
            1 => f.write_str("icmp")?,
            58 => f.write_str("icmpv6")?,
            other => write!(f, "ip-{other}")?,
        }
        let port = |port: u16| if port == 0 { None } else { Some(port) };
        write!(f, " {}", self.src)?;
        if let Some(port) = port(self.src_port) {
            write!(f, ":{port}")?;
        }
        write!(f, " > {}", self.dst)?;
        if let Some(port) = port(self.dst_port) {
            write!(f, ":{port}")?;
        }
        Ok(())
    }
}
