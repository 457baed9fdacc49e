//! The end of a visit: a return comes, or does not; and requests for visits.

use super::lease::Lease;
use super::station::AgentSession;
use super::{Coordinator, CoordinatorEvent};
use crate::airtime::Turn;
use crate::ledger::return_cost;
use crate::mac::MacAddr;
use crate::machine::Delivery;
use crate::time::Duration;
use crate::wire::{Backlog, CellMode, Data, Request, Return};

impl Coordinator {
    /// A return that brings packets along; they are taken once, also if it comes too late.
    pub(super) fn data(&mut self, from: MacAddr, data: &Data) {
        let Some(answer) = &data.answer else {
            return;
        };
        if let Some(agent) = self.agent_of(from)
            && agent.carried.replace(answer.token) != Some(answer.token)
        {
            self.inbox
                .extend(data.packets.iter().map(|packet| Delivery {
                    from,
                    bytes: packet.to_vec(),
                }));
        }
        self.returned(from, answer);
    }

    pub(super) fn returned(&mut self, from: MacAddr, answer: &Return) {
        self.note_backlog(from, answer.backlog, answer.rate);
        let now = self.now;
        let Some(lease) = self.leases.take(from, answer.token) else {
            self.stats.stale_returns += 1;
            if let Some(station) = self.stations.get_mut(&from) {
                station.answers.lost = station.answers.lost.saturating_sub(1);
            }
            self.came_late(from, answer.token);
            return;
        };
        self.arm_leases();
        self.has_come(from);
        self.stats.returns += 1;
        if lease.tries == 1 {
            self.round_trips.record(self.now.since(lease.sent));
        }
        let used_nrt = self.time_used(&lease, answer);
        let (phy, turn) = (self.config.phy, self.config.turn);
        let Some(station) = self.stations.get_mut(&from) else {
            return;
        };
        station.answers.returns = station.answers.returns.saturating_add(1);
        if station.is_promised() && station.departure.may_follow() {
            self.lull.part(now);
        }
        if let Some(service) = station
            .service
            .as_mut()
            .filter(|_| !lease.token.rt.is_zero())
        {
            // The packets left the gate when the token came.
            let took = answer.used_rt + return_cost(phy, turn, station.link);
            let earlier = Duration::from_nanos(took.as_nanos().min(now.as_nanos()));
            let released = lease.acked.unwrap_or_else(|| lease.sent.max(now - earlier));
            service.end(now, released, answer);
        }
        let is_busy = answer.sent_rt > 0 || answer.sent_nrt > 0 || answer.backlog.rt.packets > 0;
        if let Some(agent) = station.agent.as_mut().filter(|_| is_busy) {
            agent.last_sent = self.now;
        }
        let granted = lease.token.rt + lease.token.nrt;
        if answer.used_rt + used_nrt > granted {
            self.overstayed(from);
        }
        // A medium without airtime would spend a cycle's at its beginning, on whoever is quickest. No
        // more than was granted: all others wait for it, whatever a station claims.
        let believed = (answer.used_rt + used_nrt).min(granted);
        let earliest = lease.acked.unwrap_or(lease.sent) + believed * 7 / 8;
        self.paced_until = self.paced_until.max(earliest);
        self.settle(&lease, answer.used_rt, used_nrt);
        if answer.refused {
            self.skip_turn(from);
        }
    }

    /// A return for a token that is no longer out. In the profile nobody but the holder of a token
    /// can have kept it so long; elsewhere a crowd may.
    fn came_late(&mut self, from: MacAddr, token: u32) {
        let is_profile = self.config.turn == Turn::Burst;
        let Some(station) = self.stations.get_mut(&from).filter(|_| is_profile) else {
            return;
        };
        let written_off = station.agent.as_mut().and_then(|agent| {
            agent
                .written_off
                .take_if(|written_off| *written_off == token)
        });
        if written_off.is_some() {
            self.overstayed(from);
        }
    }

    /// A station took more than was granted.
    fn overstayed(&mut self, address: MacAddr) {
        if let Some(station) = self.stations.get_mut(&address) {
            station.overstayed(self.now);
            self.stats.overstays += 1;
            self.events.push_back(CoordinatorEvent::Overstayed(address));
        }
    }

    /// Best-effort airtime that a visit took: what its agent says, unless the clock says far more.
    /// Others contend too, so only a visit that took much longer than those of others do is
    /// its station's own doing.
    fn time_used(&mut self, lease: &Lease, answer: &Return) -> Duration {
        let is_clean = !lease.probed && !lease.token.nrt.is_zero();
        let Some(acked) = lease.acked.filter(|_| is_clean) else {
            return answer.used_nrt;
        };
        let (granted, took) = (lease.token.rt + lease.token.nrt, self.now.since(acked));
        if self.pace.is_beyond(granted, took) {
            let own = match self.config.turn {
                Turn::Burst => took,
                Turn::Paired => took / 2,
            };
            return own.max(answer.used_nrt);
        }
        if !answer.used_nrt.is_zero() {
            self.pace.record(answer.used_rt + answer.used_nrt, took);
        }
        answer.used_nrt
    }

