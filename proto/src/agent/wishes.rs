//! Promises that programs of this station ask for, without a rule of the policy.
//!
//! A program may ask before its flow exists, when its own port is not known: the coordinator then
//! holds the airtime, and the first packet to the other end claims it.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::flows::Origin;
use super::{Agent, AgentEvent};
use crate::flow::FlowKey;
use crate::policy::{Direction, Promise};
use crate::time::{Duration, Instant};

/// What is held for a flow to come is asked for again this often.
const REFRESH: Duration = Duration::from_secs(20);
/// The most that programs may ask for at a time.
const MAX_WISHES: usize = 32;

/// What a program asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    /// The flow as this station sends it, without DSCP. Source port 0 of TCP and UDP: any.
    pub key: FlowKey,
    /// The ways to reserve.
    pub direction: Direction,
    /// What to promise in each.
    pub promise: Promise,
    /// How long; `None`: until the flow is idle.
    pub span: Option<Duration>,
}

/// What is asked for now.
#[derive(Clone, Debug, Default)]
pub(super) struct Wishes(Vec<Pending>);

#[derive(Clone, Copy, Debug)]
struct Pending {
    wish: Wish,
    until: Option<Instant>,
    asked: Instant,
}

/// A flow with ports whose own is not known yet.
pub(super) const fn is_yet_to_come(key: &FlowKey) -> bool {
    matches!(key.protocol, 6 | 17) && key.src_port == 0
}

impl Wish {
    fn matches(&self, key: &FlowKey) -> bool {
        let mut own = *key;
        if is_yet_to_come(&self.key) {
            own.src_port = 0;
        }
        self.key == own
    }

    const fn origin(&self) -> Origin {
        Origin::Explicit {
            promise: self.promise,
            direction: self.direction,
        }
    }
}

impl Agent {
    /// A program asks. The answer is an event; without a coordinator it comes when there is one.
    pub(super) fn wish(&mut self, wish: Wish) {
        let key = wish.key.unmarked();
        let wish = Wish { key, ..wish };
        self.wishes.0.retain(|pending| pending.wish.key != key);
        if self.wishes.0.len() >= MAX_WISHES {
            self.wishes.0.remove(0);
        }
        self.wishes.0.push(Pending {
            wish,
            until: wish.span.map(|span| self.now + span),
            asked: self.now,
        });
        self.tell_wishes();
        if self.session.is_registered() {
            self.ask_explicitly(key, wish.origin());
        }
    }

    /// A program gives up what it asked for.
    pub(super) fn unwish(&mut self, key: FlowKey) {
        let key = key.unmarked();
        let given_up: Vec<_> = self.wishes.0.iter().map(|pending| pending.wish).collect();
        for wish in given_up.into_iter().filter(|wish| wish.key == key) {
            self.end_wish(wish);
        }
    }

    fn end_wish(&mut self, wish: Wish) {
        self.wishes.0.retain(|pending| pending.wish.key != wish.key);
        self.tell_wishes();
        let flows: Vec<_> = self.flows.keys().filter(|key| wish.matches(key)).collect();
        for key in flows {
            self.close_flow(key, Direction::Both);
        }
    }

    /// The flow of a program has ended or was refused, and with it what the program asked for.
    pub(super) fn forget_wish_of(&mut self, key: &FlowKey) {
        let before = self.wishes.0.len();
        self.wishes.0.retain(|pending| !pending.wish.matches(key));
        if self.wishes.0.len() < before {
            self.tell_wishes();
        }
    }

    fn tell_wishes(&mut self) {
        let keys = self.wishes.0.iter().map(|pending| pending.wish.key);
        let event = AgentEvent::Wishes(keys.collect());
        self.events.push_back(event);
    }

    /// What a program asked for a flow with this key.
    pub(super) fn wish_for(&self, key: &FlowKey) -> Option<Origin> {
        let mut all = self.wishes.0.iter();
        let pending = all.find(|pending| pending.wish.matches(key))?;
        Some(pending.wish.origin())
    }

    /// Ends what has had its time, and asks again for what is held for flows to come.
    pub(super) fn look_after_wishes(&mut self) {
        let now = self.now;
        let is_over = |pending: &&Pending| pending.until.is_some_and(|until| until <= now);
        let over: Vec<_> = self
            .wishes
            .0
            .iter()
            .filter(is_over)
            .map(|p| p.wish)
            .collect();
        for wish in over {
            self.end_wish(wish);
        }
        let mut due = Vec::new();
        for pending in &mut self.wishes.0 {
            if is_yet_to_come(&pending.wish.key) && now.since(pending.asked) >= REFRESH {
                pending.asked = now;
                due.push(pending.wish);
            }
        }
        for wish in due {
            // Once its flow is there, the promise is that flow's.
            let has_come = self
                .flows
                .keys()
                .any(|key| key != wish.key && wish.matches(&key));
            if !has_come {
                self.ask_explicitly(wish.key, wish.origin());
            }
        }
    }

    /// A coordinator accepted this agent: it is asked for everything.
    pub(super) fn renew_wishes(&mut self) {
        for pending in &mut self.wishes.0 {
            pending.asked = self.now;
        }
        let all: Vec<_> = self.wishes.0.iter().map(|pending| pending.wish).collect();
        for wish in all {
            self.ask_explicitly(wish.key, wish.origin());
        }
    }
}
