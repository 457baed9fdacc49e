//! Air for stations without an agent, in the 802.11e profile.
//!
//! There whoever holds a token sends before them. Where somebody always does, they would never send,
//! and never answer what comes down. So best effort is silent for a while in each cycle: for as much
//! as they showed to want, and at most for what each would have as one more of the round-robin. What
//! is promised goes on meanwhile; it goes before them anyway. By DCF they need no such thing.

use super::Coordinator;
use super::plan::LARGEST_PACKET;
use super::station::Station;
use crate::airtime::{Phy, Turn};
use crate::time::{Duration, Instant};

/// If none of them sent anything lately, some air is theirs once in so many cycles, or nobody would
/// see that they want it; else in each.
const RARELY: u64 = 4;
/// Who had best effort to send in this time may have it again.
const LATELY: Duration = Duration::from_millis(100);
/// Time constant by which the share of the time is smoothed.
const SHARE_MEMORY: Duration = Duration::from_millis(1_500);

/// What the profile has a frame of theirs wait for in the mean, beyond what it waits by DCF: ECWmin 5
/// and AIFSN 7 of the strict one.
pub(super) fn kept_behind(phy: Phy) -> Duration {
    phy.slot() * 16
}

/// The share of the air that one of them should be able to use, when this was `wish` until now and it
/// used `used` of all: four times as much if that is half or more, as much if it is a fourth, else less:
/// four times of what it uses, but half of what it was at once. TCP that has hardly begun uses little
/// of what it gets. In millionths.
pub(super) fn next_wish(wish: u32, used: u32) -> u32 {
    let wish = if used.saturating_mul(2) >= wish {
        wish.max(used).saturating_mul(4)
    } else {
        wish.min((used * 4).max(wish / 2))
    };
    wish.min(1_000_000)
}

/// The air that best effort leaves them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct OpenAir {
    /// What they have not had yet.
    pub(super) due: Duration,
    /// Best effort is silent until then.
    until: Instant,
    /// Nobody else had best effort since.
    was_last: bool,
    /// What they had in this cycle.
    had: Duration,
    /// Share of the time that they had, in millionths.
    share: u32,
}

impl OpenAir {
    /// When it ends, if there is any now.
    pub(super) fn end(&self, now: Instant) -> Option<Instant> {
        (self.until > now).then_some(self.until)
    }

    /// Something promised takes so much of it.
    pub(super) fn interrupt(&mut self, now: Instant, airtime: Duration) {
        if self.until > now {
            self.until += airtime;
        }
    }

    /// Somebody else has best effort.
    pub(super) fn others_served(&mut self) {
        self.was_last = false;
    }

    fn close_cycle(&mut self, length: Duration) {
        let length = length.min(SHARE_MEMORY);
        let kept = SHARE_MEMORY.saturating_sub(length) * u64::from(self.share);
        let fresh = core::mem::take(&mut self.had) * 1_000_000;
        let share = (kept + fresh).as_nanos() / SHARE_MEMORY.as_nanos();
        self.share = u32::try_from(share).unwrap_or(1_000_000).min(1_000_000);
    }
}

impl Coordinator {
    /// A cycle has begun: what they are due in it. The cycle before was `length` long.
    pub(super) fn earn_open_air(&mut self, length: Duration) {
        self.open_air.close_cycle(length);
        // Where nobody has best effort to send, the air is theirs as it is. Who sends little at a time
        // is not in the ring at every moment.
        let now = self.now;
        let lately = |at: Instant| now.since(at) <= LATELY;
        let is_served = |s: &Station| s.enlisted || s.served.is_some_and(lately);
        let is_needed = self.stations.values().any(is_served) && self.strangers().next().is_some();
        if self.config.turn == Turn::Paired || !is_needed {
            self.open_air.due = Duration::ZERO;
            return;
        }
        let shares = |s: &&Station| is_served(s) || (s.agent.is_none() && s.counted.wish() > 0);
        let fair = self.cycle.best_effort() / self.stations.values().filter(shares).count() as u64;
        let cycle = self.cycle.length;
        let strangers = self.stations.values_mut().filter(|s| s.agent.is_none());
        let wanted = strangers.fold(Duration::ZERO, |sum, station| {
            // What came down to it is of its share.
            let before = core::mem::replace(&mut station.down_before, station.used.down);
            let left = fair.saturating_sub(station.used.down.saturating_sub(before));
            sum + (cycle * u64::from(station.counted.wish()) / 1_000_000).min(left)
        });
        let least = self.least_open_air();
        let is_wanted = self.strangers().any(|station| station.counted.wish() > 0);
        let look = if is_wanted { least } else { least / RARELY };
        // What they get without it they need not be left.
        let taken = cycle * u64::from(self.unasked()) / 1_000_000;
        let earned = wanted.max(look).saturating_sub(taken);
        self.open_air.due = (self.open_air.due + earned).min((earned * 2).max(least));
    }

    /// The share of the air that they use beyond what is left to them, in millionths: that much takes
    /// from promises.
    pub(super) fn unasked(&self) -> u32 {
        let used: u32 = self.strangers().map(|s| s.counted.share()).sum();
        used.saturating_sub(self.open_air.share)
    }

    /// Those without an agent.
    pub(super) fn strangers(&self) -> impl Iterator<Item = &Station> {
        self.stations.values().filter(|s| s.agent.is_none())
    }

    /// Whether best effort is to be silent now, for stations without an agent.
    pub(super) fn is_air_open(&mut self) -> bool {
        let now = self.now;
        if self.open_air.end(now).is_some() {
            return true;
        }
        let due = self.open_air.due;
        if due.is_zero() || due < self.least_open_air() {
            return false;
        }
        // Promised visits may take more than they should: the others are not to wait for ever.
        let has_agent = |address| {
            self.stations
                .get(address)
                .is_some_and(|s| s.agent.is_some())
        };
        if self.open_air.was_last && self.cycle.ring.iter().any(has_agent) {
            return false;
        }
        self.open_air.was_last = true;
        self.open_air.due = Duration::ZERO;
        self.open_air.had += due;
        self.open_air.until = self.radio_free.max(now) + due;
        self.stats.open_air += due;
        self.cycle.charge(due);
        true
    }

    /// What two of the longest packets of the slowest of them take, or a turn if that is less.
    fn least_open_air(&self) -> Duration {
        let phy = self.config.phy;
        let each = |s: &Station| phy.exchange(s.link.up, LARGEST_PACKET) + kept_behind(phy);
        let longest = self.strangers().map(each).max().unwrap_or_default();
        (longest * 2).min(self.config.quantum)
    }
}
