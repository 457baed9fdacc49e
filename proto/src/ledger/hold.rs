//! Soft holds: airtime kept free for a flow that is to come, such as one that hands over from
//! another cell.
//!
//! A hold counts in admission like the promise it is for, and needs no visits. It expires, or is
//! claimed by the flow. Its token cost is counted even if its station is visited anyway: the
//! station may be gone when the flow comes.

use alloc::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Entry, FlowId, Ledger, LinkRates, Refusal};
use crate::mac::MacAddr;
use crate::time::{Duration, Instant};

/// Names a hold; chosen by who asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct HoldId(pub u64);

/// One hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold {
    /// The flow it is for.
    pub flow: FlowId,
    /// What is kept for it.
    pub entry: Entry,
    /// When it lapses.
    pub until: Instant,
}

/// The holds of a cell.
#[derive(Clone, Debug)]
pub(super) struct Holds(BTreeMap<HoldId, Hold>);

impl Holds {
    pub(super) const fn new() -> Self {
        Self(BTreeMap::new())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Ledger {
    /// Keeps the airtime of `entry` free until `until`, for the flow called `flow`. A hold of the
    /// same name is replaced.
    ///
    /// # Errors
    /// As [`Ledger::admit`]; the ledger is unchanged.
    pub fn hold(
        &mut self,
        id: HoldId,
        flow: FlowId,
        entry: Entry,
        until: Instant,
        links: impl Fn(MacAddr) -> LinkRates,
    ) -> Result<(), Refusal> {
        let previous = self.holds.0.remove(&id);
        let verdict = self.judge(&flow, &entry, links);
        if verdict.is_ok() {
            self.holds.0.insert(id, Hold { flow, entry, until });
        } else if let Some(previous) = previous {
            self.holds.0.insert(id, previous);
        }
        verdict
    }

    /// Makes the reservation that a hold was for; `None` if there is no such hold. What the hold
    /// kept free is enough for it, unless PHY rates fell meanwhile.
    pub fn claim(
        &mut self,
        id: HoldId,
        links: impl Fn(MacAddr) -> LinkRates,
    ) -> Option<(FlowId, Entry, Result<(), Refusal>)> {
        let hold = self.holds.0.remove(&id)?;
        let verdict = self.admit(hold.flow, hold.entry, links);
        Some((hold.flow, hold.entry, verdict))
    }

    /// Gives a hold up.
    pub fn drop_hold(&mut self, id: HoldId) -> Option<Hold> {
        self.holds.0.remove(&id)
    }

    /// All holds, in a fixed order.
    pub fn holds(&self) -> impl Iterator<Item = (&HoldId, &Hold)> {
        self.holds.0.iter()
    }

    /// The hold called `id`.
    #[must_use]
    pub fn get_hold(&self, id: HoldId) -> Option<&Hold> {
        self.holds.0.get(&id)
    }

    /// Takes out the holds that have lapsed; true if there were any.
    pub fn expire_holds(&mut self, now: Instant) -> bool {
        let before = self.holds.0.len();
        self.holds.0.retain(|_, hold| hold.until > now);
        self.holds.0.len() < before
    }

    /// Airtime per cycle of all holds, token cost included.
    pub(super) fn held(&self, links: impl Fn(MacAddr) -> LinkRates) -> Duration {
        let holds = self.holds.0.values();
        holds.fold(Duration::ZERO, |sum, hold| {
            let link = links(hold.flow.station);
            sum + self.cost_alone(&hold.flow, &hold.entry, link)
        })
    }
}
