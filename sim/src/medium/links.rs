//! Who hears whom, and how strong.

use fixedbitset::FixedBitSet;

use super::{Position, Propagation};

/// A radio as the links see it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) position: Position,
    pub(super) frequency_mhz: u16,
}

/// Signal strength and hearing between all radios, kept up to date as they move.
#[derive(Clone, Debug)]
pub(super) struct Links {
    propagation: Propagation,
    places: Vec<Place>,
    /// By transmitter, then by receiver, in dBm.
    signal: Vec<Vec<f32>>,
    /// By transmitter: the radios that hear it, never itself.
    hearers: Vec<FixedBitSet>,
}

impl Links {
    pub(super) const fn new(propagation: Propagation) -> Self {
        Self {
            propagation,
            places: Vec::new(),
            signal: Vec::new(),
            hearers: Vec::new(),
        }
    }

    /// True if all radios of a frequency hear each other without errors.
    pub(super) const fn is_flat(&self) -> bool {
        matches!(self.propagation, Propagation::Uniform(_))
    }

    pub(super) fn add(&mut self, place: Place) {
        self.places.push(place);
        let count = self.places.len();
        for row in &mut self.signal {
            row.push(f32::NEG_INFINITY);
        }
        self.signal.push(vec![f32::NEG_INFINITY; count]);
        self.hearers.push(FixedBitSet::with_capacity(count));
        for hearers in &mut self.hearers {
            hearers.grow(count);
        }
        self.update(count - 1);
    }

    pub(super) fn place(&self, radio: usize) -> Place {
        self.places[radio]
    }

    pub(super) fn set_place(&mut self, radio: usize, place: Place) {
        self.places[radio] = place;
        self.update(radio);
    }

    pub(super) fn hearers(&self, source: usize) -> &FixedBitSet {
        &self.hearers[source]
    }

    pub(super) fn signal_dbm(&self, from: usize, to: usize) -> f32 {
        self.signal[from][to]
    }

    /// Works the links of one radio out anew. They are the same both ways: all radios send with
    /// the same power.
    fn update(&mut self, radio: usize) {
        let here = self.places[radio];
        for other in 0..self.places.len() {
            let there = self.places[other];
            let signal =
                self.propagation
                    .signal_dbm(here.position, there.position, here.frequency_mhz);
            let hears = other != radio
                && here.frequency_mhz == there.frequency_mhz
                && self.propagation.is_heard(signal);
            #[expect(
                clippy::cast_possible_truncation,
                reason = "a hundredth of a dB is more than enough"
            )]
            let signal = signal as f32;
            self.signal[radio][other] = signal;
            self.signal[other][radio] = signal;
            self.hearers[radio].set(other, hears);
            self.hearers[other].set(radio, hears);
        }
    }
}
