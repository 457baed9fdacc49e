//! The cycle: which visit comes next, and how much of the cycle is left.
//!
//! As in wired Rether (USENIX 1999): RT holders first, then NRT round-robin that resumes where it
//! stopped, and nothing is started that cannot finish in the residual cycle. Ours is that all is
//! counted in airtime, and that the residual is the lesser of what the model and the clock leave:
//! the model bounds what is granted where the medium is faster than it should be, the clock where
//! it is slower.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use super::station::{Deficit, Station};
use super::{Coordinator, CoordinatorEvent};
use crate::airtime::Phy;
use crate::ledger::visit_cost;
use crate::mac::MacAddr;
use crate::machine::Reason;
use crate::queues::Air;
use crate::time::{Duration, Instant};
use crate::wire::{CellMode, Hello, Message};

/// The largest IP packet of an Ethernet: what the smallest useful NRT grant must carry.
const LARGEST_PACKET: u32 = 1_500;
/// A change of mode is announced in so many cycles, for those that miss a broadcast.
const ANNOUNCEMENTS: u8 = 3;

/// The running cycle, and the round-robin that outlives it.
#[derive(Clone, Debug, Default)]
pub(super) struct Cycle {
    pub(super) number: u32,
    start: Instant,
    pub(super) length: Duration,
    /// Airtime spent or granted in this cycle, by the model.
    charged: Duration,
    /// Of it, best-effort visits.
    nrt_visits: u32,
    /// Stations with promises, still to be visited in this cycle, by delay bound; the tightest is
    /// last, to be taken next.
    due: Vec<(Duration, MacAddr)>,
    /// Stations with best-effort backlog.
    ring: VecDeque<MacAddr>,
    /// The head of the ring has had its quantum.
    turn_begun: bool,
    announcements: u8,
}

/// A visit that the planner chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Visit {
    /// What is promised to a station.
    Rt(MacAddr),
    /// Best effort, at most so much airtime with all costs.
    Nrt(MacAddr, Duration),
}

impl Cycle {
    /// When the cycle ends: by the clock, or later if one packet longer than a cycle stretched it.
    fn end(&self) -> Instant {
        self.start + self.length.max(self.charged)
    }

    pub(super) fn residual(&self, now: Instant) -> Duration {
        self.length
            .saturating_sub(self.charged.max(now.since(self.start)))
    }

    /// Books airtime.
    pub(super) fn charge(&mut self, airtime: Duration) {
        self.charged += airtime;
    }

    /// Gives back airtime that was granted and not used.
    pub(super) fn refund(&mut self, airtime: Duration) {
        self.charged -= airtime;
    }

    /// Gives a station a place in the round-robin.
    pub(super) fn enlist(&mut self, address: MacAddr, station: &mut Station) {
        if !station.enlisted {
            station.enlisted = true;
            self.ring.push_back(address);
        }
    }

    /// Takes a station that left out of all plans.
    pub(super) fn forget(&mut self, address: MacAddr) {
        if self.ring.front() == Some(&address) {
            self.turn_begun = false;
        }
        self.ring.retain(|other| *other != address);
        self.due.retain(|(_, other)| *other != address);
    }

    /// The turn of the head of the ring is over.
    fn next_turn(&mut self) {
        self.turn_begun = false;
        if let Some(head) = self.ring.pop_front() {
            self.ring.push_back(head);
        }
    }
}

impl Coordinator {
    /// Does all visits that can be done now. Called after every input.
    pub(super) fn advance(&mut self) {
        while self.mode == CellMode::Token && self.lease.is_none() {
            if self.now >= self.cycle.end() {
                self.begin_cycle();
                continue;
            }
            let Some(visit) = self.next_visit() else {
                self.timers.set(Reason::Cycle, self.cycle.end());
                return;
            };
            self.visit(visit);
        }
        self.timers.stop(Reason::Cycle);
    }

    pub(super) fn enter_token_mode(&mut self) {
        self.empty_since = None;
        if self.mode == CellMode::Token || self.stopped {
            return;
        }
        self.mode = CellMode::Token;
        self.events
            .push_back(CoordinatorEvent::Mode(CellMode::Token));
        self.cycle.announcements = ANNOUNCEMENTS;
        self.start_cycle(self.now);
    }

    pub(super) fn leave_token_mode(&mut self) {
        if self.mode == CellMode::Free {
            return;
        }
        self.mode = CellMode::Free;
        self.empty_since = None;
        self.end_lease();
        for station in self.stations.values_mut() {
            station.queues.release_all(&mut self.verdicts);
            station.enlisted = false;
            station.deficit = Deficit::ZERO;
            if let Some(agent) = &mut station.agent {
                agent.backlog = crate::wire::Backlog::default();
            }
        }
        self.cycle = Cycle {
            number: self.cycle.number,
            ..Cycle::default()
        };
        self.timers.stop(Reason::Cycle);
        self.events
            .push_back(CoordinatorEvent::Mode(CellMode::Free));
        self.hello(MacAddr::BROADCAST);
    }

