//! HELLO and HELLO_ACK: that an access point lives, and what its cell is like.

use rether_proto::mac::MacAddr;
use rether_proto::wire::EncodeError;

use super::{DecodeError, Reader, Writer};
use crate::message::Hello;

/// ```text
/// octet 24  BSSID     6 octets
///       30  frequency u16   MHz
///       32  free      u16   thousandths
///       34  stations  u16
///       36  life      u32
/// ```
impl Hello {
    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            bssid: MacAddr(r.array("BSSID")?),
            frequency: r.u16("frequency")?,
            free: r.u16("free airtime")?,
            stations: r.u16("stations")?,
            life: r.u32("life")?,
        })
    }

    pub(super) fn write(&self, w: &mut Writer<'_>) -> Result<(), EncodeError> {
        w.bytes(&self.bssid.0)?;
        w.u16(self.frequency)?;
        w.u16(self.free)?;
        w.u16(self.stations)?;
        w.u32(self.life)
    }
}
