//! What a radio counts.

use rether_proto::time::Duration;
use serde::{Deserialize, Serialize};

/// Counters of one radio; they only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Counters {
    /// Frames put into a queue.
    pub queued: u64,
    /// Frames refused because a queue was full.
    pub refused: u64,
    /// Transmissions of frames with a single receiver, repetitions included.
    pub transmissions: u64,
    /// Of these, those that were acknowledged.
    pub acked: u64,
    /// Frames given up after the last try.
    pub dropped: u64,
    /// Transmissions to a group.
    pub group: u64,
    /// Times two queues of this radio wanted to send at once.
    pub internal_collisions: u64,
    /// Time on the air with frames of its own, collided ones included; without Acks.
    pub airtime: Duration,
    /// Time on the air with frames that were not acknowledged though they should have been.
    pub wasted: Duration,
    /// Time on the air with Acks.
    pub ack_airtime: Duration,
}

impl Counters {
    /// The share of unicast transmissions that was not acknowledged, 0 without any.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a share for people")]
    pub fn collision_probability(&self) -> f64 {
        if self.transmissions == 0 {
            return 0.0;
        }
        1.0 - self.acked as f64 / self.transmissions as f64
    }

    /// What was counted since `earlier`.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            queued: self.queued - earlier.queued,
            refused: self.refused - earlier.refused,
            transmissions: self.transmissions - earlier.transmissions,
            acked: self.acked - earlier.acked,
            dropped: self.dropped - earlier.dropped,
            group: self.group - earlier.group,
            internal_collisions: self.internal_collisions - earlier.internal_collisions,
            airtime: self.airtime - earlier.airtime,
            wasted: self.wasted - earlier.wasted,
            ack_airtime: self.ack_airtime - earlier.ack_airtime,
        }
    }
}
