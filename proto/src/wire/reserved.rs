//! RESERVED: what became of a reservation.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::flow::FlowKey;
use crate::policy::{Direction, Promise};
use crate::time::Duration;

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
        /// There would be room but for what unregistered stations send.
        UnregisteredLoad = 5 => "stations without an agent use the airtime it would need",
        /// The operator does not allow reservations that no rule makes.
        ExplicitDenied = 6 => "the access point allows reservations by its policy only",
        /// The station has as many reservations of its own making as it may.
        ExplicitLimit = 7 => "the station has as many reservations of its own as it may",
    }
}

octet_enum! {
    /// What made the air too short for all promises.
    pub enum Pressure {
        /// A PHY rate fell.
        RateFall = 1 => "a PHY rate fell",
        /// More frames have to be repeated.
        LostFrames = 2 => "frames are lost on the air",
        /// Unregistered stations send more.
        UnregisteredLoad = 3 => "stations without an agent use more airtime",
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
    /// It holds at a lower rate for now.
    Degraded(Pressure),
    /// It is taken back until there is room again; the coordinator says so by `Granted`.
    Withdrawn(Pressure),
}

/// Answers a [`super::Reserve`]; also sent unasked when a reservation changes or ends.
///
/// ```text
/// octet 20  outcome      u8    0 granted, 1 released, 2 refused, 3 degraded, 4 withdrawn
///       21  reason       u8    RefusalReason if 2, Pressure if 3 or 4, else 0
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
///           TLV 1        u16 octets of a typical packet, u32 delay bound in microseconds; of an
///                        explicit reservation that holds, whose terms no rule tells
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
    /// Bits per second that are promised now in each direction; 0 unless granted or degraded.
    pub rate: u32,
    /// The largest rate in bits per second that would fit.
    pub largest: u32,
    /// The rest of the promise, of an explicit reservation that holds.
    pub shape: Option<Shape>,
}

/// What of a promise is not its rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape {
    /// Octets of a typical IP packet.
    pub packet: u16,
    /// The longest that a packet may wait for its turn on the air.
    pub delay: Duration,
}

impl Shape {
    /// That of a promise.
    #[must_use]
    pub const fn of(promise: Promise) -> Self {
        Self {
            packet: promise.packet,
            delay: promise.delay,
        }
    }

    /// The promise of this shape at a rate in bit/s.
    #[must_use]
    pub const fn at(self, rate: u32) -> Promise {
        Promise {
            rate,
            packet: self.packet,
            delay: self.delay,
        }
    }
}

const TLV_SHAPE: u8 = 1;

impl Outcome {
    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let outcome = r.u8_to(4, "outcome")?;
        let at = r.at();
        let reason = r.u8("reason")?;
        let read = match outcome {
            0 if reason == 0 => Some(Self::Granted),
            1 if reason == 0 => Some(Self::Released),
            2 => RefusalReason::from_octet(reason).map(Self::Refused),
            3 => Pressure::from_octet(reason).map(Self::Degraded),
            4 => Pressure::from_octet(reason).map(Self::Withdrawn),
            _ => None,
        };
        read.ok_or_else(|| r.bad(at, "reason", reason))
    }

    fn write(self, w: &mut Writer<'_>) -> Result<(), EncodeError> {
        w.bytes(&match self {
            Self::Granted => [0, 0],
            Self::Released => [1, 0],
            Self::Refused(reason) => [2, reason.octet()],
            Self::Degraded(cause) => [3, cause.octet()],
            Self::Withdrawn(cause) => [4, cause.octet()],
        })
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Granted => f.write_str("granted"),
            Self::Released => f.write_str("released"),
            Self::Refused(reason) => write!(f, "refused because {reason}"),
            Self::Degraded(cause) => write!(f, "reduced because {cause}"),
            Self::Withdrawn(cause) => write!(f, "withdrawn because {cause}"),
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
        let mut shape = None;
        while let Some((kind, value)) = r.tlv()? {
            if kind == TLV_SHAPE {
                shape = Some(value.whole("shape", |v| {
                    Ok(Shape {
                        packet: v.u16("packet size")?,
                        delay: v.micros("delay bound")?,
                    })
                })?);
            }
        }
        Ok(Self {
            outcome,
            rule,
            key,
            direction,
            rate,
            largest,
            shape,
        })
    }

    pub(super) fn write(&self, w: &mut Writer<'_>) -> Result<(), EncodeError> {
        self.outcome.write(w)?;
        w.rule_number(self.rule)?;
        w.direction(self.direction)?;
        w.u32(self.rate)?;
        w.u32(self.largest)?;
        w.flow(&self.key)?;
        if let Some(shape) = self.shape {
            w.tlv(TLV_SHAPE, "shape", |w| {
                w.u16(shape.packet)?;
                w.micros(shape.delay)
            })?;
        }
        Ok(())
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
            shape,
        } = self;
        write!(f, "{} {key} {}", RuleName(*rule), way(*direction))?;
        write!(f, " {rate} bit/s, largest {largest} bit/s: {outcome}")?;
        if let Some(Shape { packet, delay }) = shape {
            write!(f, ", packets of {packet} within {delay}")?;
        }
        Ok(())
    }
}
