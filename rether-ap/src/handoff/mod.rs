//! Handoff at the access point: the machine of [`rether_handoff`] on its own thread, with the
//! kernel on one side and the other access points of the site on the other.
//!
//! It runs beside the token thread, not in it: what it catches never meets a token, and a claim of
//! another access point must not wait for a turn.

mod kernel;
mod ledger;
mod overhear;
mod roaming;
mod thread;
mod words;
mod work;

use std::net::UdpSocket;
use std::sync::mpsc::channel;
use std::thread::JoinHandle;

use anyhow::Context as _;
use rether_daemon::driver::Orders;
use rether_daemon::host;
use rether_handoff::anchor::{AnyAnchor, Bridge, HostRoute};
use rether_handoff::ap::{Answer, ApConfig, ApInput, Audience, Stage};
use rether_handoff::channel::{ChannelConfig, MAX_DATAGRAM, Peer};
use rether_handoff::context::Promised;
use rether_handoff::edge::Edge;
use rether_handoff::id::ApId;
use rether_handoff::message::Hello;
use rether_handoff::roam::RoamRecord;
use rether_linux::gate::NfqGate;
use rether_linux::link::Link;
use rether_linux::neigh::NeighbourSocket;
use rether_linux::timer::Timer;
use rether_linux::wake::Wake;
use rether_linux::{OsError, clock};
use rether_proto::coordinator::Coordinator;
use rether_proto::mac::MacAddr;
use rether_proto::time::{Duration, Instant};
use tokio::sync::mpsc::{self, UnboundedReceiver};
use tokio::sync::oneshot;

use crate::config::{AnchorKind, Handoff};

pub(crate) use ledger::{Ledger, Window, human};
pub(crate) use roaming::Roaming;
use words::{go, stage};
use work::{Arrivals, Work};

/// How long an access point that others route a station's addresses to forwards for it.
const FORWARD: Duration = Duration::from_secs(3600);

type Look = Box<dyn FnOnce(&Edge<AnyAnchor>) + Send>;

/// What the thread is told.
enum Order {
    Input(ApInput),
    /// The radio said at `told` that a station is new.
    New {
        station: MacAddr,
        told: Instant,
    },
    Leaving {
        station: MacAddr,
        candidate: MacAddr,
        stage: Stage,
    },
    Agreed {
        station: MacAddr,
        target: Option<MacAddr>,
    },
    Facts {
        station: MacAddr,
        promises: Vec<Promised>,
        agent: bool,
    },
    Forget(MacAddr),
    Hello(Hello),
    Look(Look),
    Stop,
}

/// What it tells the daemon.
#[derive(Debug)]
pub(crate) enum Report {
    /// The answer to an agent.
    Answer {
        station: MacAddr,
        stage: Stage,
        answer: Answer,
    },
    /// How long has the radio heard nothing of it?
    AskIdle(MacAddr),
    /// Does it answer the radio?
    Probe(MacAddr),
    /// Its promises here are over.
    Released(MacAddr),
    /// hostapd should forget it, without a word to it.
    Forget(MacAddr),
    /// A handoff is over; what it cost if the station came.
    Record {
        record: Box<RoamRecord>,
        work: Option<Work>,
    },
    /// A peer can be reached, or no longer.
    Peer { id: ApId, up: bool },
    /// Worth a line in the log.
    Note { station: MacAddr, text: String },
    /// Datagrams or messages were refused.
    Refused { count: u64, last: String },
    /// The kernel refused something.
    Trouble(OsError),
}

/// The way to the thread; clones serve the same one.
#[derive(Clone)]
pub(crate) struct Sender {
    orders: std::sync::mpsc::Sender<Order>,
    wake: Wake,
}

impl Sender {
    fn give(&self, order: Order) {
        // A thread that has ended shows by its reports.
        let _ = self.orders.send(order);
        self.wake.ring();
    }

    /// Something happened.
    pub(crate) fn input(&self, input: ApInput) {
        self.give(Order::Input(input));
    }

    /// The radio said at `told` that it has a new station.
    pub(crate) fn new_station(&self, station: MacAddr, told: Instant) {
        self.give(Order::New { station, told });
    }

    /// An agent asks to leave for the cell `candidate`.
    pub(crate) fn leaving(&self, station: MacAddr, candidate: MacAddr, stage: Stage) {
        self.give(Order::Leaving {
            station,
            candidate,
            stage,
        });
    }

    /// A station has agreed to move to the cell `target`.
    pub(crate) fn agreed(&self, station: MacAddr, target: Option<MacAddr>) {
        self.give(Order::Agreed { station, target });
    }

