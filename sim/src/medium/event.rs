//! What the medium tells.

use rether_proto::airtime::Rate;
use rether_proto::time::Instant;

use super::{FrameId, RadioId};

/// Something that happened in the air.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Event {
    /// A radio received a frame. Repetitions of a frame it already has are not told.
    Received {
        /// When its last bit was there.
        at: Instant,
        /// Who received it.
        radio: RadioId,
        /// Who sent it.
        from: RadioId,
        /// Which frame.
        frame: FrameId,
        /// The rate it was sent at.
        rate: Rate,
        /// Signal strength at the receiver.
        signal_dbm: f32,
    },
    /// A radio is done with a frame: acknowledged, given up, or sent to a group.
    Done {
        /// When.
        at: Instant,
        /// The sender.
        radio: RadioId,
        /// Which frame.
        frame: FrameId,
        /// True if it was acknowledged; group frames never are.
        acked: bool,
        /// How often it was sent, from 1; 0 if it was lost to internal collisions alone, or if
        /// its rate series was empty.
        tries: u8,
        /// Signal strength of the Ack; of no meaning without one.
        signal_dbm: f32,
    },
    /// A transmission began. Told only if [`super::MediumConfig::trace`] is set.
    OnAir {
        /// Its first bit.
        at: Instant,
        /// Its last bit.
        until: Instant,
        /// Who sends.
        radio: RadioId,
        /// What.
        what: OnAir,
        /// The rate.
        rate: Rate,
    },
}

/// Kinds of transmissions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnAir {
    /// A frame; `attempt` counts from 0.
    Frame {
        /// Which.
        frame: FrameId,
        /// How often it was sent before.
        attempt: u8,
    },
    /// The Ack of a frame.
    Ack {
        /// Of which.
        frame: FrameId,
    },
}
