//! The figures of a stream as they are reported. Times are milliseconds throughout.

use serde::{Deserialize, Serialize};

use super::{NOT_SEEN, StreamStats, Trace};
use crate::control::Progress;
use crate::mos::{mos, rating};

/// One direction of a call, as its receiver saw it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StreamReport {
    /// Packets received, duplicates not counted.
    pub received: u32,
    /// Packets sent but not received.
    pub lost: u32,
    /// `lost` in percent of what was sent.
    pub loss_pct: f64,
    /// Received, but slower than the limit a play-out buffer would wait.
    pub late: u32,
    /// Further copies of packets already received.
    pub duplicated: u64,
    /// Packets that came after one sent later (RFC 4737).
    pub reordered: u64,
    /// Packets with a position the stream does not have.
    pub out_of_range: u64,
    /// One-way delay; absent if nothing was received.
    pub delay_ms: Option<DelaySummary>,
    /// RFC 3550 jitter after the last packet.
    pub jitter_ms: f64,
    /// The highest RFC 3550 jitter during the stream.
    pub jitter_max_ms: f64,
    /// Longest time between two arrivals.
    pub longest_gap_ms: f64,
    /// Where in the stream the longest gap began, seconds of speech.
    pub longest_gap_at_s: f64,
    /// E-model over the whole stream.
    pub quality: Quality,
    /// The lowest MOS of any window.
    pub mos_worst_window: f64,
    /// Each five seconds of speech.
    pub windows: Vec<WindowReport>,
    /// What befell single packets; of probes only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<Trace>,
    /// One-way delay of each packet by position, microseconds, null if it did not come; only if asked
    /// for (`--packets`). The packet at position *n* was due *n* packet times after its sender started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delays_us: Option<Vec<Option<i32>>>,
}

/// One-way delay from the sender's call of `send` to the receiver's return from `recv`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct DelaySummary {
    /// Lowest.
    pub min: f64,
    /// Mean.
    pub mean: f64,
    /// Median, nearest rank.
    pub p50: f64,
    /// 95th percentile, nearest rank; 0 from an older peer, which did not tell it.
    #[serde(default)]
    pub p95: f64,
    /// 99th percentile, nearest rank.
    pub p99: f64,
    /// Highest.
    pub max: f64,
}

/// The E-model's verdict.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    /// Rating factor R, 0 to 93.2.
    pub r: f64,
    /// Mean opinion score, 1 to 4.5.
    pub mos: f64,
}

/// Five seconds of speech.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WindowReport {
    /// Where it begins, seconds of speech.
    pub start_s: f64,
    /// Packets sent in it.
    pub sent: u32,
    /// Of these, not received.
    pub lost: u32,
    /// Of these, received too late.
    pub late: u32,
    /// One-way delay; absent if nothing was received.
    pub delay_ms: Option<DelaySummary>,
    /// E-model over this window.
    pub quality: Quality,
}

impl StreamStats {
    /// The figures, given that the sender sent `sent` packets.
    #[must_use]
    pub fn report(&self, sent: u32) -> StreamReport {
        let sent = sent.clamp(self.sent_at_least(), self.spec.packets);
        let whole = self.window(0, sent as usize);
        let windows = self.windows(sent as usize);
        let worst = windows.iter().map(|window| window.quality.mos);
        let gap = self.gap.longest(sent);
        StreamReport {
            received: self.received,
            lost: whole.lost,
            loss_pct: percent(whole.lost, whole.sent),
            late: self.late,
            duplicated: self.duplicated,
            reordered: self.reordered,
            out_of_range: self.out_of_range,
            delay_ms: whole.delay_ms,
            jitter_ms: self.jitter.now_ms(),
            jitter_max_ms: self.jitter.worst_ms(),
            longest_gap_ms: gap.length_ns as f64 / 1e6,
            longest_gap_at_s: gap.at_ns as f64 / 1e9,
            quality: whole.quality,
            mos_worst_window: worst.fold(whole.quality.mos, f64::min),
            windows,
            trace: self.trace(sent),
            delays_us: self.each.then(|| self.delays(sent)),
        }
    }

