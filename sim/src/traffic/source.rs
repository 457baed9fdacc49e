//! When a flow's applications send.

use rether_proto::rng::Rng;
use rether_proto::time::{Duration, Instant};

/// How a flow's packets come about.
#[derive(Debug)]
pub(crate) enum Source {
    /// A packet every so often.
    Paced { interval: Duration },
    /// As many under way as a socket's buffer holds, or as many as the host's queue takes if that
    /// is less; the next when one is done.
    Saturating {
        outstanding: u32,
        window: u32,
        /// The window that it grows to.
        most: u32,
    },
    /// On and off in turn, for exponentially distributed times.
    Bursty {
        interval: Duration,
        /// When the present state ends, and whether it is on.
        on_until: Instant,
    },
}

/// Packets of 1500 octets that Linux's default socket buffer of 212,992 octets holds.
pub(crate) const SOCKET_BUFFER: u32 = 92;
/// Mean length of the on and of the off times of a bursty source.
const BURST: Duration = Duration::from_millis(500);

impl Source {
    /// When the packet after the one of `now` is due; `None` if something else decides.
    pub(crate) fn next(&mut self, now: Instant, rng: &mut Rng) -> Option<Instant> {
        match self {
            Self::Paced { interval } => Some(now + *interval),
            Self::Saturating { .. } => None,
            Self::Bursty { interval, on_until } => {
                let next = now + *interval;
                if next < *on_until {
                    return Some(next);
                }
                let wakes = *on_until + exponential(BURST, rng);
                *on_until = wakes + exponential(BURST, rng);
                Some(wakes.max(next))
            }
        }
    }
}

/// Exponentially distributed with this mean.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a random time; the logarithm of a share is negative"
)]
fn exponential(mean: Duration, rng: &mut Rng) -> Duration {
    let share = (f64::from(rng.next_u32()) + 1.0) / (f64::from(u32::MAX) + 1.0);
    Duration::from_nanos((mean.as_nanos() as f64 * -libm::log(share)) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bursty_source_is_on_half_of_the_time() {
        let mut rng = Rng::new(3);
        let interval = Duration::from_millis(1);
        let mut source = Source::Bursty {
            interval,
            on_until: Instant::ZERO,
        };
        let end = Instant::ZERO + Duration::from_secs(2_000);
        let (mut now, mut packets) = (Instant::ZERO, 0);
        while now < end {
            now = source.next(now, &mut rng).unwrap();
            packets += 1;
        }
        let share = f64::from(packets) / 2e6;
        assert!((share - 0.5).abs() < 0.05, "{share}");
    }
}
