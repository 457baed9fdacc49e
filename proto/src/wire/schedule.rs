//! SCHEDULE: one broadcast for many visits.

use alloc::vec::Vec;
use core::fmt;

use serde::{Deserialize, Serialize};

use crate::airtime::Rate;
use crate::mac::MacAddr;
use crate::time::Duration;

use super::reader::Reader;
use super::writer::Writer;
use super::{DecodeError, EncodeError, HEADER_LEN};

/// Visits that follow each other, without a token for each. Broadcast, so nobody acknowledges it:
/// a station that misses it keeps silent, and is visited later.
///
/// ```text
/// octet 20  token        u32   number of the first slot's grant; each further slot has the next
///       24  cycle number u32
///       28  count        u8
///       29  slots        24 octets each: MAC 6, offset u32, RT u32, NRT u32, valid u32 (all
///                        microseconds), PHY rate u16
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// Number of the first slot's grant.
    pub token: u32,
    /// The cycle that the visits belong to.
    pub cycle_number: u32,
    /// At most [`Schedule::MAX_SLOTS`].
    pub slots: Vec<Slot>,
}

/// One visit of a [`Schedule`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    /// Who may send.
    pub station: MacAddr,
    /// How long after the end of the SCHEDULE its turn begins.
    pub offset: Duration,
    /// Airtime for RT packets.
    pub rt: Duration,
    /// Airtime for NRT packets.
    pub nrt: Duration,
    /// How long after its turn begins the grant may be used.
    pub valid: Duration,
    /// PHY rate that the coordinator counts with.
    pub rate: Rate,
}

const SLOT_OCTETS: u32 = 24;

impl Schedule {
    /// The most visits that one frame names.
    pub const MAX_SLOTS: usize = 48;

    /// Octets behind the Ethernet header of one with `slots` visits.
    #[must_use]
    pub const fn octets(slots: u32) -> u32 {
        HEADER_LEN as u32 + 9 + SLOT_OCTETS * slots
    }

    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let token = r.u32("token")?;
        let cycle_number = r.u32("cycle number")?;
        let count = r.u8_to(Self::MAX_SLOTS as u8, "number of slots")?;
        let slots = (0..count).map(|_| Slot::read(r));
        Ok(Self {
            token,
            cycle_number,
            slots: slots.collect::<Result<_, _>>()?,
        })
    }

    pub(super) fn write(&self, w: &mut Writer<'_>) -> Result<(), EncodeError> {
        w.u32(self.token)?;
        w.u32(self.cycle_number)?;
        let count = u8::try_from(self.slots.len()).ok();
        let count = count.filter(|_| self.slots.len() <= Self::MAX_SLOTS);
        w.u8(count.ok_or(EncodeError::Unfit { field: "slots" })?)?;
        self.slots.iter().try_for_each(|slot| slot.write(w))
    }
}

impl Slot {
    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            station: MacAddr(r.array("station")?),
            offset: r.micros("offset")?,
            rt: r.micros("RT airtime")?,
            nrt: r.micros("NRT airtime")?,
            valid: r.micros("validity")?,
            rate: r.rate()?,
        })
    }

    fn write(&self, w: &mut Writer<'_>) -> Result<(), EncodeError> {
        w.bytes(&self.station.0)?;
        w.micros(self.offset)?;
        w.micros(self.rt)?;
        w.micros(self.nrt)?;
        w.micros(self.valid)?;
        w.rate(self.rate)
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} cycle {}", self.token, self.cycle_number)?;
        for slot in &self.slots {
            write!(
                f,
                " {}@{} rt {} nrt {}",
                slot.station, slot.offset, slot.rt, slot.nrt
            )?;
        }
        Ok(())
    }
}
