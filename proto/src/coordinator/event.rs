//! What a coordinator is told while it runs, what it tells its host, and why it ignores an input.

use serde::{Deserialize, Serialize};

use super::GoAnswer;
use super::counters::StationCounters;
use super::explicit::HoldRequest;
use super::handover::Promised;
use super::what_if::Ask;
use crate::auth::AuthError;
use crate::ledger::hold::HoldId;
use crate::ledger::{FlowId, LinkRates, Refusal};
use crate::mac::MacAddr;
use crate::policy::PolicyTable;
use crate::wire::{
    CellMode, DecodeError, LeaveStage, MessageType, Neighbours, Pressure, RegisterStatus,
};

/// What only a coordinator is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CoordinatorCommand {
    /// A station is associated and authorised.
    StationJoined(MacAddr),
    /// A station is gone.
    StationLeft(MacAddr),
    /// The AP's radio sends to this station, and hears it, at these rates; `Rate(0)`: not known.
    Link {
        /// The station.
        station: MacAddr,
        /// Rates from the driver's station table.
        rates: LinkRates,
    },
    /// What the driver counted for a station.
    Counters {
        /// The station.
        station: MacAddr,
        /// Its counters.
        counters: StationCounters,
    },
    /// The operator makes a reservation that no rule makes.
    Reserve(Ask),
    /// The operator ends a reservation.
    Release(FlowId),
    /// Airtime is kept free for a flow that is to come.
    Hold(HoldRequest),
    /// The flow has come: the hold becomes a reservation.
    Claim(HoldId),
    /// A station associates. If promises are held for it, best effort leaves it room.
    Expect(MacAddr),
    /// A station leaves: everything that waits for it goes at once, promised packets first, and
    /// nothing is planned for it from now on; what still comes for it passes.
    Drain(MacAddr),
    /// The answer to a station that wants to leave. If it may go ([`GoOutcome::lets_go`]), it is
    /// drained first, unless it is already; if not, all is as before.
    ///
    /// [`GoOutcome::lets_go`]: crate::wire::GoOutcome::lets_go
    Go {
        /// The station.
        station: MacAddr,
        /// What it is told.
        answer: GoAnswer,
    },
    /// A station that was to leave has stayed: all is as before.
    Stayed(MacAddr),
    /// A station has come with promises that were made in another cell.
    Adopt {
        /// The station; it must have joined.
        station: MacAddr,
        /// What it was promised there.
        promises: alloc::vec::Vec<Promised>,
    },
    /// The policy table changed.
    Policy(PolicyTable),
    /// These are the other access points of the site now; at most [`Neighbours::MAX`].
    Neighbours(Neighbours),
    /// Release everything, say BYE.
    Stop,
}

/// What a coordinator tells its host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CoordinatorEvent {
    /// The cell changed its mode: the gate watches in free mode, holds in token mode.
    Mode(CellMode),
    /// An agent registered.
    Registered {
        /// Its station.
        station: MacAddr,
        /// What it calls itself.
        name: alloc::string::String,
    },
    /// An agent answered nothing for several visits, or said BYE.
    AgentLost(MacAddr),
    /// A reservation was granted.
    Granted(FlowId),
    /// A reservation was refused.
    Refused(FlowId, Refusal),
    /// Airtime is kept free.
    Held(HoldId),
    /// A reservation ended.
    Released(FlowId, ReleaseCause),
    /// A promise was shrunk, because the air no longer carries all of them.
    Degraded {
        /// Which.
        id: FlowId,
        /// What it is promised now, in bit/s.
        rate: u32,
        /// Why.
        cause: Pressure,
    },
    /// A promise was taken back until there is room again.
    Withdrawn {
        /// Which.
        id: FlowId,
        /// Why.
        cause: Pressure,
    },
    /// A promise that was shrunk or taken back holds again, or more of it.
    Restored {
        /// Which.
        id: FlowId,
        /// What it is promised now, in bit/s.
        rate: u32,
    },
    /// A station reported more airtime than it was granted.
    Overstayed(MacAddr),
    /// A station wants to leave for another cell, or stays after all. It waits for
    /// [`CoordinatorCommand::Go`], unless it stays.
    Leaving {
        /// The station.
        station: MacAddr,
        /// BSSID of the cell.
        candidate: MacAddr,
        /// How far it is.
        stage: LeaveStage,
    },
    /// After [`CoordinatorCommand::Drain`]: nothing waits for the station any more, and the token
    /// that it had, if any, is back or given up.
    Drained(MacAddr),
    /// What a station received in the cell it came from.
    Seen {
        /// The station.
        station: MacAddr,
        /// BSSID of the cell it came from.
        from: MacAddr,
        /// Digests ([`crate::digest`]) of the last packets that it received there.
        digests: alloc::vec::Vec<u32>,
    },
    /// A station's agent is not believed, said at the first REGISTER of that kind: it is treated
    /// as an unregistered station.
    NotAuthenticated {
        /// The station.
        station: MacAddr,
        /// What is wrong.
        status: RegisterStatus,
    },
}

/// Why a reservation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReleaseCause {
    /// Nothing was sent for the rule's idle time.
    Idle,
    /// The station left the cell.
    StationLeft,
    /// The agent was silent for longer than the grace time.
    AgentSilent,
    /// The rule it came from is no longer in the table.
    PolicyChanged,
    /// The agent said that it is stopping.
    AgentStopped,
    /// The operator ended it.
    Operator,
    /// The program that asked for it gave it up.
    Program,
}

/// Why a coordinator ignored an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CoordinatorError {
    /// Not a frame of this protocol.
    #[error("frame from {from} dropped: {error}")]
    Decode {
        /// Who sent it.
        from: MacAddr,
        /// What is wrong with it.
        error: DecodeError,
    },
    /// From a station that is not associated.
    #[error("frame from {0} dropped: not a station of this cell")]
    Stranger(MacAddr),
    /// From a station without a session, or with another's.
    #[error("frame from {from} dropped: session {session} is not this station's")]
    WrongSession {
        /// Who sent it.
        from: MacAddr,
        /// The session it claims.
        session: u32,
    },
    /// Forged, replayed, or of no session that has keys.
    #[error("frame from {from} dropped: {error}")]
    NotAuthenticated {
        /// Who seems to have sent it.
        from: MacAddr,
        /// Why it is not believed.
        error: AuthError,
    },
    /// More REGISTERs than anybody needs.
    #[error("REGISTER from {0} dropped: too many of them")]
    TooManyRegisters(MacAddr),
    /// More LEAVEs than any station needs.
    #[error("LEAVE from {0} dropped: too many of them")]
    TooManyLeaves(MacAddr),
    /// An agent without a key, or with another one.
    #[error("REGISTER from {from} refused: {status}")]
    RefusedHandshake {
        /// Who sent it.
        from: MacAddr,
        /// What it was answered.
        status: RegisterStatus,
    },
    /// A message that only an agent should receive.
    #[error("{kind} from {from} dropped: out of place here")]
    Unexpected {
        /// Who sent it.
        from: MacAddr,
        /// What it sent.
        kind: MessageType,
    },
    /// A RETURN for a token that is not out.
    #[error("RETURN from {from} dropped: token {token} is not out")]
    StaleReturn {
        /// Who sent it.
        from: MacAddr,
        /// The token it names.
        token: u32,
    },
}
