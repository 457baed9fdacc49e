//! A key, and how people write it.

use core::fmt;
use core::str::FromStr;

/// 32 secret octets. Never printed, never recorded.
#[derive(Clone, PartialEq, Eq)]
pub struct Key([u8; Self::LEN]);

impl Key {
    /// Length in octets.
    pub const LEN: usize = 32;

    /// The key that consists of these octets.
    #[must_use]
    pub const fn new(octets: [u8; Self::LEN]) -> Self {
        Self(octets)
    }

    /// Its octets.
    #[must_use]
    pub const fn octets(&self) -> &[u8; Self::LEN] {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(secret)")
    }
}

/// Why a text is no key. It does not repeat the text, which may be most of a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not 64 digits.
    #[error("a key has 64 hexadecimal digits, this has {0} characters")]
    Length(usize),
    /// A character that is no digit, counted from 1.
    #[error("character {0} of the key is not a hexadecimal digit")]
    NotHex(usize),
    /// All digits are the same: a placeholder, not a key.
    #[error("the key repeats one octet: that is no secret")]
    Trivial,
}

impl FromStr for Key {
    type Err = KeyError;

    /// Reads 64 hexadecimal digits; white space around them does not count.
    fn from_str(text: &str) -> Result<Self, KeyError> {
        let text = text.trim();
        let not_hex = |c: char| !c.is_ascii_hexdigit();
        if let Some(at) = text.chars().position(not_hex) {
            return Err(KeyError::NotHex(at + 1));
        }
        if text.len() != 2 * Self::LEN {
            return Err(KeyError::Length(text.len()));
        }
        let mut octets = [0; Self::LEN];
        let digit = |c: u8| {
            char::from(c)
                .to_digit(16)
                .and_then(|d| u8::try_from(d).ok())
        };
        for (octet, pair) in octets.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            for &c in pair {
                *octet = *octet << 4 | digit(c).unwrap_or_default();
            }
        }
        if octets.iter().all(|octet| *octet == octets[0]) {
            return Err(KeyError::Trivial);
        }
        Ok(Self(octets))
    }
}
