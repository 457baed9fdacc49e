//! The ledger of a cell: every reservation, the airtime it needs, and what is left.
//!
//! A promise is kept as a rate; what it costs follows from the PHY rates of its station and from
//! the cycle length, both of which change, so airtime is computed afresh whenever it is asked for.
//! Admission is the rule of DESIGN "Admission": all promises with their token cost must fit into
//! a cycle less the share that best effort always keeps.

pub mod hold;
pub mod plan;
#[cfg(test)]
mod tests;

use alloc::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::airtime::{Phy, Rate, Turn};
use crate::flow::FlowKey;
use crate::mac::MacAddr;
use crate::policy::{Direction, Promise, Rank};
use crate::queues::Carrier;
use crate::time::{Duration, Instant};
use crate::wire::{Data, RefusalReason, Return, Token};

/// Names a reservation: the station, and the flow as that station sends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FlowId {
    /// The station whose air it uses.
    pub station: MacAddr,
    /// The flow's uplink key, without DSCP.
    pub key: FlowKey,
}

impl FlowId {
    /// The name of the flow to which a packet belongs that goes `way`.
    #[must_use]
    pub fn of(station: MacAddr, way: Direction, key: FlowKey) -> Self {
        let key = if way == Direction::Down {
            key.reversed()
        } else {
            key
        };
        Self {
            station,
            key: key.unmarked(),
        }
    }
}

/// One reservation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The policy rule behind it; `None` when a program asked for it.
    pub rule: Option<u16>,
    /// The ways that are reserved.
    pub direction: Direction,
    /// What is promised in each of these ways now.
    pub promise: Promise,
    /// The rate that was granted, in bit/s; more than that of `promise` while it is shrunk.
    pub granted: u32,
    /// How it stands when the air is short.
    pub rank: Rank,
    /// A flow that sends nothing for so long loses it.
    pub idle: Duration,
    /// When it was granted.
    pub since: Instant,
    /// The uplink has been idle and its agent said so.
    pub up_idle: bool,
    /// Its packets travel inside of tokens and returns.
    pub bundled: bool,
}

impl Entry {
    /// What is promised `way`, up or down. TCP is acknowledged the other way, and a flow whose
    /// acknowledgements wait goes no faster than they do.
    #[must_use]
    pub fn towards(&self, id: &FlowId, way: Direction) -> Option<Promise> {
        if self.direction.covers(way) {
            Some(self.promise)
        } else {
            id.key.is_tcp().then(|| self.promise.acks())
        }
    }

    /// With an agent that takes packets out of frames or not.
    #[must_use]
    pub const fn bundled(self, agent_can: bool) -> Self {
        Self {
            bundled: agent_can && Carrier::takes(self.promise.packet as usize),
            ..self
        }
    }

    /// The rate that is left of it at worst, in bit/s.
    #[must_use]
    pub fn least_rate(&self) -> u32 {
        self.rank
            .min_rate
            .map_or(self.granted, |least| least.min(self.granted))
    }

    /// It is promised less than was granted.
    #[must_use]
    pub const fn is_shrunk(&self) -> bool {
        self.promise.rate < self.granted
    }

    /// The same promise at another rate.
    #[must_use]
    pub const fn at_rate(self, rate: u32) -> Self {
        Self {
            promise: Promise {
                rate,
                ..self.promise
            },
            ..self
        }
    }
}

/// How often a frame is sent until it is acknowledged, in thousandths in the mean
/// ([`Phy::exchange_with_retries`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tries {
    /// Station to AP.
    pub up: u32,
    /// AP to station.
    pub down: u32,
}

impl Tries {
    /// No frame is lost.
    pub const ONE: Self = Self {
        up: 1_000,
        down: 1_000,
    };
}

/// The PHY rates between a station and the AP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkRates {
    /// Station to AP.
    pub up: Rate,
    /// AP to station.
    pub down: Rate,
}

