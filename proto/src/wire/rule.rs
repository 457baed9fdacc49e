//! One rule of the policy table as the value of a TLV.
//!
//! ```text
//! octet  0  direction   u8    0 up, 1 down, 2 both
//!        1  rate        u32   bit/s of whole IP packets
//!        5  packet      u16   octets of a typical IP packet
//!        7  delay bound u32   microseconds, fractions cut off
//!       11  idle        u32   milliseconds, fractions cut off, at most 49 days
//!       15  TLV 1 name          UTF-8, at most 32 octets; left out if empty
//!           TLV 2 station       MAC address
//!           TLV 3 protocol      u8
//!           TLV 4 station IP    u8 prefix length, 4 or 16 octets
//!           TLV 5 remote IP     u8 prefix length, 4 or 16 octets
//!           TLV 6 port          u16 first, u16 last
//!           TLV 7 station port  u16 first, u16 last
//!           TLV 8 remote port   u16 first, u16 last
//!           TLV 9 DSCP          u8, 0 to 63
//!           TLV 10 priority     u8; left out if 100
//!           TLV 11 lowest rate  u32 bit/s; left out if it is the whole rate
//! ```
//!
//! A condition without a TLV always holds. An unknown TLV is skipped: whoever adds a *condition*
//! must change the protocol version, because an agent that skips it matches more than was meant.

use core::net::IpAddr;

use crate::mac::MacAddr;
use crate::policy::{Match, PortRange, Prefix, Rank, Rule};

use super::fields::Family;
use super::reader::Reader;
use super::writer::Writer;
use super::{DecodeError, DecodeErrorKind, EncodeError};

const NAME: u8 = 1;
const STATION: u8 = 2;
const PROTOCOL: u8 = 3;
const STATION_IP: u8 = 4;
const REMOTE_IP: u8 = 5;
const PORT: u8 = 6;
const STATION_PORT: u8 = 7;
const REMOTE_PORT: u8 = 8;
const DSCP: u8 = 9;
const PRIORITY: u8 = 10;
const MIN_RATE: u8 = 11;

pub(super) fn read(mut r: Reader<'_>) -> Result<Rule, DecodeError> {
    let direction = r.direction()?;
    let promise = r.promise()?;
    let idle = r.millis("idle time")?;
    let matches = Match {
        direction,
        ..Match::default()
    };
    let mut rule = Rule {
        name: Default::default(),
        matches,
        promise,
        rank: Rank::default(),
        idle,
        remark: None,
    };
    let m = &mut rule.matches;
    while let Some((kind, mut value)) = r.tlv()? {
        match kind {
            NAME => rule.name = value.text("rule name", Rule::MAX_NAME)?.into(),
            STATION => {
                m.station = Some(MacAddr(value.whole("station", |v| v.array("station"))?));
            }
            PROTOCOL => m.protocol = Some(value.whole("protocol", |v| v.u8("protocol"))?),
            STATION_IP => m.station_ip = Some(read_prefix(value, "station IP")?),
            REMOTE_IP => m.remote_ip = Some(read_prefix(value, "remote IP")?),
            PORT => m.port = Some(read_ports(value, "port")?),
            STATION_PORT => m.station_port = Some(read_ports(value, "station port")?),
            REMOTE_PORT => m.remote_port = Some(read_ports(value, "remote port")?),
            DSCP => m.dscp = Some(value.whole("DSCP", Reader::dscp)?),
            PRIORITY => rule.rank.priority = value.whole("priority", |v| v.u8("priority"))?,
            MIN_RATE => {
                let rate = value.whole("lowest rate", |v| v.u32("lowest rate"))?;
                rule.rank.min_rate = Some(rate);
            }
            _ => {}
        }
    }
    Ok(rule)
}

pub(super) fn write(rule: &Rule, w: &mut Writer<'_>) -> Result<(), EncodeError> {
    let m = &rule.matches;
    w.direction(m.direction)?;
    w.promise(&rule.promise)?;
    w.millis(rule.idle)?;
    if rule.name.len() > Rule::MAX_NAME {
        return Err(EncodeError::Unfit { field: "rule name" });
    }
    if !rule.name.is_empty() {
        w.tlv(NAME, "rule name", |w| w.bytes(rule.name.as_bytes()))?;
    }
    if let Some(station) = m.station {
        w.tlv(STATION, "station", |w| w.bytes(&station.0))?;
    }
    if let Some(protocol) = m.protocol {
        w.tlv(PROTOCOL, "protocol", |w| w.u8(protocol))?;
    }
    write_prefix(w, STATION_IP, "station IP", m.station_ip)?;
    write_prefix(w, REMOTE_IP, "remote IP", m.remote_ip)?;
    write_ports(w, PORT, "port", m.port)?;
    write_ports(w, STATION_PORT, "station port", m.station_port)?;
    write_ports(w, REMOTE_PORT, "remote port", m.remote_port)?;
    if let Some(dscp) = m.dscp {
        w.tlv(DSCP, "DSCP", |w| w.dscp(dscp))?;
    }
    if rule.rank.priority != Rank::DEFAULT_PRIORITY {
        w.tlv(PRIORITY, "priority", |w| w.u8(rule.rank.priority))?;
    }
    if let Some(rate) = rule.rank.min_rate {
        w.tlv(MIN_RATE, "lowest rate", |w| w.u32(rate))?;
    }
    Ok(())
}

/// The longest prefix of an address, 32 or 128.
const fn bits_of(addr: IpAddr) -> u8 {
    if addr.is_ipv4() { 32 } else { 128 }
}

fn read_prefix(value: Reader<'_>, field: &'static str) -> Result<Prefix, DecodeError> {
    value.whole(field, |v| {
        let at = v.at();
        let bits = v.u8(field)?;
        // The length tells the family; anything in between is a broken IPv6 address.
        let family = if v.left() <= 4 {
            Family::V4
        } else {
            Family::V6
        };
        let addr = v.address(family)?;
        if bits > bits_of(addr) {
            return Err(v.error(
                at,
                DecodeErrorKind::BadValue {
                    field,
                    value: bits.into(),
                },
            ));
        }
        Ok(Prefix { addr, bits })
    })
}

fn write_prefix(
    w: &mut Writer<'_>,
    kind: u8,
    field: &'static str,
    prefix: Option<Prefix>,
) -> Result<(), EncodeError> {
    let Some(Prefix { addr, bits }) = prefix else {
        return Ok(());
    };
    if bits > bits_of(addr) {
        return Err(EncodeError::Unfit { field });
    }
    w.tlv(kind, field, |w| {
        w.u8(bits)?;
        w.address(addr)
    })
}

fn read_ports(value: Reader<'_>, field: &'static str) -> Result<PortRange, DecodeError> {
    value.whole(field, |v| {
        let first = v.u16(field)?;
        let at = v.at();
        let last = v.u16(field)?;
        if last < first {
            Err(v.bad(at, field, last))
        } else {
            Ok(PortRange { first, last })
        }
    })
}

fn write_ports(
    w: &mut Writer<'_>,
    kind: u8,
    field: &'static str,
    ports: Option<PortRange>,
) -> Result<(), EncodeError> {
    let Some(PortRange { first, last }) = ports else {
        return Ok(());
    };
    if last < first {
        return Err(EncodeError::Unfit { field });
    }
    w.tlv(kind, field, |w| {
        w.u16(first)?;
        w.u16(last)
    })
}
