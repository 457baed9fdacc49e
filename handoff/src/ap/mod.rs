//! The machine of an access point: for each station, what it is to be the old one and the new one.
//!
//! Driven as the cores of [`rether_proto::machine`] are: one [`ApInput`] with its time, then all of
//! [`Ap::poll`], then wait until [`Ap::next_timer`]. What a station's context says is believed from
//! peers only, and peers are authenticated by [`crate::channel`].

mod again;
mod agree;
mod arrive;
mod back;
mod claim;
mod claimed;
mod flush;
mod input;
mod learn;
mod leave;
mod new;
mod next;
mod old;
mod order;
mod receive;
#[cfg(test)]
mod tests;

use alloc::collections::{BTreeMap, VecDeque};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;

use rether_proto::mac::MacAddr;
use rether_proto::time::{Duration, Instant};

pub use input::{Answer, ApInput, ApOutput, CaughtId, Request, Stage};
pub use learn::Overheard;
pub use next::Audience;

use crate::anchor::{Anchor, AnchorIn};
use crate::cache::Cache;
use crate::context::Context;
use crate::frame::Frame;
use crate::graph::Graph;
use crate::id::{ApId, Epoch, PenId};
use crate::message::{Admission, Body, Message};
use crate::pen::Limits;
use crate::roam::RoamRecord;
use crate::shadow::Shadow;
use again::Untold;
use learn::Hearing;
use new::New;
use next::Trail;
use old::Old;
use order::Order;

/// How an access point behaves.
#[derive(Clone, Debug)]
pub struct ApConfig {
    /// Its name in the site.
    pub own: ApId,
    /// Of each pen.
    pub pen: Limits,
    /// Octets of all pens together.
    pub pens: usize,
    /// What was sent to a station in so long a time before it was last heard may not have arrived.
    pub shadow: Duration,
    /// How long a station that has left may take to arrive somewhere.
    pub patience: Duration,
    /// How long the old access point forwards after the pen was empty.
    pub forward: Duration,
    /// The path is switched without the other end when nothing has come for so long.
    pub silence: Duration,
    /// How long a station's agent may take to say what it has received.
    pub agent: Duration,
    /// How long a station's own kernel may take to let packets in, once it is authorised.
    pub settle: Duration,
    /// The same where an agent says when it does, by REGISTER: for one that has been silent for so
    /// long, it does.
    pub registers: Duration,
    /// Who is told what is known of a station.
    pub audience: Audience,
    /// From whom a station is asked for its groups when it has come: the bridge. `None`: it is not
    /// asked.
    pub asks_as: Option<MacAddr>,
}

impl ApConfig {
    /// The times of the handoff papers and measurements behind this project.
    #[must_use]
    pub fn new(own: ApId) -> Self {
        Self {
            own,
            pen: Limits::default(),
            pens: 32_000_000,
            shadow: Duration::from_millis(150),
            patience: Duration::from_secs(2),
            forward: Duration::from_secs(30),
            silence: Duration::from_millis(20),
            agent: Duration::from_millis(30),
            settle: Duration::from_millis(5),
            registers: Duration::from_millis(60),
            audience: Audience::All,
            asks_as: None,
        }
    }
}

/// What is known of a station.
#[derive(Clone, Debug, Default)]
struct Station {
    /// The latest stay known, and where it is or was.
    epoch: Epoch,
    holder: Option<ApId>,
    context: Option<Context>,
    /// Associated with this access point now.
    present: bool,
    shadow: Shadow,
    old: Option<Old>,
    new: Option<New>,
    /// What its agent said that it received last, and when.
    seen: Option<(Instant, Vec<u32>)>,
    /// When it agreed to move last.
    agreed: Option<Instant>,
    /// When anything of it was last heard from a peer or from itself.
    touched: Instant,
    /// What comes out of pens elsewhere.
    orders: BTreeMap<(ApId, PenId), Order>,
    /// When a gap in it is given up.
    gap: Option<Instant>,
    /// Who says to have it though it is here.
    contested: Option<(ApId, Epoch, Context)>,
    hearing: Hearing,
    trail: Trail,
}

impl Station {
    fn addresses(&self) -> Vec<IpAddr> {
        let context = self.context.iter();
        context
            .flat_map(|context| context.addresses.iter().map(|address| address.ip))
            .collect()
    }

