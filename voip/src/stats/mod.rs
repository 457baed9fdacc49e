//! What one end learns about the stream it receives.
//!
//! Everything is counted by position in the stream, not by arrival: a five second
//! window holds the packets *sent* in those five seconds, so a lost packet
//! belongs to exactly one window and a delayed one to the window it was meant for.

mod gap;
mod jitter;
mod summary;
#[cfg(test)]
mod tests;
mod trace;

pub use gap::{Gap, GapMeter};
pub use jitter::Jitter;
pub use summary::{DelaySummary, Quality, StreamReport, WindowReport};
pub use trace::{MOST_ENTRIES, Trace};

use crate::packet::Voice;
use crate::profile::Profile;

/// Length of a rating window, milliseconds of speech.
pub const WINDOW_MS: u32 = 5_000;

/// What a stream is meant to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamSpec {
    /// Codec, packet time and size.
    pub profile: Profile,
    /// How many packets the whole stream has.
    pub packets: u32,
    /// A packet slower than this is late: no play-out buffer waits for it. Milliseconds.
    pub late_ms: u32,
    /// Receiver's clock minus sender's clock, nanoseconds; 0 when they share one.
    pub offset_ns: i64,
}

/// Counts one received stream. Memory is four bytes a packet of the spec at most, and for a probe
/// [`MOST_ENTRIES`] of each list of its trace, whatever arrives.
#[derive(Debug, Clone)]
pub struct StreamStats {
    spec: StreamSpec,
    /// One-way delay of each packet by position, microseconds.
    delays_us: Vec<i32>,
    received: u32,
    late: u32,
    duplicated: u64,
    reordered: u64,
    out_of_range: u64,
    jitter: Jitter,
    gap: GapMeter,
    /// When the latest packet arrived, if any did, duplicates not counted.
    last_arrival: Option<u64>,
    /// Of a probe.
    trace: Option<Trace>,
    /// Whether the report says what became of each packet.
    each: bool,
}

/// Stands in [`StreamStats::delays_us`] for a packet that has not come.
const NOT_SEEN: i32 = i32::MIN;

impl StreamStats {
    /// Nothing received yet.
    #[must_use]
    pub fn new(spec: StreamSpec) -> Self {
        let profile = spec.profile;
        Self {
            spec,
            delays_us: Vec::new(),
            received: 0,
            late: 0,
            duplicated: 0,
            reordered: 0,
            out_of_range: 0,
            jitter: Jitter::new(),
            gap: GapMeter::new(profile.packet_ns()),
            last_arrival: None,
            trace: profile.is_probe().then(|| Trace::new(profile.packet_ns())),
            each: false,
        }
    }

    /// The same with the delay of `each` packet in its report, if so; 4 bytes a packet become up to
    /// 9 characters.
    #[must_use]
    pub const fn telling_each(mut self, each: bool) -> Self {
        self.each = each;
        self
    }

    /// The delay of each of `sent` packets by position, microseconds; `None` of one that did not
    /// come.
    fn delays(&self, sent: u32) -> Vec<Option<i32>> {
        let known = self.delays_us.iter().copied();
        let known = known.map(|delay| Some(delay).filter(|us| *us != NOT_SEEN));
        known
            .chain(std::iter::repeat(None))
            .take(sent as usize)
            .collect()
    }

    /// Counts a packet that arrived at `arrival_ns` on this end's clock.
    pub fn on_packet(&mut self, voice: Voice, arrival_ns: u64) {
        let Some(position) = u32::try_from(voice.sequence)
            .ok()
            .filter(|position| *position < self.spec.packets)
        else {
            self.out_of_range += 1;
            return;
        };
        let index = position as usize;
        // Reordered as RFC 4737 section 3 has it: a later packet was here before.
        let reordered = index < self.delays_us.len();
        if !reordered {
            self.delays_us.resize(index + 1, NOT_SEEN);
        }
        if self.delays_us[index] != NOT_SEEN {
            self.duplicated += 1;
            if let Some(trace) = &mut self.trace {
                trace.on_duplicate(position);
            }
            return;
        }
        let transit =
            (arrival_ns.wrapping_sub(voice.sent_ns) as i64).wrapping_sub(self.spec.offset_ns);
        self.delays_us[index] =
            (transit / 1_000).clamp(i64::from(NOT_SEEN + 1), i64::from(i32::MAX)) as i32;
        self.received += 1;
        self.reordered += u64::from(reordered);
        self.late += u32::from(self.is_late(self.delays_us[index]));
        self.jitter.on_transit(transit);
        self.gap.on_arrival(position, arrival_ns);
        if let Some(trace) = &mut self.trace {
            if reordered {
                trace.on_reordered(position);
            }
            if let Some(before) = self.last_arrival {
                trace.on_arrival(before, arrival_ns);
            }
        }
        self.last_arrival = Some(arrival_ns);
    }

    const fn is_late(&self, delay_us: i32) -> bool {
        delay_us as i64 > self.spec.late_ms as i64 * 1_000
    }

    /// Packets received, duplicates not counted.
    #[must_use]
    pub const fn received(&self) -> u32 {
        self.received
    }

    /// What the stream is meant to be.
    #[must_use]
    pub const fn spec(&self) -> &StreamSpec {
        &self.spec
    }

    /// How many packets must have been sent, judging by the newest received.
    #[must_use]
    pub fn sent_at_least(&self) -> u32 {
        u32::try_from(self.delays_us.len()).unwrap_or(self.spec.packets)
    }

    const fn packets_per_window(&self) -> usize {
        (WINDOW_MS / self.spec.profile.packet_ms()) as usize
    }
}
