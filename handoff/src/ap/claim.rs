//! A station that came is claimed: at the access point that told of it, or wherever it was.

use alloc::format;
use alloc::vec::Vec;

use rether_proto::mac::MacAddr;
use rether_proto::time::Duration;

use super::new::Arriving;
use super::{Ap, ApOutput, Station};
use crate::anchor::{Anchor, AnchorIn};
use crate::context::Context;
use crate::id::ApId;
use crate::message::{Arrived, ArrivedAck, Body, Claim};
use crate::roam::Ending;

/// A claim is repeated with a later epoch so often.
const CLAIMS: u8 = 4;
/// The channel gives a claim up before this.
const CLAIMING: Duration = Duration::from_millis(100);
/// A pen that does not become empty for so long is not waited for any more.
const LONGEST: Duration = Duration::from_millis(500);
/// What a station's agent says it has received is of use for so long.
const FRESH: Duration = Duration::from_secs(1);

impl<A: Anchor> Ap<A> {
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
}
