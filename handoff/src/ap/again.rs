//! Where a station is, is said again until the others have heard it: a claim that nobody answered, and
//! the word that a station is here, may all have been lost while their peer was there.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::ops::Bound;

use rether_proto::mac::MacAddr;
use rether_proto::time::{Duration, Instant};

use super::Ap;
use crate::anchor::Anchor;
use crate::id::ApId;

/// What the channel has given up is tried again after so long; each time the channel repeats it.
const AGAIN: Duration = Duration::from_millis(10);
/// So many at a time: a peer that is silent, and not yet known to be down, costs no more.
const MOST: usize = 16;

/// Who has not heard of which stations.
#[derive(Clone, Debug, Default)]
pub(super) struct Untold {
    /// At most each peer of each station.
    who: BTreeSet<(MacAddr, ApId)>,
    /// Whose turn it was last.
    last: (MacAddr, ApId),
    next: Option<Instant>,
}

impl Untold {
    pub(super) const fn timer(&self) -> Option<Instant> {
        self.next
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.who.len()
    }

    /// Those whose turn it is, each after all others.
    fn take(&mut self) -> Vec<(MacAddr, ApId)> {
        let later = self
            .who
            .range((Bound::Excluded(self.last), Bound::Unbounded));
        let turn = later.chain(self.who.range(..=self.last)).take(MOST);
        let turn: Vec<_> = turn.copied().collect();
        for one in &turn {
            self.who.remove(one);
            self.last = *one;
        }
        turn
    }
}

impl<A: Anchor> Ap<A> {
    /// `to` did not answer when it was told of a station.
    pub(super) fn untold(&mut self, station: MacAddr, to: ApId) {
        self.untold.who.insert((station, to));
        self.untold.next.get_or_insert(self.now + AGAIN);
    }

    /// Tells them again, if the station is still this one's and they are still there. Who comes up
    /// again is told of all stations then.
    pub(super) fn tell_again(&mut self) {
        for (station, to) in self.untold.take() {
            let known = self.stations.get(&station);
            if known.is_some_and(|known| known.is_of(self.config.own)) && self.can_reach(to) {
                self.push_to(to, station);
            }
        }
        let more = !self.untold.who.is_empty();
        self.untold.next = more.then_some(self.now + AGAIN);
    }
}
