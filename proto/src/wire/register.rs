//! REGISTER: an agent asks to take part.

use alloc::string::String;
use core::fmt;

use serde::{Deserialize, Serialize};

use super::reader::Reader;
use super::writer::Writer;
use super::{DecodeError, EncodeError, Handshake};

const TLV_NAME: u8 = 1;
const TLV_HANDSHAKE: u8 = 2;

/// What a station calls itself: at most 32 octets of UTF-8, empty if it says nothing.
///
/// For people, and to choose the key of a device; without keys any station can claim any name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AgentName(String);

impl AgentName {
    /// The longest name in octets.
    pub const MAX: usize = 32;

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A name of more than [`AgentName::MAX`] octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a name has at most {max} octets, this one has {0}", max = AgentName::MAX)]
pub struct NameTooLong(pub usize);

impl TryFrom<String> for AgentName {
    type Error = NameTooLong;

    fn try_from(name: String) -> Result<Self, NameTooLong> {
        if name.len() > Self::MAX {
            Err(NameTooLong(name.len()))
        } else {
            Ok(Self(name))
        }
    }
}

impl TryFrom<&str> for AgentName {
    type Error = NameTooLong;

    fn try_from(name: &str) -> Result<Self, NameTooLong> {
        String::from(name).try_into()
    }
}

impl From<AgentName> for String {
    fn from(name: AgentName) -> Self {
        name.0
    }
}

/// Sent by an agent that heard a HELLO of an epoch it has no session in.
///
/// ```text
/// octet 20  instance   u32
///       24  epoch      u32
///       28  strategies u8    bit 0: poll, 1: schedule, 2: bundle
///       29  TLV 1      name, UTF-8, at most 32 octets; left out if empty, the last one counts
///       ..  TLV 2      first message of the handshake, 48 octets; left out without keys
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Register {
    /// Differs after each start of the agent.
    pub instance: u32,
    /// The epoch of the HELLO that this answers.
    pub epoch: u32,
    /// Token strategies the agent can follow, a set of bits: [`Register::POLL`],
    /// [`Register::SCHEDULE`], [`Register::BUNDLE`].
    pub strategies: u8,
    /// What the station calls itself.
    pub name: AgentName,
    /// First message of the handshake; none from an agent without a key.
    #[serde(default)]
    pub handshake: Handshake,
}

impl Register {
    /// One unicast token per visit.
    pub const POLL: u8 = 1;
    /// One broadcast for many visits.
    pub const SCHEDULE: u8 = 2;
    /// Packets travel with tokens and returns: its host can take them out of frames.
    pub const BUNDLE: u8 = 4;

    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut register = Self {
            instance: r.u32("instance")?,
            epoch: r.u32("epoch")?,
            strategies: r.u8("strategies")?,
            name: AgentName::default(),
            handshake: Handshake::NONE,
        };
        while let Some((kind, mut value)) = r.tlv()? {
            match kind {
                TLV_NAME => {
                    register.name = AgentName(value.text("name", AgentName::MAX)?.into());
                }
                TLV_HANDSHAKE => register.handshake = Handshake::read(&mut value)?,
                _ => {}
            }
        }
        Ok(register)
    }

    pub(super) fn write(&self, w: &mut Writer<'_>) -> Result<(), EncodeError> {
        w.u32(self.instance)?;
        w.u32(self.epoch)?;
        w.u8(self.strategies)?;
        if !self.name.0.is_empty() {
            w.tlv(TLV_NAME, "name", |w| w.bytes(self.name.0.as_bytes()))?;
        }
        self.handshake.write(TLV_HANDSHAKE, w)
    }
}

impl fmt::Display for Register {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            instance,
            epoch,
            strategies,
            name,
            handshake,
        } = self;
        // Escaped, because the name comes from a stranger and goes to a terminal.
        write!(
            f,
            "instance {instance:08x} epoch {epoch:08x} strategies {strategies:#04x}"
        )?;
        write!(f, " name {:?}", name.0)?;
        if handshake.is_none() {
            return Ok(());
        }
        f.write_str(" with handshake")
    }
}
