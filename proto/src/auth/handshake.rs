//! The Noise handshake of a registration.
//!
//! `Noise_NNpsk0_25519_ChaChaPoly_BLAKE2s` (Noise Protocol Framework, revision 34, clauses 7 and
//! 9): ephemeral Diffie-Hellman keys give forward secrecy, the key that both ends know is mixed in
//! first and authenticates them. The prologue binds the station's address and all of its REGISTER;
//! REGISTER_ACK is bound by its own tag, made with the keys that come out.
//!
//! A first message can be recorded and sent again. It then opens a session that its sender cannot
//! use, so nothing may depend on it until a frame with a good tag has come.

use alloc::vec::Vec;

use snow::{Error, HandshakeState};

use super::Key;
use super::noise::builder;
use crate::mac::MacAddr;
use crate::wire::{Handshake, Register};

const PARAMS: &str = "Noise_NNpsk0_25519_ChaChaPoly_BLAKE2s";
/// Octets of a payload's tag (RFC 8439).
const TAG: usize = 16;
/// Octets of a public key (RFC 7748).
const PUBLIC: usize = 32;

/// Octets of the first message: an ephemeral key and an empty payload.
pub const FIRST: usize = PUBLIC + TAG;
/// Octets of the second message: an ephemeral key and a [`Welcome`].
pub const SECOND: usize = PUBLIC + Welcome::OCTETS + TAG;

/// The other end has another key, or the message is damaged or forged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the handshake failed: the other end has another key, or its message was changed")]
pub struct HandshakeError;

impl From<Error> for HandshakeError {
    fn from(_: Error) -> Self {
        Self
    }
}

/// The keys that a handshake gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// For what the agent sends.
    pub from_agent: Key,
    /// For what the coordinator sends.
    pub from_coordinator: Key,
}

/// What the second message carries, encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Welcome {
    /// The coordinator's present life, which the agent believes from now on.
    pub epoch: u32,
    /// The key of frames to all.
    pub group: Key,
    /// The number of the last frame under it: older ones are not to be believed.
    pub sequence: u32,
}

impl Welcome {
    const OCTETS: usize = 4 + Key::LEN + 4;

    fn write(&self) -> [u8; Self::OCTETS] {
        let mut octets = [0; Self::OCTETS];
        let fields = self.epoch.to_be_bytes().into_iter();
        let fields = fields.chain(*self.group.octets());
        let fields = fields.chain(self.sequence.to_be_bytes());
        for (octet, field) in octets.iter_mut().zip(fields) {
            *octet = field;
        }
        octets
    }

    fn read(octets: &[u8]) -> Option<Self> {
        let (epoch, rest) = octets.split_first_chunk()?;
        let (group, rest) = rest.split_first_chunk()?;
        let sequence = rest.try_into().ok()?;
        Some(Self {
            epoch: u32::from_be_bytes(*epoch),
            group: Key::new(*group),
            sequence: u32::from_be_bytes(sequence),
        })
    }
}

/// What both ends must agree on: this protocol, the station's address and its REGISTER.
fn prologue(station: MacAddr, register: &Register) -> Vec<u8> {
    let name = register.name.as_str().as_bytes();
    let mut prologue = Vec::with_capacity(64);
    prologue.extend_from_slice(b"rether 1");
    prologue.extend_from_slice(&station.0);
    prologue.extend_from_slice(&register.instance.to_be_bytes());
    prologue.extend_from_slice(&register.epoch.to_be_bytes());
    prologue.push(register.strategies);
    prologue.extend_from_slice(name);
    prologue
}

fn split(mut noise: HandshakeState) -> Split {
    let (from_agent, from_coordinator) = noise.dangerously_get_raw_split();
    Split {
        from_agent: Key::new(from_agent),
        from_coordinator: Key::new(from_coordinator),
    }
}

/// The agent's end of one handshake. It can be cloned: all it keeps is what it was begun with, and
/// the same seed makes the same ephemeral key again.
#[derive(Clone, Debug)]
pub struct Attempt {
    key: Key,
    seed: Key,
    prologue: Vec<u8>,
}

impl Attempt {
    /// Begins a handshake for `register` of `station`, whose own handshake field does not count.
    /// `seed` must be used for this attempt only.
    #[must_use]
    pub fn new(key: Key, seed: Key, station: MacAddr, register: &Register) -> Self {
        Self {
            key,
            seed,
            prologue: prologue(station, register),
        }
    }

    fn begin(&self) -> Result<(HandshakeState, Handshake), HandshakeError> {
        let mut noise =
            builder(PARAMS, &self.key, &self.seed, &self.prologue)?.build_initiator()?;
        let mut message = [0; FIRST];
        let len = noise.write_message(&[], &mut message)?;
        let first = message.get(..len).and_then(Handshake::new);
        Ok((noise, first.ok_or(HandshakeError)?))
    }

    /// The first message, for REGISTER.
    ///
    /// # Errors
    /// The Noise library lacks what this pattern needs.
    pub fn first(&self) -> Result<Handshake, HandshakeError> {
        self.begin().map(|(_, first)| first)
    }

    /// Takes the second message, from REGISTER_ACK.
    ///
    /// # Errors
    /// It is not an answer to the first one by somebody who has the key.
    pub fn finish(&self, second: &Handshake) -> Result<(Welcome, Split), HandshakeError> {
        let (mut noise, _) = self.begin()?;
        let mut payload = [0; Handshake::MAX];
        let len = noise.read_message(second.octets(), &mut payload)?;
        let welcome = payload.get(..len).and_then(Welcome::read);
        Ok((welcome.ok_or(HandshakeError)?, split(noise)))
    }
}

/// The coordinator's end: answers the first message, which came in `register` of `station`.
/// `seed` must be used for this answer only.
///
/// # Errors
/// The message was not made with `key` for this REGISTER.
pub fn answer(
    key: &Key,
    seed: &Key,
    station: MacAddr,
    register: &Register,
    welcome: &Welcome,
) -> Result<(Handshake, Split), HandshakeError> {
    let prologue = prologue(station, register);
    let mut noise = builder(PARAMS, key, seed, &prologue)?.build_responder()?;
    let mut payload = [0; Handshake::MAX];
    if noise.read_message(register.handshake.octets(), &mut payload)? != 0 {
        return Err(HandshakeError);
    }
    let mut message = [0; SECOND];
    let len = noise.write_message(&welcome.write(), &mut message)?;
    let second = message.get(..len).and_then(Handshake::new);
    Ok((second.ok_or(HandshakeError)?, split(noise)))
}
