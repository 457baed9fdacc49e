//! Reservations as the agent sees them: asking on the first packet, closing after the last.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::session::HOUSEKEEPING;
use super::wishes::is_yet_to_come;
use super::{Agent, AgentEvent};
use crate::coordinator::explicit::EXPLICIT_IDLE;
use crate::flow::FlowKey;
use crate::machine::Packet;
use crate::policy::{Direction, PolicyTable, Promise};
use crate::time::{Duration, Instant};
use crate::wire::{Message, Outcome, Reserve, ReserveOp, Reserved};

/// A refused flow is asked for again after so long, if it still sends.
const REFUSED_PAUSE: Duration = Duration::from_secs(5);
/// The most flows that are remembered; further ones stay best effort.
const MAX_FLOWS: usize = 256;

/// The flows that are or were promised something, by their uplink key.
#[derive(Clone, Debug, Default)]
pub(super) struct Flows(BTreeMap<FlowKey, Flow>);

#[derive(Clone, Copy, Debug)]
struct Flow {
    /// The key of its first packet, DSCP included: rules may ask for it.
    marked: FlowKey,
    origin: Origin,
    state: State,
}

/// Why a flow is promised something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// A rule of the policy matches it.
    Rule(u16),
    /// A program of this station asked, or the operator.
    Explicit {
        promise: Promise,
        direction: Direction,
    },
}

