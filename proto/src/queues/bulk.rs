//! The best-effort packets of a station: `FlowQueue` `CoDel` (FQ-CoDel, RFC 8290).
//!
//! Flows take turns by deficit round robin in octets, so that an upload does not make a game wait.
//! A flow that was idle goes ahead of those that always have something: name lookups,
//! acknowledgements and echo requests do not queue behind bulk. Each flow is kept short by
//! [`Codel`]. No maintained `no_std` crate of either algorithm was found, so both are here.
//!
//! RFC 8290 hashes flows into 1024 queues. Here each flow has exactly one queue under its key: no
//! two flows share a fate, no seed is needed, and a reservation takes all its packets over at
//! once. The hash also keeps floods of flows from going ahead of the others for ever; here only
//! [`MAX_SPARSE`] flows can.

#[cfg(test)]
mod tests;

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};

use super::codel::Codel;
use super::{Fifo, Held};
use crate::flow::FlowKey;
use crate::machine::{PacketId, Verdict};
use crate::time::Instant;

/// What a flow may send per turn: one Ethernet frame (RFC 8290, 5.2.4).
const QUANTUM: i64 = 1_514;
/// A flow that comes when there are so many, idle ones that wait for their last turn included,
/// does not go ahead of them (RFC 8290, 5.2.5 has as many queues).
const MAX_SPARSE: usize = 1_024;

/// Flow queues.
///
/// Between calls the first flow of `sparse`, or of `others` if there is none, has a packet and the
/// right to send it: what goes next is known without changing anything.
#[derive(Clone, Debug)]
pub(super) struct Bulk {
    flows: BTreeMap<FlowKey, Flow>,
    /// RFC 8290's new flows: those that were idle, until they had a turn.
    sparse: VecDeque<FlowKey>,
    /// RFC 8290's old flows.
    others: VecDeque<FlowKey>,
    /// The flows that hold packets by their octets, so that no flood makes a search long.
    sizes: BTreeSet<(u64, FlowKey)>,
    len: usize,
    octets: u64,
}

#[derive(Clone, Debug)]
struct Flow {
    fifo: Fifo,
    /// Octets it may still send in this turn; what it sent beyond, when negative.
    deficit: i64,
    codel: Codel,
}

impl Bulk {
    pub(super) const fn new() -> Self {
        Self {
            flows: BTreeMap::new(),
            sparse: VecDeque::new(),
            others: VecDeque::new(),
            sizes: BTreeSet::new(),
            len: 0,
            octets: 0,
        }
    }

    /// Packets held.
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Their IP octets.
    pub(super) const fn octets(&self) -> u64 {
        self.octets
    }

    /// Takes a packet. If there are more than `limit` now, the oldest of the flow with the most
    /// octets has to go (RFC 8290, 4.1): who floods pays, and a sender learns of it soonest.
    pub(super) fn push(&mut self, held: Held, limit: usize) -> Option<PacketId> {
        self.change(held.key, |fifo| fifo.push(held));
        if self.len <= limit {
            return None;
        }
        let (_, fattest) = *self.sizes.last()?;
        let dropped = self.change(fattest, Fifo::pop);
        if self.flows.len() > 2 * self.len + MAX_SPARSE {
            self.forget_idle();
        }
        self.settle();
        dropped
    }

    /// Takes over packets of one flow, behind those it has; whatever the limit.
    pub(super) fn append(&mut self, mut fifo: Fifo) {
        if let Some(first) = fifo.held.front() {
            self.change(first.key, |own| {
                own.octets += fifo.octets;
                own.held.append(&mut fifo.held);
            });
        }
    }

    /// Takes the packets of one flow out, in their order.
    pub(super) fn extract(&mut self, key: FlowKey) -> Fifo {
        if !self.flows.contains_key(&key) {
            return Fifo::default();
        }
        let fifo = self.change(key, core::mem::take);
        self.settle();
        fifo
    }

