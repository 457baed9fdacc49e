//! Between the radios of the kernel and the model of the air. No I/O: frames go in with the time
//! they came at, orders to the kernel come out.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use rether_proto::airtime::Rate;
use rether_proto::mac::MacAddr;
use rether_proto::time::Instant;
use rether_sim::medium::{
    Ac, Counters, Destination, Event, Frame, FrameId, Medium, MediumConfig, RadioId,
};

use super::beacon::Beacon;
use super::dot11::{BEACON, Header, Kind};
use super::message::{ACKED, Delivery, FromKernel, NO_ACK, TxFrame, TxStatus};
use super::radios::{Plan, Radios};
use super::rates::{self, TxRate};
use super::summary::{Summary, Totals};
use super::walk;

/// What the medium's queues hold at most: more than a radio may have waiting, so that the model
/// never refuses one.
const QUEUE: usize = 128;
/// Octets of the frame check sequence, which the kernel's frames do not have.
const FCS: usize = 4;
/// The frequency of a radio that is cut off: nobody else is there.
const NOWHERE: u16 = 0;

/// What is to be told to the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// A radio receives a frame. If the kernel refuses it, [`Bridge::refused`] wants to know.
    Deliver {
        /// The radio.
        radio: RadioId,
        /// The medium's number of the frame.
        frame: FrameId,
        /// The frame.
        delivery: Delivery,
        /// Whether the radio should be where the frame is. A refusal means nothing if not.
        expected: bool,
    },
    /// What became of a frame.
    Report(TxStatus),
}

/// A frame that waits for the air, or is in it.
#[derive(Clone, Debug)]
struct Waiting {
    tx: TxFrame,
    ac: Ac,
    /// Its receiver's kernel did not take it.
    refused: bool,
}

/// The radios, the model of the air, and the frames in it.
#[derive(Debug)]
pub struct Bridge {
    config: MediumConfig,
    medium: Medium,
    radios: Radios,
    waiting: BTreeMap<FrameId, Waiting>,
    next: u64,
    orders: VecDeque<Order>,
    totals: Totals,
    /// When the arm's clock started, and what had been counted by then.
    clock: Option<(Instant, Vec<Counters>)>,
}

impl Bridge {
    /// Nothing is in the air yet.
    #[must_use]
    pub fn new(config: MediumConfig, plans: Vec<Plan>, seed: u64) -> Self {
        let mut medium = Medium::new(config.clone(), seed);
        for plan in &plans {
            let mut radio = plan.config.clone();
            radio.queue_limit = QUEUE;
            medium.add_radio(radio);
        }
        Self {
            config,
            medium,
            radios: Radios::new(plans),
            waiting: BTreeMap::new(),
            next: 0,
            orders: VecDeque::new(),
            totals: Totals::default(),
            clock: None,
        }
    }

    /// Lets everything happen that is due at `now` or before.
    pub fn advance(&mut self, now: Instant) {
        if let Some(due) = self.medium.next_time().filter(|due| *due <= now) {
            self.totals.woken(now.since(due));
        }
        self.medium.advance(now);
        while let Some(event) = self.medium.poll_event() {
            self.happened(&event);
        }
    }

    /// When something happens next.
    #[must_use]
    pub fn next_time(&self) -> Option<Instant> {
        self.medium.next_time()
    }

    /// The next thing to tell the kernel.
    pub fn poll_order(&mut self) -> Option<Order> {
        self.orders.pop_front()
    }

    /// The kernel said something at `now`. Answers are for who knows what they answer.
    pub fn hear(&mut self, now: Instant, message: FromKernel) {
        match message {
            FromKernel::Frame(tx) => {
                self.advance(now);
                self.send(now, tx);
            }
            FromKernel::Address {
                radio,
                address,
                added,
            } => self.radios.change_address(radio, address, added),
            FromKernel::Answer { .. } | FromKernel::Family(_) => {}
        }
    }

    /// The kernel did not take a frame for a radio: it is down, or on another channel than it
    /// last sent on. Until it sends again, or hears of a group frame, it acknowledges nothing.
    pub fn refused(&mut self, radio: RadioId, frame: FrameId) {
        self.totals.refused += 1;
        if let Some(waiting) = self.waiting.get_mut(&frame) {
            waiting.refused = true;
        }
        if let Some(radio) = self.radios.get_mut(radio) {
            radio.deaf = true;
        }
    }

    /// The kernel did not want to know what became of a frame: it has dropped it.
    pub fn unwanted(&mut self) {
        self.totals.unwanted += 1;
    }

