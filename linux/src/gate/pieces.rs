//! Superpackets of segmentation offload, cut up at the gate, so that each piece waits, is counted and
//! goes for itself.
//!
//! At a bridge the kernel hands down up to 64 kB at once and cannot cut it before the queue
//! ([`super::QueueOptions::gso`]). Held whole, that is 16 ms of the air in 802.11a and 90 ms in
//! 802.11b which nobody can interrupt: more than lies between two promised visits. So the kernel's
//! packet is copied, cut as a driver would ([`crate::segment`]) and dropped, and the pieces leave by
//! a packet socket.

use std::collections::BTreeMap;

use rether_proto::flow::FlowKey;
use rether_proto::mac::MacAddr;
use rether_proto::machine::{PacketId, TID_GRANTED};

use super::wire::{Fate, Queued};
use crate::segment::{ETHERNET_MTU, Offload, cut};

/// The numbers of pieces have this bit; those of the kernel's packets do not.
const BIT: u64 = 1 << 63;

/// A piece that may go.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Leaving {
    /// With its Ethernet header.
    pub(super) frame: Vec<u8>,
    /// Traffic identifier.
    pub(super) tid: u8,
}

/// The pieces that are held.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    /// By their numbers, as they leave when they are not granted.
    held: BTreeMap<u64, Leaving>,
    next: u64,
}

/// True if the gate has cut `id` itself.
pub(super) const fn is_piece(id: PacketId) -> bool {
    id.0 & BIT != 0
}

impl Pieces {
    /// Cuts `queued`, a packet of `flow`, if it is longer than an Ethernet takes, and gives number
    /// and content of the pieces to `sink`. How many there are: none if it is no superpacket, or
    /// none that can be cut.
    pub(super) fn take(
        &mut self,
        queued: &Queued<'_>,
        flow: FlowKey,
        sink: &mut dyn FnMut(PacketId, &[u8]),
    ) -> usize {
        let is_whole = queued.len as usize == queued.payload.len() && !queued.tagged;
        let addresses = queued.link_destination.zip(queued.link_source);
        let Some((to, from)) = addresses.filter(|_| is_whole) else {
            return 0;
        };
        if queued.payload.len() <= ETHERNET_MTU {
            return 0;
        }
        let offload = Offload {
            unsummed: queued.unsummed,
            size: None,
        };
        let kind = queued.protocol;
        let count = cut(kind, queued.payload, offload, ETHERNET_MTU, &mut |piece| {
            let id = BIT | self.next;
            self.next += 1;
            let (frame, tid) = (frame(to, from, kind, piece), flow.tid());
            self.held.insert(id, Leaving { frame, tid });
            sink(PacketId(id), piece);
        });
        count.unwrap_or(0)
    }

    pub(super) fn len(&self) -> usize {
        self.held.len()
    }

    /// Forgets `id`; `None` if it is not held. It leaves if `fate` has it leave.
    pub(super) fn decide(&mut self, PacketId(id): PacketId, fate: Fate) -> Option<Option<Leaving>> {
        let mut leaving = self.held.remove(&id)?;
        match fate {
            Fate::Accept => {}
            Fate::Grant => leaving.tid = TID_GRANTED,
            Fate::Drop | Fate::Carry => return Some(None),
        }
        Some(Some(leaving))
    }

    /// Lets go of all of them, oldest first.
    pub(super) fn release_all(&mut self) -> impl Iterator<Item = Leaving> {
        std::mem::take(&mut self.held).into_values()
    }
}

fn frame(to: MacAddr, from: MacAddr, ether_type: u16, payload: &[u8]) -> Vec<u8> {
    [&to.0[..], &from.0, &ether_type.to_be_bytes(), payload].concat()
}
