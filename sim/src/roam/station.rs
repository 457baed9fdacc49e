//! A station: its radio, its gate, its flow.

use std::collections::VecDeque;

use rether_handoff::ap::{Answer, Stage};
use rether_handoff::station::{Outcome, Station, StationConfig};
use rether_proto::mac::MacAddr;
use rether_proto::time::{Duration, Instant};

use super::ledger::Stream;

/// So many digests of received packets are kept for an access point that asks.
pub(super) const DIGESTS: usize = 128;

pub(super) struct Client {
    pub(super) mac: MacAddr,
    pub(super) machine: Station,
    /// Where its radio is.
    pub(super) at: Option<usize>,
    /// Its packets pass there.
    pub(super) authorised: bool,
    /// Which switch of its radio is under way; earlier ones are void.
    pub(super) turn: u32,
    pub(super) shut: bool,
    pub(super) held: VecDeque<u32>,
    pub(super) down: Stream,
    pub(super) up: Stream,
    pub(super) digests: VecDeque<u32>,
    /// What it asks its access point, until that is answered.
    pub(super) asking: Option<(Stage, usize)>,
    pub(super) moves_left: u16,
    /// Where it really goes, whatever it said.
    pub(super) detour: Option<usize>,
}

impl Client {
    pub(super) fn new(number: u16, moves: u16, now: Instant) -> Self {
        let [high, low] = number.to_be_bytes();
        let config = StationConfig {
            answer: Duration::from_millis(60),
            ..StationConfig::default()
        };
        Self {
            mac: MacAddr([2, 0, 0, 9, high, low]),
            machine: Station::new(config, now),
            at: None,
            authorised: false,
            turn: 0,
            shut: false,
            held: VecDeque::new(),
            down: Stream::default(),
            up: Stream::default(),
            digests: VecDeque::new(),
            asking: None,
            moves_left: moves,
            detour: None,
        }
    }

    pub(super) fn receive(&mut self, now: Instant, number: u32) {
        self.down.receive(now, number);
        self.digests.push_back(number);
        if self.digests.len() > DIGESTS {
            self.digests.pop_front();
        }
    }
}

/// The BSSID of an access point, by its place.
pub(super) fn bssid(place: usize) -> MacAddr {
    let [high, low] = u16::try_from(place).unwrap_or(u16::MAX).to_be_bytes();
    MacAddr([2, 0, 0, 1, high, low])
}

/// An access point's place, by its BSSID.
pub(super) fn place(bssid: MacAddr) -> usize {
    usize::from(u16::from_be_bytes([bssid.0[4], bssid.0[5]]))
}

/// An access point's answer as the agent hears it.
pub(super) fn outcome(answer: &Answer) -> Outcome {
    match answer {
        Answer::Ready => Outcome::Ready,
        Answer::Partial(admission) => Outcome::Partial(admission.reason.clone()),
        Answer::Refused(admission) => Outcome::Refused(admission.reason.clone()),
        Answer::Unavailable => Outcome::Unavailable,
    }
}
