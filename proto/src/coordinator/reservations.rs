//! Reservations: opened by the first packet of a flow or by an agent, released when idle.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::service::Service;
use super::station::Station;
use super::{Coordinator, CoordinatorEvent, ReleaseCause};
use crate::ledger::{Entry, FlowId, Refusal};
use crate::mac::MacAddr;
use crate::machine::{Packet, Reason};
use crate::policy::{Direction, PolicyTable};
use crate::time::{Duration, Instant};
use crate::wire::{Message, Outcome, RefusalReason, Reserve, ReserveOp, Reserved, Shape};

/// How often idle flows and silent agents are looked for.
pub(super) const HOUSEKEEPING: Duration = Duration::from_millis(500);
/// A flow that was refused is judged again after so long.
pub(super) const REFUSED_PAUSE: Duration = Duration::from_secs(5);
/// The most refusals that are remembered.
const MAX_REFUSED: usize = 1_024;
/// How much longer than an idle agent takes to close its flow the coordinator waits for it.
const CLOSE_MARGIN: Duration = Duration::from_secs(2);

/// What was refused lately.
#[derive(Clone, Debug, Default)]
pub(super) struct Refusals {
    /// Downlink flows, so that not every packet is judged.
    judged: Recent,
    /// Flows whose refusal was made an event, so that not every repetition is one.
    told: Recent,
}

/// Flows of the last [`REFUSED_PAUSE`], at most [`MAX_REFUSED`].
#[derive(Clone, Debug, Default)]
struct Recent(BTreeMap<FlowId, Instant>);

impl Recent {
    fn has(&self, id: &FlowId, now: Instant) -> bool {
        self.0
            .get(id)
            .is_some_and(|at| now.since(*at) < REFUSED_PAUSE)
    }

    /// Remembers `id`; false if it is known already, or there is no room.
    fn note(&mut self, id: FlowId, now: Instant) -> bool {
        if self.has(&id, now) {
            return false;
        }
        if self.0.len() >= MAX_REFUSED {
            self.prune(now);
        }
        let has_room = self.0.len() < MAX_REFUSED;
        if has_room {
            self.0.insert(id, now);
        }
        has_room
    }

    fn forget(&mut self, id: &FlowId) {
        self.0.remove(id);
    }

    fn prune(&mut self, now: Instant) {
        self.0.retain(|_, at| now.since(*at) < REFUSED_PAUSE);
    }
}

impl Refusals {
    /// The next refusal of this flow is made an event, whatever was before.
    pub(super) fn tell_again(&mut self, id: &FlowId) {
        self.told.forget(id);
    }
}

impl Coordinator {
    /// Opens the reservation of a downlink flow when its first packet comes by.
    pub(super) fn note_flow(&mut self, packet: &Packet) {
        let id = FlowId::of(packet.station, Direction::Down, packet.flow);
        let station = self.stations.get(&id.station);
        let is_here = station.is_some_and(|station| !station.departure.is_drained);
        if !is_here || self.ledger.get(&id).is_some() {
            return;
        }
        if self.ledger.is_withdrawn(&id) {
            self.strain.still_wanted(id, self.now);
            return;
        }
        if self.refusals.judged.has(&id, self.now) || self.claim_down(id) {
            return;
        }
        let Some(rule) = self
            .policy
            .classify(id.station, Direction::Down, &packet.flow)
        else {
            return;
        };
        if self.open(id, rule).is_err() {
            self.refusals.judged.note(id, self.now);
        }
    }

    /// Grants the reservation that `rule` promises.
    fn open(&mut self, id: FlowId, rule: u16) -> Result<(), Refusal> {
        let Some(found) = self.policy.rules.get(usize::from(rule)) else {
            return Err(Refusal {
                reason: RefusalReason::NoSuchRule,
                largest: 0,
            });
        };
        let promise = found.promise;
        let entry = Entry {
            rule: Some(rule),
            direction: found.matches.direction,
            promise,
            granted: promise.rate,
            rank: found.rank,
            idle: found.idle,
            since: self.now,
            up_idle: false,
            bundled: false,
        };
        self.grant_held(id, entry)
    }

