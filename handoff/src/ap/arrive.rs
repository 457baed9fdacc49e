//! The new access point: a station comes, and what waited for it elsewhere comes after it.

use alloc::collections::{BTreeSet, VecDeque};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use rether_proto::mac::MacAddr;
use rether_proto::time::{Duration, Instant};

use super::{Ap, ApOutput, CaughtId, Station};
use crate::anchor::{Anchor, AnchorIn};
use crate::context::Context;
use crate::frame::Frame;
use crate::id::{ApId, Epoch, PenId};
use crate::message::{
    Admission, Arrived, ArrivedAck, Body, Claim, Data, Flushed, FlushedAck, Prepare,
};
use crate::roam::{Ending, RoamRecord, Side};

/// A claim is repeated with a later epoch so often.
const CLAIMS: u8 = 4;
/// The channel gives a claim up before this.
const CLAIMING: Duration = Duration::from_millis(100);
/// Where nothing has come for a station so long after it was authorised, its path is switched: as
/// long as one claim is tried, however many are needed, and however late the answer is.
const SWITCH: Duration = Duration::from_millis(62);
/// A pen that does not become empty for so long is not waited for any more.
const LONGEST: Duration = Duration::from_millis(500);
/// What a station's agent says it has received is of use for so long.
const FRESH: Duration = Duration::from_secs(1);
/// Frames that wait for the pen to be empty at most: beyond, the oldest goes before its turn.
const WAITING: usize = 1024;

/// A station that is about to come, or has come but not yet settled.
#[derive(Clone, Debug)]
pub(super) struct New {
    state: Arriving,
    /// Who told us that it would come.
    from: Option<ApId>,
    pen: Option<PenId>,
    /// Nobody let it go there: its agent says what it has.
    own_accord: bool,
    /// Whose answer to PREPARE waits for the ledger.
    asking: Option<(ApId, u32)>,
    /// Whose answer to the claim is missing.
    asked: BTreeSet<ApId>,
    claims: u8,
    waiting: VecDeque<(CaughtId, Frame)>,
    /// When the station is taken to receive, if nothing shows it before: its access point has it
    /// authorised a moment earlier than its own kernel has.
    deaf_until: Option<Instant>,
    /// What comes out of pens until then.
    parked: Vec<Frame>,
    /// How it has ended, which cannot be before that.
    over: Option<(Ending, Option<String>)>,
    /// This host has known something of it itself since, which was not merely heard.
    pub(super) learnt: bool,
    /// Something of it was heard here since.
    pub(super) heard: bool,
    /// The pen that was emptied, and the number after its last packet.
    end: Option<((ApId, PenId), u32)>,
    record: RoamRecord,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Arriving {
    /// It may come.
    Primed { until: Instant },
    /// It is associated, but not yet authorised.
    Associated { until: Instant },
    /// It is here; its agent has not yet said what it received.
    Listening { until: Instant },
    /// It is claimed.
    Claiming { until: Instant },
    /// What waited for it is coming.
    Receiving {
        from: ApId,
        pen: PenId,
        until: Instant,
        latest: Instant,
    },
}

impl New {
    const fn begin(state: Arriving, station: MacAddr, epoch: Epoch) -> Self {
        Self {
            state,
            from: None,
            pen: None,
            own_accord: false,
            asking: None,
            asked: BTreeSet::new(),
            claims: 0,
            waiting: VecDeque::new(),
            deaf_until: None,
            parked: Vec::new(),
            over: None,
            learnt: false,
            heard: false,
            end: None,
            record: RoamRecord::new(station, Side::New, epoch),
        }
    }

    /// One that is here, whatever `from` says.
    pub(super) fn back(station: MacAddr, epoch: Epoch, from: ApId, now: Instant) -> Self {
        let mut new = Self::begin(Arriving::Claiming { until: now }, station, epoch);
        new.from = Some(from);
        new.record.authorised = Some(now);
        new
    }

