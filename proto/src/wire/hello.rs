//! HELLO: the coordinator is there.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::time::Duration;

use super::code::octet_enum;
use super::reader::Reader;
use super::writer::Writer;
use super::{DecodeError, EncodeError, HEADER_LEN};

octet_enum! {
    /// Whether the cell passes tokens.
    pub enum CellMode {
        /// Gates are open, everyone contends.
        Free = 0 => "free",
        /// Who wants to send waits for the token.
        Token = 1 => "token",
    }
}

/// Broadcast by the coordinator now and then, and whenever the mode changes.
///
/// ```text
/// octet 20  epoch          u32
///       24  mode           u8    CellMode
///       25  cycle          u32   microseconds, fractions cut off
///       29  cycle number   u32
///       33  policy version u32
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// Differs after each start of the coordinator: agents register again.
    pub epoch: u32,
    /// Whether the cell passes tokens.
    pub mode: CellMode,
    /// Length of a token cycle.
    pub cycle: Duration,
    /// Counts cycles.
    pub cycle_number: u32,
    /// Version of the policy table that is in force.
    pub policy_version: u32,
}

impl Hello {
    /// Octets of the frame behind the Ethernet header: what its airtime is computed with.
    pub const OCTETS: u32 = HEADER_LEN as u32 + 17;

    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            epoch: r.u32("epoch")?,
            mode: r.code("mode", CellMode::from_octet)?,
            cycle: r.micros("cycle")?,
            cycle_number: r.u32("cycle number")?,
            policy_version: r.u32("policy version")?,
        })
    }

    pub(super) fn write(&self, w: &mut Writer<'_>) -> Result<(), EncodeError> {
        w.u32(self.epoch)?;
        w.u8(self.mode.octet())?;
        w.micros(self.cycle)?;
        w.u32(self.cycle_number)?;
        w.u32(self.policy_version)
    }
}

impl fmt::Display for Hello {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            epoch,
            mode,
            cycle,
            cycle_number,
            policy_version,
        } = self;
        write!(
            f,
            "epoch {epoch:08x} mode {mode} cycle {cycle_number} of {cycle}"
        )?;
        write!(f, " policy {policy_version}")
    }
}