    /// The kernel had to throw frames away because they were not fetched in time.
    pub fn overrun(&mut self) {
        self.totals.overruns += 1;
    }

    /// Cuts the radio of a node off without a word: it neither hears nor is heard. False if there
    /// is no such node.
    pub fn vanish(&mut self, node: &str) -> bool {
        let Some(id) = self.radios.named(node) else {
            return false;
        };
        if let Some(radio) = self.radios.get_mut(id) {
            radio.vanished = true;
        }
        self.medium.set_frequency(id, NOWHERE);
        true
    }

    /// The arm's clock starts: walks begin, and what is counted from now on is told.
    pub fn start_clock(&mut self, now: Instant) {
        self.advance(now);
        self.totals = Totals::default();
        self.clock = Some((now, self.counters()));
    }

    /// Moves those who walk to where they are at `now`; true if somebody walks.
    pub fn walk(&mut self, now: Instant) -> bool {
        let Some((start, _)) = self.clock else {
            return false;
        };
        let seconds = now.since(start).as_secs_f64();
        let mut somebody = false;
        for (id, radio) in self.radios.iter() {
            if !radio.plan.walk.is_empty() {
                somebody = true;
                let from = radio.plan.config.position;
                let place = walk::place(from, &radio.plan.walk, seconds);
                self.medium.move_radio(id, place);
            }
        }
        somebody
    }

    fn counters(&self) -> Vec<Counters> {
        self.radios
            .iter()
            .map(|(id, _)| *self.medium.counters(id))
            .collect()
    }

    /// What has happened since the clock started.
    pub fn summary(&mut self, now: Instant) -> Summary {
        self.advance(now);
        let (start, before) = self.clock.clone().unwrap_or_default();
        let each = self.radios.iter().zip(self.counters());
        let radios = each.enumerate().map(|(place, ((_, radio), after))| {
            let before = before.get(place).copied().unwrap_or_default();
            (radio, after.since(&before))
        });
        Summary::new(now.since(start), radios, &self.totals)
    }

    fn send(&mut self, now: Instant, tx: TxFrame) {
        let header = Header::parse(&tx.data);
        let Some((id, header)) = self.radios.find(tx.transmitter).zip(header) else {
            self.totals.strange += 1;
            self.report(&tx, tx.flags, [TxRate::NONE; 4], 0);
            return;
        };
        self.follow(id, &tx, &header);
        let ac = header.access_category(self.medium.radio(id).phy.wmm);
        if !self
            .radios
            .get_mut(id)
            .is_some_and(|radio| radio.take_place(ac))
        {
            // Neither acknowledged nor failed: a failure would count against the peer.
            self.report(&tx, tx.flags | NO_ACK, [TxRate::NONE; 4], 0);
            return;
        }
        let frame = Frame {
            id: FrameId(self.next),
            to: self.destination(header.receiver),
            ac,
            psdu_octets: u32::try_from(tx.data.len() + FCS).unwrap_or(u32::MAX),
            rates: rates::series(tx.rates, tx.frequency_mhz),
        };
        self.next += 1;
        if self.medium.submit(now, id, frame).is_ok() {
            let waiting = Waiting {
                tx,
                ac,
                refused: false,
            };
            self.waiting.insert(frame.id, waiting);
        } else {
            self.give_place(id, ac);
            self.report(&tx, tx.flags | NO_ACK, [TxRate::NONE; 4], 0);
        }
    }

    /// Learns from what a radio sends: its frequency, its cell, and what that demands.
    fn follow(&mut self, id: RadioId, tx: &TxFrame, header: &Header) {
        let Some(radio) = self.radios.get_mut(id) else {
            return;
        };
        radio.deaf = false;
        if !radio.vanished {
            self.medium.set_frequency(id, tx.frequency_mhz);
        }
        let changed = if header.kind == Kind::Management(BEACON) {
            let beacon = Beacon::parse(&tx.data);
            beacon.map_or_else(Vec::new, |beacon| self.radios.learn(id, beacon))
        } else {
            let joined = header
                .bssid
                .is_some_and(|bssid| self.radios.join(id, bssid));
            joined.then_some(id).into_iter().collect()
        };
        for id in changed {
            if let Some(member) = self.radios.member(id, self.medium.radio(id)) {
                self.medium.configure(id, member);
            }
        }
    }

