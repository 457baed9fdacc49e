//! PREPARE: a station may come.

use rether_proto::time::Instant;
use rether_proto::wire::EncodeError;

use super::{DecodeError, Reader, Writer, context, read_pen};
use crate::message::Prepare;

/// ```text
/// octet 24  pen        u32
///       28  context
///           own accord u8   0 or 1
/// ```
impl Prepare {
    pub(super) fn read(r: &mut Reader<'_>, now: Instant) -> Result<Self, DecodeError> {
        Ok(Self {
            pen: read_pen(r)?,
            context: context::read(r, now)?,
            own_accord: r.flag("own accord")?,
        })
    }

    pub(super) fn write(&self, w: &mut Writer<'_>, now: Instant) -> Result<(), EncodeError> {
        w.u32(self.pen.0)?;
        context::write(&self.context, w, now)?;
        w.u8(self.own_accord.into())
    }
}
