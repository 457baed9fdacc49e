//! Getting at the medium: who sends, and what that does to everybody who hears it.

use rether_proto::airtime::Rate;
use rether_proto::time::{Duration, Instant};

use super::agenda::Occurrence;
use super::air::Kind;
use super::{Capture, Destination, Event, Medium, OnAir};

impl Medium {
    /// The countdown of a queue is over. Of several queues of its radio the highest access
    /// category sends; to the others it is a collision (clause 10.22.2.2).
    pub(super) fn access(&mut self, queue: usize) {
        let (radio, at) = (self.queues[queue].radio, self.queues[queue].access_at);
        let due = |medium: &Self, other: usize| medium.queues[other].access_at == at;
        let own = self.radios[radio]
            .queues
            .map(|own| own.filter(|own| due(self, *own)));
        let mut own = own.into_iter().flatten();
        let winner = own.next_back().unwrap_or(queue);
        let access = &mut self.queues[winner];
        access.txop_end = at + access.access.txop;
        self.transmit(at, winner);
        for loser in own {
            self.radios[radio].counters.internal_collisions += 1;
            self.fail(at, loser);
        }
    }

    /// Puts the head frame of a queue on the air.
    pub(super) fn transmit(&mut self, at: Instant, number: usize) {
        let queue = &mut self.queues[number];
        let (Some(&frame), Some(rate)) = (queue.head(), queue.rate()) else {
            return;
        };
        queue.engaged = true;
        queue.access_at = super::NEVER;
        let attempt = queue.tries;
        queue.tries = queue.tries.saturating_add(1);
        let source = queue.radio;
        let radio = &mut self.radios[source];
        let duration = radio.timing.frame(rate, frame.psdu_octets);
        let until = at + duration;
        radio.counters.airtime += duration;
        if frame.to == Destination::Group {
            radio.counters.group += 1;
        } else {
            radio.counters.transmissions += 1;
            self.carriers[source].waits_until = until + radio.timing.ack_timeout(rate);
        }
        let kind = Kind::Frame {
            queue: number,
            id: frame.id,
            to: frame.to,
            octets: frame.psdu_octets,
        };
        if self.config.trace {
            let what = OnAir::Frame {
                frame: frame.id,
                attempt,
            };
            self.tell_on_air((at, until), source, what, rate);
        }
        self.begin(source, kind, rate, at, duration);
    }

    /// The receiver of the frame of a queue acknowledges it.
    pub(super) fn acknowledge(&mut self, at: Instant, radio: usize, queue: usize) {
        let from = &self.queues[queue];
        let Some((frame, rate)) = from.head().zip(from.rate_on_air()) else {
            return;
        };
        let what = OnAir::Ack { frame: frame.id };
        let timing = &self.radios[radio].timing;
        let rate = timing.ack_rate(rate);
        let duration = timing.ack(rate);
        self.radios[radio].counters.ack_airtime += duration;
        if self.config.trace {
            self.tell_on_air((at, at + duration), radio, what, rate);
        }
        self.begin(radio, Kind::Ack { queue }, rate, at, duration);
    }

    fn tell_on_air(
        &mut self,
        (at, until): (Instant, Instant),
        radio: usize,
        what: OnAir,
        rate: Rate,
    ) {
        let radio = super::RadioId(u32::try_from(radio).unwrap_or(u32::MAX));
        self.events.push_back(Event::OnAir {
            at,
            until,
            radio,
            what,
            rate,
        });
    }

    fn begin(&mut self, source: usize, kind: Kind, rate: Rate, at: Instant, duration: Duration) {
        let end = at + duration;
        let place = self
            .air
            .begin(source, kind, rate, (at, end), self.radios.len());
        // The last one in flight is the new one.
        for number in 0..self.air.flying() - 1 {
            self.overlap(self.air.flying_at(number), place);
        }
        self.occupy(source, at, end);
        self.agenda.add(
            end,
            Occurrence::End {
                transmission: place,
            },
        );
    }

    /// Everybody who hears `source` finds the medium busy until `end`, a moment after `at`.
    fn occupy(&mut self, source: usize, at: Instant, end: Instant) {
        // Whose turn comes at the same instant cannot have noticed anything.
        let noticed = at + self.config.cca_time.max(Duration::from_nanos(1));
        for hearer in self.links.hearers(source).ones() {
            let carrier = &mut self.carriers[hearer];
            // Many know already: by the NAV of the frame before an Ack, or by another frame that
            // began with this one.
            if carrier.sensed_until >= end && carrier.eifs.is_zero() {
                continue;
            }
            carrier.sensed_until = carrier.sensed_until.max(end);
            carrier.eifs = Duration::ZERO;
            self.radios[hearer].interrupt(carrier, noticed, &mut self.queues);
        }
        let own = &mut self.carriers[source];
        own.sensed_until = own.sensed_until.max(end);
        own.sends_until = end;
        own.eifs = Duration::ZERO;
        self.radios[source].interrupt(own, at, &mut self.queues);
    }

    /// Two transmissions overlap: where both are heard, or one is sent, they disturb each other.
    fn overlap(&mut self, earlier: usize, later: usize) {
        let Some((earlier, later)) = self.air.pair(earlier, later) else {
            return;
        };
        let (one, other) = (earlier.source, later.source);
        let (hear_one, hear_other) = (self.links.hearers(one), self.links.hearers(other));
        // Radios that were added since the earlier one began are beyond the end of its set.
        earlier.spoiled.grow_and_insert(other);
        later.spoiled.insert(one);
        match self.config.capture {
            Capture::Off => {
                earlier.spoiled.union_with(hear_other);
                later.spoiled.union_with(hear_one);
            }
            Capture::On(margin) => {
                // A receiver looks for a stronger preamble only while it takes in the first one.
                let preamble = self.radios[one].timing.preamble(earlier.rate);
                let in_time = later.start.since(earlier.start) <= preamble;
                for receiver in hear_one.intersection(hear_other) {
                    let lead = self.links.signal_dbm(one, receiver)
                        - self.links.signal_dbm(other, receiver);
                    if lead < margin {
                        earlier.spoiled.grow_and_insert(receiver);
                    }
                    if -lead < margin || !in_time {
                        later.spoiled.insert(receiver);
                    }
                }
            }
        }
    }
}
