//! How transmissions end: received or not, acknowledged or not, and what the sender does next.

use rether_proto::time::Instant;

use super::agenda::Occurrence;
use super::air::{Kind, Transmission};
use super::reception::{NOISE_DBM, error_rate, is_readable};
use super::{CollisionRx, Destination, Event, Medium, RadioId};

/// Errors are drawn with this many steps.
const CERTAIN: u64 = 1 << 32;

fn id(radio: usize) -> RadioId {
    RadioId(u32::try_from(radio).unwrap_or(u32::MAX))
}

impl Medium {
    pub(super) fn end(&mut self, place: usize) {
        self.air.land(place);
        let transmission = self.air.get(place);
        let (kind, at) = (transmission.kind, transmission.end);
        match kind {
            Kind::Frame { queue, to, .. } => {
                let received = match to {
                    Destination::Radio(radio) => self.receives(place, radio.index()),
                    Destination::Group | Destination::Nobody => false,
                };
                self.heard(place, to, received);
                self.frame_ended(place, at, queue, to, received);
            }
            Kind::Ack { queue } => {
                let sender = self.queues[queue].radio;
                let received = self.receives(place, sender);
                self.heard(place, Destination::Radio(id(sender)), received);
                if received {
                    let from = self.air.get(place).source;
                    let signal_dbm = self.links.signal_dbm(from, sender);
                    self.acknowledged(at, queue, signal_dbm);
                } else {
                    let at = at.max(self.carriers[sender].waits_until);
                    self.agenda.add(at, Occurrence::NoAck { queue });
                }
            }
        }
        self.air.release(place);
    }

    fn frame_ended(
        &mut self,
        place: usize,
        at: Instant,
        queue: usize,
        to: Destination,
        received: bool,
    ) {
        let sender = self.queues[queue].radio;
        match to {
            Destination::Radio(receiver) if received => {
                if !self.queues[queue].delivered {
                    self.queues[queue].delivered = true;
                    self.deliver(place, at, receiver.index());
                }
                let radio = receiver.index();
                let at = at + self.radios[radio].timing.sifs;
                self.agenda.add(at, Occurrence::Ack { radio, queue });
            }
            Destination::Group => {
                for hearer in 0..self.radios.len() {
                    if self.receives(place, hearer) {
                        self.deliver(place, at, hearer);
                    }
                }
                self.succeeded(at, queue, false, f32::NEG_INFINITY);
            }
            Destination::Radio(_) | Destination::Nobody => {
                let at = self.carriers[sender].waits_until;
                self.agenda.add(at, Occurrence::NoAck { queue });
            }
        }
    }

    fn deliver(&mut self, place: usize, at: Instant, receiver: usize) {
        let Transmission {
            source, kind, rate, ..
        } = *self.air.get(place);
        if let Kind::Frame { id: frame, .. } = kind {
            self.events.push_back(Event::Received {
                at,
                radio: id(receiver),
                from: id(source),
                frame,
                rate,
                signal_dbm: self.links.signal_dbm(source, receiver),
            });
        }
    }

