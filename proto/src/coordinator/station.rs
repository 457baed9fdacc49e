//! One station of the cell: its agent, its downlink queues, its part in the round-robin.

use alloc::string::String;

use super::auth::Guard;
use super::counters::Counted;
use super::departure::Departure;
use super::rate::SmoothLink;
use super::report::Answers;
use super::service::Service;
use crate::airtime::{Phy, Rate, Turn};
use crate::auth::Keys;
use crate::ledger::LinkRates;
use crate::queues::Queues;
use crate::time::{Duration, Instant};
use crate::wire::Backlog;

/// What the coordinator keeps of a station.
#[derive(Clone, Debug)]
pub(super) struct Station {
    pub(super) agent: Option<AgentSession>,
    pub(super) guard: Guard,
    pub(super) departure: Departure,
    /// Packets that wait to be sent to it.
    pub(super) queues: Queues,
    /// The rates that airtime is computed with.
    pub(super) link: LinkRates,
    /// The reports behind them.
    pub(super) smooth: SmoothLink,
    pub(super) counted: Counted,
    /// How its promised uplink is served.
    pub(super) service: Option<Service>,
    /// It gets TCP: what comes down is answered at once by what goes up.
    pub(super) gets_tcp: bool,
    /// Best-effort airtime it may still use in this round; negative after a visit cost more.
    pub(super) deficit: Deficit,
    /// When it was last visited for best effort.
    pub(super) served: Option<Instant>,
    /// It has a place in the round-robin.
    pub(super) enlisted: bool,
    /// It has had the quantum of this round.
    pub(super) turn_begun: bool,
    /// Turns that it has had, or would have had.
    pub(super) turns: u64,
    pub(super) used: Airtime,
    /// Best effort that went down to it since the cycle began, in which it had no agent.
    pub(super) down_lately: Duration,
    /// Visits that took more than was granted.
    pub(super) overstays: u64,
    /// When it last took more than was granted, and how often it did so lately.
    pub(super) strike: Option<(Instant, u8)>,
    /// It took more than was granted so often that it gets no best-effort grant until then.
    pub(super) shunned_until: Option<Instant>,
    /// Visits that it did not answer, since it joined.
    pub(super) unanswered: u64,
    /// What became of its tokens in the open window of the report.
    pub(super) answers: Answers,
    /// REQUESTs from it.
    pub(super) requests: u64,
    /// Both ways want best-effort airtime and a visit has room for one packet only: whose turn it
    /// is.
    pub(super) uplink_turn: bool,
}

/// The agent of a station, from its REGISTER on.
#[derive(Clone, Debug)]
pub(super) struct AgentSession {
    pub(super) instance: u32,
    pub(super) session: u32,
    /// Of its frames; `None` when all agents are believed.
    pub(super) keys: Option<Keys>,
    pub(super) name: String,
    /// Visits in a row that it did not answer.
    pub(super) misses: u8,
    /// Set when it was silent for too many visits: it is no longer visited.
    pub(super) silent_since: Option<Instant>,
    /// Packets may travel inside of its tokens and returns.
    pub(super) bundles: bool,
    /// It follows announcements.
    pub(super) schedules: bool,
    /// The token of the last return whose packets were taken.
    pub(super) carried: Option<u32>,
    /// The last best-effort token that was given up.
    pub(super) written_off: Option<u32>,
    /// It spoke since tokens are passed, so its backlog is known.
    pub(super) spoke: bool,
    /// What it last said it holds.
    pub(super) backlog: Backlog,
    /// When it last sent or held anything: a flow beyond its promise goes as best effort.
    pub(super) last_sent: Instant,
}

impl AgentSession {
    /// It spoke, so it lives.
    pub(super) const fn heard(&mut self) {
        self.misses = 0;
        self.spoke = true;
        self.silent_since = None;
    }
}

/// Airtime by direction, for the share that people see; nanoseconds by the model.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Airtime {
    pub(super) up: Duration,
    pub(super) down: Duration,
    pub(super) overhead: Duration,
}

/// A signed span of airtime.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Deficit(i64);

impl Deficit {
    pub(super) const ZERO: Self = Self(0);

    pub(super) fn earn(&mut self, quantum: Duration) {
        self.0 = self
            .0
            .saturating_add(i64::try_from(quantum.as_nanos()).unwrap_or(i64::MAX));
    }

