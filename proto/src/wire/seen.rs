//! SEEN: the packets that a station last received in the cell it came from.

use alloc::vec::Vec;
use core::fmt;

use serde::{Deserialize, Serialize};

use crate::mac::MacAddr;

use super::reader::Reader;
use super::writer::Writer;
use super::{DecodeError, EncodeError};

/// From an agent to the coordinator of its new cell: the digests ([`crate::digest`]) of packets
/// that have reached it, so that the access point it came from does not send them once more.
///
/// ```text
/// octet 20  from    6 octets
///       26  count   u8    at most 128
///       27  digests u32 each
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// BSSID of the cell that the station came from.
    pub from: MacAddr,
    /// At most [`Seen::MAX`], the latest last.
    pub digests: Vec<u32>,
}

impl Seen {
    /// The most digests in one frame.
    pub const MAX: usize = 128;

    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let from = MacAddr(r.array("from")?);
        let count = r.u8_to(Self::MAX as u8, "number of digests")?;
        let digests = (0..count).map(|_| r.u32("digest"));
        Ok(Self {
            from,
            digests: digests.collect::<Result<_, _>>()?,
        })
    }

    pub(super) fn write(&self, w: &mut Writer<'_>) -> Result<(), EncodeError> {
        w.bytes(&self.from.0)?;
        let count = u8::try_from(self.digests.len()).ok();
        let count = count.filter(|_| self.digests.len() <= Self::MAX);
        w.u8(count.ok_or(EncodeError::Unfit { field: "digests" })?)?;
        self.digests.iter().try_for_each(|digest| w.u32(*digest))
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} packets from {}", self.digests.len(), self.from)
    }
}
