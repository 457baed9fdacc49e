//! The old access point: a station leaves, its packets go into the pen and after it.

use alloc::format;
use alloc::string::ToString;

use rether_proto::mac::MacAddr;
use rether_proto::time::{Duration, Instant};

use super::{Answer, Ap, ApOutput, Stage, Station};
use crate::anchor::{Anchor, AnchorIn};
use crate::frame::Frame;
use crate::id::{ApId, Epoch, PenId};
use crate::message::{
    Admission, Arrived, ArrivedAck, Body, Claim, Data, Flushed, FlushedAck, Prepare,
};
use crate::pen::Pen;
use crate::roam::{Ending, RoamRecord, Side};

/// So many packets leave a pen at once, and then none for [`PACE`].
const BURST: usize = 16;
const PACE: Duration = Duration::from_millis(1);
/// The token gate may take so long to hand over what it holds.
const DRAIN: Duration = Duration::from_millis(10);
/// The kernel may take so long to say when the station was last heard.
const IDLE: Duration = Duration::from_millis(5);

/// A station that may leave, leaves or has left.
#[derive(Clone, Debug)]
pub(super) struct Old {
    pub(super) state: Leaving,
    pub(super) pen: Pen,
    record: RoamRecord,
    /// Whom PREPARE went to.
    pub(super) target: Option<ApId>,
    /// The agent waits for the answer to this.
    pub(super) asked: Option<Stage>,
    /// Nobody let it go: what it was sent last may not have arrived.
    pub(super) own_accord: bool,
    /// It may stay: when the radio is asked next whether it is here.
    pub(super) check: Option<Instant>,
    /// It has come back: when it is taken to receive, if nothing shows it before.
    pub(super) back: Option<Instant>,
    /// Up to which packet the other end is being asked.
    checked: Option<u32>,
    /// How often it did not answer that.
    unanswered: u8,
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leaving {
    /// A candidate knows; nothing else has changed.
    Prepared { until: Instant },
    /// The pen is open, the token gate is being emptied.
    Draining { until: Instant },
    /// The station is on its way.
    Holding { until: Instant },
    /// It is at `to`; how long it had not been heard is being asked.
    Asking { to: ApId, until: Instant },
    /// The pen is being emptied.
    Flushing { to: ApId, next: Instant },
    /// The pen was empty; what still comes goes straight on.
    Forwarding { to: ApId, until: Instant },
}

/// What is to be done for a station that another access point has claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// Nothing more than is being done.
    Wait,
    /// The pen is emptied.
    Flush,
    /// What may not have arrived goes first.
    Replay,
}

impl Old {
    pub(super) fn timer(&self) -> Option<Instant> {
        let until = self.until().into_iter();
        until.chain(self.check).chain(self.back).min()
    }

    /// When something is to be done in this state.
    fn until(&self) -> Option<Instant> {
        match self.state {
            Leaving::Prepared { until }
            | Leaving::Draining { until }
            | Leaving::Holding { until }
            | Leaving::Asking { until, .. }
            | Leaving::Forwarding { until, .. } => Some(until),
            Leaving::Flushing { next, .. } => (!self.pen.is_empty()).then_some(next),
        }
    }

    /// The station cannot be reached from here any more.
    pub(super) const fn is_away(&self) -> bool {
        !matches!(self.state, Leaving::Prepared { .. })
    }

    /// It has left, and nobody has claimed it.
    pub(super) const fn is_unclaimed(&self) -> bool {
        matches!(
            self.state,
            Leaving::Draining { .. } | Leaving::Holding { .. }
        )
    }

    /// Another access point has it.
    pub(super) const fn is_claimed(&self) -> bool {
        matches!(
            self.state,
            Leaving::Asking { .. } | Leaving::Flushing { .. } | Leaving::Forwarding { .. }
        )
    }

