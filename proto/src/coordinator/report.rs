//! The promise report: what each flow was promised, offered and given in each second, and why it
//! was given less.
//!
//! Downlink figures are exact: every packet of a promised flow is timed from its arrival to its
//! release. Uplink figures come from RETURNs, which count packets per station: the share of each of
//! its flows is taken by their promised rates, at the size of packet that was promised, and how long
//! packets waited at the station is not known. What a station holds that answers no tokens is not
//! known either: such a second is never taken for one in which the application sent less.

mod answers;

use alloc::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use crate::ledger::{Entry, FlowId};
use crate::machine::{Packet, PacketId, Verdict};
use crate::policy::{Direction, Promise};
use crate::time::{Duration, Instant};
use crate::wire::{Pressure, Return};

pub(super) use answers::Answers;

/// Length of a window.
const WINDOW: Duration = Duration::from_secs(1);
/// Windows kept of each flow and way.
const KEPT: usize = 60;
/// Waits kept of each flow and way, for their percentile.
const WAITS: usize = 128;
/// Windows of the longer mean.
const TEN: usize = 10;
/// Packets that wait for release at a time, at most; more are not timed.
const MAX_PENDING: usize = 8_192;
/// Less than so many thousandths of what it should be is too little.
const ENOUGH: u64 = 950;
/// More tries for a frame than this, in thousandths, explain a miss.
const MANY_TRIES: u32 = 1_300;
/// More tries for a token until its RETURN came explain a miss, too: one more takes not the time of a
/// frame, but that for which its grant was valid.
const MANY_TOKENS: u32 = 1_050;
/// A larger share of the air than this, in thousandths, explains a miss.
const MUCH_UNREGISTERED: u16 = 50;

/// Why a flow was given less than was promised, or late.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// It was given all that it sent, which was less. Nothing was missed.
    ApplicationSentLess,
    /// A PHY rate fell.
    RateFall,
    /// Stations without an agent use much of the air.
    UnregisteredLoad,
    /// Frames are lost on the air, for instance to a neighbour's cell; tokens and RETURNs among them.
    LostFrames,
    /// It came from the wired side in bursts beyond its promise.
    WiredSide,
    /// The station's agent answers no tokens, or there is none.
    AgentSilent,
    /// None of these: the coordinator did not give it its turn in time.
    Schedule,
}

impl core::fmt::Display for Cause {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::ApplicationSentLess => "the application sent no more",
            Self::RateFall => "a PHY rate fell",
            Self::UnregisteredLoad => "stations without an agent use the air",
            Self::LostFrames => "frames are lost on the air",
            Self::WiredSide => "it came from the wired side in bursts",
            Self::AgentSilent => "the station's agent is silent",
            Self::Schedule => "its turn came too late",
        })
    }
}

/// One second of one flow in one way. Octets are of whole IP packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// How long it was.
    pub span: Duration,
    /// Octets that were promised.
    pub promised: u64,
    /// Octets that the application sent.
    pub offered: u64,
    /// Octets that were sent on the air.
    pub delivered: u64,
    /// Packets sent.
    pub packets: u32,
    /// Packets that waited longer than the delay bound.
    pub late: u32,
    /// Why less than the promise was delivered, or late.
    pub cause: Option<Cause>,
}

impl Window {
    /// True if the promise was not kept.
    #[must_use]
    pub fn is_missed(&self) -> bool {
        !matches!(self.cause, None | Some(Cause::ApplicationSentLess))
    }

    /// Bits per second.
    #[must_use]
    pub fn bit_rate(&self, octets: u64) -> u64 {
        let nanos = u128::from(self.span.as_nanos()).max(1);
        u64::try_from(u128::from(octets) * 8_000_000_000 / nanos).unwrap_or(u64::MAX)
    }

    fn add(&mut self, other: &Self) {
        self.span += other.span;
        self.promised += other.promised;
        self.offered += other.offered;
        self.delivered += other.delivered;
        self.packets = self.packets.saturating_add(other.packets);
        self.late = self.late.saturating_add(other.late);
        if other.is_missed() || self.cause.is_none() {
            self.cause = other.cause;
        }
    }
}

/// What is reported of one way of a flow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WayReport {
    /// The last whole second.
    pub last: Window,
    /// The last ten, or as many as there are, added up; with the last cause of a miss.
    pub ten: Window,
    /// Seconds that are remembered, at most 60.
    pub windows: u16,
    /// Of these, seconds in which the promise was not kept.
    pub missed: u16,
    /// The cause of the last miss that is remembered.
    pub last_miss: Option<Cause>,
    /// 99 of 100 of the last packets waited no longer; `None` where that is not known.
    pub p99_wait: Option<Duration>,
}

