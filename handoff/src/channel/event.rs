//! What a channel takes and what it reports.

use core::net::SocketAddr;

use crate::id::ApId;
use crate::message::{Hello, Message};

/// One stimulus for a channel.
#[derive(Clone, Debug)]
pub enum ChannelInput<'a> {
    /// A datagram came.
    Datagram {
        /// Its source. Not authenticated.
        from: SocketAddr,
        /// Its payload.
        bytes: &'a [u8],
    },
    /// A message is to be sent. Its sender is filled in. A request gets its number and the usual
    /// schedule of its kind; an answer has the number of the request that it answers.
    Send {
        /// To whom.
        to: ApId,
        /// What.
        message: Message,
    },
    /// The time of [`super::Channel::poll_timeout`] has come.
    Timeout,
}

/// What a channel reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChannelEvent {
    /// A message came: no HELLO, no request that was reported before, no answer to a request that
    /// was answered or given up.
    Message {
        /// Who sent it.
        from: ApId,
        /// What it says.
        message: Message,
    },
    /// A peer can be talked to. After [`Self::PeerDown`] with another life it was started again,
    /// and all that was known of its former life is void.
    PeerUp {
        /// Who.
        peer: ApId,
        /// Differs with every start of its daemon.
        life: u32,
    },
    /// A peer told of its cell; about every second.
    Hello {
        /// Who.
        from: ApId,
        /// What it told.
        hello: Hello,
    },
    /// A peer was silent for three seconds, or was started again.
    PeerDown(ApId),
    /// A request was not answered.
    GaveUp {
        /// By whom.
        to: ApId,
        /// The number that [`super::Channel::request`] gave.
        id: u32,
        /// The request.
        request: Message,
    },
}
