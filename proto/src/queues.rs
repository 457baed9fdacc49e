//! What the gate holds for one station in one direction: a queue per reserved flow (RT), and fair
//! queues for everything else (NRT).
//!
//! Only names and lengths are kept here; the packets stay in the kernel. A reserved flow is
//! policed by a bucket filled at its promised rate: what fits is RT, what is beyond goes with the
//! NRT share but never overtakes packets of its own flow.

mod bulk;
mod carrier;
mod codel;
#[cfg(test)]
mod tests;

pub use carrier::Carrier;

use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;

use self::bulk::Bulk;
use crate::airtime::{Phy, Rate, Turn};
use crate::flow::FlowKey;
use crate::machine::{Packet, PacketId, Verdict};
use crate::policy::Promise;
use crate::time::{Duration, Instant};
use crate::wire::{Backlog, ClassBacklog};

/// The queues of one station in one direction.
#[derive(Clone, Debug)]
pub struct Queues {
    flows: Vec<FlowQueue>,
    bulk: Bulk,
    /// What is in those packets that the gate copied.
    copies: Copies,
    limit: usize,
    /// What is reserved has no limit.
    keeps_reserved: bool,
    dropped: u64,
    codel_drops: u64,
}

/// Contents of held packets.
type Copies = BTreeMap<PacketId, Vec<u8>>;

/// How many packets a reserved flow, or all others together, may hold unless told otherwise: the `txqueuelen` that people know.
pub const DEFAULT_LIMIT: usize = 1_000;

/// What a release sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Airtime of all exchanges by the model.
    pub airtime: Duration,
    /// Packets released.
    pub packets: u16,
    /// Their IP octets.
    pub octets: u64,
    /// How long the first had waited for its turn; zero if there was none.
    pub oldest: Duration,
    /// How long the last had.
    pub newest: Duration,
}

/// How long packets take on the air: the medium and the rate they will be sent at.
#[derive(Clone, Copy, Debug)]
pub struct Air {
    /// The cell's medium.
    pub phy: Phy,
    /// How granted frames get it.
    pub turn: Turn,
    /// The sender's PHY rate.
    pub rate: Rate,
}

impl Air {
    /// How granted packets leave.
    fn verdict(self) -> fn(PacketId) -> Verdict {
        match self.turn {
            Turn::Paired => Verdict::Accept,
            Turn::Burst => Verdict::Grant,
        }
    }

    fn cost(self, octets: u32) -> Duration {
        self.phy.granted(self.turn, self.rate, octets)
    }
}

#[derive(Clone, Debug, Default)]
struct Fifo {
    held: VecDeque<Held>,
    octets: u64,
}

#[derive(Clone, Copy, Debug)]
struct Held {
    id: PacketId,
    len: u32,
    /// When it came.
    at: Instant,
    /// Without DSCP; known also of packets without a queue of their own, because one may come.
    key: FlowKey,
}

impl Fifo {
    fn push(&mut self, held: Held) {
        self.octets += u64::from(held.len);
        self.held.push_back(held);
    }

    fn head(&self) -> Option<u32> {
        self.held.front().map(|held| held.len)
    }

    fn pop(&mut self) -> Option<PacketId> {
        let held = self.held.pop_front()?;
        self.octets -= u64::from(held.len);
        Some(held.id)
    }
}

#[derive(Clone, Debug)]
struct FlowQueue {
    key: FlowKey,
    promise: Promise,
    fifo: Fifo,
    bucket: Bucket,
    last_packet: Instant,
    delivered: u64,
}

/// A token bucket in bit-nanoseconds per second, so that no rate is rounded away however often it
/// is filled.
#[derive(Clone, Debug)]
struct Bucket {
    level: u128,
    filled: Instant,
}

const BIT: u128 = 1_000_000_000;

impl Bucket {
    /// Two packets, what the flow sends within its delay bound, and what it was owed while it could
    /// not be served for a while: a standing queue would never be worked off by the promised rate
    /// alone.
    fn depth(promise: &Promise) -> u128 {
        const OWED: Duration = Duration::from_secs(2);
        u128::from(promise.packet) * 16 * BIT + gained(promise, promise.delay + OWED)
    }

    fn full(promise: &Promise, now: Instant) -> Self {
        Self {
            level: Self::depth(promise),
            filled: now,
        }
    }

