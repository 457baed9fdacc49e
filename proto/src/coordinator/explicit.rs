//! Promises that no rule makes: reservations by a station's own program or by the operator, and
//! soft holds.

use super::what_if::Ask;
use super::{Coordinator, CoordinatorEvent};
use crate::ledger::hold::HoldId;
use crate::ledger::{FlowId, Refusal};
use crate::policy::{Direction, Promise, Rank};
use crate::time::{Duration, Instant};
use crate::wire::{RefusalReason, Reserve};

/// A flow that a program reserved may be silent for so long: it starts after it was reserved.
pub const EXPLICIT_IDLE: Duration = Duration::from_secs(30);
/// What a program reserved for a flow whose own port is not known yet is kept so long after it was
/// last asked for.
const WAITING: Duration = Duration::from_secs(60);
/// Holds by this coordinator itself have the highest bit set; others choose below.
const OWN_HOLDS: u64 = 1 << 63;

/// Airtime kept free for a flow that is to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct HoldRequest {
    /// Its name, chosen by who asks; below 2^63.
    pub id: HoldId,
    /// What to keep free.
    pub ask: Ask,
    /// How long.
    pub span: Duration,
}

impl Coordinator {
    /// The operator makes a reservation.
    pub(super) fn reserve_for_operator(&mut self, ask: &Ask) {
        let id = FlowId::of(ask.station, Direction::Up, ask.key);
        if self.stations.contains_key(&ask.station) {
            // A refusal is an event.
            let entry = self.entry_of(ask);
            let _ = self.grant_entry(id, entry);
        }
    }

    /// A station's program asks for a promise. A flow whose own port is 0 is yet to come: its
    /// airtime is held until it does.
    pub(super) fn reserve_for_program(
        &mut self,
        id: FlowId,
        reserve: &Reserve,
    ) -> Result<Promise, Refusal> {
        let refused = |reason| Err(Refusal { reason, largest: 0 });
        let ask = Ask {
            station: id.station,
            key: id.key,
            direction: reserve.direction,
            promise: reserve.promise,
            rank: Rank::default(),
            idle: EXPLICIT_IDLE,
        };
        if let Some(hold) = self.hold_for(&id) {
            if is_yet_to_come(&id) {
                let links = super::links_of(&self.stations, self.config.assumed_rate);
                // Asked for again: it is kept longer.
                let until = self.now + WAITING;
                let entry = self.entry_of(&ask);
                self.ledger.hold(hold, id, entry, until, links)?;
                return Ok(ask.promise);
            }
            let held = self.ledger.drop_hold(hold);
            let entry = held.map_or_else(|| self.entry_of(&ask), |held| held.entry);
            self.grant_entry(id, entry)?;
            return Ok(entry.promise);
        }
        let Some(limit) = self.config.explicit_limit else {
            return refused(RefusalReason::ExplicitDenied);
        };
        let own = |(_, entry): &(_, &crate::ledger::Entry)| entry.rule.is_none();
        let holds = self.ledger.holds();
        let made = self.all_of(id.station).filter(own).count()
            + holds
                .filter(|(_, hold)| hold.flow.station == id.station)
                .count();
        if made >= usize::from(limit) {
            return refused(RefusalReason::ExplicitLimit);
        }
        let entry = self.entry_of(&ask);
        if !is_yet_to_come(&id) {
            self.grant_entry(id, entry)?;
            return Ok(entry.promise);
        }
        let links = super::links_of(&self.stations, self.config.assumed_rate);
        let name = HoldId(OWN_HOLDS | self.next_hold);
        self.next_hold += 1;
        let until = self.now + WAITING;
        self.ledger.hold(name, id, entry, until, links)?;
        self.keep_house();
        Ok(entry.promise)
    }

    /// The hold that a flow of this name may claim: its own, or that of a flow to the same end
    /// whose own port was not known yet.
    pub(super) fn hold_for(&self, id: &FlowId) -> Option<HoldId> {
        let mut open = *id;
        open.key.src_port = 0;
        let claims = |flow: &FlowId| flow == id || *flow == open;
        let mut holds = self.ledger.holds();
        holds
            .find(|(_, hold)| claims(&hold.flow))
            .map(|(name, _)| *name)
    }

    /// The first packet down of a flow that a hold is for.
    pub(super) fn claim_down(&mut self, id: FlowId) -> bool {
        let Some(name) = self.hold_for(&id) else {
            return false;
        };
        let Some(hold) = self.ledger.drop_hold(name) else {
            return false;
        };
        let entry = crate::ledger::Entry {
            since: self.now,
            ..hold.entry
        };
        self.grant_entry(id, entry).is_ok()
    }

    /// Keeps airtime free for a flow that is to come.
    pub(super) fn hold(&mut self, request: &HoldRequest) {
        let ask = &request.ask;
        let id = FlowId::of(ask.station, Direction::Up, ask.key);
        let until = self.now + request.span;
        let entry = self.entry_of(ask);
        let links = super::links_of(&self.stations, self.config.assumed_rate);
        match self.ledger.hold(request.id, id, entry, until, links) {
            Ok(()) => {
                self.events.push_back(CoordinatorEvent::Held(request.id));
                self.keep_house();
                // Who is about to come finds the air in order: gates shut, radios drained. It ends
                // after a while if nobody does.
                self.enter_token_mode();
            }
            Err(refusal) => self
                .events
                .push_back(CoordinatorEvent::Refused(id, refusal)),
        }
    }

    /// A hold becomes a reservation. Its station must be here.
    pub(super) fn claim(&mut self, name: HoldId) {
        let hold = self.ledger.get_hold(name).copied();
        let Some(hold) = hold.filter(|hold| self.stations.contains_key(&hold.flow.station)) else {
            return;
        };
        self.ledger.drop_hold(name);
        let entry = crate::ledger::Entry {
            since: self.now,
            ..hold.entry
        };
        // A refusal is an event.
        let _ = self.grant_entry(hold.flow, entry);
    }

    pub(super) fn expire_holds(&mut self, now: Instant) {
        self.ledger.expire_holds(now);
    }
}

/// A flow with ports whose own is not known.
const fn is_yet_to_come(id: &FlowId) -> bool {
    matches!(id.key.protocol, 6 | 17) && id.key.src_port == 0
}
