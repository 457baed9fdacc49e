//! A message of the Noise handshake inside of REGISTER and REGISTER_ACK.

use core::fmt;

use serde::{Deserialize, Serialize};

use super::reader::Reader;
use super::writer::Writer;
use super::{DecodeError, EncodeError};
use crate::record::Octets;

/// A handshake message of up to 96 octets; empty when the sender wants no authentication.
/// What is in it is for [`crate::auth::handshake`] to judge.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Octets", into = "Octets")]
pub struct Handshake {
    len: u8,
    octets: [u8; Self::MAX],
}

impl Handshake {
    /// The longest one in octets.
    pub const MAX: usize = 96;
    /// No handshake.
    pub const NONE: Self = Self {
        len: 0,
        octets: [0; Self::MAX],
    };

    /// The message that consists of `octets`; `None` if they are too many.
    #[must_use]
    pub fn new(octets: &[u8]) -> Option<Self> {
        let mut message = Self::NONE;
        message.len = u8::try_from(octets.len()).ok()?;
        message
            .octets
            .get_mut(..octets.len())?
            .copy_from_slice(octets);
        Some(message)
    }

    /// Its octets.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        self.octets.get(..self.len.into()).unwrap_or_default()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        self.len == 0
    }

    /// Reads the value of a TLV.
    pub(super) fn read(value: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let octets = value.rest_to("handshake", Self::MAX)?;
        Ok(Self::new(octets).unwrap_or(Self::NONE))
    }

    /// Writes it as the TLV `kind`; nothing when there is none.
    pub(super) fn write(&self, kind: u8, w: &mut Writer<'_>) -> Result<(), EncodeError> {
        if self.is_none() {
            return Ok(());
        }
        w.tlv(kind, "handshake", |w| w.bytes(self.octets()))
    }
}

impl Default for Handshake {
    fn default() -> Self {
        Self::NONE
    }
}

/// More octets than a handshake message may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a handshake message has at most {max} octets, this one has {0}", max = Handshake::MAX)]
pub struct HandshakeTooLong(pub usize);

impl TryFrom<Octets> for Handshake {
    type Error = HandshakeTooLong;

    fn try_from(octets: Octets) -> Result<Self, HandshakeTooLong> {
        Self::new(&octets.0).ok_or(HandshakeTooLong(octets.0.len()))
    }
}

impl From<Handshake> for Octets {
    fn from(message: Handshake) -> Self {
        Self(message.octets().into())
    }
}

impl fmt::Debug for Handshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Handshake({} octets)", self.len)
    }
}