    fn begin_cycle(&mut self) {
        self.stats
            .close_cycle(self.cycle.charged, self.cycle.length);
        if self.ledger.is_empty() {
            let since = *self.empty_since.get_or_insert(self.now);
            if self.now.since(since) >= self.config.linger {
                self.leave_token_mode();
                return;
            }
        }
        // A cycle that ended a little late does not shift the next one.
        let end = self.cycle.end();
        let late = self.now.since(end);
        self.start_cycle(if late < self.cycle.length {
            end
        } else {
            self.now
        });
    }

    fn start_cycle(&mut self, start: Instant) {
        self.cycle.number = self.cycle.number.wrapping_add(1);
        self.cycle.start = start;
        self.cycle.length = self.ledger.cycle();
        self.cycle.charged = Duration::ZERO;
        self.cycle.nrt_visits = 0;
        self.plan_promised_visits();
        if self.cycle.announcements > 0 || self.someone_waits_unheard() {
            self.cycle.announcements = self.cycle.announcements.saturating_sub(1);
            self.hello(MacAddr::BROADCAST);
            self.cycle.charge(self.config.phy.broadcast(Hello::OCTETS));
        }
    }

    /// Stations with reservations; those with the tightest delay bound are visited first.
    fn plan_promised_visits(&mut self) {
        let due = &mut self.cycle.due;
        due.clear();
        for (id, entry) in self.ledger.iter() {
            // Entries are sorted by station.
            match due.last_mut() {
                Some((bound, station)) if *station == id.station => {
                    *bound = entry.promise.delay.min(*bound);
                }
                _ => due.push((entry.promise.delay, id.station)),
            }
        }
        due.sort_unstable_by(|a, b| b.cmp(a));
    }

    /// An agent that holds packets opens its gate after two silent cycles. Those that would come
    /// close to it until the next cycle starts must hear something now.
    fn someone_waits_unheard(&self) -> bool {
        let lateness = self.cycle.length / 4;
        let patience = self.cycle.length - lateness;
        self.stations.values().any(|station| {
            let unheard =
                |agent: &super::station::AgentSession| self.now.since(agent.heard_us) >= patience;
            station.wants_uplink() && station.agent.as_ref().is_some_and(unheard)
        })
    }

    fn next_visit(&mut self) -> Option<Visit> {
        if let Some((_, address)) = self.cycle.due.pop() {
            return Some(Visit::Rt(address));
        }
        // Each turn of a station in debt pays one quantum of it off, so this ends.
        while let Some(&address) = self.cycle.ring.front() {
            let Some(station) = self.stations.get_mut(&address).filter(|s| s.wants_nrt()) else {
                self.delist(address);
                continue;
            };
            let smallest = Need::of(self.config.phy, station).smallest_grant();
            if station.deficit.available() < smallest {
                if self.cycle.turn_begun {
                    self.cycle.next_turn();
                } else {
                    station.deficit.earn(self.config.quantum);
                    self.cycle.turn_begun = true;
                }
                continue;
            }
            let residual = self.cycle.residual(self.now);
            let grant = station.deficit.available().min(residual);
            if residual >= smallest {
                return Some(Visit::Nrt(address, grant));
            }
            // A packet that no cycle has room for may stretch one that has served nobody else.
            let hopeless = smallest > self.cycle.length.saturating_sub(self.cycle.charged);
            let unused = self.cycle.nrt_visits == 0 && self.cycle.charged <= self.cycle.length / 2;
            return (hopeless && unused).then_some(Visit::Nrt(address, smallest));
        }
        None
    }

    /// Takes the head of the ring out: it wants nothing.
    fn delist(&mut self, address: MacAddr) {
        self.cycle.ring.pop_front();
        self.cycle.turn_begun = false;
        if let Some(station) = self.stations.get_mut(&address) {
            station.enlisted = false;
            station.deficit = station.deficit.min(Deficit::ZERO);
        }
    }

    fn visit(&mut self, visit: Visit) {
        match visit {
            Visit::Rt(address) => self.visit_rt(address),
            Visit::Nrt(address, grant) => {
                self.cycle.nrt_visits += 1;
                self.visit_nrt(address, grant);
            }
        }
    }

    /// Downlink first, then a token for what the station's uplink flows are promised.
    fn visit_rt(&mut self, address: MacAddr) {
        let (uplink, packet) = self.rt_uplink_airtime(address);
        let residual = self.cycle.residual(self.now);
        let Some(station) = self.stations.get_mut(&address) else {
            return;
        };
        let link = station.link();
        let air = Air {
            phy: self.config.phy,
            rate: link.down,
        };
        let down = station
            .queues
            .release_rt(self.now, residual, air, &mut self.verdicts);
        station.used.down += down.airtime;
        self.cycle.charge(down.airtime);
        let can_answer = station.live_agent().is_some();
        let cost = visit_cost(self.config.phy, link);
        let rt = uplink.min(residual.saturating_sub(down.airtime + cost));
        if can_answer && !rt.is_zero() && rt >= packet {
            self.grant(address, rt, Duration::ZERO);
        }
    }

