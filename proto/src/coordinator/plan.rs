//! Which visit comes next.
//!
//! Promised visits go first, the one that can wait least before the others (earliest deadline).
//! Each may begin when its packets should have come, and must begin a while later; best effort gets
//! what lies between, by deficit round-robin in airtime, in grants that end before a promised visit
//! must begin.

use alloc::vec::Vec;

use super::cycle::{ALONE, Cycle};
use super::lease::Lease;
use super::service::Patience;
use super::station::{Deficit, Station};
use super::{Coordinator, Strategy};
use crate::airtime::{Phy, Turn};
use crate::ledger::visit_cost;
use crate::mac::MacAddr;
use crate::machine::Reason;
use crate::time::{Duration, Instant};
use crate::wire::CellMode;

/// The largest IP packet of an Ethernet: what the smallest useful NRT grant must carry.
pub(super) const LARGEST_PACKET: u32 = 1_500;
/// A TCP acknowledgement with timestamps.
pub(super) const TCP_ACK: u32 = 52;
/// The radio may have so much to send when a visit begins: enough not to fall idle, too little to
/// hold up a promise.
const RADIO_AHEAD: Duration = Duration::from_millis(1);

/// What a station earns in a turn while something is promised: visits are no longer than what lies between
/// those for promises, and after each it is somebody else's turn.
const BETWEEN_PROMISES: Duration = Duration::from_millis(12);

/// A visit that the planner chose.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Visit {
    /// What is promised to a station.
    Rt(MacAddr),
    /// What is promised to several, announced by one broadcast.
    Announced(Vec<MacAddr>),
    /// Best effort, at most so much airtime with all costs.
    Nrt(MacAddr, Duration),
}

/// When a station's promises ask for a visit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Demand {
    pub(super) from: Instant,
    pub(super) until: Instant,
    /// Something is to come up.
    pub(super) asks_for_token: bool,
}

impl Coordinator {
    /// Does all visits that can be done now. Called after every input.
    pub(super) fn advance(&mut self) {
        while self.mode == CellMode::Token {
            if self.now >= self.cycle.end() {
                self.begin_cycle();
                continue;
            }
            match self.next_visit() {
                Some(Visit::Rt(address)) => {
                    self.interrupt_open_air(address);
                    self.visit_rt(address);
                }
                Some(Visit::Announced(addresses)) => {
                    for address in &addresses {
                        self.interrupt_open_air(*address);
                    }
                    self.announce(&addresses);
                }
                Some(Visit::Nrt(address, grant)) => {
                    self.cycle.nrt_visits += 1;
                    self.visit_nrt(address, grant);
                }
                None => {
                    self.timers.set(Reason::Cycle, self.next_look());
                    return;
                }
            }
        }
        self.timers.stop(Reason::Cycle);
    }

    /// When something may be done that cannot be done now.
    fn next_look(&self) -> Instant {
        let ahead =
            |at: Instant| Instant::from_nanos(at.as_nanos().saturating_sub(RADIO_AHEAD.as_nanos()));
        let radio = [ahead(self.radio_free), ahead(self.paced_until)];
        let demands = self.demands().map(|(_, demand)| demand.from);
        let times = demands.chain(self.leases.next_end(self.now)).chain(radio);
        let times = times.chain(self.lull.end(self.now));
        let times = times.chain(self.open_air.end(self.now));
        let times = times.filter(|at| *at > self.now);
        let end = self.cycle.end();
        times.min().unwrap_or(end).min(end)
    }

    fn next_visit(&mut self) -> Option<Visit> {
        let active = self.leases.active(self.now);
        let is_busy = self.radio_free > self.now + RADIO_AHEAD;
        if is_busy {
            return None;
        }
        // In the profile whoever holds a token sends without waiting, so that two would collide.
        // Else two at a time waste less: while one backs off, so does the other. But they hold each
        // other up, which a promise would notice.
        let at_once = match self.config.turn {
            Turn::Paired if self.ledger.is_empty() => 2,
            Turn::Paired | Turn::Burst => 1,
        };
        if active.for_promises >= at_once {
            return None;
        }
        let now = self.now;
        let due = self.demands().filter(|(_, demand)| demand.from <= now);
        if let Some((address, _)) = due.min_by_key(|(_, demand)| demand.until) {
            let together = if self.config.strategy == Strategy::Schedule {
                self.due_together()
            } else {
                Vec::new()
            };
            // Whoever cannot wait must not wait for those who are announced.
            let is_among = together.contains(&address);
            return Some(if is_among && self.is_worth_announcing(&together) {
                Visit::Announced(together)
            } else {
                Visit::Rt(address)
            });
        }
        let is_ahead = self.paced_until > now + RADIO_AHEAD;
        let is_lull = self.lull.end(now).is_some();
        if active.for_all >= at_once || is_ahead || is_lull {
            return None;
        }
        let only_strangers = self.is_air_open();
        self.next_nrt(only_strangers)
    }

