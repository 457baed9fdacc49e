//! The contract between a sans-IO core and the driver that feeds it.
//!
//! Both cores, [`crate::coordinator::Coordinator`] and [`crate::agent::Agent`], are machines with
//! one input funnel and five outputs. A driver does three things in a loop, and nothing else:
//!
//! 1. **Mutate**: hand over exactly one [`Input`] with the time at which it happened.
//! 2. **Drain**: call the polls in the order `poll_release`, `poll_transmit`, `poll_delivery`,
//!    `poll_event`, each until it returns `None`. Releases come before transmits because a RETURN must leave behind
//!    the packets it reports.
//! 3. **Wait** for the next input, at the latest until the time in `poll_timeout`; when that time
//!    has come, the input is [`Input::Timeout`].
//!
//! Every input must be followed by a whole drain. Cores assert this in debug builds.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::flow::FlowKey;
use crate::mac::MacAddr;
use crate::time::Instant;

/// One stimulus for a core. `C` is what only this kind of core can be told.
#[derive(Clone, Debug)]
pub enum Input<'a, C> {
    /// A frame of Rether's EtherType arrived: the payload behind the Ethernet header.
    Frame {
        /// Source address of the Ethernet header. Not authenticated.
        from: MacAddr,
        /// The bytes behind the Ethernet header; may carry padding.
        bytes: &'a [u8],
    },
    /// What became of a frame that [`Machine::poll_transmit`] gave out with a handle.
    Sent {
        /// The handle in [`Transmit::handle`].
        handle: TxHandle,
        /// True when the receiver's MAC acknowledged it (`SO_WIFI_STATUS`).
        acked: bool,
    },
    /// The gate caught a packet and holds it until a [`Verdict`] names it.
    Packet(Packet),
    /// The same, and the gate has a copy of what is in it: the core may send it inside a frame of
    /// its own.
    Copied {
        /// The packet.
        packet: Packet,
        /// All of the IP packet.
        bytes: &'a [u8],
    },
    /// The time of `poll_timeout` has come.
    Timeout,
    /// Anything that only this kind of core is told.
    Command(C),
}

/// A packet that waits in the gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Packet {
    /// The gate's name for it, unique among the packets it holds now.
    pub id: PacketId,
    /// The next hop on the air: the station at an AP, the AP at a station.
    pub station: MacAddr,
    /// Length of the IP packet in octets: the MSDU without its LLC/SNAP header.
    pub len: u32,
    /// Addresses, ports and DSCP.
    pub flow: FlowKey,
}

/// A gate's name for a held packet: queue number in the high half, packet number in the low one.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct PacketId(pub u64);

/// What the gate does with a held packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Sends it on its way now, in whatever traffic class it has.
    Accept(PacketId),
    /// The same as part of a grant, in the class that the 802.11e profile keeps for granted
    /// traffic: AC_VI, by [`TID_GRANTED`].
    Grant(PacketId),
    /// Discards it: a queue was longer than its limit, or stood for too long.
    Drop(PacketId),
    /// Discards it, for it goes inside a frame of the protocol.
    Carry(PacketId),
}

/// An IP packet that came inside a frame of the protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Who sent it over the air.
    pub from: MacAddr,
    /// The IP packet.
    pub bytes: Vec<u8>,
}

/// The traffic identifier of granted packets where the 802.11e profile is in force, and of the
/// RETURNs that leave behind them: AC_VI (802.11 clause 10.2.3.2, table 10-1).
pub const TID_GRANTED: u8 = 5;

/// A frame to be sent; its bytes are in the buffer that was given to `poll_transmit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transmit {
    /// Destination address of the Ethernet header.
    pub to: MacAddr,
    /// How many octets of the buffer are the payload.
    pub len: usize,
    /// Traffic identifier (802.11 clause 9.2.4.5.2), 0 to 7; `SO_PRIORITY` is 256 + TID on Linux.
    pub tid: u8,
    /// Set when the core wants to hear whether the frame was acknowledged.
    pub handle: Option<TxHandle>,
}

/// Names a transmission in its later [`Input::Sent`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TxHandle(pub u32);

/// Why a core wants to be woken; for logs and tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// The periodic HELLO is due.
    Hello,
    /// The next token cycle starts.
    Cycle,
    /// A RETURN is overdue.
    Return,
    /// Flows or leases may have run out.
    Housekeeping,
    /// Unanswered REGISTER.
    Register,
    /// Unanswered REQUEST or RESERVE.
    Retry,
    /// A visit that was announced begins.
    Slot,
    /// The coordinator has been silent for too long: open the gate.
    FailOpen,
    /// Unanswered LEAVE.
    Leave,
}

/// A sans-IO core; see the module text for how to drive it.
pub trait Machine {
    /// What only this kind of core can be told.
    type Command;
    /// What it reports to its host.
    type Event;
    /// Why an input was refused. The core's state is as if it had never come.
    type Error: core::error::Error + 'static;

    /// Takes one input at time `now`. Times never go backwards; if they do, `now` counts as the
    /// latest time seen.
    ///
    /// # Errors
    /// A frame that does not decode, comes from a stranger, or does not fit the state.
    fn handle(&mut self, now: Instant, input: Input<'_, Self::Command>) -> Result<(), Self::Error>;

    /// The next verdict for a held packet.
    #[must_use]
    fn poll_release(&mut self) -> Option<Verdict>;

    /// Writes the next frame into `buf`, which must hold [`crate::wire::MAX_FRAME`] octets.
    #[must_use]
    fn poll_transmit(&mut self, buf: &mut [u8]) -> Option<Transmit>;

    /// The next IP packet that came inside a frame of the protocol: the host takes it as if its
    /// radio had received it, at an AP from the station that is named.
    #[must_use]
    fn poll_delivery(&mut self) -> Option<Delivery>;

    /// The next thing the host should know.
    #[must_use]
    fn poll_event(&mut self) -> Option<Self::Event>;

    /// When the core must be woken at the latest, and why.
    #[must_use]
    fn poll_timeout(&self) -> Option<(Instant, Reason)>;
}