    /// What the promises of a station's uplink need in one cycle: their packets, rounded up, and
    /// one that was late for the last visit. Also the airtime of the shortest such packet: a
    /// smaller grant is of no use.
    fn rt_uplink_airtime(&self, address: MacAddr) -> (Duration, Duration) {
        let Some(station) = self.stations.get(&address) else {
            return (Duration::ZERO, Duration::ZERO);
        };
        let rate = station.link().up;
        let up = |entry: &&crate::ledger::Entry| {
            entry.direction.covers(crate::policy::Direction::Up) && !entry.up_idle
        };
        let entries = self
            .ledger
            .of_station(address)
            .map(|(_, entry)| entry)
            .filter(up);
        let none = (Duration::ZERO, Duration::from_nanos(u64::MAX));
        entries.fold(none, |(sum, shortest), entry| {
            let octets = u32::from(entry.promise.packet.max(1));
            let bits = u128::from(entry.promise.rate) * u128::from(self.cycle.length.as_nanos());
            let packets = bits.div_ceil(u128::from(octets) * 8 * 1_000_000_000) + 1;
            let exchange = self.config.phy.exchange(rate, octets);
            let all = exchange * u64::try_from(packets).unwrap_or(u64::MAX);
            (sum + all, shortest.min(exchange))
        })
    }

    /// Downlink and uplink share the grant; what the downlink leaves goes to the uplink. A grant
    /// with room for one packet only goes to one of them, in turns.
    fn visit_nrt(&mut self, address: MacAddr, grant: Duration) {
        let phy = self.config.phy;
        let Some(station) = self.stations.get_mut(&address) else {
            return;
        };
        let link = station.link();
        let Need { down, up, token } = Need::of(phy, station);
        let budget = match (down, up) {
            (_, None) => grant,
            (None, _) => Duration::ZERO,
            (Some(down), Some(up)) if down + up <= grant => {
                ((grant - token) / 2).max(down).min(grant - up)
            }
            _ => {
                station.uplink_turn = !station.uplink_turn;
                if station.uplink_turn {
                    Duration::ZERO
                } else {
                    grant
                }
            }
        };
        let air = Air {
            phy,
            rate: link.down,
        };
        let down = station
            .queues
            .release_nrt(self.now, budget, air, &mut self.verdicts);
        station.used.down += down.airtime;
        station.deficit.spend(down.airtime);
        self.cycle.charge(down.airtime);
        let left = grant.saturating_sub(down.airtime);
        if up.is_some_and(|up| left >= up) {
            self.grant(address, Duration::ZERO, left - token);
        } else {
            self.end_turn(address);
        }
    }

    /// After a best-effort visit: the next station's turn, unless this one can go on.
    pub(super) fn end_turn(&mut self, address: MacAddr) {
        let phy = self.config.phy;
        let Some(station) = self.stations.get(&address) else {
            return;
        };
        let spent = station.deficit.available() < Need::of(phy, station).smallest_grant();
        if self.cycle.ring.front() == Some(&address) && spent {
            self.cycle.next_turn();
        }
    }

    /// Puts the head of the ring last although it may have airtime left: it did not answer.
    pub(super) fn skip_turn(&mut self, address: MacAddr) {
        if self.cycle.ring.front() == Some(&address) {
            self.cycle.next_turn();
        }
    }

    /// Says how the cell is run, to one station or all.
    pub(super) fn hello(&mut self, to: MacAddr) {
        let hello = Hello {
            epoch: self.epoch,
            mode: self.mode,
            cycle: self.ledger.cycle(),
            cycle_number: self.cycle.number,
            policy_version: self.policy.version,
        };
        self.send(to, Message::Hello(hello));
    }

    pub(super) fn periodic_hello(&mut self) {
        self.hello(MacAddr::BROADCAST);
        self.timers.set(Reason::Hello, self.now + self.config.hello);
    }
}

/// Airtime that a station needs for the next best-effort packet each way; `None` where it wants
/// none.
struct Need {
    down: Option<Duration>,
    /// With the token's cost.
    up: Option<Duration>,
    token: Duration,
}

impl Need {
    fn of(phy: Phy, station: &Station) -> Self {
        let link = station.link();
        let token = visit_cost(phy, link);
        let down = station.queues.next_nrt();
        // The length of the uplink's next packet is not known.
        let up = LARGEST_PACKET.max(station.mean_uplink_packet());
        Self {
            down: down.map(|len| phy.exchange(link.down, len)),
            up: station
                .wants_uplink()
                .then(|| phy.exchange(link.up, up) + token),
            token,
        }
    }

    /// The least grant with which either way can go on.
    fn smallest_grant(&self) -> Duration {
        self.down.max(self.up).unwrap_or_default()
    }
}