    fn has_agent(&self) -> bool {
        self.context.as_ref().is_some_and(|context| context.agent)
    }

    /// For how long after it is authorised the station is taken not to receive, if nothing shows that
    /// it does.
    fn deaf(&self, config: &ApConfig) -> Duration {
        if self.has_agent() {
            config.registers
        } else {
            config.settle
        }
    }

    /// What comes out of a pen; the oldest of too many pens is forgotten.
    fn order(&mut self, from: ApId, pen: PenId) -> &mut Order {
        const PENS: usize = 8;
        if !self.orders.contains_key(&(from, pen)) && self.orders.len() >= PENS {
            self.orders.pop_first();
        }
        self.orders.entry((from, pen)).or_default()
    }

    fn any_gap(&self) -> bool {
        self.orders.values().any(Order::has_gap)
    }

    fn octets(&self) -> usize {
        self.old.as_ref().map_or(0, |old| old.pen.octets())
    }
}

/// The machine.
#[derive(Clone, Debug)]
pub struct Ap<A> {
    config: ApConfig,
    anchor: A,
    now: Instant,
    stations: BTreeMap<MacAddr, Station>,
    peers: BTreeMap<ApId, bool>,
    next_pen: PenId,
    cache: Cache,
    graph: Graph,
    overheard: Overheard,
    untold: Untold,
    out: VecDeque<ApOutput>,
}

/// Stations of which nothing was heard for so long are forgotten.
const FORGET: Duration = Duration::from_secs(3600);

impl<A: Anchor> Ap<A> {
    /// Knows nobody. `seed` keeps pens of two lives apart.
    #[must_use]
    pub fn new(config: ApConfig, anchor: A, seed: u32, now: Instant) -> Self {
        Self {
            config,
            anchor,
            now,
            stations: BTreeMap::new(),
            peers: BTreeMap::new(),
            next_pen: PenId(seed),
            cache: Cache::default(),
            graph: Graph::default(),
            overheard: Overheard::default(),
            untold: Untold::default(),
            out: VecDeque::new(),
        }
    }

    /// Takes one input. Times never go backwards.
    pub fn handle(&mut self, now: Instant, input: ApInput) {
        self.now = self.now.max(now);
        let moves = input.moves();
        match input {
            ApInput::Message(message) => self.message(message),
            ApInput::GaveUp { to, station, what } => self.gave_up(to, station, what),
            ApInput::Peer { id, up } => {
                if self.peers.insert(id, up) != Some(up) && up {
                    self.introduce(id);
                }
            }
            ApInput::Associated(station) => self.associated(station),
            ApInput::Authorised(station) => self.authorised(station),
            ApInput::Receives(station) => self.receives(station),
            ApInput::Left(station) => self.left(station),
            ApInput::Stayed(station) => self.stayed(station),
            ApInput::Leaving { station, to, stage } => match stage {
                Stage::Prepare => self.prepare(station, to),
                Stage::Leave => self.leave(station, to),
            },
            ApInput::Agreed { station, to } => self.agreed(station, to),
            ApInput::Drained(station) => self.drained(station),
            ApInput::Caught { station, id, frame } => self.caught(station, id, frame),
            ApInput::Sent {
                station,
                digest,
                frame,
            } => {
                let now = self.now;
                if let Some(known) = self
                    .stations
                    .get_mut(&station)
                    .filter(|known| known.present)
                {
                    known.shadow.push(now, digest, frame);
                }
            }
            ApInput::Seen { station, digests } => self.seen(station, digests),
            ApInput::Idle { station, span } => self.idle(station, span),
            ApInput::Probed { station, here } => {
                self.contest(station, here);
                self.checked(station, here);
            }
            ApInput::Admitted {
                station,
                peer,
                admission,
            } => self.admitted(station, peer, admission),
            ApInput::Context { station, context } => self.facts(station, context),
            ApInput::Wired(wired) => self.wired(wired),
            ApInput::Told { station, told } => self.told(station, told),
            ApInput::Own(gateways) => self.cache.set_own(gateways),
            ApInput::Timeout => self.timeout(),
        }
        if let Some(station) = moves {
            self.follow(station);
        }
    }

