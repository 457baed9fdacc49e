//! Another access point, as this one sees it.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use rether_proto::auth::{Bucket, Key};
use rether_proto::mac::MacAddr;
use rether_proto::time::{Duration, Instant};

use super::attempt::Attempt;
use super::datagram::Sealed;
use super::handshake::Who;
use super::local::Local;
use super::requests::{Answers, Came, Due, Requests, Schedule};
use super::session::{Refused, Session};
use super::{ChannelError, ChannelEvent, Peer};
use crate::id::{ApId, Epoch};
use crate::message::{Body, Hello, Message};

/// How often a peer hears of this one.
pub(super) const HELLO_EVERY: Duration = Duration::from_secs(1);
/// A peer that was not heard for so long is down.
pub(super) const SILENCE: Duration = Duration::from_secs(3);
/// The most messages that wait for a session.
pub(super) const MAX_WAITING: usize = 64;

/// How many handshakes are computed for a peer at once, and how often one more.
const HANDSHAKES: u8 = 32;
const HANDSHAKE_EVERY: Duration = Duration::from_millis(100);

/// All that is known of a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PeerState {
    pub(super) peer: Peer,
    /// Not configured: it knew the key of the site.
    pub(super) admitted: bool,
    /// Answers to first messages come from it. Changes whenever a session comes of one.
    pub(super) secret: Key,
    /// How often a handshake is computed for it.
    pub(super) bucket: Bucket,
    pub(super) attempt: Option<Attempt>,
    /// Of the last attempt that was not confirmed: the other end may use it all the same.
    pub(super) unconfirmed: Option<Session>,
    /// The last one is in use.
    pub(super) sessions: Vec<Session>,
    /// Who it was when the last session began.
    pub(super) who: Option<Who>,
    pub(super) up: bool,
    pub(super) hello: Option<Hello>,
    /// Round trip, smoothed by an eighth (RFC 6298, clause 2).
    pub(super) rtt: Option<Duration>,
    pub(super) heard: Instant,
    /// Number of the last HELLO, and when it went out.
    hello_id: u32,
    hello_sent: Instant,
    pub(super) requests: Requests,
    pub(super) answers: Answers,
    pub(super) waiting: VecDeque<(Instant, Message)>,
}

impl PeerState {
    pub(super) fn new(peer: Peer, secret: Key, now: Instant) -> Self {
        Self {
            peer,
            admitted: false,
            secret,
            bucket: Bucket::sized(HANDSHAKES, HANDSHAKE_EVERY, now),
            attempt: None,
            unconfirmed: None,
            sessions: Vec::new(),
            who: None,
            up: false,
            hello: None,
            rtt: None,
            heard: now,
            hello_id: 0,
            hello_sent: now,
            requests: Requests::default(),
            answers: Answers::default(),
            waiting: VecDeque::new(),
        }
    }

    /// Its name, as it says or as it was configured.
    pub(super) fn ap(&self) -> Option<ApId> {
        self.who.map(|who| who.ap).or(self.peer.id)
    }

    // What is sent.

    /// Sends a message, or keeps it until there is a session. It is known to fit its format.
    pub(super) fn transmit(&mut self, now: Instant, message: &Message, local: &mut Local) {
        match self.sessions.last_mut() {
            Some(session) => local.seal(now, session, message, self.peer.address),
            None => {
                if self.waiting.len() == MAX_WAITING {
                    self.waiting.pop_front();
                    local.counters.unsent += 1;
                }
                self.waiting.push_back((now, message.clone()));
            }
        }
    }

    /// Says HELLO: in the session in use, and in one that is still to be.
    pub(super) fn hello(&mut self, now: Instant, local: &mut Local) {
        self.hello_id = self.hello_id.wrapping_add(1);
        self.hello_sent = now;
        let message = local.greeting(self.hello_id, Body::Hello(local.hello));
        let confirming = self.attempt.as_mut().and_then(Attempt::session);
        for session in self.sessions.last_mut().into_iter().chain(confirming) {
            local.seal(now, session, &message, self.peer.address);
        }
    }

    pub(super) fn request(
        &mut self,
        now: Instant,
        mut message: Message,
        schedule: Schedule,
        local: &mut Local,
    ) -> Result<u32, ChannelError> {
        if self.requests.len() >= Requests::MAX {
            return Err(ChannelError::Full);
        }
        message.id = self.requests.next_id();
        local.check(now, &message)?;
        let id = message.id;
        self.requests.add(message, schedule, now);
        if !self.sessions.is_empty() {
            for message in self.requests.start(now) {
                self.transmit(now, &message, local);
            }
        }
        Ok(id)
    }

    pub(super) fn answer(
        &mut self,
        now: Instant,
        message: &Message,
        local: &mut Local,
    ) -> Result<(), ChannelError> {
        local.check(now, message)?;
        if !self.answers.record(message) {
            let (kind, id) = (message.body.kind(), message.id);
            return Err(ChannelError::NoRequest { kind, id });
        }
        self.transmit(now, message, local);
        Ok(())
    }

    pub(super) fn send(
        &mut self,
        now: Instant,
        mut message: Message,
        local: &mut Local,
    ) -> Result<(), ChannelError> {
        message.id = 0;
        local.check(now, &message)?;
        self.transmit(now, &message, local);
        Ok(())
    }

    // What comes.

