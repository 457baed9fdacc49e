//! The air.

mod event;
mod frame;
mod params;
mod propagation;

pub use event::{Event, OnAir};
pub use frame::{Ac, Destination, Frame, FrameId, RadioId, RateSeries};
pub use params::{
    AccessParams, Capture, CollisionRx, EdcaTable, MediumConfig, RadioConfig, dcf, default_edca,
};
pub use propagation::{LogDistance, Position, Propagation};

use rether_proto::time::Instant;

/// A frame was refused because its queue is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the queue of the radio is full")]
pub struct QueueFull;

/// All radios and what is in the air between them.
#[derive(Clone, Debug)]
pub struct Medium {
    config: MediumConfig,
}

impl Medium {
    /// An empty medium. `seed` makes backoffs and frame errors.
    #[must_use]
    pub fn new(config: MediumConfig, seed: u64) -> Self {
        let _ = seed;
        Self { config }
    }

    /// Adds a radio.
    pub fn add_radio(&mut self, config: RadioConfig) -> RadioId {
        todo!("{config:?} {:?}", self.config)
    }

    /// Puts a radio on another frequency; what it sends or receives now is lost.
    pub fn set_frequency(&mut self, radio: RadioId, frequency_mhz: u16) {
        todo!("{radio:?} {frequency_mhz}")
    }

    /// Changes how a radio contends, from its next backoff on.
    pub fn set_access(&mut self, radio: RadioId, access: EdcaTable) {
        todo!("{radio:?} {access:?}")
    }

    /// Replaces all parameters of a radio, but keeps its queues.
    pub fn configure(&mut self, radio: RadioId, config: RadioConfig) {
        todo!("{radio:?} {config:?}")
    }

    /// Moves a radio.
    pub fn move_radio(&mut self, radio: RadioId, position: Position) {
        todo!("{radio:?} {position:?}")
    }

    /// Queues a frame at time `now`, which must not be before [`Medium::next_time`].
    ///
    /// # Errors
    /// When the queue is full.
    pub fn submit(&mut self, now: Instant, radio: RadioId, frame: Frame) -> Result<(), QueueFull> {
        todo!("{now} {radio:?} {frame:?}")
    }

    /// When something happens next.
    #[must_use]
    pub fn next_time(&self) -> Option<Instant> {
        todo!()
    }

    /// Lets everything happen that is due at `now` or before.
    pub fn advance(&mut self, now: Instant) {
        todo!("{now}")
    }

    /// The next thing that happened.
    #[must_use]
    pub fn poll_event(&mut self) -> Option<Event> {
        todo!()
    }
}
