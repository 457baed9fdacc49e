//! The degradation plan: whose promise is shrunk or withdrawn when the air no longer carries all,
//! and whose is restored when it does again.
//!
//! The walk begins at the lowest priority. Within one priority every promise is first shrunk to
//! its lowest rate, the youngest first, and only then are promises withdrawn, the youngest first:
//! a policy that allows a promise to shrink would rather see it shrunk than another one broken.
//! The walk ends as soon as the rest fits. What was taken early in the walk and proves to be
//! needless is given back, so nobody is touched who need not be.
//!
//! Restoring goes the opposite way: the highest priority and the oldest first. What does not fit
//! is passed over, because air that nobody may use helps nobody.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::{Entry, FlowId, Ledger, LinkRates};
use crate::mac::MacAddr;

/// How many steps of a long walk are looked at again; a bound on the work, not on the result.
const RECONSIDERED: usize = 64;

/// What happens to a promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// It holds on, at this lower rate in bit/s.
    Shrink(u32),
    /// It is taken back until there is room again.
    Withdraw,
    /// It holds again, or more of it, at this rate in bit/s.
    Restore(u32),
}

/// Changes that belong together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// In the order of the walk, each flow once.
    pub changes: Vec<(FlowId, Change)>,
}

/// The changes that make all promises fit; empty if they do. If promises fit only when there are
/// none left, for instance because holds fill the cell, all are withdrawn.
#[must_use]
pub fn degrade(ledger: &Ledger, links: &impl Fn(MacAddr) -> LinkRates) -> Plan {
    if ledger.fits(links) {
        return Plan::default();
    }
    let mut steps = walk(ledger);
    // Each step frees air, so the shortest walk that is enough is found by halving.
    let (mut too_short, mut enough) = (0, steps.len());
    while too_short + 1 < enough {
        let middle = usize::midpoint(too_short, enough);
        if after(ledger, &steps[..middle]).fits(links) {
            enough = middle;
        } else {
            too_short = middle;
        }
    }
    steps.truncate(enough);
    give_back(ledger, links, &mut steps);
    Plan {
        changes: last_words(steps),
    }
}

/// The changes that restore promises, such that all of them would fit into the capacity less
/// `margin` thousandths of it: what is restored must not have to be taken back at once.
#[must_use]
pub fn restore(ledger: &Ledger, links: &impl Fn(MacAddr) -> LinkRates, margin: u16) -> Plan {
    let mut raised = ledger.clone();
    let mut steps = Vec::new();
    for (id, change) in walk_back(ledger) {
        let before = raised.clone();
        raised.apply(&id, change);
        let room = raised.capacity(raised.cycle());
        if raised.booked(links) <= room - room * u64::from(margin.min(1_000)) / 1_000 {
            steps.push((id, change));
        } else {
            raised = before;
        }
    }
    Plan {
        changes: last_words(steps),
    }
}

/// All steps down, in order.
fn walk(ledger: &Ledger) -> Vec<(FlowId, Change)> {
    let mut order: Vec<_> = ledger.iter().collect();
    order.sort_by_key(|(id, entry)| (entry.rank.priority, core::cmp::Reverse(entry.since), **id));
    let mut steps = Vec::with_capacity(order.len() * 2);
    for equals in order.chunk_by(|(_, a), (_, b)| a.rank.priority == b.rank.priority) {
        let shrinkable = |(_, entry): &&(&FlowId, &Entry)| entry.least_rate() < entry.promise.rate;
        let shrunk = equals.iter().filter(shrinkable);
        steps.extend(shrunk.map(|(id, entry)| (**id, Change::Shrink(entry.least_rate()))));
        steps.extend(equals.iter().map(|(id, _)| (**id, Change::Withdraw)));
    }
    steps
}

/// All steps up, in order: within a priority first what was withdrawn, then what was shrunk.
fn walk_back(ledger: &Ledger) -> Vec<(FlowId, Change)> {
    let shrunk = ledger.iter().filter(|(_, entry)| entry.is_shrunk());
    let mut order: Vec<_> = ledger
        .withdrawn()
        .map(|(id, entry)| (true, id, entry))
        .chain(shrunk.map(|(id, entry)| (false, id, entry)))
        .collect();
    let rank = |entry: &Entry| (core::cmp::Reverse(entry.rank.priority), entry.since);
    order.sort_by_key(|(_, id, entry)| (rank(entry), **id));
    let mut steps = Vec::new();
    for equals in order.chunk_by(|(.., a), (.., b)| a.rank.priority == b.rank.priority) {
        let gone = equals.iter().filter(|(gone, ..)| *gone);
        steps.extend(gone.map(|(_, id, entry)| (**id, Change::Restore(entry.least_rate()))));
        let below = equals
            .iter()
            .filter(|(_, _, entry)| entry.least_rate() < entry.granted);
        steps.extend(below.map(|(_, id, entry)| (**id, Change::Restore(entry.granted))));
    }
    steps
}

/// Takes out steps that are not needed, those of the highest priority and the oldest flows first.
fn give_back(
    ledger: &Ledger,
    links: &impl Fn(MacAddr) -> LinkRates,
    steps: &mut Vec<(FlowId, Change)>,
) {
    let oldest_looked_at = steps.len().saturating_sub(RECONSIDERED);
    for place in (oldest_looked_at..steps.len()).rev() {
        let step = steps.remove(place);
        if !after(ledger, steps).fits(links) {
            steps.insert(place, step);
        }
    }
}

/// The ledger once `steps` have been carried out.
fn after(ledger: &Ledger, steps: &[(FlowId, Change)]) -> Ledger {
    let mut after = ledger.clone();
    for (id, change) in steps {
        after.apply(id, *change);
    }
    after
}

/// Of several steps of one flow only the last counts.
fn last_words(steps: Vec<(FlowId, Change)>) -> Vec<(FlowId, Change)> {
    let mut kept: Vec<(FlowId, Change)> = Vec::with_capacity(steps.len());
    for (id, change) in steps {
        match kept.iter_mut().find(|(other, _)| *other == id) {
            Some((_, earlier)) => *earlier = change,
            None => kept.push((id, change)),
        }
    }
    kept
}

impl Ledger {
    /// Carries out one change; the entry as it is then.
    pub fn apply(&mut self, id: &FlowId, change: Change) -> Option<Entry> {
        match change {
            Change::Shrink(rate) => {
                let entry = self.entries.get_mut(id)?;
                *entry = entry.at_rate(rate);
                Some(*entry)
            }
            Change::Withdraw => {
                let entry = self.entries.remove(id)?;
                self.withdrawn.insert(*id, entry);
                Some(entry)
            }
            Change::Restore(rate) => {
                let entry = self
                    .withdrawn
                    .remove(id)
                    .or_else(|| self.entries.remove(id))?;
                let entry = entry.at_rate(rate);
                self.entries.insert(*id, entry);
                Some(entry)
            }
        }
    }
}
