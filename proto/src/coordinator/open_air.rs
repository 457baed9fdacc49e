//! Air for stations without an agent, in the 802.11e profile.
//!
//! There whoever holds a token sends before them. Where somebody always does, they would never send,
//! and never answer what comes down. So best effort is silent for a while in each cycle: for as much
//! as they showed to want, and at most for what each would have as one more of the round-robin. What
//! is promised goes on meanwhile; it goes before them anyway. By DCF they need no such thing.

use super::Coordinator;
use super::counters::smoothed;
use super::plan::LARGEST_PACKET;
use super::station::Station;
use crate::airtime::{Phy, Turn};
use crate::mac::MacAddr;
use crate::time::{Duration, Instant};

/// If none of them wants any, some air is theirs once in so many cycles, or nobody would see that they
/// do; else in each.
const RARELY: u64 = 4;
/// Such air is no more than this part of all, whose longest frames take 12 ms each at 1 Mb/s,
const IDLE_PART: u64 = 50;
/// or, if one wants some, than this.
const BUSY_PART: u64 = 20;
/// Who had best effort to send in this time may have it again.
const LATELY: Duration = Duration::from_millis(100);

/// What the profile has a frame of theirs wait for, beyond what it waits by DCF: with ECWmin 5 and AIFSN 7
/// of the strict one 13 slots in the mean, and some for what goes before it.
pub(super) fn kept_behind(phy: Phy) -> Duration {
    phy.slot() * 16
}

/// The share of the air that one of them should be able to use, when this was `wish` until now and it
/// used `used` of all: four times as much if that is a fourth or more, else less: four times of what it
/// uses, but half of what it was at once. TCP that has hardly begun uses little of what it gets. In
/// millionths.
pub(super) fn next_wish(wish: u32, used: u32) -> u32 {
    let wish = if used.saturating_mul(4) >= wish {
        wish.max(used).saturating_mul(4)
    } else {
        (used * 4).max(wish / 2)
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
    /// At the latest until then, whatever interrupts it: what is promised may take all of the air.
    latest: Instant,
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

    /// Something promised, or what goes down to one of them, takes so much of it.
    pub(super) fn interrupt(&mut self, now: Instant, airtime: Duration) {
        if self.until > now {
            self.until = (self.until + airtime).min(self.latest);
        }
    }

    /// Somebody else has best effort.
    pub(super) fn others_served(&mut self) {
        self.was_last = false;
    }

    fn close_cycle(&mut self, length: Duration) {
        let had = core::mem::take(&mut self.had);
        self.share = smoothed(self.share, length, had * 1_000_000);
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
        let (phy, cycle) = (self.config.phy, self.cycle.length);
        // Each has as many frames as any other, but theirs take longer.
        let weight = |s: &Station| {
            let is_behind = s.is_stranger();
            let takes_part = is_served(s) || (is_behind && s.counted.wish() > 0);
            if !takes_part {
                return 0;
            }
            let each = phy.exchange(s.link.up, LARGEST_PACKET).as_nanos().max(1);
            let longer = kept_behind(phy).as_nanos() * u64::from(is_behind);
            (each + longer) * 1_000 / each
        };
        let weights: u64 = self.stations.values().map(weight).sum();
        let best_effort = self.cycle.best_effort();
        let of_cycle = |millionths: u32| cycle * u64::from(millionths) / 1_000_000;
        let (mut wanted, mut used) = (Duration::ZERO, Duration::ZERO);
        for station in self.stations.values_mut().filter(|s| s.is_stranger()) {
            // What came down to it is of its share.
            let down = core::mem::take(&mut station.down_lately);
            let share = (best_effort * weight(station) / weights).saturating_sub(down);
            wanted += of_cycle(station.counted.wish()).min(share);
            used += of_cycle(station.counted.share()).min(share);
        }
        let least = self.least_open_air();
        let look = if wanted.is_zero() {
            (least / RARELY).min(cycle / IDLE_PART)
        } else {
            least.min(cycle / BUSY_PART)
        };
        // What they use without being left it need not be left to them. Frames do not fill what is left.
        let unasked = used.saturating_sub(of_cycle(self.open_air.share) * 7 / 8);
        let earned = wanted.max(look).saturating_sub(unasked);
        self.open_air.due = (self.open_air.due + earned).min((earned * 2).max(least));
    }

    /// A promised visit to `address` begins: what it takes is not of their air.
    pub(super) fn interrupt_open_air(&mut self, address: MacAddr) {
        if self.open_air.end(self.now).is_some() {
            let airtime = self.rt_visit_airtime(address);
            self.open_air.interrupt(self.now, airtime);
        }
    }

    /// The share of the air that they use beyond what is left to them, in millionths: that much takes
    /// from promises.
    pub(super) fn unasked(&self) -> u32 {
        let used: u32 = self.strangers().map(|s| s.counted.share()).sum();
        used.saturating_sub(self.open_air.share)
    }

    /// Those without an agent, or with one that is silent.
    pub(super) fn strangers(&self) -> impl Iterator<Item = &Station> {
        self.stations.values().filter(|s| s.is_stranger())
    }

    /// Whether best effort is to be silent now, for stations without an agent.
    pub(super) fn is_air_open(&mut self) -> bool {
        let now = self.now;
        if self.open_air.end(now).is_some() {
            return true;
        }
        let (due, least) = (self.open_air.due, self.least_open_air());
        if due.is_zero() || least.is_zero() || due < least {
            return false;
        }
        // Promised visits may take more than they should: the others are not to wait for ever.
        let is_other = |address| self.stations.get(address).is_some_and(|s| !s.is_stranger());
        if self.open_air.was_last && self.cycle.ring.iter().any(is_other) {
            return false;
        }
        self.open_air.was_last = true;
        self.open_air.due = Duration::ZERO;
        self.open_air.had += due;
        let begin = self.radio_free.max(now);
        (self.open_air.until, self.open_air.latest) = (begin + due, begin + due * 2);
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