    /// What is still in the pen, for the station that is back; `alone` if nobody else has any of it.
    pub(super) fn into_frames(mut self, now: Instant, alone: bool) -> alloc::vec::Vec<Frame> {
        if alone {
            self.pen.reclaim();
        }
        core::iter::from_fn(|| self.pen.reinject(now)).collect()
    }

    /// Where what still comes goes straight on to.
    pub(super) const fn forwards_to(&self) -> Option<ApId> {
        match self.state {
            Leaving::Forwarding { to, .. } => Some(to),
            _ => None,
        }
    }

    fn close(&self, ending: Ending) -> RoamRecord {
        let tally = self.pen.tally;
        let mut record = self.record.clone();
        record.held = tally.held;
        record.flushed_packets = tally.flushed + tally.reinjected;
        record.expired = tally.expired;
        record.dropped = tally.dropped;
        record.known = tally.known;
        record.oldest = self.pen.oldest;
        record.ending = Some(ending);
        record
    }
}

impl<A: Anchor> Ap<A> {
    /// An agent thinks of moving to `to`.
    pub(super) fn prepare(&mut self, station: MacAddr, to: Option<ApId>) {
        if self.old(station).is_some_and(|old| old.may_stay()) {
            // Who asks is here. The token gate knows.
            self.put_back(station, false);
        }
        let Some(to) = to.filter(|to| self.can_reach(*to)) else {
            return self.answer(station, Stage::Prepare, Answer::Unavailable);
        };
        if !self.is_home(station) {
            return;
        }
        let until = self.now + self.config.patience;
        self.begin(station, Leaving::Prepared { until });
        self.send_prepare(station, to, Some(Stage::Prepare));
    }

    /// It moves now: whatever comes for it goes into the pen.
    pub(super) fn leave(&mut self, station: MacAddr, to: Option<ApId>) {
        let may_stay = self.old(station).is_some_and(|old| old.may_stay());
        if !self.is_home(station) && !may_stay {
            return;
        }
        // Whoever it goes to: the pen may be claimed, or the station comes back.
        let to = to.filter(|to| self.can_reach(*to));
        let Some(old) = self.open_pen(station) else {
            return;
        };
        old.asked = Some(Stage::Leave);
        old.check = None;
        let told = old.target;
        if let Some(to) = to.filter(|to| told != Some(*to)) {
            self.send_prepare(station, to, Some(Stage::Leave));
        }
        self.out.push_back(ApOutput::Drain(station));
    }

    /// From now on what comes for it is caught.
    pub(super) fn open_pen(&mut self, station: MacAddr) -> Option<&mut Old> {
        let now = self.now;
        self.begin(station, Leaving::Draining { until: now + DRAIN });
        self.catch(station, true);
        let old = self.old(station)?;
        old.record.left.get_or_insert(now);
        old.record.announced = true;
        Some(old)
    }

    /// The radio has given the station up, or it said farewell.
    pub(super) fn left(&mut self, station: MacAddr) {
        let (now, until) = (self.now, self.now + self.config.patience);
        let Some(known) = self.stations.get_mut(&station) else {
            return;
        };
        known.touched = now;
        if known.new.as_ref().is_some_and(|new| !new.is_authorised()) {
            // It went before it had come; perhaps it tries again.
            return;
        }
        if let Some(old) = &mut known.old {
            // If it had come back, it did not stay.
            old.back = None;
        }
        if !known.present {
            return;
        }
        known.present = false;
        if let Some(old) = known.old.as_mut().filter(|old| old.is_away()) {
            old.check = None;
            return;
        }
        self.begin(station, Leaving::Holding { until });
        if let Some(old) = self.old(station) {
            old.record.left = Some(now);
        }
        self.catch(station, true);
    }

