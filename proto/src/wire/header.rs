//! The 20 octets in front of every message.

use core::fmt;

use serde::{Deserialize, Serialize};

use super::code::octet_enum;
use super::reader::Reader;
use super::writer::Writer;
use super::{DecodeError, DecodeErrorKind, EncodeError, MAX_FRAME};

/// The version of the protocol that this crate speaks.
pub const VERSION: u8 = 1;

/// Length of the common header in octets.
pub const HEADER_LEN: usize = 20;

const LENGTH_AT: usize = 2;
/// Where the sequence number is in a frame.
pub(crate) const SEQUENCE_AT: usize = 8;
/// Where the tag is in a frame; it ends the header.
pub(crate) const TAG_AT: usize = 12;

/// The frame at the front of `bytes`, without padding; `None` if it is cut off.
pub(crate) fn frame_octets(bytes: &[u8]) -> Option<&[u8]> {
    let length = bytes.get(LENGTH_AT..LENGTH_AT + 2)?.try_into().ok()?;
    bytes.get(..HEADER_LEN + usize::from(u16::from_be_bytes(length)))
}

octet_enum! {
    /// The type octet of the common header.
    pub enum MessageType {
        /// [`super::Hello`]
        Hello = 1 => "HELLO",
        /// [`super::Register`]
        Register = 2 => "REGISTER",
        /// [`super::RegisterAck`]
        RegisterAck = 3 => "REGISTER_ACK",
        /// [`super::Policy`]
        Policy = 4 => "POLICY",
        /// [`super::Reserve`]
        Reserve = 5 => "RESERVE",
        /// [`super::Reserved`]
        Reserved = 6 => "RESERVED",
        /// [`super::Token`]
        Token = 7 => "TOKEN",
        /// [`super::Return`]
        Return = 8 => "RETURN",
        /// [`super::Request`]
        Request = 9 => "REQUEST",
        /// [`super::Schedule`]
        Schedule = 10 => "SCHEDULE",
        /// [`super::Data`]
        Data = 11 => "DATA",
        /// [`super::Leave`]
        Leave = 12 => "LEAVE",
        /// [`super::Go`]
        Go = 13 => "GO",
        /// [`super::Bye`]
        Bye = 14 => "BYE",
        /// [`super::Seen`]
        Seen = 15 => "SEEN",
        /// [`super::Neighbours`]
        Neighbours = 16 => "NEIGHBOURS",
    }
}

/// What stands in front of every message.
///
/// ```text
/// octet  0  version  u8    1
///        1  type     u8    MessageType
///        2  length   u16   octets behind this header; more in the frame is Ethernet padding
///        4  session  u32
///        8  sequence u32
///       12  tag      8 octets
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The session that REGISTER_ACK gave to the station; 0 before, and in broadcasts. It says by
    /// which key the tag was made: 0 is that of the group.
    pub session: u32,
    /// Counts the frames of one sender; in authenticated sessions, those under one key.
    pub sequence: u32,
    /// The tag that [`crate::auth`] makes and checks; zero and unchecked without keys.
    pub tag: [u8; 8],
}

impl Header {
    /// Reads the header, with the type and the length of the body.
    pub(super) fn read(frame: &mut Reader<'_>) -> Result<(Self, MessageType, usize), DecodeError> {
        let version = frame.u8("version")?;
        if version != VERSION {
            let kind = DecodeErrorKind::UnknownVersion {
                found: version,
                known: VERSION,
            };
            return Err(frame.error(0, kind));
        }
        let octet = frame.u8("type")?;
        let message = MessageType::from_octet(octet)
            .ok_or_else(|| frame.error(1, DecodeErrorKind::UnknownType(octet)))?;
        frame.set_message(message);
        let at = frame.at();
        let length = frame.u16("length")?;
        if usize::from(length) > MAX_FRAME - HEADER_LEN {
            return Err(frame.error(at, DecodeErrorKind::TooLong(length)));
        }
        let header = Self {
            session: frame.u32("session")?,
            sequence: frame.u32("sequence")?,
            tag: frame.array("tag")?,
        };
        Ok((header, message, length.into()))
    }

    /// Writes the header and, by `body`, what follows; then fills in the length.
    pub(super) fn write(
        &self,
        message: MessageType,
        frame: &mut Writer<'_>,
        body: impl FnOnce(&mut Writer<'_>) -> Result<(), EncodeError>,
    ) -> Result<usize, EncodeError> {
        frame.u8(VERSION)?;
        frame.u8(message.octet())?;
        frame.u16(0)?;
        frame.u32(self.session)?;
        frame.u32(self.sequence)?;
        frame.bytes(&self.tag)?;
        body(frame)?;
        let length = u16::try_from(frame.written() - HEADER_LEN)
            .map_err(|_| EncodeError::TooLong(MAX_FRAME))?;
        frame.patch_u16(LENGTH_AT, length);
        Ok(frame.written())
    }
}

impl fmt::Display for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "session {:08x} seq {}", self.session, self.sequence)
    }
}