/// What else is known of a flow when a window closes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Surroundings {
    /// The entry of the ledger.
    pub(super) entry: Entry,
    /// It is withdrawn for now.
    pub(super) withdrawn: bool,
    /// What last made promises shrink.
    pub(super) pressure: Pressure,
    /// The station has an agent that answers.
    pub(super) answers: bool,
    /// It missed the last visit, or does not answer the present one.
    pub(super) missing: bool,
    /// What became of its tokens in this window.
    pub(super) tokens: Answers,
    /// Tries of a frame, in thousandths.
    pub(super) tries: u32,
    /// Share of the air that unregistered stations use, in thousandths.
    pub(super) unregistered: u16,
}

impl Surroundings {
    fn loses_frames(&self) -> bool {
        let tokens = &self.tokens;
        // Tokens that never left the radio were not lost on the air.
        let is_vain = (self.missing || tokens.vain > 0) && tokens.lost > 0;
        is_vain || self.tries > MANY_TRIES || tokens.took_more_tries(MANY_TOKENS)
    }
}

/// All flows' windows.
#[derive(Clone, Debug, Default)]
pub(super) struct Report {
    flows: BTreeMap<FlowId, Ways>,
    /// Packets of promised flows that wait, by their names.
    pending: VecDeque<Pending>,
    opened: Instant,
}

#[derive(Clone, Copy, Debug)]
struct Pending {
    packet: PacketId,
    flow: FlowId,
    arrived: Instant,
    len: u32,
}

#[derive(Clone, Debug, Default)]
struct Ways {
    up: Way,
    down: Way,
    /// Octets of promised packets that waited at the station when it last said so.
    uplink_backlog: u64,
}

#[derive(Clone, Debug, Default)]
struct Way {
    open: Window,
    /// Octets beyond a bucket of the promise: the flow came faster than it may.
    burst: u64,
    /// What of the bucket is taken, in bit-nanoseconds per second.
    taken: u128,
    filled: Instant,
    history: VecDeque<Window>,
    waits: VecDeque<Duration>,
}

impl Way {
    /// Octets were offered; counts those that a bucket of two packets and a delay bound, as the
    /// queues have it, does not cover.
    fn offer(&mut self, now: Instant, octets: u64, promise: &Promise) {
        const BIT: u128 = 1_000_000_000;
        self.open.offered += octets;
        let gained = |span: Duration| u128::from(promise.rate) * u128::from(span.as_nanos());
        let depth = u128::from(promise.packet) * 16 * BIT + gained(promise.delay);
        self.taken = self.taken.saturating_sub(gained(now.since(self.filled)));
        self.filled = now;
        let cost = u128::from(octets) * 8 * BIT;
        if self.taken + cost > depth {
            self.burst += octets;
        } else {
            self.taken += cost;
        }
    }

    fn deliver(&mut self, octets: u64, wait: Option<Duration>, bound: Duration) {
        self.open.delivered += octets;
        self.open.packets = self.open.packets.saturating_add(1);
        let Some(wait) = wait else { return };
        self.open.late += u32::from(wait > bound);
        make_room(&mut self.waits, WAITS);
        self.waits.push_back(wait);
    }

    fn close(&mut self, span: Duration, way: Direction, around: &Surroundings) {
        let entry = &around.entry;
        let octets = u128::from(entry.granted) * u128::from(span.as_nanos()) / 8_000_000_000;
        let mut window = core::mem::take(&mut self.open);
        window.span = span;
        window.promised = u64::try_from(octets).unwrap_or(u64::MAX);
        window.cause = judge(&window, self.burst, way, around);
        self.burst = 0;
        make_room(&mut self.history, KEPT);
        self.history.push_back(window);
    }

    fn report(&self) -> Option<WayReport> {
        let last = *self.history.back()?;
        let mut ten = Window::default();
        let skipped = self.history.len().saturating_sub(TEN);
        self.history
            .iter()
            .skip(skipped)
            .for_each(|window| ten.add(window));
        let missed = self.history.iter().filter(|window| window.is_missed());
        let last_miss = self.history.iter().rev().find(|window| window.is_missed());
        let count = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
        let mut waits: alloc::vec::Vec<_> = self.waits.iter().copied().collect();
        waits.sort_unstable();
        let rank = (waits.len() * 99).div_ceil(100);
        Some(WayReport {
            last,
            ten,
            windows: count(self.history.len()),
            missed: count(missed.count()),
            last_miss: last_miss.and_then(|window| window.cause),
            p99_wait: rank
                .checked_sub(1)
                .and_then(|place| waits.get(place))
                .copied(),
        })
    }
}

/// Makes room for one more of at most `most`. All memory is taken at the first.
fn make_room<T>(kept: &mut VecDeque<T>, most: usize) {
    if kept.is_empty() {
        kept.reserve_exact(most);
    } else if kept.len() == most {
        kept.pop_front();
    }
}

