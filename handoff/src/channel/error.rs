//! Why a channel refuses something.

use rether_proto::wire::EncodeError;

use crate::id::ApId;
use crate::wire::{DecodeError, Kind};

/// Why an input was refused. Nothing but the [`super::Counters`] has changed then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChannelError {
    /// A datagram from an address that no peer has, or none of this protocol.
    #[error(
        "no datagram of a peer; if it comes from an access point of the site, list it as a peer"
    )]
    Strange,
    /// One end has a public key for the other, and the other has none.
    #[error("only one of the two ends has the other's public key: configure both, or none")]
    KeysDiffer,
    /// Forged, damaged, made with another key, or sealed in a session that is over.
    #[error("the datagram is not authentic: another key of the site, or damaged, forged, too late")]
    Unauthentic,
    /// Authentic, but taken before.
    #[error("datagram {0} was taken before")]
    Replayed(u64),
    /// There were too many handshakes.
    #[error("too many handshakes")]
    Limited,
    /// A peer says to be another one than it is or may be.
    #[error("{is} says to be {says}; every access point of the site needs a number of its own")]
    WrongId {
        /// Who it is.
        is: ApId,
        /// Who it says to be.
        says: ApId,
    },
    /// A peer with a number that is in use: by this access point or by a peer that is up.
    #[error(
        "there is another {0} already; every access point of the site needs a number of its own"
    )]
    Taken(ApId),
    /// An authentic message that cannot be understood.
    #[error("a peer's message does not decode: {0}")]
    Undecodable(DecodeError),
    /// An answer to no request.
    #[error("{kind} {id} answers nothing that was asked, or comes too late")]
    NotAsked {
        /// What came.
        kind: Kind,
        /// Its number.
        id: u32,
    },
    /// A request that is too old to tell whether it came before.
    #[error("{kind} {id} is from long ago")]
    TooOld {
        /// What came.
        kind: Kind,
        /// Its number.
        id: u32,
    },
    /// A message to somebody who is no peer, or who did not tell its name yet.
    #[error("{0} is not known here")]
    UnknownPeer(ApId),
    /// Too many requests wait for an answer.
    #[error("too many requests wait for an answer of this peer")]
    Full,
    /// An answer to a request that did not come, or came long ago.
    #[error("{kind} {id} answers no request that came")]
    NoRequest {
        /// What was to be sent.
        kind: Kind,
        /// Its number.
        id: u32,
    },
    /// A message with a value that the format cannot carry.
    #[error("the message cannot be sent: {0}")]
    Unfit(EncodeError),
    /// A message that is sent by the channel itself, or no request where one is needed.
    #[error("{0} cannot be sent this way")]
    NotThisWay(Kind),
}
