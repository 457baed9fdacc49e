//! What a gate knows of its queues, and the verdicts it is about to send.

use std::collections::BTreeMap;

use rether_proto::flow::FlowKey;
use rether_proto::machine::{Packet, PacketId, Verdict};
use rether_proto::policy::Prefix;

use super::held::{Coalescer, Held, Order};
use super::pieces::{Leaving, Pieces};
use super::wire::{self, Fate, Queued, Scope};
use super::{Counters, Hop, Sink};
use crate::neigh::Neighbours;
use crate::netlink::messages;
use crate::packet;

/// Sequence numbers of configuration requests have this bit; those of verdicts are the number of
/// packets they name, so that an error tells how many have vanished.
pub(super) const CONFIG_BIT: u32 = 1 << 31;

/// The books of a gate, without its socket: netlink datagrams in, verdict messages out. Public so
/// that it can be measured and fuzzed where the kernel has no queues.
#[derive(Debug, Default)]
pub struct Book {
    queues: BTreeMap<u16, Queue>,
    /// Verdict messages to be sent.
    pub out: Vec<u8>,
    counters: Counters,
    /// Destinations of which no copies are given out; `None`: all.
    uncopied: Option<Vec<Prefix>>,
    /// Where superpackets are cut up.
    pieces: Option<Pieces>,
}

#[derive(Debug)]
struct Queue {
    hop: Hop,
    held: Held,
}

impl Book {
    /// Packets of `queue` come from now on, and are for `hop`.
    pub fn add_queue(&mut self, queue: u16, hop: Hop) {
        self.queues.insert(
            queue,
            Queue {
                hop,
                held: Held::default(),
            },
        );
    }

    /// Forgets `queue` and lets go of what it holds; false if it is not known.
    pub(super) fn remove_queue(&mut self, queue: u16) -> bool {
        let Some(mut removed) = self.queues.remove(&queue) else {
            return false;
        };
        if let Some(order) = removed.release(queue) {
            self.push(order);
        }
        true
    }

    pub(super) fn set_hop(&mut self, queue: u16, hop: Hop) {
        if let Some(queue) = self.queues.get_mut(&queue) {
            queue.hop = hop;
        }
    }

    /// Gives out what is in small packets, too, unless they are for one of these networks; `None`:
    /// of none.
    pub fn copy(&mut self, except: Option<Vec<Prefix>>) {
        self.uncopied = except;
    }

    /// Cuts superpackets up from now on.
    pub(super) fn cut(&mut self) {
        self.pieces.get_or_insert_default();
    }

    /// How much of each packet is looked at, in octets.
    pub(super) const fn range(&self) -> u32 {
        match (&self.pieces, &self.uncopied) {
            (Some(_), _) => wire::WHOLE,
            (None, Some(_)) => wire::SMALL,
            (None, None) => wire::HEADERS,
        }
    }

    /// Takes in a datagram from the kernel; held packets go to `sink`, with what is in them.
    pub fn datagram(&mut self, datagram: &[u8], neighbours: &Neighbours, sink: &mut Sink<'_>) {
        for message in messages(datagram) {
            if let Some(queued) = wire::read(&message) {
                self.packet(&queued, neighbours, sink);
            } else if message.sequence & CONFIG_BIT == 0
                && message.error().is_some_and(|code| code != 0)
            {
                self.counters.vanished += u64::from(message.sequence);
            }
        }
    }

    fn packet(&mut self, queued: &Queued<'_>, neighbours: &Neighbours, sink: &mut Sink<'_>) {
        self.counters.received += 1;
        let flow = if queued.is_ip() {
            FlowKey::from_ip(queued.payload)
        } else {
            FlowKey::UNKNOWN
        };
        let queue = self.queues.get_mut(&queued.queue);
        let station = queue.as_ref().and_then(|queue| match queue.hop {
            Hop::Station(station) => Some(station),
            Hop::LinkDestination => queued.link_destination,
            Hop::Neighbour => neighbours.get(flow.dst),
        });
        let (Some(queue), Some(station)) = (queue, station) else {
            self.counters.unattributed += 1;
            let scope = Scope::One(queued.id);
            return self.push(Order {
                queue: queued.queue,
                scope,
                fate: Fate::Accept,
                count: 1,
            });
        };
        let packet = |id: PacketId, len: u32| Packet {
            id,
            station,
            len,
            flow,
        };
        let uncopied = self.uncopied.as_ref();
        let copies = uncopied.is_some_and(|nets| !nets.iter().any(|net| net.contains(flow.dst)));
        if let Some(pieces) = &mut self.pieces {
            let count = pieces.take(queued, flow, &mut |id, piece| {
                let len = u32::try_from(piece.len()).unwrap_or(u32::MAX);
                let whole = packet::whole(piece).filter(|_| copies && len <= wire::SMALL);
                sink(packet(id, len), whole);
            });
            if let Some(others) = count.checked_sub(1) {
                self.counters.received += others as u64;
                let scope = Scope::One(queued.id);
                return wire::verdict(&mut self.out, queued.queue, scope, Fate::Drop, 1);
            }
        }
        queue.held.push(queued.id);
        let id = PacketId(u64::from(queued.queue) << 32 | u64::from(queued.id));
        let copies = copies && queued.len <= wire::SMALL;
        let whole = copies.then(|| queued.whole()).flatten();
        sink(packet(id, queued.len), whole.as_deref());
    }

