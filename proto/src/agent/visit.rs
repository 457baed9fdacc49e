//! A visit: a TOKEN comes, packets go, a RETURN says what was sent and what still waits.

use super::Agent;
use crate::mac::MacAddr;
use crate::machine::{Delivery, Reason, TxHandle};
use crate::queues::{Air, Carrier};
use crate::time::{Duration, Instant};
use crate::wire::{Data, Message, Packets, Request, Return, Schedule, Token};

/// The first pause between a REQUEST and its repetition.
const REQUEST_PAUSE: Duration = Duration::from_millis(20);
/// How long this host may take to answer a packet.
const ANSWER: Duration = Duration::from_micros(200);
/// Who was visited not longer ago waits a little before it asks for a visit.
const LATELY: Duration = Duration::from_millis(250);
const PAUSE: Duration = Duration::from_millis(5);
/// Pause until a REQUEST that was acknowledged is repeated.
const REMINDER: Duration = Duration::from_secs(1);

impl Agent {
    /// Packets that came with a token, or by themselves. Those of a token seen before were taken
    /// then.
    pub(super) fn data(&mut self, from: MacAddr, data: Data) {
        let seen = data.token.is_some_and(|token| self.has_seen(&token));
        if !seen {
            self.inbox
                .extend(data.packets.iter().map(|packet| Delivery {
                    from,
                    bytes: packet.to_vec(),
                }));
        }
        match data.token {
            // What came with it will be answered, by TCP for one, in a moment: the answers shall
            // still go with this token.
            Some(token)
                if !seen
                    && !token.nrt.is_zero()
                    && !data.packets.is_empty()
                    && !self.departure.is_shut() =>
            {
                self.slot = Some(token);
                self.timers.set(Reason::Slot, self.now + ANSWER);
            }
            Some(token) => self.token(token),
            None => {}
        }
    }

    fn has_seen(&self, token: &Token) -> bool {
        self.last_token
            .is_some_and(|last| last == token.token || is_older(token.token, last))
    }

    /// Uses a grant and returns it, in the same drain. A token seen before, or a probe for it, is
    /// answered by the same return again and grants nothing twice.
    pub(super) fn token(&mut self, token: Token) {
        if self.has_seen(&token) {
            let again = self.last_return.clone();
            if let Some(answer) = again.filter(|_| self.last_token == Some(token.token)) {
                self.send(answer);
            }
            return;
        }
        self.follow(crate::wire::CellMode::Token);
        self.has_landed();
        self.requests = 0;
        self.promise_in_doubt = None;
        self.ask_at = None;
        self.last_visit = self.now;
        self.timers.stop(Reason::Retry);
        let (answer, packets) = self.use_grant(&token);
        self.last_token = Some(token.token);
        self.coordinator_knows = answer.backlog.nrt.packets > 0;
        if answer.backlog.rt.packets > 0 && !self.departure.is_shut() {
            self.expect_visit();
        }
        let answer = if packets.is_empty() {
            Message::Return(answer)
        } else {
            Message::Data(Data {
                token: None,
                answer: Some(answer),
                packets,
            })
        };
        self.last_return = Some(answer.clone());
        let handle = self.track_return();
        self.send_tracked(answer, handle);
        self.retry_flows_later();
        self.visit_is_over();
    }

    /// One of the announced visits may be ours: its grant is used when its turn begins.
    pub(super) fn schedule(&mut self, schedule: &Schedule) {
        let slots = schedule.slots.iter().zip(0_u32..);
        for (slot, place) in slots.filter(|(slot, _)| slot.station == self.own_address) {
            self.slot = Some(Token {
                token: schedule.token.wrapping_add(place),
                probe: false,
                cycle_number: schedule.cycle_number,
                rt: slot.rt,
                nrt: slot.nrt,
                valid: slot.valid,
                rate: slot.rate,
            });
            self.timers.set(Reason::Slot, self.now + slot.offset);
        }
    }

    pub(super) fn begin_slot(&mut self) {
        if let Some(token) = self.slot.take() {
            self.token(token);
        }
    }

    fn use_grant(&mut self, token: &Token) -> (Return, Packets) {
        let air = Air {
            phy: self.phy,
            turn: self.turn,
            rate: token.rate,
        };
        // A probe asks only whether we live; off its channel the radio would lose the packets. Who
        // leaves has said, or will say in a moment, that nothing more comes.
        let refused = self.away.is_off_channel() || self.departure.is_shut();
        let idle = refused || token.probe;
        let budget = |granted: Duration| if idle { Duration::ZERO } else { granted };
        let mut carrier = Carrier::answer();
        let (now, bundles, out) = (self.now, self.bundles, &mut self.verdicts);
        let carrying = bundles.then_some(&mut carrier);
        let rt = self
            .queues
            .release_rt(now, budget(token.rt), air, carrying, out);
        let carrying = bundles.then_some(&mut carrier);
        let nrt = self
            .queues
            .release_nrt(now, budget(token.nrt), air, carrying, out);
        self.stats.tokens += 1;
        self.stats.released += u64::from(rt.packets) + u64::from(nrt.packets);
        self.stats.airtime_ns += (rt.airtime + nrt.airtime).as_nanos();
        let answer = Return {
            token: token.token,
            used_rt: rt.airtime,
            used_nrt: nrt.airtime,
            sent_rt: rt.packets,
            sent_nrt: nrt.packets,
            backlog: self.queues.backlog(self.now),
            rate: self.rate,
            refused,
            oldest: rt.oldest,
            newest: rt.newest,
        };
        (answer, carrier.into_packets())
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
        if self.requests > 0 || !self.is_awaiting() || self.coordinator_knows {
            return;
        }
        // A token is here, and will be used in a moment.
        if self.slot.is_some_and(|token| !token.nrt.is_zero()) {
            return;
        }
        if self.queues.backlog(self.now).nrt.packets == 0 {
            self.expect_visit();
        } else if self.now.since(self.last_visit) < LATELY {
            // What comes down is answered at once by what goes up, and a token follows it.
            self.ask_at.get_or_insert(self.now + PAUSE);
            self.retry_by(self.now + PAUSE);
        } else {
            self.send_request();
        }
    }

    pub(super) fn send_request(&mut self) {
        let backlog = self.queues.backlog(self.now);
        self.request = self.next_handle();
        let request = Message::Request(Request {
            backlog,
            rate: self.rate,
        });
        self.send_tracked(request, Some(self.request));
        // The first may be lost; later ones only remind a coordinator that has others to serve.
        let pause = self.session.cycle().min(REQUEST_PAUSE);
        let again = self.now + pause * (1 << self.requests.min(3));
        self.requests += 1;
        self.ask_at = Some(again);
        self.retry_by(again);
    }

    /// A REQUEST that was acknowledged need not be repeated soon: the coordinator knows, and has
    /// others to serve.
    pub(super) fn request_sent(&mut self, handle: TxHandle, acked: bool) {
        if acked && handle == self.request && self.requests > 0 {
            self.ask_at = Some(self.now + REMINDER);
            self.timers.stop(Reason::Retry);
            self.retry_visit_later();
            self.retry_flows_later();
        }
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
