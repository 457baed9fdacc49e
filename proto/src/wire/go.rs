//! GO: the answer to a station that wants to leave.

use alloc::string::String;
use core::fmt;

use serde::{Deserialize, Serialize};

use super::code::octet_enum;
use super::reader::Reader;
use super::writer::Writer;
use super::{DecodeError, EncodeError, LeaveStage};

const TLV_REASON: u8 = 1;

octet_enum! {
    /// What the candidate makes of a station that wants to come.
    pub enum GoOutcome {
        /// It keeps all of the station's promises. To a station that stays: noted.
        Ready = 0 => "ready",
        /// It keeps some of them.
        Partial = 1 => "partly ready",
        /// It keeps none, or does not want the station.
        Refused = 2 => "refused",
        /// It cannot be asked: it is no neighbour of this cell, or does not answer.
        Unavailable = 3 => "unavailable",
        /// To a station that leaves, when it asks again: it has been heard. What waits for it goes first,
        /// and the answer behind that.
        Draining = 4 => "draining",
    }
}

impl GoOutcome {
    /// Whether a station that is leaving may go.
    #[must_use]
    pub const fn lets_go(self) -> bool {
        matches!(self, Self::Ready | Self::Partial)
    }
}

/// Why a candidate does not keep everything, for people: at most 120 octets of UTF-8.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GoReason(String);

/// A reason of more than [`GoReason::MAX`] octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a reason has at most {max} octets, this one has {0}", max = GoReason::MAX)]
pub struct ReasonTooLong(pub usize);

impl GoReason {
    /// The longest reason in octets.
    pub const MAX: usize = 120;

    /// The reason as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for GoReason {
    type Error = ReasonTooLong;

    fn try_from(reason: String) -> Result<Self, ReasonTooLong> {
        if reason.len() > Self::MAX {
            Err(ReasonTooLong(reason.len()))
        } else {
            Ok(Self(reason))
        }
    }
}

impl TryFrom<&str> for GoReason {
    type Error = ReasonTooLong;

    fn try_from(reason: &str) -> Result<Self, ReasonTooLong> {
        String::from(reason).try_into()
    }
}

impl From<GoReason> for String {
    fn from(reason: GoReason) -> Self {
        reason.0
    }
}

/// Answers a [`super::Leave`]. To a station that leaves it is the last frame: what was queued for
/// the station has left before it.
///
/// ```text
/// octet 20  stage     u8    LeaveStage of the request
///       21  sequence  u16   of the request
///       23  outcome   u8    GoOutcome
///       24  largest   u32   bit/s
///       28  TLV 1     reason, UTF-8, at most 120 octets; left out if empty
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Go {
    /// That of the request.
    pub stage: LeaveStage,
    /// That of the request.
    pub sequence: u16,
    /// What the candidate makes of it.
    pub outcome: GoOutcome,
    /// The largest rate in bit/s that the candidate has room for, unless it keeps everything.
    pub largest: u32,
    /// Why it does not keep everything.
    pub reason: GoReason,
}

impl Go {
    /// Nothing comes behind it: it lets a station go, or does not.
    pub(crate) fn is_last(&self) -> bool {
        self.stage == LeaveStage::Leave && self.outcome != GoOutcome::Draining
    }

    /// An answer without figures and reason.
    pub(crate) fn bare(stage: LeaveStage, sequence: u16, outcome: GoOutcome) -> Self {
        Self {
            stage,
            sequence,
            outcome,
            largest: 0,
            reason: GoReason::default(),
        }
    }

    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut go = Self::bare(
            r.code("stage", LeaveStage::from_octet)?,
            r.u16("sequence")?,
            r.code("outcome", GoOutcome::from_octet)?,
        );
        go.largest = r.u32("largest rate")?;
        while let Some((kind, mut value)) = r.tlv()? {
            if kind == TLV_REASON {
                go.reason = GoReason(value.text("reason", GoReason::MAX)?.into());
            }
        }
        Ok(go)
    }

    pub(super) fn write(&self, w: &mut Writer<'_>) -> Result<(), EncodeError> {
        w.u8(self.stage.octet())?;
        w.u16(self.sequence)?;
        w.u8(self.outcome.octet())?;
        w.u32(self.largest)?;
        if self.reason.0.is_empty() {
            return Ok(());
        }
        w.tlv(TLV_REASON, "reason", |w| w.bytes(self.reason.0.as_bytes()))
    }
}

impl fmt::Display for Go {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            stage,
            sequence,
            outcome,
            largest,
            reason,
        } = self;
        write!(f, "{stage} {sequence}: {outcome}")?;
        if *outcome != GoOutcome::Ready {
            write!(f, ", largest {largest} bit/s")?;
        }
        if reason.0.is_empty() {
            return Ok(());
        }
        // Escaped, because it comes from the air and goes to a terminal.
        write!(f, ", {:?}", reason.0)
    }
}
