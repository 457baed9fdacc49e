//! A gate without a kernel: it keeps what NFQUEUE would, and checks that each packet gets exactly
//! one verdict. As the driver does, it copies small packets for the core.

use std::collections::BTreeMap;

use rether_proto::agent::GateMode;
use rether_proto::machine::{Packet, PacketId, Verdict};
use rether_proto::queues::Carrier;
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
    /// When the gate let it go; when it arrived, if it came inside a frame.
    pub released: Instant,
}

impl Delivery {
    /// What is in the packet: its name, and nothing.
    fn content(&self) -> Vec<u8> {
        let source = u64::try_from(self.source).expect("a small number");
        let mut bytes = [source.to_be_bytes(), self.number.to_be_bytes()].concat();
        let octets = usize::try_from(self.octets).expect("a packet in memory");
        bytes.resize(octets.max(bytes.len()), 0);
        bytes
    }

    /// Source and number of the packet with this content.
    pub(super) fn named_in(bytes: &[u8]) -> Option<(usize, u64)> {
        let (source, rest) = bytes.split_first_chunk()?;
        let (number, _) = rest.split_first_chunk()?;
        let source = usize::try_from(u64::from_be_bytes(*source)).ok()?;
        Some((source, u64::from_be_bytes(*number)))
    }
}

/// A packet that a gate keeps, and a copy of it if it is small.
#[derive(Debug)]
pub(super) struct Caught {
    pub(super) packet: Packet,
    pub(super) copy: Option<Vec<u8>>,
}

/// The gate of one node.
#[derive(Debug, Default)]
pub(super) struct Gate {
    pub(super) mode: GateMode,
    next: u64,
    waiting: BTreeMap<PacketId, Delivery>,
    passed: Vec<Delivery>,
    carried: Vec<Delivery>,
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
    ) -> Option<Caught> {
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
        let packet = Packet { id, ..packet };
        let octets = usize::try_from(packet.len).expect("a packet in memory");
        let copy = Carrier::takes(octets).then(|| delivery.content());
        Some(Caught { packet, copy })
    }

    /// Does what the core decided.
    ///
    /// # Panics
    /// On a verdict for a packet that is not held: it had one before, or never came.
    pub(super) fn apply(&mut self, now: Instant, verdict: Verdict) {
        let (Verdict::Accept(id) | Verdict::Grant(id) | Verdict::Drop(id) | Verdict::Carry(id)) =
            verdict;
        let held = self.waiting.remove(&id);
        let delivery = held.unwrap_or_else(|| panic!("verdict for {id:?}, which is not held"));
        self.last_release = now;
        match verdict {
            Verdict::Accept(_) | Verdict::Grant(_) => self.passed.push(Delivery {
                released: now,
                ..delivery
            }),
            Verdict::Drop(_) => self.dropped += 1,
            Verdict::Carry(_) => self.carried.push(Delivery {
                released: now,
                ..delivery
            }),
        }
    }

    /// What went inside of frames since the last call.
    pub(super) fn take_carried(&mut self) -> Vec<Delivery> {
        std::mem::take(&mut self.carried)
    }

    pub(super) fn take_passed(&mut self) -> Vec<Delivery> {
        std::mem::take(&mut self.passed)
    }
}
