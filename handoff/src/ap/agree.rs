//! Stations that agree to move when they are asked to (802.11v): about to leave, or not.
//!
//! Such a station goes of its own accord: nobody lets it go, and what the radio was given last may
//! not have arrived. Most go at once; some look around first, and some stay after all. So what
//! comes for it is held, and while nobody claims it the radio is asked again and again whether it
//! is still here.

use rether_proto::mac::MacAddr;
use rether_proto::time::Duration;

use super::old::Old;
use super::{Ap, ApOutput};
use crate::anchor::Anchor;
use crate::id::ApId;

/// What comes for a station that stays waits for so long, and for the answer of the radio: less than
/// the play-out delay of a call. One that moves has left the channel by then, if only to look.
const CHECK: Duration = Duration::from_millis(50);
/// It is not believed again for so long: each time costs others a message, and airtime that is held.
const AGAIN: Duration = Duration::from_secs(1);

impl<A: Anchor> Ap<A> {
    /// It has agreed to move, to `to` if that is one of this site.
    pub(super) fn agreed(&mut self, station: MacAddr, to: Option<ApId>) {
        let now = self.now;
        let before = self.stations.get(&station).and_then(|known| known.agreed);
        if before.is_some_and(|at| now.since(at) < AGAIN) || !self.is_home(station) {
            return;
        }
        let to = to.filter(|to| self.can_reach(*to));
        let to = to.or_else(|| self.likeliest(station));
        let Some(old) = self.open_pen(station) else {
            return;
        };
        old.own_accord = true;
        old.check = Some(now + CHECK);
        // Its agent may be waiting for that candidate's answer.
        let asked = old.asked.filter(|_| old.target == to);
        if let Some(known) = self.stations.get_mut(&station) {
            known.agreed = Some(now);
        }
        if let Some(to) = to {
            self.send_prepare(station, to, asked);
        }
        self.out.push_back(ApOutput::Drain(station));
    }

    /// Where it goes, as far as is known.
    fn likeliest(&self, station: MacAddr) -> Option<ApId> {
        let before = self.stations.get(&station)?.trail.before();
        let likely = self.graph.likely(before, self.config.own);
        likely.into_iter().find(|id| self.can_reach(*id))
    }

    /// The radio has been asked whether it is here.
    pub(super) fn checked(&mut self, station: MacAddr, here: bool) {
        if here && self.old(station).is_some_and(|old| old.may_stay()) {
            self.stayed(station);
        }
    }

    /// Asks the radio, if it is time.
    pub(super) fn check(&mut self, station: MacAddr) {
        let now = self.now;
        if let Some(check) = self.old(station).and_then(|old| old.check.as_mut())
            && *check <= now
        {
            *check = now + CHECK;
            self.out.push_back(ApOutput::Probe(station));
        }
    }
}

impl Old {
    /// It has agreed to move, and nothing more is known of it.
    pub(super) const fn may_stay(&self) -> bool {
        self.check.is_some()
    }
}