impl Origin {
    const fn rule(self) -> Option<u16> {
        match self {
            Self::Rule(rule) => Some(rule),
            Self::Explicit { .. } => None,
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// RESERVE is out, to be repeated at this time.
    Asked {
        again: Instant,
    },
    Granted,
    Refused {
        at: Instant,
    },
    /// The flow fell silent and the coordinator was told so, to be repeated at this time.
    Closing {
        again: Instant,
        /// Which ways: a program may give up both, idle is what this station sends.
        direction: Direction,
    },
}

/// What was not answered and is to be said again.
enum Due {
    Open(Origin),
    Close(Direction),
}

impl Flows {
    pub(super) fn keys(&self) -> impl Iterator<Item = FlowKey> {
        self.0.keys().copied()
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

impl Agent {
    /// Asks for the reservation of a flow when the first of its packets comes by.
    pub(super) fn note_flow(&mut self, packet: &Packet) {
        let key = packet.flow.unmarked();
        if let Some(flow) = self.flows.0.get(&key) {
            let forgiven = |at| self.now.since(at) >= REFUSED_PAUSE;
            match flow.state {
                State::Refused { at } if forgiven(at) => {}
                State::Closing { .. } => {}
                _ => return,
            }
        }
        let full = self.flows.0.len() >= MAX_FLOWS && !self.flows.0.contains_key(&key);
        if !self.session.is_registered() || full {
            return;
        }
        let by_rule =
            |table: &PolicyTable| table.classify(self.own_address, Direction::Up, &packet.flow);
        let by_rule = || self.session.policy().and_then(by_rule).map(Origin::Rule);
        let Some(origin) = self.wish_for(&key).or_else(by_rule) else {
            return;
        };
        let state = State::Asked { again: self.now };
        self.flows.0.insert(
            key,
            Flow {
                marked: packet.flow,
                origin,
                state,
            },
        );
        self.ask_for_flow(key, origin);
    }

    /// What a flow of this origin is promised, which ways, and how long it may be idle; `None` if its
    /// rule is gone.
    fn terms(&self, origin: Origin) -> Option<(Promise, Direction, Duration)> {
        match origin {
            Origin::Rule(rule) => {
                let rule = self.session.policy()?.rules.get(usize::from(rule))?;
                Some((rule.promise, rule.matches.direction, rule.idle))
            }
            Origin::Explicit { promise, direction } => Some((promise, direction, EXPLICIT_IDLE)),
        }
    }

    /// Asks for what a program wants.
    pub(super) fn ask_explicitly(&mut self, key: FlowKey, origin: Origin) {
        if self.flows.0.len() >= MAX_FLOWS && !self.flows.0.contains_key(&key) {
            return;
        }
        let state = State::Asked { again: self.now };
        let marked = key;
        self.flows.0.insert(
            key,
            Flow {
                marked,
                origin,
                state,
            },
        );
        self.ask_for_flow(key, origin);
    }

    fn ask_for_flow(&mut self, key: FlowKey, origin: Origin) {
        let Some((promise, direction, _)) = self.terms(origin) else {
            self.flows.0.remove(&key);
            return;
        };
        let again = self.now + self.session.cycle() * 2;
        let Some(flow) = self.flows.0.get_mut(&key) else {
            return;
        };
        flow.state = State::Asked { again };
        let asked = key;
        let key = flow.marked;
        let op = ReserveOp::Open;
        // A queue of its own from the start: the first packets of a call must not wait behind, or
        // be dropped for, what is best effort.
        if direction.covers(Direction::Up) && !is_yet_to_come(&asked) {
            self.queues.reserve(self.now, asked, promise);
        }
        self.send(Message::Reserve(Reserve {
            op,
            rule: origin.rule(),
            key,
            direction,
            promise,
        }));
        self.retry_flows_later();
    }

    /// Says that this station no longer sends a flow, so that its airtime is free again.
    pub(super) fn close_flow(&mut self, key: FlowKey, direction: Direction) {
        let Some(flow) = self.flows.0.get_mut(&key) else {
            return;
        };
        let again = self.now + HOUSEKEEPING;
        flow.state = State::Closing { again, direction };
        let origin = flow.origin;
        let Some((promise, ..)) = self.terms(origin) else {
            self.flows.0.remove(&key);
            return;
        };
        self.queues.unreserve(key);
        self.send(Message::Reserve(Reserve {
            op: ReserveOp::Close,
            rule: origin.rule(),
            key,
            direction,
            promise,
        }));
        self.retry_flows_later();
    }

    /// Arms the retry timer for the earliest unanswered RESERVE.
    pub(super) fn retry_flows_later(&mut self) {
        let asked = self.flows.0.values().filter_map(|flow| match flow.state {
            State::Asked { again } | State::Closing { again, .. } => Some(again),
            _ => None,
        });
        if let Some(again) = asked.min() {
            self.retry_by(again);
        }
    }

    /// Repeats what was not answered: RESERVEs that are due, and the REQUEST.
    pub(super) fn retry(&mut self) {
        if self.departure.is_shut() {
            return;
        }
        let due: Vec<_> = self
            .flows
            .0
            .iter()
            .filter_map(|(key, flow)| match flow.state {
                State::Asked { again } if again <= self.now => Some((*key, Due::Open(flow.origin))),
                State::Closing { again, direction } if again <= self.now => {
                    Some((*key, Due::Close(direction)))
                }
                _ => None,
            })
            .collect();
        for (key, due) in due {
            match due {
                Due::Open(origin) => self.ask_for_flow(key, origin),
                Due::Close(direction) => self.close_flow(key, direction),
            }
        }
        if self.is_awaiting() && !self.queues.is_empty() {
            let doubt = self.promise_in_doubt;
            if doubt.is_some_and(|doubt| doubt <= self.now) {
                self.promise_in_doubt = None;
                self.doubt_promises();
                self.send_request();
            } else if self.ask_at.is_some_and(|at| at <= self.now) {
                self.send_request();
            }
            self.retry_visit_later();
        }
        self.retry_flows_later();
    }

    /// Arms the retry timer for what packets that wait may need.
    pub(super) fn retry_visit_later(&mut self) {
        for at in self.ask_at.into_iter().chain(self.promise_in_doubt) {
            self.retry_by(at);
        }
    }

    /// Asks again for what was granted: the coordinator may have released it, and its RESERVED
    /// been lost.
    pub(super) fn doubt_promises(&mut self) {
        let granted = |flow: &Flow| matches!(flow.state, State::Granted);
        let flows = self.flows.0.iter().filter(|(_, flow)| granted(flow));
        let flows: Vec<_> = flows.map(|(key, flow)| (*key, flow.origin)).collect();
        for (key, origin) in flows {
            self.ask_for_flow(key, origin);
        }
    }

    /// A new table came: rules have new numbers. What is not promised is judged afresh.
    pub(super) fn renumber_flows(&mut self, old: Option<&PolicyTable>) {
        let new = self.session.policy();
        let place = |rule: u16| {
            let before = old?.rules.get(usize::from(rule))?;
            let place = new?.rules.iter().position(|rule| rule == before)?;
            u16::try_from(place).ok()
        };
        let queues = &mut self.queues;
        self.flows.0.retain(|key, flow| {
            let origin = match flow.origin {
                Origin::Rule(rule) => place(rule).map(Origin::Rule),
                explicit @ Origin::Explicit { .. } => Some(explicit),
            };
            let origin = origin.filter(|_| matches!(flow.state, State::Granted));
            match origin {
                Some(origin) => flow.origin = origin,
                None => queues.unreserve(*key),
            }
            origin.is_some()
        });
    }

    pub(super) fn reserved(&mut self, reserved: Reserved) {
        let key = reserved.key.unmarked();
        match reserved.outcome {
            Outcome::Granted | Outcome::Degraded(_) => {
                let explicit = reserved.rule.is_none();
                let Some((origin, promise)) = self.granted(&reserved) else {
                    return;
                };
                if reserved.direction == Direction::Down && key.is_tcp() {
                    // What comes down is acknowledged by what goes up.
                    self.queues.reserve(self.now, key, promise.acks());
                }
                if !reserved.direction.covers(Direction::Up) && !explicit {
                    return;
                }
                // RESERVED does not carry the DSCP that the rule may have matched.
                let marked = self.flows.0.get(&key).map(|flow| flow.marked);
                if marked.is_none() && self.flows.0.len() >= MAX_FLOWS {
                    return;
                }
                self.flows.0.insert(
                    key,
                    Flow {
                        marked: marked.unwrap_or(key),
                        origin,
                        state: State::Granted,
                    },
                );
                if reserved.direction.covers(Direction::Up) && !is_yet_to_come(&key) {
                    self.queues.reserve(self.now, key, promise);
                }
            }
            Outcome::Released => {
                self.flows.0.remove(&key);
                self.queues.unreserve(key);
                self.ask_for_token();
            }
            // A promise that was withdrawn is asked for again like one that was refused, which
            // shows that the flow still sends; but the coordinator restores it unasked.
            Outcome::Refused(_) | Outcome::Withdrawn(_) => {
                if reserved.direction == Direction::Down {
                    self.queues.unreserve(key);
                }
                let Some(flow) = self.flows.0.get_mut(&key) else {
                    return;
                };
                flow.state = State::Refused { at: self.now };
                self.queues.unreserve(key);
                if matches!(reserved.outcome, Outcome::Refused(_)) {
                    self.forget_wish_of(&key);
                }
                self.ask_for_token();
            }
        }
        self.events.push_back(AgentEvent::Reservation {
            key,
            outcome: reserved.outcome,
            rate: reserved.rate,
            largest: reserved.largest,
        });
    }

    /// Where a grant comes from, and what is promised now: it may be less than was asked for.
    fn granted(&self, reserved: &Reserved) -> Option<(Origin, Promise)> {
        let rate = reserved.rate;
        if let Some(rule) = reserved.rule {
            let origin = Origin::Rule(rule);
            let (promise, ..) = self.terms(origin)?;
            return Some((origin, Promise { rate, ..promise }));
        }
        let promise = reserved.shape?.at(rate);
        let direction = reserved.direction;
        let asked = self.flows.0.get(&reserved.key.unmarked());
        let asked = asked.map(|flow| flow.origin).filter(|o| o.rule().is_none());
        // What a program asked for is what it asks for again, not what is left of it.
        let origin = asked.unwrap_or(Origin::Explicit { promise, direction });
        Some((origin, promise))
    }

    /// Closes the reserved flows that this station no longer sends.
    pub(super) fn close_idle_flows(&mut self) {
        let idle: Vec<_> = self
            .queues
            .flows()
            .filter_map(|(key, last_packet, _)| {
                let flow = self.flows.0.get(&key)?;
                let (.., idle) = self.terms(flow.origin)?;
                (self.now.since(last_packet) > idle).then_some(key)
            })
            .collect();
        for key in idle {
            self.close_flow(key, Direction::Up);
            self.forget_wish_of(&key);
        }
        let (now, flows) = (self.now, &mut self.flows.0);
        flows.retain(|_, flow| match flow.state {
            State::Refused { at } => now.since(at) < REFUSED_PAUSE + HOUSEKEEPING,
            _ => true,
        });
    }
}
