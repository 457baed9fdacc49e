//! Air for stations without an agent, in the 802.11e profile.
//!
//! There whoever holds a token sends before them. Where somebody always does, they would never send,
//! and never answer what comes down. So best effort is silent for a while in each cycle: for as much
//! as they showed to want, and at most for what each would have as one more of the round-robin. What
//! is promised goes on meanwhile; it goes before them anyway. By DCF they need no such thing.

use super::Coordinator;
use super::plan::LARGEST_PACKET;
use super::station::Station;
use crate::airtime::Turn;
use crate::time::{Duration, Instant};

/// Some air is theirs once in so long, or nobody would see that they want more,
const LOOK: Duration = Duration::from_millis(100);
/// or, if none of them sent anything lately, in so long.
const RARE_LOOK: Duration = Duration::from_millis(400);
/// Time constant by which the share of the time is smoothed.
const SHARE_MEMORY: Duration = Duration::from_millis(1_500);

/// The air that best effort leaves them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct OpenAir {
    /// What they have not had yet.
    due: Duration,
    /// Best effort is silent until then.
    until: Instant,
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

    /// Share of the time that they had lately, in millionths: what they used of it took nothing from
    /// promises.
    pub(super) const fn share(&self) -> u32 {
        self.share
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
        let strangers = self.stations.values().filter(|s| s.agent.is_none());
        // Where nobody else has best effort to send, the air is theirs as it is.
        let rivals = self.cycle.ring.len() as u64;
        if self.config.turn == Turn::Paired || rivals == 0 || strangers.clone().next().is_none() {
            self.open_air.due = Duration::ZERO;
            return;
        }
        let cycle = self.cycle.length;
        let wishes = strangers.map(|station| u64::from(station.counted.wish()));
        let wishes = wishes.filter(|wish| *wish > 0);
        let wishing = wishes.clone().count() as u64;
        let fair = self.cycle.best_effort() / (rivals + wishing);
        let wanted = wishes.fold(Duration::ZERO, |sum, wish| {
            sum + (cycle * wish / 1_000_000).min(fair)
        });
        let pause = if wishing == 0 { RARE_LOOK } else { LOOK };
        let look = self.least_open_air() * cycle.as_nanos() / pause.as_nanos();
        let due = self.open_air.due + wanted.max(look);
        self.open_air.due = due.min(cycle.max(self.least_open_air()));
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
        self.open_air.due = Duration::ZERO;
        self.open_air.had += due;
        self.open_air.until = self.radio_free.max(now) + due;
        self.stats.open_air += due;
        self.cycle.charge(due);
        true
    }

    /// What two of the longest packets of the slowest of them take, or a turn if that is less.
    fn least_open_air(&self) -> Duration {
        let strangers = self.stations.values().filter(|s| s.agent.is_none());
        let each = |s: &Station| self.config.phy.exchange(s.link.up, LARGEST_PACKET);
        let longest = strangers.map(each).max().unwrap_or_default();
        (longest * 2).min(self.config.quantum)
    }
}