    /// Who is at the other end of `session`, if anything that comes in it would put it to use.
    pub(super) fn confirming(&mut self, session: u32) -> Option<Who> {
        let confirming = self.attempt.as_mut().and_then(Attempt::session);
        let mut possible = confirming.map(|s| &*s).into_iter().chain(&self.unconfirmed);
        possible.find(|s| s.id == session).map(|s| s.who)
    }

    pub(super) fn sealed(
        &mut self,
        now: Instant,
        sealed: &Sealed<'_>,
        local: &mut Local,
    ) -> Result<(), ChannelError> {
        let confirming = self.attempt.as_mut().and_then(Attempt::session);
        let is_named = |session: &&mut Session| session.id == sealed.session;
        let is_new = confirming
            .as_deref()
            .is_some_and(|s| s.id == sealed.session);
        let unconfirmed = self.unconfirmed.as_mut();
        let is_late = unconfirmed
            .as_deref()
            .is_some_and(|s| s.id == sealed.session);
        let known = self.sessions.iter_mut().rev();
        let mut possible = known.chain(confirming).chain(unconfirmed);
        let session = possible.find(is_named);
        let session = session.ok_or(ChannelError::Unauthentic)?;
        let who = session.who;
        let octets = session.open(sealed, now).map_err(|refused| match refused {
            Refused::Forged => ChannelError::Unauthentic,
            Refused::Replayed => ChannelError::Replayed(sealed.counter),
        })?;
        if is_new && let Some(session) = self.attempt.take().and_then(Attempt::into_session) {
            self.install(session, now, local);
        }
        if is_late && let Some(session) = self.unconfirmed.take() {
            self.install(session, now, local);
        }
        self.heard(now, local);
        let message = Message::decode(now, &octets).map_err(ChannelError::Undecodable)?;
        if message.from != who.ap {
            let (is, says) = (who.ap, message.from);
            return Err(ChannelError::WrongId { is, says });
        }
        self.message(now, message, local)
    }

    fn message(
        &mut self,
        now: Instant,
        message: Message,
        local: &mut Local,
    ) -> Result<(), ChannelError> {
        let (id, from, kind) = (message.id, message.from, message.body.kind());
        match message.body {
            Body::Hello(hello) => {
                self.learn(from, hello, local);
                let answer = local.greeting(id, Body::HelloAck(local.hello));
                self.transmit(now, &answer, local);
                return Ok(());
            }
            Body::HelloAck(hello) => {
                self.measure(now, id);
                self.learn(from, hello, local);
                return Ok(());
            }
            _ => {}
        }
        if kind.is_answer() && !self.requests.answered(id, kind) {
            return Err(ChannelError::NotAsked { kind, id });
        }
        if kind.answer().is_some() {
            match self.answers.came(id, kind) {
                Came::New => {}
                Came::Again(answer) => {
                    local.counters.repeated += 1;
                    if let Some(answer) = answer {
                        self.transmit(now, &answer, local);
                    }
                    return Ok(());
                }
                Came::TooOld => return Err(ChannelError::TooOld { kind, id }),
            }
        }
        let event = ChannelEvent::Message { from, message };
        local.events.push_back(event);
        Ok(())
    }

    fn learn(&mut self, from: ApId, hello: Hello, local: &mut Local) {
        self.hello = Some(hello);
        let event = ChannelEvent::Hello { from, hello };
        local.events.push_back(event);
    }

    fn measure(&mut self, now: Instant, id: u32) {
        if id != self.hello_id {
            return;
        }
        let sample = now.since(self.hello_sent);
        self.rtt = Some(match self.rtt {
            Some(rtt) => (rtt * 7 + sample) / 8,
            None => sample,
        });
        // Counts once.
        self.hello_id = self.hello_id.wrapping_add(1);
    }

    // Time.

    /// When something is to be done.
    pub(super) fn next(&self) -> Option<Instant> {
        let ends = self.sessions.iter().map(|session| session.ends()).min();
        let down = self.up.then_some(self.heard + SILENCE);
        let hello = self.sessions.last().map(|_| self.hello_sent + HELLO_EVERY);
        let requests = self.requests.next();
        let times = [ends, down, hello, requests, self.handshake_at()];
        times.into_iter().flatten().min()
    }

    /// Does what is to be done by `now`.
    pub(super) fn timeout(&mut self, now: Instant, local: &mut Local) {
        self.sessions.retain(|session| now < session.ends());
        self.unconfirmed.take_if(|session| now >= session.ends());
        if now >= self.heard + SILENCE {
            self.down(local);
        }
        while let Some(due) = self.requests.due(now) {
            match due {
                Due::Send(message) => self.transmit(now, &message, local),
                Due::GiveUp(request) => {
                    local.counters.given_up += 1;
                    if let Some(to) = self.ap() {
                        let id = request.id;
                        let event = ChannelEvent::GaveUp { to, id, request };
                        local.events.push_back(event);
                    }
                }
            }
        }
        if !self.sessions.is_empty() && now >= self.hello_sent + HELLO_EVERY {
            self.hello(now, local);
        }
        self.shake_hands(now, local);
    }
}

impl Local {
    /// A HELLO or its answer.
    fn greeting(&self, id: u32, body: Body) -> Message {
        Message {
            station: MacAddr::default(),
            from: self.who.ap,
            epoch: Epoch::default(),
            id,
            body,
        }
    }
}
