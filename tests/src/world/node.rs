//! A node: a core, the gate it decides about, and the process that both live in.

use std::collections::VecDeque;
use std::fmt::Debug;
use std::hash::{DefaultHasher, Hash};

use serde::Serialize;

use rether_proto::mac::MacAddr;
use rether_proto::machine::{self, Input, Machine, Transmit, TxHandle};
use rether_proto::record::{self, Line, Octets, Recorded};
use rether_proto::time::Instant;
use rether_proto::wire::MAX_FRAME;

use super::gate::{Caught, Gate};

/// What a test did to a daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Process {
    /// It runs.
    Running,
    /// `SIGSTOP`: frames and packets pile up until it goes on.
    Stopped,
    /// It is gone: what it held is lost, the kernel passes everything else.
    Killed,
}

/// An input that owns its bytes, because a stopped process reads it later.
#[derive(Debug)]
pub(super) enum Stimulus<C> {
    Frame { from: MacAddr, bytes: Vec<u8> },
    Sent { handle: TxHandle, acked: bool },
    Packet(Caught),
    Command(C),
    Timeout,
}

#[derive(Debug)]
pub(super) struct Node<M: Machine> {
    pub(super) core: M,
    pub(super) gate: Gate,
    pub(super) process: Process,
    /// What a stopped process has not read yet.
    inbox: VecDeque<Stimulus<M::Command>>,
    /// The wake-up that is already on its way.
    pub(super) armed: Option<Instant>,
    /// Inputs and outputs as lines of JSON, if they are recorded.
    pub(super) tape: Option<Vec<String>>,
}

/// What a core put out after one input.
pub(super) struct Output<E> {
    pub(super) frames: Vec<(Transmit, Vec<u8>)>,
    pub(super) deliveries: Vec<machine::Delivery>,
    pub(super) events: Vec<E>,
}

/// What the world asks of a core: that its conversation can be hashed and written down.
pub(super) trait Core:
    Machine<Command: Clone + Serialize, Event: Debug + Serialize>
{
}

impl<M: Machine<Command: Clone + Serialize, Event: Debug + Serialize>> Core for M {}

impl<M: Core> Node<M> {
    pub(super) fn new(core: M, process: Process) -> Self {
        Self {
            core,
            gate: Gate::default(),
            process,
            inbox: VecDeque::new(),
            armed: None,
            tape: None,
        }
    }

    /// The process ends: what it held and had not read is gone.
    pub(super) fn die(&mut self) {
        self.process = Process::Killed;
        self.inbox.clear();
        self.gate.die();
    }

    /// What piled up while the process was stopped, if it goes on now.
    pub(super) fn take_unread_if_running(&mut self) -> VecDeque<Stimulus<M::Command>> {
        if self.process == Process::Running {
            std::mem::take(&mut self.inbox)
        } else {
            VecDeque::new()
        }
    }

    /// Hands one input over and drains: releases, then transmits, deliveries and events. `None` if
    /// the process does not run.
    pub(super) fn step(
        &mut self,
        now: Instant,
        stimulus: Stimulus<M::Command>,
        trace: &mut DefaultHasher,
    ) -> Option<Output<M::Event>> {
        match self.process {
            Process::Killed => return None,
            Process::Stopped => {
                self.inbox.push_back(stimulus);
                return None;
            }
            Process::Running => {}
        }
        let input = match &stimulus {
            Stimulus::Frame { from, bytes } => Input::Frame { from: *from, bytes },
            &Stimulus::Sent { handle, acked } => Input::Sent { handle, acked },
            Stimulus::Packet(Caught { packet, copy }) => match copy {
                Some(bytes) => Input::Copied {
                    packet: *packet,
                    bytes,
                },
                None => Input::Packet(*packet),
            },
            Stimulus::Timeout => Input::Timeout,
            Stimulus::Command(_) => {
                let Stimulus::Command(command) = stimulus else {
                    return None;
                };
                return Some(self.hand_over(now, Input::Command(command), trace));
            }
        };
        Some(self.hand_over(now, input, trace))
    }

    fn hand_over(
        &mut self,
        now: Instant,
        input: Input<'_, M::Command>,
        trace: &mut DefaultHasher,
    ) -> Output<M::Event> {
        now.hash(trace);
        let recorded = self.tape.is_some().then(|| Recorded::from(&input));
        if let Some(input) = recorded {
            self.write(&Line::Input { now, input });
        }
        if let Err(error) = self.core.handle(now, input) {
            error.to_string().hash(trace);
        }
        while let Some(verdict) = self.core.poll_release() {
            format!("{verdict:?}").hash(trace);
            self.gate.apply(now, verdict);
            self.write(&Line::Output(record::Output::Release(verdict)));
        }
        let mut frames = Vec::new();
        let mut buf = [0; MAX_FRAME];
        while let Some(transmit) = self.core.poll_transmit(&mut buf) {
            let bytes = buf[..transmit.len].to_vec();
            bytes.hash(trace);
            if self.tape.is_some() {
                let bytes = Octets(bytes.clone());
                self.write(&Line::Output(record::Output::Transmit { transmit, bytes }));
            }
            frames.push((transmit, bytes));
        }
        let mut deliveries = Vec::new();
        while let Some(delivery) = self.core.poll_delivery() {
            delivery.bytes.hash(trace);
            if self.tape.is_some() {
                let (from, bytes) = (delivery.from, Octets(delivery.bytes.clone()));
                self.write(&Line::Output(record::Output::Delivery { from, bytes }));
            }
            deliveries.push(delivery);
        }
        let mut events = Vec::new();
        while let Some(event) = self.core.poll_event() {
            format!("{event:?}").hash(trace);
            if let Some(tape) = &mut self.tape {
                let line = Line::<(), (), _>::Output(record::Output::Event(&event));
                tape.push(json(&line));
            }
            events.push(event);
        }
        format!("{:?}", self.core.poll_timeout()).hash(trace);
        Output {
            frames,
            deliveries,
            events,
        }
    }

    fn write(&mut self, line: &Line<(), M::Command, ()>) {
        if let Some(tape) = &mut self.tape {
            tape.push(json(line));
        }
    }
}

/// One line of a recording.
pub(super) fn json(line: &impl Serialize) -> String {
    serde_json::to_string(line).expect("recordings are plain data")
}
