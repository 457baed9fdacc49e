//! DATA: a packet out of a pen.

use rether_proto::mac::MacAddr;
use rether_proto::wire::EncodeError;

use super::{DecodeError, Reader, Writer, read_pen};
use crate::message::Data;

/// Octets of the fields in front of the payload.
pub(super) const FIELDS: usize = 18;

/// ```text
/// octet 24  pen               u32
///       28  sequence          u32
///       32  source            6 octets
///       38  EtherType         u16
///       40  length of payload u16   at most 2304
///       42  payload
/// ```
///
/// A packet that fills an Ethernet frame makes a datagram that does not fit one: it travels in two
/// IP fragments unless the wire between the access points takes jumbo frames.
impl Data {
    /// The longest payload in octets: the longest MSDU without aggregation (IEEE 802.11-2020,
    /// clause 9.2.4.8.1).
    pub const MAX_PAYLOAD: usize = 2_304;

    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let pen = read_pen(r)?;
        let sequence = r.u32("sequence")?;
        let source = MacAddr(r.array("source")?);
        let ether_type = r.u16("EtherType")?;
        let at = r.at();
        let len = r.u16("length of payload")?;
        if usize::from(len) > Self::MAX_PAYLOAD {
            return Err(r.bad(at, "length of payload", len));
        }
        Ok(Self {
            pen,
            sequence,
            source,
            ether_type,
            payload: r.part("payload", len.into())?.rest().to_vec(),
        })
    }

    pub(super) fn write(&self, w: &mut Writer<'_>) -> Result<(), EncodeError> {
        w.u32(self.pen.0)?;
        w.u32(self.sequence)?;
        w.bytes(&self.source.0)?;
        w.u16(self.ether_type)?;
        let len = u16::try_from(self.payload.len()).ok();
        let len = len.filter(|_| self.payload.len() <= Self::MAX_PAYLOAD);
        w.u16(len.ok_or(EncodeError::Unfit { field: "payload" })?)?;
        w.bytes(&self.payload)
    }
}