    fn fill(&mut self, promise: &Promise, now: Instant) {
        let level = self.level + gained(promise, now.since(self.filled));
        self.level = level.min(Self::depth(promise));
        self.filled = now;
    }

    /// What a packet of `len` octets takes. One larger than the bucket takes all of it, or it would
    /// never pass.
    fn cost(promise: &Promise, len: u32) -> u128 {
        (u128::from(len) * 8 * BIT).min(Self::depth(promise))
    }

    /// Takes a packet of `len` octets if it is within the promise; says for how long it has been.
    fn take(&mut self, promise: &Promise, len: u32) -> Option<Duration> {
        self.level = self.level.checked_sub(Self::cost(promise, len))?;
        Some(earned(promise, self.level))
    }

    /// What there will be at `now`.
    fn level_at(&self, promise: &Promise, now: Instant) -> u128 {
        let level = self.level + gained(promise, now.since(self.filled));
        level.min(Self::depth(promise))
    }
}

impl FlowQueue {
    /// Since when the head has waited for its turn; `None` if it is not within the promise at `now`.
    fn due_since(&self, now: Instant) -> Option<Instant> {
        let head = self.fifo.held.front()?;
        let level = self.bucket.level_at(&self.promise, now);
        let spare = level.checked_sub(Bucket::cost(&self.promise, head.len))?;
        Some(now - self.waited(now, head.at, earned(&self.promise, spare)))
    }

    /// How long a packet that came at `at`, and has been within the promise for `covered`, has waited for
    /// its turn. What waits in a long queue, as TCP has one, waits for its promise to be earned; a
    /// stream that comes as fast as is promised, and was held up once, does not.
    fn waited(&self, now: Instant, at: Instant, covered: Duration) -> Duration {
        let here = now.since(at);
        if here.saturating_sub(covered) > self.promise.delay {
            covered
        } else {
            here
        }
    }

    /// The head is within the promise at `now`.
    fn is_due(&self, now: Instant) -> bool {
        self.due_since(now).is_some()
    }

    /// More waits than the promise covers at `now`.
    fn is_beyond(&self, now: Instant) -> bool {
        let waits = u128::from(self.fifo.octets) * 8 * BIT;
        waits > self.bucket.level_at(&self.promise, now)
            && !(self.fifo.held.len() == 1 && self.is_due(now))
    }
}

/// What a promise earns in `span`.
fn gained(promise: &Promise, span: Duration) -> u128 {
    u128::from(promise.rate) * u128::from(span.as_nanos())
}

