//! The timer table: one deadline per [`Reason`] that a core waits for.

use crate::machine::Reason;
use crate::time::Instant;

const COUNT: usize = Reason::Leave as usize + 1;

/// At most one pending deadline per reason; setting a timer again moves it.
#[derive(Clone, Debug, Default)]
pub struct Timers([Option<Instant>; COUNT]);

impl Timers {
    /// Arms or moves the timer for `reason`.
    pub const fn set(&mut self, reason: Reason, at: Instant) {
        self.0[reason as usize] = Some(at);
    }

    /// Disarms the timer for `reason`.
    pub const fn stop(&mut self, reason: Reason) {
        self.0[reason as usize] = None;
    }

    /// The deadline for `reason`, if armed.
    #[must_use]
    pub const fn get(&self, reason: Reason) -> Option<Instant> {
        self.0[reason as usize]
    }

    /// The earliest deadline. Of equal ones the reason that stands first in [`Reason`] wins.
    #[must_use]
    pub fn next(&self) -> Option<(Instant, Reason)> {
        ALL.into_iter()
            .filter_map(|reason| Some((self.get(reason)?, reason)))
            .min_by_key(|&(at, reason)| (at, reason as usize))
    }

    /// Takes the earliest deadline that is not after `now`.
    pub fn expire(&mut self, now: Instant) -> Option<Reason> {
        let (at, reason) = self.next()?;
        if at > now {
            return None;
        }
        self.stop(reason);
        Some(reason)
    }
}

const ALL: [Reason; COUNT] = [
    Reason::Hello,
    Reason::Cycle,
    Reason::Return,
    Reason::Housekeeping,
    Reason::Register,
    Reason::Retry,
    Reason::Slot,
    Reason::FailOpen,
    Reason::Leave,
];

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(ns: u64) -> Instant {
        Instant::from_nanos(ns)
    }

    #[test]
    fn every_reason_has_its_own_place() {
        for (place, reason) in ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, place);
        }
    }

    #[test]
    fn earliest_first_and_each_once() {
        let mut timers = Timers::default();
        timers.set(Reason::FailOpen, at(20));
        timers.set(Reason::Cycle, at(10));
        timers.set(Reason::Hello, at(10));
        timers.set(Reason::Retry, at(5));
        timers.stop(Reason::Retry);
        assert_eq!(timers.next(), Some((at(10), Reason::Hello)));
        assert_eq!(timers.expire(at(9)), None);
        assert_eq!(timers.expire(at(20)), Some(Reason::Hello));
        assert_eq!(timers.expire(at(20)), Some(Reason::Cycle));
        assert_eq!(timers.expire(at(20)), Some(Reason::FailOpen));
        assert_eq!(timers.expire(at(20)), None);
    }
}
