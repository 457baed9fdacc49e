//! A visit: a TOKEN comes, packets go, a RETURN says what was sent and what still waits.

use super::Agent;
use crate::machine::Reason;
use crate::queues::Air;
use crate::time::{Duration, Instant};
use crate::wire::{Message, Request, Return, Token};

impl Agent {
    /// Uses a grant and returns it, in the same drain. A token seen before, or a probe for it, is
    /// answered by the same RETURN again and grants nothing twice.
    pub(super) fn token(&mut self, token: Token) {
        let seen = self.last_token == Some(token.token);
        if let Some(answer) = self.last_return.clone().filter(|_| seen) {
            self.send(answer);
            return;
        }
        if self
            .last_token
            .is_some_and(|last| is_older(token.token, last))
        {
            return;
        }
        self.follow(crate::wire::CellMode::Token);
        self.requests = 0;
        self.promise_in_doubt = None;
        self.timers.stop(Reason::Retry);
        let answer = self.use_grant(&token);
        self.last_token = Some(token.token);
        if answer.backlog.rt.packets > 0 {
            self.expect_visit();
        }
        let answer = Message::Return(answer);
        self.last_return = Some(answer.clone());
        self.send(answer);
        self.retry_flows_later();
    }

    fn use_grant(&mut self, token: &Token) -> Return {
        let air = Air {
            phy: self.phy,
            rate: token.rate,
        };
        // A probe asks only whether we live; off its channel the radio would lose the packets.
        let refused = self.off_channel;
        let idle = refused || token.probe;
        let budget = |granted: Duration| if idle { Duration::ZERO } else { granted };
        let rt = self
            .queues
            .release_rt(self.now, budget(token.rt), air, &mut self.verdicts);
        let nrt = self
            .queues
            .release_nrt(self.now, budget(token.nrt), air, &mut self.verdicts);
        self.stats.tokens += 1;
        self.stats.released += u64::from(rt.packets) + u64::from(nrt.packets);
        self.stats.airtime_ns += (rt.airtime + nrt.airtime).as_nanos();
        Return {
            token: token.token,
            used_rt: rt.airtime,
            used_nrt: nrt.airtime,
            sent_rt: rt.packets,
            sent_nrt: nrt.packets,
            backlog: self.queues.backlog(self.now),
            rate: self.rate,
            refused,
        }
    }

    /// Promised packets wait and are visited in every cycle. If that does not happen, the
    /// coordinator may have given up the promise, or this agent, without our knowing.
    fn expect_visit(&mut self) {
        if self.promise_in_doubt.is_none() {
            let doubt = self.now + self.session.cycle() * 3 / 2;
            self.promise_in_doubt = Some(doubt);
            self.retry_by(doubt);
        }
    }

    /// Sends one REQUEST when best-effort packets wait that the coordinator does not know of.
    /// Promised packets are visited in every cycle anyway.
    pub(super) fn ask_for_token(&mut self) {
        if self.requests > 0 || !self.is_holding() || self.coordinator_knows() {
            return;
        }
        if self.queues.backlog(self.now).nrt.packets > 0 {
            self.send_request();
        } else {
            self.expect_visit();
        }
    }

    /// The last RETURN reported NRT packets, so a visit will come without asking.
    fn coordinator_knows(&self) -> bool {
        matches!(&self.last_return, Some(Message::Return(last)) if last.backlog.nrt.packets > 0)
    }

    pub(super) fn send_request(&mut self) {
        let backlog = self.queues.backlog(self.now);
        self.send(Message::Request(Request {
            backlog,
            rate: self.rate,
        }));
        // The first may be lost; later ones only remind a coordinator that has others to serve.
        let again = self.now + self.session.cycle() * (1 << self.requests.min(3));
        self.requests += 1;
        self.retry_by(again);
    }

    /// Arms the retry timer for `at`, unless it comes sooner anyway.
    pub(super) fn retry_by(&mut self, at: Instant) {
        let armed = self.timers.get(Reason::Retry);
        self.timers
            .set(Reason::Retry, armed.map_or(at, |armed| armed.min(at)));
    }
}

/// How far behind the latest token a late one may be. Not half of all numbers, as serial number
/// arithmetic (RFC 1982) has it: one forged token would then make all that follow look old.
const LATE: u32 = 256;

/// Whether `a` was issued before `b`.
const fn is_older(a: u32, b: u32) -> bool {
    let behind = b.wrapping_sub(a);
    0 < behind && behind <= LATE
}
