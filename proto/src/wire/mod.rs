//! The frames that coordinator and agents exchange.
//!
//! Every frame is a [`Header`] of 20 octets, the fields of one message, and TLVs: a type octet, a
//! length octet, and so many octets of value. All numbers are big-endian. What is new in a later
//! version comes as a TLV, and a TLV that is not known is skipped. A field whose value has no
//! meaning makes the frame invalid: a [`Message`] holds only valid values, and whatever
//! [`Message::decode`] gave, [`Message::encode`] takes.
//!
//! Octet numbers in the message tables and in errors count from the version octet of the header,
//! the first octet behind the Ethernet header.
//!
//! Spans of time travel in whole microseconds, fractions cut off; what is longer than a u32 of
//! them (71 minutes) travels as the longest.
//!
//! The papers do not publish Rether's frames; these are this project's own.

mod assembly;
mod backlog;
mod bye;
mod code;
mod data;
mod error;
mod explain;
mod fields;
mod go;
mod handshake;
mod header;
mod hello;
mod leave;
mod neighbours;
mod policy;
mod reader;
mod register;
mod register_ack;
mod request;
mod reserve;
mod reserved;
mod r#return;
mod rule;
mod schedule;
mod seen;
mod token;
mod writer;

#[cfg(test)]
mod tests;

use core::fmt;

use serde::{Deserialize, Serialize};

pub use assembly::{AssemblyError, PolicyAssembly};
pub use backlog::{Backlog, ClassBacklog};
pub use bye::{Bye, ByeReason};
pub use data::{Data, Packets};
pub use error::{DecodeError, DecodeErrorKind, EncodeError};
pub use explain::explain;
pub use fields::Family;
pub use go::{Go, GoOutcome, GoReason, ReasonTooLong};
pub use handshake::{Handshake, HandshakeTooLong};
pub use header::{HEADER_LEN, Header, MessageType, VERSION};
pub(crate) use header::{SEQUENCE_AT, TAG_AT, frame_octets};
pub use hello::{CellMode, Hello};
pub use leave::{Leave, LeaveStage};
pub use neighbours::{Neighbour, Neighbours};
pub use policy::Policy;
pub use reader::Reader;
pub use register::{AgentName, NameTooLong, Register};
pub use register_ack::{RegisterAck, RegisterStatus};
pub use request::Request;
pub use reserve::{Reserve, ReserveOp};
pub use reserved::{Outcome, Pressure, RefusalReason, Reserved, Shape};
pub use r#return::Return;
pub use schedule::{Schedule, Slot};
pub use seen::Seen;
pub use token::Token;
pub use writer::Writer;

/// The longest frame in octets, without the Ethernet header: what every 802.11 link carries.
pub const MAX_FRAME: usize = 1_500;

/// A message of any type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Message {
    /// The coordinator is there.
    Hello(Hello),
    /// An agent asks to take part.
    Register(Register),
    /// The answer to it.
    RegisterAck(RegisterAck),
    /// A part of the policy table.
    Policy(Policy),
    /// A station asks for a promise, or gives one up.
    Reserve(Reserve),
    /// What became of a reservation.
    Reserved(Reserved),
    /// The right to send.
    Token(Token),
    /// The token comes back.
    Return(Return),
    /// An idle station has something to send.
    Request(Request),
    /// Many visits, one after another.
    Schedule(Schedule),
    /// Packets, with a token or a return.
    Data(Data),
    /// A station wants to hand over to another cell.
    Leave(Leave),
    /// The answer to it.
    Go(Go),
    /// The sender goes.
    Bye(Bye),
    /// What a station received in the cell it came from.
    Seen(Seen),
    /// The other access points of the site.
    Neighbours(Neighbours),
}

impl Message {
    /// The type that stands in the header.
    #[must_use]
    pub const fn message_type(&self) -> MessageType {
        match self {
            Self::Hello(_) => MessageType::Hello,
            Self::Register(_) => MessageType::Register,
            Self::RegisterAck(_) => MessageType::RegisterAck,
            Self::Policy(_) => MessageType::Policy,
            Self::Reserve(_) => MessageType::Reserve,
            Self::Reserved(_) => MessageType::Reserved,
            Self::Token(_) => MessageType::Token,
            Self::Return(_) => MessageType::Return,
            Self::Request(_) => MessageType::Request,
            Self::Schedule(_) => MessageType::Schedule,
            Self::Data(_) => MessageType::Data,
            Self::Leave(_) => MessageType::Leave,
            Self::Go(_) => MessageType::Go,
            Self::Bye(_) => MessageType::Bye,
            Self::Seen(_) => MessageType::Seen,
            Self::Neighbours(_) => MessageType::Neighbours,
        }
    }