    /// Books what of a grant was used, and gives back the rest. More than was granted is booked
    /// too, at the station's own expense, but no more than a cycle: whatever a station claims, its
    /// debt must be paid off in a few turns.
    pub(super) fn settle(&mut self, lease: &Lease, used_rt: Duration, used_nrt: Duration) {
        let (granted_rt, granted_nrt) = (lease.token.rt, lease.token.nrt);
        let used_rt = used_rt.min(granted_rt + self.cycle.length);
        let used_nrt = used_nrt.min(granted_nrt + self.cycle.length);
        self.cycle
            .refund((granted_rt + granted_nrt).saturating_sub(used_rt + used_nrt));
        let Some(station) = self.stations.get_mut(&lease.station) else {
            return;
        };
        station.used.up += used_rt + used_nrt;
        station.deficit.earn(granted_nrt.saturating_sub(used_nrt));
        station
            .deficit
            .spend(used_rt.saturating_sub(granted_rt) + used_nrt.saturating_sub(granted_nrt));
    }

    /// A visit without an answer. The station's turn passes; after several in a row its agent
    /// counts as silent and is left alone until it speaks.
    pub(super) fn missed(&mut self, lease: &Lease) {
        let address = lease.station;
        let limit = self.config.silent_visits;
        self.skip_turn(address);
        let now = self.now;
        if let Some(station) = self.stations.get_mut(&address)
            && let Some(service) = &mut station.service
        {
            service.missed(now);
        }
        if let Some(station) = self.stations.get_mut(&address) {
            station.unanswered += 1;
            let vain = u32::from(lease.is_rt() && lease.has_token());
            station.answers.vain = station.answers.vain.saturating_add(vain);
        }
        let Some(agent) = self.agent_of(address) else {
            return;
        };
        agent.misses = agent.misses.saturating_add(1);
        if agent.misses >= limit && agent.silent_since.is_none() {
            agent.silent_since = Some(now);
            agent.backlog = Backlog::default();
            self.events.push_back(CoordinatorEvent::AgentLost(address));
        }
    }

    /// An agent asks for a visit. Promised packets are visited anyway, so one that asks for them
    /// has been off its channel; or it believes in a promise that is over, and is served like best
    /// effort until it knows.
    pub(super) fn requested(&mut self, from: MacAddr, request: Request) {
        self.stats.requests += 1;
        if let Some(station) = self.stations.get_mut(&from) {
            station.requests += 1;
            let (phy, turn) = (self.config.phy, self.config.turn);
            let airtime =
                phy.granted(turn, station.link.up, Request::OCTETS) + phy.granted_start(turn);
            self.open_air.interrupt(self.now, airtime);
            let waits = request.backlog.rt.packets > 0;
            if let Some(service) = station.service.as_mut().filter(|_| waits) {
                service.asked(self.now);
            }
        }
        if self.mode == CellMode::Free {
            // It missed the end of token mode and waits in vain.
            self.hello(from);
            return;
        }
        let Request { mut backlog, rate } = request;
        let nrt = &mut backlog.nrt;
        nrt.packets = nrt.packets.saturating_add(backlog.rt.packets);
        nrt.octets = nrt.octets.saturating_add(backlog.rt.octets);
        self.note_backlog(from, backlog, rate);
    }

    fn agent_of(&mut self, address: MacAddr) -> Option<&mut AgentSession> {
        self.stations.get_mut(&address)?.agent.as_mut()
    }

    /// An agent spoke, so it lives.
    pub(super) fn heard_from(&mut self, from: MacAddr) {
        if let Some(agent) = self.agent_of(from) {
            agent.heard();
        }
    }

    /// An agent said what it holds.
    fn note_backlog(&mut self, from: MacAddr, backlog: Backlog, rate: crate::airtime::Rate) {
        let rates = crate::ledger::LinkRates {
            up: rate,
            down: crate::airtime::Rate(0),
        };
        self.heard_link(from, rates);
        let Some(station) = self.stations.get_mut(&from) else {
            return;
        };
        if self.mode == CellMode::Free {
            return;
        }
        if let Some(agent) = &mut station.agent {
            agent.backlog = backlog;
        }
        if station.wants_nrt(self.now) {
            self.cycle.enlist(self.now, from, station);
        }
    }
}
