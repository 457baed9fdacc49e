//! ARRIVED and ARRIVED_ACK: a station is at another access point, and what was known of it.

use rether_proto::time::Instant;
use rether_proto::wire::EncodeError;

use super::{DecodeError, Reader, Writer, context, read_numbers, read_pen, write_numbers};
use crate::id::Epoch;
use crate::message::{Arrived, ArrivedAck, Claim};

const FLUSHING: u8 = 0;
const UNKNOWN: u8 = 1;
const OUTDATED: u8 = 2;

/// ```text
/// octet 24  pen known         u8    0 or 1
///       25  pen               u32   only if 1
///           digests given     u8    0 or 1
///           number of digests u16   only if 1, at most 512
///           digests           u32 each
/// ```
impl Arrived {
    /// The most digests that one message carries.
    pub const MAX_SEEN: usize = 512;

    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let pen = r.flag("pen known")?.then(|| read_pen(r)).transpose()?;
        let seen = r
            .flag("digests given")?
            .then(|| read_numbers(r, Self::MAX_SEEN, "digests"));
        Ok(Self {
            pen,
            seen: seen.transpose()?,
        })
    }

    pub(super) fn write(&self, w: &mut Writer<'_>) -> Result<(), EncodeError> {
        w.u8(self.pen.is_some().into())?;
        if let Some(pen) = self.pen {
            w.u32(pen.0)?;
        }
        w.u8(self.seen.is_some().into())?;
        if let Some(seen) = &self.seen {
            write_numbers(w, seen, Self::MAX_SEEN, "digests")?;
        }
        Ok(())
    }
}

/// ```text
/// octet 24  outcome       u8    0 flushing, 1 unknown, 2 outdated
///       25  pen           u32   only if 0
///           epoch         u64   only if 2
///           context known u8    0 or 1
///           context       only if 1
/// ```
impl ArrivedAck {
    pub(super) fn read(r: &mut Reader<'_>, now: Instant) -> Result<Self, DecodeError> {
        let at = r.at();
        let outcome = match r.u8("outcome")? {
            FLUSHING => Claim::Flushing(read_pen(r)?),
            UNKNOWN => Claim::Unknown,
            OUTDATED => Claim::Outdated(Epoch(r.u64("epoch in force")?)),
            other => return Err(r.bad(at, "outcome", other)),
        };
        let known = r.flag("context known")?;
        let context = known.then(|| context::read(r, now)).transpose()?;
        Ok(Self { outcome, context })
    }

    pub(super) fn write(&self, w: &mut Writer<'_>, now: Instant) -> Result<(), EncodeError> {
        match self.outcome {
            Claim::Flushing(pen) => {
                w.u8(FLUSHING)?;
                w.u32(pen.0)?;
            }
            Claim::Unknown => w.u8(UNKNOWN)?,
            Claim::Outdated(epoch) => {
                w.u8(OUTDATED)?;
                w.u64(epoch.0)?;
            }
        }
        w.u8(self.context.is_some().into())?;
        match &self.context {
            Some(context) => context::write(context, w, now),
            None => Ok(()),
        }
    }
}