/// What the ledger computes with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LedgerConfig {
    /// The cell's medium.
    pub phy: Phy,
    /// How granted frames get it.
    pub turn: Turn,
    /// The share of every cycle that best effort keeps, in thousandths.
    pub nrt_minimum: u16,
    /// Cycle length when no promise asks for a shorter one.
    pub default_cycle: Duration,
    /// The shortest cycle that may be run.
    pub shortest_cycle: Duration,
    /// The most reservations kept at a time.
    pub limit: usize,
}

/// Airtime of one visit's TOKEN and RETURN.
#[must_use]
pub fn visit_cost(phy: Phy, turn: Turn, link: LinkRates) -> Duration {
    token_cost(phy, turn, link) + return_cost(phy, turn, link)
}

/// Airtime of a TOKEN.
#[must_use]
pub fn token_cost(phy: Phy, turn: Turn, link: LinkRates) -> Duration {
    phy.granted_start(turn) + phy.granted(turn, link.down, Token::OCTETS)
}

/// Airtime of a RETURN.
#[must_use]
pub fn return_cost(phy: Phy, turn: Turn, link: LinkRates) -> Duration {
    phy.granted_start(turn) + phy.granted(turn, link.up, Return::OCTETS)
}

/// Why a reservation was refused, and what would have been possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{reason}; the largest rate that fits is {largest} bit/s")]
pub struct Refusal {
    /// What stands in the way.
    pub reason: RefusalReason,
    /// The largest rate, in bit/s, that would be granted now; 0 if none.
    pub largest: u32,
}

/// All reservations of one cell.
#[derive(Clone, Debug)]
pub struct Ledger {
    config: LedgerConfig,
    entries: BTreeMap<FlowId, Entry>,
    /// Promises that were taken back until there is room again.
    withdrawn: BTreeMap<FlowId, Entry>,
    holds: hold::Holds,
    /// Only stations whose frames are lost at times.
    tries: BTreeMap<MacAddr, Tries>,
    /// Share of the air that unregistered stations use, in thousandths.
    unregistered: u16,
}

impl Ledger {
    /// An empty ledger.
    #[must_use]
    pub const fn new(config: LedgerConfig) -> Self {
        Self {
            config,
            entries: BTreeMap::new(),
            withdrawn: BTreeMap::new(),
            holds: hold::Holds::new(),
            tries: BTreeMap::new(),
            unregistered: 0,
        }
    }

    /// All reservations, in a fixed order.
    pub fn iter(&self) -> impl Iterator<Item = (&FlowId, &Entry)> {
        self.entries.iter()
    }

    /// The reservations of one station.
    pub fn of_station(&self, station: MacAddr) -> impl Iterator<Item = (&FlowId, &Entry)> {
        let first = FlowId {
            station,
            key: FlowKey::UNKNOWN,
        };
        self.entries
            .range(first..)
            .take_while(move |(id, _)| id.station == station)
    }

    /// The agent of a station can take packets out of frames, or cannot any more.
    pub fn bundle(&mut self, station: MacAddr, can: bool) {
        let first = FlowId {
            station,
            key: FlowKey::UNKNOWN,
        };
        let own = self.entries.range_mut(first..);
        for (_, entry) in own.take_while(|(id, _)| id.station == station) {
            *entry = entry.bundled(can);
        }
    }

    /// The reservation called `id`.
    #[must_use]
    pub fn get(&self, id: &FlowId) -> Option<&Entry> {
        self.entries.get(id)
    }

    /// The reservation called `id`, to be changed.
    pub fn get_mut(&mut self, id: &FlowId) -> Option<&mut Entry> {
        self.entries.get_mut(id)
    }

    /// The promise called `id`, if it is withdrawn for now.
    #[must_use]
    pub fn get_withdrawn(&self, id: &FlowId) -> Option<&Entry> {
        self.withdrawn.get(id)
    }

    /// True without reservations: the cell may run free.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// True without anything to look after: reservations, withdrawn promises, holds.
    #[must_use]
    pub fn is_unused(&self) -> bool {
        self.is_empty() && self.withdrawn.is_empty() && self.holds.is_empty()
    }