    /// What the promises of each station ask for.
    pub(super) fn demands(&self) -> impl Iterator<Item = (MacAddr, Demand)> {
        let promised = self.promised_stations();
        promised.filter_map(|(address, station)| Some((address, self.demand(address, station)?)))
    }

    fn promised_stations(&self) -> impl Iterator<Item = (MacAddr, &Station)> {
        let addresses = self.promised.iter();
        addresses.filter_map(|address| Some((*address, self.stations.get(address)?)))
    }

    fn demand(&self, address: MacAddr, station: &Station) -> Option<Demand> {
        let up = station.service.filter(|_| station.live_agent().is_some());
        let is_visited = up.is_some() && self.leases.of(address).is_some();
        let up_demand = up.filter(|_| !is_visited).map(|service| Demand {
            from: service.due,
            until: service.latest(),
            asks_for_token: true,
        });
        // What comes down now must not overtake what the token took along.
        let carries = self.leases.of(address).is_some_and(Lease::carries);
        let due = station.queues.due(self.now).filter(|_| !carries);
        let down = due.map(|(since, delay)| {
            let patience = Patience::of(self.config.turn);
            Demand {
                // Without tokens there is nothing to wait for.
                from: since
                    + if up.is_some() {
                        delay * patience.down / 16
                    } else {
                        Duration::ZERO
                    },
                until: since + delay * patience.down_latest / 16,
                asks_for_token: false,
            }
        });
        match (up_demand, down) {
            (Some(up), Some(down)) => Some(Demand {
                from: up.from.min(down.from),
                until: up.until.min(down.until),
                asks_for_token: true,
            }),
            (up, down) => up.or(down),
        }
    }

    /// How much air best effort may use now, so that every promised visit can begin in time after
    /// those that must begin before it.
    fn before_promises(&mut self) -> Duration {
        let mut demands = core::mem::take(&mut self.scratch);
        demands.clear();
        for (address, demand) in self.demands() {
            demands.push((demand.until, self.rt_visit_airtime(address)));
        }
        // Whose visit is under way, or whose token was lost, is due once more before long.
        for address in self.leases.visited() {
            let station = self.stations.get(&address);
            if let Some(service) = station.and_then(|station| station.service) {
                demands.push((service.latest(), self.rt_visit_airtime(address)));
            }
        }
        demands.sort_unstable();
        let mut needed = Duration::ZERO;
        let mut room = Duration::from_nanos(u64::MAX);
        for (until, cost) in &demands {
            room = room.min(until.since(self.now).saturating_sub(needed));
            needed += *cost;
        }
        self.scratch = demands;
        room
    }

    /// How long a grant may be, so that what is promised to a station without tokens and comes just
    /// after its beginning is not late when it is over: nobody knows when that comes.
    fn until_unforeseen(&self) -> Duration {
        let stations = self.promised_stations().map(|(_, station)| station);
        let tokenless = stations.filter(|s| s.service.is_none() || s.live_agent().is_none());
        let tightest = tokenless.filter_map(|station| station.queues.tightest_promise());
        let tightest = tightest
            .min()
            .unwrap_or(Duration::from_nanos(u64::MAX / 16));
        tightest * Patience::of(self.config.turn).down_latest / 16
    }