    /// Grants `entry` if it fits, and tells the station's agent.
    pub(super) fn grant_entry(&mut self, id: FlowId, entry: Entry) -> Result<(), Refusal> {
        let entry = entry.bundled(self.bundles_both_ways(id.station));
        let links = super::links_of(&self.stations, self.config.assumed_rate);
        if let Err(refusal) = self.ledger.admit(id, entry, links) {
            if self.refusals.told.note(id, self.now) {
                self.events
                    .push_back(CoordinatorEvent::Refused(id, refusal));
            }
            return Err(refusal);
        }
        self.put_in_force(id, &entry);
        self.events.push_back(CoordinatorEvent::Granted(id));
        self.tell(id, Outcome::Granted, &entry, 0);
        self.enter_token_mode();
        Ok(())
    }

    /// Queues and timers follow a promise that is in the ledger.
    pub(super) fn put_in_force(&mut self, id: FlowId, entry: &Entry) {
        if let Some(station) = self.stations.get_mut(&id.station) {
            if let Some(promise) = entry.towards(&id, Direction::Down) {
                station.queues.reserve(self.now, id.key.reversed(), promise);
            }
            if let Some(agent) = &mut station.agent {
                agent.last_sent = self.now;
            }
        }
        self.serve_anew(id.station);
        if self.report.begin(self.now, id) {
            self.count_answers_anew();
        }
        self.keep_house();
    }

    /// Arms the timer by which reservations, withdrawn promises and holds are looked after.
    pub(super) fn keep_house(&mut self) {
        if self.timers.get(Reason::Housekeeping).is_none() {
            self.timers
                .set(Reason::Housekeeping, self.now + HOUSEKEEPING);
        }
    }

    /// Small packets from and to a station are inside of frames. Where only those to it are, the
    /// ledger counts as if none were.
    pub(super) fn bundles_both_ways(&self, station: MacAddr) -> bool {
        let station = self.stations.get(&station);
        self.config.bundle && station.is_some_and(Station::bundles)
    }

    /// The promises of a station have changed, or what its agent can do.
    pub(super) fn serve_anew(&mut self, address: MacAddr) {
        let bundles = self.bundles_both_ways(address);
        self.ledger.bundle(address, bundles);
        let entries = self.ledger.of_station(address);
        let service = Service::of(entries, self.config.turn, self.now);
        let Some(station) = self.stations.get_mut(&address) else {
            return;
        };
        // Who leaves is not visited.
        let service = service.filter(|_| !station.departure.is_drained);
        match (&mut station.service, service) {
            (Some(old), Some(new)) => old.adopt(new),
            (old, new) => *old = new,
        }
        if station.is_promised() {
            self.promised.insert(address);
        } else {
            self.promised.remove(&address);
        }
    }

    /// Sends RESERVED to the agent of a flow's station, if there is one.
    pub(super) fn tell(&mut self, id: FlowId, outcome: Outcome, entry: &Entry, largest: u32) {
        if self
            .stations
            .get(&id.station)
            .is_none_or(|station| station.agent.is_none())
        {
            return;
        }
        let rate = match outcome {
            Outcome::Granted | Outcome::Degraded(_) => entry.promise.rate,
            Outcome::Released | Outcome::Refused(_) | Outcome::Withdrawn(_) => 0,
        };
        let (rule, direction) = (entry.rule, entry.direction);
        let reserved = Reserved {
            outcome,
            rule,
            key: id.key,
            direction,
            rate,
            largest,
            shape: (rate > 0 && rule.is_none()).then(|| Shape::of(entry.promise)),
        };
        self.send(id.station, Message::Reserved(reserved));
    }

    /// Tells an agent that registered again what it still has.
    pub(super) fn push_reservations(&mut self, to: MacAddr) {
        let entries: Vec<_> = self
            .ledger
            .of_station(to)
            .map(|(id, entry)| (*id, *entry))
            .collect();
        for (id, entry) in entries {
            self.tell(id, self.outcome_now(&entry), &entry, 0);
        }
    }

    /// What an agent that asks for a promise in force is told.
    fn outcome_now(&self, entry: &Entry) -> Outcome {
        if entry.is_shrunk() {
            Outcome::Degraded(self.strain.cause())
        } else {
            Outcome::Granted
        }
    }

