//! The PHY rates that airtime is computed with: a fall counts as soon as it is no mere flicker, a
//! rise only when it lasts, so that promises do not come and go with a rate control that probes.

use crate::airtime::Rate;
use crate::ledger::LinkRates;
use crate::time::{Duration, Instant};

/// A lower rate counts from its second report on, or when no other came for so long.
const FALL_AFTER: Duration = Duration::from_millis(200);
/// A higher rate counts when nothing lower was reported for so long.
const RISE_AFTER: Duration = Duration::from_secs(1);

/// What reports make of the rates in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moved {
    /// Neither way changed.
    Not,
    /// Some way became faster, none slower.
    Up,
    /// Some way became slower.
    Down,
}

impl Moved {
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Down, _) | (_, Self::Down) => Self::Down,
            (Self::Up, _) | (_, Self::Up) => Self::Up,
            (Self::Not, Self::Not) => Self::Not,
        }
    }
}

/// The rates of one station, both ways.
#[derive(Clone, Debug)]
pub(super) struct SmoothLink {
    up: Smooth,
    down: Smooth,
}

impl SmoothLink {
    pub(super) const fn new(assumed: Rate) -> Self {
        Self {
            up: Smooth::new(assumed),
            down: Smooth::new(assumed),
        }
    }

    pub(super) const fn rates(&self) -> LinkRates {
        LinkRates {
            up: self.up.used,
            down: self.down.used,
        }
    }

    /// Takes a report over; `Rate(0)` says nothing about its way.
    pub(super) fn report(&mut self, now: Instant, rates: LinkRates) -> Moved {
        let up = self.up.report(now, rates.up);
        up.and(self.down.report(now, rates.down))
    }

    /// Time has passed: what nothing contradicted counts.
    pub(super) fn settle(&mut self, now: Instant) -> Moved {
        self.up.settle(now).and(self.down.settle(now))
    }

    /// Nothing depends on the rates: what was reported last counts.
    pub(super) fn settle_at_once(&mut self) {
        self.up.adopt();
        self.down.adopt();
    }
}

#[derive(Clone, Debug)]
struct Smooth {
    used: Rate,
    /// `used` is only assumed.
    assumed: bool,
    /// Another rate that was reported and may come to count.
    next: Option<Candidate>,
}

#[derive(Clone, Copy, Debug)]
struct Candidate {
    /// Of several reports in the same direction the one nearest to the rate in use.
    rate: Rate,
    since: Instant,
    reports: u8,
}

impl Smooth {
    const fn new(assumed: Rate) -> Self {
        Self {
            used: assumed,
            assumed: true,
            next: None,
        }
    }

    fn report(&mut self, now: Instant, rate: Rate) -> Moved {
        if rate.0 == 0 {
            return Moved::Not;
        }
        if self.assumed {
            self.assumed = false;
            self.next = Some(Candidate {
                rate,
                since: now,
                reports: 1,
            });
            return self.adopt();
        }
        if rate == self.used {
            self.next = None;
            return Moved::Not;
        }
        let falls = rate < self.used;
        let same_way = |next: &Candidate| (next.rate < self.used) == falls;
        self.next = Some(match self.next.filter(same_way) {
            Some(next) => Candidate {
                rate: if falls {
                    next.rate.max(rate)
                } else {
                    next.rate.min(rate)
                },
                reports: next.reports.saturating_add(1),
                ..next
            },
            None => Candidate {
                rate,
                since: now,
                reports: 1,
            },
        });
        self.settle(now)
    }

    fn settle(&mut self, now: Instant) -> Moved {
        let Some(next) = self.next else {
            return Moved::Not;
        };
        let age = now.since(next.since);
        let counts = if next.rate < self.used {
            next.reports >= 2 || age >= FALL_AFTER
        } else {
            age >= RISE_AFTER
        };
        if counts { self.adopt() } else { Moved::Not }
    }

    fn adopt(&mut self) -> Moved {
        let Some(next) = self.next.take() else {
            return Moved::Not;
        };
        let before = core::mem::replace(&mut self.used, next.rate);
        match before.cmp(&next.rate) {
            core::cmp::Ordering::Less => Moved::Up,
            core::cmp::Ordering::Equal => Moved::Not,
            core::cmp::Ordering::Greater => Moved::Down,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Instant {
        Instant::ZERO + Duration::from_millis(ms)
    }

    fn rate(mbps: u16) -> Rate {
        Rate::from_mbps(mbps)
    }

    /// The rate in use after these reports.
    fn after(reports: &[(u64, u16)]) -> Rate {
        let mut smooth = Smooth::new(rate(1));
        for (ms, mbps) in reports {
            smooth.report(at(*ms), rate(*mbps));
        }
        smooth.used
    }

    #[test]
    fn what_is_known_replaces_what_was_assumed() {
        assert_eq!(after(&[(0, 54)]), rate(54));
        assert_eq!(after(&[(0, 54), (1, 0)]), rate(54));
    }

    #[test]
    fn a_fall_counts_from_the_second_report_and_a_flicker_never() {
        assert_eq!(after(&[(0, 54), (10, 6)]), rate(54));
        assert_eq!(after(&[(0, 54), (10, 6), (20, 6)]), rate(6));
        assert_eq!(after(&[(0, 54), (10, 6), (20, 12)]), rate(12));
        assert_eq!(after(&[(0, 54), (10, 6), (20, 54), (30, 6)]), rate(54));
    }

    #[test]
    fn a_fall_that_nothing_contradicts_counts_by_time() {
        let mut smooth = Smooth::new(rate(1));
        smooth.report(at(0), rate(54));
        smooth.report(at(10), rate(6));
        assert_eq!(smooth.settle(at(209)), Moved::Not);
        assert_eq!(smooth.settle(at(210)), Moved::Down);
        assert_eq!(smooth.used, rate(6));
    }

    #[test]
    fn a_rise_must_last_and_is_as_high_as_its_lowest_report() {
        assert_eq!(after(&[(0, 6), (10, 54), (900, 54)]), rate(6));
        assert_eq!(after(&[(0, 6), (10, 54), (500, 36), (1_010, 54)]), rate(36));
        assert_eq!(after(&[(0, 6), (10, 54), (500, 6), (1_010, 54)]), rate(6));
    }

    #[test]
    fn a_station_is_slower_if_one_way_is() {
        let mut link = SmoothLink::new(rate(1));
        let rates = |up, down| LinkRates {
            up: rate(up),
            down: rate(down),
        };
        assert_eq!(link.report(at(0), rates(54, 54)), Moved::Up);
        link.report(at(1), rates(54, 6));
        assert_eq!(link.report(at(2), rates(54, 6)), Moved::Down);
        link.report(at(3), rates(54, 24));
        link.settle_at_once();
        assert_eq!(link.rates(), rates(54, 24));
    }
}
