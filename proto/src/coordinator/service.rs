//! When a station with promises is visited: as rarely as its delay bounds allow, and just after
//! its packets have come.

use crate::airtime::Turn;
use crate::ledger::{Entry, FlowId};
use crate::policy::Direction;
use crate::time::{Duration, Instant};
use crate::wire::Return;

/// How long visits may be put off for best effort, in sixteenths of what a delay bound leaves. Where
/// each grant pays for backoffs, longer ones pay for fewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Patience {
    /// A visit for what goes up, after its packets have come.
    up: u64,
    /// Packets for a station wait so long for its next token.
    pub(super) down: u64,
    /// They are late after so long.
    pub(super) down_latest: u64,
}

impl Patience {
    pub(super) const fn of(turn: Turn) -> Self {
        match turn {
            Turn::Paired => Self {
                up: 11,
                down: 10,
                down_latest: 13,
            },
            Turn::Burst => Self {
                up: 9,
                down: 9,
                down_latest: 12,
            },
        }
    }
}

/// How the promised uplink of a station is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Service {
    /// Between two visits: a whole number of packets.
    pub(super) interval: Duration,
    /// Between two packets of the flow that asks for the shortest interval.
    pub(super) period: Duration,
    /// How long after `due` a visit may begin.
    slack: Duration,
    /// When the next visit may begin: all its packets should have come by then.
    pub(super) due: Instant,
    /// When the present one might have begun.
    planned: Instant,
    /// Visits in a row that found no packet.
    empty: u8,
    /// When the last of them did.
    emptied: Instant,
    /// Visits in a row that did not take all.
    left_over: u8,
}

impl Service {
    /// Of the flows that a station sends, if there are any.
    pub(super) fn of<'a>(
        entries: impl Iterator<Item = (&'a FlowId, &'a Entry)>,
        turn: Turn,
        now: Instant,
    ) -> Option<Self> {
        let busy = entries.filter(|(_, entry)| !entry.up_idle);
        let up = busy.filter_map(|(id, entry)| entry.towards(id, Direction::Up));
        let services = up.map(|promise| {
            let (period, interval) = (promise.period(), promise.interval());
            // The first of the packets of an interval has waited for so long when the last comes.
            let waited = interval.saturating_sub(period);
            Self {
                interval,
                period,
                slack: promise.delay.saturating_sub(waited) * Patience::of(turn).up / 16,
                due: now,
                planned: now,
                empty: 0,
                emptied: now,
                left_over: 0,
            }
        });
        services.min_by_key(|service| service.interval)
    }

    /// Takes over what changed of the promises. The rhythm stays, unless it is too slow for a promise
    /// that came: then the visit that `other` begins with is the first of a new one.
    pub(super) fn adopt(&mut self, other: Self) {
        let due = if other.interval < self.interval {
            self.due.min(other.due)
        } else {
            self.due
        };
        *self = Self {
            due,
            planned: self.planned,
            empty: self.empty,
            emptied: self.emptied,
            left_over: self.left_over,
            ..other
        };
    }

    /// The latest time at which the next visit must begin. While visits find nothing, packets may have
    /// come since the last one, not only since this one is due.
    pub(super) fn latest(&self) -> Instant {
        let latest = self.due + self.slack;
        // The first is followed by another within a part of a period.
        if self.empty < 2 {
            return latest;
        }
        let waited = self.interval.saturating_sub(self.period);
        latest.min(self.due.max(self.emptied + self.slack + waited))
    }

    /// A visit begins now.
    pub(super) fn begin(&mut self, now: Instant) {
        self.planned = self.due;
        self.due = now + self.interval;
    }

    /// The visit found these packets: those of the next will come an interval after the last one
    /// did. `released` is when the agent let them go.
    pub(super) fn end(&mut self, now: Instant, released: Instant, answer: &Return) {
        if answer.backlog.rt.packets > 0 {
            // Once at once; then not so soon: a station that is off its channel, or lies, would have
            // all of the air.
            let pause = if self.left_over == 0 && !answer.refused {
                Duration::ZERO
            } else {
                self.interval / 4
            };
            self.left_over = self.left_over.saturating_add(1);
            self.due = now + pause;
            if answer.sent_rt > 0 {
                let paid = self.paid_until(answer).max(self.forgotten(now));
                self.due = self.due.min(paid);
            }
            return;
        }
        self.left_over = 0;
        if answer.sent_rt > 0 {
            // A flow that sends when it can, such as TCP, tells no time by its packets: its visits
            // are made up for, so that it gets what it is promised although each of them is late.
            let more = u64::from(answer.sent_rt).saturating_sub(self.packets());
            let late = released
                .since(self.planned)
                .saturating_sub(self.period * more);
            let next = released + self.interval;
            let earlier = answer.newest.max(late).min(next.since(now));
            self.empty = 0;
            self.due = Instant::from_nanos(next.as_nanos() - earlier.as_nanos());
        } else {
            // A little early; or nobody speaks.
            self.empty = self.empty.saturating_add(1);
            self.emptied = released;
            let pause = if self.empty == 1 {
                self.period.min(self.interval) / 4
            } else {
                self.interval
            };
            self.due = now + pause;
        }
    }

    /// How many packets come in an interval.
    fn packets(&self) -> u64 {
        self.interval.as_nanos() / self.period.as_nanos().max(1)
    }

    /// Until when a visit that left packets behind has served what was promised: who always has
    /// packets gets the promise although each visit is late.
    fn paid_until(&self, answer: &Return) -> Instant {
        self.planned + self.period * u64::from(answer.sent_rt).max(self.packets())
    }

    /// What was missed before that is not made up for: others have promises, too.
    fn forgotten(&self, now: Instant) -> Instant {
        Instant::from_nanos(now.as_nanos().saturating_sub(self.interval.as_nanos()))
    }

    /// Packets wait, says the agent. However often it says so, it does not get all of the air.
    pub(super) fn asked(&mut self, now: Instant) {
        let earliest = self.planned + self.interval / 4;
        self.due = self.due.min(now.max(earliest));
    }

    /// The visit came to nothing: again soon.
    pub(super) fn missed(&mut self, now: Instant) {
        self.due = now + self.interval / 8;
    }
}