    /// The verdict on a piece that was cut here: what is to be sent now, if anything.
    pub(super) fn decide(&mut self, verdict: Verdict) -> Option<Leaving> {
        let (id, fate) = meaning(verdict);
        let leaving = self.pieces.as_mut()?.decide(id, fate)?;
        count(&mut self.counters, fate, 1);
        leaving
    }

    /// Pieces that could not be sent have vanished.
    pub(super) const fn vanish(&mut self, pieces: u64) {
        self.counters.vanished += pieces;
    }

    /// Puts verdicts into messages.
    pub fn apply(&mut self, verdicts: &[Verdict]) {
        let mut coalescer = Coalescer::default();
        for verdict in verdicts {
            let (PacketId(number), fate) = meaning(*verdict);
            let (Ok(queue), Ok(id)) = (
                u16::try_from(number >> 32),
                u32::try_from(number & u64::from(u32::MAX)),
            ) else {
                continue;
            };
            let Some(Queue { held, .. }) = self.queues.get_mut(&queue) else {
                continue;
            };
            if let Some(order) = coalescer.add(held, queue, id, fate) {
                self.push(order);
            }
        }
        if let Some(order) = coalescer.finish() {
            self.push(order);
        }
    }

    /// Puts the release of everything into messages.
    pub(super) fn release_all(&mut self) {
        let Self {
            queues,
            out,
            counters,
            ..
        } = self;
        for (number, queue) in queues {
            if let Some(order) = queue.release(*number) {
                write(out, counters, order);
            }
        }
    }

    /// The pieces that are held, which leave now.
    pub(super) fn release_pieces(&mut self) -> Vec<Leaving> {
        let pieces = self.pieces.as_mut();
        let leaving: Vec<_> = pieces.map_or_else(Vec::new, |pieces| pieces.release_all().collect());
        self.counters.accepted += leaving.len() as u64;
        leaving
    }

    pub(super) fn counters(&self) -> Counters {
        let held = self
            .queues
            .values()
            .map(|queue| queue.held.len() as u64)
            .sum::<u64>()
            + self.pieces.as_ref().map_or(0, |pieces| pieces.len() as u64);
        Counters {
            held,
            ..self.counters
        }
    }

    fn push(&mut self, order: Order) {
        write(&mut self.out, &mut self.counters, order);
    }
}

/// What `verdict` is on, and what becomes of it.
pub(super) const fn meaning(verdict: Verdict) -> (PacketId, Fate) {
    match verdict {
        Verdict::Accept(id) => (id, Fate::Accept),
        Verdict::Grant(id) => (id, Fate::Grant),
        Verdict::Drop(id) => (id, Fate::Drop),
        Verdict::Carry(id) => (id, Fate::Carry),
    }
}

fn count(counters: &mut Counters, fate: Fate, packets: u32) {
    let counter = match fate {
        Fate::Accept | Fate::Grant => &mut counters.accepted,
        Fate::Drop => &mut counters.dropped,
        Fate::Carry => &mut counters.carried,
    };
    *counter += u64::from(packets);
}

fn write(out: &mut Vec<u8>, counters: &mut Counters, order: Order) {
    count(counters, order.fate, order.count);
    wire::verdict(out, order.queue, order.scope, order.fate, order.count);
}

impl Queue {
    /// The order that releases all that is held.
    fn release(&mut self, queue: u16) -> Option<Order> {
        let last = self.held.last()?;
        let count = u32::try_from(self.held.len()).unwrap_or(u32::MAX);
        self.held.clear();
        Some(Order {
            queue,
            scope: Scope::UpTo(last),
            fate: Fate::Accept,
            count,
        })
    }
}

#[cfg(test)]
mod tests;