/// How long a promise takes to earn `level`.
fn earned(promise: &Promise, level: u128) -> Duration {
    let nanos = level / u128::from(promise.rate.max(1));
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

impl Queues {
    /// Empty queues of at most `limit` packets for each reserved flow, and for all others together.
    #[must_use]
    pub const fn new(limit: usize) -> Self {
        Self {
            flows: Vec::new(),
            bulk: Bulk::new(),
            copies: Copies::new(),
            limit,
            keeps_reserved: false,
            dropped: 0,
            codel_drops: 0,
        }
    }

    /// Whether packets of reserved flows are kept however many they are: for a while in which none
    /// can go.
    pub const fn keep_reserved(&mut self, keep: bool) {
        self.keeps_reserved = keep;
    }

    /// Gives `key` a queue of its own, with those of its packets that wait already, or later ones
    /// would overtake them. Known flows get the new promise and keep their packets.
    pub fn reserve(&mut self, now: Instant, key: FlowKey, promise: Promise) {
        let key = key.unmarked();
        if let Some(flow) = self.flows.iter_mut().find(|flow| flow.key == key) {
            flow.promise = promise;
            return;
        }
        let bucket = Bucket::full(&promise, now);
        let fifo = self.bulk.extract(key);
        self.flows.push(FlowQueue {
            key,
            promise,
            fifo,
            bucket,
            last_packet: now,
            delivered: 0,
        });
    }

    /// Ends the reservation of `key`; its packets are NRT from now on.
    pub fn unreserve(&mut self, key: FlowKey) {
        let key = key.unmarked();
        if let Some(place) = self.flows.iter().position(|flow| flow.key == key) {
            self.bulk.append(self.flows.remove(place).fifo);
        }
    }

    /// True if `key` has a queue of its own.
    #[must_use]
    pub fn is_reserved(&self, key: FlowKey) -> bool {
        let key = key.unmarked();
        self.flows.iter().any(|flow| flow.key == key)
    }

    /// The reserved flows: key, time of the last packet, octets sent since it was reserved.
    pub fn flows(&self) -> impl Iterator<Item = (FlowKey, Instant, u64)> {
        self.flows
            .iter()
            .map(|flow| (flow.key, flow.last_packet, flow.delivered))
    }

    /// Notes a packet that passed an open gate, so that its flow does not count as idle.
    pub fn note_passed(&mut self, now: Instant, packet: &Packet) {
        let key = packet.flow.unmarked();
        if let Some(flow) = self.flows.iter_mut().find(|flow| flow.key == key) {
            flow.last_packet = now;
            flow.delivered += u64::from(packet.len);
        }
    }

    /// Takes a packet into custody. If that is one too many, another must be dropped: the newest
    /// of a reserved flow; of the others, the oldest of the flow with the most octets.
    ///
    /// # Errors
    /// The verdict on the packet there is no room for, which is another than `packet` as a rule.
    pub fn push(&mut self, now: Instant, packet: &Packet) -> Result<(), Verdict> {
        let key = packet.flow.unmarked();
        let held = Held {
            id: packet.id,
            len: packet.len,
            at: now,
            key,
        };
        let dropped = match self.flows.iter_mut().find(|flow| flow.key == key) {
            Some(flow) => {
                flow.last_packet = now;
                let full = flow.fifo.held.len() >= self.limit && !self.keeps_reserved;
                if !full {
                    flow.fifo.push(held);
                }
                full.then_some(packet.id)
            }
            None => self.bulk.push(held, self.limit),
        };
        dropped.map_or(Ok(()), |id| {
            self.dropped += 1;
            Err(Verdict::Drop(id))
        })
    }

    /// Like [`Queues::push`], and keeps what is in a small packet, so that it can travel inside a
    /// frame of the protocol.
    ///
    /// # Errors
    /// As [`Queues::push`].
    pub fn push_copied(
        &mut self,
        now: Instant,
        packet: &Packet,
        bytes: &[u8],
    ) -> Result<(), Verdict> {
        let pushed = self.push(now, packet);
        let is_in = pushed != Err(Verdict::Drop(packet.id));
        if is_in && Carrier::takes(bytes.len()) {
            self.copies.insert(packet.id, bytes.to_vec());
        }
        if let Err(Verdict::Drop(other)) = pushed {
            self.copies.remove(&other);
        }
        pushed
    }

    /// Since when the first packet that is within its promise at `now` waits for its turn, and how long it
    /// may wait at most; of several flows the one that can wait least.
    #[must_use]
    pub fn due(&self, now: Instant) -> Option<(Instant, Duration)> {
        let due = self.flows.iter();
        let due = due.filter_map(|flow| Some((flow.due_since(now)?, flow.promise.delay)));
        due.min_by_key(|(since, delay)| *since + *delay)
    }

    /// Octets of the longest packet that a flow's promise has due next; 0 if there is none.
    #[must_use]
    pub fn longest_due(&self, now: Instant) -> u32 {
        let due = self.flows.iter().filter(|flow| flow.is_due(now));
        let lengths = due.filter_map(|flow| flow.fifo.head());
        lengths.max().unwrap_or_default()
    }

    /// Octets and number of packets that wait in reserved flows.
    #[must_use]
    pub fn reserved_waiting(&self) -> (u64, usize) {
        let flows = self.flows.iter().map(|flow| &flow.fifo);
        flows.fold((0, 0), |(octets, packets), fifo| {
            (octets + fifo.octets, packets + fifo.held.len())
        })
    }

    /// Packets dropped because a queue was full, or by `CoDel`.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Those of the dropped packets that `CoDel` dropped (RFC 8289).
    #[must_use]
    pub const fn codel_drops(&self) -> u64 {
        self.codel_drops
    }

    /// True if nothing is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bulk.len() == 0 && self.flows.iter().all(|flow| flow.fifo.held.is_empty())
    }

    /// Length of the packet that [`Queues::release_nrt`] would begin with at `now`. It may drop
    /// that one.
    #[must_use]
    pub fn next_nrt(&self, now: Instant) -> Option<u32> {
        let beyond = self.flows.iter().find(|flow| flow.is_beyond(now));
        let reserved = beyond.and_then(|flow| flow.fifo.head());
        reserved.or_else(|| self.bulk.head())
    }

    /// What waits, split into what the promises cover now (RT) and the rest (NRT).
    #[must_use]
    pub fn backlog(&mut self, now: Instant) -> Backlog {
        let (mut rt, mut nrt) = (Count::default(), Count::default());
        nrt.add(self.bulk.len(), self.bulk.octets());
        for flow in &mut self.flows {
            flow.bucket.fill(&flow.promise, now);
            let mut bucket = flow.bucket.clone();
            let covered = flow
                .fifo
                .held
                .iter()
                .take_while(|held| bucket.take(&flow.promise, held.len).is_some());
            let (packets, octets) =
                covered.fold((0, 0), |(n, sum), held| (n + 1, sum + u64::from(held.len)));
            rt.add(packets, octets);
            nrt.add(flow.fifo.held.len() - packets, flow.fifo.octets - octets);
        }
        Backlog {
            rt: rt.into(),
            nrt: nrt.into(),
        }
    }

    /// Releases what the promises cover, within `budget`, in the order of the reservations. What
    /// `carrier` has room for goes with it, as long as nothing of its flow is sent before by
    /// itself: a frame that carries leaves last.
    pub fn release_rt(
        &mut self,
        now: Instant,
        budget: Duration,
        air: Air,
        mut carrier: Option<&mut Carrier>,
        out: &mut VecDeque<Verdict>,
    ) -> Spent {
        let mut spent = Spent::default();
        for flow in &mut self.flows {
            flow.bucket.fill(&flow.promise, now);
            while let Some(&head) = flow.fifo.held.front() {
                let Some((cost, way)) = fare(head, air, carrier.as_deref_mut(), &self.copies)
                else {
                    break;
                };
                if spent.airtime + cost > budget {
                    break;
                }
                let Some(covered) = flow.bucket.take(&flow.promise, head.len) else {
                    break;
                };
                let waited = flow.waited(now, head.at, covered);
                let carried = way.is_some_and(|(carrier, copy)| carrier.load(head.key, copy));
                spent.book(cost, head.len, waited);
                flow.delivered += u64::from(head.len);
                flow.fifo.pop();
                let verdict = if carried {
                    Verdict::Carry
                } else {
                    air.verdict()
                };
                self.copies.remove(&head.id);
                out.push_back(verdict(head.id));
            }
        }
        spent
    }

    /// Releases everything else within `budget`: first what reserved flows sent beyond their
    /// promise, then the others flow by flow. Drops what `CoDel` says waits too long.
    pub fn release_nrt(
        &mut self,
        now: Instant,
        budget: Duration,
        air: Air,
        mut carrier: Option<&mut Carrier>,
        out: &mut VecDeque<Verdict>,
    ) -> Spent {
        let mut spent = Spent::default();
        for flow in &mut self.flows {
            while flow.is_beyond(now) {
                let Some(&head) = flow.fifo.held.front() else {
                    break;
                };
                let may_pass = carrier
                    .as_ref()
                    .is_none_or(|carrier| !carrier.has(head.key));
                if !may_pass || spent.airtime + air.cost(head.len) > budget {
                    return spent;
                }
                spent.book(air.cost(head.len), head.len, Duration::ZERO);
                flow.delivered += u64::from(head.len);
                release(&mut flow.fifo, &mut self.copies, air.verdict(), out);
            }
        }
        while let Some(head) = self.bulk.peek() {
            let Some((cost, way)) = fare(head, air, carrier.as_deref_mut(), &self.copies) else {
                break;
            };
            if spent.airtime + cost > budget {
                break;
            }
            let Some(verdict) = self.bulk.pop(now) else {
                break;
            };
            // CoDel may have dropped the head: then nothing was sent.
            if verdict == Verdict::Accept(head.id) {
                let carried = way.is_some_and(|(carrier, copy)| carrier.load(head.key, copy));
                spent.book(cost, head.len, Duration::ZERO);
                let verdict = if carried {
                    Verdict::Carry
                } else {
                    air.verdict()
                };
                out.push_back(verdict(head.id));
            } else {
                self.dropped += 1;
                self.codel_drops += 1;
                out.push_back(verdict);
            }
            self.copies.remove(&head.id);
        }
        spent
    }

    /// The tightest delay bound of all reserved flows.
    #[must_use]
    pub fn tightest_promise(&self) -> Option<Duration> {
        self.flows.iter().map(|flow| flow.promise.delay).min()
    }

    /// The tightest delay bound of those flows whose packets wait.
    #[must_use]
    pub fn tightest(&self) -> Option<Duration> {
        let waiting = self.flows.iter().filter(|flow| flow.fifo.head().is_some());
        waiting.map(|flow| flow.promise.delay).min()
    }

    /// Lets one packet pass, promised or not, reserved flows first; what it costs.
    pub fn pass_one(
        &mut self,
        now: Instant,
        air: Air,
        out: &mut VecDeque<Verdict>,
    ) -> Option<Duration> {
        let reserved = self
            .flows
            .iter_mut()
            .find(|flow| flow.fifo.head().is_some());
        if let Some(flow) = reserved {
            let len = flow.fifo.head()?;
            flow.delivered += u64::from(len);
            release(&mut flow.fifo, &mut self.copies, Verdict::Accept, out);
            return Some(air.cost(len));
        }
        while let Some(len) = self.bulk.head() {
            let verdict = self.bulk.pop(now)?;
            let (Verdict::Accept(id) | Verdict::Grant(id) | Verdict::Drop(id) | Verdict::Carry(id)) =
                verdict;
            self.copies.remove(&id);
            out.push_back(verdict);
            if matches!(verdict, Verdict::Accept(_)) {
                return Some(air.cost(len));
            }
            self.dropped += 1;
            self.codel_drops += 1;
        }
        None
    }

    /// Opens the gate: releases all that is held, reserved flows first.
    pub fn release_all(&mut self, out: &mut VecDeque<Verdict>) {
        for flow in &mut self.flows {
            flow.delivered += flow.fifo.octets;
            while release(&mut flow.fifo, &mut self.copies, Verdict::Accept, out) {}
        }
        out.extend(self.bulk.drain().map(Verdict::Accept));
        self.copies.clear();
    }
}

