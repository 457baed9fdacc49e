//! Another access point claims a station: whether that holds, and what is sent after the station.

use rether_proto::mac::MacAddr;
use rether_proto::time::Duration;

use super::old::{Leaving, Old, Then};
use super::{Ap, ApOutput};
use crate::anchor::Anchor;
use crate::id::{ApId, Epoch, PenId};
use crate::message::{Arrived, ArrivedAck, Body, Claim};
use crate::roam::{RoamRecord, Side};

/// The kernel may take so long to say when the station was last heard.
const IDLE: Duration = Duration::from_millis(5);

impl<A: Anchor> Ap<A> {
    /// Another access point has the station.
    pub(super) fn claimed(
        &mut self,
        station: MacAddr,
        from: ApId,
        epoch: Epoch,
        id: u32,
        arrived: &Arrived,
    ) {
        let outcome = self.judge(station, from, epoch);
        let context = self.stations.get(&station).filter(|_| outcome.is_ok());
        let context = context.and_then(|known| known.context.clone());
        let then = match outcome {
            Ok(()) => self.yield_to(station, from, epoch),
            Err(_) => Then::Wait,
        };
        let pen = self
            .old(station)
            .map_or_else(PenId::default, |old| old.pen.id);
        let body = Body::ArrivedAck(ArrivedAck {
            outcome: outcome.err().unwrap_or(Claim::Flushing(pen)),
            context,
        });
        self.reply(from, id, station, epoch, body);
        self.give_up_to(station, from, then, arrived.seen.as_deref());
    }

    /// Sends after a station what waits for it.
    pub(super) fn give_up_to(
        &mut self,
        station: MacAddr,
        from: ApId,
        then: Then,
        seen: Option<&[u32]>,
    ) {
        match then {
            Then::Wait => {}
            Then::Flush => self.flush(station, from),
            Then::Replay => match seen {
                Some(seen) => self.replay(station, from, Duration::ZERO, Some(seen)),
                None if self.old(station).is_some_and(|old| old.own_accord) => {
                    // It was here when it agreed to go.
                    self.replay(station, from, self.config.shadow, None);
                }
                None => {
                    let until = self.now + IDLE;
                    if let Some(old) = self.old(station) {
                        old.state = Leaving::Asking { to: from, until };
                    }
                    self.out.push_back(ApOutput::AskIdle(station));
                }
            },
        }
    }

    /// Whether a claim holds.
    fn judge(&self, station: MacAddr, from: ApId, epoch: Epoch) -> Result<(), Claim> {
        let Some(known) = self.stations.get(&station) else {
            return Err(Claim::Unknown);
        };
        let involved = known.present || known.old.is_some();
        let ours = (known.epoch, known.holder.unwrap_or(self.config.own));
        match ((epoch, from) < ours, involved) {
            (true, _) => Err(Claim::Outdated(known.epoch)),
            (false, false) => Err(Claim::Unknown),
            (false, true) => Ok(()),
        }
    }

    /// The station is another's. What is to be done when that has been said?
    pub(super) fn yield_to(&mut self, station: MacAddr, to: ApId, epoch: Epoch) -> Then {
        let now = self.now;
        let Some(known) = self.stations.get_mut(&station) else {
            return Then::Wait;
        };
        known.touched = now;
        let again = (known.epoch, known.holder) == (epoch, Some(to));
        (known.epoch, known.holder) = (epoch, Some(to));
        known.present = false;
        let away = known.old.as_ref().is_some_and(Old::is_away);
        let new = known.new.take();
        if !away {
            self.begin(station, Leaving::Holding { until: now });
            self.catch(station, true);
        }
        let fresh = self.new_pen();
        let reaches = self.reachable();
        let Some(old) = self.old(station) else {
            return Then::Wait;
        };
        let cancelled = old.target.replace(to).filter(|target| *target != to);
        (old.asked, old.check, old.back) = (None, None, None);
        old.record.epoch = epoch;
        old.record.peer = Some(to);
        old.record.claimed.get_or_insert(now);
        old.record.left.get_or_insert(now);
        let let_go = old.record.announced && !old.own_accord;
        let then = match old.state {
            Leaving::Flushing { to: other, .. } | Leaving::Forwarding { to: other, .. } => {
                if again && other == to {
                    return Then::Wait;
                }
                // Whom it was flushed to before has its own pen for it by now; if it lives.
                if other != to && (!reaches.contains(&other) || old.unanswered > 0) {
                    old.pen.reclaim();
                }
                old.pen.rename(fresh);
                old.checked = None;
                old.unanswered = 0;
                old.record = RoamRecord::new(station, Side::Old, epoch);
                old.record.peer = Some(to);
                old.record.claimed = Some(now);
                Then::Flush
            }
            Leaving::Asking { .. } => Then::Flush,
            _ if let_go => Then::Flush,
            _ => Then::Replay,
        };
        if let Some(wrong) = cancelled {
            self.tell(wrong, station, epoch, Body::Cancel);
        }
        if let Some(new) = new {
            // It has moved on before it had settled here.
            self.let_go(station, new.into_waiting());
        }
        then
    }

    /// How long the radio has not heard the station.
    pub(super) fn idle(&mut self, station: MacAddr, span: Duration) {
        let shadow = self.config.shadow;
        if let Some(Leaving::Asking { to, .. }) = self.old(station).map(|old| old.state) {
            self.replay(station, to, span + shadow, None);
        }
    }

    /// What was sent last, and may not have arrived, goes into the pen, before all else.
    pub(super) fn replay(
        &mut self,
        station: MacAddr,
        to: ApId,
        span: Duration,
        seen: Option<&[u32]>,
    ) {
        let now = self.now;
        let room = self.room();
        let Some(known) = self.stations.get_mut(&station) else {
            return;
        };
        let Some(old) = &mut known.old else { return };
        let since_left = old
            .record
            .left
            .map_or(Duration::ZERO, |left| now.since(left));
        let (again, count) = known.shadow.replay(now, span + since_left, seen);
        old.pen.tally.known += count;
        old.pen.prepend(again, room);
        self.flush(station, to);
    }
}
