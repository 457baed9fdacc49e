//! Where the parts of an IP packet are.

use etherparse::{IpNumber, IpSlice};

/// A transport whose packets can be cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transport {
    Tcp,
    Udp,
}

/// Offsets in an IP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) v6: bool,
    /// Of the transport header, behind all extension headers.
    pub(super) start: usize,
    /// Of the transport's checksum.
    pub(super) checksum: usize,
    /// Of the transport's payload.
    pub(super) data: usize,
    /// Length of the packet.
    pub(super) end: usize,
    /// `None`: another transport, or a fragment, whose header may be in another one.
    pub(super) transport: Option<Transport>,
}

impl Layout {
    /// `None` if it is no sound IP packet, as a whole.
    pub(super) fn read(packet: &[u8]) -> Option<Self> {
        let ip = IpSlice::from_slice(packet).ok()?;
        let (v6, end) = match &ip {
            IpSlice::Ipv4(v4) => (false, usize::from(v4.header().total_len())),
            // No payload length is a jumbogram's (RFC 2675), which no queue copies.
            IpSlice::Ipv6(v6) => (
                true,
                match v6.header().payload_length() {
                    0 => return None,
                    length => 40 + usize::from(length),
                },
            ),
        };
        let payload = ip.payload();
        let start = end.checked_sub(payload.payload.len())?;
        let plain = Self {
            v6,
            start,
            checksum: start,
            data: start,
            end,
            transport: None,
        };
        if payload.fragmented {
            return Some(plain);
        }
        let (transport, checksum, header) = match payload.ip_number {
            IpNumber::TCP => {
                let words = payload.payload.get(12)? >> 4;
                (Transport::Tcp, 16, usize::from(words) * 4)
            }
            IpNumber::UDP => (Transport::Udp, 6, 8),
            _ => return Some(plain),
        };
        let least = if transport == Transport::Tcp { 20 } else { 8 };
        let data = start + header;
        (header >= least && data <= end).then_some(Self {
            checksum: start + checksum,
            data,
            transport: Some(transport),
            ..plain
        })
    }
}
