//! Puts fields into a buffer one after another.

use crate::time::Duration;

use super::{EncodeError, MAX_FRAME};

/// The buffer of a frame and how far it is filled.
pub struct Writer<'a> {
    buf: &'a mut [u8],
    at: usize,
    max: usize,
}

impl<'a> Writer<'a> {
    /// Writes a frame into the front of `buf`.
    pub(super) const fn new(buf: &'a mut [u8]) -> Self {
        Self::to(buf, MAX_FRAME)
    }

    /// Writes at most `max` octets into the front of `buf`.
    #[must_use]
    pub const fn to(buf: &'a mut [u8], max: usize) -> Self {
        Self { buf, at: 0, max }
    }

    /// How many octets were written.
    #[must_use]
    pub const fn written(&self) -> usize {
        self.at
    }

    /// So many octets.
    ///
    /// # Errors
    /// There is no room.
    pub fn bytes(&mut self, bytes: &[u8]) -> Result<(), EncodeError> {
        let end = self.at + bytes.len();
        if end > self.max {
            return Err(EncodeError::TooLong(self.max));
        }
        let room = self.buf.len();
        let Some(place) = self.buf.get_mut(self.at..end) else {
            return Err(EncodeError::BufferTooSmall { need: end, room });
        };
        place.copy_from_slice(bytes);
        self.at = end;
        Ok(())
    }

    /// One octet.
    ///
    /// # Errors
    /// There is no room.
    pub fn u8(&mut self, value: u8) -> Result<(), EncodeError> {
        self.bytes(&[value])
    }

    /// A number of two octets.
    ///
    /// # Errors
    /// There is no room.
    pub fn u16(&mut self, value: u16) -> Result<(), EncodeError> {
        self.bytes(&value.to_be_bytes())
    }

    /// A number of four octets.
    ///
    /// # Errors
    /// There is no room.
    pub fn u32(&mut self, value: u32) -> Result<(), EncodeError> {
        self.bytes(&value.to_be_bytes())
    }

    /// A number of eight octets.
    ///
    /// # Errors
    /// There is no room.
    pub fn u64(&mut self, value: u64) -> Result<(), EncodeError> {
        self.bytes(&value.to_be_bytes())
    }

    /// A span of time in whole milliseconds, cut off; the longest is 49 days.
    ///
    /// # Errors
    /// There is no room.
    pub fn millis(&mut self, span: Duration) -> Result<(), EncodeError> {
        self.u32(u32::try_from(span.as_millis()).unwrap_or(u32::MAX))
    }

    /// A span of time in whole microseconds, cut off; the longest is 71 minutes.
    ///
    /// # Errors
    /// There is no room.
    pub fn micros(&mut self, span: Duration) -> Result<(), EncodeError> {
        self.u32(u32::try_from(span.as_micros()).unwrap_or(u32::MAX))
    }

    /// A TLV whose value is what `write` writes.
    pub(super) fn tlv(
        &mut self,
        kind: u8,
        field: &'static str,
        write: impl FnOnce(&mut Self) -> Result<(), EncodeError>,
    ) -> Result<(), EncodeError> {
        self.bytes(&[kind, 0])?;
        let start = self.at;
        write(self)?;
        let len = u8::try_from(self.at - start).map_err(|_| EncodeError::Unfit { field })?;
        self.buf[start - 1] = len;
        Ok(())
    }

    /// Overwrites two octets that were written before.
    ///
    /// # Panics
    /// They were not.
    pub fn patch_u16(&mut self, at: usize, value: u16) {
        self.buf[at..at + 2].copy_from_slice(&value.to_be_bytes());
    }
}