    /// The next thing to do; call until there is none, after every input.
    pub fn poll(&mut self) -> Option<ApOutput> {
        self.out.pop_front()
    }

    /// When [`ApInput::Timeout`] must come at the latest.
    #[must_use]
    pub fn next_timer(&self) -> Option<Instant> {
        let roles = self.stations.values().flat_map(|station| {
            let old = station.old.as_ref().and_then(Old::timer);
            let new = station.new.as_ref().and_then(New::timer);
            let timers = old.into_iter().chain(new).chain(station.gap);
            timers.chain(station.hearing.again)
        });
        roles.chain(self.untold.timer()).min()
    }

    /// The epoch of a station's stay here, if it is served here: neither arriving nor leaving.
    #[must_use]
    pub fn serves(&self, station: MacAddr) -> Option<Epoch> {
        let known = self.stations.get(&station)?;
        known.serves(self.config.own).then_some(known.epoch)
    }

    /// What is known of a station.
    #[must_use]
    pub fn context(&self, station: MacAddr) -> Option<&Context> {
        self.stations.get(&station)?.context.as_ref()
    }

    /// Octets in all pens.
    #[must_use]
    pub fn penned(&self) -> usize {
        self.stations.values().map(Station::octets).sum()
    }

    /// What waits here for a station, wherever it waits; but for caught frames, which the host has.
    pub fn waiting(&self, station: MacAddr) -> impl Iterator<Item = &Frame> {
        let known = self.stations.get(&station).into_iter();
        known.flat_map(|known| {
            let pen = known.old.iter().flat_map(|old| old.pen.frames());
            let parked = known.new.iter().flat_map(New::parked);
            let early = known.orders.values().flat_map(Order::early);
            pen.chain(parked).chain(early)
        })
    }

    fn message(&mut self, message: Message) {
        let Message {
            station,
            from,
            epoch,
            id,
            body,
        } = message;
        match body {
            Body::Push(context) => self.pushed(station, from, epoch, id, context),
            Body::Prepare(prepare) => self.prepared(station, from, epoch, id, prepare),
            Body::Ready(admission) => self.ready(station, from, &admission),
            Body::Data(data) => self.data(station, from, data),
            Body::Arrived(arrived) => self.claimed(station, from, epoch, id, &arrived),
            Body::ArrivedAck(ack) => self.claim_answered(station, from, ack),
            Body::Flushed(flushed) => self.flushed(station, from, epoch, id, flushed),
            Body::FlushedAck(ack) => self.flush_answered(station, from, &ack),
            Body::Cancel => self.cancelled(station, from, epoch, id),
            Body::Gone => self.gone(station, epoch),
            // The channel keeps these, or they carry nothing for this machine.
            Body::Hello(_) | Body::HelloAck(_) | Body::PushAck(_) | Body::CancelAck => {}
        }
    }

    fn gave_up(&mut self, to: ApId, station: MacAddr, what: Request) {
        match what {
            Request::Arrived => self.claim_unanswered(station, to),
            Request::Flushed => self.flush_unanswered(station, to),
            Request::Prepare => self.unprepared(station, to),
            Request::Push => self.untold(station, to),
            Request::Cancel => {}
        }
    }

    fn timeout(&mut self) {
        let now = self.now;
        let due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        if due(self.untold.timer()) {
            self.tell_again();
        }
        let stations: Vec<_> = self.stations.keys().copied().collect();
        for station in stations {
            let Some(known) = self.stations.get(&station) else {
                continue;
            };
            if due(known.old.as_ref().and_then(Old::timer)) {
                self.old_timer(station);
            }
            let known = self.stations.get(&station);
            if due(known.and_then(|known| known.new.as_ref()?.timer())) {
                self.new_timer(station);
            }
            if due(self.stations.get(&station).and_then(|known| known.gap)) {
                self.gap_timer(station);
            }
            let known = self.stations.get(&station);
            if due(known.and_then(|known| known.hearing.again)) {
                self.greet_again(station);
            }
        }
        self.stations.retain(|_, known| {
            known.present
                || known.old.is_some()
                || known.new.is_some()
                || now.since(known.touched) < FORGET
        });
    }

