//! What comes out of the pens of other access points, in its order.

use alloc::string::ToString;
use alloc::vec::Vec;

use rether_proto::mac::MacAddr;

use super::new::Arriving;
use super::{Ap, ApOutput};
use crate::anchor::Anchor;
use crate::frame::Frame;
use crate::id::{ApId, Epoch};
use crate::message::{Body, Data, Flushed, FlushedAck};
use crate::roam::Ending;

impl<A: Anchor> Ap<A> {
    /// A packet out of a pen. If the station has moved on, it goes after it.
    pub(super) fn data(&mut self, station: MacAddr, from: ApId, data: Data) {
        let now = self.now;
        let silence = self.config.silence;
        let Some(known) = self.stations.get_mut(&station) else {
            return;
        };
        let frame = Frame {
            source: data.source,
            ether_type: data.ether_type,
            payload: data.payload,
        };
        let order = known.order(from, data.pen);
        let ready = order.push(data.sequence, frame);
        known.gap = known.any_gap().then(|| known.gap.unwrap_or(now + silence));
        if let Some(new) = &mut known.new {
            new.record.first.get_or_insert(now);
            if let Arriving::Receiving { until, latest, .. } = &mut new.state {
                *until = (now + silence).min(*latest);
            }
        }
        self.forward_in(station, ready);
    }

    /// Packets whose turn it is go to the station, or into the pen if it has left.
    pub(super) fn forward_in(&mut self, station: MacAddr, ready: Vec<Frame>) {
        for frame in ready {
            let Some(known) = self.stations.get_mut(&station) else {
                return;
            };
            if known.old.as_ref().is_some_and(|old| old.is_away()) && known.new.is_none() {
                self.pen_in(station, frame);
            } else if known.present {
                if let Some(new) = &mut known.new {
                    new.record.flushed_packets += 1;
                    if new.deaf_until.is_some() {
                        new.parked.push(frame);
                        continue;
                    }
                }
                self.out.push_back(ApOutput::Inject { station, frame });
            } else {
                self.note(
                    station,
                    "a packet came for a station that is not here".to_string(),
                );
            }
        }
    }

    /// A pen is empty, if nothing is missing.
    pub(super) fn flushed(
        &mut self,
        station: MacAddr,
        from: ApId,
        epoch: Epoch,
        id: u32,
        flushed: Flushed,
    ) {
        let now = self.now;
        let Some(known) = self.stations.get_mut(&station) else {
            let ack = FlushedAck {
                pen: flushed.pen,
                missing: Vec::new(),
            };
            return self.reply(from, id, station, epoch, Body::FlushedAck(ack));
        };
        let missing = known.order(from, flushed.pen).missing_below(flushed.next);
        let complete = missing.is_empty();
        if let Some(new) = &mut known.new
            && matches!(new.state, Arriving::Receiving { from: whom, pen, .. } if (whom, pen) == (from, flushed.pen))
        {
            let record = &mut new.record;
            record.held = flushed.held;
            record.expired = flushed.expired;
            record.dropped = flushed.dropped;
            record.known = flushed.known;
            record.oldest = flushed.oldest;
            new.end = Some(((from, flushed.pen), flushed.next));
            if complete {
                record.flushed = Some(now);
            }
        }
        let ends = complete
            && known
                .new
                .as_ref()
                .is_some_and(|new| new.record.flushed.is_some());
        let ack = FlushedAck {
            pen: flushed.pen,
            missing,
        };
        self.reply(from, id, station, epoch, Body::FlushedAck(ack));
        if ends {
            self.settle(station, Ending::Flushed, None);
        }
    }

    /// A gap in what comes out of a pen is given up.
    pub(super) fn gap_timer(&mut self, station: MacAddr) {
        let Some(known) = self.stations.get_mut(&station) else {
            return;
        };
        known.gap = None;
        let ready: Vec<_> = known
            .orders
            .values_mut()
            .filter(|order| order.has_gap())
            .flat_map(super::order::Order::skip)
            .collect();
        let again = self.now + self.config.silence;
        known.gap = known.any_gap().then_some(again);
        self.forward_in(station, ready);
    }
}
