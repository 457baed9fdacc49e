//! A queue of a radio and its channel access function: DCF, or one EDCAF of four.
//!
//! The counter of a backoff is not decremented slot by slot. A queue remembers since when slots
//! count (`base`) and how many were left then; when the medium becomes busy it works out how many
//! have passed. DCF counts whole idle slots behind DIFS (clause 10.3.4.3). EDCA counts at slot
//! boundaries, of which the end of AIFS is the first (clause 10.22.2.4), so that an interrupted
//! countdown has come one slot further.

use std::collections::VecDeque;

use rether_proto::airtime::Rate;
use rether_proto::rng::Rng;
use rether_proto::time::{Duration, Instant};

use super::{Ac, AccessParams, Frame, QueueFull};

/// Later than everything.
pub(super) const NEVER: Instant = Instant::from_nanos(u64::MAX);

/// What an arrival finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrival {
    /// Others wait before it, or one is on the air.
    Behind,
    /// It sets the time of access.
    First,
}

#[derive(Clone, Debug)]
pub(super) struct Queue {
    pub(super) radio: usize,
    pub(super) ac: Ac,
    pub(super) access: AccessParams,
    /// Whether slots are counted as EDCA does.
    edca: bool,
    slot: Duration,
    /// AIFS, or DIFS.
    pub(super) ifs: Duration,
    frames: VecDeque<Frame>,
    /// A frame of it is on the air or waits for its Ack.
    pub(super) engaged: bool,
    cw: u16,
    counter: u32,
    base: Instant,
    /// When the head frame may be sent if nothing intervenes; [`NEVER`] without one.
    pub(super) access_at: Instant,
    /// Failures of the head frame, internal collisions included.
    failures: u8,
    /// Transmissions of the head frame.
    pub(super) tries: u8,
    /// The receiver has the head frame already.
    pub(super) delivered: bool,
    /// When the current TXOP ends.
    pub(super) txop_end: Instant,
}

impl Queue {
    pub(super) fn new(radio: usize, ac: Ac) -> Self {
        Self {
            radio,
            ac,
            access: super::dcf(0),
            edca: false,
            slot: Duration::ZERO,
            ifs: Duration::ZERO,
            frames: VecDeque::new(),
            engaged: false,
            cw: 0,
            counter: 0,
            base: Instant::ZERO,
            access_at: NEVER,
            failures: 0,
            tries: 0,
            delivered: false,
            txop_end: Instant::ZERO,
        }
    }

    pub(super) fn configure(
        &mut self,
        access: AccessParams,
        edca: bool,
        slot: Duration,
        sifs: Duration,
    ) {
        self.access = access;
        self.edca = edca;
        self.slot = slot;
        self.ifs = sifs + slot * u64::from(access.aifsn);
        self.cw = access.cw_min;
    }

    pub(super) fn head(&self) -> Option<&Frame> {
        self.frames.front()
    }

    /// The rate of the head frame's next try. An internal collision is no try: nothing was sent.
    pub(super) fn rate(&self) -> Option<Rate> {
        self.frames.front()?.rates.at(self.tries)
    }

    /// The rate of the head frame's try that is on the air.
    pub(super) fn rate_on_air(&self) -> Option<Rate> {
        let attempt = self.tries.saturating_sub(1);
        self.frames.front()?.rates.at(attempt)
    }

    pub(super) fn push(&mut self, frame: Frame, limit: usize) -> Result<Arrival, QueueFull> {
        if self.frames.len() >= limit {
            return Err(QueueFull);
        }
        self.frames.push_back(frame);
        if self.engaged || self.frames.len() > 1 {
            Ok(Arrival::Behind)
        } else {
            Ok(Arrival::First)
        }
    }

    /// The only frame of the queue came at `now`; the medium is busy until `busy_until`.
    pub(super) fn arrive(&mut self, now: Instant, busy_until: Instant, rng: &mut Rng) {
        let due = self.base + self.slot * u64::from(self.counter);
        self.access_at = if busy_until > now {
            // What was counted down already must be drawn anew (clause 10.3.4.2).
            if self.counter == 0 {
                self.counter = draw(self.cw, rng);
            }
            self.base + self.slot * u64::from(self.counter)
        } else if due > now {
            if self.counter == 0 && !self.edca {
                self.base = self.base.max(now + self.ifs);
                self.base
            } else {
                due
            }
        } else {
            self.counter = 0;
            self.base = if self.edca {
                let slots = now.since(self.base).as_nanos() / self.slot.as_nanos().max(1);
                self.base + self.slot * (slots + 1)
            } else {
                now + self.ifs
            };
            self.base
        };
    }

    /// The medium is busy from `busy_at` on; it may be counted again from `resume` on, which
    /// includes the inter-frame space.
    pub(super) fn interrupt(&mut self, busy_at: Instant, resume: Instant) {
        if self.counter > 0 && (busy_at > self.base || (self.edca && busy_at == self.base)) {
            let waited = busy_at.since(self.base).as_nanos();
            let slot = self.slot.as_nanos();
            // Most countdowns that are over have been for long: no division for them.
            self.counter = if waited >= slot * u64::from(self.counter) {
                0
            } else {
                self.counter - slots_in(waited, slot) - u32::from(self.edca)
            };
        }
        self.rebase(resume);
    }

    /// Counts from `resume` on.
    pub(super) fn rebase(&mut self, resume: Instant) {
        self.base = resume;
        self.arm();
    }

    fn arm(&mut self) {
        self.access_at = if self.frames.is_empty() {
            NEVER
        } else {
            self.base + self.slot * u64::from(self.counter)
        };
    }

    /// A new backoff, counted from `resume` on.
    pub(super) fn back_off(&mut self, resume: Instant, rng: &mut Rng) {
        self.counter = draw(self.cw, rng);
        self.rebase(resume);
    }

    /// The head frame was acknowledged or needs no Ack.
    pub(super) fn succeed(&mut self) -> Option<(Frame, u8)> {
        let frame = self.frames.pop_front()?;
        let tries = self.tries;
        self.failures = 0;
        self.tries = 0;
        self.delivered = false;
        self.cw = self.access.cw_min;
        Some((frame, tries))
    }

    /// The head frame failed once more. If that was its last try it is given up and returned.
    pub(super) fn fail(&mut self, retry_limit: u8) -> Option<(Frame, u8)> {
        self.failures = self.failures.saturating_add(1);
        if self.failures >= retry_limit || self.rate().is_none() {
            return self.succeed();
        }
        let doubled = u32::from(self.cw) * 2 + 1;
        let doubled = doubled.min(u32::from(self.access.cw_max));
        self.cw = u16::try_from(doubled).unwrap_or(u16::MAX);
        None
    }
}

/// A backoff: uniform over 0 to `cw` (clause 10.3.3).
fn draw(cw: u16, rng: &mut Rng) -> u32 {
    let scaled = u64::from(rng.next_u32()) * (u64::from(cw) + 1);
    u32::try_from(scaled >> 32).unwrap_or_default()
}

/// Whole slots in `waited`, both in ns; in 32 bits where they fit, which halves the time.
fn slots_in(waited: u64, slot: u64) -> u32 {
    match (u32::try_from(waited), u32::try_from(slot)) {
        (Ok(waited), Ok(slot)) if slot > 0 => waited / slot,
        _ => u32::try_from(waited / slot.max(1)).unwrap_or(u32::MAX),
    }
}
