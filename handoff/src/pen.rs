//! The pen: where the packets of a station wait that its old access point can no longer reach it
//! with.
//!
//! A packet leaves a pen exactly once: flushed to the station's new access point, put back on the
//! air if the station stayed, or counted as expired or dropped. Flushed ones are kept until the
//! other end has said that none is missing.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;

use rether_proto::time::{Duration, Instant};

use crate::frame::Frame;
use crate::id::PenId;

/// How much a pen holds, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Octets of one station.
    pub station: usize,
    /// Packets of voice of one station: beyond, the oldest goes.
    pub voice: usize,
    /// How long voice is of use.
    pub voice_age: Duration,
    /// How long anything else is.
    pub age: Duration,
}

impl Default for Limits {
    /// 1.5 MB and 256 packets of voice a station; half a second for voice, two for all else.
    fn default() -> Self {
        Self {
            station: 1_500_000,
            voice: 256,
            voice_age: Duration::from_millis(500),
            age: Duration::from_secs(2),
        }
    }
}

impl Limits {
    /// How long a packet is of use.
    fn of(&self, frame: &Frame) -> Duration {
        if frame.is_voice() {
            self.voice_age
        } else {
            self.age
        }
    }
}

/// What has become of the packets of a pen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// It took.
    pub held: u32,
    /// Were too old when their turn came.
    pub expired: u32,
    /// For which there was no room.
    pub dropped: u32,
    /// Went to the new access point, each counted once.
    pub flushed: u32,
    /// Were put back on the air, because the station stayed.
    pub reinjected: u32,
    /// The station had already, as its agent said.
    pub known: u32,
}

#[derive(Clone, Debug)]
struct Held {
    since: Instant,
    frame: Frame,
}

/// One station's pen.
#[derive(Clone, Debug)]
pub struct Pen {
    /// Its name.
    pub id: PenId,
    /// When it was opened.
    pub opened: Instant,
    /// What has become of its packets.
    pub tally: Tally,
    /// The longest that a packet was here.
    pub oldest: Duration,
    limits: Limits,
    voice: VecDeque<Held>,
    other: VecDeque<Held>,
    octets: usize,
    next: u32,
    /// What went to the new access point, which has not said that it has it.
    unacknowledged: BTreeMap<u32, Held>,
    owed: usize,
}

impl Pen {
    /// An empty one.
    #[must_use]
    pub const fn new(id: PenId, limits: Limits, now: Instant) -> Self {
        Self {
            id,
            opened: now,
            tally: Tally {
                held: 0,
                expired: 0,
                dropped: 0,
                flushed: 0,
                reinjected: 0,
                known: 0,
            },
            oldest: Duration::ZERO,
            limits,
            voice: VecDeque::new(),
            other: VecDeque::new(),
            octets: 0,
            next: 0,
            unacknowledged: BTreeMap::new(),
            owed: 0,
        }
    }

    /// Takes `frame`, which has waited since `since`. `room` is what the whole access point has
    /// left, in octets. Where there is no room, bulk makes it: its oldest packets go.
    pub fn push(&mut self, since: Instant, frame: Frame, room: usize) {
        self.tally.held += 1;
        let is_voice = frame.is_voice();
        let octets = frame.octets();
        let limit = self.limits.station.min(self.octets.saturating_add(room));
        while self.octets + octets > limit {
            let Some(oldest) = self.other.pop_front() else {
                break;
            };
            self.octets -= oldest.frame.octets();
            self.tally.dropped += 1;
        }
        if self.octets + octets > limit {
            self.tally.dropped += 1;
            return;
        }
        let queue = if is_voice {
            &mut self.voice
        } else {
            &mut self.other
        };
        queue.push_back(Held { since, frame });
        self.octets += octets;
        if self.voice.len() > self.limits.voice
            && let Some(oldest) = self.voice.pop_front()
        {
            self.octets -= oldest.frame.octets();
            self.tally.dropped += 1;
        }
    }

    /// The next packet that is still of use, voice first.
    fn pop(&mut self, now: Instant) -> Option<Held> {
        loop {
            let held = self.voice.pop_front();
            let held = held.or_else(|| self.other.pop_front())?;
            let age = self.limits.of(&held.frame);
            self.octets -= held.frame.octets();
            let waited = now.since(held.since);
            if waited > age {
                self.tally.expired += 1;
                continue;
            }
            self.oldest = self.oldest.max(waited);
            return Some(held);
        }
    }

