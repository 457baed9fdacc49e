//! The driver: one real-time thread that runs a core on a token socket, a gate and a clock.
//!
//! Everything else of a daemon lives on tokio and talks to this thread through a [`Handle`]:
//! orders go in by a queue and an eventfd, [`Report`]s come out by a channel. The thread never
//! waits for anything but its own file descriptors.

mod arrived;
mod budget;
#[cfg(test)]
mod tests;
mod thread;

use std::sync::mpsc::Sender;
use std::thread::JoinHandle;

use rether_linux::OsError;
use rether_linux::gate::Gate;
use rether_linux::inject::Injector;
use rether_linux::neigh::NeighbourSocket;
use rether_linux::token_socket::TokenSocket;
use rether_linux::wake::Wake;
use rether_proto::machine::Machine;
use serde::Serialize;
use tokio::sync::{mpsc, oneshot};

use crate::record::Recorder;
use crate::watchdog::Heartbeat;

/// Where frames come from and, at a routed AP, who has which address.
#[derive(Debug)]
pub struct Port {
    /// Rether's own frames.
    pub socket: TokenSocket,
    /// The neighbour table, where packets are attributed by it.
    pub neighbours: Option<NeighbourSocket>,
    /// The way in for packets that come inside frames.
    pub injector: Option<Injector>,
}

/// What a driver works with.
pub struct Parts<M: Machine, G> {
    /// The core.
    pub machine: M,
    /// Where packets wait.
    pub gate: G,
    /// The radio.
    pub port: Port,
    /// Tells the watchdog that the thread lives.
    pub heartbeat: Option<Heartbeat>,
    /// Writes down what goes in and out.
    pub recorder: Option<Recorder<M::Command, M::Event>>,
}

/// What the driver thread tells the daemon.
#[derive(Debug)]
pub enum Report<E> {
    /// The core's event.
    Event(E),
    /// Something to log.
    Trouble(Trouble),
}

