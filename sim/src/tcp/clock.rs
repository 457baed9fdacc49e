//! Nanoseconds of the simulator against microseconds of the stack.

use rether_proto::time::{Duration, Instant};

/// The stack's time at `now`, rounded down: never later than it is.
pub(super) fn stack_time(now: Instant) -> smoltcp::time::Instant {
    let micros = i64::try_from(now.as_nanos() / 1_000).unwrap_or(i64::MAX);
    smoltcp::time::Instant::from_micros(micros)
}

/// When the stack's time reaches `at`. Exact, so that [`stack_time`] of it is `at` again.
pub(super) fn simulator_time(at: smoltcp::time::Instant) -> Instant {
    let micros = u64::try_from(at.total_micros()).unwrap_or(0);
    Instant::from_nanos(micros.saturating_mul(1_000))
}

/// A span for the stack, rounded up.
pub(super) fn stack_span(span: Duration) -> smoltcp::time::Duration {
    smoltcp::time::Duration::from_micros(span.as_nanos().div_ceil(1_000))
}
