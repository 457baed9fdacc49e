//! What a watched packet looks like, in the terms nftables can match.

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