    /// Length of the packet whose turn it is.
    pub(super) fn head(&self) -> Option<u32> {
        self.flows.get(&self.turn()?)?.fifo.head()
    }

    /// The packet whose turn it is.
    pub(super) fn peek(&self) -> Option<Held> {
        self.flows.get(&self.turn()?)?.fifo.held.front().copied()
    }

    /// Takes the packet whose turn it is, with `CoDel`'s verdict on it.
    pub(super) fn pop(&mut self, now: Instant) -> Option<Verdict> {
        let key = self.turn()?;
        let flow = self.flows.get_mut(&key)?;
        let head = flow.fifo.held.front()?;
        let (arrived, len) = (head.at, head.len);
        let behind = flow.fifo.octets - u64::from(len);
        let drops = flow.codel.drops(now, arrived, behind);
        if !drops {
            flow.deficit -= i64::from(len);
        }
        let id = self.change(key, Fifo::pop)?;
        self.settle();
        Some(if drops {
            Verdict::Drop(id)
        } else {
            Verdict::Accept(id)
        })
    }

    /// Takes all packets in the order of their turns, however long they waited.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = PacketId> {
        core::iter::from_fn(|| {
            let key = self.turn()?;
            let flow = self.flows.get_mut(&key)?;
            flow.deficit -= i64::from(flow.fifo.head()?);
            let id = self.change(key, Fifo::pop);
            self.settle();
            id
        })
    }

    /// The flow of `key`; one that was idle begins its turn ahead of those that were not.
    fn flow(&mut self, key: FlowKey) -> &mut Flow {
        let known = self.flows.len();
        self.flows.entry(key).or_insert_with(|| {
            if known < MAX_SPARSE {
                self.sparse.push_back(key);
            } else {
                self.others.push_back(key);
            }
            Flow {
                fifo: Fifo::default(),
                deficit: QUANTUM,
                codel: Codel::default(),
            }
        })
    }

    /// Changes what a flow holds, and all that is counted of it.
    fn change<T>(&mut self, key: FlowKey, change: impl FnOnce(&mut Fifo) -> T) -> T {
        let fifo = &mut self.flow(key).fifo;
        let (packets, octets) = (fifo.held.len(), fifo.octets);
        let result = change(fifo);
        let (new_packets, new_octets) = (fifo.held.len(), fifo.octets);
        self.len = self.len + new_packets - packets;
        self.octets = self.octets + new_octets - octets;
        if packets > 0 {
            self.sizes.remove(&(octets, key));
        }
        if new_packets > 0 {
            self.sizes.insert((new_octets, key));
        }
        result
    }

    /// Forgets flows whose packets were dropped before their turn. There are so many of them that
    /// it costs no more than their packets did.
    fn forget_idle(&mut self) {
        self.flows.retain(|_, flow| !flow.fifo.held.is_empty());
        for list in [&mut self.sparse, &mut self.others] {
            list.retain(|key| self.flows.contains_key(key));
        }
    }

    /// The flow whose turn it is.
    fn turn(&self) -> Option<FlowKey> {
        self.sparse.front().or_else(|| self.others.front()).copied()
    }

    /// Passes the turn on until a flow has it that can use it (RFC 8290, 4.2). Flows with nothing
    /// to send are forgotten, with their `CoDel` state; but a sparse one only after a turn among
    /// the others, or it could go ahead of them again at once.
    fn settle(&mut self) {
        while let Some(key) = self.turn() {
            let Some(flow) = self.flows.get_mut(&key) else {
                return;
            };
            let spent = flow.deficit <= 0;
            let idle = flow.fifo.held.is_empty();
            if !spent && !idle {
                return;
            }
            let was_sparse = self.sparse.pop_front().is_some();
            if !was_sparse {
                self.others.pop_front();
            }
            if spent {
                flow.deficit += QUANTUM;
                self.others.push_back(key);
            } else if was_sparse && !self.others.is_empty() {
                self.others.push_back(key);
            } else {
                self.flows.remove(&key);
            }
        }
    }
}
