//! The coordinator: the part of `rether-ap` that runs one cell.
//!
//! Without reservations it only says HELLO (free mode). From the first reservation to a grace
//! time after the last it runs cycles (`cycle`) and plans visits (`plan`): RT visits by earliest
//! deadline, when their packets have come (`service`), between them NRT visits by deficit
//! round-robin in airtime. Each visit (`serve`) sends a station's downlink and then hands it a
//! token; the lease of that token (`lease`) is returned (`visit`), lost or expires exactly once.

mod announce;
mod auth;
mod config;
pub mod counters;
mod cycle;
mod degrade;
mod departure;
mod event;
pub mod explicit;
pub mod handover;
mod lease;
mod lull;
mod open_air;
mod plan;
mod rate;
pub mod report;
mod reservations;
mod round_trip;
mod serve;
mod service;
mod session;
mod station;
mod status;
#[cfg(test)]
mod tests;
mod visit;
pub mod what_if;

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::airtime::{Rate, Turn};
use crate::ledger::{Entry, FlowId, Ledger, LedgerConfig, LinkRates};
use crate::mac::MacAddr;
use crate::machine::{
    Delivery, Input, Machine, Packet, Reason, TID_GRANTED, Transmit, TxHandle, Verdict,
};
use crate::policy::{Direction, PolicyTable};
use crate::rng::Rng;
use crate::time::{Duration, Instant};
use crate::timer::Timers;
use crate::wire::{CellMode, Header, Message, Neighbours, Pressure, Return};

use auth::Authority;
pub use config::{CoordinatorConfig, Strategy, Tokens};
pub use counters::StationCounters;
use cycle::Cycle;
use degrade::Strain;
pub use departure::GoAnswer;
pub use event::{CoordinatorCommand, CoordinatorError, CoordinatorEvent, ReleaseCause};
use lease::{Lease, Leases};
use lull::Lull;
use open_air::OpenAir;
use rate::Moved;
use report::{Answers, Report, Surroundings};
use reservations::Refusals;
pub use round_trip::RoundTripStatus;
use round_trip::{Pace, RoundTrips, Sojourn};
use station::Station;
pub use status::{CoordinatorStats, CoordinatorStatus, FlowState, FlowStatus, StationStatus};

/// The coordinator of one cell; see the module text. Driven as [`crate::machine`] says.
#[derive(Clone, Debug)]
pub struct Coordinator {
    config: CoordinatorConfig,
    auth: Option<Authority>,
    now: Instant,
    rng: Rng,
    timers: Timers,
    epoch: u32,
    mode: CellMode,
    stopped: bool,
    policy: PolicyTable,
    neighbours: Neighbours,
    ledger: Ledger,
    refusals: Refusals,
    strain: Strain,
    report: Report,
    next_hold: u64,
    stations: BTreeMap<MacAddr, Station>,
    /// Those of them that something is promised to: the planner looks at them at every input.
    promised: BTreeSet<MacAddr>,
    cycle: Cycle,
    leases: Leases,
    /// Stations of which the host waits to hear that they are drained.
    draining: alloc::vec::Vec<MacAddr>,
    lull: Lull,
    open_air: OpenAir,
    /// When the radio is through with what it was given, by the model.
    radio_free: Instant,
    /// When what the grants so far let go may be over at the earliest, by the model.
    paced_until: Instant,
    /// For the planner: when promised visits must begin, and what they take.
    scratch: alloc::vec::Vec<(Instant, Duration)>,
    inbox: VecDeque<Delivery>,
    round_trips: RoundTrips,
    pace: Pace,
    radio: Sojourn,
    next_token: u32,
    /// Since when token mode runs without a reservation.
    empty_since: Option<Instant>,
    sequence: u32,
    verdicts: VecDeque<Verdict>,
    outbox: VecDeque<Outgoing>,
    events: VecDeque<CoordinatorEvent>,
    stats: CoordinatorStats,
}

#[derive(Clone, Debug)]
struct Outgoing {
    to: MacAddr,
    session: u32,
    message: Message,
    handle: Option<TxHandle>,
}

