//! RESERVE: a station asks for a promise, or gives one up.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::flow::FlowKey;
use crate::policy::{Direction, Promise};

use super::code::octet_enum;
use super::fields::{PromiseText, RuleName, way};
use super::reader::Reader;
use super::writer::Writer;
use super::{DecodeError, EncodeError};

octet_enum! {
    /// What a RESERVE asks for.
    pub enum ReserveOp {
        /// Reserve for the flow.
        Open = 0 => "open",
        /// Give the reservation up.
        Close = 1 => "close",
    }
}

/// Sent by an agent when a flow appears that a rule promises something, or when it has ended.
///
/// ```text
/// octet 20  op           u8    ReserveOp
///       21  rule         u16   number in the policy table, 0xffff: explicit
///       23  direction    u8    0 up, 1 down, 2 both
///       24  rate         u32   bit/s of whole IP packets
///       28  packet       u16   octets of a typical IP packet
///       30  delay bound  u32   microseconds, fractions cut off
///       34  family       u8    4 or 6
///       35  protocol     u8
///       36  DSCP         u8    0 to 63
///       37  source port  u16
///       39  dest. port   u16
///       41  source       4 or 16 octets
///    45/57  destination  4 or 16 octets
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reserve {
    /// Open or close.
    pub op: ReserveOp,
    /// The rule that asks for it; `None` for an explicit reservation. At most 65534.
    pub rule: Option<u16>,
    /// The flow as the station sends it (uplink), both addresses of the same family.
    pub key: FlowKey,
    /// Which ways to reserve, seen from the station.
    pub direction: Direction,
    /// What to promise in each direction.
    pub promise: Promise,
}

impl Reserve {
    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let op = r.code("operation", ReserveOp::from_octet)?;
        let rule = r.rule_number()?;
        let direction = r.direction()?;
        let promise = r.promise()?;
        let key = r.flow()?;
        Ok(Self {
            op,
            rule,
            key,
            direction,
            promise,
        })
    }

    pub(super) fn write(&self, w: &mut Writer<'_>) -> Result<(), EncodeError> {
        w.u8(self.op.octet())?;
        w.rule_number(self.rule)?;
        w.direction(self.direction)?;
        w.promise(&self.promise)?;
        w.flow(&self.key)
    }
}

impl fmt::Display for Reserve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            op,
            rule,
            key,
            direction,
            promise,
        } = self;
        write!(f, "{op} {} {key} {}", RuleName(*rule), way(*direction))?;
        write!(f, " {}", PromiseText(promise))
    }
}