    pub(super) fn spend(&mut self, airtime: Duration) {
        self.0 = self
            .0
            .saturating_sub(i64::try_from(airtime.as_nanos()).unwrap_or(i64::MAX));
    }

    /// What may be spent now; zero while in debt.
    pub(super) fn available(self) -> Duration {
        Duration::from_nanos(u64::try_from(self.0).unwrap_or(0))
    }
}

impl Station {
    pub(super) const fn new(queue_limit: usize, assumed_rate: Rate, now: Instant) -> Self {
        Self {
            agent: None,
            guard: Guard::new(now),
            departure: Departure::new(now),
            queues: Queues::new(queue_limit),
            link: LinkRates {
                up: assumed_rate,
                down: assumed_rate,
            },
            smooth: SmoothLink::new(assumed_rate),
            counted: Counted::new(),
            service: None,
            gets_tcp: false,
            deficit: Deficit::ZERO,
            served: None,
            enlisted: false,
            turn_begun: false,
            turns: 0,
            uplink_turn: false,
            overstays: 0,
            strike: None,
            shunned_until: None,
            unanswered: 0,
            answers: Answers::NONE,
            requests: 0,
            used: Airtime {
                up: Duration::ZERO,
                down: Duration::ZERO,
                overhead: Duration::ZERO,
            },
            down_lately: Duration::ZERO,
        }
    }

    /// It took more than was granted. Once may be the medium's fault; who does it again soon gets no
    /// best-effort grants for a while, longer each time.
    pub(super) fn overstayed(&mut self, now: Instant) {
        const FIRST: Duration = Duration::from_millis(500);
        const FORGOTTEN: Duration = Duration::from_secs(30);
        self.overstays += 1;
        let lately = |at| now.since(at) < FORGOTTEN;
        let strikes = self.strike.filter(|(at, _)| lately(*at));
        let strikes = strikes.map_or(0, |(_, strikes)| strikes);
        self.strike = Some((now, strikes.saturating_add(1)));
        if let Some(again) = strikes.checked_sub(1) {
            self.shunned_until = Some(now + FIRST * (1 << again.min(5)));
        }
    }

    /// The session number, or 0 without an agent.
    pub(super) fn session(&self) -> u32 {
        self.agent.as_ref().map_or(0, |agent| agent.session)
    }

    /// The agent, if it may be handed a token.
    pub(super) fn live_agent(&self) -> Option<&AgentSession> {
        self.agent
            .as_ref()
            .filter(|agent| agent.silent_since.is_none())
    }

    /// It does not take tokens: it has no agent, or one that is silent.
    pub(super) fn is_stranger(&self) -> bool {
        self.live_agent().is_none()
    }

    /// Octets of the packets that its agent holds, in the mean.
    pub(super) fn mean_uplink_packet(&self) -> u32 {
        let backlog = self.agent.as_ref().map(|agent| agent.backlog.nrt);
        backlog.map_or(0, |nrt| nrt.octets / u32::from(nrt.packets.max(1)))
    }

    /// Its agent said that best-effort packets wait.
    pub(super) fn wants_uplink(&self) -> bool {
        let waits = |agent: &AgentSession| agent.backlog.nrt.packets > 0;
        let is_free = self.shunned_until.is_none() && !self.departure.is_drained;
        is_free && self.live_agent().is_some_and(waits)
    }

    /// Something is promised to it, either way.
    pub(super) fn is_promised(&self) -> bool {
        self.service.is_some() || self.queues.tightest_promise().is_some()
    }

    pub(super) fn wants_nrt(&self, now: Instant) -> bool {
        self.wants_uplink() || self.queues.next_nrt(now).is_some()
    }

    /// Its agent will hold more than a grant of `nrt` can send.
    pub(super) fn holds_more_than(&self, phy: Phy, nrt: Duration) -> bool {
        let packets = self
            .live_agent()
            .map_or(0, |agent| agent.backlog.nrt.packets);
        let one = phy.granted(Turn::Paired, self.link.up, self.mean_uplink_packet());
        one * u64::from(packets) > nrt * 3 / 2
    }

    /// Its agent takes packets out of frames, and answered the last token: what rides to an agent
    /// that is gone is lost.
    pub(super) fn bundles(&self) -> bool {
        self.live_agent()
            .is_some_and(|agent| agent.bundles && agent.misses == 0)
    }
}
