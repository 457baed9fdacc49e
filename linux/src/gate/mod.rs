//! The gate: where a host's outgoing packets wait until they are granted.
//!
//! [`Gate`] is the contract; [`NfqGate`] implements it with NFQUEUE. Which packets come to the
//! gate at all is the business of [`crate::rules`].

mod book;
pub(crate) mod held;
mod nfqueue;
mod pieces;
pub(crate) mod wire;

use std::os::fd::AsFd;

use rether_proto::mac::MacAddr;
use rether_proto::machine::{Packet, Verdict};

use crate::error::OsError;
use crate::neigh::Neighbours;

pub use book::Book;
pub use nfqueue::NfqGate;

/// Takes a packet that has come, and all of what is in it if the gate has a copy.
pub type Sink<'a> = dyn FnMut(Packet, Option<&[u8]>) + 'a;

/// Holds packets and lets them go. The file descriptor is readable when packets have come.
pub trait Gate: AsFd {
    /// Gives packets that have come to `sink`, oldest first, but not without end: the descriptor
    /// stays readable while there are more. Never blocks. `neighbours` is asked by queues of kind
    /// [`Hop::Neighbour`] only.
    ///
    /// # Errors
    /// The gate is broken and should be opened anew; packets it held are lost by then.
    fn receive(&mut self, neighbours: &Neighbours, sink: &mut Sink<'_>) -> Result<(), OsError>;

    /// Carries out `verdicts` in their order. When it returns, accepted packets have been handed
    /// to the driver below. Packets that have vanished meanwhile ([`Counters::vanished`]) are ignored.
    ///
    /// # Errors
    /// As for [`Gate::receive`].
    fn apply(&mut self, verdicts: &[Verdict]) -> Result<(), OsError>;

    /// Lets go of everything held, in order; for a graceful stop, after the rules have stopped
    /// sending new packets here.
    ///
    /// # Errors
    /// As for [`Gate::receive`].
    fn release_all(&mut self) -> Result<(), OsError>;

    /// What has happened so far.
    fn counters(&self) -> Counters;
}

/// What a gate has done since it was opened, in packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Came to the gate; each piece of a superpacket that is cut up here.
    pub received: u64,
    /// Let go, and what had vanished by then.
    pub accepted: u64,
    /// Discarded by a verdict.
    pub dropped: u64,
    /// Taken away by a verdict, to go inside a frame of the protocol.
    pub carried: u64,
    /// Let go at once, because nobody can say which station they are for.
    pub unattributed: u64,
    /// Vanished while held, at least: the interface went down, or a base chain of anybody's nftables
    /// rules went in this network namespace. A verdict on several packets that finds one of them
    /// reports no error, so those few are not known.
    pub vanished: u64,
    /// Held now.
    pub held: u64,
}

/// How a queue's packets find the station they are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hop {
    /// All are for this one: the AP at a station, the queue's station at a bridged AP.
    Station(MacAddr),
    /// The destination of the Ethernet header (bridge family).
    LinkDestination,
    /// The neighbour with the packet's destination address (routed AP). A packet without one is
    /// let go at once: it makes the kernel resolve the address, or is for a network behind a
    /// station, of which the gate cannot know.
    Neighbour,
}

/// How one queue is set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueOptions {
    /// Whom its packets are for.
    pub hop: Hop,
    /// Packets held before the kernel lets further ones pass (fail open).
    pub max_packets: u32,
    /// Take segmentation offload packets of up to 64 kB whole. Else the kernel cuts them up, and in
    /// the bridge family it loses the Ethernet header of each piece there: [`NfqGate::cut`].
    pub gso: bool,
}

impl QueueOptions {
    /// The defaults for packets that are for `hop`: offload in the bridge family only, and 4096 packets, or 65,535 in a
    /// queue that all stations share. It must not be full before the core's own queues are, or
    /// one busy station would have the kernel let everybody's packets pass.
    #[must_use]
    pub const fn new(hop: Hop) -> Self {
        let max_packets = match hop {
            Hop::Station(_) | Hop::LinkDestination => 4096,
            Hop::Neighbour => 65_535,
        };
        Self {
            hop,
            max_packets,
            gso: matches!(hop, Hop::LinkDestination),
        }
    }
}
