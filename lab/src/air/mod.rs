//! The medium between the radios of `mac80211_hwsim`: a process in the guest.
//!
//! It takes every frame of every radio from the kernel, lets [`rether_sim::medium`] decide when
//! it is sent, whether it collides and who receives it, and gives it to its receivers and its
//! status to its sender. Cells are learnt from their beacons. The clock is the guest's; what
//! happens has the times the model gives it, and how late this process is does not add up.
//!
//! [`bridge`] is the whole without I/O; [`message`], [`dot11`], [`beacon`] and [`rates`] read and
//! write what the kernel and 802.11 have in their frames.

pub mod beacon;
pub mod bridge;
pub mod control;
pub mod dot11;
mod family;
pub mod message;
mod radios;
pub mod rates;
mod request;
mod summary;
pub mod walk;

use std::collections::VecDeque;
use std::io;
use std::path::Path;

use rether_linux::{clock, rt};
use rether_proto::time::{Duration, Instant};
use rether_sim::medium::{FrameId, MediumConfig, RadioId};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use bridge::{Bridge, Order};
use control::{Request, Server};
use family::Family;
use message::FromKernel;

pub use radios::Plan;
pub use request::EncodeError;
pub use summary::{Late, OfRadio, Summary};

/// Why there is no medium, or no longer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The kernel has no simulated radios.
    #[error(
        "this kernel has no family MAC80211_HWSIM: load mac80211_hwsim first, and start the \
         medium in the network namespace the module was loaded in"
    )]
    NoFamily,
    /// It has, but another medium or none.
    #[error("the radios do not want this medium: {0}; it must run as root, and alone")]
    NotWanted(io::Error),
    /// The socket to the radios failed.
    #[error("cannot {doing}: {source}")]
    Socket {
        /// What was tried.
        doing: &'static str,
        /// Why it failed.
        source: io::Error,
    },
    /// Frames came faster than they were fetched, and the kernel threw some away.
    #[error("the kernel threw frames away: they came faster than they were fetched")]
    Overrun,
    /// A message could not be written.
    #[error(transparent)]
    Encode(#[from] request::EncodeError),
}

/// How often those who walk are moved.
const STEP: Duration = Duration::from_millis(50);
/// How many deliveries are remembered until their refusal comes; the kernel refuses at once.
const REMEMBERED: usize = 256;

/// What a message was about, if the kernel refuses it.
#[derive(Clone, Copy)]
enum Posted {
    /// A frame for a radio that should be there.
    Delivery(RadioId, FrameId),
    /// A frame for a radio that need not be there.
    Attempt,
    /// What became of a frame.
    Report,
}

/// The medium at work.
struct Air {
    family: Family,
    bridge: Bridge,
    /// Messages that may still be refused, oldest first.
    posted: VecDeque<(u32, Posted)>,
}

impl Air {
    fn remember(&mut self, sequence: u32, posted: Posted) {
        if self.posted.len() == REMEMBERED {
            self.posted.pop_front();
        }
        self.posted.push_back((sequence, posted));
    }

    /// Tells the kernel all that is to be told.
    fn obey(&mut self) -> Result<(), Error> {
        while let Some(order) = self.bridge.poll_order() {
            match order {
                Order::Deliver {
                    radio,
                    frame,
                    delivery,
                    expected,
                } => {
                    let sequence = self.family.deliver(&delivery)?;
                    let posted = if expected {
                        Posted::Delivery(radio, frame)
                    } else {
                        Posted::Attempt
                    };
                    self.remember(sequence, posted);
                }
                Order::Report(status) => {
                    let sequence = self.family.report(&status)?;
                    self.remember(sequence, Posted::Report);
                }
            }
        }
        Ok(())
    }

