//! A frame of the wired side that is for a station.

use alloc::vec::Vec;

use rether_proto::flow::FlowKey;
use rether_proto::mac::MacAddr;

/// A frame without its destination address, which is the station's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Source address.
    pub source: MacAddr,
    /// EtherType.
    pub ether_type: u16,
    /// What is behind the Ethernet header.
    pub payload: Vec<u8>,
}

/// Packets of this DSCP and above are voice, signalling or routing (RFC 4594: CS5 and up).
const VOICE: u8 = 40;

impl Frame {
    /// Whether it is of no use when it is late, and small.
    #[must_use]
    pub fn is_voice(&self) -> bool {
        FlowKey::from_ip(&self.payload).dscp >= VOICE
    }

    /// What it counts for in a pen: its payload and what stands around it.
    #[must_use]
    pub fn octets(&self) -> usize {
        const AROUND: usize = 64;
        self.payload.len() + AROUND
    }
}