    /// Another access point serves the station, as it says.
    fn pushed(&mut self, station: MacAddr, from: ApId, epoch: Epoch, id: u32, context: Context) {
        self.reply(
            from,
            id,
            station,
            epoch,
            Body::PushAck(Admission::default()),
        );
        let own = self.config.own;
        let known = self.stations.entry(station).or_default();
        known.touched = self.now;
        let earlier = (epoch, Some(from)) < (known.epoch, known.holder);
        if known.old.as_ref().is_some_and(Old::is_unclaimed) && epoch <= known.epoch {
            // It is between two: where it arrives, its epoch is a later one. But if it is there, and
            // was not claimed here with such a one, both would keep it. Who has it on the radio and
            // hears of a later stay claims it again.
            if known.is_of(own) {
                known.epoch = if earlier { known.epoch } else { epoch.next() };
                self.push_to(from, station);
            }
            return;
        }
        if earlier {
            return;
        }
        if known.serves(own) {
            // Either its claim was lost, or ours. Who answers the radio is here.
            known.contested = Some((from, epoch, context));
            self.out.push_back(ApOutput::Probe(station));
            return;
        }
        if known.new.as_ref().is_some_and(New::is_authorised) {
            // It has just come from there, and the claim went to somebody else, or was lost.
            known.epoch = known.epoch.max(epoch);
            return self.claim_again(station, from);
        }
        self.elsewhere(station, from, epoch, context);
    }

    /// Another access point says that it has the station, and so does this one: who is right?
    fn contest(&mut self, station: MacAddr, here: bool) {
        let Some(known) = self.stations.get_mut(&station) else {
            return;
        };
        let Some((from, epoch, context)) = known.contested.take() else {
            return;
        };
        if here && known.old.as_ref().is_some_and(Old::is_away) {
            // It is about to leave: where it goes, it is claimed with a later epoch than both.
            known.epoch = known.epoch.max(epoch);
            return;
        }
        if !here {
            known.present = false;
            let text = format!("{from} has the station, and did not claim it here");
            self.note(station, text);
            self.out.push_back(ApOutput::Release(station));
            return self.elsewhere(station, from, epoch, context);
        }
        known.epoch = known.epoch.max(epoch);
        self.reclaim(station, from);
    }

    /// Claims at `from` a station that is here.
    fn reclaim(&mut self, station: MacAddr, from: ApId) {
        let now = self.now;
        let Some(known) = self.stations.get_mut(&station) else {
            return;
        };
        known.new = Some(New::back(station, known.epoch, from, now));
        self.catch(station, true);
        self.claim(station);
    }

    fn elsewhere(&mut self, station: MacAddr, from: ApId, epoch: Epoch, context: Context) {
        let Some(known) = self.stations.get_mut(&station) else {
            return;
        };
        let same = (known.epoch, known.holder) == (epoch, Some(from));
        (known.epoch, known.holder) = (epoch, Some(from));
        // Whoever has a station without a handoff may know nothing of it yet, and who is not expected
        // to get it is told no more than where it is.
        match &mut known.context {
            Some(kept) if context.is_bare() => kept.agent = context.agent || kept.agent && !same,
            kept => *kept = Some(context),
        }
        let addresses = known.addresses();
        if known.new.is_some() {
            return;
        }
        if known.old.as_ref().is_some_and(Old::is_unclaimed) {
            // It is there, and its claim was lost.
            let then = self.yield_to(station, from, epoch);
            return self.give_up_to(station, from, then, None);
        }
        match known.old.as_ref().map(Old::forwards_to) {
            // It has moved on: what still comes goes straight there.
            Some(Some(to)) if to != from => self.retarget(station, from),
            Some(Some(_)) | None => {}
            // The path is switched when the pen is empty.
            Some(None) => return,
        }
        self.anchor_on(AnchorIn::Moved {
            station,
            to: from,
            epoch,
            addresses: &addresses,
        });
    }

