//! What moves: packets of flows, and frames of the protocol.

use rether_proto::airtime::Rate;
use rether_proto::mac::MacAddr;
use rether_proto::machine::TxHandle;
use rether_proto::time::Instant;

/// A node of the world: the wire's host, an access point or a station.
pub(crate) type NodeId = usize;

/// Which of the two ends of a flow sends a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// From `from` to `to`.
    There,
    /// From `to` to `from`.
    Back,
}

impl Way {
    pub(crate) const fn other(self) -> Self {
        match self {
            Self::There => Self::Back,
            Self::Back => Self::There,
        }
    }

    pub(crate) const fn index(self) -> usize {
        self as usize
    }
}

/// An IP packet under way.
#[derive(Clone, Debug)]
pub(crate) struct Packet {
    /// The flow, by its place in the scenario.
    pub(crate) flow: usize,
    pub(crate) way: Way,
    /// Its place among the counted packets of its flow and way; `None` outside of the window that
    /// counts.
    pub(crate) number: Option<u64>,
    pub(crate) sent: Instant,
    /// Length of the IP packet.
    pub(crate) octets: u32,
    /// Traffic identifier, once it is in a radio's queue.
    pub(crate) tid: u8,
    /// The node whose core decides when it goes on.
    pub(crate) held: Option<NodeId>,
    /// It is under way inside of a frame of the protocol.
    pub(crate) carried: bool,
    /// The node whose application gets it.
    pub(crate) to: NodeId,
    /// The IP packet itself, if its ends look into it.
    pub(crate) bytes: Option<Vec<u8>>,
}

/// What a frame of the medium carries.
#[derive(Clone, Debug)]
pub(crate) enum Payload {
    /// A packet of a flow.
    Packet(Packet),
    /// A frame of the protocol.
    Rether {
        from: MacAddr,
        to: MacAddr,
        /// The rate it is sent at.
        rate: Rate,
        /// Traffic identifier.
        tid: u8,
        bytes: Vec<u8>,
        handle: Option<TxHandle>,
    },
}
