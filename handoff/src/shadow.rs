//! The shadow ring: copies of what was last sent to a station, for one that leaves without a word.
//!
//! What the radio sent in the last moments before a station was gone may have been lost in the
//! air, and nobody can tell for certain what. It is sent again through the new access point; where
//! the station's agent says what it has received, nothing twice.

use alloc::collections::VecDeque;

use rether_proto::time::{Duration, Instant};

use crate::frame::Frame;

/// One station's ring.
#[derive(Clone, Debug, Default)]
pub struct Shadow {
    sent: VecDeque<Sent>,
    octets: usize,
}

#[derive(Clone, Debug)]
struct Sent {
    at: Instant,
    digest: u32,
    frame: Frame,
}

impl Shadow {
    /// Octets of one ring at most.
    pub const MAX_OCTETS: usize = 512 * 1024;
    /// Nothing is kept for longer.
    pub const MAX_AGE: Duration = Duration::from_secs(2);

    /// `frame` was sent; `digest` is that of its IP packet.
    pub fn push(&mut self, now: Instant, digest: u32, frame: Frame) {
        self.octets += frame.octets();
        self.sent.push_back(Sent {
            at: now,
            digest,
            frame,
        });
        while let Some(oldest) = self.sent.front()
            && (self.octets > Self::MAX_OCTETS || now.since(oldest.at) > Self::MAX_AGE)
        {
            self.octets -= oldest.frame.octets();
            self.sent.pop_front();
        }
    }

    /// What of the last `span` must be sent again, oldest first, with when it was sent; and how
    /// many packets the station had already. With `seen`, the digests of what it received last,
    /// these are left out, and so is whatever was sent before the first of them: packets of one
    /// traffic class do not overtake each other in the air.
    pub fn replay(
        &mut self,
        now: Instant,
        span: Duration,
        seen: Option<&[u32]>,
    ) -> (impl Iterator<Item = (Instant, Frame)> + use<>, u32) {
        let sent = core::mem::take(&mut self.sent);
        self.octets = 0;
        let seen = seen.unwrap_or_default();
        let first = sent.iter().position(|sent| seen.contains(&sent.digest));
        let mut known = 0;
        let mut again = VecDeque::new();
        for (place, sent) in sent.into_iter().enumerate() {
            if now.since(sent.at) > span && seen.is_empty() {
                continue;
            }
            if seen.contains(&sent.digest) || first.is_some_and(|first| place < first) {
                known += 1;
            } else {
                again.push_back((sent.at, sent.frame));
            }
        }
        (again.into_iter(), known)
    }

    /// Octets in it.
    #[must_use]
    pub const fn octets(&self) -> usize {
        self.octets
    }
}