    /// What the coordinator knows of a station.
    pub(crate) fn facts(&self, station: MacAddr, promises: Vec<Promised>, agent: bool) {
        self.give(Order::Facts {
            station,
            promises,
            agent,
        });
    }

    /// Nothing is to be learnt of a station any more.
    pub(crate) fn forget(&self, station: MacAddr) {
        self.give(Order::Forget(station));
    }

    /// What peers are told of this cell.
    pub(crate) fn hello(&self, hello: Hello) {
        self.give(Order::Hello(hello));
    }

    /// What `look` makes of the machine; `None` if the thread has ended.
    pub(crate) async fn inspect<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Edge<AnyAnchor>) -> T + Send + 'static,
    ) -> Option<T> {
        let (reply, answer) = oneshot::channel();
        self.give(Order::Look(Box::new(move |edge| {
            let _ = reply.send(look(edge));
        })));
        answer.await.ok()
    }
}

/// A running thread.
pub(crate) struct Site {
    /// The way to it.
    pub(crate) sender: Sender,
    /// What it tells.
    pub(crate) reports: UnboundedReceiver<Report>,
    thread: JoinHandle<anyhow::Result<()>>,
}

impl Site {
    /// Starts it. `queue` is the number of a netfilter queue that nobody else uses.
    ///
    /// # Errors
    /// What is missing, and what to do.
    pub(crate) fn start(
        config: &Handoff,
        radio: &Link,
        queue: u16,
        ether_type: u16,
        hello: Hello,
        tokens: Orders<Coordinator, NfqGate>,
    ) -> anyhow::Result<Self> {
        let now = clock::now();
        let anchor = match config.anchor {
            AnchorKind::Bridge => AnyAnchor::Bridge(Bridge),
            AnchorKind::HostRoute => AnyAnchor::HostRoute(HostRoute::new(config.id)),
        };
        let channel_config = ChannelConfig {
            id: config.id,
            site: config.key.clone(),
            key: None,
            seed: host::secret()?,
            peers: config.peers.iter().copied().map(Peer::at).collect(),
            admit: true,
        };
        // Pens of two lives of this daemon must not be taken for each other.
        let seed = u32::try_from(host::seed()? >> 32).unwrap_or(0);
        let mut ap = ApConfig::new(config.id);
        ap.asks_as = radio.bridge_link().map(|bridge| bridge.mac);
        match config.anchor {
            // Where the kernel cannot route to the other access point, this one goes on forwarding.
            AnchorKind::HostRoute => ap.forward = FORWARD,
            // Nobody needs a station's addresses before it comes.
            AnchorKind::Bridge => ap.audience = Audience::Likely,
        }
        let edge = Edge::new(ap, anchor, channel_config, hello, seed, now)
            .context("[handoff] cannot be used")?;
        let udp = UdpSocket::bind(config.listen).with_context(|| {
            format!(
                "cannot listen at {}: is that this host's address?",
                config.listen
            )
        })?;
        udp.set_nonblocking(true)?;
        let kernel = kernel::Kernel::open(config, radio, queue, ether_type)?;
        let neighbours = NeighbourSocket::open(radio.bridge.unwrap_or(radio.index))?;
        let (orders, inbox) = channel();
        let (reports, receiver) = mpsc::unbounded_channel();
        let wake = Wake::new()?;
        let sender = Sender {
            orders,
            wake: wake.clone(),
        };
        let worker = thread::Thread {
            edge,
            kernel,
            udp,
            neighbours,
            inbox,
            wake,
            reports,
            tokens,
            own: sender.clone(),
            timer: Timer::new()?,
            next_hold: 1,
            arrivals: Arrivals::default(),
            buffer: [0; MAX_DATAGRAM],
        };
        let thread = std::thread::Builder::new()
            .name("rether-handoff".into())
            .spawn(move || worker.run())?;
        Ok(Self {
            sender,
            reports: receiver,
            thread,
        })
    }

    /// Ends it after the orders given so far; what is held is let go.
    ///
    /// # Errors
    /// It had ended by itself, or could not take its rules away.
    pub(crate) fn stop(self) -> anyhow::Result<()> {
        self.sender.give(Order::Stop);
        match self.thread.join() {
            Ok(ended) => ended.context("the handoff thread stopped"),
            Err(_) => anyhow::bail!("the handoff thread panicked"),
        }
    }
}

/// The next report; never while there is no thread, `None` when it has ended.
pub(crate) async fn next_report(site: &mut Option<Site>) -> Option<Report> {
    match site {
        Some(site) => site.reports.recv().await,
        None => std::future::pending().await,
    }
}