    fn destination(&self, receiver: MacAddr) -> Destination {
        if receiver.is_group() {
            return Destination::Group;
        }
        let found = self.radios.find(receiver).filter(|id| {
            let radio = self.radios.get(*id);
            radio.is_some_and(|radio| !radio.deaf && !radio.vanished)
        });
        found.map_or(Destination::Nobody, Destination::Radio)
    }

    fn happened(&mut self, event: &Event) {
        match *event {
            Event::Received {
                radio,
                frame,
                rate,
                signal_dbm,
                ..
            } => self.deliver(radio, frame, rate, signal_dbm),
            Event::Done {
                radio,
                frame,
                acked,
                tries,
                signal_dbm,
                ..
            } => {
                if let Some(waiting) = self.waiting.remove(&frame) {
                    self.give_place(radio, waiting.ac);
                    self.elsewhere(radio, frame, &waiting);
                    self.done(&waiting, acked, tries, signal_dbm);
                }
            }
            Event::OnAir { .. } => {}
        }
    }

    fn deliver(&mut self, radio: RadioId, frame: FrameId, rate: Rate, signal_dbm: f32) {
        let Some(waiting) = self.waiting.get(&frame) else {
            return;
        };
        let delivery = self.delivery(radio, &waiting.tx, rate, signal_dbm);
        if let Some(radio) = self.radios.get_mut(radio) {
            // A frame to a group finds out whether it is back.
            radio.deaf = false;
        }
        self.orders.extend(delivery.map(|delivery| Order::Deliver {
            radio,
            frame,
            delivery,
            expected: true,
        }));
    }

    fn delivery(
        &self,
        radio: RadioId,
        tx: &TxFrame,
        rate: Rate,
        signal_dbm: f32,
    ) -> Option<Delivery> {
        Some(Delivery {
            receiver: self.radios.get(radio)?.handle,
            data: Arc::clone(&tx.data),
            rate_index: rates::index(rate, tx.frequency_mhz)?,
            signal_dbm: whole(signal_dbm),
            frequency_mhz: tx.frequency_mhz,
        })
    }

    /// A radio that scans without sending is on another frequency than the model believes, and
    /// must hear beacons: group frames go to radios elsewhere, too, and the kernel refuses them
    /// for those that really are there.
    fn elsewhere(&mut self, sender: RadioId, frame: FrameId, waiting: &Waiting) {
        let Some(header) = Header::parse(&waiting.tx.data) else {
            return;
        };
        let rate = rates::rate(waiting.tx.rates[0].index, waiting.tx.frequency_mhz);
        let Some(rate) = rate.filter(|_| header.receiver.is_group()) else {
            return;
        };
        if self.radios.get(sender).is_none_or(|radio| radio.vanished) {
            return;
        }
        let mut orders = Vec::new();
        for (id, radio) in self.radios.iter() {
            let there = self.medium.radio(id).frequency_mhz;
            let signal_dbm = self.medium.signal_dbm(sender, id);
            if id != sender
                && !radio.vanished
                && there != waiting.tx.frequency_mhz
                && self.config.propagation.is_heard(f64::from(signal_dbm))
            {
                let delivery = self.delivery(id, &waiting.tx, rate, signal_dbm);
                orders.extend(delivery.map(|delivery| Order::Deliver {
                    radio: id,
                    frame,
                    delivery,
                    expected: false,
                }));
            }
        }
        self.orders.extend(orders);
    }

    fn done(&mut self, waiting: &Waiting, acked: bool, tries: u8, signal_dbm: f32) {
        let acked = acked && !waiting.refused;
        let flags = waiting.tx.flags | if acked { ACKED } else { 0 };
        let signal_dbm = if acked { whole(signal_dbm) } else { 0 };
        let rates = rates::used(waiting.tx.rates, tries);
        self.report(&waiting.tx, flags, rates, signal_dbm);
    }

    fn give_place(&mut self, id: RadioId, ac: Ac) {
        if let Some(radio) = self.radios.get_mut(id) {
            radio.give_place(ac);
        }
    }

    fn report(&mut self, tx: &TxFrame, flags: u32, rates: [TxRate; 4], signal_dbm: i32) {
        self.orders.push_back(Order::Report(TxStatus {
            transmitter: tx.transmitter,
            cookie: tx.cookie,
            flags,
            rates,
            signal_dbm,
        }));
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "saturates; signals are some tens of dB below 0"
)]
fn whole(dbm: f32) -> i32 {
    dbm.round() as i32
}

#[cfg(test)]
mod tests;
