//! Takes fields off the front of a frame and remembers where it is.

use crate::time::Duration;

use super::{DecodeError, DecodeErrorKind, MessageType};

/// The unread part of a frame or of a TLV. `M` names messages in its errors; the formats of other
/// protocols of this project are read with a type of their own.
#[derive(Clone)]
pub struct Reader<'a, M = MessageType> {
    rest: &'a [u8],
    at: u16,
    message: Option<M>,
}

impl<'a, M: Copy> Reader<'a, M> {
    /// All of a frame, unread.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self {
            rest: bytes,
            at: 0,
            message: None,
        }
    }

    /// From here on errors name `message`.
    pub const fn set_message(&mut self, message: M) {
        self.message = Some(message);
    }

    /// How many octets of the frame were read.
    #[must_use]
    pub const fn at(&self) -> u16 {
        self.at
    }

    /// What has not been read.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// How many octets have not been read.
    #[must_use]
    pub const fn left(&self) -> usize {
        self.rest.len()
    }

    /// What is wrong at octet `at`.
    #[must_use]
    pub const fn error(&self, at: u16, kind: DecodeErrorKind) -> DecodeError<M> {
        DecodeError {
            message: self.message,
            at,
            kind,
        }
    }

    /// The error for a value without meaning in the field that started at `at`.
    #[must_use]
    pub fn bad(&self, at: u16, field: &'static str, value: impl Into<u32>) -> DecodeError<M> {
        self.error(
            at,
            DecodeErrorKind::BadValue {
                field,
                value: value.into(),
            },
        )
    }

    /// The next `len` octets as a part of their own; places in it count from the frame's start.
    ///
    /// # Errors
    /// Fewer are left.
    pub fn part(&mut self, field: &'static str, len: usize) -> Result<Self, DecodeError<M>> {
        let Some((part, rest)) = self.rest.split_at_checked(len) else {
            let kind = DecodeErrorKind::Truncated {
                field,
                need: clamp(len),
                have: clamp(self.rest.len()),
            };
            return Err(self.error(self.at, kind));
        };
        let part = Self {
            rest: part,
            ..*self
        };
        self.rest = rest;
        self.at = self.at.saturating_add(clamp(len));
        Ok(part)
    }

    /// The next `N` octets.
    ///
    /// # Errors
    /// Fewer are left.
    pub fn array<const N: usize>(
        &mut self,
        field: &'static str,
    ) -> Result<[u8; N], DecodeError<M>> {
        let mut array = [0; N];
        array.copy_from_slice(self.part(field, N)?.rest);
        Ok(array)
    }

    /// The next octet.
    ///
    /// # Errors
    /// Fewer are left.
    pub fn u8(&mut self, field: &'static str) -> Result<u8, DecodeError<M>> {
        self.array(field).map(|[octet]| octet)
    }

    /// A number of two octets.
    ///
    /// # Errors
    /// Fewer are left.
    pub fn u16(&mut self, field: &'static str) -> Result<u16, DecodeError<M>> {
        self.array(field).map(u16::from_be_bytes)
    }

    /// A number of four octets.
    ///
    /// # Errors
    /// Fewer are left.
    pub fn u32(&mut self, field: &'static str) -> Result<u32, DecodeError<M>> {
        self.array(field).map(u32::from_be_bytes)
    }

    /// An octet that may not be larger than `max`.
    ///
    /// # Errors
    /// It is, or there is none.
    pub fn u8_to(&mut self, max: u8, field: &'static str) -> Result<u8, DecodeError<M>> {
        let at = self.at;
        let value = self.u8(field)?;
        if value > max {
            Err(self.bad(at, field, value))
        } else {
            Ok(value)
        }
    }

    /// An octet that is 0 or 1.
    ///
    /// # Errors
    /// It is another, or there is none.
    pub fn flag(&mut self, field: &'static str) -> Result<bool, DecodeError<M>> {
        self.u8_to(1, field).map(|value| value == 1)
    }

    /// An octet that stands for a value.
    ///
    /// # Errors
    /// It stands for none, or there is none.
    pub fn code<T>(
        &mut self,
        field: &'static str,
        meaning: fn(u8) -> Option<T>,
    ) -> Result<T, DecodeError<M>> {
        let at = self.at;
        let octet = self.u8(field)?;
        meaning(octet).ok_or_else(|| self.bad(at, field, octet))
    }

    /// A number of eight octets.
    ///
    /// # Errors
    /// Fewer are left.
    pub fn u64(&mut self, field: &'static str) -> Result<u64, DecodeError<M>> {
        self.array(field).map(u64::from_be_bytes)
    }

    /// A span of time in milliseconds.
    ///
    /// # Errors
    /// Fewer than four octets are left.
    pub fn millis(&mut self, field: &'static str) -> Result<Duration, DecodeError<M>> {
        self.u32(field)
            .map(|millis| Duration::from_millis(millis.into()))
    }

    /// A span of time in microseconds.
    ///
    /// # Errors
    /// Fewer than four octets are left.
    pub fn micros(&mut self, field: &'static str) -> Result<Duration, DecodeError<M>> {
        self.u32(field)
            .map(|micros| Duration::from_micros(micros.into()))
    }

    /// All that is left, as text of at most `max` octets.
    ///
    /// # Errors
    /// There are more, or they are not UTF-8.
    pub fn text(&mut self, field: &'static str, max: usize) -> Result<&'a str, DecodeError<M>> {
        let at = self.at;
        core::str::from_utf8(self.rest_to(field, max)?)
            .map_err(|_| self.error(at, DecodeErrorKind::NotUtf8 { field }))
    }

    /// All that is left, at most `max` octets.
    ///
    /// # Errors
    /// There are more.
    pub fn rest_to(&mut self, field: &'static str, max: usize) -> Result<&'a [u8], DecodeError<M>> {
        let len = self.rest.len();
        match len.checked_sub(max).filter(|&extra| extra > 0) {
            Some(extra) => {
                let extra = clamp(extra);
                Err(self.error(self.at, DecodeErrorKind::Oversized { field, extra }))
            }
            None => Ok(self.part(field, len)?.rest),
        }
    }

    /// The next TLV: its type, and a reader for its value. `None` at the end.
    pub(super) fn tlv(&mut self) -> Result<Option<(u8, Self)>, DecodeError<M>> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let kind = self.u8("TLV type")?;
        let len = self.u8("TLV length")?;
        let value = self.part("TLV", len.into())?;
        Ok(Some((kind, value)))
    }

    /// Steps over TLVs that this version does not know.
    pub(super) fn skip_tlvs(&mut self) -> Result<(), DecodeError<M>> {
        while self.tlv()?.is_some() {}
        Ok(())
    }

    /// Reads a value that must fill the whole TLV.
    pub(super) fn whole<T>(
        mut self,
        field: &'static str,
        read: impl FnOnce(&mut Self) -> Result<T, DecodeError<M>>,
    ) -> Result<T, DecodeError<M>> {
        let value = read(&mut self)?;
        if self.rest.is_empty() {
            Ok(value)
        } else {
            let extra = clamp(self.rest.len());
            Err(self.error(self.at, DecodeErrorKind::Oversized { field, extra }))
        }
    }
}

fn clamp(len: usize) -> u16 {
    u16::try_from(len).unwrap_or(u16::MAX)
}
