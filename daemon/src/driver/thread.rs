//! The loop of the driver thread.

use std::os::fd::AsFd;
use std::sync::mpsc::{Receiver, TryRecvError};

use rether_linux::gate::Gate;
use rether_linux::inject::InjectError;
use rether_linux::neigh::Neighbours;
use rether_linux::timer::Timer;
use rether_linux::wake::Wake;
use rether_linux::{OsError, clock, poll, rt};
use rether_proto::machine::{Delivery, Input, Machine, Verdict};
use rether_proto::time::{Duration, Instant};
use rether_proto::wire::MAX_FRAME;
use tokio::sync::mpsc::UnboundedSender;

use super::arrived::Arrived;
use super::budget::PER_WAKE;
use super::{Counters, Order, Parts, Port, Report, Trouble, View};
use crate::record::Recorder;
use crate::watchdog::{BEAT, Heartbeat};

/// Refused inputs are reported at most so often: a hostile neighbour must not fill the log.
const REPORT_PAUSE: Duration = Duration::from_secs(1);

/// Whether the loop goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    Continue,
    Stop,
}

pub(super) struct Driver<M: Machine, G> {
    orders: Receiver<Order<M, G>>,
    wake: Wake,
    timer: Timer,
    port: Port,
    neighbours: Neighbours,
    heartbeat: Option<Heartbeat>,
    next_beat: Instant,
    arrived: Arrived,
    frame: Vec<u8>,
    core: Core<M, G>,
}

/// The core and where its outputs go.
struct Core<M: Machine, G> {
    machine: M,
    gate: G,
    recorder: Option<Recorder<M::Command, M::Event>>,
    reports: UnboundedSender<Report<M::Event>>,
    verdicts: Vec<Verdict>,
    buffer: Box<[u8; MAX_FRAME]>,
    counters: Counters,
    link_down: bool,
    undelivering: bool,
    refused_since: u64,
    last_refusal: Option<String>,
    refusal_due: Instant,
}