    pub(super) fn reserve(&mut self, from: MacAddr, reserve: &Reserve) {
        let id = FlowId::of(from, Direction::Up, reserve.key);
        match reserve.op {
            ReserveOp::Close => self.close_uplink(id, reserve),
            ReserveOp::Open => {
                if let Some(entry) = self.ledger.get_mut(&id) {
                    entry.up_idle = false;
                    let entry = *entry;
                    self.serve_anew(id.station);
                    self.tell(id, self.outcome_now(&entry), &entry, 0);
                    return;
                }
                if let Some(entry) = self.ledger.get_withdrawn(&id).copied() {
                    self.strain.still_wanted(id, self.now);
                    let outcome = Outcome::Withdrawn(self.strain.cause());
                    self.tell(id, outcome, &entry, 0);
                    return;
                }
                if reserve.rule.is_none() {
                    return self.program_asks(id, reserve);
                }
                // The table at the AP decides, whatever rule an agent claims.
                let rule = self.policy.classify(from, Direction::Up, &reserve.key);
                let judged = match rule.filter(|_| rule == reserve.rule) {
                    Some(rule) => self.open(id, rule),
                    None => Err(Refusal {
                        reason: RefusalReason::NoSuchRule,
                        largest: 0,
                    }),
                };
                if let Err(Refusal { reason, largest }) = judged {
                    let outcome = Outcome::Refused(reason);
                    let (rule, key, direction) = (reserve.rule, id.key, reserve.direction);
                    let reserved = Reserved {
                        outcome,
                        rule,
                        key,
                        direction,
                        rate: 0,
                        largest,
                        shape: None,
                    };
                    self.send(from, Message::Reserved(reserved));
                }
            }
        }
    }

    /// Answers a program's request. A grant is told by [`Coordinator::grant_entry`]; of what is held
    /// for a flow to come, and of a refusal, the answer is here.
    fn program_asks(&mut self, id: FlowId, reserve: &Reserve) {
        let (outcome, promise, largest) = match self.reserve_for_program(id, reserve) {
            Ok(_) if self.ledger.get(&id).is_some() => return,
            Ok(promise) => (Outcome::Granted, Some(promise), 0),
            Err(Refusal { reason, largest }) => (Outcome::Refused(reason), None, largest),
        };
        let reserved = Reserved {
            outcome,
            rule: None,
            key: id.key,
            direction: reserve.direction,
            rate: promise.map_or(0, |promise| promise.rate),
            largest,
            shape: promise.map(Shape::of),
        };
        self.send(id.station, Message::Reserved(reserved));
    }

    /// The agent no longer sends this flow; if nothing comes down either, it is over. A program may
    /// also give both ways up at once. The answer is the same when it was over already: the agent
    /// repeats what is not answered.
    fn close_uplink(&mut self, id: FlowId, reserve: &Reserve) {
        if reserve.rule.is_none()
            && let Some(hold) = self.hold_for(&id)
        {
            self.ledger.drop_hold(hold);
        }
        if reserve.rule.is_none()
            && reserve.direction == Direction::Both
            && self
                .ledger
                .get(&id)
                .is_some_and(|entry| entry.rule.is_none())
        {
            self.release(id, ReleaseCause::Program);
            return;
        }
        let closed = self.ledger.get_mut(&id).map(|entry| {
            entry.up_idle = true;
            *entry
        });
        self.serve_anew(id.station);
        if closed.is_some_and(|entry| self.is_down_idle(&id, &entry)) {
            self.release(id, ReleaseCause::Idle);
            return;
        }
        let reserved = Reserved {
            outcome: Outcome::Released,
            rule: reserve.rule,
            key: id.key,
            direction: Direction::Up,
            rate: 0,
            largest: 0,
            shape: None,
        };
        self.send(id.station, Message::Reserved(reserved));
    }

    fn is_down_idle(&self, id: &FlowId, entry: &Entry) -> bool {
        let key = id.key.reversed();
        let last = self
            .stations
            .get(&id.station)
            .and_then(|station| station.queues.flows().find(|(other, ..)| *other == key))
            .map(|(_, last, _)| last);
        last.is_none_or(|last| self.now.since(last) > entry.idle)
    }

    fn is_up_idle(&self, id: &FlowId, entry: &Entry) -> bool {
        if !entry.direction.covers(Direction::Up) || entry.up_idle {
            return true;
        }
        let agent = self
            .stations
            .get(&id.station)
            .and_then(|station| station.agent.as_ref());
        agent.is_none_or(|agent| self.now.since(agent.last_sent) > entry.idle + CLOSE_MARGIN)
    }

