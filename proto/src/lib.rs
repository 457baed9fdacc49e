//! The cores of Rether: everything that decides, and nothing that touches the world.
//!
//! Rether passes tokens over unmodified 802.11: a station sends when the cell's coordinator hands
//! it a grant of airtime, so that reserved flows get what they were promised and the rest share
//! what is left. This crate holds the two machines that do it, [`coordinator::Coordinator`] at the
//! access point and [`agent::Agent`] at a station, with all they compute with: [`wire`] formats,
//! [`airtime`] of frame exchanges, the [`policy`] table, the [`ledger`] of reservations and the
//! [`queues`] of held packets.
//!
//! From the Wireless Rether paper (MMCN 2002): a server passes tokens over 802.11 hardware as it
//! is; TCP and UDP, up and down; a policy table in place of changed applications. From wired
//! Rether (USENIX 1999): real-time holders first, then a round-robin that resumes where it
//! stopped, a residual time in which nothing starts that cannot finish, loss found by timer and
//! probe, plain CSMA while nothing is reserved. The frame formats, registration and the accounting
//! in airtime are this project's own.
//!
//! There are no sockets, clocks, threads, globals or randomness here: time and seeds are
//! arguments. What runs in a test or a simulator is what runs in the daemons.
//!
//! # Driving a core
//!
//! [`machine`] states the contract: hand over one input, drain all outputs, wait. This is all of
//! it, for a cell with one station whose frames reach the other end at once:
//!
//! ```
//! use rether_proto::agent::{Agent, AgentCommand, AgentConfig, AgentEvent, GateMode};
//! use rether_proto::airtime::{Phy, PhyKind, Rate};
//! use rether_proto::coordinator::{Coordinator, CoordinatorCommand, CoordinatorConfig};
//! use rether_proto::mac::MacAddr;
//! use rether_proto::machine::{Input, Machine};
//! use rether_proto::policy::PolicyTable;
//! use rether_proto::time::Instant;
//! use rether_proto::wire::MAX_FRAME;
//!
//! /// Feeds one input at `now` and drains; returns the frames to be sent and the events.
//! fn step<M: Machine>(
//!     core: &mut M,
//!     now: Instant,
//!     input: Input<'_, M::Command>,
//! ) -> (Vec<Vec<u8>>, Vec<M::Event>) {
//!     // An error says why the input was ignored: log it, and go on.
//!     if let Err(error) = core.handle(now, input) {
//!         eprintln!("{error}");
//!     }
//!     while let Some(verdict) = core.poll_release() {
//!         // gate.apply(verdict)
//!     }
//!     let (mut frames, mut events) = (Vec::new(), Vec::new());
//!     let mut buf = [0; MAX_FRAME];
//!     while let Some(transmit) = core.poll_transmit(&mut buf) {
//!         frames.push(buf[..transmit.len].to_vec());
//!     }
//!     while let Some(event) = core.poll_event() {
//!         events.push(event);
//!     }
//!     // Wait for packets and frames, but wake at the latest at this time, with Input::Timeout.
//!     let _wake = core.poll_timeout();
//!     (frames, events)
//! }
//!
//! let (ap, sta) = (MacAddr([2, 0, 0, 0, 0, 0]), MacAddr([2, 0, 0, 0, 1, 0]));
//! let phy = Phy { kind: PhyKind::Ofdm, wmm: false };
//! let now = Instant::from_nanos(1);
//! let config = CoordinatorConfig::new(phy, Rate(540));
//! let mut coordinator = Coordinator::new(config, PolicyTable::default(), 1, now);
//! let mut agent = Agent::new(AgentConfig::default(), sta, 2, now);
//!
//! let joined = Input::Command(CoordinatorCommand::StationJoined(sta));
//! step(&mut coordinator, now, joined);
//! let link_up = Input::Command(AgentCommand::LinkUp { bssid: ap });
//! let (register, _) = step(&mut agent, now, link_up);
//! let (answers, _) = step(&mut coordinator, now, Input::Frame { from: sta, bytes: &register[0] });
//! let mut seen = Vec::new();
//! for answer in &answers {
//!     let (_, events) = step(&mut agent, now, Input::Frame { from: ap, bytes: answer });
//!     seen.extend(events);
//! }
//! // The cell has no reservation, so the agent's gate only watches.
//! assert!(seen.contains(&AgentEvent::Registered { bssid: ap }));
//! assert!(seen.contains(&AgentEvent::Gate(GateMode::Watch)));
//! ```
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod agent;
pub mod airtime;
pub mod auth;
pub mod coordinator;
pub mod digest;
pub mod flow;
pub mod ledger;
pub mod mac;
pub mod machine;
pub mod policy;
pub mod queues;
pub mod record;
pub mod rng;
pub mod time;
pub mod timer;
pub mod wire;