    pub(super) fn timer(&self) -> Option<Instant> {
        let (Arriving::Primed { until }
        | Arriving::Associated { until }
        | Arriving::Listening { until }
        | Arriving::Claiming { until }
        | Arriving::Receiving { until, .. }) = self.state;
        // What is over waits for the station only.
        let until = self.switch_at().map_or(until, |at| until.min(at));
        let until = Some(until).filter(|_| self.over.is_none());
        until.into_iter().chain(self.deaf_until).min()
    }

    /// When what comes by the new path goes to the station at the latest.
    fn switch_at(&self) -> Option<Instant> {
        let authorised = self.record.authorised?;
        (self.record.flushed_packets == 0).then_some(authorised + SWITCH)
    }

    /// It has not come yet.
    pub(super) const fn is_primed(&self) -> bool {
        matches!(self.state, Arriving::Primed { .. })
    }

    /// What waits for the station to listen.
    pub(super) fn parked(&self) -> impl Iterator<Item = &Frame> {
        self.parked.iter()
    }

    /// Its packets pass.
    pub(super) const fn is_authorised(&self) -> bool {
        !matches!(
            self.state,
            Arriving::Primed { .. } | Arriving::Associated { .. }
        )
    }

    /// A frame that came by the new path waits; returns the one that has to go for want of room.
    pub(super) fn wait(&mut self, id: CaughtId, frame: Frame) -> Option<CaughtId> {
        self.record.waited += 1;
        self.waiting.push_back((id, frame));
        if self.waiting.len() <= WAITING {
            return None;
        }
        self.waiting.pop_front().map(|(id, _)| id)
    }

    pub(super) fn into_waiting(self) -> VecDeque<(CaughtId, Frame)> {
        self.waiting
    }
}

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

    pub(super) fn seen(&mut self, station: MacAddr, digests: Vec<u32>) {
        let now = self.now;
        let Some(known) = self.stations.get_mut(&station) else {
            return;
        };
        let listening = known
            .new
            .as_ref()
            .is_some_and(|new| matches!(new.state, Arriving::Listening { .. }));
        if known.present && !listening {
            // Too late for this claim, and not what the next one is about.
            return;
        }
        known.seen = Some((now, digests));
        if listening {
            self.claim(station);
        }
    }

    /// Asks for what waits for it: at the access point that told of it, or served it last, or
    /// everywhere.
    pub(super) fn claim(&mut self, station: MacAddr) {
        let own = self.config.own;
        let Some(known) = self.stations.get(&station) else {
            return;
        };
        let Some(new) = &known.new else { return };
        let likely = new.from.or(known.holder).filter(|id| *id != own);
        let likely = likely.filter(|id| self.can_reach(*id));
        let whom = likely.map_or_else(|| self.reachable(), |id| alloc::vec![id]);
        self.claim_from(station, &whom);
    }

    /// Another access point has a later stay of a station that is here.
    pub(super) fn claim_again(&mut self, station: MacAddr, from: ApId) {
        let new = self
            .stations
            .get(&station)
            .and_then(|known| known.new.as_ref());
        if new.is_some_and(|new| new.claims < CLAIMS) {
            self.claim_from(station, &[from]);
        }
    }

    fn claim_from(&mut self, station: MacAddr, whom: &[ApId]) {
        let (now, own) = (self.now, self.config.own);
        let Some(known) = self.stations.get_mut(&station) else {
            return;
        };
        let seen = known
            .seen
            .take_if(|(at, _)| now.since(*at) < FRESH)
            .map(|(_, digests)| digests);
        known.epoch = known.epoch.next();
        known.holder = Some(own);
        let epoch = known.epoch;
        let addresses = known.addresses();
        let Some(new) = &mut known.new else { return };
        new.record.epoch = epoch;
        new.claims += 1;
        new.asked = whom.iter().copied().collect();
        new.over = None;
        let until = now + CLAIMING;
        new.state = Arriving::Claiming { until };
        let arrived = Arrived { pen: new.pen, seen };
        self.anchor_on(AnchorIn::Attach {
            station,
            epoch,
            addresses: &addresses,
        });
        for to in whom {
            self.tell(*to, station, epoch, Body::Arrived(arrived.clone()));
        }
        if whom.is_empty() {
            self.settle(station, Ending::Alone, None);
        }
    }

