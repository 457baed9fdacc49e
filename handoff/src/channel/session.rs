//! The keys between two access points, for two minutes.

use alloc::vec::Vec;

use chacha20poly1305::aead::AeadInPlace;
use chacha20poly1305::{ChaCha20Poly1305, KeyInit, Nonce, Tag};
use rether_proto::auth::{Key, ReplayWindow, derive};
use rether_proto::time::{Duration, Instant};

use super::datagram::{Sealed, TAG, prefix};
use super::handshake::{Split, Who};

/// Whoever began a session replaces it when it is so old, and somewhat earlier at random.
pub(super) const REKEY_AFTER: Duration = Duration::from_secs(120);
/// The other end does so when that has not happened.
const REKEY_AFTER_OTHER: Duration = Duration::from_secs(130);
/// Or when so many messages went out.
pub(super) const REKEY_AFTER_MESSAGES: u64 = 1 << 20;
/// A session that could not be replaced ends when it is so old.
const ENDS_AFTER: Duration = Duration::from_secs(180);
/// How long a replaced session still takes what was on its way, after the last that came in it.
pub(super) const OVERLAP: Duration = Duration::from_secs(10);

/// Which end of the handshake this one was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Initiator,
    Responder,
}

/// Why a datagram is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    Forged,
    Replayed,
}

/// One end of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Session {
    /// The same at both ends: names the session in its datagrams.
    pub(super) id: u32,
    send: Key,
    receive: Key,
    /// The counter of the last datagram that went out. That of CONFIRM is 0.
    pub(super) sent: u64,
    window: ReplayWindow<16>,
    /// Who is at the other end.
    pub(super) who: Who,
    /// When it is to be replaced.
    pub(super) rekey_at: Instant,
    /// When it is forgotten, whatever comes.
    dies: Instant,
    /// When one that was replaced was last of use to the other end.
    replaced: Option<Instant>,
}

impl Session {
    pub(super) fn new(split: Split, role: Role, who: Who, now: Instant) -> Self {
        let name = derive(&split.from_initiator, b"rether handoff session", &[]);
        let [a, b, c, d, ..] = *name.octets();
        let id = u32::from_be_bytes([a, b, c, d]);
        // Not all sessions of a site at once.
        let early = Duration::from_secs(u64::from(id % 8));
        let (send, receive, rekey) = match role {
            Role::Initiator => (split.from_initiator, split.from_responder, REKEY_AFTER),
            Role::Responder => (
                split.from_responder,
                split.from_initiator,
                REKEY_AFTER_OTHER,
            ),
        };
        Self {
            id,
            send,
            receive,
            sent: 0,
            window: ReplayWindow::after(0),
            who,
            rekey_at: now + rekey.saturating_sub(early),
            dies: now + ENDS_AFTER,
            replaced: None,
        }
    }

    /// A newer one is in use.
    pub(super) const fn supersede(&mut self, now: Instant) {
        if self.replaced.is_none() {
            self.replaced = Some(now);
        }
    }

    /// When it is forgotten.
    pub(super) fn ends(&self) -> Instant {
        match self.replaced {
            Some(since) => self.dies.min(since + OVERLAP),
            None => self.dies,
        }
    }

    /// A datagram with `message` in it.
    pub(super) fn seal(&mut self, message: &[u8], now: Instant) -> Vec<u8> {
        self.sent += 1;
        if self.sent == REKEY_AFTER_MESSAGES {
            self.rekey_at = self.rekey_at.min(now);
        }
        let prefix = prefix(self.id, self.sent);
        let mut sealed = message.to_vec();
        let tag = encrypt(&self.send, self.sent, &prefix, &mut sealed);
        let mut datagram = Vec::with_capacity(prefix.len() + sealed.len() + tag.len());
        datagram.extend(prefix);
        datagram.extend(sealed);
        datagram.extend(tag);
        datagram
    }

    /// The message in a datagram, once. Nothing changes when it is refused.
    pub(super) fn open(&mut self, sealed: &Sealed<'_>, now: Instant) -> Result<Vec<u8>, Refused> {
        let mut message = sealed.message.to_vec();
        decrypt(
            &self.receive,
            sealed.counter,
            sealed.prefix,
            &mut message,
            sealed.tag,
        )
        .ok_or(Refused::Forged)?;
        if !self.window.is_fresh(sealed.counter) {
            return Err(Refused::Replayed);
        }
        self.window.note(sealed.counter);
        // Where two handshakes crossed, each end may prefer another of the two sessions.
        self.replaced = self.replaced.map(|_| now);
        Ok(message)
    }

    /// The tag of CONFIRM: proves that this end has the keys.
    pub(super) fn confirm(&self, covered: &[u8]) -> [u8; TAG] {
        encrypt(&self.send, 0, covered, &mut [])
    }

    /// Whether the other end made the tag of a CONFIRM.
    pub(super) fn is_confirmed(&self, covered: &[u8], tag: &[u8]) -> bool {
        decrypt(&self.receive, 0, covered, &mut [], tag).is_some()
    }
}

/// The nonce of a counter, as Noise makes it (revision 34, clause 12.3).
fn nonce(counter: u64) -> Nonce {
    let mut nonce = Nonce::default();
    for (octet, of_counter) in nonce.iter_mut().skip(4).zip(counter.to_le_bytes()) {
        *octet = of_counter;
    }
    nonce
}

fn encrypt(key: &Key, counter: u64, covered: &[u8], message: &mut [u8]) -> [u8; TAG] {
    let cipher = ChaCha20Poly1305::new(key.octets().into());
    let tag = cipher.encrypt_in_place_detached(&nonce(counter), covered, message);
    // Fails for messages of gigabytes. A tag of zeros is none that the other end believes.
    tag.unwrap_or_default().into()
}

fn decrypt(key: &Key, counter: u64, covered: &[u8], message: &mut [u8], tag: &[u8]) -> Option<()> {
    let tag: [u8; TAG] = tag.try_into().ok()?;
    let cipher = ChaCha20Poly1305::new(key.octets().into());
    let tag = Tag::from(tag);
    let opened = cipher.decrypt_in_place_detached(&nonce(counter), covered, message, &tag);
    opened.ok()
}
