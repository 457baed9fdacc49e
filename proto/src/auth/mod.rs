//! Authenticated sessions between an agent and its coordinator.
//!
//! Both know a key of 32 octets: that of the site, or one of the device. At registration they run
//! the Noise handshake ([`handshake`]), whose first message rides in REGISTER and whose second
//! rides in REGISTER_ACK. It gives two keys, one for each direction. Every later frame between the
//! two carries a tag ([`Sender`], [`Receiver`]) in its header and a sequence number that must pass
//! a sliding window ([`ReplayWindow`]). Frames to all carry a tag by a group key, which the second
//! message of the handshake hands over encrypted.
//!
//! What this gives: nobody without a key speaks for the coordinator or for a registered station,
//! and no frame counts twice. What it does not give: secrecy of the frames, and protection of
//! broadcasts from a station that is registered itself, since it knows the group key.
//!
//! There is no randomness here: whoever makes a core gives it a seed, and must never give the same
//! seed twice.

mod bucket;
mod entropy;
pub mod handshake;
mod key;
pub mod noise;
mod tag;
#[cfg(test)]
mod tests;
mod window;

use alloc::collections::BTreeMap;
use alloc::string::String;

pub use bucket::Bucket;
pub use entropy::{Entropy, derive};
pub use key::{Key, KeyError};
pub use tag::{AuthError, Receiver, Sender, Side};
pub use window::ReplayWindow;

/// What a coordinator authenticates its agents by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoordinatorAuth {
    /// The key of every agent that has none of its own; `None`: only known devices take part.
    pub site: Option<Key>,
    /// Keys of single devices, by the name in their REGISTER. Such a device is not believed by the
    /// key of the site.
    pub devices: BTreeMap<String, Key>,
    /// Source of all ephemeral keys and of the group key. Secret, and another at every start.
    pub seed: Key,
}

impl CoordinatorAuth {
    /// The key that an agent of this name must have.
    #[must_use]
    pub fn key_of(&self, name: &str) -> Option<&Key> {
        self.devices.get(name).or(self.site.as_ref())
    }
}

/// What an agent authenticates its coordinator by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentAuth {
    /// The key of the site, or of this device.
    pub key: Key,
    /// Source of all ephemeral keys. Secret, and another at every start.
    pub seed: Key,
}

/// The keys of one session, as one end of it holds them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    /// For what this end sends.
    pub sender: Sender,
    /// For what this end receives.
    pub receiver: Receiver,
}

impl Keys {
    /// The end at `side` of a session with these keys.
    #[must_use]
    pub fn new(side: Side, split: &handshake::Split) -> Self {
        let (send, receive) = match side {
            Side::Agent => (&split.from_agent, &split.from_coordinator),
            Side::Coordinator => (&split.from_coordinator, &split.from_agent),
        };
        Self {
            sender: Sender::new(send.clone(), side),
            receiver: Receiver::new(receive.clone(), side.other(), 0),
        }
    }
}
