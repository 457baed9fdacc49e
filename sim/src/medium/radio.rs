//! Radios: what they are, and what changes about them.

use rether_proto::airtime::Rate;
use rether_proto::time::{Duration, Instant};

use super::links::Place;
use super::queue::Queue;
use super::timing::Timing;
use super::{Ac, Counters, Medium, Position, RadioConfig, RadioId, reception};

#[derive(Clone, Debug)]
pub(super) struct Radio {
    pub(super) config: RadioConfig,
    pub(super) timing: Timing,
    /// The queue of each access category, made when its first frame comes.
    pub(super) queues: [Option<usize>; 4],
    pub(super) counters: Counters,
}

impl Radio {
    /// The medium is busy from `busy_at` on. Whose turn comes before sends, too.
    pub(super) fn interrupt(&self, carrier: &Carrier, busy_at: Instant, queues: &mut [Queue]) {
        for &number in self.queues.iter().flatten() {
            let queue = &mut queues[number];
            if !queue.engaged && queue.access_at >= busy_at {
                queue.interrupt(busy_at, carrier.resume(queue.ifs));
            }
        }
    }

    /// Its queues count from when `carrier` now says.
    pub(super) fn rebase(&self, carrier: &Carrier, queues: &mut [Queue]) {
        for &number in self.queues.iter().flatten() {
            let queue = &mut queues[number];
            if !queue.engaged {
                queue.rebase(carrier.resume(queue.ifs));
            }
        }
    }
}

/// What a radio knows of the medium. Every transmission changes it at everybody who hears it:
/// these are kept together, apart from the rest of the radios.
#[derive(Clone, Copy, Debug)]
pub(super) struct Carrier {
    /// Until when carrier sense or the NAV say busy.
    pub(super) sensed_until: Instant,
    /// Until when it sends, or when it last did.
    pub(super) sends_until: Instant,
    /// Until when it waits for an Ack.
    pub(super) waits_until: Instant,
    /// What EIFS adds to the inter-frame space behind `sensed_until`.
    pub(super) eifs: Duration,
}

impl Carrier {
    const fn idle() -> Self {
        Self {
            sensed_until: Instant::ZERO,
            sends_until: Instant::ZERO,
            waits_until: Instant::ZERO,
            eifs: Duration::ZERO,
        }
    }

    pub(super) fn busy_until(&self) -> Instant {
        self.sensed_until.max(self.waits_until)
    }

    /// From when on a queue with this inter-frame space counts slots.
    pub(super) fn resume(&self, ifs: Duration) -> Instant {
        (self.sensed_until + self.eifs).max(self.waits_until) + ifs
    }
}

impl Medium {
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
            counters: Counters::default(),
        });
        self.carriers.push(Carrier::idle());
        self.sense(id.index());
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

    /// Puts a radio on another frequency; what it sends or receives now is lost, and what is on
    /// the air there keeps it quiet.
    pub fn set_frequency(&mut self, radio: RadioId, frequency_mhz: u16) {
        let place = self.links.place(radio.index());
        if place.frequency_mhz != frequency_mhz {
            let index = radio.index();
            self.radios[index].config.frequency_mhz = frequency_mhz;
            self.air.spoil_all_of(index);
            let place = Place {
                frequency_mhz,
                ..place
            };
            self.links.set_place(index, place);
            self.sense(index);
        }
    }

    /// Moves a radio. If it comes to hear what is on the air, that keeps it quiet.
    pub fn move_radio(&mut self, radio: RadioId, position: Position) {
        self.radios[radio.index()].config.position = position;
        let place = self.links.place(radio.index());
        let place = Place { position, ..place };
        self.links.set_place(radio.index(), place);
        self.sense(radio.index());
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

    /// Carrier sense of a radio that has come to hear others: busy until they end.
    fn sense(&mut self, radio: usize) {
        let is_heard = |source: usize| self.links.hearers(source).contains(radio);
        let Some(end) = self.air.busy_until(is_heard) else {
            return;
        };
        let carrier = &mut self.carriers[radio];
        carrier.sensed_until = carrier.sensed_until.max(end);
        self.radios[radio].rebase(carrier, &mut self.queues);
        self.find_first();
    }

    pub(super) fn queue_of(&mut self, radio: usize, ac: Ac) -> usize {
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
        self.queues[number].rebase(self.carriers[radio].resume(ifs));
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
