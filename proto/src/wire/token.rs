//! TOKEN: the right to send.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::airtime::Rate;
use crate::time::Duration;

use super::fields::RateText;
use super::reader::Reader;
use super::writer::Writer;
use super::{DecodeError, EncodeError, HEADER_LEN};

/// The right to send for so much airtime per class, until a deadline.
///
/// ```text
/// octet 20  token        u32
///       24  probe        u8    0 or 1
///       25  cycle number u32
///       29  RT           u32   microseconds
///       33  NRT          u32   microseconds
///       37  valid        u32   microseconds
///       41  PHY rate     u16   100 kb/s
/// ```
///
/// Fractions of a microsecond are cut off, so that no station is given more than was planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// Number of this grant; its RETURN carries the same.
    pub token: u32,
    /// Asks for the RETURN of a token that is overdue, instead of granting a new one.
    pub probe: bool,
    /// The cycle that the visit belongs to.
    pub cycle_number: u32,
    /// Airtime for RT packets.
    pub rt: Duration,
    /// Airtime for NRT packets.
    pub nrt: Duration,
    /// How long after its reception the token may be used.
    pub valid: Duration,
    /// PHY rate that the coordinator counts with; 0 when it knows none.
    pub rate: Rate,
}

impl Token {
    /// Octets of the frame behind the Ethernet header: what its airtime is computed with.
    pub const OCTETS: u32 = HEADER_LEN as u32 + Self::FIELDS;
    /// Octets of its fields.
    pub(super) const FIELDS: u32 = 23;

    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            token: r.u32("token")?,
            probe: r.flag("probe")?,
            cycle_number: r.u32("cycle number")?,
            rt: r.micros("RT airtime")?,
            nrt: r.micros("NRT airtime")?,
            valid: r.micros("validity")?,
            rate: r.rate()?,
        })
    }

    pub(super) fn write(&self, w: &mut Writer<'_>) -> Result<(), EncodeError> {
        w.u32(self.token)?;
        w.u8(self.probe.into())?;
        w.u32(self.cycle_number)?;
        w.micros(self.rt)?;
        w.micros(self.nrt)?;
        w.micros(self.valid)?;
        w.rate(self.rate)
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            token,
            probe,
            cycle_number,
            rt,
            nrt,
            valid,
            rate,
        } = self;
        write!(
            f,
            "{token}{} cycle {cycle_number}",
            if *probe { " probe" } else { "" }
        )?;
        write!(f, " rt {rt} nrt {nrt} valid {valid} {}", RateText(*rate))
    }
}
