//! Tags of frames: BLAKE2s with a key (RFC 7693 clause 2.9), 8 octets of it.

use blake2::Blake2sMac;
use blake2::digest::consts::U8;
use blake2::digest::{FixedOutput, KeyInit, Mac, Update};

use super::{Key, ReplayWindow};
use crate::wire::{HEADER_LEN, SEQUENCE_AT, TAG_AT, frame_octets};

/// Who sent a frame. Part of what the tag covers, so that no frame can be sent back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// A coordinator.
    Coordinator,
    /// An agent.
    Agent,
}

impl Side {
    /// The one at the other end.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Coordinator => Self::Agent,
            Self::Agent => Self::Coordinator,
        }
    }

    const fn octet(self) -> u8 {
        match self {
            Self::Coordinator => 0,
            Self::Agent => 1,
        }
    }
}

/// Why a frame is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// Forged, damaged, or tagged with another key.
    #[error("its tag is wrong")]
    BadTag,
    /// A frame with this number was taken before, or is too old to tell.
    #[error("its sequence number {0} was used before")]
    Replayed(u32),
    /// No key is known for its session.
    #[error("session {0:08x} has no key here")]
    NoKey(u32),
}

type FrameMac = Blake2sMac<U8>;

/// The tag over header, with zeros in the tag's place, and body.
fn mac(key: &Key, from: Side, frame: &[u8]) -> FrameMac {
    let mut mac = <FrameMac as KeyInit>::new(key.octets().into());
    Update::update(&mut mac, &[from.octet()]);
    Update::update(&mut mac, frame.get(..TAG_AT).unwrap_or_default());
    Update::update(&mut mac, &[0; HEADER_LEN - TAG_AT]);
    Update::update(&mut mac, frame.get(HEADER_LEN..).unwrap_or_default());
    mac
}

/// Numbers and tags the frames of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    key: Key,
    side: Side,
    pub(super) sequence: u32,
}

impl Sender {
    /// A sender at `side` that has sent nothing yet.
    #[must_use]
    pub const fn new(key: Key, side: Side) -> Self {
        Self {
            key,
            side,
            sequence: 0,
        }
    }

    /// The key.
    #[must_use]
    pub const fn key(&self) -> &Key {
        &self.key
    }

    /// The number of the last frame; 0 before the first.
    #[must_use]
    pub const fn sequence(&self) -> u32 {
        self.sequence
    }

    /// Writes sequence number and tag into a whole frame. False, and nothing is written, when all
    /// numbers are used up or this is no frame.
    #[must_use]
    pub fn seal(&mut self, frame: &mut [u8]) -> bool {
        let Some(sequence) = self.sequence.checked_add(1) else {
            return false;
        };
        let Some(number) = frame.get_mut(SEQUENCE_AT..TAG_AT) else {
            return false;
        };
        number.copy_from_slice(&sequence.to_be_bytes());
        let tag = mac(&self.key, self.side, frame).finalize_fixed();
        let Some(place) = frame.get_mut(TAG_AT..HEADER_LEN) else {
            return false;
        };
        place.copy_from_slice(&tag);
        self.sequence = sequence;
        true
    }
}

/// Checks the frames of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receiver {
    key: Key,
    side: Side,
    window: ReplayWindow,
}

impl Receiver {
    /// Takes what `side` sends, numbered after `sequence`.
    #[must_use]
    pub const fn new(key: Key, side: Side, sequence: u32) -> Self {
        Self {
            key,
            side,
            window: ReplayWindow::after(sequence as u64),
        }
    }

    /// Whether it checks by this key.
    #[must_use]
    pub fn is_for(&self, key: &Key) -> bool {
        self.key == *key
    }

    /// The highest number that came.
    #[must_use]
    pub fn highest(&self) -> u32 {
        // All that is noted came in a field of four octets.
        u32::try_from(self.window.highest()).unwrap_or(u32::MAX)
    }

    /// Takes a frame, with or without padding, once. Nothing changes when it is refused.
    ///
    /// # Errors
    /// Its tag is wrong, or its number was used.
    pub fn open(&mut self, bytes: &[u8]) -> Result<(), AuthError> {
        let frame = frame_octets(bytes).ok_or(AuthError::BadTag)?;
        let number = frame.get(SEQUENCE_AT..TAG_AT);
        let number = number.and_then(|number| number.try_into().ok());
        let sequence = number.map(u32::from_be_bytes).ok_or(AuthError::BadTag)?;
        let tag = frame.get(TAG_AT..HEADER_LEN).ok_or(AuthError::BadTag)?;
        // In constant time. First of the two checks, so that a forger's number says nothing.
        mac(&self.key, self.side, frame)
            .verify_slice(tag)
            .map_err(|_| AuthError::BadTag)?;
        if !self.window.is_fresh(sequence.into()) {
            return Err(AuthError::Replayed(sequence));
        }
        self.window.note(sequence.into());
        Ok(())
    }
}
