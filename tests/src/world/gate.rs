//! A gate without a kernel: it keeps what NFQUEUE would, and checks that each packet gets exactly
//! one verdict.

use std::collections::BTreeMap;

use rether_proto::agent::GateMode;
use rether_proto::machine::{Machine, Packet, PacketId, Transmit, Verdict};
use rether_proto::time::Instant;

use super::{Process, drain_frames};

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
pub struct Gate {
    mode: GateMode,
    next: u64,
    waiting: BTreeMap<PacketId, Delivery>,
    passed: Vec<Delivery>,
    /// Packets lost with a killed process.
    pub lost: u64,
    /// Packets dropped by verdict.
    pub dropped: u64,
}

impl Gate {
    pub(super) fn set_mode(&mut self, mode: GateMode) {
        self.mode = mode;
    }

    pub(super) fn held(&self) -> usize {
        self.waiting.len()
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
        let number = packet.id.0;
        let octets = packet.len;
        let delivery = Delivery {
            source,
            number,
            octets,
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
        (process == Process::Running).then_some(Packet { id, ..packet })
    }

    pub(super) fn apply<M: Machine>(
        &mut self,
        now: Instant,
        core: &mut M,
        frames: &mut Vec<(Transmit, Vec<u8>)>,
    ) {
        while let Some(verdict) = core.poll_release() {
            let (Verdict::Accept(id) | Verdict::Drop(id)) = verdict;
            // A packet of a process that was killed since is not here any more.
            let Some(delivery) = self.waiting.remove(&id) else {
                assert!(self.lost > 0, "verdict for {id:?}, which is not held");
                continue;
            };
            match verdict {
                Verdict::Accept(_) => self.passed.push(Delivery {
                    released: now,
                    ..delivery
                }),
                Verdict::Drop(_) => self.dropped += 1,
            }
        }
        drain_frames(core, frames);
    }

    pub(super) fn take_passed(&mut self) -> Vec<Delivery> {
        std::mem::take(&mut self.passed)
    }
}
