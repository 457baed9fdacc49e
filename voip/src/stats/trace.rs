//! Where in a stream each packet that was lost, doubled or out of order was, and each silence:
//! what a probe is for, so that a handoff can be judged by what happened around it.

use serde::{Deserialize, Serialize};

use super::{NOT_SEEN, StreamStats};

/// The most entries of each list of a [`Trace`].
pub const MOST_ENTRIES: usize = 20_000;

/// What befell single packets of a stream. Positions count from 0; the packet at position *n* was
/// due *n* packet times after the stream's start.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// Nanoseconds between two packets.
    pub packet_ns: u64,
    /// Runs of lost packets: position of the first, and how many.
    pub lost: Vec<(u32, u32)>,
    /// Positions of packets that came again, once for each further copy.
    pub duplicated: Vec<u32>,
    /// Positions of packets that came after one sent later (RFC 4737).
    pub reordered: Vec<u32>,
    /// Silences of more than a packet time and a half: the receiver's clock at the arrival before
    /// it, and how long it was, both in nanoseconds.
    pub gaps: Vec<(u64, u64)>,
    /// Entries that were not kept because a list was full.
    pub dropped: u64,
}

impl Trace {
    /// Of a stream with a packet every `packet_ns` nanoseconds.
    #[must_use]
    pub(super) fn new(packet_ns: u64) -> Self {
        Self {
            packet_ns,
            ..Self::default()
        }
    }

    pub(super) fn on_duplicate(&mut self, position: u32) {
        keep(&mut self.duplicated, position, &mut self.dropped);
    }

    pub(super) fn on_reordered(&mut self, position: u32) {
        keep(&mut self.reordered, position, &mut self.dropped);
    }

    /// A packet arrived at `now`, after one at `before`.
    pub(super) fn on_arrival(&mut self, before: u64, now: u64) {
        let silence = now.saturating_sub(before);
        if silence > self.packet_ns + self.packet_ns / 2 {
            keep(&mut self.gaps, (before, silence), &mut self.dropped);
        }
    }
}

fn keep<T>(list: &mut Vec<T>, entry: T, dropped: &mut u64) {
    if list.len() < MOST_ENTRIES {
        list.push(entry);
    } else {
        *dropped += 1;
    }
}

impl StreamStats {
    /// The trace of a stream of which `sent` packets were sent, if it is that of a probe.
    pub(super) fn trace(&self, sent: u32) -> Option<Trace> {
        let mut trace = self.trace.clone()?;
        let end = self.delays_us.len().max(sent as usize);
        let missing = |position: usize| {
            self.delays_us
                .get(position)
                .is_none_or(|us| *us == NOT_SEEN)
        };
        let mut position = 0;
        while position < end {
            let first = position;
            while position < end && missing(position) {
                position += 1;
            }
            if position > first {
                let run = (first as u32, (position - first) as u32);
                keep(&mut trace.lost, run, &mut trace.dropped);
            }
            position += 1;
        }
        Some(trace)
    }
}
