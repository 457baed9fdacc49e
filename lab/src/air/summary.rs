//! What the air of an arm was used for, for its result.

use std::collections::BTreeMap;

use rether_proto::time::Duration;
use rether_sim::medium::Counters;
use serde::Serialize;

use super::radios::Radio;

/// What is counted for all radios together.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Totals {
    /// Frames the kernel did not take for a radio.
    pub(super) refused: u64,
    /// Reports the kernel did not want.
    pub(super) unwanted: u64,
    /// Times the kernel had to throw frames away.
    pub(super) overruns: u64,
    /// Frames that could not be read, or of a radio that is not known.
    pub(super) strange: u64,
    wakes: u64,
    late: Duration,
    latest: Duration,
}

impl Totals {
    /// Something that was due came to pass so much later.
    pub(super) fn woken(&mut self, late: Duration) {
        self.wakes += 1;
        self.late += late;
        self.latest = self.latest.max(late);
    }
}

/// Since the clock of the arm started.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Summary {
    /// How long that is.
    pub seconds: f64,
    /// By node.
    pub radios: BTreeMap<String, OfRadio>,
    /// The share of the time that somebody sent a frame or an Ack, if all hear each other:
    /// the sum over radios, in which frames that collided count twice.
    pub busy: f64,
    /// The share of all transmissions to one receiver that it did not acknowledge.
    pub unacknowledged: f64,
    /// Frames a radio's kernel did not take.
    pub refused: u64,
    /// Reports about frames that the kernel had dropped meanwhile.
    pub unwanted: u64,
    /// Times frames were lost because they were not fetched in time.
    pub overruns: u64,
    /// Frames that were not understood.
    pub strange: u64,
    /// How late the medium woke, in microseconds of virtual time; the model's own times are kept.
    pub late_us: Late,
}

/// A distribution, in short.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Late {
    /// Mean.
    pub mean: f64,
    /// Maximum.
    pub max: f64,
}

/// One radio's part.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct OfRadio {
    /// What the model counted; durations are in nanoseconds.
    #[serde(flatten)]
    pub counters: Counters,
    /// Transmissions beyond the first of each frame.
    pub retries: u64,
    /// The share of its transmissions that nobody acknowledged.
    pub unacknowledged: f64,
    /// Frames that found its queue full.
    pub unsent: u64,
    /// The most frames that ever waited.
    pub most_waiting: usize,
}

impl Summary {
    pub(super) fn new<'a>(
        time: Duration,
        radios: impl Iterator<Item = (&'a Radio, Counters)>,
        totals: &Totals,
    ) -> Self {
        let mut all = Counters::default();
        let radios = radios.map(|(radio, counters)| {
            all.airtime += counters.airtime + counters.ack_airtime;
            all.transmissions += counters.transmissions;
            all.acked += counters.acked;
            let done = counters.acked + counters.dropped;
            let part = OfRadio {
                retries: counters.transmissions.saturating_sub(done),
                unacknowledged: counters.collision_probability(),
                counters,
                unsent: radio.unsent,
                most_waiting: radio.most_held,
            };
            (radio.plan.name.clone(), part)
        });
        let radios = radios.collect();
        let seconds = time.as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "a mean for people")]
        let wakes = totals.wakes.max(1) as f64;
        Self {
            seconds,
            radios,
            busy: if time.is_zero() {
                0.0
            } else {
                all.airtime.as_secs_f64() / seconds
            },
            unacknowledged: all.collision_probability(),
            refused: totals.refused,
            unwanted: totals.unwanted,
            overruns: totals.overruns,
            strange: totals.strange,
            late_us: Late {
                mean: totals.late.as_secs_f64() * 1e6 / wakes,
                max: totals.latest.as_secs_f64() * 1e6,
            },
        }
    }
}