    pub(super) fn claim_answered(&mut self, station: MacAddr, from: ApId, ack: ArrivedAck) {
        let now = self.now;
        let until = now + self.config.silence;
        let Some(known) = self.stations.get_mut(&station) else {
            return;
        };
        let before = &known.context;
        let Some(new) = &mut known.new else {
            return self.answered_late(station, ack);
        };
        if !new.asked.remove(&from) {
            return;
        }
        match ack.outcome {
            Claim::Flushing(pen) => {
                new.record.peer = Some(from);
                new.record.claimed = Some(now);
                new.state = Arriving::Receiving {
                    from,
                    pen,
                    until,
                    latest: now + LONGEST,
                };
                // What it was there until now; PREPARE may have told of less. What has been heard here
                // since stays true, and hides nothing that only the other one knows.
                let learnt = new.learnt;
                let is_news = |context: &Context| match before {
                    Some(before) => {
                        (!learnt || before.is_slight()) && !before.says_the_same(context)
                    }
                    None => true,
                };
                if let Some(context) = ack.context.filter(is_news) {
                    self.take_over(station, context);
                }
            }
            Claim::Outdated(epoch) if new.claims < CLAIMS => {
                known.epoch = known.epoch.max(epoch);
                self.claim_from(station, &[from]);
            }
            Claim::Unknown | Claim::Outdated(_) => self.ask_others(station, from),
        }
    }

    /// The path was switched before the claim was answered. What was promised elsewhere holds all the
    /// same.
    fn answered_late(&mut self, station: MacAddr, ack: ArrivedAck) {
        let own = self.config.own;
        let here = self
            .stations
            .get(&station)
            .filter(|known| known.serves(own));
        let slight = |known: &Station| known.context.as_ref().is_none_or(Context::is_slight);
        if let (true, Some(context)) = (here.is_some_and(slight), ack.context) {
            self.take_over(station, context);
            self.push_context(station);
        }
    }

    pub(super) fn claim_unanswered(&mut self, station: MacAddr, to: ApId) {
        let known = self.stations.get_mut(&station);
        let Some(new) = known.and_then(|known| known.new.as_mut()) else {
            return;
        };
        let receives = matches!(new.state, Arriving::Receiving { .. });
        if !new.asked.remove(&to) || !new.asked.is_empty() || receives {
            return;
        }
        // If another has packets for it, that one will hear that it is here.
        let culprit = format!("{to} did not answer");
        self.settle(station, Ending::Alone, Some(culprit));
    }

    /// `not` has nothing for the station. Perhaps another has; if all have been asked, it settles.
    fn ask_others(&mut self, station: MacAddr, not: ApId) {
        let new = self
            .stations
            .get(&station)
            .and_then(|known| known.new.as_ref());
        let Some(new) = new else { return };
        if !new.asked.is_empty() || matches!(new.state, Arriving::Receiving { .. }) {
            return;
        }
        let first = new.claims == 1;
        let mut others = self.reachable();
        others.retain(|id| *id != not);
        if first && new.from.is_none() && !others.is_empty() {
            return self.claim_from(station, &others);
        }
        self.settle(station, Ending::Alone, None);
    }

    /// What is known of a station where it was before.
    fn take_over(&mut self, station: MacAddr, context: Context) {
        let Some(known) = self.stations.get_mut(&station) else {
            return;
        };
        let new = known.new.as_ref();
        let since = new.is_none_or(|new| new.learnt || new.heard);
        let ours = known.context.take().filter(|_| since);
        let context = super::learn::merged(context, ours);
        known.context = Some(context.clone());
        let (epoch, addresses) = (known.epoch, known.addresses());
        self.out.push_back(ApOutput::Adopt { station, context });
        self.anchor_on(AnchorIn::Attach {
            station,
            epoch,
            addresses: &addresses,
        });
    }

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
    fn forward_in(&mut self, station: MacAddr, ready: Vec<Frame>) {
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
    fn settle(&mut self, station: MacAddr, ending: Ending, culprit: Option<String>) {
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
