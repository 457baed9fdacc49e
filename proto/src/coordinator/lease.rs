//! The tokens that are out: when each should be back, and what becomes of those that are not.

use alloc::vec::Vec;

use super::{Coordinator, Outgoing};
use crate::airtime::Turn;
use crate::ledger::{return_cost, token_cost};
use crate::mac::MacAddr;
use crate::machine::{Reason, TxHandle};
use crate::time::{Duration, Instant};
use crate::wire::{Data, Message, Packets, Token};

/// How often a promised visit is repeated before its station is left alone for a while.
const REPEATS: u8 = 10;

/// A token that is out. Not `Copy`: it is taken from [`Leases`] exactly once, by its return, its
/// loss or the end of the visit.
#[derive(Clone, Debug)]
pub(super) struct Lease {
    pub(super) station: MacAddr,
    pub(super) token: Token,
    /// What it was handed out with, to be repeated.
    message: Message,
    /// `None` of a visit that was announced, whose token has no frame of its own.
    handle: Option<TxHandle>,
    pub(super) sent: Instant,
    /// When the radio got what is out now: the token, its repetition, or the probe.
    handed: Instant,
    /// When the station's radio acknowledged the token.
    pub(super) acked: Option<Instant>,
    /// Transmissions of the token itself.
    pub(super) tries: u8,
    pub(super) probed: bool,
    /// How often it was handed out again because no return came.
    pub(super) repeats: u8,
    /// When it should be back by the model alone.
    nominal: Instant,
    /// Until then nobody else should send; later its station has most likely not heard it.
    until: Instant,
    /// When it is asked for, or written off.
    deadline: Instant,
}

impl Lease {
    /// Of a visit that begins at `begins`, by a broadcast.
    pub(super) fn announced(station: MacAddr, token: Token, begins: Instant) -> Self {
        let until = begins + token.valid;
        Self {
            station,
            token,
            message: Message::Token(token),
            handle: None,
            sent: begins,
            handed: begins,
            acked: Some(begins),
            tries: 1,
            probed: false,
            repeats: 0,
            nominal: until,
            until,
            deadline: until,
        }
    }

    /// Packets travel with its token.
    pub(super) const fn carries(&self) -> bool {
        matches!(self.message, Message::Data(_))
    }

    /// It has a frame of its own: it was not announced.
    pub(super) const fn has_token(&self) -> bool {
        self.handle.is_some()
    }

    /// Its token was handed out again, or asked for, and no return came yet.
    pub(super) const fn is_asked_again(&self) -> bool {
        self.repeats > 0 || self.tries > 1
    }

    /// A visit for what is promised, not for best effort.
    pub(super) fn is_rt(&self) -> bool {
        self.token.nrt.is_zero()
    }
}

/// How many visits go on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Active {
    /// Those that a promised visit waits for.
    pub(super) for_promises: usize,
    /// Those that best effort waits for.
    pub(super) for_all: usize,
}

/// All tokens that are out; rarely more than two.
#[derive(Clone, Debug, Default)]
pub(super) struct Leases(Vec<Lease>);

impl Leases {
    pub(super) fn of(&self, station: MacAddr) -> Option<&Lease> {
        self.0.iter().find(|lease| lease.station == station)
    }

    /// Takes the lease of `station` for `token`.
    pub(super) fn take(&mut self, station: MacAddr, token: u32) -> Option<Lease> {
        self.take_if(|lease| lease.station == station && lease.token.token == token)
    }

    fn take_if(&mut self, wanted: impl Fn(&Lease) -> bool) -> Option<Lease> {
        let place = self.0.iter().position(wanted)?;
        Some(self.0.swap_remove(place))
    }

    /// Visits that go on at `now`. For what is promised, a visit is over when it should be by the
    /// model: nobody's promise waits for who overstays.
    pub(super) fn active(&self, now: Instant) -> Active {
        let mut active = Active::default();
        for lease in &self.0 {
            let (nominal, until) = (now < lease.nominal, now < lease.until);
            active.for_promises += usize::from(nominal);
            active.for_all += usize::from(until);
        }
        active
    }

    /// Who holds a token for best effort.
    pub(super) fn stations(&self) -> impl Iterator<Item = MacAddr> {
        let nrt = self.0.iter().filter(|lease| !lease.is_rt());
        nrt.map(|lease| lease.station)
    }

    /// Who is visited for what is promised.
    pub(super) fn visited(&self) -> impl Iterator<Item = MacAddr> {
        let rt = self.0.iter().filter(|lease| lease.is_rt());
        rt.map(|lease| lease.station)
    }

