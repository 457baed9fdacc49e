//! The cores' clock.
//!
//! `CLOCK_BOOTTIME`, because it counts the time a laptop slept: a lease that ran out during
//! suspend has run out. It never jumps, and timerfd can wait on it.

use rether_proto::time::Instant;
use rustix::time::{ClockId, clock_gettime};

/// The time now, in nanoseconds since boot.
#[must_use]
pub fn now() -> Instant {
    Instant::from_nanos(nanos(ClockId::Boottime))
}

/// What `clock` shows, in nanoseconds.
pub(crate) fn nanos(clock: ClockId) -> u64 {
    let time = clock_gettime(clock);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let nanos = u64::try_from(time.tv_nsec).unwrap_or(0);
    seconds.saturating_mul(1_000_000_000).saturating_add(nanos)
}

#[cfg(test)]
mod tests {
    #[test]
    fn never_goes_back() {
        let first = super::now();
        assert!(first.as_nanos() > 0);
        assert!(super::now() >= first);
    }
}
