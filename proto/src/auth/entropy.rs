//! Secret numbers from a secret seed.

use blake2::Blake2sMac256;
use blake2::digest::{FixedOutput, KeyInit, Update};

use super::Key;

/// BLAKE2s keyed with `key` (RFC 7693 clause 2.9) over all of `parts`, one after another: a
/// pseudo-random function. Whoever does not know the key cannot tell its results from random ones.
/// `label` says what the result is for, so that no two uses of one key meet.
#[must_use]
pub fn derive(key: &Key, label: &[u8], parts: &[&[u8]]) -> Key {
    let mut mac = Blake2sMac256::new(key.octets().into());
    mac.update(label);
    for part in parts {
        mac.update(part);
    }
    Key::new(mac.finalize_fixed().into())
}

/// Endless keys from one seed: [`derive()`] with the seed over a counter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entropy {
    seed: Key,
    drawn: u64,
}

impl Entropy {
    /// All that comes from `seed`, from the beginning.
    #[must_use]
    pub const fn new(seed: Key) -> Self {
        Self { seed, drawn: 0 }
    }

    /// The next key.
    pub fn key(&mut self) -> Key {
        let key = derive(&self.seed, b"rether entropy", &[&self.drawn.to_be_bytes()]);
        self.drawn += 1;
        key
    }
}
