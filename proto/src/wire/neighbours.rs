//! NEIGHBOURS: the other access points of the site.

use alloc::vec::Vec;
use core::fmt;

use serde::{Deserialize, Serialize};

use crate::mac::MacAddr;

use super::reader::Reader;
use super::writer::Writer;
use super::{DecodeError, EncodeError};

/// Another access point of the site: what a station needs to look for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Neighbour {
    /// Its BSSID.
    pub bssid: MacAddr,
    /// Centre frequency in MHz.
    pub frequency: u16,
}

/// From the coordinator to an agent: where else in the site there is an access point that takes
/// over what was promised. It stands for all that were told before.
///
/// ```text
/// octet 20  count      u8    at most 64
///       21  neighbours 8 octets each: BSSID 6 octets, frequency u16 in MHz
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Neighbours(pub Vec<Neighbour>);

impl Neighbours {
    /// The most in one frame.
    pub const MAX: usize = 64;

    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let count = r.u8_to(Self::MAX as u8, "number of neighbours")?;
        let neighbours = (0..count).map(|_| {
            Ok(Neighbour {
                bssid: MacAddr(r.array("BSSID")?),
                frequency: r.u16("frequency")?,
            })
        });
        Ok(Self(neighbours.collect::<Result<_, _>>()?))
    }

    pub(super) fn write(&self, w: &mut Writer<'_>) -> Result<(), EncodeError> {
        let count = u8::try_from(self.0.len()).ok();
        let count = count.filter(|_| self.0.len() <= Self::MAX);
        w.u8(count.ok_or(EncodeError::Unfit {
            field: "neighbours",
        })?)?;
        self.0.iter().try_for_each(|one| {
            w.bytes(&one.bssid.0)?;
            w.u16(one.frequency)
        })
    }
}

impl fmt::Display for Neighbours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.len())?;
        for Neighbour { bssid, frequency } in &self.0 {
            write!(f, " {bssid} at {frequency} MHz")?;
        }
        Ok(())
    }
}