    /// More is known of a station that is served here.
    fn learnt(&mut self, station: MacAddr, context: Context) {
        let now = self.now;
        let Some(known) = self
            .stations
            .get_mut(&station)
            .filter(|known| known.present)
        else {
            return;
        };
        if known.context.as_ref() == Some(&context) {
            return;
        }
        known.touched = now;
        known.context = Some(context);
        // One that is about to leave is still this one's, and its packets come here.
        let settled = known.new.is_none() && !known.old.as_ref().is_some_and(Old::is_claimed);
        let (epoch, addresses) = (known.epoch, known.addresses());
        self.anchor_on(AnchorIn::Attach {
            station,
            epoch,
            addresses: &addresses,
        });
        if settled {
            self.push_context(station);
        }
    }

    /// Tells a peer that can be reached from now on who is served here: while it could not, both may
    /// have come to believe that they have the same station.
    fn introduce(&mut self, to: ApId) {
        let own = self.config.own;
        let ours = self.stations.iter().filter(|(_, known)| known.is_of(own));
        let ours = ours.map(|(station, known)| {
            // One that has left is not claimed: perhaps it is there.
            let away = known.old.as_ref().is_some_and(Old::is_away);
            (*station, known.context.is_some() || away)
        });
        let ours: Vec<_> = ours.collect();
        for (station, is_told) in ours {
            if is_told {
                self.push_to(to, station);
            } else {
                // Perhaps it came from there.
                self.reclaim(station, to);
            }
        }
    }

    /// The station has left where it was, and has not been seen anywhere since.
    fn gone(&mut self, station: MacAddr, epoch: Epoch) {
        let Some(known) = self.stations.get(&station) else {
            return;
        };
        let comes = known.new.as_ref().is_some_and(|new| !new.is_primed());
        if known.present || comes || known.epoch > epoch {
            return;
        }
        if known.new.is_some() {
            self.drop_new(station);
        }
        match self.old(station) {
            // What is in a pen is dealt with, and counted, at its time.
            Some(old) if !old.pen.is_empty() => return,
            Some(_) => self.close_pen(station),
            None => {}
        }
        self.stations.remove(&station);
        self.anchor_on(AnchorIn::Gone { station });
    }

    fn reachable(&self) -> Vec<ApId> {
        let up = self.peers.iter().filter(|(_, up)| **up);
        up.map(|(id, _)| *id).collect()
    }

    fn can_reach(&self, peer: ApId) -> bool {
        self.peers.get(&peer) == Some(&true)
    }

    fn anchor_on(&mut self, event: AnchorIn<'_>) {
        let mut ops = Vec::new();
        self.anchor.on(event, &mut ops);
        self.out.extend(ops.into_iter().map(ApOutput::Path));
    }

    fn reply(&mut self, to: ApId, id: u32, station: MacAddr, epoch: Epoch, body: Body) {
        self.out.push_back(ApOutput::Reply {
            to,
            id,
            body,
            station,
            epoch,
        });
    }

    fn tell(&mut self, to: ApId, station: MacAddr, epoch: Epoch, body: Body) {
        self.out.push_back(ApOutput::Tell {
            to,
            body,
            station,
            epoch,
        });
    }

    fn catch(&mut self, station: MacAddr, on: bool) {
        self.out.push_back(ApOutput::Catch { station, on });
    }

    fn record(&mut self, record: RoamRecord) {
        self.out.push_back(ApOutput::Record(record));
    }

    fn note(&mut self, station: MacAddr, text: String) {
        self.out.push_back(ApOutput::Note { station, text });
    }

    fn new_pen(&mut self) -> PenId {
        self.next_pen = PenId(self.next_pen.0.wrapping_add(1));
        self.next_pen
    }

    /// A frame for the station was caught: it waits, goes into the pen, or was caught by mistake.
    fn caught(&mut self, station: MacAddr, id: CaughtId, frame: Frame) {
        let Some(known) = self.stations.get_mut(&station) else {
            return self.out.push_back(ApOutput::Pass(id));
        };
        let forwards = known.old.as_ref().is_some_and(Old::is_away);
        match &mut known.new {
            // One that may come back is where it was until it comes.
            Some(new) if !(forwards && new.is_primed()) => {
                if let Some(first) = new.wait(id, frame) {
                    self.out.push_back(ApOutput::Pass(first));
                }
            }
            _ if forwards => {
                self.out.push_back(ApOutput::Take(id));
                self.pen_in(station, frame);
            }
            _ => self.out.push_back(ApOutput::Pass(id)),
        }
    }
}