    /// Whether a radio receives a transmission that has just ended.
    fn receives(&mut self, place: usize, receiver: usize) -> bool {
        let transmission = self.air.get(place);
        let source = transmission.source;
        if transmission.spoiled.contains(receiver) || !self.links.hearers(source).contains(receiver)
        {
            return false;
        }
        if self.links.is_flat() {
            return true;
        }
        let octets = match transmission.kind {
            Kind::Frame { octets, .. } => octets,
            Kind::Ack { .. } => 14,
        };
        let snr_db = f64::from(self.links.signal_dbm(source, receiver)) - NOISE_DBM;
        let lost = error_rate(transmission.rate, snr_db, octets);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "between 0 and 2^32"
        )]
        let lost = (lost * CERTAIN as f64) as u64;
        lost == 0 || self.rng.below(CERTAIN) >= lost
    }

    /// What those do who heard a transmission. The NAV keeps those quiet who could read it and
    /// whom it was not for, until its Ack is over (clause 10.3.2.4), even if none comes; EIFS
    /// those who could not (clause 10.3.2.3.7), its addressee included.
    fn heard(&mut self, place: usize, to: Destination, received: bool) {
        let transmission = self.air.get(place);
        let Transmission {
            source,
            kind,
            rate,
            start,
            end,
            ..
        } = *transmission;
        let hearers = self.links.hearers(source);
        let eifs_after_collision = self.config.collision_rx == CollisionRx::Eifs;
        if !eifs_after_collision && hearers.is_subset(&transmission.spoiled) {
            return;
        }
        let timing = &self.radios[source].timing;
        let nav = match kind {
            Kind::Frame { .. } if to != Destination::Group => {
                end + timing.sifs + timing.ack(timing.ack_rate(rate))
            }
            // Nothing follows, and everybody could read it.
            Kind::Ack { .. } if self.links.is_flat() && transmission.spoiled.is_clear() => return,
            Kind::Frame { .. } | Kind::Ack { .. } => end,
        };
        let is_flat = self.links.is_flat();
        for hearer in hearers.ones() {
            let addressed = to == Destination::Radio(id(hearer));
            if addressed && received {
                continue;
            }
            let spoiled = transmission.spoiled.contains(hearer);
            let carrier = &mut self.carriers[hearer];
            let reads = || {
                let signal_dbm = self.links.signal_dbm(source, hearer);
                is_flat || is_readable(rate, f64::from(signal_dbm) - NOISE_DBM)
            };
            if !spoiled && !addressed && reads() {
                if nav <= carrier.sensed_until {
                    continue;
                }
                carrier.sensed_until = nav;
            } else if (!spoiled || eifs_after_collision)
                && carrier.sensed_until == end
                && carrier.sends_until <= start
            {
                // Who was sending when it began has not noticed a frame.
                carrier.eifs = self.radios[hearer].timing.eifs_extra;
            } else {
                continue;
            }
            self.radios[hearer].rebase(carrier, &mut self.queues);
        }
    }

    fn acknowledged(&mut self, at: Instant, queue: usize, signal_dbm: f32) {
        let radio = self.queues[queue].radio;
        self.carriers[radio].waits_until = at;
        self.radios[radio].counters.acked += 1;
        self.succeeded(at, queue, true, signal_dbm);
    }

    /// The head frame of a queue is done; the TXOP goes on, or a new backoff begins.
    fn succeeded(&mut self, at: Instant, number: usize, acked: bool, signal_dbm: f32) {
        let queue = &mut self.queues[number];
        let (radio, carrier) = (&self.radios[queue.radio], &self.carriers[queue.radio]);
        if let Some((frame, tries)) = queue.succeed() {
            self.events.push_back(Event::Done {
                at,
                radio: id(queue.radio),
                frame: frame.id,
                acked,
                tries,
                signal_dbm,
            });
        }
        let sifs = radio.timing.sifs;
        if !queue.access.txop.is_zero()
            && let Some((frame, rate)) = queue.head().zip(queue.rate())
            && at + sifs + radio.timing.exchange(rate, frame.psdu_octets) <= queue.txop_end
        {
            self.agenda
                .add(at + sifs, Occurrence::Burst { queue: number });
        } else {
            queue.engaged = false;
            queue.back_off(carrier.resume(queue.ifs), &mut self.rng);
        }
        // The others of the radio waited for an Ack timeout that does not come.
        radio.rebase(carrier, &mut self.queues);
    }

    pub(super) fn unacknowledged(&mut self, at: Instant, number: usize) {
        let queue = &mut self.queues[number];
        queue.engaged = false;
        if let Some((frame, rate)) = queue.head().zip(queue.rate_on_air()) {
            let radio = &mut self.radios[queue.radio];
            radio.counters.wasted += radio.timing.frame(rate, frame.psdu_octets);
        }
        self.fail(at, number);
    }

    /// A try of the head frame of a queue came to nothing.
    pub(super) fn fail(&mut self, at: Instant, number: usize) {
        let queue = &mut self.queues[number];
        let radio = &mut self.radios[queue.radio];
        if let Some((frame, tries)) = queue.fail(radio.config.retry_limit) {
            radio.counters.dropped += 1;
            self.events.push_back(Event::Done {
                at,
                radio: id(queue.radio),
                frame: frame.id,
                acked: false,
                tries,
                signal_dbm: f32::NEG_INFINITY,
            });
        }
        let resume = self.carriers[queue.radio].resume(queue.ifs);
        queue.back_off(resume, &mut self.rng);
    }
}
