//! The best-effort packets of a station: `FlowQueue` `CoDel` (FQ-CoDel, RFC 8290).
//!
//! Flows take turns by deficit round robin in octets, so that an upload does not make a game wait.
//! A flow that was idle goes ahead of those that always have something: name lookups,
//! acknowledgements and echo requests do not queue behind bulk. Each flow is kept short by
//! [`Codel`]. No `no_std` crate of either algorithm exists on crates.io, so both are here.
//!
//! RFC 8290 hashes flows into 1024 queues. Here each flow has exactly one queue under its key: no
//! two flows share a fate, no seed is needed, and a reservation takes all its packets over at
//! once. The hash also keeps floods of flows from going ahead of the others for ever; here only
//! [`MAX_SPARSE`] flows can.

#[cfg(test)]
mod tests;

use alloc::collections::{BTreeMap, VecDeque};

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
    /// octets has to go (RFC 8290, 4.1): who floods pays, and a sender learns of it soonest. The
    /// search looks at each flow once, and there are at most `limit + MAX_SPARSE`.
    pub(super) fn push(&mut self, held: Held, limit: usize) -> Option<PacketId> {
        self.len += 1;
        self.octets += u64::from(held.len);
        self.flow(held.key).fifo.push(held);
        if self.len <= limit {
            return None;
        }
        let size = |flow: &Flow| (flow.fifo.octets, flow.fifo.held.len());
        let (&fattest, _) = self.flows.iter().max_by_key(|(_, flow)| size(flow))?;
        let dropped = self.take(fattest);
        self.forget_if_idle(fattest);
        self.settle();
        dropped
    }

    /// Takes over packets of one flow, behind those it has; whatever the limit.
    pub(super) fn append(&mut self, mut fifo: Fifo) {
        let Some(first) = fifo.held.front() else {
            return;
        };
        self.len += fifo.held.len();
        self.octets += fifo.octets;
        let flow = self.flow(first.key);
        flow.fifo.octets += fifo.octets;
        flow.fifo.held.append(&mut fifo.held);
    }

    /// Takes the packets of one flow out, in their order.
    pub(super) fn extract(&mut self, key: FlowKey) -> Fifo {
        let flow = self.flows.get_mut(&key);
        let fifo = flow.map(|flow| core::mem::take(&mut flow.fifo));
        let fifo = fifo.unwrap_or_default();
        self.len -= fifo.held.len();
        self.octets -= fifo.octets;
        self.forget_if_idle(key);
        self.settle();
        fifo
    }

    /// Length of the packet whose turn it is.
    pub(super) fn head(&self) -> Option<u32> {
        self.flows.get(&self.turn()?)?.fifo.head()
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
        let id = self.take(key)?;
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
            let id = self.take(key);
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

    /// Takes the head of a flow.
    fn take(&mut self, key: FlowKey) -> Option<PacketId> {
        let fifo = &mut self.flows.get_mut(&key)?.fifo;
        let len = fifo.head()?;
        self.len -= 1;
        self.octets -= u64::from(len);
        fifo.pop()
    }

    /// Forgets a flow whose packets went without a turn.
    fn forget_if_idle(&mut self, key: FlowKey) {
        let flow = self.flows.get(&key);
        if flow.is_some_and(|flow| flow.fifo.held.is_empty()) {
            self.flows.remove(&key);
            self.sparse.retain(|other| *other != key);
            self.others.retain(|other| *other != key);
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
