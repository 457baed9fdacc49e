//! The Noise library without an operating system: its random numbers come from a seed.

use alloc::boxed::Box;

use snow::error::InitStage;
use snow::params::{CipherChoice, DHChoice, HashChoice, NoiseParams};
use snow::resolvers::{CryptoResolver, DefaultResolver};
use snow::types::{Cipher, Dh, Hash, Random};
use snow::{Builder, Error};

use super::{Entropy, Key};

/// Hands Noise its only random number, the ephemeral key, from a seed.
struct Seeded(Key);

struct Source(Entropy);

impl Random for Source {
    fn try_fill_bytes(&mut self, octets: &mut [u8]) -> Result<(), Error> {
        for chunk in octets.chunks_mut(Key::LEN) {
            for (octet, random) in chunk.iter_mut().zip(self.0.key().octets()) {
                *octet = *random;
            }
        }
        Ok(())
    }
}

impl CryptoResolver for Seeded {
    fn resolve_rng(&self) -> Option<Box<dyn Random>> {
        Some(Box::new(Source(Entropy::new(self.0.clone()))))
    }

    fn resolve_dh(&self, choice: &DHChoice) -> Option<Box<dyn Dh>> {
        DefaultResolver.resolve_dh(choice)
    }

    fn resolve_hash(&self, choice: &HashChoice) -> Option<Box<dyn Hash>> {
        DefaultResolver.resolve_hash(choice)
    }

    fn resolve_cipher(&self, choice: &CipherChoice) -> Option<Box<dyn Cipher>> {
        DefaultResolver.resolve_cipher(choice)
    }
}

/// Begins a handshake of the pattern that `params` names, such as
/// `Noise_NNpsk0_25519_ChaChaPoly_BLAKE2s` (Noise Protocol Framework, revision 34, clause 8), with
/// `psk` in place 0. The same `seed` makes the same ephemeral key again; `prologue` is what both
/// ends must agree on.
///
/// # Errors
/// The library does not know the pattern.
pub fn builder<'a>(
    params: &str,
    psk: &'a Key,
    seed: &Key,
    prologue: &'a [u8],
) -> Result<Builder<'a>, Error> {
    let params: NoiseParams = params.parse()?;
    let resolver = Box::new(Seeded(seed.clone()));
    Builder::with_resolver(params, resolver)
        .prologue(prologue)?
        .psk(0, psk.octets())
}

/// The public key of a private one (X25519, RFC 7748).
///
/// # Errors
/// The library lacks the curve.
pub fn public_key(private: &Key) -> Result<[u8; Key::LEN], Error> {
    let mut curve = DefaultResolver
        .resolve_dh(&DHChoice::Curve25519)
        .ok_or(InitStage::GetDhImpl)?;
    curve.set(private.octets());
    let public = curve.pubkey().try_into();
    public.map_err(|_| InitStage::GetDhImpl.into())
}