    /// The promise called `id`, in force or withdrawn for now.
    #[must_use]
    pub fn promised(&self, id: &FlowId) -> Option<&Entry> {
        self.entries.get(id).or_else(|| self.withdrawn.get(id))
    }

    /// Ends the reservation called `id`, also one that is withdrawn.
    pub fn release(&mut self, id: &FlowId) -> Option<Entry> {
        let withdrawn = self.withdrawn.remove(id);
        self.entries.remove(id).or(withdrawn)
    }

    /// The promises that are withdrawn for now, in a fixed order.
    pub fn withdrawn(&self) -> impl Iterator<Item = (&FlowId, &Entry)> {
        self.withdrawn.iter()
    }

    /// True if the promise called `id` is withdrawn for now.
    #[must_use]
    pub fn is_withdrawn(&self, id: &FlowId) -> bool {
        self.withdrawn.contains_key(id)
    }

    /// How often the frames of `station` are sent in the mean.
    pub fn set_tries(&mut self, station: MacAddr, tries: Tries) {
        if tries == Tries::ONE {
            self.tries.remove(&station);
        } else {
            self.tries.insert(station, tries);
        }
    }

    /// How often the frames of `station` are sent in the mean.
    #[must_use]
    pub fn tries(&self, station: MacAddr) -> Tries {
        self.tries.get(&station).copied().unwrap_or(Tries::ONE)
    }

    /// The share of the air that unregistered stations use, in thousandths; so much less may be
    /// promised.
    pub const fn set_unregistered(&mut self, share: u16) {
        self.unregistered = share;
    }

    /// The share of the air that unregistered stations use, in thousandths.
    #[must_use]
    pub const fn unregistered(&self) -> u16 {
        self.unregistered
    }

    /// The cycle length. Promises are served at intervals of their own (`coordinator/service`), so
    /// they do not shorten it.
    #[must_use]
    pub const fn cycle(&self) -> Duration {
        self.config.default_cycle
    }

    /// Airtime per cycle of all reservations, token cost included.
    pub fn booked(&self, links: impl Fn(MacAddr) -> LinkRates) -> Duration {
        let mut sum = Duration::ZERO;
        let mut entries = self.entries.iter().peekable();
        // Entries are sorted by station; its visits carry all of its flows.
        while let Some((id, entry)) = entries.next() {
            sum += self.cost(id, entry, links(id.station));
            let next = entries.peek().map(|(id, _)| id.station);
            if next != Some(id.station) {
                let own = self.of_station(id.station);
                sum += self.visits(shortest_interval(own), links(id.station));
            }
        }
        sum + self.held(links)
    }

    /// Airtime per cycle of the visits to a station.
    fn visits(&self, interval: Option<Duration>, link: LinkRates) -> Duration {
        let cost = visit_cost(self.config.phy, self.config.turn, link);
        interval.map_or(Duration::ZERO, |interval| {
            per_cycle(cost, self.cycle(), interval)
        })
    }

    /// What of a cycle may be promised.
    #[must_use]
    pub fn capacity(&self, cycle: Duration) -> Duration {
        let kept = self.config.nrt_minimum.saturating_add(self.unregistered);
        cycle * u64::from(1_000 - kept.min(1_000)) / 1_000
    }

