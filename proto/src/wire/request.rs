//! REQUEST: an idle station has something to send.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::airtime::Rate;

use super::fields::RateText;
use super::reader::Reader;
use super::writer::Writer;
use super::{Backlog, DecodeError, EncodeError, HEADER_LEN};

/// Sent by plain contention when a queue becomes non-empty and the station is not being visited.
///
/// ```text
/// octet 20  backlog  u16 packets, u32 octets of RT; u16 packets, u32 octets of NRT
///       32  PHY rate u16   100 kb/s
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// What is queued.
    pub backlog: Backlog,
    /// The station's transmit rate; 0 when it knows none.
    pub rate: Rate,
}

impl Request {
    /// Octets of the frame behind the Ethernet header: what its airtime is computed with.
    pub const OCTETS: u32 = HEADER_LEN as u32 + 14;

    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            backlog: Backlog::read(r)?,
            rate: r.rate()?,
        })
    }

    pub(super) fn write(&self, w: &mut Writer<'_>) -> Result<(), EncodeError> {
        self.backlog.write(w)?;
        w.rate(self.rate)
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.backlog, RateText(self.rate))
    }
}
