//! The format of what access points say to each other.
//!
//! Every [`Message`] is a header of 24 octets and the fields of its [`Kind`]; it is carried sealed
//! in a UDP datagram of its own. All numbers are big-endian. What is new in a later version comes
//! behind the fields that are known, and what is behind them is skipped. A field whose value has no
//! meaning makes the message invalid, and so does a list that is longer than it may be.
//!
//! ```text
//! octet  0  version u8    1
//!        1  type    u8    Kind
//!        2  flags   u16   sent as 0, not looked at
//!        4  station 6 octets
//!       10  from    u16
//!       12  epoch   u64
//!       20  id      u32
//! ```
//!
//! Octet numbers in the message tables and in errors count from the version octet.
//!
//! There is no common clock: what lapses travels as the time that it is still good for, in whole
//! milliseconds with fractions cut off, so that nothing lives longer for having been sent.
//!
//! The verbs are those of IAPP (IEEE 802.11F, withdrawn), the containers of a context are an idea
//! of the Context Transfer Protocol (RFC 4067); the formats are this project's own.

mod admission;
mod arrived;
mod context;
mod data;
mod flushed;
mod hello;
mod kind;
mod prepare;
#[cfg(test)]
mod tests;

use alloc::vec::Vec;

use rether_proto::mac::MacAddr;
use rether_proto::time::Instant;
use rether_proto::wire::{DecodeErrorKind, EncodeError};

use crate::id::{ApId, Epoch, PenId};
use crate::message::{
    Admission, Arrived, ArrivedAck, Body, Data, Flushed, FlushedAck, Hello, Message, Prepare,
};

pub use kind::Kind;

/// The version of the format.
pub const VERSION: u8 = 1;
/// Octets in front of the fields of a message.
pub const HEADER_LEN: usize = 24;
/// The longest message in octets: a DATA with the longest payload.
pub const MAX_MESSAGE: usize = HEADER_LEN + data::FIELDS + Data::MAX_PAYLOAD;

/// A message that cannot be understood: which one, where, and what is wrong there.
pub type DecodeError = rether_proto::wire::DecodeError<Kind>;

type Reader<'a> = rether_proto::wire::Reader<'a, Kind>;
type Writer<'a> = rether_proto::wire::Writer<'a>;

impl Message {
    /// Reads a message that came at `now`. Allocates for lists, contexts, payloads and reasons, and
    /// never more than the octets that came account for.
    ///
    /// # Errors
    /// A message that is cut off, of another version, of an unknown type, with a list that is too
    /// long or with a value that has no meaning.
    pub fn decode(now: Instant, bytes: &[u8]) -> Result<Self, DecodeError> {
        let r = &mut Reader::new(bytes);
        let version = r.u8("version")?;
        if version != VERSION {
            let kind = DecodeErrorKind::UnknownVersion {
                found: version,
                known: VERSION,
            };
            return Err(r.error(0, kind));
        }
        let octet = r.u8("type")?;
        let kind = Kind::from_octet(octet)
            .ok_or_else(|| r.error(1, DecodeErrorKind::UnknownType(octet)))?;
        r.set_message(kind);
        r.u16("flags")?;
        Ok(Self {
            station: MacAddr(r.array("station")?),
            from: ApId(r.u16("sender")?),
            epoch: Epoch(r.u64("epoch")?),
            id: r.u32("id")?,
            body: read_body(r, kind, now)?,
        })
    }

    /// Writes the message as it is at `now` into the front of `buf` and returns its length; the
    /// rest of `buf` stays as it is. [`MAX_MESSAGE`] octets are always enough room. What has lapsed
    /// is left out, and so is what a context has too much of, the least important first.
    ///
    /// # Errors
    /// Too little room, or a value that the format cannot carry; `buf` is then partly overwritten.
    pub fn encode(&self, now: Instant, buf: &mut [u8]) -> Result<usize, EncodeError> {
        let w = &mut Writer::to(buf, MAX_MESSAGE);
        w.u8(VERSION)?;
        w.u8(self.body.kind().octet())?;
        w.u16(0)?;
        w.bytes(&self.station.0)?;
        w.u16(self.from.0)?;
        w.u64(self.epoch.0)?;
        w.u32(self.id)?;
        match &self.body {
            Body::Hello(hello) | Body::HelloAck(hello) => hello.write(w)?,
            Body::Push(context) => context::write(context, w, now)?,
            Body::PushAck(admission) | Body::Ready(admission) => admission.write(w)?,
            Body::Prepare(prepare) => prepare.write(w, now)?,
            Body::Data(data) => data.write(w)?,
            Body::Arrived(arrived) => arrived.write(w)?,
            Body::ArrivedAck(ack) => ack.write(w, now)?,
            Body::Flushed(flushed) => flushed.write(w)?,
            Body::FlushedAck(ack) => ack.write(w)?,
            Body::Cancel | Body::CancelAck | Body::Gone => {}
        }
        Ok(w.written())
    }
}

fn read_body(r: &mut Reader<'_>, kind: Kind, now: Instant) -> Result<Body, DecodeError> {
    Ok(match kind {
        Kind::Hello => Body::Hello(Hello::read(r)?),
        Kind::HelloAck => Body::HelloAck(Hello::read(r)?),
        Kind::Push => Body::Push(context::read(r, now)?),
        Kind::PushAck => Body::PushAck(Admission::read(r)?),
        Kind::Prepare => Body::Prepare(Prepare::read(r, now)?),
        Kind::Ready => Body::Ready(Admission::read(r)?),
        Kind::Data => Body::Data(Data::read(r)?),
        Kind::Arrived => Body::Arrived(Arrived::read(r)?),
        Kind::ArrivedAck => Body::ArrivedAck(ArrivedAck::read(r, now)?),
        Kind::Flushed => Body::Flushed(Flushed::read(r)?),
        Kind::FlushedAck => Body::FlushedAck(FlushedAck::read(r)?),
        Kind::Cancel => Body::Cancel,
        Kind::CancelAck => Body::CancelAck,
        Kind::Gone => Body::Gone,
    })
}

/// Reads a list of numbers: how many there are, at most `max`, and they.
fn read_numbers(
    r: &mut Reader<'_>,
    max: usize,
    field: &'static str,
) -> Result<Vec<u32>, DecodeError> {
    let at = r.at();
    let count = r.u16(field)?;
    if usize::from(count) > max {
        return Err(r.bad(at, field, count));
    }
    let mut list = r.part(field, 4 * usize::from(count))?;
    (0..count).map(|_| list.u32(field)).collect()
}

/// Writes a list of at most `max` numbers.
fn write_numbers(
    w: &mut Writer<'_>,
    numbers: &[u32],
    max: usize,
    field: &'static str,
) -> Result<(), EncodeError> {
    let count = u16::try_from(numbers.len()).ok();
    let count = count.filter(|_| numbers.len() <= max);
    w.u16(count.ok_or(EncodeError::Unfit { field })?)?;
    numbers.iter().try_for_each(|&number| w.u32(number))
}

fn read_pen(r: &mut Reader<'_>) -> Result<PenId, DecodeError> {
    r.u32("pen").map(PenId)
}
