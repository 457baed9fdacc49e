//! BYE: the sender goes.

use core::fmt;

use serde::{Deserialize, Serialize};

use super::code::octet_enum;
use super::reader::Reader;
use super::writer::Writer;
use super::{DecodeError, EncodeError};

octet_enum! {
    /// Why the sender goes.
    pub enum ByeReason {
        /// The coordinator or the agent stops.
        Stopping = 0 => "stopping",
        /// The station leaves the cell; its agent goes on elsewhere.
        Leaving = 1 => "leaving",
    }
}

/// From the coordinator, broadcast: all gates open, the session is over. From an agent: it is
/// gone, its reservations are released.
///
/// ```text
/// octet 20  reason u8    ByeReason
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bye {
    /// Why.
    pub reason: ByeReason,
}

impl Bye {
    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            reason: r.code("reason", ByeReason::from_octet)?,
        })
    }

    pub(super) fn write(&self, w: &mut Writer<'_>) -> Result<(), EncodeError> {
        w.u8(self.reason.octet())
    }
}

impl fmt::Display for Bye {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reason.fmt(f)
    }
}