/// The frame that a packet rides in, and what is in the packet.
type Ride<'a> = (&'a mut Carrier, &'a [u8]);

/// What sending a packet costs, and the frame that it rides in, if it does. `None` when it must
/// wait: a packet of its flow rides, and it would overtake that.
fn fare<'a>(
    head: Held,
    air: Air,
    carrier: Option<&'a mut Carrier>,
    copies: &'a Copies,
) -> Option<(Duration, Option<Ride<'a>>)> {
    let Some(carrier) = carrier else {
        return Some((air.cost(head.len), None));
    };
    match copies.get(&head.id) {
        Some(copy) if carrier.has_room(head.key, copy.len()) => {
            Some((carrier.cost(air, head.len), Some((carrier, copy))))
        }
        _ if carrier.has(head.key) => None,
        _ => Some((air.cost(head.len), None)),
    }
}

/// Releases the head of `fifo` by `verdict`; false when there is none.
fn release(
    fifo: &mut Fifo,
    copies: &mut Copies,
    verdict: fn(PacketId) -> Verdict,
    out: &mut VecDeque<Verdict>,
) -> bool {
    let Some(id) = fifo.pop() else {
        return false;
    };
    copies.remove(&id);
    out.push_back(verdict(id));
    true
}

impl Spent {
    fn book(&mut self, airtime: Duration, len: u32, waited: Duration) {
        self.airtime += airtime;
        if self.packets == 0 {
            self.oldest = waited;
        }
        self.oldest = self.oldest.max(waited);
        self.newest = if self.packets == 0 {
            waited
        } else {
            self.newest.min(waited)
        };
        self.packets = self.packets.saturating_add(1);
        self.octets += u64::from(len);
    }
}

#[derive(Default)]
struct Count {
    packets: usize,
    octets: u64,
}

impl Count {
    const fn add(&mut self, packets: usize, octets: u64) {
        self.packets += packets;
        self.octets += octets;
    }
}

impl From<Count> for ClassBacklog {
    fn from(count: Count) -> Self {
        Self {
            packets: u16::try_from(count.packets).unwrap_or(u16::MAX),
            octets: u32::try_from(count.octets).unwrap_or(u32::MAX),
        }
    }
}
