//! The air: radios that contend by DCF or EDCA for the channels they are on.
//!
//! A sans-IO machine like the cores: the caller hands over frames with the time at which they came
//! ([`Medium::submit`]), lets time pass ([`Medium::advance`] or, one occurrence at a time,
//! [`Medium::step`]), and takes out what happened ([`Medium::poll_event`]). Time, the seed of all
//! backoffs and every parameter are arguments; the same calls give the same events on any machine.
//!
//! What is modelled, with the clauses of IEEE 802.11-2020:
//!
//! - DCF (10.3) and EDCA (10.22.2) of 802.11b, a and g: backoff that freezes while the medium is
//!   busy, DIFS, AIFS, EIFS, Ack and Ack timeout, retry limits, a new backoff after every
//!   success, failure and drop (post-backoff), internal collisions, TXOPs of several frames;
//! - frames to a group, which are neither acknowledged nor repeated;
//! - any number of cells on any number of channels, a rate series for each frame;
//! - positions with log-distance path loss: who hears whom, hidden nodes, the NAV (10.3.2.4),
//!   frame errors by signal-to-noise ratio, and the capture effect if wanted.
//!
//! What is not: RTS/CTS, fragmentation, aggregation and block acknowledgement, power save, CF-End,
//! a NAV beyond the Ack of the present frame, interference from adjacent channels or from signals
//! below carrier sense, fading, and the time that waves take.
//!
//! A queue that gets its first frame while the medium is idle sends after a whole DIFS from then
//! (DCF) or at the next slot boundary (EDCA), as ns-3 does, to whose figures the model is held;
//! the standard would let a DCF station send at once.

mod access;
mod agenda;
mod air;
mod counters;
mod event;
mod frame;
mod links;
mod outcome;
mod params;
mod propagation;
mod queue;
mod radio;
mod reception;
#[cfg(test)]
mod tests;
mod timing;

pub use counters::Counters;
pub use event::{Event, OnAir};
pub use frame::{Ac, Destination, Frame, FrameId, RadioId, RateSeries};
pub use params::{
    AccessParams, Capture, CollisionRx, EdcaTable, MediumConfig, RadioConfig, dcf, default_edca,
};
pub use propagation::{LogDistance, Position, Propagation};

use std::collections::VecDeque;

use rether_proto::rng::Rng;
use rether_proto::time::Instant;

use agenda::{Agenda, Occurrence};
use air::Air;
use links::Links;
use queue::{Arrival, NEVER, Queue};
use radio::{Carrier, Radio};

/// A frame was refused because its queue is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the queue of the radio is full")]
pub struct QueueFull;

/// All radios and what is in the air between them; see the module text.
#[derive(Clone, Debug)]
pub struct Medium {
    config: MediumConfig,
    rng: Rng,
    links: Links,
    radios: Vec<Radio>,
    /// By radio.
    carriers: Vec<Carrier>,
    queues: Vec<Queue>,
    air: Air,
    agenda: Agenda,
    /// The queue that gets at the medium first if nothing intervenes, and when.
    first: (Instant, usize),
    events: VecDeque<Event>,
}

impl Medium {
    /// A medium without radios. `seed` makes all backoffs and frame errors.
    #[must_use]
    pub fn new(config: MediumConfig, seed: u64) -> Self {
        Self {
            links: Links::new(config.propagation),
            config,
            rng: Rng::new(seed),
            radios: Vec::new(),
            carriers: Vec::new(),
            queues: Vec::new(),
            air: Air::default(),
            agenda: Agenda::default(),
            first: (NEVER, 0),
            events: VecDeque::new(),
        }
    }

    /// What a radio has counted.
    #[must_use]
    pub fn counters(&self, radio: RadioId) -> &Counters {
        &self.radios[radio.index()].counters
    }

    /// Queues a frame at time `now`. Everything due before must have been made to happen. A frame
    /// whose rate series is empty is given up at once.
    ///
    /// # Errors
    /// When the queue is full.
    pub fn submit(&mut self, now: Instant, radio: RadioId, frame: Frame) -> Result<(), QueueFull> {
        debug_assert!(self.next_time().is_none_or(|next| next >= now));
        let number = self.queue_of(radio.index(), frame.ac);
        let id = radio;
        let radio = &mut self.radios[id.index()];
        if frame.rates.at(0).is_none() {
            radio.counters.queued += 1;
            radio.counters.dropped += 1;
            self.events.push_back(Event::Done {
                at: now,
                radio: id,
                frame: frame.id,
                acked: false,
                tries: 0,
                signal_dbm: f32::NEG_INFINITY,
            });
            return Ok(());
        }
        let queue = &mut self.queues[number];
        match queue.push(frame, radio.config.queue_limit) {
            Ok(Arrival::Behind) => {}
            Ok(Arrival::First) => {
                let busy_until = self.carriers[id.index()].busy_until();
                queue.arrive(now, busy_until, &mut self.rng);
                self.first = self.first.min((queue.access_at, number));
            }
            Err(full) => {
                radio.counters.refused += 1;
                return Err(full);
            }
        }
        radio.counters.queued += 1;
        Ok(())
    }

    /// When something happens next.
    #[must_use]
    pub fn next_time(&self) -> Option<Instant> {
        let access = Some(self.first.0).filter(|at| *at != NEVER);
        let agenda = self.agenda.next_time();
        match (access, agenda) {
            (Some(access), Some(agenda)) => Some(access.min(agenda)),
            (access, agenda) => access.or(agenda),
        }
    }

    /// Lets the next thing happen, whenever that is.
    pub fn step(&mut self) {
        let access = self.first.0;
        match self.agenda.next_time() {
            Some(at) if at <= access => {
                if let Some((at, occurrence)) = self.agenda.take() {
                    self.happen(at, occurrence);
                }
            }
            _ if access != NEVER => self.access(self.first.1),
            _ => return,
        }
        self.find_first();
    }

    /// Lets everything happen that is due at `now` or before.
    pub fn advance(&mut self, now: Instant) {
        while self.next_time().is_some_and(|next| next <= now) {
            self.step();
        }
    }

    /// The next thing that happened.
    #[must_use]
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    fn happen(&mut self, at: Instant, occurrence: Occurrence) {
        match occurrence {
            Occurrence::End { transmission } => self.end(transmission),
            Occurrence::Ack { radio, queue } => self.acknowledge(at, radio, queue),
            Occurrence::NoAck { queue } => self.unacknowledged(at, queue),
            Occurrence::Burst { queue } => self.transmit(at, queue),
        }
    }

    fn find_first(&mut self) {
        let mut first = (NEVER, 0);
        for (number, queue) in self.queues.iter().enumerate() {
            if queue.access_at < first.0 {
                first = (queue.access_at, number);
            }
        }
        self.first = first;
    }
}
