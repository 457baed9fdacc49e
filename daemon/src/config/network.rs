//! Names and numbers of protocols.

use super::value::{Raw, Value, Wrong, nearest};

/// A DiffServ code point, by number or by its name in the IANA registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dscp(pub u8);

/// RFC 2474 (CS), RFC 2597 (AF), RFC 3246 (EF), RFC 5865 (VA), RFC 8622 (LE).
const DSCP_NAMES: [(&str, u8); 24] = [
    ("BE", 0),
    ("CS0", 0),
    ("LE", 1),
    ("CS1", 8),
    ("AF11", 10),
    ("AF12", 12),
    ("AF13", 14),
    ("CS2", 16),
    ("AF21", 18),
    ("AF22", 20),
    ("AF23", 22),
    ("CS3", 24),
    ("AF31", 26),
    ("AF32", 28),
    ("AF33", 30),
    ("CS4", 32),
    ("AF41", 34),
    ("AF42", 36),
    ("AF43", 38),
    ("CS5", 40),
    ("VA", 44),
    ("EF", 46),
    ("CS6", 48),
    ("CS7", 56),
];

impl Value for Dscp {
    fn read(raw: Raw<'_>) -> Result<Self, Wrong> {
        let example = "a name like \"EF\", \"CS5\" or \"AF41\", or a number from 0 to 63";
        match raw {
            Raw::Integer(number) => u8::try_from(number).ok().filter(|n| *n < 64).map(Self),
            Raw::Text(text) => {
                let known = DSCP_NAMES
                    .iter()
                    .find(|(name, _)| name.eq_ignore_ascii_case(text));
                known.map(|(_, number)| Self(*number))
            }
            _ => None,
        }
        .ok_or_else(|| Wrong::not(raw, "a DiffServ code point", example))
    }
}

/// An IP protocol, by name or number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IpProtocol(pub u8);

const PROTOCOL_NAMES: [(&str, u8); 7] = [
    ("icmp", 1),
    ("tcp", 6),
    ("udp", 17),
    ("gre", 47),
    ("esp", 50),
    ("icmpv6", 58),
    ("sctp", 132),
];

impl Value for IpProtocol {
    fn read(raw: Raw<'_>) -> Result<Self, Wrong> {
        let example = "a name like \"udp\" or \"tcp\", or a protocol number from 1 to 255";
        let number = match raw {
            Raw::Integer(number) => u8::try_from(number).ok().filter(|n| *n > 0),
            Raw::Text(text) => {
                let known = PROTOCOL_NAMES
                    .iter()
                    .find(|(name, _)| name.eq_ignore_ascii_case(text));
                let Some((_, number)) = known else {
                    let names = PROTOCOL_NAMES.map(|(name, _)| name);
                    let mut wrong = Wrong::not(raw, "an IP protocol", example);
                    if let Some(meant) = nearest(text, &names) {
                        wrong.remedy = format!("did you mean {meant:?}? Else {}", wrong.remedy);
                    }
                    return Err(wrong);
                };
                Some(*number)
            }
            _ => None,
        };
        number
            .map(Self)
            .ok_or_else(|| Wrong::not(raw, "an IP protocol", example))
    }
}

/// The `EtherType` of Rether's frames: 0x0600 to 0xffff, and none that is in common use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EtherType(pub u16);

/// IPv4, ARP, VLAN tag, IPv6, EAPOL, preauthentication, fast BSS transition.
const TAKEN: [u16; 7] = [0x0800, 0x0806, 0x8100, 0x86dd, 0x888e, 0x88c7, 0x890d];

impl Value for EtherType {
    fn read(raw: Raw<'_>) -> Result<Self, Wrong> {
        let example = "0x88b5 or 0x88b6, which are set aside for local use; all nodes of a cell \
                       need the same one";
        let number = match raw {
            Raw::Integer(number) => u16::try_from(number).ok(),
            _ => None,
        };
        match number.filter(|number| *number >= 0x0600) {
            Some(number) if TAKEN.contains(&number) => Err(Wrong::new(
                format!("{number:#06x} belongs to another protocol"),
                format!("write {example}"),
            )),
            Some(number) => Ok(Self(number)),
            None => Err(Wrong::not(raw, "an EtherType", example)),
        }
    }
}
