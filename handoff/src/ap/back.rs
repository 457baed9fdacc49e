//! A station that left is back before anybody claimed it: the other access point refused it, or it
//! changed its mind.

use rether_proto::mac::MacAddr;

use super::Ap;
use crate::anchor::Anchor;

impl<A: Anchor> Ap<A> {
    /// It is authorised again before anybody claimed it. Its access point knows that a moment earlier
    /// than its own kernel does, which would drop what is in the pen.
    pub(super) fn came_back(&mut self, station: MacAddr) {
        let Some(known) = self.stations.get_mut(&station) else {
            return;
        };
        let receives = self.now + known.deaf(&self.config);
        if let Some(old) = &mut known.old {
            old.back.get_or_insert(receives);
        }
    }

    /// It receives; returns whether it had come back.
    pub(super) fn is_heard_again(&mut self, station: MacAddr) -> bool {
        let back = self.old(station).and_then(|old| old.back.take()).is_some();
        if back {
            self.stayed(station);
        }
        back
    }
}
