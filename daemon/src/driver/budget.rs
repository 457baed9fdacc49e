//! How much the driver does of one kind before it looks at the others again.

/// Frames, transmit statuses and orders that are handled in one go. A flood of one kind then
/// delays the others, and the deadlines, by no more than so many inputs.
pub(super) const PER_WAKE: usize = 64;