/// Why less than the promise was delivered; `None` if it was not.
fn judge(window: &Window, burst: u64, way: Direction, around: &Surroundings) -> Option<Cause> {
    let packet = u64::from(around.entry.promise.packet);
    // A packet more or less falls into this window or the next.
    let enough = |wanted: u64| wanted * ENOUGH / 1_000 <= window.delivered + packet;
    let is_late = u64::from(window.late) * 100 > u64::from(window.packets);
    if enough(window.promised) && !is_late {
        return None;
    }
    // Who does not answer says not what it holds.
    let is_heard = around.answers && !around.missing && around.tokens.vain == 0;
    let is_known = way == Direction::Down || is_heard;
    if is_known && enough(window.offered) && !is_late {
        return Some(Cause::ApplicationSentLess);
    }
    let pressed = around.withdrawn || around.entry.is_shrunk();
    Some(if pressed {
        match around.pressure {
            Pressure::RateFall => Cause::RateFall,
            Pressure::LostFrames => Cause::LostFrames,
            Pressure::UnregisteredLoad => Cause::UnregisteredLoad,
        }
    } else if way == Direction::Up && !around.answers {
        Cause::AgentSilent
    } else if way == Direction::Down && burst > 0 {
        Cause::WiredSide
    } else if around.loses_frames() {
        Cause::LostFrames
    } else if around.unregistered > MUCH_UNREGISTERED {
        Cause::UnregisteredLoad
    } else {
        Cause::Schedule
    })
}

impl Report {
    /// A packet of a promised flow came down.
    pub(super) fn arrived(&mut self, now: Instant, id: FlowId, entry: &Entry, packet: &Packet) {
        let ways = self.flows.entry(id).or_default();
        ways.down.offer(now, packet.len.into(), &entry.promise);
        if self.pending.len() >= MAX_PENDING {
            return;
        }
        // Names mostly grow, so this is the end of the line.
        let place = self
            .pending
            .partition_point(|other| other.packet < packet.id);
        self.pending.insert(
            place,
            Pending {
                packet: packet.id,
                flow: id,
                arrived: now,
                len: packet.len,
            },
        );
    }

    /// The gate was told what to do with a packet.
    pub(super) fn released(
        &mut self,
        now: Instant,
        verdict: Verdict,
        bound: impl Fn(&FlowId) -> Option<Duration>,
    ) {
        let (Verdict::Accept(packet)
        | Verdict::Grant(packet)
        | Verdict::Carry(packet)
        | Verdict::Drop(packet)) = verdict;
        let Ok(place) = self
            .pending
            .binary_search_by_key(&packet, |pending| pending.packet)
        else {
            return;
        };
        let Some(Pending {
            flow, arrived, len, ..
        }) = self.pending.remove(place)
        else {
            return;
        };
        let is_dropped = matches!(verdict, Verdict::Drop(_));
        if let (false, Some(ways), Some(bound)) =
            (is_dropped, self.flows.get_mut(&flow), bound(&flow))
        {
            ways.down
                .deliver(len.into(), Some(now.since(arrived)), bound);
        }
    }

    /// A station gave its token back. `flows`: its promises up, `sum` their rates together.
    pub(super) fn returned<'a>(
        &mut self,
        now: Instant,
        answer: &Return,
        sum: u64,
        flows: impl Iterator<Item = (&'a FlowId, &'a Entry)>,
    ) {
        for (id, entry) in flows {
            let ways = self.flows.entry(*id).or_default();
            let share = |whole: u64| whole * u64::from(entry.promise.rate) / sum.max(1);
            let size = u64::from(entry.promise.packet);
            let sent = share(u64::from(answer.sent_rt) * size);
            let waiting = share(answer.backlog.rt.octets.into());
            let offered = (sent + waiting).saturating_sub(ways.uplink_backlog);
            ways.uplink_backlog = waiting;
            ways.up.offer(now, offered, &entry.promise);
            if sent > 0 {
                ways.up.deliver(sent, None, entry.promise.delay);
            }
        }
    }

    /// Closes the windows if they are a second old, and says whether they were. `around` knows the
    /// flows that are promised something; others are forgotten.
    pub(super) fn close(
        &mut self,
        now: Instant,
        around: impl Fn(&FlowId) -> Option<Surroundings>,
    ) -> bool {
        let span = now.since(self.opened);
        if span < WINDOW {
            return false;
        }
        self.opened = now;
        self.flows.retain(|id, ways| {
            let Some(around) = around(id) else {
                return false;
            };
            for (way, of) in [
                (Direction::Up, &mut ways.up),
                (Direction::Down, &mut ways.down),
            ] {
                if around.entry.direction.covers(way) {
                    of.close(span, way, &around);
                }
            }
            true
        });
        true
    }

    /// A flow is promised something from now on. True if it is the first: the windows open with it.
    pub(super) fn begin(&mut self, now: Instant, id: FlowId) -> bool {
        let is_first = self.flows.is_empty();
        if is_first {
            self.opened = now;
        }
        self.flows.entry(id).or_default();
        is_first
    }

    /// What is known of one way of a flow; `None` before its first second is over.
    pub(super) fn of(&self, id: &FlowId, way: Direction) -> Option<WayReport> {
        let ways = self.flows.get(id)?;
        match way {
            Direction::Up => ways.up.report(),
            Direction::Down => ways.down.report(),
            Direction::Both => None,
        }
    }
}

#[cfg(test)]
mod tests;
