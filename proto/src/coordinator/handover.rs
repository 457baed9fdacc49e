//! Promises that go with their station from cell to cell.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::Coordinator;
use super::what_if::Ask;
use crate::airtime::Rate;
use crate::flow::FlowKey;
use crate::ledger::hold::{Hold, HoldId};
use crate::ledger::{Entry, FlowId, LinkRates, Refusal};
use crate::mac::MacAddr;
use crate::policy::{Direction, Promise, Rank};
use crate::time::Duration;

/// What a flow was promised in another cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promised {
    /// The flow, as the station sends it, without DSCP.
    pub key: FlowKey,
    /// The ways that are reserved.
    pub direction: Direction,
    /// What was granted in each, also where it is less for now.
    pub promise: Promise,
    /// How it stands when the air is short.
    pub rank: Rank,
    /// A flow that sends nothing for so long loses it.
    pub idle: Duration,
}

impl Promised {
    /// The same as a question, or as what to hold, for `station`.
    #[must_use]
    pub const fn ask(&self, station: MacAddr) -> Ask {
        Ask {
            station,
            key: self.key,
            direction: self.direction,
            promise: self.promise,
            rank: self.rank,
            idle: self.idle,
        }
    }
}

/// What of a station's promises a cell could keep.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Bit n: promise n, whole. There is a bit for each of the first 32; others are not kept.
    pub kept: u32,
    /// The largest rate that fits in place of each promise that is not kept, in order, in bit/s.
    pub largest: Vec<u32>,
    /// Why the first one that is not kept is not.
    pub refusal: Option<Refusal>,
}

/// The most promises that are judged.
const MOST: usize = 32;

impl Coordinator {
    /// Whether an agent at the station is registered.
    #[must_use]
    pub fn has_agent(&self, station: MacAddr) -> bool {
        let known = self.stations.get(&station);
        known.is_some_and(|known| known.live_agent().is_some())
    }

    /// What a station was promised, in force or withdrawn for now.
    pub fn promises_of(&self, station: MacAddr) -> impl Iterator<Item = Promised> {
        self.all_of(station).map(|(id, entry)| Promised {
            key: id.key,
            direction: entry.direction,
            promise: Promise {
                rate: entry.granted,
                ..entry.promise
            },
            rank: entry.rank,
            idle: entry.idle,
        })
    }

    /// What this cell could keep of the promises of a station that is to come, one after the
    /// other; `link`: the rates that it would have here, 0 if they are not known. Changes nothing,
    /// and holds only until the next input.
    #[must_use]
    pub fn could_keep(&self, station: MacAddr, link: LinkRates, promises: &[Promised]) -> Kept {
        let known = self.links();
        let or = |given: Rate, known| if given.0 > 0 { given } else { known };
        let links = |address: MacAddr| {
            let own = known(address);
            if address != station {
                return own;
            }
            LinkRates {
                up: or(link.up, own.up),
                down: or(link.down, own.down),
            }
        };
        let mut ledger = self.ledger.clone();
        let id = |promised: &Promised| FlowId::of(station, Direction::Up, promised.key);
        // What is held for them is theirs.
        for promised in promises {
            for (name, _) in self.holds_of(&id(promised)) {
                ledger.drop_hold(name);
            }
        }
        let mut answer = Kept::default();
        for (place, promised) in promises.iter().enumerate().take(MOST) {
            let entry = self.entry_of(&promised.ask(station));
            match ledger.admit(id(promised), entry, links) {
                Ok(()) => answer.kept |= 1 << place,
                Err(refusal) => {
                    answer.largest.push(refusal.largest);
                    answer.refusal.get_or_insert(refusal);
                }
            }
        }
        answer.largest.extend(promises.iter().skip(MOST).map(|_| 0));
        answer
    }

    /// A station has come with promises. What was held for them becomes theirs; a promise that has
    /// been made here already stays as it is. A refusal is an event.
    pub(super) fn adopt(&mut self, station: MacAddr, promises: &[Promised]) {
        if !self.stations.contains_key(&station) {
            return;
        }
        for promised in promises {
            let id = FlowId::of(station, Direction::Up, promised.key);
            if self.ledger.promised(&id).is_some() {
                self.take_holds(&id);
                continue;
            }
            let entry = Entry {
                rule: self.same_rule(station, promised),
                ..self.entry_of(&promised.ask(station))
            };
            self.refusals.tell_again(&id);
            let _ = self.grant_held(id, entry);
        }
    }

    /// The rule of this cell that makes the same promise.
    fn same_rule(&self, station: MacAddr, promised: &Promised) -> Option<u16> {
        let Promised {
            key,
            direction,
            promise,
            rank,
            idle,
        } = *promised;
        let (way, key) = if direction.covers(Direction::Up) {
            (Direction::Up, key)
        } else {
            (Direction::Down, key.reversed())
        };
        let place = self.policy.classify(station, way, &key)?;
        let rule = self.policy.rules.get(usize::from(place))?;
        let same = (rule.matches.direction, rule.promise, rule.rank, rule.idle)
            == (direction, promise, rank, idle);
        same.then_some(place)
    }

    /// Grants `entry`; what is held for this flow is part of it, and held on if it is refused.
    pub(super) fn grant_held(&mut self, id: FlowId, entry: Entry) -> Result<(), Refusal> {
        let held = self.take_holds(&id);
        let granted = self.grant_entry(id, entry);
        if granted.is_err() {
            let links = super::links_of(&self.stations, self.config.assumed_rate);
            for (name, hold) in held {
                // There was room for it a moment ago.
                let _ = self
                    .ledger
                    .hold(name, hold.flow, hold.entry, hold.until, &links);
            }
        }
        granted
    }

    /// Ends what is held for a flow.
    fn take_holds(&mut self, id: &FlowId) -> Vec<(HoldId, Hold)> {
        let held: Vec<_> = self.holds_of(id).collect();
        for (name, _) in &held {
            self.ledger.drop_hold(*name);
        }
        held
    }

    /// What is held for a flow of exactly this name.
    fn holds_of(&self, id: &FlowId) -> impl Iterator<Item = (HoldId, Hold)> {
        let all = self.ledger.holds().map(|(name, hold)| (*name, *hold));
        all.filter(move |(_, hold)| hold.flow == *id)
    }
}
