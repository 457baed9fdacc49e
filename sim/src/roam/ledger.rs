//! What became of every packet.

use std::collections::BTreeMap;

use rether_proto::time::{Duration, Instant};
use serde::Serialize;

/// One way of one station's flow.
#[derive(Clone, Debug, Default)]
pub(super) struct Stream {
    sent: u32,
    received: BTreeMap<u32, u32>,
    highest: Option<u32>,
    reordered: u32,
    last: Option<Instant>,
    gap: Duration,
    fates: BTreeMap<u32, &'static str>,
}

impl Stream {
    /// The number of the next packet.
    pub(super) fn send(&mut self) -> u32 {
        self.sent += 1;
        self.sent - 1
    }

    pub(super) fn receive(&mut self, now: Instant, number: u32) {
        *self.received.entry(number).or_default() += 1;
        if self.highest.is_some_and(|highest| number < highest) {
            self.reordered += 1;
        }
        // With all received that was sent last, it is the sender that is silent.
        let waits = self.highest.is_none_or(|highest| highest + 1 < self.sent);
        self.highest = self.highest.max(Some(number));
        if let Some(last) = self.last.filter(|_| waits) {
            self.gap = self.gap.max(now.since(last));
        }
        self.last = Some(now);
    }

    /// A packet, or one copy of it, ended otherwise.
    pub(super) fn ended(&mut self, number: u32, how: &'static str) {
        self.fates.entry(number).or_insert(how);
    }

    pub(super) fn figures(&self) -> Way {
        let received = u32::try_from(self.received.len()).unwrap_or(u32::MAX);
        let lost = self.fates.iter();
        let lost = lost.filter(|(number, _)| !self.received.contains_key(number));
        let mut fates = BTreeMap::new();
        for (_, how) in lost {
            *fates.entry(*how).or_default() += 1;
        }
        Way {
            sent: self.sent,
            lost: self.sent - received,
            duplicated: self.received.values().map(|times| times - 1).sum(),
            reordered: self.reordered,
            longest_gap: self.gap,
            fates,
        }
    }
}

/// The figures of one way of one station's flow, in packets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Way {
    /// Sent.
    pub sent: u32,
    /// Never received.
    pub lost: u32,
    /// Received more than once, so often more.
    pub duplicated: u32,
    /// Received after one that was sent later.
    pub reordered: u32,
    /// Between two receptions.
    pub longest_gap: Duration,
    /// How packets ended that were never received, where it is known.
    pub fates: BTreeMap<&'static str, u32>,
}

/// A packet that was in an access point, or was sent to one, that is dead.
pub(super) const DEAD: &str = "the access point was dead";
/// A packet that was sent where no station listened.
pub(super) const AIR: &str = "lost in the air";
/// One that was routed in a circle.
pub(super) const ROUND: &str = "went round and round";

impl Way {
    /// Packets that were lost with a dead access point.
    #[must_use]
    pub fn dead(&self) -> u32 {
        self.fates.get(DEAD).copied().unwrap_or_default()
    }

    /// Packets that were lost and of which the roaming world does not know how: they are in the
    /// roam ledgers.
    #[must_use]
    pub fn unknown(&self) -> u32 {
        self.lost - self.fates.values().sum::<u32>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(millis: u64) -> Instant {
        Instant::from_nanos(millis * 1_000_000)
    }

    #[test]
    fn a_silent_sender_is_no_gap_but_a_packet_that_is_waited_for_is() {
        let mut stream = Stream::default();
        for (millis, number) in [(0, 0), (5, 1), (10, 2)] {
            stream.send();
            if number != 1 {
                stream.receive(at(millis), number);
            }
        }
        assert_eq!(stream.figures().longest_gap, Duration::from_millis(10));
        // All that is newer has come before.
        stream.receive(at(500), 1);
        assert_eq!(stream.figures().longest_gap, Duration::from_millis(10));
        for number in [3, 4] {
            assert_eq!(stream.send(), number);
        }
        stream.receive(at(600), 3);
        assert_eq!(stream.figures().longest_gap, Duration::from_millis(100));
        let figures = stream.figures();
        assert_eq!((figures.lost, figures.reordered), (1, 1));
    }
}
