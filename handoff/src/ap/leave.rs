//! The old access point: a station leaves, and what comes for it is caught.

use alloc::string::ToString;

use rether_proto::mac::MacAddr;
use rether_proto::time::Duration;

use super::old::{Leaving, Old};
use super::{Answer, Ap, ApOutput, Stage, Station};
use crate::anchor::Anchor;
use crate::id::{ApId, Epoch};
use crate::message::{Admission, Body, Prepare};
use crate::pen::Pen;
use crate::roam::{Ending, RoamRecord, Side};

/// The token gate may take so long to hand over what it holds.
const DRAIN: Duration = Duration::from_millis(10);

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
    pub(super) fn begin(&mut self, station: MacAddr, state: Leaving) {
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

    /// A station that leaves, and which of its stays that ends.
    pub(super) fn leaver(&mut self, station: MacAddr) -> Option<(&mut Old, Epoch)> {
        let known = self.stations.get_mut(&station)?;
        Some((known.old.as_mut()?, known.epoch))
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
