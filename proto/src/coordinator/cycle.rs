//! The cycle: the span in which everything adds up. What is promised, what best effort got, and
//! that nobody waits in silence for longer than two of them.
//!
//! All is counted in airtime by the model, which bounds what is granted where the medium is faster
//! than it should be. In wired Rether (USENIX 1999) nothing is started that cannot finish in the
//! residual cycle; here the last grant may reach into the next one, which has that much less, and
//! what is promised is protected by its deadlines (`plan`).

use alloc::collections::VecDeque;

use super::open_air::OpenAir;
use super::station::{Deficit, Station};
use super::{Coordinator, CoordinatorEvent, Tokens};
use crate::mac::MacAddr;
use crate::machine::Reason;
use crate::time::{Duration, Instant};
use crate::wire::{CellMode, Hello, Message};

/// A change of mode is announced in so many cycles, for those that miss a broadcast.
const ANNOUNCEMENTS: u8 = 3;

/// Quanta in one turn of a station that is alone, at most.
pub(super) const ALONE: u64 = 3;

/// The running cycle, and the round-robin that outlives it.
#[derive(Clone, Debug, Default)]
pub(super) struct Cycle {
    pub(super) number: u32,
    start: Instant,
    pub(super) length: Duration,
    /// Airtime spent or granted in this cycle, by the model.
    charged: Duration,
    /// Airtime that promises need in a cycle.
    promised: Duration,
    /// Visits for best effort in this cycle.
    pub(super) nrt_visits: u32,
    /// Stations with best-effort backlog.
    pub(super) ring: VecDeque<MacAddr>,
    /// The most turns that anybody has had.
    pub(super) turns: u64,
    /// When it last got a second member.
    shared: Instant,
    announcements: u8,
    /// Since when tokens are passed.
    began: Instant,
    /// The cycle that the last HELLO named, and when that was.
    announced: Duration,
    last_hello: Instant,
}

impl Cycle {
    /// When the cycle ends.
    pub(super) fn end(&self) -> Instant {
        self.start + self.length
    }

    /// Whether best effort may go on: promises need theirs until the end. The last grant may reach
    /// into the next cycle, which has that much less.
    pub(super) fn has_room(&self, now: Instant) -> bool {
        let left = self.length.saturating_sub(now.since(self.start));
        let share = u128::from(self.promised.as_nanos()) * u128::from(left.as_nanos())
            / u128::from(self.length.as_nanos().max(1));
        let promised = Duration::from_nanos(u64::try_from(share).unwrap_or(u64::MAX));
        self.charged + promised < self.length
    }

    /// What promises leave of it.
    pub(super) fn best_effort(&self) -> Duration {
        self.length.saturating_sub(self.promised)
    }

    /// Nobody but the head of the ring has wanted best-effort airtime for a while.
    pub(super) fn is_alone(&self, now: Instant) -> bool {
        const A_WHILE: Duration = Duration::from_millis(250);
        self.ring.len() == 1 && now.since(self.shared) > A_WHILE
    }

    /// For how long tokens have been passed.
    pub(super) fn age(&self, now: Instant) -> Duration {
        now.since(self.began)
    }

    /// More than half of it is over.
    pub(super) fn is_late(&self, now: Instant) -> bool {
        now.since(self.start) > self.length / 2
    }

    /// Books airtime.
    pub(super) fn charge(&mut self, airtime: Duration) {
        self.charged += airtime;
    }

    /// Gives back airtime that was granted and not used; some of it in an earlier cycle.
    pub(super) fn refund(&mut self, airtime: Duration) {
        self.charged = self.charged.saturating_sub(airtime);
    }

    /// Gives a station a place in the round-robin.
    pub(super) fn enlist(&mut self, now: Instant, address: MacAddr, station: &mut Station) {
        if !station.enlisted {
            station.enlisted = true;
            // Who was away is not owed what it did not want.
            station.turns = station.turns.max(self.turns.saturating_sub(1));
            self.ring.push_back(address);
            if self.ring.len() > 1 {
                self.shared = now;
            }
        }
    }

    /// Takes a station that left out of all plans.
    pub(super) fn forget(&mut self, address: MacAddr) {
        self.ring.retain(|other| *other != address);
    }

    /// The head of the ring goes behind all others.
    pub(super) fn rotate(&mut self) {
        if let Some(head) = self.ring.pop_front() {
            self.ring.push_back(head);
        }
    }
}

impl Coordinator {
    pub(super) fn enter_token_mode(&mut self) {
        self.empty_since = None;
        if self.mode == CellMode::Token || self.stopped {
            return;
        }
        self.mode = CellMode::Token;
        self.events
            .push_back(CoordinatorEvent::Mode(CellMode::Token));
        self.cycle.announcements = ANNOUNCEMENTS;
        self.cycle.began = self.now;
        let agents = self
            .stations
            .values_mut()
            .filter_map(|station| station.agent.as_mut());
        agents.for_each(|agent| agent.spoke = false);
        self.start_cycle(self.now);
    }

