//! The new access point: a station comes, and settles when all that waited for it elsewhere is here.

use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use rether_proto::mac::MacAddr;

use super::new::{Arriving, New};
use super::{Ap, ApOutput, CaughtId, Station};
use crate::anchor::{Anchor, AnchorIn};
use crate::frame::Frame;
use crate::id::{ApId, Epoch};
use crate::message::{Admission, Body, Prepare};
use crate::roam::Ending;

impl<A: Anchor> Ap<A> {
    /// A station of a neighbour may come here.
    pub(super) fn prepared(
        &mut self,
        station: MacAddr,
        from: ApId,
        epoch: Epoch,
        id: u32,
        prepare: Prepare,
    ) {
        let (now, until) = (self.now, self.now + self.config.patience);
        let known = self.stations.entry(station).or_default();
        known.touched = now;
        let outdated = (epoch, Some(from)) < (known.epoch, known.holder);
        let came = known.new.as_ref().is_some_and(New::is_authorised);
        if outdated || came || known.present {
            let body = Body::Ready(Admission::default());
            return self.reply(from, id, station, epoch, body);
        }
        (known.epoch, known.holder) = (epoch, Some(from));
        let promises = prepare.context.promises.clone();
        known.context = Some(prepare.context);
        let new = known
            .new
            .get_or_insert_with(|| New::begin(Arriving::Primed { until }, station, epoch.next()));
        if matches!(new.state, Arriving::Primed { .. }) {
            new.state = Arriving::Primed { until };
        }
        (new.from, new.pen) = (Some(from), Some(prepare.pen));
        new.own_accord = prepare.own_accord;
        new.record.announced = true;
        new.record.prepared = Some(now);
        new.record.peer = Some(from);
        new.asking = Some((from, id));
        // While it forwards for the station, what it catches has a way to go already.
        if known.old.is_none() {
            self.catch(station, true);
        }
        if promises.is_empty() {
            self.admitted(station, from, Admission::default());
        } else {
            self.out.push_back(ApOutput::Admit {
                station,
                peer: from,
                promises,
            });
        }
    }

    /// The ledger says what could be kept.
    pub(super) fn admitted(&mut self, station: MacAddr, peer: ApId, admission: Admission) {
        let Some(known) = self.stations.get_mut(&station) else {
            return;
        };
        let epoch = known.epoch;
        let Some(new) = &mut known.new else { return };
        if let Some((_, id)) = new.asking.take_if(|(asker, _)| *asker == peer) {
            self.reply(peer, id, station, epoch, Body::Ready(admission));
        }
    }

    /// It does not come.
    pub(super) fn cancelled(&mut self, station: MacAddr, from: ApId, epoch: Epoch, id: u32) {
        self.reply(from, id, station, epoch, Body::CancelAck);
        let new = self
            .stations
            .get(&station)
            .and_then(|known| known.new.as_ref());
        let expected = new.is_some_and(|new| {
            new.from == Some(from) && matches!(new.state, Arriving::Primed { .. })
        });
        if expected {
            self.drop_new(station);
        }
    }

    pub(super) fn associated(&mut self, station: MacAddr) {
        let (now, until) = (self.now, self.now + self.config.patience);
        let known = self.stations.entry(station).or_default();
        known.touched = now;
        if known.is_back(self.config.own) || known.serves(self.config.own) {
            // Back before anybody claimed it, or a second association of one that never left.
            return;
        }
        let epoch = known.epoch.next();
        let state = Arriving::Associated { until };
        let new = known
            .new
            .get_or_insert_with(|| New::begin(state, station, epoch));
        if new.is_authorised() {
            return;
        }
        new.state = state;
        new.record.associated.get_or_insert(now);
        self.catch(station, true);
    }

    pub(super) fn authorised(&mut self, station: MacAddr) {
        self.associated(station);
        let (now, until) = (self.now, self.now + self.config.agent);
        let own = self.config.own;
        let Some(known) = self.stations.get_mut(&station) else {
            return;
        };
        if known.is_back(own) {
            return self.came_back(station);
        }
        let seen = known.seen.is_some();
        let receives = now + known.deaf(&self.config);
        let has_agent = known.has_agent();
        let Some(new) = known.new.as_mut().filter(|new| !new.is_authorised()) else {
            return;
        };
        known.present = true;
        new.record.authorised = Some(now);
        let context = known.context.clone();
        new.deaf_until = Some(receives);
        let is_let_go = new.record.announced && !new.own_accord;
        let listens = has_agent && !is_let_go && !seen;
        if listens {
            new.state = Arriving::Listening { until };
        }
        if let Some(context) = context {
            self.out.push_back(ApOutput::Adopt { station, context });
        }
        if !listens {
            self.claim(station);
        }
    }

