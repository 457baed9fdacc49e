//! What the medium has in hand: a few occurrences, the earliest taken first.

use rether_proto::time::Instant;

/// Something that must happen at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Occurrence {
    /// The last bit of a transmission.
    End {
        /// Its place in [`super::air::Air`].
        transmission: usize,
    },
    /// A receiver acknowledges.
    Ack {
        /// Who acknowledges.
        radio: usize,
        /// The queue whose frame it was.
        queue: usize,
    },
    /// No Ack came for the frame of a queue.
    NoAck {
        /// Which queue.
        queue: usize,
    },
    /// The next frame of a TXOP.
    Burst {
        /// The queue that holds the TXOP.
        queue: usize,
    },
}

/// A sorted list. There are seldom more than four entries, one or two for each cell, so that this
/// is faster than a heap.
#[derive(Clone, Debug, Default)]
pub(super) struct Agenda(Vec<(Instant, Occurrence)>);

impl Agenda {
    /// Of occurrences at the same time, the one that was added first comes first.
    pub(super) fn add(&mut self, at: Instant, what: Occurrence) {
        let place = self.0.iter().rposition(|(other, _)| *other > at);
        self.0
            .insert(place.map_or(0, |place| place + 1), (at, what));
    }

    pub(super) fn next_time(&self) -> Option<Instant> {
        self.0.last().map(|(at, _)| *at)
    }

    pub(super) fn take(&mut self) -> Option<(Instant, Occurrence)> {
        self.0.pop()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn earliest_first_and_first_come_among_equals() {
        let mut agenda = Agenda::default();
        for (at, queue) in [(5, 0), (3, 1), (5, 2), (4, 3), (3, 4)] {
            agenda.add(Instant::from_nanos(at), Occurrence::NoAck { queue });
        }
        let order: Vec<_> = std::iter::from_fn(|| agenda.take())
            .map(|(_, what)| match what {
                Occurrence::NoAck { queue } => queue,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(order, [1, 4, 3, 0, 2]);
    }
}
