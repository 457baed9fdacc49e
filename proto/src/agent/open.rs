//! A gate that failed open: the coordinator is silent, and everything goes as plain Wi-Fi.
//!
//! What was held is not poured into the radio's queue at once: the coordinator may only have been
//! late, because the cell is crowded, and hundreds of packets in every radio would keep it so for
//! seconds. Packets pass as fast as the air could carry them if nobody else used it.

use super::{Agent, AgentEvent};
use crate::machine::{Packet, Reason};
use crate::queues::Air;
use crate::time::Duration;

/// How much air the packets in the radio's queue may need.
const AHEAD: Duration = Duration::from_millis(10);

impl Agent {
    /// Packets wait: from here two silent cycles open the gate. Where something is promised, the
    /// coordinator comes by more often, and is missed sooner.
    pub(super) fn await_coordinator(&mut self) {
        /// Bounds below this say how promptly packets go, not how often a coordinator is heard.
        const SHORTEST: Duration = Duration::from_millis(20);
        let cycle = self.session.cycle();
        let usual = self
            .queues
            .tightest()
            .map_or(cycle, |delay| delay.max(SHORTEST).min(cycle));
        self.timers.set(Reason::FailOpen, self.now + usual * 2);
    }

    /// The coordinator has been silent for too long; or it has been for a while, and the radio has
    /// room for more.
    pub(super) fn fail_open(&mut self) {
        if self.departure.is_landing() {
            return self.arrive();
        }
        if self.departure.is_gone() {
            self.departure_failed();
            return;
        }
        if self.failed_open {
            self.pass_more();
            return;
        }
        if !self.is_awaiting() {
            return;
        }
        if self.is_silence_ours() {
            return self.await_coordinator();
        }
        let waiting = self.queues.backlog(self.now);
        let released = u32::from(waiting.rt.packets) + u32::from(waiting.nrt.packets);
        if waiting.rt.packets > 0 {
            // The coordinator lives, it may be, and has given up the promise, or this agent.
            self.doubt_promises();
        }
        self.failed_open = true;
        self.open_until = self.now;
        self.requests = 0;
        self.ask_at = None;
        self.promise_in_doubt = None;
        self.last_return = None;
        self.coordinator_knows = false;
        self.stats.failed_open += 1;
        self.events.push_back(AgentEvent::FailedOpen { released });
        self.pass_more();
    }

    /// A packet comes to the open gate.
    pub(super) fn pass_in_turn(&mut self, packet: &Packet) {
        if let Err(verdict) = self.queues.push(self.now, packet) {
            self.verdicts.push_back(verdict);
        }
        self.pass_more();
    }

    pub(super) fn pass_more(&mut self) {
        let air = Air {
            phy: self.phy,
            turn: self.turn,
            rate: self.rate,
        };
        self.open_until = self.open_until.max(self.now);
        while self.open_until < self.now + AHEAD {
            let Some(cost) = self.queues.pass_one(self.now, air, &mut self.verdicts) else {
                self.timers.stop(Reason::FailOpen);
                return;
            };
            self.stats.passed += 1;
            self.open_until += cost;
        }
        let again = self.now + self.open_until.since(self.now + AHEAD / 2);
        self.timers
            .set(Reason::FailOpen, again.max(self.now + AHEAD / 4));
    }
}
