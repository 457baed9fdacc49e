//! Transmissions in flight, and who can not receive them any more.

use fixedbitset::FixedBitSet;
use rether_proto::airtime::Rate;
use rether_proto::time::Instant;

use super::{Destination, FrameId};

/// What is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The head frame of a queue.
    Frame {
        queue: usize,
        id: FrameId,
        to: Destination,
        octets: u32,
    },
    /// The Ack of the head frame of a queue.
    Ack { queue: usize },
}

/// One transmission.
#[derive(Clone, Debug)]
pub(super) struct Transmission {
    pub(super) source: usize,
    pub(super) kind: Kind,
    pub(super) rate: Rate,
    pub(super) start: Instant,
    pub(super) end: Instant,
    /// Radios at which something else spoils it.
    pub(super) spoiled: FixedBitSet,
}

/// All transmissions in flight. Places are used again, so that nothing is allocated once the most
/// that ever overlap have been.
#[derive(Clone, Debug, Default)]
pub(super) struct Air {
    places: Vec<Transmission>,
    free: Vec<usize>,
    flying: Vec<usize>,
}

impl Air {
    /// Adds a transmission; returns its place.
    pub(super) fn begin(
        &mut self,
        source: usize,
        kind: Kind,
        rate: Rate,
        (start, end): (Instant, Instant),
        radios: usize,
    ) -> usize {
        let place = self.free.pop().unwrap_or(self.places.len());
        if place == self.places.len() {
            self.places.push(Transmission {
                source,
                kind,
                rate,
                start,
                end,
                spoiled: FixedBitSet::new(),
            });
        }
        let new = &mut self.places[place];
        new.source = source;
        new.kind = kind;
        new.rate = rate;
        new.start = start;
        new.end = end;
        new.spoiled.grow(radios);
        new.spoiled.clear();
        self.flying.push(place);
        place
    }

    /// It is over: nothing that begins now disturbs it.
    pub(super) fn land(&mut self, place: usize) {
        self.flying.retain(|other| *other != place);
    }

    /// Its place may be used again.
    pub(super) fn release(&mut self, place: usize) {
        self.free.push(place);
    }

    pub(super) fn get(&self, place: usize) -> &Transmission {
        &self.places[place]
    }

    /// Number of transmissions in flight.
    pub(super) fn flying(&self) -> usize {
        self.flying.len()
    }

    /// The place of the `number`-th transmission in flight.
    pub(super) fn flying_at(&self, number: usize) -> usize {
        self.flying[number]
    }

    /// Both, to be changed.
    pub(super) fn pair(
        &mut self,
        one: usize,
        other: usize,
    ) -> Option<(&mut Transmission, &mut Transmission)> {
        let [one, other] = self.places.get_disjoint_mut([one, other]).ok()?;
        Some((one, other))
    }

    /// What is in flight is lost to a radio, and what it sends to everybody.
    pub(super) fn spoil_all_of(&mut self, radio: usize) {
        for place in &self.flying {
            let transmission = &mut self.places[*place];
            transmission.spoiled.grow_and_insert(radio);
            if transmission.source == radio {
                transmission.spoiled.insert_range(..);
            }
        }
    }

    /// When the last transmission ends of those whose source `is_heard`.
    pub(super) fn busy_until(&self, is_heard: impl Fn(usize) -> bool) -> Option<Instant> {
        let flying = self.flying.iter().map(|place| &self.places[*place]);
        let heard = flying.filter(|transmission| is_heard(transmission.source));
        heard.map(|transmission| transmission.end).max()
    }
}