    /// When the next of those that go on at `now` should be over.
    pub(super) fn next_end(&self, now: Instant) -> Option<Instant> {
        let ends = self.0.iter().flat_map(|lease| [lease.nominal, lease.until]);
        ends.filter(|end| *end > now).min()
    }

    fn next_deadline(&self) -> Option<Instant> {
        self.0.iter().map(|lease| lease.deadline).min()
    }
}

impl Coordinator {
    /// Hands `station` a token for so much airtime, with packets for it.
    pub(super) fn grant(
        &mut self,
        station: MacAddr,
        rt: Duration,
        nrt: Duration,
        packets: Packets,
    ) {
        let (phy, turn) = (self.config.phy, self.config.turn);
        let Some(target) = self.stations.get_mut(&station) else {
            return;
        };
        let link = target.link;
        let back = return_cost(phy, turn, link);
        let cost = token_cost(phy, turn, link) + back;
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
            valid: rt + self.pace.patience(nrt) + back + self.config.return_margin,
            rate: link.up,
        };
        let message = if packets.is_empty() {
            Message::Token(token)
        } else {
            Message::Data(Data {
                token: Some(token),
                answer: None,
                packets,
            })
        };
        let handle = self.send_tracked(station, message.clone());
        self.occupy_radio(cost - back);
        let (nominal, until) = self.unsent(self.radio_free + token.valid);
        self.lend(Lease {
            station,
            token,
            message,
            handle: Some(handle),
            sent: self.now,
            handed: self.now,
            acked: None,
            tries: 1,
            probed: false,
            repeats: 0,
            nominal,
            until,
            deadline: until,
        });
        self.stats.tokens += 1;
    }

    /// How long a token may wait in the radio beyond what the model says.
    fn unsent_patience(&self) -> Duration {
        self.radio.patience().max(self.cycle.length / 4)
    }

    /// Until when promises, and all others, wait for a token of which the radio says nothing, which
    /// by the model is back at `due`. A radio that is slow to get the medium gets no more to do; but
    /// what is promised does not wait for longer than such a radio takes.
    fn unsent(&self, due: Instant) -> (Instant, Instant) {
        let usual = self.radio.usual().max(self.cycle.length / 4);
        (due + usual, due + self.unsent_patience())
    }

    /// A token is out.
    pub(super) fn lend(&mut self, lease: Lease) {
        self.leases.0.push(lease);
        self.arm_leases();
    }

    /// The radio has so much more to send.
    pub(super) fn occupy_radio(&mut self, airtime: Duration) {
        self.radio_free = self.radio_free.max(self.now) + airtime;
    }

    fn send_tracked(&mut self, to: MacAddr, message: Message) -> TxHandle {
        self.stats.handles = self.stats.handles.wrapping_add(1);
        let handle = TxHandle(self.stats.handles);
        let session = self.stations.get(&to).map_or(0, super::Station::session);
        self.outbox.push_back(Outgoing {
            to,
            session,
            message,
            handle: Some(handle),
        });
        handle
    }

    /// The radio is through with a token. Not acknowledged: once more at once, then the station is
    /// visited later.
    pub(super) fn token_sent(&mut self, handle: TxHandle, acked: bool) {
        let now = self.now;
        let Some(place) = self
            .leases
            .0
            .iter()
            .position(|lease| lease.handle == Some(handle))
        else {
            self.radio.came_late(handle, now);
            return;
        };
        // All that was before it is out, too.
        self.radio_free = now;
        let lease = &self.leases.0[place];
        self.radio.record(now.since(lease.handed));
        if acked {
            let margin = self.config.return_margin;
            let lease = &mut self.leases.0[place];
            lease.acked = Some(now);
            if !lease.probed {
                lease.until = now + lease.token.valid - margin * 3 / 4;
                let granted = lease.token.rt + lease.token.nrt;
                // Where contention decides, the next token may contend with the end of this
                // visit: both back off at once.
                let over = match self.config.turn {
                    Turn::Paired => granted,
                    Turn::Burst => granted * 5 / 4 + margin / 2,
                };
                lease.nominal = lease.until.min(now + over);
                lease.deadline = now + lease.token.valid;
            } else {
                lease.deadline = now + margin;
            }
            self.arm_leases();
            return;
        }
        self.stats.not_acked += 1;
        let mut lease = self.leases.0.swap_remove(place);
        self.note_lost(lease.station);
        if lease.tries == 1 {
            lease.tries += 1;
            self.hand_again(lease);
        } else {
            // It never arrived, so none of it was used; of a probe, or a repetition, that says nothing.
            let arrived_before = lease.probed || lease.repeats > 0;
            let used = |granted| {
                if arrived_before {
                    granted
                } else {
                    Duration::ZERO
                }
            };
            let (rt, nrt) = (used(lease.token.rt), used(lease.token.nrt));
            self.stats.lost += u64::from(arrived_before);
            self.settle(&lease, rt, nrt);
            self.missed(&lease);
        }
        self.arm_leases();
    }

    /// Returns are overdue: ask once whether the agent lives, then regenerate the token.
    pub(super) fn return_overdue(&mut self) {
        while let Some(mut lease) = self.leases.take_if(|lease| lease.deadline <= self.now) {
            if !lease.is_rt() && lease.acked.is_some() {
                self.pace.missed();
            }
            // A radio that has not sent the token would not send a probe sooner.
            let unsent = lease.acked.is_none();
            if let Some(handle) = lease.handle.filter(|_| unsent) {
                self.radio.missed(handle, lease.handed);
            } else {
                self.note_lost(lease.station);
            }
            // Who missed an announcement gets a token of its own, which is as good.
            let can_repeat = !lease.probed && !unsent && lease.has_token();
            if can_repeat && lease.is_rt() && lease.repeats < self.repeats(lease.station) {
                self.repeat(lease);
                continue;
            }
            if !can_repeat || lease.is_rt() {
                self.stats.lost += 1;
                // It may have used all of it.
                let (rt, nrt) = (lease.token.rt, lease.token.nrt);
                self.settle(&lease, rt, nrt);
                self.write_off(&lease);
                continue;
            }
            self.stats.probes += 1;
            let probe = Token {
                probe: true,
                rt: Duration::ZERO,
                nrt: Duration::ZERO,
                valid: self.config.return_margin,
                ..lease.token
            };
            lease.message = Message::Token(probe);
            lease.handle = Some(self.send_tracked(lease.station, lease.message.clone()));
            // The probe itself is not repeated, and nobody waits for it.
            lease.tries = u8::MAX;
            lease.probed = true;
            lease.acked = None;
            lease.handed = self.now;
            lease.until = self.now;
            lease.deadline = self.now + self.config.return_margin + self.unsent_patience();
            self.leases.0.push(lease);
        }
        self.arm_leases();
    }

    /// How often a token is handed out again: often to an agent that answered the last visit, not
    /// to one that did not.
    fn repeats(&self, station: MacAddr) -> u8 {
        let agent = self
            .stations
            .get(&station)
            .and_then(|station| station.agent.as_ref());
        if agent.is_some_and(|agent| agent.misses == 0) {
            REPEATS
        } else {
            0
        }
    }

    /// Hands out a token again, with what it carried: its number says whether it is known. Who has
    /// used it answers again, who has not uses it now, and nothing that travelled with either is
    /// lost.
    fn repeat(&mut self, mut lease: Lease) {
        self.stats.probes += 1;
        lease.repeats += 1;
        lease.tries = 1;
        self.hand_again(lease);
    }

    /// The radio gets a token once more, and as long for it as for a new one.
    fn hand_again(&mut self, mut lease: Lease) {
        lease.handle = Some(self.send_tracked(lease.station, lease.message.clone()));
        lease.acked = None;
        lease.handed = self.now;
        (lease.nominal, lease.until) = self.unsent(self.now + lease.token.valid);
        lease.deadline = lease.until;
        self.leases.0.push(lease);
    }

    /// A token was lost, or its return was, for the report.
    fn note_lost(&mut self, address: MacAddr) {
        if let Some(station) = self.stations.get_mut(&address) {
            station.answers.lost = station.answers.lost.saturating_add(1);
        }
    }

    /// A visit without an answer. One that comes all the same tells who took too long.
    fn write_off(&mut self, lease: &Lease) {
        if let Some(station) = self.stations.get_mut(&lease.station)
            && let Some(agent) = &mut station.agent
            && !lease.is_rt()
        {
            agent.written_off = Some(lease.token.token);
        }
        self.missed(lease);
    }

    pub(super) fn arm_leases(&mut self) {
        match self.leases.next_deadline() {
            Some(deadline) => self.timers.set(Reason::Return, deadline),
            None => self.timers.stop(Reason::Return),
        }
    }

    /// The visits to a station, or all of them, are over without an answer, because it or the mode
    /// is gone.
    pub(super) fn end_leases(&mut self, station: Option<MacAddr>) {
        let wanted = |lease: &Lease| station.is_none_or(|station| lease.station == station);
        while let Some(lease) = self.leases.take_if(wanted) {
            self.settle(&lease, Duration::ZERO, Duration::ZERO);
        }
        self.arm_leases();
    }
}
