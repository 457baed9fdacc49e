//! FLUSHED and FLUSHED_ACK: a pen is empty, and what of it did not come.

use rether_proto::wire::EncodeError;

use super::{DecodeError, Reader, Writer, read_numbers, read_pen, write_numbers};
use crate::message::{Flushed, FlushedAck};

/// ```text
/// octet 24  pen     u32
///       28  next    u32
///       32  held    u32
///       36  expired u32
///       40  dropped u32
///       44  known   u32
///       48  oldest  u32   microseconds
/// ```
impl Flushed {
    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            pen: read_pen(r)?,
            next: r.u32("next sequence")?,
            held: r.u32("held packets")?,
            expired: r.u32("expired packets")?,
            dropped: r.u32("dropped packets")?,
            known: r.u32("known packets")?,
            oldest: r.micros("oldest packet")?,
        })
    }

    pub(super) fn write(&self, w: &mut Writer<'_>) -> Result<(), EncodeError> {
        w.u32(self.pen.0)?;
        w.u32(self.next)?;
        w.u32(self.held)?;
        w.u32(self.expired)?;
        w.u32(self.dropped)?;
        w.u32(self.known)?;
        w.micros(self.oldest)
    }
}

/// ```text
/// octet 24  pen               u32
///       28  number of missing u16   at most 256
///       30  missing           u32 each
/// ```
impl FlushedAck {
    /// The most sequence numbers that one message carries.
    pub const MAX_MISSING: usize = 256;

    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            pen: read_pen(r)?,
            missing: read_numbers(r, Self::MAX_MISSING, "missing packets")?,
        })
    }

    pub(super) fn write(&self, w: &mut Writer<'_>) -> Result<(), EncodeError> {
        w.u32(self.pen.0)?;
        write_numbers(w, &self.missing, Self::MAX_MISSING, "missing packets")
    }
}