impl Coordinator {
    /// A coordinator of an empty cell in free mode. `seed` makes its epoch and session numbers.
    #[must_use]
    pub fn new(config: CoordinatorConfig, policy: PolicyTable, seed: u64, now: Instant) -> Self {
        let mut rng = Rng::new(seed);
        let ledger = Ledger::new(LedgerConfig {
            phy: config.phy,
            turn: config.turn,
            nrt_minimum: config.nrt_minimum,
            default_cycle: config.cycle,
            shortest_cycle: config.shortest_cycle,
            limit: config.reservation_limit,
        });
        let mut timers = Timers::default();
        timers.set(Reason::Hello, now);
        let epoch = rng.next_u32().max(1);
        let auth = config.auth.clone().map(Authority::new);
        Self {
            config,
            auth,
            now,
            timers,
            epoch,
            mode: CellMode::Free,
            stopped: false,
            policy,
            neighbours: Neighbours::default(),
            ledger,
            refusals: Refusals::default(),
            strain: Strain::default(),
            report: Report::default(),
            next_hold: 0,
            stations: BTreeMap::new(),
            promised: BTreeSet::new(),
            cycle: Cycle::default(),
            leases: Leases::default(),
            draining: alloc::vec::Vec::new(),
            lull: Lull::default(),
            open_air: OpenAir::default(),
            radio_free: now,
            paced_until: now,
            scratch: alloc::vec::Vec::new(),
            inbox: VecDeque::new(),
            round_trips: RoundTrips::new(),
            pace: Pace::new(),
            radio: Sojourn::default(),
            next_token: rng.next_u32(),
            rng,
            empty_since: None,
            sequence: 0,
            verdicts: VecDeque::new(),
            outbox: VecDeque::new(),
            events: VecDeque::new(),
            stats: CoordinatorStats::default(),
        }
    }

