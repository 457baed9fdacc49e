//! Fields that several messages share.

use core::fmt;
use core::net::IpAddr;

use crate::airtime::{Phy, PhyKind, Rate};
use crate::flow::FlowKey;
use crate::policy::{Direction, Promise};

use super::reader::Reader;
use super::writer::Writer;
use super::{DecodeError, EncodeError};

const MAX_DSCP: u8 = 63;
/// On the wire: the explicit reservation, which no rule made.
const NO_RULE: u16 = 0xffff;

impl<M: Copy> Reader<'_, M> {
    /// IPv4 or IPv6 address after a family octet of 4 or 6.
    ///
    /// # Errors
    /// It is cut off, or has no meaning.
    pub fn address(&mut self, family: Family) -> Result<IpAddr, DecodeError<M>> {
        Ok(match family {
            Family::V4 => self.array::<4>("address")?.into(),
            Family::V6 => self.array::<16>("address")?.into(),
        })
    }

    /// The family octet in front of an address.
    ///
    /// # Errors
    /// It is cut off, or has no meaning.
    pub fn family(&mut self) -> Result<Family, DecodeError<M>> {
        self.code("address family", |octet| match octet {
            4 => Some(Family::V4),
            6 => Some(Family::V6),
            _ => None,
        })
    }

    pub(super) fn dscp(&mut self) -> Result<u8, DecodeError<M>> {
        self.u8_to(MAX_DSCP, "DSCP")
    }

    /// Protocol, DSCP, ports and addresses of a flow.
    ///
    /// # Errors
    /// It is cut off, or has no meaning.
    pub fn flow(&mut self) -> Result<FlowKey, DecodeError<M>> {
        let family = self.family()?;
        let protocol = self.u8("protocol")?;
        let dscp = self.dscp()?;
        let src_port = self.u16("source port")?;
        let dst_port = self.u16("destination port")?;
        let src = self.address(family)?;
        let dst = self.address(family)?;
        Ok(FlowKey {
            src,
            dst,
            protocol,
            src_port,
            dst_port,
            dscp,
        })
    }

    /// Which way a promise goes.
    ///
    /// # Errors
    /// It is cut off, or has no meaning.
    pub fn direction(&mut self) -> Result<Direction, DecodeError<M>> {
        self.code("direction", |octet| match octet {
            0 => Some(Direction::Up),
            1 => Some(Direction::Down),
            2 => Some(Direction::Both),
            _ => None,
        })
    }

    /// Rate, packet size and delay bound.
    ///
    /// # Errors
    /// It is cut off, or has no meaning.
    pub fn promise(&mut self) -> Result<Promise, DecodeError<M>> {
        Ok(Promise {
            rate: self.u32("promised rate")?,
            packet: self.u16("packet size")?,
            delay: self.micros("delay bound")?,
        })
    }

    pub(super) fn rule_number(&mut self) -> Result<Option<u16>, DecodeError<M>> {
        self.u16("rule")
            .map(|rule| (rule != NO_RULE).then_some(rule))
    }

    pub(super) fn rate(&mut self) -> Result<Rate, DecodeError<M>> {
        self.u16("PHY rate").map(Rate)
    }

    pub(super) fn phy(&mut self) -> Result<Phy, DecodeError<M>> {
        let kind = self.code("PHY", PhyKind::from_code)?;
        Ok(Phy {
            kind,
            wmm: self.flag("WMM")?,
        })
    }
}

impl Writer<'_> {
    /// The octets of an address, without its family.
    ///
    /// # Errors
    /// There is no room, or it does not fit its field.
    pub fn address(&mut self, address: IpAddr) -> Result<(), EncodeError> {
        match address {
            IpAddr::V4(v4) => self.bytes(&v4.octets()),
            IpAddr::V6(v6) => self.bytes(&v6.octets()),
        }
    }

    /// The family octet of an address.
    ///
    /// # Errors
    /// There is no room, or it does not fit its field.
    pub fn family(&mut self, address: IpAddr) -> Result<(), EncodeError> {
        self.u8(if address.is_ipv4() { 4 } else { 6 })
    }

    pub(super) fn dscp(&mut self, dscp: u8) -> Result<(), EncodeError> {
        if dscp > MAX_DSCP {
            return Err(EncodeError::Unfit { field: "DSCP" });
        }
        self.u8(dscp)
    }

    /// A flow.
    ///
    /// # Errors
    /// There is no room, or it does not fit its field.
    pub fn flow(&mut self, flow: &FlowKey) -> Result<(), EncodeError> {
        if flow.src.is_ipv4() != flow.dst.is_ipv4() {
            return Err(EncodeError::Unfit {
                field: "address family",
            });
        }
        self.family(flow.src)?;
        self.u8(flow.protocol)?;
        self.dscp(flow.dscp)?;
        self.u16(flow.src_port)?;
        self.u16(flow.dst_port)?;
        self.address(flow.src)?;
        self.address(flow.dst)
    }

    /// Which way a promise goes.
    ///
    /// # Errors
    /// There is no room, or it does not fit its field.
    pub fn direction(&mut self, direction: Direction) -> Result<(), EncodeError> {
        self.u8(match direction {
            Direction::Up => 0,
            Direction::Down => 1,
            Direction::Both => 2,
        })
    }

    /// Rate, packet size and delay bound.
    ///
    /// # Errors
    /// There is no room, or it does not fit its field.
    pub fn promise(&mut self, promise: &Promise) -> Result<(), EncodeError> {
        self.u32(promise.rate)?;
        self.u16(promise.packet)?;
        self.micros(promise.delay)
    }

    pub(super) fn rule_number(&mut self, rule: Option<u16>) -> Result<(), EncodeError> {
        if rule == Some(NO_RULE) {
            return Err(EncodeError::Unfit { field: "rule" });
        }
        self.u16(rule.unwrap_or(NO_RULE))
    }

    pub(super) fn rate(&mut self, rate: Rate) -> Result<(), EncodeError> {
        self.u16(rate.0)
    }

    pub(super) fn phy(&mut self, phy: &Phy) -> Result<(), EncodeError> {
        self.u8(phy.kind.code())?;
        self.u8(phy.wmm.into())
    }
}

/// Version of the Internet Protocol that addresses belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// RFC 791.
    V4,
    /// RFC 8200.
    V6,
}

/// Prints the rule that made a reservation.
pub(super) struct RuleName(pub(super) Option<u16>);

impl fmt::Display for RuleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(rule) => write!(f, "rule {rule}"),
            None => f.write_str("explicit"),
        }
    }
}

/// Prints which way a reservation goes.
pub(super) const fn way(direction: Direction) -> &'static str {
    match direction {
        Direction::Up => "up",
        Direction::Down => "down",
        Direction::Both => "both",
    }
}

/// Prints a promise.
pub(super) struct PromiseText<'a>(pub(super) &'a Promise);

impl fmt::Display for PromiseText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Promise {
            rate,
            packet,
            delay,
        } = self.0;
        write!(f, "{rate} bit/s in {packet} octets within {delay}")
    }
}

/// Prints a PHY rate.
pub(super) struct RateText(pub(super) Rate);

impl fmt::Display for RateText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Rate(0) => f.write_str("rate unknown"),
            rate => write!(f, "rate {rate}"),
        }
    }
}