    /// The station receives, as a frame of its shows, or it should by now.
    pub(super) fn receives(&mut self, station: MacAddr) {
        if self.is_heard_again(station) {
            return;
        }
        let new = |known: &Station| known.new.as_ref().map(New::is_authorised);
        if self.stations.get(&station).and_then(new) == Some(false) {
            // Its frames pass, so it is authorised: that it is was not heard, or not yet.
            self.authorised(station);
        }
        let known = self.stations.get_mut(&station);
        let Some(new) = known.and_then(|known| known.new.as_mut()) else {
            return;
        };
        if new.deaf_until.take().is_none() {
            return;
        }
        let parked = core::mem::take(&mut new.parked);
        let over = new.over.take();
        for frame in parked {
            self.out.push_back(ApOutput::Inject { station, frame });
        }
        self.greet(station);
        if let Some((ending, culprit)) = over {
            self.settle(station, ending, culprit);
        }
    }

    pub(super) fn new_timer(&mut self, station: MacAddr) {
        let now = self.now;
        let known = self.stations.get(&station);
        let Some(new) = known.and_then(|known| known.new.as_ref()) else {
            return;
        };
        if new.deaf_until.is_some_and(|until| until <= now) {
            return self.receives(station);
        }
        match new.state {
            Arriving::Primed { .. } | Arriving::Associated { .. } => self.drop_new(station),
            Arriving::Listening { .. } => self.claim(station),
            Arriving::Claiming { .. } => {
                let culprit = "the claim was not answered".to_string();
                self.settle(station, Ending::Alone, Some(culprit));
            }
            Arriving::Receiving { from, .. } => {
                let culprit = format!("{from} became silent before its pen was empty");
                self.settle(station, Ending::Alone, Some(culprit));
            }
        }
    }

    /// It does not come after all, or went before it was authorised.
    pub(super) fn drop_new(&mut self, station: MacAddr) {
        let Some(known) = self.stations.get_mut(&station) else {
            return;
        };
        let Some(new) = known.new.take() else { return };
        let forwards = known.old.is_some();
        self.let_go(station, new.into_waiting());
        if !forwards {
            self.catch(station, false);
            self.out.push_back(ApOutput::Release(station));
        }
    }

    /// Frames that waited go to the station; if it has left, into its pen.
    pub(super) fn let_go(&mut self, station: MacAddr, waiting: VecDeque<(CaughtId, Frame)>) {
        let away = self.old(station).is_some_and(|old| old.is_away());
        for (id, frame) in waiting {
            if away {
                self.out.push_back(ApOutput::Take(id));
                self.pen_in(station, frame);
            } else {
                self.out.push_back(ApOutput::Pass(id));
            }
        }
    }

    /// All that waited elsewhere is here, or never will be: the path is switched.
    pub(super) fn settle(&mut self, station: MacAddr, ending: Ending, culprit: Option<String>) {
        let now = self.now;
        let Some(known) = self.stations.get_mut(&station) else {
            return;
        };
        if let Some(new) = known.new.as_mut().filter(|new| new.deaf_until.is_some()) {
            new.over.get_or_insert((ending, culprit));
            return;
        }
        let Some(mut new) = known.new.take() else {
            return;
        };
        // What it did before, as the old one, is over: the station is back.
        let alone = ending == Ending::Alone && culprit.is_some();
        let mut late = known
            .old
            .take()
            .map_or_else(Vec::new, |old| old.into_frames(now, alone));
        known.gap = None;
        if let Some((pen, end)) = new.end
            && let Some(order) = known.orders.get_mut(&pen)
        {
            late.extend(order.give_up(end));
        }
        for order in known.orders.values_mut() {
            while order.has_gap() {
                late.extend(order.skip());
            }
            new.record.missing += order.missing();
            new.record.duplicated += core::mem::take(&mut order.duplicated);
        }
        new.record.flushed_packets += u32::try_from(late.len()).unwrap_or(u32::MAX);
        let addresses = known.addresses();
        new.record.switched = Some(now);
        new.record.ending = Some(ending);
        new.record.culprit = culprit;
        let record = new.record.clone();
        self.forward_in(station, late);
        self.anchor_on(AnchorIn::Switch {
            station,
            addresses: &addresses,
        });
        self.let_go(station, new.into_waiting());
        self.catch(station, false);
        // A first association is no handoff.
        if record.peer.is_some() {
            self.record(record);
        }
        self.push_context(station);
    }
}

impl Station {
    /// It left, and comes back before anybody claimed it.
    fn is_back(&self, own: ApId) -> bool {
        self.holder == Some(own) && self.old.as_ref().is_some_and(|old| old.is_unclaimed())
    }

    /// Served at `own`, or it left from there and nobody has claimed it.
    pub(super) fn is_of(&self, own: ApId) -> bool {
        self.serves(own) || (self.new.is_none() && self.is_back(own))
    }

    /// Served at `own`, neither coming nor going.
    pub(super) fn serves(&self, own: ApId) -> bool {
        self.present && self.new.is_none() && self.holder == Some(own)
    }
}
