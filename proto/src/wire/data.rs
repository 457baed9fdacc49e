//! DATA: packets travel with the token, or with its return.

use alloc::vec::Vec;
use core::fmt;

use serde::{Deserialize, Serialize};

use super::reader::Reader;
use super::writer::Writer;
use super::{DecodeError, EncodeError, HEADER_LEN, MAX_FRAME, Return, Token};

const TOKEN: u8 = 1;
const RETURN: u8 = 2;

/// Small packets of reserved flows in one frame with the token that they come with, or with the
/// return of the token that lets them go: a voice packet costs less air than the frame around it.
///
/// ```text
/// octet 20  parts    u8    bit 0: a token, bit 1: a return
///       21  token    23 octets, as in TOKEN, if there is one
///           return   39 octets, as in RETURN, if there is one
///           length   u16   of what follows
///           packets  u16 length and IP packet, one after another
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Data {
    /// From the coordinator: the right to send.
    pub token: Option<Token>,
    /// From an agent: the token comes back.
    pub answer: Option<Return>,
    /// What they carry.
    pub packets: Packets,
}

/// IP packets, one behind another; each has at least one octet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Packets(Vec<u8>);

/// Octets of the length in front of each packet.
const LENGTH: usize = 2;

impl Packets {
    /// What a frame has room for beside both parts.
    pub const MAX: usize =
        MAX_FRAME - HEADER_LEN - 1 - Token::FIELDS as usize - Return::FIELDS as usize - LENGTH;

    /// Adds a packet, unless it is empty or the frame has no room for it; true if it is in.
    #[must_use]
    pub fn push(&mut self, packet: &[u8]) -> bool {
        let Some(len) = u16::try_from(packet.len()).ok().filter(|len| *len > 0) else {
            return false;
        };
        if !self.has_room(packet.len()) {
            return false;
        }
        self.0.extend_from_slice(&len.to_be_bytes());
        self.0.extend_from_slice(packet);
        true
    }

    /// Whether a packet of `octets` fits behind what is there.
    #[must_use]
    pub const fn has_room(&self, octets: usize) -> bool {
        self.0.len() + LENGTH + octets <= Self::MAX
    }

    /// The packets in their order.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = &self.0[..];
        core::iter::from_fn(move || {
            let (len, behind) = rest.split_first_chunk::<LENGTH>()?;
            let (packet, behind) = behind.split_at_checked(u16::from_be_bytes(*len).into())?;
            rest = behind;
            Some(packet)
        })
    }

    /// True if there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let octets = r.u16("length of packets")?;
        let mut part = r.part("packets", octets.into())?;
        let whole = part.clone();
        while part.left() > 0 {
            let at = part.at();
            let len = part.u16("length of packet")?;
            if len == 0 {
                return Err(part.bad(at, "length of packet", 0_u32));
            }
            part.part("packet", len.into())?;
        }
        Ok(Self(whole.rest().to_vec()))
    }
}

impl Data {
    /// Octets behind the Ethernet header of a frame with these parts and `packets` octets of
    /// packets in `count` pieces: what its airtime is computed with.
    #[must_use]
    pub const fn octets(token: bool, answer: bool, count: u32, packets: u32) -> u32 {
        let token = if token { Token::FIELDS } else { 0 };
        let answer = if answer { Return::FIELDS } else { 0 };
        HEADER_LEN as u32 + 1 + token + answer + LENGTH as u32 * (1 + count) + packets
    }

    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let parts = r.u8_to(TOKEN | RETURN, "parts")?;
        let has = |part| parts & part != 0;
        Ok(Self {
            token: has(TOKEN).then(|| Token::read(r)).transpose()?,
            answer: has(RETURN).then(|| Return::read(r)).transpose()?,
            packets: Packets::read(r)?,
        })
    }

    pub(super) fn write(&self, w: &mut Writer<'_>) -> Result<(), EncodeError> {
        let part = |there, bit| if there { bit } else { 0 };
        w.u8(part(self.token.is_some(), TOKEN) | part(self.answer.is_some(), RETURN))?;
        if let Some(token) = &self.token {
            token.write(w)?;
        }
        if let Some(answer) = &self.answer {
            answer.write(w)?;
        }
        let octets =
            u16::try_from(self.packets.0.len()).map_err(|_| EncodeError::TooLong(MAX_FRAME))?;
        w.u16(octets)?;
        w.bytes(&self.packets.0)
    }
}

impl fmt::Display for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let octets: usize = self.packets.iter().map(<[u8]>::len).sum();
        write!(f, "{} packets of {octets}B", self.packets.iter().count())?;
        if let Some(token) = &self.token {
            write!(f, " token {token}")?;
        }
        if let Some(answer) = &self.answer {
            write!(f, " return {answer}")?;
        }
        Ok(())
    }
}
