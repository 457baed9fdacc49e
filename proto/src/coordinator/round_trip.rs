//! How long tokens take to come back: the figure by which an operator sees that agents are quick.

use alloc::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::machine::TxHandle;
use crate::time::{Duration, Instant};

const KEPT: usize = 512;

/// How much longer than the model says best-effort grants take, as TCP estimates its retransmission
/// timeout (RFC 6298), in thousandths: a cell may be slower than the model for many reasons, and a
/// token that is taken for lost while its holder still sends makes it slower.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    mean: u64,
    deviation: u64,
    /// Doubled by each token that did not come back in time.
    backoff: u64,
}

impl Pace {
    const MOST: u64 = 8_000;

    pub(super) const fn new() -> Self {
        Self {
            mean: 1_500,
            deviation: 400,
            backoff: 1,
        }
    }

    /// A grant that the model gave `expected` came back after `took`.
    pub(super) fn record(&mut self, expected: Duration, took: Duration) {
        let sample = took.as_nanos().saturating_mul(1_000) / expected.as_nanos().max(1);
        let sample = sample.min(Self::MOST);
        self.deviation = (self.deviation * 3 + self.mean.abs_diff(sample)) / 4;
        self.mean = (self.mean * 7 + sample) / 8;
        self.backoff = 1;
    }

    pub(super) fn missed(&mut self) {
        self.backoff = (self.backoff * 2).min(4);
    }

    /// A grant that the model gave `expected` took far longer than others do.
    pub(super) fn is_beyond(&self, expected: Duration, took: Duration) -> bool {
        const SLIGHT: Duration = Duration::from_millis(5);
        took > expected * (self.mean * 5 / 2) / 1_000 + SLIGHT
    }

    /// How long to wait for a grant that the model gives `expected`.
    pub(super) fn patience(&self, expected: Duration) -> Duration {
        let factor = (self.mean + 4 * self.deviation) * self.backoff;
        expected * factor.clamp(1_250, Self::MOST) / 1_000
    }
}

/// How long frames wait in the radio, estimated in the same way.
#[derive(Clone, Debug, Default)]
pub(super) struct Sojourn {
    mean: Duration,
    deviation: Duration,
    backoff: u64,
    /// Frames of which nobody said anything for so long that they were given up, and when the radio
    /// got them. The oldest first.
    given_up: VecDeque<(TxHandle, Instant)>,
}

impl Sojourn {
    const MOST: Duration = Duration::from_secs(1);
    const KEPT: usize = 16;

    /// A frame was in the radio for so long.
    pub(super) fn record(&mut self, took: Duration) {
        let took = took.min(Self::MOST);
        let off = took.saturating_sub(self.mean) + self.mean.saturating_sub(took);
        self.deviation = (self.deviation * 3 + off) / 4;
        self.mean = (self.mean * 7 + took) / 8;
        self.backoff = 1;
    }

    /// Nobody said what became of a frame that the radio got at `handed`: it waits there still, or
    /// it was lost before it. The first would be known when it is through, so this doubles the
    /// patience twice and no more: lost ones must not stop a cell.
    pub(super) fn missed(&mut self, handle: TxHandle, handed: Instant) {
        self.backoff = (self.backoff * 2).clamp(2, 4);
        if self.given_up.len() == Self::KEPT {
            self.given_up.pop_front();
        }
        self.given_up.push_back((handle, handed));
    }

    /// The radio is through with a frame that nobody waits for any more.
    pub(super) fn came_late(&mut self, handle: TxHandle, now: Instant) {
        let place = self.given_up.iter().position(|(it, _)| *it == handle);
        if let Some((_, handed)) = place.and_then(|place| self.given_up.remove(place)) {
            self.record(now.since(handed));
        }
    }

    /// How long frames wait, at the most.
    pub(super) fn usual(&self) -> Duration {
        let usual = self.mean + self.deviation * 4;
        usual.clamp(Duration::from_millis(10), Self::MOST)
    }

    /// How long to wait for a frame.
    pub(super) fn patience(&self) -> Duration {
        (self.usual() * self.backoff.max(1)).min(Self::MOST)
    }
}

/// The latest round trips, in a ring.
#[derive(Clone, Debug)]
pub(super) struct RoundTrips {
    ring: [Duration; KEPT],
    count: u64,
}

/// Token round trips: from handing a TOKEN to the driver to the arrival of its RETURN, the grant's
/// own use included; of the latest 512 that were answered at the first try.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoundTripStatus {
    /// Half were no longer than this.
    pub p50: Duration,
    /// 99 of 100 were no longer than this.
    pub p99: Duration,
    /// None was longer.
    pub max: Duration,
}

impl RoundTrips {
    pub(super) const fn new() -> Self {
        Self {
            ring: [Duration::ZERO; KEPT],
            count: 0,
        }
    }

    pub(super) const fn record(&mut self, span: Duration) {
        self.ring[(self.count % KEPT as u64) as usize] = span;
        self.count += 1;
    }

