//! LEAVE: a station is about to hand over to another cell.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::mac::MacAddr;

use super::code::octet_enum;
use super::reader::Reader;
use super::writer::Writer;
use super::{DecodeError, EncodeError};

octet_enum! {
    /// How far a station is with leaving.
    pub enum LeaveStage {
        /// It may leave soon: the candidate should be ready. All goes on as before.
        Prepare = 0 => "prepare",
        /// It sends nothing more, and goes as soon as nothing more is on its way to it.
        Leave = 1 => "leave",
        /// It stays after all.
        Stay = 2 => "stay",
    }
}

/// From an agent: it wants to leave for another cell, or stays. Answered by a [`super::Go`] with
/// the same stage and sequence, and repeated until then.
///
/// ```text
/// octet 20  stage     u8    LeaveStage
///       21  sequence  u16   of a repetition: that of the first
///       23  candidate 6 octets
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leave {
    /// How far it is.
    pub stage: LeaveStage,
    /// Grows with every new request of this agent.
    pub sequence: u16,
    /// BSSID of the cell that it wants to go to, or wanted to.
    pub candidate: MacAddr,
}

impl Leave {
    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            stage: r.code("stage", LeaveStage::from_octet)?,
            sequence: r.u16("sequence")?,
            candidate: MacAddr(r.array("candidate")?),
        })
    }

    pub(super) fn write(&self, w: &mut Writer<'_>) -> Result<(), EncodeError> {
        w.u8(self.stage.octet())?;
        w.u16(self.sequence)?;
        w.bytes(&self.candidate.0)
    }
}

impl fmt::Display for Leave {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            stage,
            sequence,
            candidate,
        } = self;
        write!(f, "{stage} {sequence} for {candidate}")
    }
}
