//! What a station still has to send.

use core::fmt;

use serde::{Deserialize, Serialize};

use super::reader::Reader;
use super::writer::Writer;
use super::{DecodeError, EncodeError};

/// Queue of one class: `packets` u16, `octets` u32 on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassBacklog {
    /// Packets that wait.
    pub packets: u16,
    /// Their length together, in octets of IP packets.
    pub octets: u32,
}

/// What a station still has to send, by class: RT, then NRT, 12 octets on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backlog {
    /// Packets of flows with a reservation.
    pub rt: ClassBacklog,
    /// All others.
    pub nrt: ClassBacklog,
}

impl ClassBacklog {
    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            packets: r.u16("backlog packets")?,
            octets: r.u32("backlog octets")?,
        })
    }

    fn write(self, w: &mut Writer<'_>) -> Result<(), EncodeError> {
        w.u16(self.packets)?;
        w.u32(self.octets)
    }
}

impl Backlog {
    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            rt: ClassBacklog::read(r)?,
            nrt: ClassBacklog::read(r)?,
        })
    }

    pub(super) fn write(self, w: &mut Writer<'_>) -> Result<(), EncodeError> {
        self.rt.write(w)?;
        self.nrt.write(w)
    }
}

impl fmt::Display for Backlog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rt, nrt } = self;
        write!(
            f,
            "queued rt {}/{}B nrt {}/{}B",
            rt.packets, rt.octets, nrt.packets, nrt.octets
        )
    }
}