    /// The last five seconds before the newest packet.
    fn recent(&self) -> WindowReport {
        let end = self.delays_us.len();
        self.window(end.saturating_sub(self.packets_per_window()), end)
    }

    /// The stream so far, in few words.
    #[must_use]
    pub fn progress(&self) -> Progress {
        let recent = self.recent();
        let micros = |ms: f64| (ms * 1e3).round();
        Progress {
            received: self.received,
            sent_at_least: self.sent_at_least(),
            late: self.late,
            delay_p99_us: recent.delay_ms.map_or(0, |delay| micros(delay.p99) as i32),
            longest_gap_us: (self.gap.longest(0).length_ns / 1_000) as u32,
            mos_centi: (recent.quality.mos * 100.0).round() as u16,
        }
    }

    /// Cuts the stream into windows. What is left at the end joins the last window
    /// unless it is at least half a window long: a handful of packets has no MOS.
    fn windows(&self, sent: usize) -> Vec<WindowReport> {
        let length = self.packets_per_window();
        let count = ((sent + length / 2) / length).max(1);
        (0..count)
            .map(|index| {
                let end = if index + 1 == count {
                    sent
                } else {
                    (index + 1) * length
                };
                self.window(index * length, end)
            })
            .collect()
    }

    /// Rates the packets at positions `start..end`.
    fn window(&self, start: usize, end: usize) -> WindowReport {
        let known = &self.delays_us[start.min(self.delays_us.len())..end.min(self.delays_us.len())];
        let mut delays: Vec<i32> = known.iter().copied().filter(|us| *us != NOT_SEEN).collect();
        delays.sort_unstable();
        let in_time = delays.partition_point(|us| !self.is_late(*us));
        let sent = end - start;
        let missed = percent(to_u32(sent - in_time), to_u32(sent));
        let playout = DelaySummary::of_sorted(&delays[..in_time]).map_or(0.0, |delay| delay.p99);
        let codec = self.spec.profile.codec();
        let mouth_to_ear = playout + f64::from(self.spec.profile.packet_ms()) + codec.lookahead_ms;
        let r = rating(codec, mouth_to_ear, missed);
        WindowReport {
            start_s: start as f64 * f64::from(self.spec.profile.packet_ms()) / 1e3,
            sent: to_u32(sent),
            lost: to_u32(sent - delays.len()),
            late: to_u32(delays.len() - in_time),
            delay_ms: DelaySummary::of_sorted(&delays),
            quality: Quality { r, mos: mos(r) },
        }
    }
}

impl DelaySummary {
    /// Of delays in microseconds, lowest first; `None` if there are none.
    #[must_use]
    pub fn of_sorted(delays_us: &[i32]) -> Option<Self> {
        let (first, last) = (delays_us.first()?, delays_us.last()?);
        let sum: i64 = delays_us.iter().map(|us| i64::from(*us)).sum();
        let rank = |percent: usize| {
            let rank = (delays_us.len() * percent).div_ceil(100).max(1);
            to_ms(delays_us[rank - 1])
        };
        Some(Self {
            min: to_ms(*first),
            mean: sum as f64 / delays_us.len() as f64 / 1e3,
            p50: rank(50),
            p95: rank(95),
            p99: rank(99),
            max: to_ms(*last),
        })
    }
}

fn to_ms(us: i32) -> f64 {
    f64::from(us) / 1e3
}

/// Packet counts fit: the longest stream is bounded by the spec's `u32`.
fn to_u32(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn percent(part: u32, whole: u32) -> f64 {
    if whole == 0 {
        0.0
    } else {
        f64::from(part) * 100.0 / f64::from(whole)
    }
}
