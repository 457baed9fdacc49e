//! Who is in the cell: the coordinator's list of stations, kept like the driver's.
//!
//! Events only say when to look; what counts is the driver's station table. So a lost event or a
//! restart of hostapd costs a second at most, and nothing can get out of step for good.

use std::collections::{BTreeMap, BTreeSet};

use rether_daemon::driver::Orders;
use rether_daemon::host::{QUEUES, rate};
use rether_linux::control::{Control, ControlError};
use rether_linux::gate::{Hop, NfqGate, QueueOptions};
use rether_linux::nl80211::Station;
use rether_linux::rules::StationQueue;
use rether_proto::coordinator::{Coordinator, CoordinatorCommand, StationCounters};
use rether_proto::ledger::LinkRates;
use rether_proto::mac::MacAddr;

/// Stations that have joined.
pub(crate) struct Members {
    orders: Orders<Coordinator, NfqGate>,
    joined: BTreeMap<MacAddr, Member>,
    queues: Option<Queues>,
    /// Who has joined since the list was last made like the driver's.
    fresh: Vec<MacAddr>,
    /// The radio has these, and hostapd has not yet said that they are authorised.
    coming: BTreeSet<MacAddr>,
    /// These are authorised, and the radio's word that it has them has not been read yet.
    early: BTreeSet<MacAddr>,
}

#[derive(Debug)]
struct Member {
    queue: Option<u16>,
    link: Option<LinkRates>,
}

/// Queue numbers for stations of a bridged cell; those used once stay bound.
#[derive(Debug)]
struct Queues {
    free: BTreeSet<u16>,
    bound: BTreeSet<u16>,
}

impl Members {
    /// Nobody has joined. With `base`, each station gets a queue of its own above that number.
    pub(crate) fn new(orders: Orders<Coordinator, NfqGate>, base: Option<u16>) -> Self {
        let queues = base.map(|base| Queues {
            free: (1..QUEUES)
                .filter_map(|step| base.checked_add(step))
                .collect(),
            bound: BTreeSet::new(),
        });
        Self {
            orders,
            joined: BTreeMap::new(),
            queues,
            fresh: Vec::new(),
            coming: BTreeSet::new(),
            early: BTreeSet::new(),
        }
    }

    /// The stations with queues of their own, for the rules.
    pub(crate) fn queues(&self) -> Vec<StationQueue> {
        let queue = |(station, member): (&MacAddr, &Member)| {
            Some(StationQueue {
                station: *station,
                queue: member.queue?,
            })
        };
        self.joined.iter().filter_map(queue).collect()
    }

    /// The radio has a new station. True if hostapd has already said that it is authorised, so that
    /// there is nothing more to wait for: what it said and what the radio says come by different ways.
    pub(crate) fn came(&mut self, station: MacAddr) -> bool {
        let early = self.early.remove(&station);
        if !early {
            self.coming.insert(station);
        }
        early
    }

    /// hostapd says that a station is authorised: it joins, if it has not.
    pub(crate) async fn authorised(&mut self, station: MacAddr) {
        if !self.coming.remove(&station) {
            self.early.insert(station);
        }
        if !self.joined.contains_key(&station) {
            self.join(station).await;
        }
    }

    /// A station has left, even if it is back already. True if it was here.
    pub(crate) fn left(&mut self, station: MacAddr) -> bool {
        self.coming.remove(&station);
        self.fresh.retain(|fresh| *fresh != station);
        let Some(member) = self.joined.remove(&station) else {
            return false;
        };
        if let (Some(queue), Some(queues)) = (member.queue, &mut self.queues) {
            queues.free.insert(queue);
        }
        tracing::info!("{station} left");
        self.orders
            .command(CoordinatorCommand::StationLeft(station));
        true
    }

    /// Makes the list like `present`, the driver's station table; hostapd, if there, says who is
    /// authorised. Returns who joined, and true if somebody joined or left since the last time.
    pub(crate) async fn follow(
        &mut self,
        present: &[Station],
        hostapd: &mut Option<Control>,
    ) -> (Vec<MacAddr>, bool) {
        let mut joined = Vec::new();
        let here: BTreeSet<_> = present.iter().map(|station| station.mac).collect();
        let gone: Vec<_> = self
            .joined
            .keys()
            .copied()
            .filter(|mac| !here.contains(mac))
            .collect();
        let mut changed = !gone.is_empty();
        for mac in gone {
            self.left(mac);
        }
        for station in present {
            if !self.joined.contains_key(&station.mac) {
                if !is_authorised(station.mac, hostapd).await {
                    continue;
                }
                self.join(station.mac).await;
                joined.push(station.mac);
            }
            self.heard(station);
        }
        for station in self.fresh.drain(..) {
            tracing::info!("{station} joined");
            changed = true;
        }
        (joined, changed)
    }

    async fn join(&mut self, station: MacAddr) {
        let queue = match self.queues.as_mut().map(|queues| queues.free.pop_first()) {
            Some(Some(queue)) => self.bind(queue).await,
            Some(None) => {
                tracing::warn!("more than {} stations: {station} is not gated", QUEUES - 1);
                None
            }
            None => None,
        };
        let member = Member { queue, link: None };
        self.joined.insert(station, member);
        self.fresh.push(station);
        self.orders
            .command(CoordinatorCommand::StationJoined(station));
    }

    /// Rules may name a queue only when it is bound, else packets pass it by.
    async fn bind(&mut self, queue: u16) -> Option<u16> {
        let queues = self.queues.as_mut()?;
        if queues.bound.contains(&queue) {
            return Some(queue);
        }
        let options = QueueOptions::new(Hop::LinkDestination);
        let bound = self
            .orders
            .inspect(move |view| view.gate.bind(queue, options))
            .await;
        match bound {
            Ok(Ok(())) => {
                queues.bound.insert(queue);
                Some(queue)
            }
            Ok(Err(error)) => {
                tracing::warn!("queue {queue} cannot be used: {error}");
                None
            }
            // The daemon is about to end with the driver's own error.
            Err(_) => None,
        }
    }

    fn heard(&mut self, station: &Station) {
        let rates = LinkRates {
            up: rate(station.rx_rate),
            down: rate(station.tx_rate),
        };
        let Some(member) = self.joined.get_mut(&station.mac) else {
            return;
        };
        if member.link != Some(rates) {
            member.link = Some(rates);
            self.orders.command(CoordinatorCommand::Link {
                station: station.mac,
                rates,
            });
        }
        // That nothing was sent is news too.
        self.orders.command(CoordinatorCommand::Counters {
            station: station.mac,
            counters: counters(station),
        });
    }
}

fn counters(station: &Station) -> StationCounters {
    StationCounters {
        tx_packets: station.tx_packets.into(),
        tx_retries: station.tx_retries.into(),
        tx_failed: station.tx_failed.into(),
        tx_bytes: station.tx_bytes,
        rx_packets: station.rx_packets.into(),
        rx_bytes: station.rx_bytes,
    }
}

/// Without hostapd's word, whom the driver has associated counts as authorised: before the
/// handshake is over, its frames do not get through anyway.
async fn is_authorised(station: MacAddr, hostapd: &mut Option<Control>) -> bool {
    let Some(control) = hostapd else { return true };
    match control.fields(&format!("STA {station}")).await {
        Ok(fields) => fields
            .get("flags")
            .is_some_and(|flags| flags.contains("[AUTHORIZED]")),
        Err(ControlError::Refused { .. }) => false,
        Err(error) => {
            tracing::debug!("{error}");
            *hostapd = None;
            true
        }
    }
}
