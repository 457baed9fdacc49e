//! Secret numbers from a secret seed.

use blake2::Blake2sMac256;
use blake2::digest::{FixedOutput, KeyInit, Update};

use super::Key;

/// Endless keys from one seed: BLAKE2s keyed with the seed (RFC 7693) over a counter, which makes
/// it a pseudo-random function. Whoever does not know the seed cannot tell them from random ones.
#[derive(Clone, Debug)]
pub(crate) struct Entropy {
    seed: Key,
    drawn: u64,
}

impl Entropy {
    /// All that comes from `seed`, from the beginning.
    pub(crate) const fn new(seed: Key) -> Self {
        Self { seed, drawn: 0 }
    }

    /// The next key.
    pub(crate) fn key(&mut self) -> Key {
        let mut mac = Blake2sMac256::new(self.seed.octets().into());
        mac.update(b"rether entropy");
        mac.update(&self.drawn.to_be_bytes());
        self.drawn += 1;
        Key::new(mac.finalize_fixed().into())
    }
}