    pub(super) fn release_idle(&mut self) {
        // What was just promised has not been idle for long, and what goes with its station to
        // another cell is kept until it has left.
        let is_kept = |id: &FlowId, e: &Entry| {
            let station = self.stations.get(&id.station);
            self.now.since(e.since) <= e.idle || station.is_some_and(|s| s.departure.is_drained)
        };
        let idle = |id: &FlowId, e: &Entry| {
            !is_kept(id, e) && self.is_up_idle(id, e) && self.is_down_idle(id, e)
        };
        let ids: Vec<_> = self
            .ledger
            .iter()
            .filter(|(id, e)| idle(id, e))
            .map(|(id, _)| *id)
            .collect();
        let given_up: Vec<_> = self
            .ledger
            .withdrawn()
            .filter(|(id, entry)| !self.strain.is_wanted(id, entry, self.now))
            .map(|(id, _)| *id)
            .collect();
        for id in ids.into_iter().chain(given_up) {
            self.release(id, ReleaseCause::Idle);
        }
        self.refusals.judged.prune(self.now);
        self.refusals.told.prune(self.now);
    }

    /// Agents that were silent for longer than the grace time lose their reservations, and their
    /// stations count as unregistered: what comes down for them is still promised to their flows.
    /// Such an agent is sent to register anew as soon as it speaks.
    pub(super) fn release_silent(&mut self) {
        let (now, grace) = (self.now, self.config.grace);
        let overdue = |silent: Option<Instant>| silent.is_some_and(|at| now.since(at) >= grace);
        let silent: Vec<_> = self
            .stations
            .iter()
            .filter(|(_, s)| {
                s.agent
                    .as_ref()
                    .is_some_and(|agent| overdue(agent.silent_since))
            })
            .map(|(address, _)| *address)
            .collect();
        for address in silent {
            self.release_uplink(address, ReleaseCause::AgentSilent);
            if let Some(station) = self.stations.get_mut(&address) {
                station.agent = None;
            }
        }
    }

    /// Ends the reservations of a station that need its agent.
    pub(super) fn release_uplink(&mut self, address: MacAddr, cause: ReleaseCause) {
        let up = |entry: &Entry| entry.direction.covers(Direction::Up);
        let ids: Vec<_> = self
            .all_of(address)
            .filter(|(_, entry)| up(entry))
            .map(|(id, _)| *id)
            .collect();
        for id in ids {
            self.release(id, cause);
        }
    }

    /// Ends all reservations of a station.
    pub(super) fn release_station(&mut self, address: MacAddr, cause: ReleaseCause) {
        let ids: Vec<_> = self.all_of(address).map(|(id, _)| *id).collect();
        for id in ids {
            self.release(id, cause);
        }
    }

    /// The promises of a station, withdrawn ones too.
    pub(super) fn all_of(&self, station: MacAddr) -> impl Iterator<Item = (&FlowId, &Entry)> {
        let theirs = move |(id, _): &(&FlowId, &Entry)| id.station == station;
        let withdrawn = self.ledger.withdrawn().filter(theirs);
        self.ledger.of_station(station).chain(withdrawn)
    }

    pub(super) fn release(&mut self, id: FlowId, cause: ReleaseCause) {
        let Some(entry) = self.ledger.release(&id) else {
            return;
        };
        self.strain.forget(&id);
        self.put_out_of_force(id);
        self.tell(id, Outcome::Released, &entry, 0);
        self.events.push_back(CoordinatorEvent::Released(id, cause));
    }

    /// What waits for the flow is best effort from now on.
    pub(super) fn put_out_of_force(&mut self, id: FlowId) {
        if let Some(station) = self.stations.get_mut(&id.station) {
            station.queues.unreserve(id.key.reversed());
            if station.wants_nrt(self.now) {
                self.cycle.enlist(self.now, id.station, station);
            }
        }
        self.serve_anew(id.station);
    }

    /// Takes over a new table. Reservations whose rule is in it unchanged stay.
    pub(super) fn change_policy(&mut self, table: PolicyTable) {
        let old = core::mem::replace(&mut self.policy, table);
        let entries: Vec<_> = self
            .ledger
            .iter()
            .chain(self.ledger.withdrawn())
            .filter(|(_, entry)| entry.rule.is_some())
            .map(|(id, entry)| (*id, entry.rule))
            .collect();
        for (id, rule) in entries {
            let before = rule.and_then(|rule| old.rules.get(usize::from(rule)));
            let place = self
                .policy
                .rules
                .iter()
                .position(|rule| Some(rule) == before);
            match place.and_then(|place| u16::try_from(place).ok()) {
                Some(place) => {
                    if let Some(entry) = self.ledger.get_mut(&id) {
                        entry.rule = Some(place);
                    }
                }
                None => self.release(id, ReleaseCause::PolicyChanged),
            }
        }
        self.refusals = Refusals::default();
        // Agents see the new version and ask for the table.
        self.hello(MacAddr::BROADCAST);
    }
}
