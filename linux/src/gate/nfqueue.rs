//! The gate on NFQUEUE.

use std::os::fd::{AsFd, BorrowedFd};

use rether_proto::machine::{Packet, Verdict};

use super::{Counters, Gate, QueueOptions};
use crate::error::OsError;
use crate::neigh::Neighbours;

/// A gate on NFQUEUE: one socket, any number of queues. The number of a packet
/// ([`rether_proto::machine::PacketId`]) is its queue in the high half and the kernel's packet
/// number in the low one.
///
/// Dropping it closes the socket: what is held then is lost, and what comes later passes.
#[derive(Debug)]
pub struct NfqGate {}

impl NfqGate {
    /// A gate without queues.
    ///
    /// # Errors
    /// Missing rights, or a kernel without `nfnetlink_queue`.
    pub fn open() -> Result<Self, OsError> {
        unimplemented!()
    }

    /// Takes over queue `queue`. Packets come once rules send them there.
    ///
    /// # Errors
    /// Another process has this queue, missing rights, or a kernel without `nfnetlink_queue`.
    pub fn bind(&mut self, queue: u16, options: QueueOptions) -> Result<(), OsError> {
        let _ = (queue, options);
        unimplemented!()
    }

    /// Gives up queue `queue`, letting go of what it holds. Remove its rule first.
    ///
    /// # Errors
    /// The gate is broken.
    pub fn unbind(&mut self, queue: u16) -> Result<(), OsError> {
        let _ = queue;
        unimplemented!()
    }

    /// Changes whom the packets of `queue` are for: a station that has roamed to another AP.
    /// Unknown queues are ignored.
    pub fn set_hop(&mut self, queue: u16, hop: super::Hop) {
        let _ = (queue, hop);
        unimplemented!()
    }
}

impl Gate for NfqGate {
    fn receive(
        &mut self,
        _neighbours: &Neighbours,
        _sink: &mut dyn FnMut(Packet),
    ) -> Result<(), OsError> {
        unimplemented!()
    }

    fn apply(&mut self, _verdicts: &[Verdict]) -> Result<(), OsError> {
        unimplemented!()
    }

    fn release_all(&mut self) -> Result<(), OsError> {
        unimplemented!()
    }

    fn counters(&self) -> Counters {
        unimplemented!()
    }
}

impl AsFd for NfqGate {
    fn as_fd(&self) -> BorrowedFd<'_> {
        unimplemented!()
    }
}
