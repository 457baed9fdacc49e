//! Questions about the ledger that change nothing: would this be granted, and whose promise would
//! suffer if a rate fell.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::Coordinator;
use crate::flow::FlowKey;
use crate::ledger::plan::{self, Change};
use crate::ledger::{Entry, FlowId, Ledger, LinkRates, Refusal};
use crate::mac::MacAddr;
use crate::policy::{Direction, Promise, Rank};
use crate::time::Duration;

/// A promise that no rule of the policy makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// Whose air it uses.
    pub station: MacAddr,
    /// The flow as the station sends it; of an idea rather than a flow only the protocol counts.
    pub key: FlowKey,
    /// The ways to reserve.
    pub direction: Direction,
    /// What to promise in each.
    pub promise: Promise,
    /// How it stands when the air is short.
    pub rank: Rank,
    /// A flow that sends nothing for so long loses it.
    pub idle: Duration,
}

/// What to find out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Question {
    /// Would this be granted now.
    Admit(Ask),
    /// Whose promises would be shrunk, withdrawn or restored if this station had these rates;
    /// `Rate(0)`: as it is.
    Rate {
        /// The station.
        station: MacAddr,
        /// Its rates.
        rates: LinkRates,
    },
}

/// The ledger in figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Cycle length.
    pub cycle: Duration,
    /// Airtime per cycle of all promises and holds with their token cost.
    pub booked: Duration,
    /// Airtime per cycle that may be promised.
    pub capacity: Duration,
    /// Share of the air that unregistered stations use, in thousandths.
    pub unregistered: u16,
    /// So many more calls of G.711 (200 octets each 20 ms, both ways) fit, each at a station of its
    /// own that is as slow as the slowest one here.
    pub calls_left: u32,
}

/// What would become of one promise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    /// Whose air it uses.
    pub station: MacAddr,
    /// The flow as the station sends it.
    pub key: FlowKey,
    /// Name of the policy rule behind it.
    pub rule: Option<String>,
    /// What it is promised now, in bit/s.
    pub rate: u32,
    /// What would happen.
    pub change: Change,
}

/// The answer to a [`Question`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Why it would be refused; `None`: it would be granted, or nothing was asked for.
    pub refusal: Option<Refusal>,
    /// The largest rate that would be granted now, in bit/s; of a [`Question::Rate`] 0.
    pub largest: u32,
    /// The ledger now.
    pub before: Account,
    /// The ledger after it.
    pub after: Account,
    /// Whose promises would change. A promise that is admitted changes none: it fits or is refused.
    pub changes: Vec<Changed>,
}

impl Coordinator {
    /// The entry of the ledger that a promise without a rule would have.
    pub(super) fn entry_of(&self, ask: &Ask) -> Entry {
        Entry {
            rule: None,
            direction: ask.direction,
            promise: ask.promise,
            granted: ask.promise.rate,
            rank: ask.rank,
            idle: ask.idle,
            since: self.now,
            up_idle: false,
            bundled: false,
        }
        .bundled(self.bundles_both_ways(ask.station))
    }

    /// Answers a question. Changes nothing, and what it answers holds only until the next input.
    #[must_use]
    pub fn what_if(&self, question: &Question) -> Answer {
        match question {
            Question::Admit(ask) => self.what_if_admitted(ask),
            Question::Rate { station, rates } => self.what_if_rate(*station, *rates),
        }
    }

    /// Whether the flow called `id` is promised something, in force or withdrawn for now.
    #[must_use]
    pub fn is_promised(&self, id: &FlowId) -> bool {
        self.ledger.promised(id).is_some()
    }

    fn what_if_admitted(&self, ask: &Ask) -> Answer {
        let id = FlowId::of(ask.station, Direction::Up, ask.key);
        let entry = self.entry_of(ask);
        let mut after = self.ledger.clone();
        let refusal = after.admit(id, entry, self.links()).err();
        let largest = match refusal {
            Some(refusal) => refusal.largest,
            None => {
                let all = entry.at_rate(u32::MAX);
                let judged = self.ledger.would_admit(id, all, self.links());
                judged.map_or_else(|refusal| refusal.largest, |()| u32::MAX)
            }
        };
        Answer {
            refusal,
            largest,
            before: self.account(&self.ledger, &self.links()),
            after: self.account(&after, &self.links()),
            changes: Vec::new(),
        }
    }

    fn what_if_rate(&self, station: MacAddr, rates: LinkRates) -> Answer {
        let known = self.links();
        let or = |given: crate::airtime::Rate, known| if given.0 > 0 { given } else { known };
        let links = |address: MacAddr| {
            let link = known(address);
            if address != station {
                return link;
            }
            LinkRates {
                up: or(rates.up, link.up),
                down: or(rates.down, link.down),
            }
        };
        let short = plan::degrade(&self.ledger, &links);
        let plan = if short.changes.is_empty() {
            plan::restore(&self.ledger, &links, super::degrade::RESTORE_MARGIN)
        } else {
            short
        };
        let mut after = self.ledger.clone();
        for (id, change) in &plan.changes {
            after.apply(id, *change);
        }
        let changes = plan.changes.into_iter();
        Answer {
            refusal: None,
            largest: 0,
            before: self.account(&self.ledger, &self.links()),
            after: self.account(&after, &links),
            changes: changes
                .filter_map(|(id, change)| self.changed(id, change))
                .collect(),
        }
    }

    fn changed(&self, id: FlowId, change: Change) -> Option<Changed> {
        let withdrawn = self.ledger.get_withdrawn(&id).map(|entry| (entry, 0));
        let held = self.ledger.get(&id);
        let (entry, rate) = held
            .map(|entry| (entry, entry.promise.rate))
            .or(withdrawn)?;
        Some(Changed {
            station: id.station,
            key: id.key,
            rule: self.rule_name(entry.rule),
            rate,
            change,
        })
    }

    /// The ledger in figures.
    pub(super) fn account(
        &self,
        ledger: &Ledger,
        links: &impl Fn(MacAddr) -> LinkRates,
    ) -> Account {
        let cycle = ledger.cycle();
        let (booked, capacity) = (ledger.booked(links), ledger.capacity(cycle));
        let call = Ask {
            station: MacAddr::BROADCAST,
            key: FlowKey {
                protocol: 17,
                ..FlowKey::UNKNOWN
            },
            direction: Direction::Both,
            promise: Promise {
                rate: 80_000,
                packet: 200,
                delay: Duration::from_millis(20),
            },
            rank: Rank::default(),
            idle: Duration::ZERO,
        };
        let slowest = self.stations.keys().map(|address| links(*address));
        let slowest = slowest.min_by_key(|link| link.up.min(link.down));
        let link = slowest.unwrap_or_else(|| links(MacAddr::BROADCAST));
        let id = FlowId::of(call.station, Direction::Up, call.key);
        let entry = self.entry_of(&call);
        let one = ledger.cost_alone(&id, &entry, link);
        let left = capacity.saturating_sub(booked).as_nanos() / one.as_nanos().max(1);
        Account {
            cycle,
            booked,
            capacity,
            unregistered: ledger.unregistered(),
            calls_left: u32::try_from(left).unwrap_or(u32::MAX),
        }
    }
}
