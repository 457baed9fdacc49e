//! The figures that rows have.

use serde::{Deserialize, Serialize};

/// A figure of a flow or a radio.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Figure {
    /// Packets sent that count.
    Sent,
    /// Of these, not received.
    Lost,
    /// Of these, received too late for a play-out buffer.
    Late,
    /// Payload that arrived, bit/s.
    Goodput,
    /// Mean delay, ms.
    DelayMean,
    /// Median of the delay, ms.
    DelayP50,
    /// 99th percentile of the delay, ms.
    DelayP99,
    /// Longest delay, ms.
    DelayMax,
    /// Jitter of RFC 3550 after the last packet, ms.
    Jitter,
    /// Mean opinion score, 1 to 4.5.
    Mos,
    /// TCP segments sent again.
    Retransmits,
    /// Share of a radio's unicast transmissions without an Ack, 0 to 1.
    CollisionProbability,
    /// Share of the time in which a radio sent, 0 to 1.
    AirtimeShare,
}

impl Figure {
    /// All, in the order of columns.
    pub const ALL: [Self; 13] = [
        Self::Sent,
        Self::Lost,
        Self::Late,
        Self::Goodput,
        Self::DelayMean,
        Self::DelayP50,
        Self::DelayP99,
        Self::DelayMax,
        Self::Jitter,
        Self::Mos,
        Self::Retransmits,
        Self::CollisionProbability,
        Self::AirtimeShare,
    ];

    /// Its name in files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Lost => "lost",
            Self::Late => "late",
            Self::Goodput => "goodput",
            Self::DelayMean => "delay-mean",
            Self::DelayP50 => "delay-p50",
            Self::DelayP99 => "delay-p99",
            Self::DelayMax => "delay-max",
            Self::Jitter => "jitter",
            Self::Mos => "mos",
            Self::Retransmits => "retransmits",
            Self::CollisionProbability => "collision-probability",
            Self::AirtimeShare => "airtime-share",
        }
    }

    /// Its unit in files.
    #[must_use]
    pub const fn unit(self) -> &'static str {
        match self {
            Self::Sent | Self::Lost | Self::Late => "packets",
            Self::Goodput => "bit/s",
            Self::DelayMean | Self::DelayP50 | Self::DelayP99 | Self::DelayMax | Self::Jitter => {
                "ms"
            }
            Self::Retransmits => "segments",
            Self::Mos | Self::CollisionProbability | Self::AirtimeShare => "1",
        }
    }
}
