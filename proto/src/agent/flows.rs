//! Reservations as the agent sees them: asking on the first packet, closing after the last.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::session::HOUSEKEEPING;
use super::{Agent, AgentEvent};
use crate::flow::FlowKey;
use crate::machine::Packet;
use crate::policy::{Direction, PolicyTable, Rule};
use crate::time::{Duration, Instant};
use crate::wire::{Message, Outcome, Reserve, ReserveOp, Reserved};

/// A refused flow is asked for again after so long, if it still sends.
const REFUSED_PAUSE: Duration = Duration::from_secs(5);
/// The most flows that are remembered; further ones stay best effort.
const MAX_FLOWS: usize = 256;

/// The flows that a policy rule matched, by their uplink key.
#[derive(Clone, Debug, Default)]
pub(super) struct Flows(BTreeMap<FlowKey, Flow>);

#[derive(Clone, Copy, Debug)]
struct Flow {
    /// The key of its first packet, DSCP included: rules may ask for it.
    marked: FlowKey,
    rule: u16,
    state: State,
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
    },
}

impl Flows {
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
        let Some(table) = self.session.policy() else {
            return;
        };
        let Some(rule) = table.classify(self.own_address, Direction::Up, &packet.flow) else {
            return;
        };
        let state = State::Asked { again: self.now };
        self.flows.0.insert(
            key,
            Flow {
                marked: packet.flow,
                rule,
                state,
            },
        );
        self.ask_for_flow(key, rule);
    }

    fn rule(&self, rule: u16) -> Option<&Rule> {
        self.session.policy()?.rules.get(usize::from(rule))
    }

    fn ask_for_flow(&mut self, key: FlowKey, rule: u16) {
        let Some(Rule {
            matches, promise, ..
        }) = self.rule(rule)
        else {
            self.flows.0.remove(&key);
            return;
        };
        let (direction, promise) = (matches.direction, *promise);
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
        self.queues.reserve(self.now, asked, promise);
        self.send(Message::Reserve(Reserve {
            op,
            rule: Some(rule),
            key,
            direction,
            promise,
        }));
        self.retry_flows_later();
    }

    /// Says that this station no longer sends a flow, so that its airtime is free again.
    fn close_flow(&mut self, key: FlowKey) {
        let Some(flow) = self.flows.0.get_mut(&key) else {
            return;
        };
        let again = self.now + HOUSEKEEPING;
        flow.state = State::Closing { again };
        let rule = flow.rule;
        let Some(promise) = self.rule(rule).map(|rule| rule.promise) else {
            self.flows.0.remove(&key);
            return;
        };
        self.queues.unreserve(key);
        self.send(Message::Reserve(Reserve {
            op: ReserveOp::Close,
            rule: Some(rule),
            key,
            direction: Direction::Up,
            promise,
        }));
        self.retry_flows_later();
    }

    /// Arms the retry timer for the earliest unanswered RESERVE.
    pub(super) fn retry_flows_later(&mut self) {
        let asked = self.flows.0.values().filter_map(|flow| match flow.state {
            State::Asked { again } | State::Closing { again } => Some(again),
            _ => None,
        });
        if let Some(again) = asked.min() {
            self.retry_by(again);
        }
    }

    /// Repeats what was not answered: RESERVEs that are due, and the REQUEST.
    pub(super) fn retry(&mut self) {
        let due: Vec<_> = self
            .flows
            .0
            .iter()
            .filter_map(|(key, flow)| match flow.state {
                State::Asked { again } if again <= self.now => Some((*key, Some(flow.rule))),
                State::Closing { again } if again <= self.now => Some((*key, None)),
                _ => None,
            })
            .collect();
        for (key, opens) in due {
            match opens {
                Some(rule) => self.ask_for_flow(key, rule),
                None => self.close_flow(key),
            }
        }
        if self.is_holding() && !self.queues.is_empty() {
            let doubt = self.promise_in_doubt;
            if doubt.is_some_and(|doubt| doubt <= self.now) {
                self.promise_in_doubt = None;
                self.doubt_promises();
                self.send_request();
            } else if self.requests > 0 || self.ask_at.is_some_and(|at| at <= self.now) {
                self.send_request();
            } else if let Some(at) = self.ask_at {
                self.retry_by(at);
            } else if let Some(doubt) = doubt {
                self.retry_by(doubt);
            }
        }
        self.retry_flows_later();
    }

    /// Asks again for what was granted: the coordinator may have released it, and its RESERVED
    /// been lost.
    fn doubt_promises(&mut self) {
        let granted = |flow: &Flow| matches!(flow.state, State::Granted);
        let flows = self.flows.0.iter().filter(|(_, flow)| granted(flow));
        let flows: Vec<_> = flows.map(|(key, flow)| (*key, flow.rule)).collect();
        for (key, rule) in flows {
            self.ask_for_flow(key, rule);
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
            let place = place(flow.rule).filter(|_| matches!(flow.state, State::Granted));
            match place {
                Some(place) => flow.rule = place,
                None => queues.unreserve(*key),
            }
            place.is_some()
        });
    }

    pub(super) fn reserved(&mut self, reserved: Reserved) {
        let key = reserved.key.unmarked();
        match reserved.outcome {
            Outcome::Granted => {
                if !reserved.direction.covers(Direction::Up) {
                    return;
                }
                let Some(rule) = reserved.rule else { return };
                let Some(promise) = self.rule(rule).map(|rule| rule.promise) else {
                    return;
                };
                // RESERVED does not carry the DSCP that the rule may have matched.
                let marked = self.flows.0.get(&key).map(|flow| flow.marked);
                if marked.is_none() && self.flows.0.len() >= MAX_FLOWS {
                    return;
                }
                self.flows.0.insert(
                    key,
                    Flow {
                        marked: marked.unwrap_or(key),
                        rule,
                        state: State::Granted,
                    },
                );
                self.queues.reserve(self.now, key, promise);
            }
            Outcome::Released => {
                self.flows.0.remove(&key);
                self.queues.unreserve(key);
                self.ask_for_token();
            }
            Outcome::Refused(_) => {
                let Some(flow) = self.flows.0.get_mut(&key) else {
                    return;
                };
                flow.state = State::Refused { at: self.now };
                self.queues.unreserve(key);
                self.ask_for_token();
            }
        }
        self.events.push_back(AgentEvent::Reservation {
            key,
            outcome: reserved.outcome,
        });
    }

    /// Closes the reserved flows that this station no longer sends.
    pub(super) fn close_idle_flows(&mut self) {
        let idle: Vec<_> = self
            .queues
            .flows()
            .filter_map(|(key, last_packet, _)| {
                let flow = self.flows.0.get(&key)?;
                let rule = self.rule(flow.rule)?;
                (self.now.since(last_packet) > rule.idle).then_some(key)
            })
            .collect();
        for key in idle {
            self.close_flow(key);
        }
        let (now, flows) = (self.now, &mut self.flows.0);
        flows.retain(|_, flow| match flow.state {
            State::Refused { at } => now.since(at) < REFUSED_PAUSE + HOUSEKEEPING,
            _ => true,
        });
    }
}
