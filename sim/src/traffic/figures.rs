//! What is reported of a flow, under the names that the lab reports it by.

use rether_voip::stats::{DelaySummary, StreamReport};
use serde::Serialize;

use crate::tcp::Statistics;

/// The figures of one flow.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum FlowFigures {
    /// Of a call.
    Voice {
        /// One call, both ways; a list because the lab's client can place several.
        calls: Vec<Call>,
    },
    /// Of everything else.
    Transfer(Transfer),
}

/// A call.
#[derive(Clone, Debug, Serialize)]
pub struct Call {
    /// From the caller.
    pub up: Stream,
    /// To the caller.
    pub down: Stream,
}

/// One way of a call.
#[derive(Clone, Debug, Serialize)]
pub struct Stream {
    /// Packets sent that count.
    pub sent: u32,
    /// What arrived, and how.
    pub stream: StreamReport,
}

/// All calls of a run together.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct AllCalls {
    /// From the callers.
    pub up: CallsWay,
    /// To the callers.
    pub down: CallsWay,
}

/// One way of all calls.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct CallsWay {
    /// Packets sent that count.
    pub sent: u64,
    /// Of these, not received.
    pub lost: u64,
    /// Of these, received after more than 150 ms.
    pub late: u64,
    /// Delays of those received.
    pub delay_ms: Option<DelaySummary>,
}

impl CallsWay {
    /// Of calls with so many packets sent each, and the delays of those that arrived.
    pub(crate) fn of<'a>(calls: impl Iterator<Item = (u64, &'a [i32])>) -> Option<Self> {
        let (mut any, mut sent, mut delays) = (false, 0, Vec::new());
        for (packets, delays_us) in calls {
            any = true;
            sent += packets;
            delays.extend_from_slice(delays_us);
        }
        delays.sort_unstable();
        let limit = i32::try_from(super::LATE_MS * 1_000).unwrap_or(i32::MAX);
        let in_time = delays.partition_point(|delay| *delay <= limit);
        any.then(|| Self {
            sent,
            lost: sent.saturating_sub(delays.len() as u64),
            late: (delays.len() - in_time) as u64,
            delay_ms: DelaySummary::of_sorted(&delays),
        })
    }

    /// Share of packets lost or late.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a share for people")]
    pub fn missed(&self) -> f64 {
        (self.lost + self.late) as f64 / self.sent.max(1) as f64
    }
}

/// A flow that is measured by what arrives.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Transfer {
    /// Packets sent that count.
    pub sent: u64,
    /// Of these, not received.
    pub lost: u64,
    /// Payload of UDP or TCP that arrived while it counts, in bit/s.
    pub goodput_bps: f64,
    /// The same in each whole second of that time; none of `ping`.
    #[serde(
        rename = "goodput-each-second-bps",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub each_second_bps: Vec<f64>,
    /// From the application to the application; of `ping`, there and back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay_ms: Option<DelaySummary>,
    /// What the sender of TCP saw.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tcp: Option<Tcp>,
}

impl Transfer {
    /// Payload that arrived in the whole second with the least of it, in bit/s; that of all the time
    /// if it was less than a second.
    #[must_use]
    pub fn least_second_bps(&self) -> f64 {
        let seconds = self.each_second_bps.iter().copied();
        seconds.reduce(f64::min).unwrap_or(self.goodput_bps)
    }
}

/// What a TCP sender saw.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Tcp {
    /// Segments with data, repetitions included.
    pub segments: u64,
    /// Of these, repetitions.
    pub retransmits: u64,
    /// Times the retransmission timer ran out.
    pub timeouts: u64,
}

impl From<Statistics> for Tcp {
    fn from(statistics: Statistics) -> Self {
        Self {
            segments: statistics.segments,
            retransmits: statistics.retransmissions,
            timeouts: statistics.timeouts,
        }
    }
}
