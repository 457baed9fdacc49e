//! PUSH_ACK and READY: what can be kept of a station's promises.

use alloc::string::String;

use rether_proto::wire::EncodeError;

use super::{DecodeError, Reader, Writer};
use crate::context::Context;
use crate::message::Admission;

/// ```text
/// octet 24  kept             u8   a bit for each promise
///       25  number of rates  u8   at most 8
///       26  rates            u32 each, bit/s
///           length of reason u8   at most 120
///           reason           UTF-8
/// ```
impl Admission {
    /// The longest reason in octets.
    pub const MAX_REASON: usize = 120;

    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let kept = r.u8("kept promises")?;
        let count = r.u8_to(Context::MAX_PROMISES as u8, "number of rates")?;
        let largest = (0..count).map(|_| r.u32("largest rate"));
        let largest = largest.collect::<Result<_, _>>()?;
        let len = r.u8_to(Self::MAX_REASON as u8, "length of reason")?;
        let reason = r.part("reason", len.into())?.text("reason", len.into())?;
        Ok(Self {
            kept,
            largest,
            reason: String::from(reason),
        })
    }

    pub(super) fn write(&self, w: &mut Writer<'_>) -> Result<(), EncodeError> {
        let fits = |len: usize, max: usize, field| {
            let len = u8::try_from(len).ok().filter(|_| len <= max);
            len.ok_or(EncodeError::Unfit { field })
        };
        w.u8(self.kept)?;
        let count = fits(self.largest.len(), Context::MAX_PROMISES, "number of rates")?;
        w.u8(count)?;
        self.largest.iter().try_for_each(|&rate| w.u32(rate))?;
        w.u8(fits(self.reason.len(), Self::MAX_REASON, "reason")?)?;
        w.bytes(self.reason.as_bytes())
    }
}
