//! The pen of a station that left: filled, sent after it, and closed when all of it has arrived.

use alloc::format;

use rether_proto::mac::MacAddr;
use rether_proto::time::Duration;

use super::old::Leaving;
use super::{Ap, ApOutput};
use crate::anchor::{Anchor, AnchorIn};
use crate::frame::Frame;
use crate::id::{ApId, PenId};
use crate::message::{Body, Data, Flushed, FlushedAck};
use crate::roam::Ending;

/// So many packets leave a pen at once, and then none for [`PACE`].
const BURST: usize = 16;
const PACE: Duration = Duration::from_millis(1);

impl<A: Anchor> Ap<A> {
    /// A frame for a station that is not here any more.
    pub(super) fn pen_in(&mut self, station: MacAddr, frame: Frame) {
        let (now, room) = (self.now, self.room());
        let Some(old) = self.old(station) else { return };
        old.pen.push(now, frame, room);
        match old.state {
            Leaving::Flushing { next, .. } if next <= now => self.pump(station),
            Leaving::Forwarding { .. } => self.pump(station),
            _ => {}
        }
    }

    pub(super) fn room(&self) -> usize {
        self.config.pens.saturating_sub(self.penned())
    }

    pub(super) fn flush(&mut self, station: MacAddr, to: ApId) {
        let now = self.now;
        if let Some(old) = self.old(station) {
            old.state = Leaving::Flushing { to, next: now };
            self.pump(station);
        }
    }

    /// Sends what is next, and says so when the pen is empty.
    pub(super) fn pump(&mut self, station: MacAddr) {
        let now = self.now;
        let Some((old, epoch)) = self.leaver(station) else {
            return;
        };
        let (Leaving::Flushing { to, .. } | Leaving::Forwarding { to, .. }) = old.state else {
            return;
        };
        let mut data = alloc::vec::Vec::new();
        for _ in 0..BURST {
            let Some((sequence, frame)) = old.pen.flush(now) else {
                break;
            };
            data.push(data_of(old.pen.id, sequence, frame));
        }
        if let Leaving::Flushing { next, .. } = &mut old.state {
            *next = now + PACE;
        }
        let done = old.pen.is_empty() && old.checked.is_none();
        for data in data {
            self.tell(to, station, epoch, Body::Data(data));
        }
        if done {
            self.checkpoint(station, to);
        }
    }

    /// All that was in the pen has gone: is any of it missing?
    fn checkpoint(&mut self, station: MacAddr, to: ApId) {
        let Some((old, epoch)) = self.leaver(station) else {
            return;
        };
        old.checked = Some(old.pen.next());
        let tally = old.pen.tally;
        let flushed = Flushed {
            pen: old.pen.id,
            next: old.pen.next(),
            held: tally.held,
            expired: tally.expired,
            dropped: tally.dropped,
            known: tally.known,
            oldest: old.pen.oldest,
        };
        self.tell(to, station, epoch, Body::Flushed(flushed));
    }

    pub(super) fn flush_answered(&mut self, station: MacAddr, from: ApId, ack: &FlushedAck) {
        let until = self.now + self.config.forward;
        let now = self.now;
        let Some((old, epoch)) = self.leaver(station) else {
            return;
        };
        let pen = old.pen.id;
        if pen != ack.pen {
            return;
        }
        let Some(below) = old.checked.take() else {
            return;
        };
        old.unanswered = 0;
        let again = old.pen.acknowledge(below, &ack.missing);
        let owes = old.pen.is_owed();
        for (sequence, frame) in again {
            let body = Body::Data(data_of(pen, sequence, frame));
            self.tell(from, station, epoch, body);
        }
        let Some(old) = self.old(station) else { return };
        if let Leaving::Flushing { to, .. } = old.state
            && old.pen.is_empty()
            && !owes
        {
            old.state = Leaving::Forwarding { to, until };
            old.record.flushed = Some(now);
            self.hand_over(station, to, Ending::Flushed);
        }
        if owes && self.old(station).is_some_and(|old| old.pen.is_empty()) {
            self.checkpoint(station, from);
        }
    }

    /// The other end has not said whether anything is missing.
    pub(super) fn flush_unanswered(&mut self, station: MacAddr, to: ApId) {
        /// It is asked so often, each time as often as the channel repeats it.
        const ROUNDS: u8 = 4;
        let until = self.now + self.config.forward;
        let now = self.now;
        let can_reach = self.can_reach(to);
        let Some(old) = self.old(station) else { return };
        if old.checked.take().is_none() {
            return;
        }
        old.unanswered = old.unanswered.saturating_add(1);
        if can_reach && old.unanswered < ROUNDS {
            return self.checkpoint(station, to);
        }
        let unsure = old.pen.unanswered(now);
        if matches!(old.state, Leaving::Flushing { to: other, .. } if other == to) {
            old.state = Leaving::Forwarding { to, until };
            old.record.culprit = Some(format!("{to} did not say that the pen was flushed"));
            old.record.missing = u32::try_from(unsure).unwrap_or(u32::MAX);
            self.hand_over(station, to, Ending::Alone);
        }
    }

    /// The station is the other's now.
    fn hand_over(&mut self, station: MacAddr, to: ApId, ending: Ending) {
        let now = self.now;
        let Some(known) = self.stations.get_mut(&station) else {
            return;
        };
        let (epoch, addresses) = (known.epoch, known.addresses());
        if let Some(old) = &mut known.old {
            old.record.switched = Some(now);
            let record = old.close(ending);
            self.record(record);
        }
        self.anchor_on(AnchorIn::Moved {
            station,
            to,
            epoch,
            addresses: &addresses,
        });
        self.out.push_back(ApOutput::Release(station));
        self.out.push_back(ApOutput::Forget(station));
    }

    /// What still comes for the station goes to another access point than before.
    pub(super) fn retarget(&mut self, station: MacAddr, to: ApId) {
        let until = self.now + self.config.forward;
        let fresh = self.new_pen();
        if let Some(old) = self.old(station) {
            old.pen.rename(fresh);
            old.checked = None;
            old.state = Leaving::Forwarding { to, until };
        }
    }

    /// Nothing for the station is caught any more.
    pub(super) fn close_pen(&mut self, station: MacAddr) {
        let Some(known) = self.stations.get_mut(&station) else {
            return;
        };
        known.old = None;
        let (epoch, addresses) = (known.epoch, known.addresses());
        let elsewhere = known.holder.filter(|holder| *holder != self.config.own);
        let comes = known.new.is_some();
        if let Some(to) = elsewhere {
            self.anchor_on(AnchorIn::Moved {
                station,
                to,
                epoch,
                addresses: &addresses,
            });
        }
        if !comes {
            self.catch(station, false);
        }
    }
}

fn data_of(pen: PenId, sequence: u32, frame: Frame) -> Data {
    Data {
        pen,
        sequence,
        source: frame.source,
        ether_type: frame.ether_type,
        payload: frame.payload,
    }
}