impl<M, G> Driver<M, G>
where
    M: Machine,
    M::Command: Clone,
    M::Event: Clone,
    G: Gate,
{
    pub(super) fn new(
        parts: Parts<M, G>,
        orders: Receiver<Order<M, G>>,
        wake: Wake,
        reports: UnboundedSender<Report<M::Event>>,
    ) -> Result<Self, OsError> {
        Ok(Self {
            orders,
            wake,
            timer: Timer::new()?,
            port: parts.port,
            neighbours: Neighbours::default(),
            heartbeat: parts.heartbeat,
            next_beat: Instant::ZERO,
            arrived: Arrived::default(),
            frame: Vec::with_capacity(2048),
            core: Core {
                machine: parts.machine,
                gate: parts.gate,
                recorder: parts.recorder,
                reports,
                verdicts: Vec::with_capacity(1024),
                buffer: Box::new([0; MAX_FRAME]),
                counters: Counters::default(),
                link_down: false,
                undelivering: false,
                refused_since: 0,
                last_refusal: None,
                refusal_due: Instant::ZERO,
            },
        })
    }

    pub(super) fn run(mut self) -> Result<(), OsError> {
        let standing = rt::enter();
        for refused in [standing.scheduling, standing.memory]
            .into_iter()
            .filter_map(Result::err)
        {
            self.core.trouble(Trouble::Standing(refused));
        }
        while self.turn()? == Then::Continue {}
        Ok(())
    }

    /// Waits until something has happened, and deals with it.
    fn turn(&mut self) -> Result<Then, OsError> {
        let deadline = self.core.machine.poll_timeout().map(|(at, _)| at);
        self.timer.arm(Some(
            deadline.map_or(self.next_beat, |at| at.min(self.next_beat)),
        ))?;
        let [socket, gate, timer, wake, neighbours] = self.wait()?;
        self.core.counters.wakes += 1;
        self.beat();
        if timer.readable {
            self.timer.acknowledge()?;
        }
        if neighbours.readable {
            self.learn_neighbours()?;
        }
        if socket.readable || socket.error {
            self.read_socket(socket.error)?;
        }
        if gate.readable {
            self.read_gate()?;
        }
        let now = clock::now();
        if self
            .core
            .machine
            .poll_timeout()
            .is_some_and(|(at, _)| at <= now)
        {
            self.core.feed(&mut self.port, Input::Timeout)?;
        }
        let then = if wake.readable {
            self.obey()?
        } else {
            Then::Continue
        };
        self.core.report_refusals(now);
        Ok(then)
    }

    fn wait(&self) -> Result<[poll::Ready; 5], OsError> {
        let wake = self.wake.as_fd();
        // Without a neighbour table its place is taken by a descriptor that is looked at anyway.
        let neighbours = self.port.neighbours.as_ref().map(AsFd::as_fd);
        let has_neighbours = neighbours.is_some();
        let (socket, gate) = (self.port.socket.as_fd(), self.core.gate.as_fd());
        let fds = [
            socket,
            gate,
            self.timer.as_fd(),
            wake,
            neighbours.unwrap_or(wake),
        ];
        let mut ready = poll::wait(fds)?;
        // Reading takes a pending error away, which otherwise would be ready for ever.
        for place in [1, 4] {
            ready[place].readable |= ready[place].error;
        }
        ready[4].readable &= has_neighbours;
        Ok(ready)
    }

    fn beat(&mut self) {
        let now = clock::now();
        if now < self.next_beat {
            return;
        }
        self.next_beat = now + BEAT;
        if let Some(heartbeat) = &mut self.heartbeat
            && let Err(error) = heartbeat.beat()
        {
            self.heartbeat = None;
            self.core.trouble(Trouble::Unwatched(error));
        }
    }

    fn learn_neighbours(&mut self) -> Result<(), OsError> {
        match &mut self.port.neighbours {
            Some(socket) => socket.receive(&mut self.neighbours),
            None => Ok(()),
        }
    }

    fn read_socket(&mut self, has_error: bool) -> Result<(), OsError> {
        if has_error {
            for _ in 0..PER_WAKE {
                let Ok(Some(status)) = self.port.socket.status() else {
                    break;
                };
                let input = Input::Sent {
                    handle: status.handle,
                    acked: status.acked,
                };
                self.core.feed(&mut self.port, input)?;
            }
        }
        for _ in 0..PER_WAKE {
            let from = match self.port.socket.receive() {
                Ok(Some(frame)) => {
                    self.frame.clear();
                    self.frame.extend_from_slice(frame.bytes);
                    frame.from
                }
                Ok(None) => break,
                Err(error) => {
                    self.core.link_went_down(error);
                    break;
                }
            };
            self.core.counters.frames += 1;
            self.core.feed(
                &mut self.port,
                Input::Frame {
                    from,
                    bytes: &self.frame,
                },
            )?;
        }
        Ok(())
    }

    fn read_gate(&mut self) -> Result<(), OsError> {
        let (arrived, gate) = (&mut self.arrived, &mut self.core.gate);
        arrived.clear();
        gate.receive(&self.neighbours, &mut |packet, bytes| {
            arrived.push(packet, bytes);
        })?;
        for input in self.arrived.inputs() {
            self.core.counters.packets += 1;
            self.core.handle(&mut self.port, input)?;
        }
        self.core.release()
    }

    fn obey(&mut self) -> Result<Then, OsError> {
        let _ = self.wake.silence();
        for _ in 0..PER_WAKE {
            match self.orders.try_recv() {
                Ok(Order::Command(command)) => {
                    self.core.feed(&mut self.port, Input::Command(command))?;
                }
                Ok(Order::Inspect(look)) => {
                    look(View {
                        machine: &mut self.core.machine,
                        gate: &mut self.core.gate,
                        counters: self.core.counters,
                    });
                    // Binding a queue may have taken packets off the descriptor.
                    self.read_gate()?;
                }
                Ok(Order::Port(port)) => {
                    self.port = *port;
                    self.neighbours = Neighbours::default();
                    self.core.undelivering = false;
                }
                Err(TryRecvError::Empty) => return Ok(Then::Continue),
                Ok(Order::Stop) | Err(TryRecvError::Disconnected) => return Ok(Then::Stop),
            }
        }
        // More may wait; other work goes first.
        self.wake.ring();
        Ok(Then::Continue)
    }
}

