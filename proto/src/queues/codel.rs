//! Controlled Delay (CoDel, RFC 8289) for one flow queue that is served in visits.
//!
//! A packet is late when it waited longer than the *target*. When every packet of an *interval*
//! was late, the queue stands rather than absorbs a burst, and one packet is dropped; more follow
//! at `interval / sqrt(count)` until packets are in time again. Packets cannot be marked (ECN)
//! instead: they are in the kernel, and a verdict only accepts or drops.
//!
//! # Target and interval in a token cell
//!
//! RFC 8289 takes 5 ms and 100 ms for a link that always sends. Here a flow is served once in a
//! round of 20 to 200 ms, and a wait of one round is nobody's fault. Let `R` be the pause between
//! two visits and `N` the packets that one visit sends. A TCP sender is clocked by
//! acknowledgements, so it refills the queue just after a visit, and with a window of `W` packets:
//!
//! - `W = N` just fills every visit; each packet waits `R`. Less wastes air.
//! - `N < W < 2N`: at each visit some packets have waited `2R` and some `R`.
//! - `W >= 2N`: each packet has waited `2R` or more. The window can be halved without wasting air.
//!
//! So the target must lie between `R` and `2R`: at 5 ms the window would be cut at `N`, and air
//! lost after each cut; above `2R` nothing is won. It is `1.5 R`, and 5 ms at least. The wait of
//! bulk is then some two rounds. A sender sees a drop after a round trip, which contains up to
//! `2R`, and the interval has to be longer than that (RFC 8289, 4): it is twice the target, and
//! 100 ms at least.
//!
//! In the tests, a model of Reno through rounds of 20 to 200 ms fills its visits and waits less
//! than two rounds. With 5 ms and 100 ms the same model lost up to 22 % of the visits' room.
//!
//! `R` is the flow's own: among many flows a visit may not reach each. It does not depend on how
//! long the queue is, so target and queue cannot drive each other up.

#[cfg(test)]
mod tests;

use crate::time::{Duration, Instant};

const MIN_TARGET: Duration = Duration::from_millis(5);
const MIN_INTERVAL: Duration = Duration::from_millis(100);
/// A longer pause is an outage (a scan, a roam), and says nothing of rounds.
const MAX_PAUSE: Duration = Duration::from_millis(500);
/// A flow that keeps no more than this behind its head does not stand (RFC 8289, 5).
const MAX_PACKET: u64 = 1_514;

/// The state of one flow queue.
#[derive(Clone, Debug, Default)]
pub(super) struct Codel {
    rounds: Rounds,
    /// When packets will have been late for an interval; none while they are in time.
    late_until: Option<Instant>,
    dropping: bool,
    next_drop: Instant,
    /// Drops since the dropping began, and what it was at the beginning.
    count: u64,
    first_count: u64,
}

impl Codel {
    /// Decides on the head of the queue, which came at `arrived` and has `behind` octets behind
    /// it: true if it is to be dropped, false if it is sent now. The caller does so at once.
    pub(super) fn drops(&mut self, now: Instant, arrived: Instant, behind: u64) -> bool {
        self.rounds.visit(now, arrived);
        let interval = self.rounds.interval();
        if !self.stands(now, arrived, behind) {
            self.dropping = false;
            return false;
        }
        if !self.dropping {
            // After a short good time the rate of drops that was right before is so again.
            let more = self.count - self.first_count;
            let recent = now.since(self.next_drop) < interval * 16;
            self.count = if recent && more > 1 { more } else { 1 };
            self.first_count = self.count;
            self.dropping = true;
            self.next_drop = now + spacing(interval, self.count);
            return true;
        }
        // After an outage the drops that were due meanwhile are not made up for.
        self.next_drop = self.next_drop.max(now - interval);
        if now < self.next_drop {
            return false;
        }
        self.count = self.count.saturating_add(1);
        self.next_drop += spacing(interval, self.count);
        true
    }

    /// True if packets have been late for an interval.
    fn stands(&mut self, now: Instant, arrived: Instant, behind: u64) -> bool {
        if now.since(arrived) < self.rounds.target() || behind <= MAX_PACKET {
            self.late_until = None;
            return false;
        }
        let interval = self.rounds.interval();
        now >= *self.late_until.get_or_insert(now + interval)
    }
}

/// The control law of RFC 8289, 5: `interval / sqrt(count)`.
fn spacing(interval: Duration, count: u64) -> Duration {
    let nanos = interval.as_nanos();
    Duration::from_nanos((nanos * nanos / count).isqrt())
}

/// The pause between the visits to a flow, while it has something to send.
#[derive(Clone, Debug, Default)]
struct Rounds {
    pause: Duration,
    last: Instant,
}

impl Rounds {
    /// Notes that a packet is served that came at `arrived`. A longer pause counts at once; it is
    /// forgotten over four times its length.
    fn visit(&mut self, now: Instant, arrived: Instant) {
        let seen = now.since(self.last.max(arrived)).min(MAX_PAUSE);
        self.pause = seen.max(self.pause - seen / 4);
        self.last = now;
    }

    fn target(&self) -> Duration {
        (self.pause * 3 / 2).max(MIN_TARGET)
    }

    fn interval(&self) -> Duration {
        (self.target() * 2).max(MIN_INTERVAL)
    }
}