    /// Percentiles by nearest rank.
    pub(super) fn status(&self) -> RoundTripStatus {
        let filled = usize::try_from(self.count).unwrap_or(KEPT).min(KEPT);
        if filled == 0 {
            return RoundTripStatus::default();
        }
        let mut sorted = self.ring;
        let sorted = &mut sorted[..filled];
        sorted.sort_unstable();
        let rank = |percent: usize| sorted[(filled * percent).div_ceil(100).max(1) - 1];
        RoundTripStatus {
            p50: rank(50),
            p99: rank(99),
            max: rank(100),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRANT: Duration = Duration::from_millis(10);

    fn times(pace: &Pace) -> f64 {
        pace.patience(GRANT).as_secs_f64() / GRANT.as_secs_f64()
    }

    /// Whatever is observed, from nothing to far too late.
    #[test]
    fn grants_are_waited_for_by_what_they_took_so_far() {
        let mut pace = Pace::new();
        assert!((2.0..4.0).contains(&times(&pace)), "{}", times(&pace));
        // As the model says, in the end a little longer than it.
        for _ in 0..100 {
            pace.record(GRANT, GRANT);
        }
        assert!((1.2..1.3).contains(&times(&pace)), "{}", times(&pace));
        // Nobody is waited for less than the model says, however quick all were.
        for _ in 0..100 {
            pace.record(GRANT, Duration::ZERO);
        }
        assert!((1.2..1.3).contains(&times(&pace)), "{}", times(&pace));
        // The medium becomes three times slower: learned within a few visits.
        for _ in 0..8 {
            pace.record(GRANT, GRANT * 3);
        }
        assert!((3.0..8.1).contains(&times(&pace)), "{}", times(&pace));
        for _ in 0..100 {
            pace.record(GRANT, GRANT * 3);
        }
        assert!((3.0..3.3).contains(&times(&pace)), "{}", times(&pace));
        for _ in 0..100 {
            pace.record(Duration::ZERO, Duration::from_secs(u64::MAX));
        }
        assert!((8.0..8.1).contains(&times(&pace)), "{}", times(&pace));
    }

    #[test]
    fn a_grant_that_did_not_come_back_doubles_the_patience_until_one_does() {
        let mut pace = Pace::new();
        for _ in 0..100 {
            pace.record(GRANT, GRANT * 3 / 2);
        }
        let usual = times(&pace);
        let after = |pace: &mut Pace| {
            pace.missed();
            times(pace) / usual
        };
        let growth = [after(&mut pace), after(&mut pace), after(&mut pace)];
        assert!(
            (1.9..2.1).contains(&growth[0]) && (3.9..4.1).contains(&growth[1]),
            "{growth:?}"
        );
        assert!((growth[2] - growth[1]).abs() < 0.01, "{growth:?}");
        pace.record(GRANT, GRANT * 3 / 2);
        assert!((0.9..1.1).contains(&(times(&pace) / usual)));
    }

    #[test]
    fn the_radio_is_waited_for_by_how_long_it_had_frames_so_far() {
        let ms = Duration::from_millis;
        let mut radio = Sojourn::default();
        assert_eq!(radio.patience(), ms(10));
        for _ in 0..100 {
            radio.record(ms(1));
        }
        assert_eq!(radio.patience(), ms(10));
        for _ in 0..100 {
            radio.record(ms(40));
        }
        let usual = radio.patience();
        assert!(usual >= ms(38) && usual < ms(45), "{usual}");
        // The first two late ones make it patient.
        let mut jumpy = Sojourn::default();
        (0..2).for_each(|_| jumpy.record(ms(40)));
        assert!(jumpy.patience() >= ms(40), "{}", jumpy.patience());
        radio.missed(TxHandle(1), Instant::ZERO);
        assert_eq!(radio.patience(), usual * 2);
        (2..20).for_each(|n| radio.missed(TxHandle(n), Instant::ZERO));
        assert_eq!(radio.patience(), usual * 4);
        assert_eq!(radio.usual(), usual);
        radio.record(ms(40));
        assert!(radio.patience() < ms(45));
        (0..100).for_each(|_| radio.record(Duration::from_secs(u64::MAX)));
        assert_eq!(radio.patience(), Duration::from_secs(1));
    }

    /// A radio that needs 300 ms is given up again and again, until its first word.
    #[test]
    fn what_comes_late_makes_patient_what_never_comes_does_not() {
        let ms = |ms| Instant::ZERO + Duration::from_millis(ms);
        let mut radio = Sojourn::default();
        (0..100).for_each(|_| radio.record(Duration::from_millis(1)));
        for n in 0..40 {
            radio.missed(TxHandle(n), ms(u64::from(n)));
        }
        let lost = radio.patience();
        assert_eq!(lost, Duration::from_millis(40));
        // Too old to be known, and never given up.
        radio.came_late(TxHandle(3), ms(300));
        radio.came_late(TxHandle(99), ms(300));
        assert_eq!(radio.patience(), lost);
        radio.came_late(TxHandle(30), ms(330));
        assert!(radio.patience() > Duration::from_millis(300));
        let once = radio.patience();
        radio.came_late(TxHandle(30), ms(600));
        assert_eq!(radio.patience(), once);
    }

    #[test]
    fn nearest_rank_of_the_latest() {
        let mut trips = RoundTrips::new();
        assert_eq!(trips.status(), RoundTripStatus::default());
        for us in 1..=100 {
            trips.record(Duration::from_micros(us));
        }
        let status = trips.status();
        assert_eq!(status.p50, Duration::from_micros(50));
        assert_eq!(status.p99, Duration::from_micros(99));
        assert_eq!(status.max, Duration::from_micros(100));
        for _ in 0..KEPT {
            trips.record(Duration::from_micros(7));
        }
        assert_eq!(trips.status().max, Duration::from_micros(7));
    }
}
