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

use rether_proto::airtime::Rate;
use rether_proto::rng::Rng;
use rether_proto::time::{Duration, Instant};

use agenda::{Agenda, Occurrence};
use air::Air;
use links::{Links, Place};
use queue::{Arrival, NEVER, Queue};
use timing::Timing;

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
    queues: Vec<Queue>,
    air: Air,
    agenda: Agenda,
    /// The queue that gets at the medium first if nothing intervenes, and when.
    first: (Instant, usize),
    events: VecDeque<Event>,
}

#[derive(Clone, Debug)]
struct Radio {
    config: RadioConfig,
    timing: Timing,
    /// The queue of each access category, made when its first frame comes.
    queues: [Option<usize>; 4],
    /// Until when carrier sense or the NAV say busy.
    sensed_until: Instant,
    /// Until when it sends, or when it last did.
    sends_until: Instant,
    /// Until when it waits for an Ack.
    waits_until: Instant,
    /// What EIFS adds to the inter-frame space behind `sensed_until`.
    eifs: Duration,
    counters: Counters,
}

impl Radio {
    fn busy_until(&self) -> Instant {
        self.sensed_until.max(self.waits_until)
    }

    /// From when on a queue with this inter-frame space counts slots.
    fn resume(&self, ifs: Duration) -> Instant {
        (self.sensed_until + self.eifs).max(self.waits_until) + ifs
    }
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
            queues: Vec::new(),
            air: Air::default(),
            agenda: Agenda::default(),
            first: (NEVER, 0),
            events: VecDeque::new(),
        }
    }

    /// Adds a radio.
    pub fn add_radio(&mut self, config: RadioConfig) -> RadioId {
        let id = RadioId(u32::try_from(self.radios.len()).unwrap_or(u32::MAX));
        self.links.add(Place {
            position: config.position,
            frequency_mhz: config.frequency_mhz,
        });
        self.radios.push(Radio {
            timing: Timing::new(&config),
            config,
            queues: [None; 4],
            sensed_until: Instant::ZERO,
            sends_until: Instant::ZERO,
            waits_until: Instant::ZERO,
            eifs: Duration::ZERO,
            counters: Counters::default(),
        });
        id
    }

    /// Gives a radio other parameters, but not another place; what it has in its queues stays.
    /// Contention windows count from the next backoff on.
    pub fn configure(&mut self, radio: RadioId, config: RadioConfig) {
        let place = self.links.place(radio.index());
        let this = &mut self.radios[radio.index()];
        this.timing = Timing::new(&config);
        this.config = RadioConfig {
            frequency_mhz: place.frequency_mhz,
            position: place.position,
            ..config
        };
        for queue in this.queues.into_iter().flatten() {
            self.apply(radio.index(), queue);
        }
    }

    /// What a radio was made with, or was given since.
    #[must_use]
    pub fn radio(&self, radio: RadioId) -> &RadioConfig {
        &self.radios[radio.index()].config
    }

    /// Puts a radio on another frequency; what it sends or receives now is lost.
    pub fn set_frequency(&mut self, radio: RadioId, frequency_mhz: u16) {
        let place = self.links.place(radio.index());
        if place.frequency_mhz != frequency_mhz {
            self.radios[radio.index()].config.frequency_mhz = frequency_mhz;
            self.air.spoil_all_at(radio.index());
            let place = Place {
                frequency_mhz,
                ..place
            };
            self.links.set_place(radio.index(), place);
        }
    }

    /// Moves a radio.
    pub fn move_radio(&mut self, radio: RadioId, position: Position) {
        self.radios[radio.index()].config.position = position;
        let place = self.links.place(radio.index());
        let place = Place { position, ..place };
        self.links.set_place(radio.index(), place);
    }

    /// How strong `to` hears `from`, in dBm, whatever their frequencies.
    #[must_use]
    pub fn signal_dbm(&self, from: RadioId, to: RadioId) -> f32 {
        self.links.signal_dbm(from.index(), to.index())
    }

    /// The highest rate at which `to` receives nine of ten frames of 1000 octets from `from`, or
    /// the lowest rate: what an ideal rate control would choose.
    #[must_use]
    pub fn best_rate(&self, from: RadioId, to: RadioId) -> Rate {
        let phy = self.radios[from.index()].config.phy;
        let snr_db = f64::from(self.signal_dbm(from, to)) - reception::NOISE_DBM;
        let mut rates = phy.rates().iter().rev();
        let best = rates.find(|rate| reception::is_readable(**rate, snr_db));
        best.copied().unwrap_or_else(|| phy.lowest_basic_rate())
    }

    /// What a radio has counted.
    #[must_use]
    pub fn counters(&self, radio: RadioId) -> &Counters {
        &self.radios[radio.index()].counters
    }

    /// Queues a frame at time `now`. Everything due before must have been made to happen.
    ///
    /// # Errors
    /// When the queue is full.
    pub fn submit(&mut self, now: Instant, radio: RadioId, frame: Frame) -> Result<(), QueueFull> {
        debug_assert!(self.next_time().is_none_or(|next| next >= now));
        let number = self.queue_of(radio.index(), frame.ac);
        let radio = &mut self.radios[radio.index()];
        let queue = &mut self.queues[number];
        match queue.push(frame, radio.config.queue_limit) {
            Ok(Arrival::Behind) => {}
            Ok(Arrival::First) => {
                queue.arrive(now, radio.busy_until(), &mut self.rng);
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

    fn queue_of(&mut self, radio: usize, ac: Ac) -> usize {
        let ac = if self.radios[radio].config.phy.wmm {
            ac
        } else {
            Ac::Be
        };
        if let Some(number) = self.radios[radio].queues[ac as usize] {
            return number;
        }
        let number = self.queues.len();
        self.radios[radio].queues[ac as usize] = Some(number);
        self.queues.push(Queue::new(radio, ac));
        self.apply(radio, number);
        let ifs = self.queues[number].ifs;
        self.queues[number].rebase(self.radios[radio].resume(ifs));
        number
    }

    /// Gives a queue the parameters of its radio.
    fn apply(&mut self, radio: usize, queue: usize) {
        let Radio { config, timing, .. } = &self.radios[radio];
        let queue = &mut self.queues[queue];
        let access = config.access[queue.ac as usize];
        queue.configure(access, config.phy.wmm, timing.slot, timing.sifs);
    }
}
