//! RESERVED: what became of a reservation.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::flow::FlowKey;
use crate::policy::Direction;

use super::code::octet_enum;
use super::fields::{RuleName, way};
use super::reader::Reader;
use super::writer::Writer;
use super::{DecodeError, EncodeError};

octet_enum! {
    /// Why a reservation was refused.
    pub enum RefusalReason {
        /// The sum of all promises would be more than the air can carry.
        Airtime = 1 => "the airtime left in the cell is not enough",
        /// The delay bound cannot be kept even with the shortest cycle.
        Delay = 2 => "the delay bound is below the shortest cycle",
        /// The policy table has no such rule.
        NoSuchRule = 3 => "the policy has no such rule",
        /// The station or the cell has as many reservations as it may.
        TooMany = 4 => "there are too many reservations",
    }
}

/// What became of a reservation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It holds.
    Granted,
    /// It ended: given up, idle, or taken back.
    Released,
    /// It was never made.
    Refused(RefusalReason),
}

/// Answers a [`super::Reserve`]; also sent unasked when a reservation changes or ends.
///
/// ```text
/// octet 20  outcome      u8    0 granted, 1 released, 2 refused
///       21  reason       u8    RefusalReason if refused, else 0
///       22  rule         u16   number in the policy table, 0xffff: explicit
///       24  direction    u8    0 up, 1 down, 2 both
///       25  rate         u32   bit/s granted
///       29  largest      u32   bit/s
///       33  family       u8    4 or 6
///       34  protocol     u8
///       35  DSCP         u8    0 to 63
///       36  source port  u16
///       38  dest. port   u16
///       40  source       4 or 16 octets
///    44/56  destination  4 or 16 octets
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reserved {
    /// What became of it.
    pub outcome: Outcome,
    /// The rule that asked for it; `None` for an explicit reservation. At most 65534.
    pub rule: Option<u16>,
    /// The flow as the station sends it (uplink), both addresses of the same family.
    pub key: FlowKey,
    /// Which ways are meant, seen from the station.
    pub direction: Direction,
    /// Bits per second that are promised now in each direction; 0 unless granted.
    pub rate: u32,
    /// The largest rate in bits per second that would fit.
    pub largest: u32,
}

impl Outcome {
    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let outcome = r.u8_to(2, "outcome")?;
        let at = r.at();
        let reason = r.u8("refusal reason")?;
        match (outcome, reason, RefusalReason::from_octet(reason)) {
            (0, 0, _) => Ok(Self::Granted),
            (1, 0, _) => Ok(Self::Released),
            (2, _, Some(reason)) => Ok(Self::Refused(reason)),
            _ => Err(r.bad(at, "refusal reason", reason)),
        }
    }

    fn write(self, w: &mut Writer<'_>) -> Result<(), EncodeError> {
        w.bytes(&match self {
            Self::Granted => [0, 0],
            Self::Released => [1, 0],
            Self::Refused(reason) => [2, reason.octet()],
        })
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Granted => f.write_str("granted"),
            Self::Released => f.write_str("released"),
            Self::Refused(reason) => write!(f, "refused because {reason}"),
        }
    }
}

impl Reserved {
    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let outcome = Outcome::read(r)?;
        let rule = r.rule_number()?;
        let direction = r.direction()?;
        let rate = r.u32("granted rate")?;
        let largest = r.u32("largest rate")?;
        let key = r.flow()?;
        Ok(Self {
            outcome,
            rule,
            key,
            direction,
            rate,
            largest,
        })
    }

    pub(super) fn write(&self, w: &mut Writer<'_>) -> Result<(), EncodeError> {
        self.outcome.write(w)?;
        w.rule_number(self.rule)?;
        w.direction(self.direction)?;
        w.u32(self.rate)?;
        w.u32(self.largest)?;
        w.flow(&self.key)
    }
}

impl fmt::Display for Reserved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            outcome,
            rule,
            key,
            direction,
            rate,
            largest,
        } = self;
        write!(f, "{} {key} {}", RuleName(*rule), way(*direction))?;
        write!(f, " {rate} bit/s, largest {largest} bit/s: {outcome}")
    }
}
