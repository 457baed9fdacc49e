//! What the daemons' driver thread does, without a thread: feeds a core, drains it, keeps the gate.

use rether_proto::agent::{AgentEvent, GateMode};
use rether_proto::coordinator::CoordinatorEvent;
use rether_proto::ledger::FlowId;
use rether_proto::machine::{Delivery, Input, Machine, Reason, Transmit, Verdict};
use rether_proto::policy::PolicyTable;
use rether_proto::time::Instant;
use rether_proto::wire::{CellMode, MAX_FRAME};

use super::egress::Told;
use super::outcome::Step;

/// A core that runs at a node, and what its gate does.
#[derive(Debug)]
pub(crate) struct Driver<M> {
    pub(crate) core: M,
    pub(crate) heard: Heard,
    /// Since when its process is stopped, and what has piled up before it since then.
    frozen: Option<(Instant, Vec<Told>)>,
    /// The wake-up that is on its way.
    armed: Option<Instant>,
    /// Time of the machine's own clock that went into the core, if that is measured.
    spent: Option<std::time::Duration>,
}

/// What the simulator keeps of a core's events.
#[derive(Debug)]
pub(crate) struct Heard {
    pub(crate) gate: GateMode,
    /// What an open or watching gate looks for.
    pub(crate) policy: PolicyTable,
}

/// What a core put out after one input.
#[derive(Debug, Default)]
pub(crate) struct Output {
    pub(crate) verdicts: Vec<Verdict>,
    pub(crate) frames: Vec<(Transmit, Vec<u8>)>,
    pub(crate) deliveries: Vec<Delivery>,
    /// What became of reservations.
    pub(crate) news: Vec<(FlowId, Step)>,
}

/// What the simulator heeds of a core's events.
pub(crate) trait Heed {
    fn heed(self, heard: &mut Heard, news: &mut Vec<(FlowId, Step)>);
}

impl Heed for CoordinatorEvent {
    fn heed(self, heard: &mut Heard, news: &mut Vec<(FlowId, Step)>) {
        match self {
            Self::Mode(CellMode::Free) => heard.gate = GateMode::Watch,
            Self::Mode(CellMode::Token) => heard.gate = GateMode::Hold,
            Self::Granted(flow, ..) => news.push((flow, Step::Granted)),
            Self::Refused(flow, ..) => news.push((flow, Step::Refused)),
            Self::Released(flow, ..) => news.push((flow, Step::Ended)),
            Self::Withdrawn { id, .. } => news.push((id, Step::Ended)),
            Self::Restored { id, .. } => news.push((id, Step::Granted)),
            _ => {}
        }
    }
}

impl Heed for AgentEvent {
    fn heed(self, heard: &mut Heard, _: &mut Vec<(FlowId, Step)>) {
        match self {
            Self::Gate(mode) => heard.gate = mode,
            Self::Policy(table) => heard.policy = table,
            _ => {}
        }
    }
}

impl<M: Machine<Event: Heed>> Driver<M> {
    pub(crate) const fn new(core: M, gate: GateMode, policy: PolicyTable) -> Self {
        Self {
            core,
            heard: Heard { gate, policy },
            frozen: None,
            armed: None,
            spent: None,
        }
    }

    /// Measures from now on what the core costs.
    pub(crate) fn measure(&mut self) {
        self.spent.get_or_insert_default();
    }

    /// What it has cost since [`Self::measure`].
    pub(crate) const fn spent(&self) -> Option<std::time::Duration> {
        self.spent
    }

    /// Hands one input over and drains. An input that the core refuses leaves it as it was: the
    /// daemons log that and go on.
    pub(crate) fn step(&mut self, now: Instant, input: Input<'_, M::Command>, out: &mut Output) {
        let begun = self.spent.is_some().then(std::time::Instant::now);
        // Refused inputs are part of life: a stale RETURN, a frame of an older session.
        let _ = self.core.handle(now, input);
        while let Some(verdict) = self.core.poll_release() {
            out.verdicts.push(verdict);
        }
        let mut buffer = [0; MAX_FRAME];
        while let Some(transmit) = self.core.poll_transmit(&mut buffer) {
            out.frames.push((transmit, buffer[..transmit.len].to_vec()));
        }
        while let Some(delivery) = self.core.poll_delivery() {
            out.deliveries.push(delivery);
        }
        while let Some(event) = self.core.poll_event() {
            event.heed(&mut self.heard, &mut out.news);
        }
        if let Some((spent, begun)) = self.spent.as_mut().zip(begun) {
            *spent += begun.elapsed();
        }
    }

    /// When the core must be woken, if no wake-up is on its way that comes in time.
    pub(crate) fn arm(&mut self, now: Instant) -> Option<Instant> {
        let (at, _): (Instant, Reason) = self.core.poll_timeout()?;
        let at = at.max(now);
        if self.frozen.is_some() || self.armed.is_some_and(|armed| armed <= at) {
            return None;
        }
        self.armed = Some(at);
        Some(at)
    }

    /// A wake-up has come; true if the core's own time has, too.
    pub(crate) fn wake(&mut self, now: Instant) -> bool {
        if self.armed == Some(now) {
            self.armed = None;
        }
        let due = self.core.poll_timeout();
        self.frozen.is_none() && due.is_some_and(|(at, _)| at <= now)
    }

    /// Its process is stopped, if it is not already.
    pub(crate) fn freeze(&mut self, now: Instant) {
        self.frozen.get_or_insert((now, Vec::new()));
    }

    pub(crate) fn frozen_since(&self) -> Option<Instant> {
        self.frozen.as_ref().map(|(since, _)| *since)
    }

    /// Its process goes on: what it finds.
    pub(crate) fn thaw(&mut self) -> Vec<Told> {
        self.frozen
            .take()
            .map_or_else(Vec::new, |(_, unread)| unread)
    }

    /// Keeps what a stopped process will read later; true if it is stopped.
    pub(crate) fn keep(&mut self, told: &Told) -> bool {
        let frozen = self.frozen.as_mut();
        frozen
            .map(|(_, unread)| unread.push(told.clone()))
            .is_some()
    }
}
