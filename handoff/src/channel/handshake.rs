//! The Noise handshake between two access points, with an end that keeps no state.
//!
//! `Noise_KKpsk0_25519_ChaChaPoly_BLAKE2s` where each has the other's public key, and
//! `Noise_NNpsk0_25519_ChaChaPoly_BLAKE2s` where all they share is the key of the site (Noise
//! Protocol Framework, revision 34, clauses 7 and 9). Both messages carry the sender's [`Who`],
//! encrypted.
//!
//! A first message can be recorded and sent again. So whoever answers one remembers nothing: its
//! ephemeral key is derived from a secret of its own and from what it answers, and is derived again
//! when CONFIRM comes, which repeats the first message and proves that its sender has the keys. The
//! secret changes whenever a CONFIRM is taken, so that none is taken twice.

use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};

use rether_proto::auth::noise::builder;
use rether_proto::auth::{Key, derive};
use snow::{Builder, Error, HandshakeState};

use super::PublicKey;
use crate::id::ApId;

/// Octets of a Noise message: an ephemeral key, a [`Who`], a tag.
pub(super) const NOISE: usize = 32 + Who::OCTETS + 16;

/// The other end has other keys, or its message is damaged or forged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Failed;

impl From<Error> for Failed {
    fn from(_: Error) -> Self {
        Self
    }
}

/// What authenticates the two ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pattern {
    /// The key of the site.
    Site,
    /// It, and a key of each.
    Static,
}

impl Pattern {
    pub(super) const fn from_octet(octet: u8) -> Option<Self> {
        match octet {
            0 => Some(Self::Site),
            1 => Some(Self::Static),
            _ => None,
        }
    }

    pub(super) const fn octet(self) -> u8 {
        match self {
            Self::Site => 0,
            Self::Static => 1,
        }
    }

    const fn params(self) -> &'static str {
        match self {
            Self::Site => "Noise_NNpsk0_25519_ChaChaPoly_BLAKE2s",
            Self::Static => "Noise_KKpsk0_25519_ChaChaPoly_BLAKE2s",
        }
    }
}

/// Who is at an end of a handshake, and in which life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Who {
    pub(super) ap: ApId,
    pub(super) life: u32,
}

impl Who {
    const OCTETS: usize = 6;

    fn write(self) -> [u8; Self::OCTETS] {
        let [a, b] = self.ap.0.to_be_bytes();
        let [c, d, e, f] = self.life.to_be_bytes();
        [a, b, c, d, e, f]
    }

    fn read(octets: &[u8]) -> Option<Self> {
        let (ap, life) = octets.split_first_chunk()?;
        Some(Self {
            ap: ApId(u16::from_be_bytes(*ap)),
            life: u32::from_be_bytes(life.try_into().ok()?),
        })
    }
}

/// The keys that this end has for one handshake.
#[derive(Clone, Copy)]
pub(super) struct Credentials<'a> {
    pub(super) site: &'a Key,
    /// Its own private key and the other's public one.
    pub(super) own_and_theirs: Option<(&'a Key, &'a PublicKey)>,
    /// Who this end is.
    pub(super) who: Who,
}

/// The keys that a handshake gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Split {
    pub(super) from_initiator: Key,
    pub(super) from_responder: Key,
}

impl<'a> Credentials<'a> {
    pub(super) const fn pattern(&self) -> Pattern {
        match self.own_and_theirs {
            Some(_) => Pattern::Static,
            None => Pattern::Site,
        }
    }

    const fn prologue(&self) -> &'static [u8] {
        match self.pattern() {
            Pattern::Site => b"rether handoff 1 site",
            Pattern::Static => b"rether handoff 1 static",
        }
    }

    fn builder(&self, seed: &Key) -> Result<Builder<'a>, Failed> {
        let builder = builder(self.pattern().params(), self.site, seed, self.prologue())?;
        Ok(match self.own_and_theirs {
            Some((own, theirs)) => builder
                .local_private_key(own.octets())?
                .remote_public_key(&theirs.0)?,
            None => builder,
        })
    }

    fn initiator(&self, seed: &Key) -> Result<(HandshakeState, Vec<u8>), Failed> {
        let mut noise = self.builder(seed)?.build_initiator()?;
        let first = write(&mut noise, self.who)?;
        Ok((noise, first))
    }

    /// The first message. The same seed makes the same one again.
    pub(super) fn first(&self, seed: &Key) -> Result<Vec<u8>, Failed> {
        self.initiator(seed).map(|(_, first)| first)
    }

    /// Takes the answer to the first message of `seed`.
    pub(super) fn finish(&self, seed: &Key, second: &[u8]) -> Result<(Who, Split), Failed> {
        let (mut noise, _) = self.initiator(seed)?;
        let who = read(&mut noise, second)?;
        Ok((who, split(noise)))
    }

    /// Answers a first message that came from `address`, by a `secret` of this end. The same
    /// arguments give the same answer again.
    pub(super) fn answer(
        &self,
        secret: &Key,
        address: SocketAddr,
        first: &[u8],
    ) -> Result<(Vec<u8>, Who, Split), Failed> {
        let port = address.port().to_be_bytes();
        let ip = match address.ip() {
            IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
            IpAddr::V6(v6) => v6.octets(),
        };
        let seed = derive(secret, b"rether handoff answer", &[&ip, &port, first]);
        let mut noise = self.builder(&seed)?.build_responder()?;
        let who = read(&mut noise, first)?;
        let second = write(&mut noise, self.who)?;
        Ok((second, who, split(noise)))
    }
}

fn write(noise: &mut HandshakeState, who: Who) -> Result<Vec<u8>, Failed> {
    let mut message = [0; NOISE];
    let len = noise.write_message(&who.write(), &mut message)?;
    Ok(message.get(..len).ok_or(Failed)?.to_vec())
}

fn read(noise: &mut HandshakeState, message: &[u8]) -> Result<Who, Failed> {
    let mut payload = [0; NOISE];
    let len = noise.read_message(message, &mut payload)?;
    payload.get(..len).and_then(Who::read).ok_or(Failed)
}

fn split(mut noise: HandshakeState) -> Split {
    let (from_initiator, from_responder) = noise.dangerously_get_raw_split();
    Split {
        from_initiator: Key::new(from_initiator),
        from_responder: Key::new(from_responder),
    }
}
