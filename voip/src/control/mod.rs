//! The control datagrams, which run beside the voice on the next port up (where
//! RTCP would be): call set-up, clock exchange, progress and the final report.
//!
//! ```text
//! caller                                   answerer
//!   HELLO (no cookie)            ->                      nothing is kept yet
//!                                <-  CHALLENGE (cookie)
//!   HELLO (cookie)               ->                      the call exists
//!                                <-  ACCEPT | REFUSE
//!   PING                         <>  PONG                ten times: clocks
//!   START (offset, phase)        ->                      voice from here on
//!                                <-  STARTED
//!   PING                         <>  PONG                once a second, with progress
//!   BYE (packets sent)           ->                      voice stops
//!                                <-  REPORT 0 of n
//!   FETCH i                      ->
//!                                <-  REPORT i of n
//!   DONE                         ->                      the call is forgotten
//! ```
//!
//! Each request is repeated until answered and each answer can be given again, so
//! loss, duplication and reordering only cost time. Before the cookie came back
//! from the address it was sent to, the answerer sends nothing but a CHALLENGE,
//! which is shorter than the HELLO that asked for it: nobody can use it to flood
//! a third party.
//!
//! Every datagram begins with `"RVoI"`, a version, a type and the session id, and
//! all numbers are big-endian.

mod wire;

#[cfg(test)]
mod tests;

use thiserror::Error;

use crate::clock::ClockBasis;
use crate::profile::Profile;

pub use wire::{HEADER_LEN, MAX_LEN};

/// The largest piece of a report in one REPORT, bytes.
pub const MAX_PIECE: usize = 1_024;

/// Names one call; chosen at random by the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SessionId(pub u64);

impl SessionId {
    /// The half that goes into every voice packet.
    #[must_use]
    pub const fn tag(self) -> u32 {
        self.0 as u32
    }
}

impl core::fmt::Display for SessionId {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// The call a HELLO asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offer {
    /// Codec, packet time and size, the same both ways.
    pub profile: Profile,
    /// Length of the call, milliseconds.
    pub duration_ms: u32,
    /// Packets slower than this are late, milliseconds.
    pub late_ms: u32,
    /// The caller's half of the voice.
    pub media: Media,
}

/// Where one end's voice comes from and how it can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Media {
    /// UDP port it is sent from and received at.
    pub port: u16,
    /// RTP synchronisation source.
    pub ssrc: u32,
    /// RTP sequence number of the first packet.
    pub first_sequence: u16,
}

/// Why a call was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The answerer has as many calls as it may.
    #[error("the answerer is busy (its --max-calls is reached)")]
    Busy,
    /// The call would be longer than the answerer allows.
    #[error("the call is longer than the answerer allows (its --max-duration)")]
    TooLong,
}

/// How far the answerer has come, for the caller's live line. Times in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Packets received.
    pub received: u32,
    /// Packets sent at least, judging by the newest received.
    pub sent_at_least: u32,
    /// Packets received too late.
    pub late: u32,
    /// 99th percentile of the one-way delay over the last five seconds.
    pub delay_p99_us: i32,
    /// Longest gap so far.
    pub longest_gap_us: u32,
    /// MOS over the last five seconds, hundredths.
    pub mos_centi: u16,
}

/// A control datagram without its session id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// Caller: place this call. The cookie is 0 until one was received.
    Hello {
        /// The cookie of the CHALLENGE, or 0.
        cookie: u64,
        /// The call.
        offer: Offer,
    },
    /// Answerer: repeat your HELLO with this, to show that you are where you say.
    Challenge {
        /// To be echoed.
        cookie: u64,
    },
    /// Answerer: the call exists.
    Accept {
        /// The kernel's boot id, all zero if unknown.
        boot_id: [u8; 16],
        /// The answerer's half of the voice.
        media: Media,
    },
    /// Answerer: the call does not exist.
    Refuse(Refusal),
    /// Caller: what time is it?
    Ping {
        /// Caller's clock, nanoseconds.
        t1: u64,
    },
    /// Answerer: that late, and so far the call has come.
    Pong {
        /// As in the PING.
        t1: u64,
        /// Answerer's clock when the PING came, nanoseconds.
        t2: u64,
        /// Answerer's clock now, nanoseconds.
        t3: u64,
        /// How the caller's voice arrives.
        progress: Progress,
    },
    /// Caller: begin to send.
    Start {
        /// How one-way delay is measured.
        basis: ClockBasis,
        /// Answerer's clock minus caller's, nanoseconds.
        offset_ns: i64,
        /// Where in a packet time to send, so that parallel calls are spread, nanoseconds.
        phase_ns: u32,
    },
    /// Answerer: sending.
    Started,
    /// Caller: the call is over.
    Bye {
        /// Packets the caller sent.
        sent: u32,
    },
    /// Caller: send me this piece of your report.
    Fetch {
        /// Which, from 0.
        piece: u16,
    },
    /// Answerer: a piece of the report ([`crate::report::FarReport`] as JSON).
    Report {
        /// Which, from 0.
        piece: u16,
        /// How many there are.
        pieces: u16,
        /// At most [`MAX_PIECE`] bytes.
        body: Vec<u8>,
    },
    /// Caller: I have it all.
    Done,
}

/// Why a datagram is not a control message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// It ends before the field at this offset, bytes.
    #[error("cut short at byte {0}")]
    Truncated(usize),
    /// It has bytes after its end, which is at this offset.
    #[error("too long: {0} bytes would do")]
    Trailing(usize),
    /// It does not begin with `"RVoI"`.
    #[error("not a control datagram of rether-voip")]
    Magic,
    /// It is of another version of this tool.
    #[error("version {0} of the control protocol; this is version {version}", version = wire::VERSION)]
    Version(u8),
    /// Its type or one of its fields has a value with no meaning.
    #[error("no such value at byte {0}")]
    Value(usize),
}