    /// The token gate holds nothing for it any more: it may go.
    pub(super) fn drained(&mut self, station: MacAddr) {
        let (now, until) = (self.now, self.now + self.config.patience);
        let Some(old) = self.old(station) else { return };
        if !matches!(old.state, Leaving::Draining { .. }) {
            return;
        }
        old.state = Leaving::Holding { until };
        if old.asked.take_if(|asked| *asked == Stage::Leave).is_some() {
            old.record.go = Some(now);
            self.answer(station, Stage::Leave, Answer::Ready);
        }
    }

    /// The candidate has answered.
    pub(super) fn ready(&mut self, station: MacAddr, from: ApId, admission: &Admission) {
        let Some(promises) = self.stations.get(&station).map(|known| {
            let context = known.context.as_ref();
            context.map_or(0, |context| context.promises.len())
        }) else {
            return;
        };
        let Some(old) = self.old(station) else { return };
        if old.target != Some(from) || old.asked != Some(Stage::Prepare) {
            return;
        }
        old.asked = None;
        let kept = admission.kept.count_ones() as usize;
        let answer = if kept >= promises {
            Answer::Ready
        } else if kept == 0 {
            Answer::Refused(admission.clone())
        } else {
            Answer::Partial(admission.clone())
        };
        self.answer(station, Stage::Prepare, answer);
    }

    /// The candidate did not answer PREPARE.
    pub(super) fn unprepared(&mut self, station: MacAddr, to: ApId) {
        let Some(old) = self.old(station) else { return };
        if old.target == Some(to) && old.asked == Some(Stage::Prepare) {
            old.asked = None;
            self.answer(station, Stage::Prepare, Answer::Unavailable);
        }
    }

    /// It stays, or was heard again: what is in the pen goes on the air.
    pub(super) fn stayed(&mut self, station: MacAddr) {
        self.put_back(station, true);
    }