    /// Reads a frame: the bytes behind the Ethernet header, with or without padding. Allocates
    /// for the rules of a POLICY, the name in a REGISTER, the slots of a SCHEDULE, the packets of a
    /// DATA, the reason in a GO, the digests of a SEEN and NEIGHBOURS, for nothing else.
    ///
    /// # Errors
    /// A frame that is cut off, of another version, of an unknown type, or with a value that has
    /// no meaning.
    pub fn decode(bytes: &[u8]) -> Result<(Header, Self), DecodeError> {
        let mut frame = Reader::new(bytes);
        let (header, message, length) = Header::read(&mut frame)?;
        // What is behind the body is padding.
        let mut body = frame.part("body", length)?;
        let r = &mut body;
        let message = match message {
            MessageType::Hello => Self::Hello(Hello::read(r)?),
            MessageType::Register => Self::Register(Register::read(r)?),
            MessageType::RegisterAck => Self::RegisterAck(RegisterAck::read(r)?),
            MessageType::Policy => Self::Policy(Policy::read(r)?),
            MessageType::Reserve => Self::Reserve(Reserve::read(r)?),
            MessageType::Reserved => Self::Reserved(Reserved::read(r)?),
            MessageType::Token => Self::Token(Token::read(r)?),
            MessageType::Return => Self::Return(Return::read(r)?),
            MessageType::Request => Self::Request(Request::read(r)?),
            MessageType::Schedule => Self::Schedule(Schedule::read(r)?),
            MessageType::Data => Self::Data(Data::read(r)?),
            MessageType::Leave => Self::Leave(Leave::read(r)?),
            MessageType::Go => Self::Go(Go::read(r)?),
            MessageType::Bye => Self::Bye(Bye::read(r)?),
            MessageType::Seen => Self::Seen(Seen::read(r)?),
            MessageType::Neighbours => Self::Neighbours(Neighbours::read(r)?),
        };
        body.skip_tlvs()?;
        Ok((header, message))
    }

    /// Writes the frame into the front of `buf` and returns its length; the rest of `buf` stays as
    /// it is. [`MAX_FRAME`] octets are always enough room. Never allocates.
    ///
    /// # Errors
    /// Too little room, or a value that the format cannot carry; `buf` is then partly overwritten.
    pub fn encode(&self, header: &Header, buf: &mut [u8]) -> Result<usize, EncodeError> {
        header.write(self.message_type(), &mut Writer::new(buf), |w| match self {
            Self::Hello(message) => message.write(w),
            Self::Register(message) => message.write(w),
            Self::RegisterAck(message) => message.write(w),
            Self::Policy(message) => message.write(w),
            Self::Reserve(message) => message.write(w),
            Self::Reserved(message) => message.write(w),
            Self::Token(message) => message.write(w),
            Self::Return(message) => message.write(w),
            Self::Request(message) => message.write(w),
            Self::Schedule(message) => message.write(w),
            Self::Data(message) => message.write(w),
            Self::Leave(message) => message.write(w),
            Self::Go(message) => message.write(w),
            Self::Bye(message) => message.write(w),
            Self::Seen(message) => message.write(w),
            Self::Neighbours(message) => message.write(w),
        })
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.message_type())?;
        match self {
            Self::Hello(message) => message.fmt(f),
            Self::Register(message) => message.fmt(f),
            Self::RegisterAck(message) => message.fmt(f),
            Self::Policy(message) => message.fmt(f),
            Self::Reserve(message) => message.fmt(f),
            Self::Reserved(message) => message.fmt(f),
            Self::Token(message) => message.fmt(f),
            Self::Return(message) => message.fmt(f),
            Self::Request(message) => message.fmt(f),
            Self::Schedule(message) => message.fmt(f),
            Self::Data(message) => message.fmt(f),
            Self::Leave(message) => message.fmt(f),
            Self::Go(message) => message.fmt(f),
            Self::Bye(message) => message.fmt(f),
            Self::Seen(message) => message.fmt(f),
            Self::Neighbours(message) => message.fmt(f),
        }
    }
}
