//! The thread that runs the handoff machine on its sockets and its clock.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::UdpSocket;
use std::os::fd::AsFd;
use std::sync::mpsc::{Receiver, TryRecvError};

use rether_daemon::driver::Orders;
use rether_handoff::anchor::{AnyAnchor, PathOp};
use rether_handoff::ap::{ApInput, ApOutput};
use rether_handoff::channel::MAX_DATAGRAM;
use rether_handoff::context::{Address, Context, Learnt, Promised};
use rether_handoff::edge::{Edge, EdgeOutput};
use rether_handoff::roam::Side;
use rether_handoff::wire::Kind;
use rether_linux::gate::NfqGate;
use rether_linux::neigh::{NeighbourSocket, Neighbours};
use rether_linux::poll::Waiter;
use rether_linux::roam_gate::Fate;
use rether_linux::timer::Timer;
use rether_linux::wake::Wake;
use rether_linux::{OsError, clock, cost, rt};
use rether_proto::coordinator::{Coordinator, CoordinatorCommand};
use rether_proto::mac::MacAddr;
use rether_proto::time::Duration;
use tokio::sync::mpsc::UnboundedSender;

use super::kernel::Kernel;
use super::work::Arrivals;
use super::{Order, Report, Sender, words};

/// The most datagrams or orders taken before other work.
const AT_ONCE: usize = 64;
/// The driver had no room: tried again so much later.
const AGAIN: Duration = Duration::from_millis(1);
/// An address that is in the kernel's neighbour table is good for so long.
const ADDRESS: Duration = Duration::from_secs(3600);

/// What the daemon knows of a station.
#[derive(Default)]
struct Facts {
    promises: Vec<Promised>,
    agent: bool,
}

pub(super) struct Thread {
    pub(super) edge: Edge<AnyAnchor>,
    pub(super) kernel: Kernel,
    pub(super) udp: UdpSocket,
    pub(super) neighbours: NeighbourSocket,
    pub(super) inbox: Receiver<Order>,
    pub(super) wake: Wake,
    pub(super) reports: UnboundedSender<Report>,
    pub(super) tokens: Orders<Coordinator, NfqGate>,
    /// For answers that the token thread gives.
    pub(super) own: Sender,
    pub(super) timer: Timer,
    pub(super) next_hold: u64,
    pub(super) arrivals: Arrivals,
    /// For datagrams, which are dealt with one at a time.
    pub(super) buffer: [u8; MAX_DATAGRAM],
}

impl Thread {
    /// Runs until it is told to stop, then lets everything go.
    pub(super) fn run(mut self) -> anyhow::Result<()> {
        // The token thread's report says what is refused.
        let _ = rt::enter();
        let mut table = Neighbours::default();
        let mut facts = BTreeMap::new();
        let ended = self.turn_around(&mut table, &mut facts);
        let closed = self.kernel.close();
        ended?;
        closed
    }

    fn turn_around(
        &mut self,
        table: &mut Neighbours,
        facts: &mut BTreeMap<MacAddr, Facts>,
    ) -> Result<(), OsError> {
        self.edge.timeout(clock::now());
        let gateways = std::mem::take(&mut self.kernel.gateways);
        self.edge.handle(clock::now(), ApInput::Own(gateways));
        self.drain();
        let waiter = Waiter::new([
            self.kernel.queue.as_fd(),
            self.udp.as_fd(),
            self.wake.as_fd(),
            self.timer.as_fd(),
            self.kernel.sent.as_fd(),
            self.neighbours.as_fd(),
            self.kernel.snoop.as_fd(),
        ])?;
        loop {
            let mut next = self.edge.next_timer();
            if self.kernel.is_full() {
                let again = clock::now() + AGAIN;
                next = Some(next.map_or(again, |at| at.min(again)));
            }
            self.timer.arm(next)?;
            let ready = waiter.wait()?;
            let [
                caught,
                datagrams,
                orders,
                timer,
                copies,
                neighbours,
                overheard,
            ] = ready.map(|one| one.readable || one.error);
            if timer {
                self.timer.acknowledge()?;
            }
            // What was sent comes before what is caught now, and before claims.
            if copies {
                self.copies();
            }
            if caught {
                self.caught();
            }
            if datagrams {
                self.datagrams();
            }
            if overheard {
                self.overheard();
            }
            if neighbours {
                self.neighbours.receive(table)?;
                for (station, known) in &*facts {
                    learn(&mut self.edge, table, *station, known);
                }
                self.drain();
            }
            let now = clock::now();
            if self.edge.next_timer().is_some_and(|at| at <= now) {
                self.edge.timeout(now);
                self.drain();
            }
            if self.kernel.is_full() {
                let pushed = self.kernel.push();
                self.check(pushed);
            }
            if orders && !self.obey(table, facts) {
                return Ok(());
            }
        }
    }