    /// Airtime per second of the promise called `id` now, retries included, without token cost.
    #[must_use]
    pub fn airtime_per_second(&self, id: &FlowId, entry: &Entry, link: LinkRates) -> Duration {
        let cycle = self.cycle();
        let nanos = u128::from(self.cost(id, entry, link).as_nanos()) * 1_000_000_000
            / u128::from(cycle.as_nanos()).max(1);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// Whether all that is promised fits.
    pub fn fits(&self, links: impl Fn(MacAddr) -> LinkRates) -> bool {
        self.booked(links) <= self.capacity(self.cycle())
    }

    /// Whether `entry` would be granted under the name `id`.
    ///
    /// # Errors
    /// As [`Ledger::admit`].
    pub fn would_admit(
        &self,
        id: FlowId,
        entry: Entry,
        links: impl Fn(MacAddr) -> LinkRates,
    ) -> Result<(), Refusal> {
        self.clone().admit(id, entry, links)
    }

    /// Grants `entry` under the name `id`, replacing what was granted under it before.
    ///
    /// # Errors
    /// Says what stands in the way and the largest rate that would fit; the ledger is unchanged.
    pub fn admit(
        &mut self,
        id: FlowId,
        entry: Entry,
        links: impl Fn(MacAddr) -> LinkRates,
    ) -> Result<(), Refusal> {
        let previous = self.entries.remove(&id);
        let verdict = self.judge(&id, &entry, &links);
        match (verdict, previous) {
            (Ok(()), _) => {
                self.withdrawn.remove(&id);
                self.entries.insert(id, entry);
            }
            (Err(_), Some(previous)) => {
                self.entries.insert(id, previous);
            }
            (Err(_), None) => {}
        }
        verdict
    }

    fn judge(
        &self,
        id: &FlowId,
        entry: &Entry,
        links: impl Fn(MacAddr) -> LinkRates,
    ) -> Result<(), Refusal> {
        if self.entries.len() >= self.config.limit {
            return Err(Refusal {
                reason: RefusalReason::TooMany,
                largest: 0,
            });
        }
        if entry.promise.delay < self.config.shortest_cycle {
            return Err(Refusal {
                reason: RefusalReason::Delay,
                largest: 0,
            });
        }
        let (cycle, link) = (self.cycle(), links(id.station));
        let visited = shortest_interval(self.of_station(id.station));
        let others = self
            .booked(&links)
            .saturating_sub(self.visits(visited, link));
        // A tighter bound, or another rate, makes all visits to this station more frequent.
        let with = |entry: &Entry| {
            let interval = shortest_interval([(id, entry)].into_iter());
            let interval = visited.into_iter().chain(interval).min();
            others + self.visits(interval, link) + self.cost(id, entry, link)
        };
        let capacity = self.capacity(cycle);
        let wanted = with(entry);
        if wanted <= capacity {
            return Ok(());
        }
        let unloaded = cycle * u64::from(self.unregistered) / 1_000;
        let fits_without = wanted <= capacity + unloaded;
        Err(Refusal {
            reason: if fits_without && self.unregistered > 0 {
                RefusalReason::UnregisteredLoad
            } else {
                RefusalReason::Airtime
            },
            largest: largest_rate(
                |rate| {
                    let up = entry.at_rate(rate).towards(id, Direction::Up);
                    up.map_or(0, |promise| promise.packets_a_visit())
                },
                |rate| with(&entry.at_rate(rate)) <= capacity,
            ),
        })
    }

    /// Airtime per cycle of one reservation, retries included, without token cost.
    fn cost(&self, id: &FlowId, entry: &Entry, link: LinkRates) -> Duration {
        self.with_retries(id, entry, link, self.airtime(id, entry, link))
    }

    /// Airtime per cycle of one reservation of a station that has no other, all included.
    #[must_use]
    pub fn cost_alone(&self, id: &FlowId, entry: &Entry, link: LinkRates) -> Duration {
        self.cost(id, entry, link) + self.visits(shortest_interval([(id, entry)].into_iter()), link)
    }

    /// `airtime` of frames of the flow, stretched by what has to be sent again.
    fn with_retries(
        &self,
        id: &FlowId,
        entry: &Entry,
        link: LinkRates,
        airtime: Duration,
    ) -> Duration {
        let Some(tries) = self.tries.get(&id.station) else {
            return airtime;
        };
        let phy = self.config.phy;
        let packet = u32::from(entry.promise.packet.max(1));
        let (mut once, mut all) = (Duration::ZERO, Duration::ZERO);
        for (way, rate, tries) in [
            (Direction::Up, link.up, tries.up),
            (Direction::Down, link.down, tries.down),
        ] {
            if entry.direction.covers(way) {
                once += phy.exchange(rate, packet);
                all += phy.exchange_with_retries(rate, packet, tries);
            }
        }
        let nanos = u128::from(airtime.as_nanos()) * u128::from(all.as_nanos())
            / u128::from(once.as_nanos()).max(1);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// Airtime per cycle of one reservation, without token cost.
    fn airtime(&self, id: &FlowId, entry: &Entry, link: LinkRates) -> Duration {
        let bits = u128::from(entry.promise.packet.max(1)) * 8;
        let packets_in_1e9_cycles =
            u128::from(entry.promise.rate) * u128::from(self.cycle().as_nanos()) / bits;
        let per_packet = u128::from(self.per_packet(id, entry, link).as_nanos());
        let nanos = packets_in_1e9_cycles * per_packet / 1_000_000_000;
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// Airtime of one packet in each of the ways that are reserved. TCP also needs the airtime of the
    /// acknowledgements that flow back: one of 52 octets for every two segments (RFC 5681, 4.2).
    fn per_packet(&self, id: &FlowId, entry: &Entry, link: LinkRates) -> Duration {
        const TCP_ACK_OCTETS: u32 = 52;
        let phy = self.config.phy;
        let direction = entry.direction;
        let packet = u32::from(entry.promise.packet.max(1));
        let mut per_packet = Duration::ZERO;
        let exchange = |rate, octets| phy.granted(self.config.turn, rate, octets);
        // Inside of a frame that is sent anyway.
        let rides = entry.bundled && direction.covers(Direction::Up);
        let data = |rate, octets| {
            if rides {
                exchange(rate, Data::octets(true, false, 1, octets))
                    .saturating_sub(exchange(rate, Data::octets(true, false, 0, 0)))
            } else {
                exchange(rate, octets)
            }
        };
        for (way, rate, acks) in [
            (Direction::Up, link.up, link.down),
            (Direction::Down, link.down, link.up),
        ] {
            if direction.covers(way) {
                per_packet += data(rate, packet);
                if id.key.is_tcp() && direction != Direction::Both {
                    per_packet += exchange(acks, TCP_ACK_OCTETS) / 2;
                }
            }
        }
        per_packet
    }
}

/// The shortest of the intervals that the uplinks of a station's reservations ask for.
fn shortest_interval<'a>(
    entries: impl Iterator<Item = (&'a FlowId, &'a Entry)>,
) -> Option<Duration> {
    let up = entries.filter_map(|(id, entry)| entry.towards(id, Direction::Up));
    up.map(|promise| promise.interval()).min()
}

/// What costs `cost` every `interval`, in a cycle.
fn per_cycle(cost: Duration, cycle: Duration, interval: Duration) -> Duration {
    let nanos = u128::from(cost.as_nanos()) * u128::from(cycle.as_nanos());
    let nanos = nanos / u128::from(interval.as_nanos().max(1));
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

/// The largest rate in bit/s that `fits`; 0 if none does.
///
/// A higher rate needs more air for its packets, and mostly for visits, too. But where `together`,
/// the number of packets that wait for each visit, grows, visits become rarer: there, and only
/// there, the sum falls. The sums at those places grow with the rate.
fn largest_rate(together: impl Fn(u32) -> u64, fits: impl Fn(u32) -> bool) -> u32 {
    let rarest = |rate| {
        let packets = together(rate);
        if together(0) == packets {
            0
        } else {
            last(0, rate, |rate| together(rate) < packets) + 1
        }
    };
    let reached = last(0, u32::MAX, |rate| fits(rarest(rate)));
    last(rarest(reached), reached, fits)
}

/// The last number from `first` to `end` for which `holds`, which holds up to some number; `first`
/// if it never does.
fn last(first: u32, end: u32, holds: impl Fn(u32) -> bool) -> u32 {
    let (mut good, mut end) = (first, end);
    while good < end {
        let middle = end - (end - good) / 2;
        if holds(middle) {
            good = middle;
        } else {
            end = middle - 1;
        }
    }
    good
}
