//! What the daemons' driver thread does, without a thread: feeds a core, drains it, keeps the gate.

use rether_proto::agent::{AgentEvent, GateMode};
use rether_proto::coordinator::CoordinatorEvent;
use rether_proto::machine::{Delivery, Input, Machine, Reason, Transmit, Verdict};
use rether_proto::policy::PolicyTable;
use rether_proto::time::Instant;
use rether_proto::wire::{CellMode, MAX_FRAME};

/// A core that runs at a node, and what its gate does.
#[derive(Debug)]
pub(crate) struct Driver<M> {
    pub(crate) core: M,
    pub(crate) gate: GateMode,
    /// What an open or watching gate looks for.
    pub(crate) policy: PolicyTable,
    /// The wake-up that is on its way.
    armed: Option<Instant>,
}

/// What a core put out after one input.
#[derive(Debug, Default)]
pub(crate) struct Output {
    pub(crate) verdicts: Vec<Verdict>,
    pub(crate) frames: Vec<(Transmit, Vec<u8>)>,
    pub(crate) deliveries: Vec<Delivery>,
}

/// What the simulator heeds of a core's events.
pub(crate) trait Heed {
    /// The gate's mode and the policy that follow from it.
    fn heed(self, gate: &mut GateMode, policy: &mut PolicyTable);
}

impl Heed for CoordinatorEvent {
    fn heed(self, gate: &mut GateMode, _: &mut PolicyTable) {
        if let Self::Mode(mode) = self {
            *gate = match mode {
                CellMode::Free => GateMode::Watch,
                CellMode::Token => GateMode::Hold,
            };
        }
    }
}

impl Heed for AgentEvent {
    fn heed(self, gate: &mut GateMode, policy: &mut PolicyTable) {
        match self {
            Self::Gate(mode) => *gate = mode,
            Self::Policy(table) => *policy = table,
            _ => {}
        }
    }
}

impl<M: Machine<Event: Heed>> Driver<M> {
    pub(crate) const fn new(core: M, gate: GateMode, policy: PolicyTable) -> Self {
        Self {
            core,
            gate,
            policy,
            armed: None,
        }
    }

    /// Hands one input over and drains. An input that the core refuses leaves it as it was: the
    /// daemons log that and go on.
    pub(crate) fn step(&mut self, now: Instant, input: Input<'_, M::Command>, out: &mut Output) {
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
            event.heed(&mut self.gate, &mut self.policy);
        }
    }

    /// When the core must be woken, if no wake-up is on its way that comes in time.
    pub(crate) fn arm(&mut self, now: Instant) -> Option<Instant> {
        let (at, _): (Instant, Reason) = self.core.poll_timeout()?;
        let at = at.max(now);
        if self.armed.is_some_and(|armed| armed <= at) {
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
        due.is_some_and(|(at, _)| at <= now)
    }
}