    fn caught(&mut self) {
        let (edge, now) = (&mut self.edge, clock::now());
        let result = self.kernel.caught(&mut |station, id, frame| {
            edge.handle(now, ApInput::Caught { station, id, frame });
        });
        self.check(result);
        self.drain();
    }

    fn copies(&mut self) {
        let (edge, now) = (&mut self.edge, clock::now());
        let result = self.kernel.copies(&mut |station, digest, frame| {
            edge.handle(
                now,
                ApInput::Sent {
                    station,
                    digest,
                    frame,
                },
            );
        });
        self.check(result);
        self.drain();
    }

    fn overheard(&mut self) {
        let (edge, now) = (&mut self.edge, clock::now());
        let result = self.kernel.overheard(&mut |input| edge.handle(now, input));
        self.check(result);
        self.drain();
    }

    fn datagrams(&mut self) {
        for _ in 0..AT_ONCE {
            match self.udp.recv_from(&mut self.buffer) {
                Ok((len, from)) => {
                    let datagram = self.buffer.get(..len).unwrap_or_default();
                    let edge = &mut self.edge;
                    let before = edge.carried();
                    cost::packets_if(|| {
                        edge.datagram(clock::now(), from, datagram);
                        (edge.carried() > before, ())
                    });
                    self.drain();
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                // A peer whose daemon is down: an ICMP error of something that was sent.
                Err(_) => {}
            }
        }
    }

    /// False when it is to stop.
    fn obey(&mut self, table: &Neighbours, facts: &mut BTreeMap<MacAddr, Facts>) -> bool {
        let used = cost::processor();
        let _ = self.wake.silence();
        for _ in 0..AT_ONCE {
            let now = clock::now();
            match self.inbox.try_recv() {
                Ok(Order::Input(input)) => self.edge.handle(now, input),
                Ok(Order::New { station, told }) => {
                    self.arrivals.begin(station, told, used);
                    let context = self.edge.ap().context(station);
                    if context.is_some_and(|context| !context.promises.is_empty()) {
                        self.tokens.command(CoordinatorCommand::Expect(station));
                    }
                    self.edge.handle(now, ApInput::Associated(station));
                }
                Ok(Order::Leaving {
                    station,
                    candidate,
                    stage,
                }) => {
                    let to = self.edge.whose(candidate);
                    self.edge
                        .handle(now, ApInput::Leaving { station, to, stage });
                }
                Ok(Order::Agreed { station, target }) => {
                    let to = target.and_then(|target| self.edge.whose(target));
                    self.edge.handle(now, ApInput::Agreed { station, to });
                }
                Ok(Order::Facts {
                    station,
                    promises,
                    agent,
                }) => {
                    let known = facts.entry(station).or_default();
                    *known = Facts { promises, agent };
                    learn(&mut self.edge, table, station, known);
                }
                Ok(Order::Forget(station)) => {
                    facts.remove(&station);
                    self.arrivals.forget(station);
                }
                Ok(Order::Hello(hello)) => self.edge.set_hello(hello),
                Ok(Order::Look(look)) => look(&self.edge),
                Ok(Order::Stop) | Err(TryRecvError::Disconnected) => return false,
                Err(TryRecvError::Empty) => return true,
            }
            self.drain();
        }
        self.wake.ring();
        true
    }

    /// Carries out all that the machine wants done.
    fn drain(&mut self) {
        while let Some(output) = self.edge.poll() {
            match output {
                EdgeOutput::Do(output) => self.carry_out(output),
                EdgeOutput::Peer { id, up } => self.report(Report::Peer { id, up }),
                EdgeOutput::Neighbours(neighbours) => {
                    let command = CoordinatorCommand::Neighbours(neighbours);
                    self.tokens.command(command);
                }
            }
            // A claim must not wait for what else is to be done; where a station is can be said later.
            while self.edge.next_kind().is_some_and(|kind| kind != Kind::Push) {
                self.transmit_one();
            }
        }
        while self.transmit_one() {}
        let decided = self.kernel.decide();
        self.check(decided);
        if let Some((count, last)) = self.edge.take_trouble() {
            self.report(Report::Refused { count, last });
        }
    }

    /// False if there was nothing to send.
    fn transmit_one(&mut self) -> bool {
        let Some((to, len)) = self.edge.poll_transmit(&mut self.buffer) else {
            return false;
        };
        let datagram = self.buffer.get(..len).unwrap_or_default();
        // What does not go out is repeated, like what is lost on the way.
        let _ = self.udp.send_to(datagram, to);
        true
    }

    fn carry_out(&mut self, output: ApOutput) {
        match output {
            ApOutput::Catch { station, on } => {
                let done = self.kernel.catch(station, on);
                self.check(done);
            }
            ApOutput::Pass(id) => self.kernel.judge(id, Fate::Accept),
            ApOutput::Take(id) => self.kernel.judge(id, Fate::Drop),
            ApOutput::Inject { station, frame } => {
                let done = self.kernel.inject(station, frame);
                self.check(done);
            }
            ApOutput::Path(op) => {
                let done = self.path(op);
                self.check(done);
            }
            ApOutput::Drain(station) => {
                self.tokens.command(CoordinatorCommand::Drain(station));
            }
            ApOutput::Resume(station) => {
                self.tokens.command(CoordinatorCommand::Stayed(station));
            }
            ApOutput::Adopt { station, context } => {
                let promises = context.promises;
                self.tokens
                    .command(CoordinatorCommand::Adopt { station, promises });
            }
            ApOutput::Admit {
                station,
                peer,
                promises,
            } => {
                let own = self.own.clone();
                let first = self.next_hold;
                self.next_hold += promises.len() as u64;
                words::admit(&self.tokens, first, station, promises, move |admission| {
                    own.input(ApInput::Admitted {
                        station,
                        peer,
                        admission,
                    });
                });
            }
            ApOutput::Answer {
                station,
                stage,
                answer,
            } => {
                self.report(Report::Answer {
                    station,
                    stage,
                    answer,
                });
            }
            ApOutput::AskIdle(station) => self.report(Report::AskIdle(station)),
            ApOutput::Probe(station) => self.report(Report::Probe(station)),
            ApOutput::Release(station) => self.report(Report::Released(station)),
            ApOutput::Forget(station) => self.report(Report::Forget(station)),
            ApOutput::Record(record) => {
                let work = match record.side {
                    Side::New => self.arrivals.end(&record),
                    Side::Old => None,
                };
                self.report(Report::Record {
                    record: Box::new(record),
                    work,
                });
            }
            ApOutput::Note { station, text } => self.report(Report::Note { station, text }),
            // The edge has handed these to its channel.
            ApOutput::Tell { .. } | ApOutput::Reply { .. } => {}
        }
    }

    fn path(&mut self, op: PathOp) -> Result<(), OsError> {
        match op {
            PathOp::RouteHere { ip, station } => self.kernel.route_here(ip, station),
            PathOp::RouteVia { ip, station, to } => match self.edge.address(to) {
                Some(router) => self.kernel.route_via(ip, station, router),
                None => Ok(()),
            },
            PathOp::Unroute { ip } => self.kernel.unroute(ip),
            PathOp::Update { station } => self.kernel.update(station),
        }
    }

    fn check(&self, result: Result<(), OsError>) {
        if let Err(error) = result {
            self.report(Report::Trouble(error));
        }
    }

    fn report(&self, report: Report) {
        // The daemon is stopping when nobody listens.
        let _ = self.reports.send(report);
    }
}

/// Tells the machine what is known of a station: what was learnt elsewhere stays until it lapses.
fn learn(edge: &mut Edge<AnyAnchor>, table: &Neighbours, station: MacAddr, facts: &Facts) {
    let now = clock::now();
    let known = edge.ap().context(station).cloned().unwrap_or_default();
    let mut addresses: Vec<Address> = known.addresses;
    addresses.retain(|address| address.until > now);
    for ip in table.of(station) {
        let known = addresses.iter().any(|address| address.ip == ip);
        if !known && edge.ap().may_use(station, ip) {
            addresses.push(Address {
                ip,
                learnt: Learnt::Heard,
                until: now + ADDRESS,
            });
        }
    }
    let context = Context {
        addresses,
        promises: facts.promises.clone(),
        agent: facts.agent,
        ..known
    };
    edge.handle(now, ApInput::Context { station, context });
}