    pub(super) fn leave_token_mode(&mut self) {
        if self.mode == CellMode::Free {
            return;
        }
        self.mode = CellMode::Free;
        self.empty_since = None;
        self.end_leases(None);
        for station in self.stations.values_mut() {
            station.queues.release_all(&mut self.verdicts);
            station.enlisted = false;
            station.deficit = Deficit::ZERO;
            station.turn_begun = false;
            if let Some(agent) = &mut station.agent {
                agent.backlog = crate::wire::Backlog::default();
            }
        }
        self.cycle = Cycle {
            number: self.cycle.number,
            turns: self.cycle.turns,
            ..Cycle::default()
        };
        self.open_air = OpenAir::default();
        self.timers.stop(Reason::Cycle);
        self.events
            .push_back(CoordinatorEvent::Mode(CellMode::Free));
        self.hello(MacAddr::BROADCAST);
    }

    /// The cell is told to pass tokens without promises, and there is somebody to take them.
    fn always_passes_tokens(&self) -> bool {
        let mut stations = self.stations.values();
        self.config.tokens == Tokens::Always
            && stations.any(|station| station.live_agent().is_some())
    }

    pub(super) fn begin_cycle(&mut self) {
        // The last grant began in time, and the longest is that of a station that is alone.
        let longest = self.config.quantum * ALONE;
        self.stats
            .close_cycle(self.cycle.charged, self.cycle.length + longest);
        if self.ledger.is_empty() && !self.always_passes_tokens() {
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
        debug_assert!(
            self.stations
                .iter()
                .all(|(address, station)| station.is_promised() == self.promised.contains(address)),
            "all stations with promises are planned for"
        );
        self.cycle.number = self.cycle.number.wrapping_add(1);
        self.cycle.start = start;
        let now = self.now;
        for (address, station) in &mut self.stations {
            let is_over = station.shunned_until.take_if(|until| *until <= now);
            // It has said what it holds, and will not say it again.
            if is_over.is_some() && station.wants_nrt(now) {
                self.cycle.enlist(now, *address, station);
            }
        }
        // What was overdrawn is paid back, but never more than one cycle's.
        let overdrawn = self.cycle.charged.saturating_sub(self.cycle.length);
        if self.cycle.ring.len() > 1 {
            self.cycle.shared = self.now;
        }
        self.cycle.charged = overdrawn.min(self.cycle.length);
        let before = self.cycle.length;
        self.cycle.length = self.ledger.cycle();
        self.cycle.promised = self.ledger.booked(self.links());
        self.cycle.nrt_visits = 0;
        self.earn_open_air(before);
        self.keep_company();
    }

    /// An agent that holds packets opens its gate after two cycles in which it hears nothing. So
    /// that no single lost broadcast does that, all hear a HELLO several times in a cycle while
    /// somebody waits, and sooner while the cycle that they know is shorter than the one in force.
    fn keep_company(&mut self) {
        let announced = self.announced_cycle();
        if announced > self.cycle.announced {
            self.cycle.announcements = ANNOUNCEMENTS;
        }
        let pause = (announced / 4).max(self.cycle.length);
        let is_due = self.now.since(self.cycle.last_hello) + self.cycle.length / 4 >= pause;
        let news = self.cycle.announcements > 0;
        self.cycle.announcements = self.cycle.announcements.saturating_sub(1);
        if news || (is_due && self.waiting() > 0) {
            self.cycle.announced = announced;
            self.cycle.last_hello = self.now;
            self.hello(MacAddr::BROADCAST);
            let airtime = self.config.phy.broadcast(Hello::OCTETS);
            self.cycle.charge(airtime);
            self.occupy_radio(airtime);
        }
    }

    /// How many agents hold best-effort packets, or may do so: soon after tokens began to be
    /// passed their requests may be stuck behind what their radios held already.
    fn waiting(&self) -> u64 {
        const SETTLING: Duration = Duration::from_secs(3);
        let is_free = self.mode == CellMode::Free;
        let settles = is_free || self.now.since(self.cycle.began) < SETTLING;
        let waits = |station: &&Station| {
            let agent = station.live_agent();
            let unknown = agent.is_some_and(|agent| is_free || !agent.spoke);
            station.wants_uplink() || (settles && unknown)
        };
        self.stations.values().filter(waits).count() as u64
    }

    /// The cycle that agents count with: a round of visits, within reason; and a quarter more than
    /// ours, so that more than one HELLO must be lost until they open their gates.
    pub(super) fn announced_cycle(&self) -> Duration {
        const LONGEST: Duration = Duration::from_millis(400);
        let round = (self.config.quantum * self.waiting()).min(LONGEST);
        round.max(self.ledger.cycle()) * 5 / 4
    }

    /// Says how the cell is run, to one station or all.
    pub(super) fn hello(&mut self, to: MacAddr) {
        let hello = Hello {
            epoch: self.epoch,
            mode: self.mode,
            cycle: self.announced_cycle(),
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
