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
    fates: BTreeMap<&'static str, u32>,
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
        self.highest = self.highest.max(Some(number));
        if let Some(last) = self.last {
            self.gap = self.gap.max(now.since(last));
        }
        self.last = Some(now);
    }

    /// A packet ended otherwise.
    pub(super) fn ended(&mut self, how: &'static str) {
        *self.fates.entry(how).or_default() += 1;
    }

    pub(super) fn figures(&self) -> Way {
        let received = u32::try_from(self.received.len()).unwrap_or(u32::MAX);
        Way {
            sent: self.sent,
            lost: self.sent - received,
            duplicated: self.received.values().map(|times| times - 1).sum(),
            reordered: self.reordered,
            longest_gap: self.gap,
            fates: self.fates.clone(),
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
    /// How packets ended that did not arrive, where it is known.
    pub fates: BTreeMap<&'static str, u32>,
}
