//! What can be wrong with a frame.

use core::fmt;

use super::MessageType;

/// A frame that cannot be understood: which message, where, and what is wrong there.
/// `M` names messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodeError<M = MessageType> {
    /// The message, once its type was read.
    pub message: Option<M>,
    /// Offset in octets from the start of the frame.
    pub at: u16,
    /// What is wrong there.
    pub kind: DecodeErrorKind,
}

impl<M: fmt::Display> fmt::Display for DecodeError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.message {
            Some(message) => message.fmt(f)?,
            None => f.write_str("frame")?,
        }
        write!(f, ", octet {}: {}", self.at, self.kind)
    }
}

impl<M: fmt::Debug + fmt::Display> core::error::Error for DecodeError<M> {}

/// What is wrong at the place that a [`DecodeError`] names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeErrorKind {
    /// The frame, the body or the TLV ends too early.
    #[error("{field} needs {need} octets, {have} are left")]
    Truncated {
        /// What was being read.
        field: &'static str,
        /// How many octets it takes.
        need: u16,
        /// How many there are.
        have: u16,
    },
    /// Another version of the protocol.
    #[error("protocol version {found}, this is version {known}")]
    UnknownVersion {
        /// That of the frame.
        found: u8,
        /// The only one that is known here.
        known: u8,
    },
    /// A message that does not exist, or that is reserved for later.
    #[error("message type {0} is unknown")]
    UnknownType(u8),
    /// A field holds a value without meaning.
    #[error("{field} is {value}, which has no meaning")]
    BadValue {
        /// The field.
        field: &'static str,
        /// What it holds.
        value: u32,
    },
    /// A TLV that is longer than what it carries.
    #[error("{field} is {extra} octets too long")]
    Oversized {
        /// What the TLV carries.
        field: &'static str,
        /// How many octets too many.
        extra: u16,
    },
    /// Text that is not UTF-8.
    #[error("{field} is not UTF-8")]
    NotUtf8 {
        /// The field.
        field: &'static str,
    },
    /// The length field promises more than [`super::MAX_FRAME`] can hold.
    #[error("a body of {0} octets is longer than a frame may be")]
    TooLong(u16),
}

/// A message that cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// The buffer ends too early.
    #[error("the buffer holds {room} octets, at least {need} are needed")]
    BufferTooSmall {
        /// How many octets were needed when the room ended.
        need: usize,
        /// Length of the buffer.
        room: usize,
    },
    /// More octets than a frame may have.
    #[error("the frame would be longer than {0} octets")]
    TooLong(usize),
    /// A value that the format cannot carry, or that a receiver would refuse.
    #[error("{field} does not fit its field")]
    Unfit {
        /// The field.
        field: &'static str,
    },
}