    /// Hears all that the kernel has to say.
    fn listen(&mut self) -> Result<(), Error> {
        loop {
            let messages = match self.family.receive() {
                Ok(Some(messages)) => messages,
                Ok(None) => return Ok(()),
                Err(Error::Overrun) => {
                    self.bridge.overrun();
                    continue;
                }
                Err(error) => return Err(error),
            };
            for message in messages {
                match message {
                    FromKernel::Answer { sequence, error } if error != 0 => self.refused(sequence),
                    message => self.bridge.hear(clock::now(), message),
                }
            }
            self.obey()?;
        }
    }

    fn refused(&mut self, sequence: u32) {
        let found = self.posted.iter().rfind(|(posted, _)| *posted == sequence);
        match found {
            Some((_, Posted::Delivery(radio, frame))) => self.bridge.refused(*radio, *frame),
            Some((_, Posted::Report)) => self.bridge.unwanted(),
            Some((_, Posted::Attempt)) | None => {}
        }
    }

    fn answer(&mut self, request: Request) -> String {
        let now = clock::now();
        match request {
            Request::Start => {
                self.bridge.start_clock(now);
                "ok".to_owned()
            }
            Request::Summary => serde_json::to_string(&self.bridge.summary(now))
                .unwrap_or_else(|error| format!("no summary: {error}")),
            Request::Vanish(node) if self.bridge.vanish(&node) => "ok".to_owned(),
            Request::Vanish(node) => format!("{node} has no radio"),
        }
    }
}

/// Is the medium of all radios of the guest until it is killed, and answers requests at `path`.
/// `ready` is called once it is.
///
/// # Errors
/// If the family cannot be had, or the kernel fails.
pub fn run(
    config: MediumConfig,
    plans: Vec<Plan>,
    seed: u64,
    path: &Path,
    ready: impl FnOnce(&rt::Standing),
) -> Result<(), Error> {
    let broken = |source| Error::Socket {
        doing: "listen to the scenario's runner",
        source,
    };
    let standing = rt::enter();
    let mut air = Air {
        family: Family::register()?,
        bridge: Bridge::new(config, plans, seed),
        posted: VecDeque::new(),
    };
    let server = Server::bind(path).map_err(broken)?;
    ready(&standing);
    let mut next_step = None;
    loop {
        let now = clock::now();
        air.bridge.advance(now);
        air.obey()?;
        next_step = step(&mut air.bridge, now, next_step);
        let deadline = air.bridge.next_time().into_iter().chain(next_step).min();
        let now = clock::now();
        if deadline.is_some_and(|deadline| deadline <= now) {
            continue;
        }
        let [heard, asked] = wait(&air.family, &server, deadline.map(|at| at.since(now)))?;
        if asked {
            server
                .serve(|request| air.answer(request))
                .map_err(broken)?;
        }
        if heard {
            air.listen()?;
        }
    }
}

/// Waits until the kernel or the runner has something to say, or for `patience`. Not on a timer
/// of its own, which would take two more system calls a wait: real-time tasks have no timer
/// slack, so that the poll's time-out is as exact.
fn wait(family: &Family, server: &Server, patience: Option<Duration>) -> Result<[bool; 2], Error> {
    let patience = patience.map(|time| Timespec {
        tv_sec: i64::try_from(time.as_nanos() / 1_000_000_000).unwrap_or(i64::MAX),
        tv_nsec: i64::try_from(time.as_nanos() % 1_000_000_000).unwrap_or(0),
    });
    let mut fds = [
        PollFd::new(family, PollFlags::IN),
        PollFd::new(server, PollFlags::IN),
    ];
    match poll(&mut fds, patience.as_ref()) {
        Ok(_) => Ok(fds.map(|fd| !fd.revents().is_empty())),
        Err(Errno::INTR) => Ok([false; 2]),
        Err(error) => Err(Error::Socket {
            doing: "wait for frames",
            source: error.into(),
        }),
    }
}

/// Moves those who walk, if it is time; returns when it is again.
fn step(bridge: &mut Bridge, now: Instant, due: Option<Instant>) -> Option<Instant> {
    match due {
        Some(due) if now < due => Some(due),
        _ => bridge.walk(now).then(|| now + STEP),
    }
}
