//! What a watched packet looks like, in the terms nftables can match.

use std::fmt;
use std::net::IpAddr;
use std::ops::RangeInclusive;

/// A packet matches when every given part does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FlowMatch {
    /// TCP or UDP; `None` is any protocol, or both if ports are given.
    pub protocol: Option<Protocol>,
    /// Source network.
    pub src: Option<Prefix>,
    /// Destination network.
    pub dst: Option<Prefix>,
    /// Source ports.
    pub src_ports: Option<RangeInclusive<u16>>,
    /// Destination ports.
    pub dst_ports: Option<RangeInclusive<u16>>,
    /// DiffServ code point, 0 to 63 (RFC 2474).
    pub dscp: Option<u8>,
}

/// A transport protocol with ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

/// An IP network: an address and how many of its leading bits count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prefix {
    /// Any address of the network.
    pub address: IpAddr,
    /// Leading bits that count, 0 to 32 or 128.
    pub length: u8,
}

impl FlowMatch {
    /// The match as nftables expressions, each with a space behind it; a packet matches if one
    /// of them does. DSCP without an address means one for IPv4 and one for IPv6, because they
    /// have it in different fields. Addresses of different families match nothing.
    pub(super) fn expressions(&self) -> Vec<String> {
        let is_v4 = |prefix: Option<Prefix>| prefix.map(|prefix| prefix.address.is_ipv4());
        let families: &[Option<&str>] = match (is_v4(self.src), is_v4(self.dst)) {
            (Some(src), Some(dst)) if src != dst => &[],
            (Some(true), _) | (_, Some(true)) => &[Some("ip")],
            (Some(false), _) | (_, Some(false)) => &[Some("ip6")],
            (None, None) if self.dscp.is_some() => &[Some("ip"), Some("ip6")],
            (None, None) => &[None],
        };
        families
            .iter()
            .map(|family| self.expression(*family))
            .collect()
    }

    fn expression(&self, family: Option<&str>) -> String {
        let mut parts = Vec::new();
        if let Some(ip) = family {
            parts.extend(self.src.map(|prefix| format!("{ip} saddr {prefix}")));
            parts.extend(self.dst.map(|prefix| format!("{ip} daddr {prefix}")));
            parts.extend(self.dscp.map(|dscp| format!("{ip} dscp {dscp}")));
        }
        let ports = [("sport", &self.src_ports), ("dport", &self.dst_ports)];
        let header = match self.protocol {
            Some(Protocol::Tcp) => "tcp",
            Some(Protocol::Udp) => "udp",
            None => "th",
        };
        if ports.iter().all(|(_, range)| range.is_none()) {
            parts.extend(self.protocol.map(|_| format!("meta l4proto {header}")));
        } else if self.protocol.is_none() {
            parts.push("meta l4proto { tcp, udp }".to_owned());
        }
        for (field, range) in ports {
            parts.extend(
                range
                    .as_ref()
                    .map(|range| format!("{header} {field} {}", span(range))),
            );
        }
        parts.iter().flat_map(|part| [part.as_str(), " "]).collect()
    }
}

/// A range as nftables writes it.
fn span(range: &RangeInclusive<u16>) -> String {
    let (first, last) = (range.start(), range.end());
    if first == last {
        first.to_string()
    } else {
        format!("{first}-{last}")
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(wanted: &FlowMatch) -> Vec<String> {
        wanted.expressions()
    }

    #[test]
    fn what_can_be_left_out() {
        let any = FlowMatch::default();
        assert_eq!(texts(&any), [""]);
        let udp = FlowMatch {
            protocol: Some(Protocol::Udp),
            ..any.clone()
        };
        assert_eq!(texts(&udp), ["meta l4proto udp "]);
        let ports = FlowMatch {
            src_ports: Some(80..=80),
            dst_ports: Some(1..=9),
            ..any.clone()
        };
        assert_eq!(
            texts(&ports),
            ["meta l4proto { tcp, udp } th sport 80 th dport 1-9 "]
        );
        let tcp = FlowMatch {
            protocol: Some(Protocol::Tcp),
            ..ports
        };
        assert_eq!(texts(&tcp), ["tcp sport 80 tcp dport 1-9 "]);
        let marked = FlowMatch {
            dscp: Some(46),
            ..any
        };
        assert_eq!(texts(&marked), ["ip dscp 46 ", "ip6 dscp 46 "]);
    }

    #[test]
    fn families_follow_the_addresses() {
        let v4 = Some(Prefix {
            address: [10, 0, 0, 1].into(),
            length: 32,
        });
        let v6 = Some(Prefix {
            address: [0xfd00, 0, 0, 0, 0, 0, 0, 0].into(),
            length: 8,
        });
        let wanted = FlowMatch {
            dst: v6,
            dscp: Some(10),
            ..FlowMatch::default()
        };
        assert_eq!(texts(&wanted), ["ip6 daddr fd00::/8 ip6 dscp 10 "]);
        let both = FlowMatch {
            src: v4,
            dst: v4,
            ..FlowMatch::default()
        };
        assert_eq!(texts(&both), ["ip saddr 10.0.0.1/32 ip daddr 10.0.0.1/32 "]);
        let mixed = FlowMatch {
            src: v4,
            dst: v6,
            ..FlowMatch::default()
        };
        assert!(texts(&mixed).is_empty());
    }
}
