//! What an operator says of the channel.

use alloc::vec::Vec;
use core::fmt;
use core::net::SocketAddr;
use core::str::FromStr;

use rether_proto::auth::noise::public_key;
use rether_proto::auth::{Key, KeyError};

use super::{MAX_PEERS, is_same};
use crate::id::ApId;

/// How an access point talks to the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelConfig {
    /// Its number in the site.
    pub id: ApId,
    /// The key that all access points of the site know.
    pub site: Key,
    /// Its own private key (X25519, RFC 7748), needed if a peer's public key is given.
    pub key: Option<Key>,
    /// Source of all ephemeral keys. Secret, and another at every start.
    pub seed: Key,
    /// The others.
    pub peers: Vec<Peer>,
    /// Whether whoever knows the key of the site becomes a peer.
    pub admit: bool,
}

/// Another access point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its number; `None`: whatever it says.
    pub id: Option<ApId>,
    /// Where its daemon listens, and sends from.
    pub address: SocketAddr,
    /// Its public key. It must have this one's, too; with `None` the key of the site is enough.
    pub key: Option<PublicKey>,
}

impl Peer {
    /// A peer of which only the address is known.
    #[must_use]
    pub const fn at(address: SocketAddr) -> Self {
        Self {
            id: None,
            address,
            key: None,
        }
    }
}

/// What is wrong with a configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The number 0.
    #[error("an access point cannot have the number 0: choose one from 1 to 65535")]
    NoId,
    /// A public key, and no private one.
    #[error("peer {0} has a public key, so this access point needs a private key of its own")]
    NoKey(SocketAddr),
    /// Two peers at one address.
    #[error("two peers have the address {0}")]
    SameAddress(SocketAddr),
    /// Two access points of one number, maybe this one and a peer.
    #[error("two access points have the number {0}: every one needs a number of its own")]
    SameId(ApId),
    /// Too many peers.
    #[error("{0} peers are too many, at most {MAX_PEERS} are possible: list only neighbours")]
    TooMany(usize),
}

impl ChannelConfig {
    /// Checks what [`super::Channel::new`] relies on.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if self.id == ApId(0) {
            return Err(ConfigError::NoId);
        }
        if self.peers.len() > MAX_PEERS {
            return Err(ConfigError::TooMany(self.peers.len()));
        }
        for (at, peer) in self.peers.iter().enumerate() {
            let before = || self.peers.iter().take(at);
            if peer.key.is_some() && self.key.is_none() {
                return Err(ConfigError::NoKey(peer.address));
            }
            if before().any(|other| is_same(other.address, peer.address)) {
                return Err(ConfigError::SameAddress(peer.address));
            }
            if let Some(id) = peer.id {
                if id == ApId(0) {
                    return Err(ConfigError::NoId);
                }
                if id == self.id || before().any(|other| other.id == Some(id)) {
                    return Err(ConfigError::SameId(id));
                }
            }
        }
        Ok(())
    }
}

/// A public key (X25519, RFC 7748); written as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(pub [u8; Key::LEN]);

impl PublicKey {
    /// That of a private key; `None` if the library lacks the curve.
    #[must_use]
    pub fn of(private: &Key) -> Option<Self> {
        public_key(private).ok().map(Self)
    }
}

impl FromStr for PublicKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let key: Key = text.parse()?;
        Ok(Self(*key.octets()))
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
