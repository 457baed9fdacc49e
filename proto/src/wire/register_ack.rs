//! REGISTER_ACK: the coordinator's answer to REGISTER.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::airtime::{Phy, Turn};
use crate::time::Duration;

use super::code::octet_enum;
use super::reader::Reader;
use super::writer::Writer;
use super::{DecodeError, EncodeError, Handshake};

const TLV_HANDSHAKE: u8 = 1;

octet_enum! {
    /// Whether a station takes part.
    pub enum RegisterStatus {
        /// It does, in the session of the message.
        Accepted = 0 => "accepted",
        /// The coordinator has no room for more stations.
        Full = 1 => "full",
        /// The coordinator offers no token strategy that the agent can follow.
        UnsupportedStrategy = 2 => "unsupported strategy",
        /// The coordinator has keys, and the agent showed none.
        KeyRequired = 3 => "this cell needs a key",
        /// The agent's key is not the one that the coordinator knows for it.
        WrongKey = 4 => "wrong key",
    }
}

/// Answers a [`super::Register`].
///
/// ```text
/// octet 20  instance       u32
///       24  session        u32
///       28  status         u8    RegisterStatus
///       29  PHY            u8    0 DSSS long, 1 DSSS short, 2 OFDM, 3 ERP, 4 ERP mixed
///       30  WMM            u8    0 or 1
///       31  policy version u32
///       35  cycle          u32   microseconds, fractions cut off
///       39  silent cycles  u8
///       40  turn           u8    0 paired, 1 burst
///       41  strategies     u8    as in REGISTER: those that both sides can follow
///       42  TLV 1          second message of the handshake, 88 octets; left out without keys
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisterAck {
    /// Copied from the REGISTER.
    pub instance: u32,
    /// What the station writes into its headers from now on; 0 when it was not accepted.
    pub session: u32,
    /// Whether the station takes part.
    pub status: RegisterStatus,
    /// How frames of this cell are timed.
    pub phy: Phy,
    /// Version of the policy table that is in force.
    pub policy_version: u32,
    /// Length of a token cycle.
    pub cycle: Duration,
    /// After so many cycles without a frame from the coordinator the agent opens its gate.
    pub silent_cycles: u8,
    /// How granted frames get the medium.
    pub turn: Turn,
    /// What the coordinator may use with this agent, a set of bits as in [`super::Register`].
    pub strategies: u8,
    /// Second message of the handshake; none from a coordinator without keys, or to an agent that
    /// it does not believe.
    #[serde(default)]
    pub handshake: Handshake,
}

impl RegisterAck {
    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut ack = Self {
            instance: r.u32("instance")?,
            session: r.u32("session")?,
            status: r.code("status", RegisterStatus::from_octet)?,
            phy: r.phy()?,
            policy_version: r.u32("policy version")?,
            cycle: r.micros("cycle")?,
            silent_cycles: r.u8("silent cycles")?,
            turn: if r.flag("turn")? {
                Turn::Burst
            } else {
                Turn::Paired
            },
            strategies: r.u8("strategies")?,
            handshake: Handshake::NONE,
        };
        while let Some((kind, mut value)) = r.tlv()? {
            if kind == TLV_HANDSHAKE {
                ack.handshake = Handshake::read(&mut value)?;
            }
        }
        Ok(ack)
    }

    pub(super) fn write(&self, w: &mut Writer<'_>) -> Result<(), EncodeError> {
        w.u32(self.instance)?;
        w.u32(self.session)?;
        w.u8(self.status.octet())?;
        w.phy(&self.phy)?;
        w.u32(self.policy_version)?;
        w.micros(self.cycle)?;
        w.u8(self.silent_cycles)?;
        w.u8((self.turn == Turn::Burst).into())?;
        w.u8(self.strategies)?;
        self.handshake.write(TLV_HANDSHAKE, w)
    }
}

impl fmt::Display for RegisterAck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            instance,
            session,
            status,
            phy,
            policy_version,
            cycle,
            silent_cycles,
            turn,
            strategies,
            handshake,
        } = self;
        write!(f, "instance {instance:08x} {status} session {session:08x}")?;
        write!(
            f,
            " phy {:?}{}",
            phy.kind,
            if phy.wmm { "+wmm" } else { "" }
        )?;
        write!(
            f,
            " policy {policy_version} cycle {cycle} silent {silent_cycles} turn {turn:?} strategies {strategies:#04x}"
        )?;
        if handshake.is_none() {
            return Ok(());
        }
        f.write_str(" with handshake")
    }
}