    /// The next packet for the new access point, with its sequence number.
    pub fn flush(&mut self, now: Instant) -> Option<(u32, Frame)> {
        let held = self.pop(now)?;
        let sequence = self.next;
        self.next = self.next.wrapping_add(1);
        self.tally.flushed += 1;
        let frame = held.frame.clone();
        self.owed += frame.octets();
        self.unacknowledged.insert(sequence, held);
        while self.owed > self.limits.station
            && let Some((_, oldest)) = self.unacknowledged.pop_first()
        {
            self.owed -= oldest.frame.octets();
        }
        Some((sequence, frame))
    }

    /// The next packet for the air again.
    pub fn reinject(&mut self, now: Instant) -> Option<Frame> {
        let held = self.pop(now)?;
        self.tally.reinjected += 1;
        Some(held.frame)
    }

    /// The other end has all below `end` but `missing`; these are given out again.
    pub fn acknowledge(&mut self, end: u32, missing: &[u32]) -> Vec<(u32, Frame)> {
        self.keep(|sequence, _| sequence >= end || missing.contains(&sequence));
        let again = self.unacknowledged.range(..end);
        again
            .map(|(sequence, held)| (*sequence, held.frame.clone()))
            .collect()
    }

    fn keep(&mut self, keep: impl Fn(u32, &Held) -> bool) {
        self.unacknowledged
            .retain(|sequence, held| keep(*sequence, held));
        let owed = self.unacknowledged.values();
        self.owed = owed.map(|held| held.frame.octets()).sum();
    }

    /// The other end does not say whether it has what went to it. It is kept as long as it is of use;
    /// returns how many packets are kept.
    pub fn unanswered(&mut self, now: Instant) -> usize {
        let limits = self.limits;
        self.keep(|_, held| now.since(held.since) <= limits.of(&held.frame));
        self.unacknowledged.len()
    }

    /// The other end is not to be reached: what it has not said to have goes first again.
    pub fn reclaim(&mut self) {
        for held in core::mem::take(&mut self.unacknowledged)
            .into_values()
            .rev()
        {
            self.octets += held.frame.octets();
            self.tally.flushed = self.tally.flushed.saturating_sub(1);
            if held.frame.is_voice() {
                self.voice.push_front(held);
            } else {
                self.other.push_front(held);
            }
        }
        self.owed = 0;
    }

    /// Another name: what has been flushed so far went to somebody else.
    pub fn rename(&mut self, id: PenId) {
        self.id = id;
        self.next = 0;
        let waiting = self.voice.len() + self.other.len();
        self.tally = Tally {
            held: u32::try_from(waiting).unwrap_or(u32::MAX),
            ..Tally::default()
        };
        self.keep(|_, _| false);
    }

    /// What was sent before the pen was opened, oldest first, and goes before all that is in it.
    pub fn prepend(&mut self, frames: impl Iterator<Item = (Instant, Frame)>, room: usize) {
        let (voice, other) = (
            core::mem::take(&mut self.voice),
            core::mem::take(&mut self.other),
        );
        let mut left = room.saturating_add(core::mem::take(&mut self.octets));
        for (since, frame) in frames {
            self.push(since, frame, left);
            left = room.saturating_sub(self.octets);
        }
        let held = self.tally.held;
        for held in other.into_iter().chain(voice) {
            self.push(held.since, held.frame, left);
            left = room.saturating_sub(self.octets);
        }
        let again = self.tally.held - held;
        self.tally.held -= again;
    }

    /// All that waits here, and what the other end has not yet said to have.
    pub fn frames(&self) -> impl Iterator<Item = &Frame> {
        let waiting = self.voice.iter().chain(&self.other);
        waiting
            .chain(self.unacknowledged.values())
            .map(|held| &held.frame)
    }

    /// The sequence number that the next packet will have.
    #[must_use]
    pub const fn next(&self) -> u32 {
        self.next
    }

    /// Nothing waits here.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.voice.is_empty() && self.other.is_empty()
    }

    /// Whether what went to the new access point has not been acknowledged in full.
    #[must_use]
    pub fn is_owed(&self) -> bool {
        !self.unacknowledged.is_empty()
    }

    /// Octets that wait here.
    #[must_use]
    pub const fn octets(&self) -> usize {
        self.octets
    }

    /// Gives up: whatever waits has expired.
    pub fn expire(&mut self) {
        let waiting = self.voice.len() + self.other.len();
        self.tally.expired += u32::try_from(waiting).unwrap_or(u32::MAX);
        self.voice.clear();
        self.other.clear();
        self.octets = 0;
        self.keep(|_, _| false);
    }
}
