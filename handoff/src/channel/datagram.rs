//! What stands in a datagram between access points.
//!
//! ```text
//! INIT      1, version u8, pattern u8, Noise message (54 octets), MAC (16)
//! RESPONSE  2, version u8, pattern u8, Noise message (54 octets), MAC (16)
//! CONFIRM   3, version u8, pattern u8, Noise message of the INIT (54), tag (16), MAC (16)
//! SEALED    4, version u8, session u32, counter u64, message, tag (16)
//! ```
//!
//! The MAC is made with the key of the site over all in front of it: whoever does not know the key
//! costs no more than a hash. In a SEALED datagram all 14 octets in front of the message are
//! covered by the tag, which ends it.

use alloc::vec::Vec;

use rether_proto::auth::{Key, derive};

use super::handshake::{NOISE, Pattern};

/// The version of the datagrams and of the handshake.
const VERSION: u8 = 1;
const INIT: u8 = 1;
const RESPONSE: u8 = 2;
const CONFIRM: u8 = 3;
const SEALED: u8 = 4;

/// Octets of a tag (RFC 8439) and of a MAC.
pub(super) const TAG: usize = 16;
/// Octets in front of the message of a SEALED datagram.
pub(super) const PREFIX: usize = 14;

/// A datagram in its parts. None of them is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Datagram<'a> {
    /// Of a handshake.
    Handshake(Handshake<'a>),
    /// A message.
    Sealed(Sealed<'a>),
}

/// A datagram of a handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Handshake<'a> {
    pub(super) step: Step<'a>,
    pub(super) pattern: Pattern,
    pub(super) noise: &'a [u8],
    covered: &'a [u8],
    mac: &'a [u8],
}

/// Which one of the three.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step<'a> {
    Init,
    Response,
    /// With its tag, and what the tag covers.
    Confirm {
        covered: &'a [u8],
        tag: &'a [u8],
    },
}

/// A sealed message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sealed<'a> {
    pub(super) session: u32,
    pub(super) counter: u64,
    /// What the tag covers beside the message.
    pub(super) prefix: &'a [u8],
    pub(super) message: &'a [u8],
    pub(super) tag: &'a [u8],
}

impl<'a> Datagram<'a> {
    /// Takes a datagram apart; `None` if it is none of ours.
    pub(super) fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (&[kind, version], rest) = bytes.split_first_chunk()?;
        if version != VERSION {
            return None;
        }
        if kind == SEALED {
            return Sealed::parse(bytes, rest).map(Self::Sealed);
        }
        let (&[pattern], rest) = rest.split_first_chunk()?;
        let (noise, rest) = rest.split_at_checked(NOISE)?;
        let (covered, mac) = bytes.split_at_checked(bytes.len().checked_sub(TAG)?)?;
        let tag = rest.get(..rest.len().checked_sub(TAG)?)?;
        let step = match kind {
            INIT if tag.is_empty() => Step::Init,
            RESPONSE if tag.is_empty() => Step::Response,
            CONFIRM if tag.len() == TAG => Step::Confirm {
                covered: covered.get(..covered.len() - TAG)?,
                tag,
            },
            _ => return None,
        };
        Some(Self::Handshake(Handshake {
            step,
            pattern: Pattern::from_octet(pattern)?,
            noise,
            covered,
            mac,
        }))
    }
}

impl<'a> Sealed<'a> {
    fn parse(bytes: &'a [u8], rest: &'a [u8]) -> Option<Self> {
        let (session, rest) = rest.split_first_chunk()?;
        let (counter, rest) = rest.split_first_chunk()?;
        let (message, tag) = rest.split_at_checked(rest.len().checked_sub(TAG)?)?;
        Some(Self {
            session: u32::from_be_bytes(*session),
            counter: u64::from_be_bytes(*counter),
            prefix: bytes.get(..PREFIX)?,
            message,
            tag,
        })
    }
}

impl Handshake<'_> {
    /// Whether its sender knows the key of the site, or repeats what somebody sent who does.
    pub(super) fn is_of(&self, site: &Key) -> bool {
        let expected = mac(site, self.covered);
        // In constant time.
        let pairs = expected.iter().zip(self.mac);
        self.mac.len() == TAG && pairs.fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
    }
}

fn mac(site: &Key, covered: &[u8]) -> [u8; TAG] {
    let key = derive(site, b"rether handoff mac", &[covered]);
    let mut mac = [0; TAG];
    for (octet, of_key) in mac.iter_mut().zip(key.octets()) {
        *octet = *of_key;
    }
    mac
}

fn with_mac(site: &Key, mut datagram: Vec<u8>) -> Vec<u8> {
    let mac = mac(site, &datagram);
    datagram.extend(mac);
    datagram
}

fn begin(kind: u8, pattern: Pattern, noise: &[u8]) -> Vec<u8> {
    let mut datagram = Vec::with_capacity(96);
    datagram.extend([kind, VERSION, pattern.octet()]);
    datagram.extend(noise);
    datagram
}

pub(super) fn init(site: &Key, pattern: Pattern, noise: &[u8]) -> Vec<u8> {
    with_mac(site, begin(INIT, pattern, noise))
}

pub(super) fn response(site: &Key, pattern: Pattern, noise: &[u8]) -> Vec<u8> {
    with_mac(site, begin(RESPONSE, pattern, noise))
}

/// `seal` makes the tag over what it is given.
pub(super) fn confirm(
    site: &Key,
    pattern: Pattern,
    noise: &[u8],
    seal: impl FnOnce(&[u8]) -> [u8; TAG],
) -> Vec<u8> {
    let mut datagram = begin(CONFIRM, pattern, noise);
    let tag = seal(&datagram);
    datagram.extend(tag);
    with_mac(site, datagram)
}

/// The octets in front of a sealed message.
pub(super) fn prefix(session: u32, counter: u64) -> [u8; PREFIX] {
    let mut prefix = [0; PREFIX];
    let fields = [SEALED, VERSION].into_iter();
    let fields = fields.chain(session.to_be_bytes());
    let fields = fields.chain(counter.to_be_bytes());
    for (octet, field) in prefix.iter_mut().zip(fields) {
        *octet = field;
    }
    prefix
}
