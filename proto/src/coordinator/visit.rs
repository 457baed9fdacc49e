//! A visit's lease: a token goes out, and comes back, is refused, or is lost.

use super::station::AgentSession;
use super::{Coordinator, CoordinatorEvent, Outgoing};
use crate::ledger::visit_cost;
use crate::mac::MacAddr;
use crate::machine::{Reason, TxHandle};
use crate::time::{Duration, Instant};
use crate::wire::{Backlog, CellMode, Message, Request, Return, Token};

/// A token that is out. Not `Copy`: it is taken from [`Coordinator::lease`] exactly once, by its
/// return, its loss or the end of the visit.
#[derive(Clone, Debug)]
pub(super) struct Lease {
    pub(super) station: MacAddr,
    token: Token,
    handle: TxHandle,
    sent: Instant,
    /// Transmissions of the token itself.
    tries: u8,
    probed: bool,
}

impl Coordinator {
    /// Hands `station` a token for so much airtime.
    pub(super) fn grant(&mut self, station: MacAddr, rt: Duration, nrt: Duration) {
        let Some(target) = self.stations.get_mut(&station) else {
            return;
        };
        let link = target.link();
        let cost = visit_cost(self.config.phy, link);
        target.deficit.spend(if nrt.is_zero() {
            Duration::ZERO
        } else {
            nrt + cost
        });
        target.used.overhead += cost;
        self.cycle.charge(rt + nrt + cost);
        self.next_token = self.next_token.wrapping_add(1);
        let token = Token {
            token: self.next_token,
            probe: false,
            cycle_number: self.cycle.number,
            rt,
            nrt,
            valid: rt + nrt + cost + self.config.return_margin,
            rate: link.up,
        };
        let handle = self.send_token(station, &token);
        self.timers.set(Reason::Return, self.now + token.valid);
        self.lease = Some(Lease {
            station,
            token,
            handle,
            sent: self.now,
            tries: 1,
            probed: false,
        });
        self.stats.tokens += 1;
    }

    fn send_token(&mut self, to: MacAddr, token: &Token) -> TxHandle {
        self.stats.handles = self.stats.handles.wrapping_add(1);
        let handle = TxHandle(self.stats.handles);
        let session = self.stations.get(&to).map_or(0, super::Station::session);
        let message = Message::Token(*token);
        self.outbox.push_back(Outgoing {
            to,
            session,
            message,
            handle: Some(handle),
        });
        handle
    }

    /// Not acknowledged: once more at once, then the station is visited later.
    pub(super) fn token_sent(&mut self, handle: TxHandle, acked: bool) {
        let Some(mut lease) = self.lease.take_if(|lease| lease.handle == handle && !acked) else {
            return;
        };
        self.stats.not_acked += 1;
        if lease.tries == 1 {
            lease.tries += 1;
            lease.handle = self.send_token(lease.station, &lease.token);
            self.lease = Some(lease);
        } else {
            // It never arrived, so none of it was used; of a probe that says nothing.
            let used = |granted| {
                if lease.probed {
                    granted
                } else {
                    Duration::ZERO
                }
            };
            let (rt, nrt) = (used(lease.token.rt), used(lease.token.nrt));
            self.settle(&lease, rt, nrt);
            self.missed(lease.station);
        }
    }

    /// The RETURN is overdue: ask once whether the agent lives, then regenerate the token.
    pub(super) fn return_overdue(&mut self) {
        let Some(mut lease) = self.lease.take() else {
            return;
        };
        if lease.probed {
            self.stats.lost += 1;
            // It may have used all of it.
            let (rt, nrt) = (lease.token.rt, lease.token.nrt);
            self.settle(&lease, rt, nrt);
            self.missed(lease.station);
            return;
        }
        self.stats.probes += 1;
        let probe = Token {
            probe: true,
            rt: Duration::ZERO,
            nrt: Duration::ZERO,
            valid: self.config.return_margin,
            ..lease.token
        };
        lease.handle = self.send_token(lease.station, &probe);
        // The probe itself is not repeated.
        lease.tries = u8::MAX;
        lease.probed = true;
        self.timers
            .set(Reason::Return, self.now + self.config.return_margin);
        self.lease = Some(lease);
    }

    pub(super) fn returned(&mut self, from: MacAddr, answer: &Return) {
        self.note_backlog(from, answer.backlog, answer.rate);
        let now = self.now;
        if let Some(agent) = self.agent_of(from) {
            // A RETURN answers a TOKEN.
            agent.heard_us = now;
        }
        let Some(lease) = self
            .lease
            .take_if(|lease| lease.station == from && lease.token.token == answer.token)
        else {
            self.stats.stale_returns += 1;
            return;
        };
        self.stats.returns += 1;
        if lease.tries == 1 {
            self.round_trips.record(self.now.since(lease.sent));
        }
        let Some(station) = self.stations.get_mut(&from) else {
            return;
        };
        let is_busy = answer.sent_rt > 0 || answer.sent_nrt > 0 || answer.backlog.rt.packets > 0;
        if let Some(agent) = station.agent.as_mut().filter(|_| is_busy) {
            agent.last_sent = self.now;
        }
        let granted = lease.token.rt + lease.token.nrt;
        if answer.used_rt + answer.used_nrt > granted {
            self.stats.overstays += 1;
            self.events.push_back(CoordinatorEvent::Overstayed(from));
        }
        self.settle(&lease, answer.used_rt, answer.used_nrt);
        if answer.refused {
            self.skip_turn(from);
        } else if !lease.token.nrt.is_zero() {
            self.end_turn(from);
        }
    }

    /// Books what of a grant was used, and gives back the rest. More than was granted is booked
    /// too, at the station's own expense, but no more than a cycle: whatever a station claims, its
    /// debt must be paid off in a few turns.
    fn settle(&mut self, lease: &Lease, used_rt: Duration, used_nrt: Duration) {
        self.timers.stop(Reason::Return);
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
    fn missed(&mut self, address: MacAddr) {
        let limit = self.config.silent_visits;
        self.skip_turn(address);
        let now = self.now;
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

    /// The visit is over without an answer because the station or the mode is gone.
    pub(super) fn end_lease(&mut self) {
        if let Some(lease) = self.lease.take() {
            self.settle(&lease, Duration::ZERO, Duration::ZERO);
        }
    }

    /// An agent asks for a visit. Promised packets are visited anyway, so one that asks for them
    /// believes in a promise that is over, and is served like best effort until it knows.
    pub(super) fn requested(&mut self, from: MacAddr, request: Request) {
        self.stats.requests += 1;
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
        if station.wants_nrt() {
            self.cycle.enlist(from, station);
        }
    }
}
