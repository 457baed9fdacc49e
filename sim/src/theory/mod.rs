//! What is known about saturated DCF without simulating it: the closed form for one station and
//! the model of G. Bianchi, "Performance Analysis of the IEEE 802.11 Distributed Coordination
//! Function", IEEE JSAC 18(3), 2000, for several.
//!
//! Both take every station to have the same rate, frame size and access parameters, and a frame
//! always to be waiting.

mod bianchi;
mod closed_form;

pub use bianchi::{Saturation, bianchi};
pub use closed_form::closed_form;

use rether_proto::time::Duration;

/// A cell in which every station does the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contention {
    /// What counts as goodput of one frame, in octets.
    pub payload_octets: u32,
    /// PPDU of the frame.
    pub data: Duration,
    /// PPDU of its Ack.
    pub ack: Duration,
    /// aSIFSTime.
    pub sifs: Duration,
    /// aSlotTime.
    pub slot: Duration,
    /// Idle time before backoff counts down: DIFS, or AIFS of the access category.
    pub ifs: Duration,
    /// The same after a collision: `ifs`, or EIFS (clause 10.3.2.3.7) if a header of the collided
    /// frames can be read.
    pub ifs_after_collision: Duration,
    /// `CWmin`: the first backoff is drawn from 0 to it, inclusive.
    pub cw_min: u16,
    /// `CWmax`.
    pub cw_max: u16,
    /// Transmissions of a frame until it is dropped; at least one.
    pub transmissions: u16,
}

impl Contention {
    /// Payload bits of one frame.
    fn bits(&self) -> f64 {
        f64::from(self.payload_octets) * 8.0
    }
}

/// Microseconds, in which bits per unit are Mb/s. Exact below 2^53 ns, that is 104 days.
#[expect(clippy::cast_precision_loss, reason = "durations of frames")]
fn micros(duration: Duration) -> f64 {
    duration.as_nanos() as f64 / 1_000.0
}

#[cfg(test)]
mod tests;
