//! What a gate knows of its queues, and the verdicts it is about to send.

use std::collections::BTreeMap;

use rether_proto::flow::FlowKey;
use rether_proto::machine::{Packet, PacketId, Verdict};
use rether_proto::policy::Prefix;

use super::held::{Coalescer, Held, Order};
use super::wire::{self, Fate, Queued, Scope};
use super::{Counters, Hop, Sink};
use crate::neigh::Neighbours;
use crate::netlink::messages;

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

    /// How much of each packet is looked at, in octets.
    pub(super) const fn range(&self) -> u32 {
        match self.uncopied {
            Some(_) => wire::SMALL,
            None => wire::HEADERS,
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
        queue.held.push(queued.id);
        let id = PacketId(u64::from(queued.queue) << 32 | u64::from(queued.id));
        let packet = Packet {
            id,
            station,
            len: queued.len,
            flow,
        };
        let uncopied = self.uncopied.as_ref();
        let copies = uncopied.is_some_and(|nets| !nets.iter().any(|net| net.contains(flow.dst)));
        let whole = copies.then(|| queued.whole()).flatten();
        sink(packet, whole.as_deref());
    }

    /// Puts verdicts into messages.
    pub fn apply(&mut self, verdicts: &[Verdict]) {
        let mut coalescer = Coalescer::default();
        for verdict in verdicts {
            let (PacketId(number), fate) = match *verdict {
                Verdict::Accept(id) => (id, Fate::Accept),
                Verdict::Grant(id) => (id, Fate::Grant),
                Verdict::Drop(id) => (id, Fate::Drop),
                Verdict::Carry(id) => (id, Fate::Carry),
            };
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
            uncopied: _,
        } = self;
        for (number, queue) in queues {
            if let Some(order) = queue.release(*number) {
                write(out, counters, order);
            }
        }
    }

    pub(super) fn counters(&self) -> Counters {
        let held = self
            .queues
            .values()
            .map(|queue| queue.held.len() as u64)
            .sum();
        Counters {
            held,
            ..self.counters
        }
    }

    fn push(&mut self, order: Order) {
        write(&mut self.out, &mut self.counters, order);
    }
}

fn write(out: &mut Vec<u8>, counters: &mut Counters, order: Order) {
    match order.fate {
        Fate::Accept | Fate::Grant => counters.accepted += u64::from(order.count),
        Fate::Drop => counters.dropped += u64::from(order.count),
        Fate::Carry => counters.carried += u64::from(order.count),
    }
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