impl<M, G> Core<M, G>
where
    M: Machine,
    M::Command: Clone,
    M::Event: Clone,
    G: Gate,
{
    /// One input, and all that follows from it.
    fn feed(&mut self, port: &mut Port, input: Input<'_, M::Command>) -> Result<(), OsError> {
        self.handle(port, input)?;
        self.release()
    }

    /// One input and a whole drain. Verdicts are collected: they are carried out in one batch,
    /// at the latest before the next frame, because a RETURN must leave behind the packets that
    /// it reports.
    fn handle(&mut self, port: &mut Port, input: Input<'_, M::Command>) -> Result<(), OsError> {
        let now = clock::now();
        if let Some(recorder) = &mut self.recorder {
            recorder.input(now, &input);
        }
        if let Err(error) = self.machine.handle(now, input) {
            self.counters.refused += 1;
            self.refused_since += 1;
            if self.last_refusal.is_none() {
                self.last_refusal = Some(error.to_string());
            }
        }
        while let Some(verdict) = self.machine.poll_release() {
            if let Some(recorder) = &mut self.recorder {
                recorder.release(verdict);
            }
            self.verdicts.push(verdict);
        }
        while let Some(transmit) = self.machine.poll_transmit(&mut self.buffer[..]) {
            self.release()?;
            let payload = self.buffer.get(..transmit.len).unwrap_or_default();
            if let Some(recorder) = &mut self.recorder {
                recorder.transmit(transmit, payload);
            }
            match port.socket.send(&transmit, payload) {
                Ok(()) => {
                    self.counters.sent += 1;
                    if std::mem::take(&mut self.link_down) {
                        self.trouble(Trouble::LinkUp);
                    }
                }
                // The core's timers treat it as a lost frame.
                Err(error) => {
                    self.counters.send_failures += 1;
                    self.link_went_down(error);
                }
            }
        }
        while let Some(delivery) = self.machine.poll_delivery() {
            if let Some(recorder) = &mut self.recorder {
                recorder.delivery(&delivery);
            }
            self.deliver(port, &delivery);
        }
        while let Some(event) = self.machine.poll_event() {
            if let Some(recorder) = &mut self.recorder {
                recorder.event(event.clone());
            }
            // The daemon is stopping when nobody listens.
            let _ = self.reports.send(Report::Event(event));
        }
        Ok(())
    }

    fn release(&mut self) -> Result<(), OsError> {
        if self.verdicts.is_empty() {
            return Ok(());
        }
        let result = self.gate.apply(&self.verdicts);
        self.verdicts.clear();
        result
    }

    /// Takes in a packet that came inside a frame. What cannot be taken in is lost, like a frame.
    fn deliver(&mut self, port: &mut Port, delivery: &Delivery) {
        let Some(injector) = &mut port.injector else {
            self.counters.undelivered += 1;
            return;
        };
        match injector.inject(delivery.from, &delivery.bytes) {
            Ok(()) => {
                self.counters.delivered += 1;
                self.undelivering = false;
            }
            Err(InjectError::Unfit) => self.counters.undelivered += 1,
            Err(InjectError::Refused(error)) => {
                self.counters.undelivered += 1;
                if !std::mem::replace(&mut self.undelivering, true) {
                    self.trouble(Trouble::Undelivered(error));
                }
            }
        }
    }

    /// Said once until frames flow again.
    fn link_went_down(&mut self, error: OsError) {
        if !std::mem::replace(&mut self.link_down, true) {
            self.trouble(Trouble::LinkDown(error));
        }
    }

    fn report_refusals(&mut self, now: Instant) {
        if self.refused_since == 0 || now < self.refusal_due {
            return;
        }
        let count = std::mem::take(&mut self.refused_since);
        let last = self.last_refusal.take().unwrap_or_default();
        self.refusal_due = now + REPORT_PAUSE;
        self.trouble(Trouble::Refused { count, last });
    }

    fn trouble(&self, trouble: Trouble) {
        let _ = self.reports.send(Report::Trouble(trouble));
    }
}