    /// In open air only what goes down to stations without an agent.
    fn next_nrt(&mut self, only_strangers: bool) -> Option<Visit> {
        let now = self.now;
        if self.cycle.ring.is_empty() || !self.cycle.has_room(now) {
            return None;
        }
        let room = self.before_promises();
        let unforeseen = self.until_unforeseen();
        let one = if self.ledger.is_empty() {
            self.config.quantum
        } else {
            self.config.quantum.min(BETWEEN_PROMISES)
        };
        let behind = |one: &MacAddr| self.stations.get(one).is_some_and(Station::is_stranger);
        if only_strangers && !self.cycle.ring.iter().any(behind) {
            return None;
        }
        let mut passed_over = 0;
        // Each turn of a station in debt pays one quantum of it off, so this ends.
        while let Some(&address) = self.cycle.ring.front() {
            let alone = self.cycle.is_alone(now);
            let slowest = self.slowest_but(address);
            let Some(station) = self.stations.get_mut(&address) else {
                self.cycle.ring.pop_front();
                continue;
            };
            if !station.wants_nrt(now) {
                delist(&mut self.cycle, station);
                continue;
            }
            let is_visited = self.leases.of(address).is_some_and(|lease| {
                !(alone && station.holds_more_than(self.config.phy, lease.token.nrt))
            });
            if is_visited || (only_strangers && !station.is_stranger()) {
                passed_over += 1;
                if passed_over >= self.cycle.ring.len() {
                    return None;
                }
                self.cycle.rotate();
                continue;
            }
            let need = Need::of(self.config.phy, self.config.turn, station, now);
            let smallest = need.smallest_grant();
            if station.deficit.available() < smallest {
                if station.turn_begun {
                    station.turn_begun = false;
                    self.cycle.rotate();
                } else if station.turns > slowest.saturating_add(1) {
                    // Somebody else is still at the turn before the last one.
                    passed_over += 1;
                    if passed_over >= self.cycle.ring.len() {
                        return None;
                    }
                    self.cycle.rotate();
                } else {
                    station.turns += 1;
                    self.cycle.turns = self.cycle.turns.max(station.turns);
                    // Nobody waits for who is alone; but radios hold some hundred frames.
                    let largest =
                        self.config
                            .phy
                            .granted(self.config.turn, station.link.up, LARGEST_PACKET);
                    let earned = if alone {
                        one.max((one * ALONE).min(largest * 80))
                    } else {
                        one
                    };
                    station.deficit.earn(earned);
                    station.turn_begun = true;
                }
                continue;
            }
            // A visit is not cut short for what is left of a turn: that is paid back by the next ones.
            let grant = station.deficit.available().max(one).min(room);
            let grant = grant.min(unforeseen.max(smallest));
            if room >= smallest {
                return Some(Visit::Nrt(address, grant));
            }
            // A packet that there is never room for goes once in a cycle that has served nobody
            // else.
            let starved = self.cycle.nrt_visits == 0 && self.cycle.is_late(now);
            return starved.then_some(Visit::Nrt(address, smallest));
        }
        None
    }

    /// How many turns the slowest has had of those who want best-effort airtime or have it now,
    /// `address` left out.
    fn slowest_but(&self, address: MacAddr) -> u64 {
        let holders = self.leases.stations();
        let others = self.cycle.ring.iter().copied().chain(holders);
        let others = others.filter(|other| *other != address);
        let turns = others.filter_map(|other| Some(self.stations.get(&other)?.turns));
        turns.min().unwrap_or(u64::MAX)
    }
}

/// Takes the head of the ring out: it wants nothing.
fn delist(cycle: &mut Cycle, station: &mut Station) {
    cycle.ring.pop_front();
    station.enlisted = false;
    station.turn_begun = false;
    station.gets_tcp = false;
    station.deficit = station.deficit.min(Deficit::ZERO);
}

/// Airtime that a station needs for the next best-effort packet each way; `None` where it wants
/// none.
pub(super) struct Need {
    pub(super) down: Option<Duration>,
    /// With the token's cost.
    pub(super) up: Option<Duration>,
    pub(super) token: Duration,
}

impl Need {
    pub(super) fn of(phy: Phy, turn: Turn, station: &Station, now: Instant) -> Self {
        let link = station.link;
        let token = visit_cost(phy, turn, link);
        let down = station.queues.next_nrt(now);
        // The length of the uplink's next packet is not known.
        let mean = station.mean_uplink_packet();
        let up = if station.wants_uplink() {
            Some(LARGEST_PACKET.max(mean))
        } else {
            let answers = down.is_some() && station.gets_tcp && station.live_agent().is_some();
            answers.then_some(TCP_ACK)
        };
        Self {
            down: down.map(|len| phy.granted(turn, link.down, len)),
            up: up.map(|octets| phy.granted(turn, link.up, octets) + token),
            token,
        }
    }

    /// The least grant with which either way can go on.
    pub(super) fn smallest_grant(&self) -> Duration {
        self.down.max(self.up).unwrap_or_default()
    }
}
