//! Packets out of a pen, put back in order.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use crate::frame::Frame;

/// What comes from one pen. Sequence numbers begin with 0; a pen gives out fewer than 2^31 packets.
#[derive(Clone, Debug, Default)]
pub(super) struct Order {
    next: u32,
    early: BTreeMap<u32, Frame>,
    /// Were given up, and may still come.
    skipped: BTreeSet<u32>,
    /// Came twice.
    pub(super) duplicated: u32,
}

impl Order {
    /// Packets that are ahead of a gap at most; beyond, the gap is given up.
    const WINDOW: usize = 1024;

    /// Takes a packet, and returns those whose turn it is.
    pub(super) fn push(&mut self, sequence: u32, frame: Frame) -> Vec<Frame> {
        if self.skipped.remove(&sequence) {
            // Out of order is better than not at all.
            return alloc::vec![frame];
        }
        if sequence < self.next || self.early.contains_key(&sequence) {
            self.duplicated += 1;
            return Vec::new();
        }
        self.early.insert(sequence, frame);
        if self.early.len() > Self::WINDOW {
            return self.skip();
        }
        self.ready()
    }

    fn ready(&mut self) -> Vec<Frame> {
        let mut ready = Vec::new();
        while let Some(frame) = self.early.remove(&self.next) {
            ready.push(frame);
            self.next += 1;
        }
        ready
    }

    /// Gives up the first gap, and returns what is behind it.
    pub(super) fn skip(&mut self) -> Vec<Frame> {
        if let Some((&first, _)) = self.early.first_key_value() {
            self.skip_to(first);
        }
        self.ready()
    }

    fn skip_to(&mut self, next: u32) {
        for sequence in self.next..next {
            self.skipped.insert(sequence);
            if self.skipped.len() > Self::WINDOW {
                self.skipped.pop_first();
            }
        }
        self.next = next;
    }

    /// What waits for others that are before it.
    pub(super) fn early(&self) -> impl Iterator<Item = &Frame> {
        self.early.values()
    }

    /// How many were given up and have not come.
    pub(super) fn missing(&self) -> u32 {
        u32::try_from(self.skipped.len()).unwrap_or(u32::MAX)
    }

    /// What of the numbers below `end` has not come, at most 256 of them.
    pub(super) fn missing_below(&self, end: u32) -> Vec<u32> {
        const MOST: usize = 256;
        let skipped = self.skipped.range(..end).copied();
        skipped
            .chain(
                (self.next..end.max(self.next))
                    .filter(|sequence| !self.early.contains_key(sequence)),
            )
            .take(MOST)
            .collect()
    }

    /// Gives up all gaps below `end`, and returns what is behind them.
    pub(super) fn give_up(&mut self, end: u32) -> Vec<Frame> {
        let mut ready = Vec::new();
        while self
            .early
            .first_key_value()
            .is_some_and(|(&first, _)| first < end)
        {
            ready.extend(self.skip());
        }
        if self.next < end {
            self.skip_to(end);
            ready.extend(self.ready());
        }
        ready
    }

    /// Whether there is a gap.
    pub(super) fn has_gap(&self) -> bool {
        !self.early.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use rether_proto::mac::MacAddr;

    use super::*;

    fn frame(n: u8) -> Frame {
        Frame {
            source: MacAddr([0; 6]),
            ether_type: 0x0800,
            payload: vec![n],
        }
    }

    fn names(frames: Vec<Frame>) -> Vec<u8> {
        frames.into_iter().map(|frame| frame.payload[0]).collect()
    }

    #[test]
    fn a_late_packet_makes_the_others_wait_and_comes_once() {
        let mut order = Order::default();
        assert_eq!(names(order.push(0, frame(0))), [0]);
        assert!(order.push(2, frame(2)).is_empty());
        assert!(order.has_gap());
        assert_eq!(order.missing_below(4), [1, 3]);
        assert_eq!(names(order.push(1, frame(1))), [1, 2]);
        assert!(order.push(1, frame(1)).is_empty());
        assert_eq!((order.duplicated, order.missing()), (1, 0));
    }

    #[test]
    fn a_gap_is_given_up_and_counted() {
        let mut order = Order::default();
        for n in [1, 2, 5] {
            assert!(order.push(n, frame(n as u8)).is_empty());
        }
        assert_eq!(names(order.skip()), [1, 2]);
        assert_eq!(names(order.give_up(8)), [5]);
        assert_eq!(order.missing(), 1 + 2 + 2);
        assert_eq!(order.missing_below(6), [0, 3, 4]);
        assert_eq!(names(order.push(7, frame(7))), [7], "late, but once");
        assert!(order.push(7, frame(7)).is_empty());
        assert_eq!(order.missing(), 1 + 2 + 1);
        assert_eq!(names(order.push(8, frame(8))), [8]);
    }
}