/// Something that an operator may want to know. The thread itself writes no logs, because a full
/// pipe behind standard error must not stop it.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// Real-time standing was refused.
    #[error("the token thread runs without real-time standing, so tokens may be late: {0}")]
    Standing(#[source] OsError),
    /// The link went down, or frames cannot be sent.
    #[error("the radio takes no frames: {0}")]
    LinkDown(#[source] OsError),
    /// Frames flow again.
    #[error("the radio takes frames again")]
    LinkUp,
    /// The core refused inputs; the last of `count` is in `last`.
    #[error("{count} inputs refused, the last one: {last}")]
    Refused {
        /// How many since the last report.
        count: u64,
        /// Why the last one was.
        last: String,
    },
    /// The kernel does not take what comes inside frames; said once until it does, or until the
    /// port is changed.
    #[error("packets that come inside frames are lost: {0}")]
    Undelivered(#[source] OsError),
    /// The watchdog process is gone.
    #[error("the watchdog is gone ({0}): a daemon that hangs would keep the gate shut; restart it")]
    Unwatched(#[source] std::io::Error),
}

impl Trouble {
    /// Logs it; refused inputs only for those who look for them, because any neighbour can send
    /// broken frames.
    pub fn log(&self) {
        match self {
            Self::Refused { .. } => tracing::debug!("{self}"),
            Self::LinkUp => tracing::info!("{self}"),
            Self::Unwatched(_) => tracing::error!("{self}"),
            Self::Standing(_) | Self::LinkDown(_) | Self::Undelivered(_) => {
                tracing::warn!("{self}")
            }
        }
    }
}

/// Why a driver ended by itself.
#[derive(Debug, thiserror::Error)]
pub enum DriverError {
    /// The gate or the clock broke.
    #[error("the token thread stopped: {0}")]
    Broken(#[from] OsError),
    /// It panicked.
    #[error("the token thread panicked")]
    Panicked,
}

/// The driver thread has ended, so there is nobody to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the token thread has ended")]
pub struct Ended;

/// Counters of a driver; they only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counters {
    /// Times the thread woke.
    pub wakes: u64,
    /// Frames given to the core.
    pub frames: u64,
    /// Packets given to the core.
    pub packets: u64,
    /// Frames sent.
    pub sent: u64,
    /// Frames that the radio did not take.
    pub send_failures: u64,
    /// Packets that came inside frames and were taken in.
    pub delivered: u64,
    /// Those that were not: they made no sense, nobody had asked for them, or the kernel refused.
    pub undelivered: u64,
    /// Inputs that the core refused: foreign, broken or outdated frames.
    pub refused: u64,
}

/// What an inspection may look at.
pub struct View<'a, M, G> {
    /// The core. Looking must not change what it does next: inspections are not recorded.
    pub machine: &'a mut M,
    /// The gate.
    pub gate: &'a mut G,
    /// Counters of the driver.
    pub counters: Counters,
}

type Inspection<M, G> = Box<dyn FnOnce(View<'_, M, G>) + Send>;

enum Order<M: Machine, G> {
    Command(M::Command),
    Inspect(Inspection<M, G>),
    Port(Box<Port>),
    Stop,
}

/// The way to a running driver, which goes on until [`Handle::stop`], also if this is dropped.
pub struct Handle<M: Machine, G> {
    orders: Orders<M, G>,
    thread: JoinHandle<Result<(), DriverError>>,
}

/// The sending side of a driver's queue; clones serve the same driver.
pub struct Orders<M: Machine, G> {
    queue: Sender<Order<M, G>>,
    wake: Wake,
}

impl<M: Machine, G> Clone for Orders<M, G> {
    fn clone(&self) -> Self {
        Self {
            queue: self.queue.clone(),
            wake: self.wake.clone(),
        }
    }
}

/// Where a driver's reports come out.
pub type Reports<M> = mpsc::UnboundedReceiver<Report<<M as Machine>::Event>>;

/// Starts the driver thread. Reports come out of the receiver, which ends with the thread.
///
/// # Errors
/// Out of file descriptors or threads.
pub fn spawn<M, G>(parts: Parts<M, G>) -> std::io::Result<(Handle<M, G>, Reports<M>)>
where
    M: Machine + Send + 'static,
    M::Command: Clone + Send + 'static,
    M::Event: Clone + Send + 'static,
    G: Gate + Send + 'static,
{
    let (queue, orders) = std::sync::mpsc::channel();
    let (reports, receiver) = mpsc::unbounded_channel();
    let wake = Wake::new().map_err(|error| error.source)?;
    let driver =
        thread::Driver::new(parts, orders, wake.clone(), reports).map_err(|error| error.source)?;
    let thread = std::thread::Builder::new()
        .name("rether-token".into())
        .spawn(move || driver.run().map_err(DriverError::Broken))?;
    Ok((
        Handle {
            orders: Orders { queue, wake },
            thread,
        },
        receiver,
    ))
}

impl<M: Machine, G> Handle<M, G> {
    /// A queue to the driver for another task.
    #[must_use]
    pub fn orders(&self) -> Orders<M, G> {
        self.orders.clone()
    }

    /// Ends the thread after the orders given so far, and waits for it.
    ///
    /// # Errors
    /// Why it ended, if that was before and not by an order.
    pub fn stop(self) -> Result<(), DriverError> {
        self.orders.give(Order::Stop);
        self.thread.join().unwrap_or(Err(DriverError::Panicked))
    }
}

impl<M: Machine, G> Orders<M, G> {
    /// A driver that has ended takes no orders; its end shows by its reports.
    fn give(&self, order: Order<M, G>) {
        let _ = self.queue.send(order);
        self.wake.ring();
    }

    /// Gives the core a command. Commands and inspections are carried out in their order.
    pub fn command(&self, command: M::Command) {
        self.give(Order::Command(command));
    }

    /// Replaces the radio: its interface was deleted and made anew.
    pub fn change_port(&self, port: Port) {
        self.give(Order::Port(Box::new(port)));
    }

    /// Runs `look` on the driver thread, after the inputs that have come so far; nobody waits for it.
    pub fn look(&self, look: impl FnOnce(View<'_, M, G>) + Send + 'static) {
        self.give(Order::Inspect(Box::new(look)));
    }

    /// Runs `look` on the driver thread, after the inputs that have come so far, and returns what
    /// it returns.
    ///
    /// # Errors
    /// The driver has ended.
    pub async fn inspect<T, F>(&self, look: F) -> Result<T, Ended>
    where
        T: Send + 'static,
        F: FnOnce(View<'_, M, G>) -> T + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        self.give(Order::Inspect(Box::new(move |view| {
            // Nobody waits any more: the answer is not wanted.
            let _ = reply.send(look(view));
        })));
        answer.await.map_err(|_| Ended)
    }
}
