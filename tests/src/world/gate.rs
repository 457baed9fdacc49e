//! A gate without a kernel: it keeps what NFQUEUE would, and checks that each packet gets exactly
//! one verdict.

use std::collections::BTreeMap;

use rether_proto::agent::GateMode;
use rether_proto::machine::{Packet, PacketId, Verdict};
use rether_proto::time::{Duration, Instant};

use super::node::Process;

/// A packet that reached its receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The source's number.
    pub source: usize,
    /// Its place among the source's packets, from 0.
    pub number: u64,
    /// IP octets.
    pub octets: u32,
    /// When the source sent it.
    pub sent: Instant,
    /// When the gate let it go.
    pub released: Instant,
}

/// The gate of one node.
#[derive(Debug, Default)]
pub(super) struct Gate {
    pub(super) mode: GateMode,
    next: u64,
    waiting: BTreeMap<PacketId, Delivery>,
    passed: Vec<Delivery>,
    last_release: Instant,
    /// Packets lost with a killed process.
    pub(super) lost: u64,
    /// Packets dropped by verdict.
    pub(super) dropped: u64,
}

impl Gate {
    pub(super) fn held(&self) -> usize {
        self.waiting.len()
    }

    /// How long packets have been waiting without any of them being let go.
    pub(super) fn stalled(&self, now: Instant) -> Duration {
        let oldest = self.waiting.values().next().map(|delivery| delivery.sent);
        oldest.map_or(Duration::ZERO, |sent| {
            now.since(sent.max(self.last_release))
        })
    }

    /// The process that bound the queue is gone: the kernel drops what it held.
    pub(super) fn die(&mut self) {
        self.lost += self.waiting.len() as u64;
        self.waiting.clear();
    }

    /// Passes a packet, or keeps it and says what the core must be told.
    pub(super) fn catch(
        &mut self,
        packet: Packet,
        source: usize,
        now: Instant,
        watched: bool,
        process: Process,
    ) -> Option<Packet> {
        let delivery = Delivery {
            source,
            number: packet.id.0,
            octets: packet.len,
            sent: now,
            released: now,
        };
        let caught = match self.mode {
            GateMode::Open => false,
            GateMode::Watch => watched,
            GateMode::Hold => true,
        };
        if !caught || process == Process::Killed {
            self.passed.push(delivery);
            return None;
        }
        self.next += 1;
        let id = PacketId(self.next);
        self.waiting.insert(id, delivery);
        Some(Packet { id, ..packet })
    }

    /// Does what the core decided.
    ///
    /// # Panics
    /// On a verdict for a packet that is not held: it had one before, or never came.
    pub(super) fn apply(&mut self, now: Instant, verdict: Verdict) {
        let (Verdict::Accept(id) | Verdict::Grant(id) | Verdict::Drop(id)) = verdict;
        let held = self.waiting.remove(&id);
        let delivery = held.unwrap_or_else(|| panic!("verdict for {id:?}, which is not held"));
        self.last_release = now;
        match verdict {
            Verdict::Accept(_) | Verdict::Grant(_) => self.passed.push(Delivery {
                released: now,
                ..delivery
            }),
            Verdict::Drop(_) => self.dropped += 1,
        }
    }

    pub(super) fn take_passed(&mut self) -> Vec<Delivery> {
        std::mem::take(&mut self.passed)
    }
}