    fn links(&self) -> impl Fn(MacAddr) -> LinkRates + use<'_> {
        links_of(&self.stations, self.config.assumed_rate)
    }

    fn send(&mut self, to: MacAddr, message: Message) {
        let session = self.stations.get(&to).map_or(0, Station::session);
        self.outbox.push_back(Outgoing {
            to,
            session,
            message,
            handle: None,
        });
    }

    /// A packet waits in the gate; `bytes` if the gate copied what is in it.
    fn packet(&mut self, packet: &Packet, bytes: Option<&[u8]>) {
        if !self.stopped {
            self.note_flow(packet);
            self.note_arrival(packet);
        }
        let holding = self.mode == CellMode::Token;
        let station = self.stations.get_mut(&packet.station);
        let Some(station) = station.filter(|s| holding && !s.departure.is_drained) else {
            if let Some(station) = self.stations.get_mut(&packet.station) {
                station.queues.note_passed(self.now, packet);
            }
            self.stats.passed += 1;
            self.verdicts.push_back(Verdict::Accept(packet.id));
            return;
        };
        let pushed = match bytes.filter(|_| station.bundles()) {
            Some(bytes) => station.queues.push_copied(self.now, packet, bytes),
            None => station.queues.push(self.now, packet),
        };
        station.gets_tcp |= packet.flow.is_tcp();
        if let Err(verdict) = pushed {
            self.verdicts.push_back(verdict);
        }
        if station.queues.next_nrt(self.now).is_some() {
            self.cycle.enlist(self.now, packet.station, station);
        }
    }

    /// A packet of a promised flow, for the report.
    fn note_arrival(&mut self, packet: &Packet) {
        let id = FlowId::of(packet.station, Direction::Down, packet.flow);
        let entry = self.ledger.promised(&id);
        if let Some(entry) = entry.filter(|entry| entry.direction.covers(Direction::Down)) {
            self.report.arrived(self.now, id, entry, packet);
        }
    }

    /// What a station sent, for the report.
    fn note_return(&mut self, from: MacAddr, answer: &Return) {
        let up = |(_, entry): &(&FlowId, &Entry)| entry.direction.covers(Direction::Up);
        let flows = || self.ledger.of_station(from).filter(up);
        let sum = flows()
            .map(|(_, entry)| u64::from(entry.promise.rate))
            .sum();
        self.report.returned(self.now, answer, sum, flows());
    }

    /// Closes the report's windows.
    fn close_windows(&mut self) {
        let (ledger, stations, strain) = (&self.ledger, &self.stations, &self.strain);
        let is_asked_again = |address| self.leases.of(address).is_some_and(Lease::is_asked_again);
        let closed = self.report.close(self.now, |id| {
            let station = stations.get(&id.station);
            let agent = station.and_then(|station| station.agent.as_ref());
            Some(Surroundings {
                entry: *ledger.promised(id)?,
                withdrawn: ledger.is_withdrawn(id),
                pressure: strain.cause(),
                answers: agent.is_some_and(|agent| agent.silent_since.is_none()),
                missing: agent.is_some_and(|agent| agent.misses > 0) || is_asked_again(id.station),
                tokens: station.map_or(Answers::NONE, |station| station.answers),
                tries: ledger.tries(id.station).down,
                unregistered: ledger.unregistered(),
            })
        });
        if closed {
            self.count_answers_anew();
        }
    }

    fn count_answers_anew(&mut self) {
        let stations = self.stations.values_mut();
        stations.for_each(|station| station.answers = Answers::NONE);
    }

    fn command(&mut self, command: CoordinatorCommand) {
        match command {
            CoordinatorCommand::StationJoined(address) => {
                let fresh =
                    Station::new(self.config.queue_limit, self.config.assumed_rate, self.now);
                self.stations.entry(address).or_insert(fresh);
                // Who comes back has not left.
                self.stays(address);
            }
            CoordinatorCommand::StationLeft(address) => self.station_left(address),
            CoordinatorCommand::Link { station, rates } => {
                self.heard_link(station, rates);
            }
            CoordinatorCommand::Counters { station, counters } => self.counted(station, counters),
            CoordinatorCommand::Reserve(ask) if !self.stopped => self.reserve_for_operator(&ask),
            CoordinatorCommand::Release(id) => self.release(id, ReleaseCause::Operator),
            CoordinatorCommand::Hold(request) if !self.stopped => self.hold(&request),
            CoordinatorCommand::Claim(name) if !self.stopped => self.claim(name),
            CoordinatorCommand::Expect(station) => self.expect(station),
            CoordinatorCommand::Drain(station) => self.drain(station),
            CoordinatorCommand::Go { station, answer } => self.answer_leave(station, answer),
            CoordinatorCommand::Stayed(station) => self.come_back(station),
            CoordinatorCommand::Adopt { station, promises } if !self.stopped => {
                self.adopt(station, &promises);
            }
            CoordinatorCommand::Reserve(_)
            | CoordinatorCommand::Adopt { .. }
            | CoordinatorCommand::Hold(_)
            | CoordinatorCommand::Claim(_) => {}
            CoordinatorCommand::Policy(table) if !self.stopped => self.change_policy(table),
            CoordinatorCommand::Policy(_) => {}
            CoordinatorCommand::Neighbours(neighbours) => self.change_neighbours(neighbours),
            CoordinatorCommand::Stop => self.stop(),
        }
    }

    /// Rates of a station were reported. While nothing is promised the latest ones count.
    fn heard_link(&mut self, station: MacAddr, rates: LinkRates) {
        let now = self.now;
        let is_idle = self.ledger.is_unused();
        let Some(station) = self.stations.get_mut(&station) else {
            return;
        };
        let moved = station.smooth.report(now, rates);
        if is_idle {
            station.smooth.settle_at_once();
        } else if moved == Moved::Down {
            self.strain.note(Pressure::RateFall);
        }
        station.link = station.smooth.rates();
    }

    /// Rates that nothing contradicted for a while count from now on.
    fn settle_links(&mut self) {
        let (now, is_idle) = (self.now, self.ledger.is_unused());
        for station in self.stations.values_mut() {
            if is_idle {
                station.smooth.settle_at_once();
            } else if station.smooth.settle(now) == Moved::Down {
                self.strain.note(Pressure::RateFall);
            }
            station.link = station.smooth.rates();
        }
    }

    fn timeout(&mut self) {
        while let Some(reason) = self.timers.expire(self.now) {
            match reason {
                Reason::Hello => self.periodic_hello(),
                Reason::Cycle => {}
                Reason::Return => self.return_overdue(),
                Reason::Housekeeping => self.housekeeping(),
                Reason::Register
                | Reason::Retry
                | Reason::Slot
                | Reason::FailOpen
                | Reason::Leave => {}
            }
        }
    }
}

