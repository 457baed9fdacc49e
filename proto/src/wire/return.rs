//! RETURN: the token comes back.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::airtime::Rate;
use crate::time::Duration;

use super::fields::RateText;
use super::reader::Reader;
use super::writer::Writer;
use super::{Backlog, DecodeError, EncodeError, HEADER_LEN};

/// Gives a token back: what was sent, and what is still queued. The last frame of a burst.
///
/// ```text
/// octet 20  token    u32
///       24  used RT  u32   microseconds, fractions cut off
///       28  used NRT u32   microseconds, fractions cut off
///       32  sent RT  u16   packets
///       34  sent NRT u16   packets
///       36  backlog  u16 packets, u32 octets of RT; u16 packets, u32 octets of NRT
///       48  PHY rate u16   100 kb/s
///       50  refused  u8    0 or 1
///       51  oldest   u32   microseconds
///       55  newest   u32   microseconds
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Return {
    /// Number of the grant.
    pub token: u32,
    /// Airtime that the sent RT packets took, by the agent's own arithmetic.
    pub used_rt: Duration,
    /// Airtime that the sent NRT packets took.
    pub used_nrt: Duration,
    /// RT packets sent.
    pub sent_rt: u16,
    /// NRT packets sent.
    pub sent_nrt: u16,
    /// What is still queued.
    pub backlog: Backlog,
    /// The station's transmit rate; 0 when it knows none.
    pub rate: Rate,
    /// Handed back unused because the radio is off channel, or the station is about to leave.
    pub refused: bool,
    /// How long the first RT packet sent had waited in the gate; zero when none was sent.
    pub oldest: Duration,
    /// How long the last one had: from it the coordinator learns when packets come.
    pub newest: Duration,
}

impl Return {
    /// Octets of the frame behind the Ethernet header: what its airtime is computed with.
    pub const OCTETS: u32 = HEADER_LEN as u32 + Self::FIELDS;
    /// Octets of its fields.
    pub(super) const FIELDS: u32 = 39;

    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            token: r.u32("token")?,
            used_rt: r.micros("used RT airtime")?,
            used_nrt: r.micros("used NRT airtime")?,
            sent_rt: r.u16("sent RT packets")?,
            sent_nrt: r.u16("sent NRT packets")?,
            backlog: Backlog::read(r)?,
            rate: r.rate()?,
            refused: r.flag("refused")?,
            oldest: r.micros("oldest wait")?,
            newest: r.micros("newest wait")?,
        })
    }

    pub(super) fn write(&self, w: &mut Writer<'_>) -> Result<(), EncodeError> {
        w.u32(self.token)?;
        w.micros(self.used_rt)?;
        w.micros(self.used_nrt)?;
        w.u16(self.sent_rt)?;
        w.u16(self.sent_nrt)?;
        self.backlog.write(w)?;
        w.rate(self.rate)?;
        w.u8(self.refused.into())?;
        w.micros(self.oldest)?;
        w.micros(self.newest)
    }
}

impl fmt::Display for Return {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            token,
            used_rt,
            used_nrt,
            sent_rt,
            sent_nrt,
            backlog,
            rate,
            refused,
            oldest,
            newest,
        } = self;
        write!(f, "{token}{}", if *refused { " refused" } else { "" })?;
        write!(
            f,
            " sent rt {sent_rt} in {used_rt} nrt {sent_nrt} in {used_nrt}"
        )?;
        write!(f, " waited {newest} to {oldest}")?;
        write!(f, " {backlog} {}", RateText(*rate))
    }
}