    /// The same; `resume` if the token gate does not know yet.
    fn put_back(&mut self, station: MacAddr, resume: bool) {
        let now = self.now;
        let Some(known) = self.stations.get_mut(&station) else {
            return;
        };
        known.touched = now;
        if known.old.as_ref().is_some_and(Old::is_claimed) {
            return;
        }
        let Some(mut old) = known.old.take() else {
            return;
        };
        known.present = true;
        let epoch = known.epoch;
        if let Some(to) = old.target {
            self.tell(to, station, epoch, Body::Cancel);
        }
        if old.is_away() {
            while let Some(frame) = old.pen.reinject(now) {
                self.out.push_back(ApOutput::Inject { station, frame });
            }
            self.catch(station, false);
            if resume {
                self.out.push_back(ApOutput::Resume(station));
            }
            let record = old.close(Ending::Stayed);
            self.record(record);
        }
    }

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
    fn replay(&mut self, station: MacAddr, to: ApId, span: Duration, seen: Option<&[u32]>) {
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

    fn flush(&mut self, station: MacAddr, to: ApId) {
        let now = self.now;
        if let Some(old) = self.old(station) {
            old.state = Leaving::Flushing { to, next: now };
            self.pump(station);
        }
    }

    /// Sends what is next, and says so when the pen is empty.
    fn pump(&mut self, station: MacAddr) {
        let now = self.now;
        let Some(Station {
            old: Some(old),
            epoch,
            ..
        }) = self.stations.get_mut(&station)
        else {
            return;
        };
        let epoch = *epoch;
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
        let Some(Station {
            old: Some(old),
            epoch,
            ..
        }) = self.stations.get_mut(&station)
        else {
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
        let epoch = *epoch;
        self.tell(to, station, epoch, Body::Flushed(flushed));
    }

    pub(super) fn flush_answered(&mut self, station: MacAddr, from: ApId, ack: &FlushedAck) {
        let until = self.now + self.config.forward;
        let now = self.now;
        let Some(Station {
            old: Some(old),
            epoch,
            ..
        }) = self.stations.get_mut(&station)
        else {
            return;
        };
        let (epoch, pen) = (*epoch, old.pen.id);
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

    pub(super) fn old_timer(&mut self, station: MacAddr) {
        self.check(station);
        let now = self.now;
        let Some(old) = self.old(station) else { return };
        if old.back.take_if(|at| *at <= now).is_some() {
            return self.stayed(station);
        }
        if old.until().is_none_or(|at| at > now) {
            return;
        }
        match old.state {
            Leaving::Prepared { .. } => self.stayed(station),
            Leaving::Draining { .. } => {
                old.record.culprit = Some("the token gate did not hand over in time".to_string());
                self.drained(station);
            }
            // Nobody has seen it leave.
            Leaving::Holding { .. } if old.may_stay() => self.stayed(station),
            Leaving::Holding { .. } => {
                old.pen.expire();
                let mut record = old.close(Ending::Unclaimed);
                record.culprit = Some("no access point claimed the station".to_string());
                self.record(record);
                self.close_pen(station);
                self.out.push_back(ApOutput::Release(station));
                let Some(known) = self.stations.get_mut(&station) else {
                    return;
                };
                known.present = false;
                let epoch = known.epoch;
                for peer in self.reachable() {
                    self.tell(peer, station, epoch, Body::Gone);
                }
            }
            Leaving::Asking { .. } => self.idle(station, Duration::ZERO),
            Leaving::Flushing { .. } => self.pump(station),
            Leaving::Forwarding { .. } => self.close_pen(station),
        }
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

    fn room(&self) -> usize {
        self.config.pens.saturating_sub(self.penned())
    }

    /// Served here, so that it can leave; a station that has been here since before this daemon is
    /// taken as new.
    pub(super) fn is_home(&mut self, station: MacAddr) -> bool {
        let own = self.config.own;
        let known = self.stations.entry(station).or_default();
        if !known.present && known.old.is_none() {
            known.present = true;
            known.holder = Some(own);
        }
        known.new.is_none() && !known.old.as_ref().is_some_and(Old::is_away)
    }

    /// It begins to leave, or goes one step further.
    fn begin(&mut self, station: MacAddr, state: Leaving) {
        let (now, limits) = (self.now, self.config.pen);
        let Some(known) = self.stations.get_mut(&station) else {
            return;
        };
        known.touched = now;
        if let Some(old) = &mut known.old {
            old.state = state;
            return;
        }
        let epoch = known.epoch.next();
        let pen = self.new_pen();
        if let Some(known) = self.stations.get_mut(&station) {
            known.old = Some(Old {
                state,
                pen: Pen::new(pen, limits, now),
                record: RoamRecord::new(station, Side::Old, epoch),
                target: None,
                asked: None,
                own_accord: false,
                check: None,
                back: None,
                checked: None,
                unanswered: 0,
            });
        }
    }

    pub(super) fn send_prepare(&mut self, station: MacAddr, to: ApId, asked: Option<Stage>) {
        let now = self.now;
        let Some(Station {
            old: Some(old),
            epoch,
            context,
            ..
        }) = self.stations.get_mut(&station)
        else {
            return;
        };
        let before = old.target.replace(to).filter(|before| *before != to);
        old.asked = asked;
        old.record.peer = Some(to);
        old.record.prepared = Some(now);
        let prepare = Prepare {
            pen: old.pen.id,
            context: context.clone().unwrap_or_default(),
            own_accord: old.own_accord,
        };
        let epoch = *epoch;
        if let Some(before) = before {
            self.tell(before, station, epoch, Body::Cancel);
        }
        self.tell(to, station, epoch, Body::Prepare(prepare));
    }

    pub(super) fn old(&mut self, station: MacAddr) -> Option<&mut Old> {
        self.stations.get_mut(&station)?.old.as_mut()
    }

    fn answer(&mut self, station: MacAddr, stage: Stage, answer: Answer) {
        self.out.push_back(ApOutput::Answer {
            station,
            stage,
            answer,
        });
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