/// The PHY rates of each station; of one that is not known, `assumed`.
fn links_of(
    stations: &BTreeMap<MacAddr, Station>,
    assumed: Rate,
) -> impl Fn(MacAddr) -> LinkRates + use<'_> {
    move |station| {
        let known = stations.get(&station).map(|station| station.link);
        known.unwrap_or(LinkRates {
            up: assumed,
            down: assumed,
        })
    }
}

impl Machine for Coordinator {
    type Command = CoordinatorCommand;
    type Event = CoordinatorEvent;
    type Error = CoordinatorError;

    fn handle(
        &mut self,
        now: Instant,
        input: Input<'_, CoordinatorCommand>,
    ) -> Result<(), CoordinatorError> {
        self.now = self.now.max(now);
        let outcome = match input {
            Input::Frame { from, bytes } => self.frame(from, bytes),
            Input::Packet(packet) => {
                self.packet(&packet, None);
                Ok(())
            }
            Input::Copied { packet, bytes } => {
                self.packet(&packet, Some(bytes));
                Ok(())
            }
            Input::Sent { handle, acked } => {
                self.token_sent(handle, acked);
                Ok(())
            }
            Input::Timeout => {
                self.timeout();
                Ok(())
            }
            Input::Command(command) => {
                self.command(command);
                Ok(())
            }
        };
        self.degrade_if_short();
        self.advance();
        self.tell_drained();
        outcome
    }

    fn poll_release(&mut self) -> Option<Verdict> {
        let verdict = self.verdicts.pop_front()?;
        let ledger = &self.ledger;
        let bound = |id: &FlowId| ledger.promised(id).map(|entry| entry.promise.delay);
        self.report.released(self.now, verdict, bound);
        Some(verdict)
    }

    fn poll_transmit(&mut self, buf: &mut [u8]) -> Option<Transmit> {
        debug_assert!(
            self.verdicts.is_empty(),
            "releases are drained before transmits"
        );
        /// Tokens must not wait behind bulk (802.11 clause 10.2.3.2, table 10-1); but in the
        /// profile they leave behind what was released before them, in the granted class.
        const TID_VOICE: u8 = 6;
        let tid = match self.config.turn {
            Turn::Burst => TID_GRANTED,
            Turn::Paired if self.config.phy.wmm => TID_VOICE,
            Turn::Paired => 0,
        };
        while let Some(Outgoing {
            to,
            session,
            message,
            handle,
        }) = self.outbox.pop_front()
        {
            self.sequence = self.sequence.wrapping_add(1);
            let header = Header {
                session,
                sequence: self.sequence,
                tag: [0; 8],
            };
            // Policy fragments are cut to fit, everything else is small.
            let tid = match &message {
                Message::Go(go) if go.is_last() => self.class_of_last(),
                _ => tid,
            };
            if let Ok(len) = message.encode(&header, buf)
                && self.seal(to, session, &mut buf[..len])
            {
                return Some(Transmit {
                    to,
                    len,
                    tid,
                    handle,
                });
            }
        }
        None
    }

    fn poll_delivery(&mut self) -> Option<Delivery> {
        self.inbox.pop_front()
    }

    fn poll_event(&mut self) -> Option<CoordinatorEvent> {
        self.events.pop_front()
    }

    fn poll_timeout(&self) -> Option<(Instant, Reason)> {
        self.timers.next()
    }
}
