//! Handshakes and sessions with a peer.

use alloc::vec::Vec;
use core::net::SocketAddr;

use rether_proto::time::{Duration, Instant};

use super::attempt::Attempt;
use super::datagram::Handshake;
use super::handshake::{Credentials, Split, Who};
use super::local::Local;
use super::peer::PeerState;
use super::requests::Answers;
use super::session::Session;
use super::{ChannelError, ChannelEvent};

/// The most sessions at a time: the one in use, and those that it replaced.
const MAX_SESSIONS: usize = 4;
/// Messages that waited longer for a session are of no use.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

impl PeerState {
    /// What this end has for handshakes with it.
    pub(super) fn credentials<'a>(&'a self, local: &'a Local) -> Credentials<'a> {
        Credentials {
            site: &local.site,
            own_and_theirs: local.key.as_ref().zip(self.peer.key.as_ref()),
            who: local.who,
        }
    }

    /// Whether a handshake is to begin.
    fn needs_session(&self, now: Instant) -> bool {
        let fresh = self.sessions.last().is_some_and(|s| now < s.rekey_at);
        !fresh || !self.up
    }

    /// When a handshake is to begin, or to go on.
    pub(super) fn handshake_at(&self) -> Option<Instant> {
        match (&self.attempt, self.sessions.last()) {
            (Some(attempt), _) => Some(attempt.next),
            (None, Some(session)) if self.up => Some(session.rekey_at),
            (None, _) => Some(Instant::ZERO),
        }
    }

    pub(super) fn shake_hands(&mut self, now: Instant, local: &mut Local) {
        if self.attempt.is_none() && self.needs_session(now) {
            self.begin(now, local);
        } else {
            self.go_on(now, local);
        }
    }

    /// Begins a handshake.
    fn begin(&mut self, now: Instant, local: &mut Local) {
        let seed = local.entropy.key();
        self.attempt = Attempt::new(&self.credentials(local), seed, now).ok();
        self.go_on(now, local);
    }

    /// Answers a first message, which came from `from` by itself or in CONFIRM. Nothing changes but
    /// how many more are answered.
    pub(super) fn answer_handshake(
        &mut self,
        now: Instant,
        from: SocketAddr,
        handshake: &Handshake<'_>,
        local: &Local,
    ) -> Result<(Vec<u8>, Who, Split), ChannelError> {
        if self.credentials(local).pattern() != handshake.pattern {
            return Err(ChannelError::KeysDiffer);
        }
        if !self.bucket.take(now) {
            return Err(ChannelError::Limited);
        }
        let credentials = self.credentials(local);
        let answer = credentials.answer(&self.secret, from, handshake.noise);
        answer.map_err(|_| ChannelError::Unauthentic)
    }

    /// Sends what the handshake has to send now.
    pub(super) fn go_on(&mut self, now: Instant, local: &mut Local) {
        let Some(attempt) = self.attempt.as_mut().filter(|a| a.next <= now) else {
            return;
        };
        let Some(datagram) = attempt.due(now) else {
            // No sign that the other end took CONFIRM. It may have, and use that session from now on:
            // so another is needed, whatever there is, and until then that one is taken, too.
            let attempt = self.attempt.take();
            self.unconfirmed = attempt.and_then(Attempt::into_session);
            self.begin(now, local);
            return;
        };
        local.transmit(self.peer.address, datagram);
        if attempt.session().is_some() {
            // If CONFIRM came before, this is answered.
            self.hello(now, local);
        }
    }

    /// Puts a session to use that both ends have.
    pub(super) fn install(&mut self, session: Session, now: Instant, local: &mut Local) {
        let who = session.who;
        if self.who.is_some_and(|before| before != who) {
            self.forget_life(local);
        }
        self.unconfirmed.take_if(|session| session.who != who);
        for old in &mut self.sessions {
            old.supersede(now);
        }
        self.sessions.push(session);
        if self.sessions.len() > MAX_SESSIONS {
            self.sessions.remove(0);
        }
        if self.attempt.as_ref().is_some_and(Attempt::is_asking) {
            self.attempt = None;
        }
        self.who = Some(who);
        local.counters.handshakes += 1;
        self.heard(now, local);
        self.hello(now, local);
        while let Some((since, message)) = self.waiting.pop_front() {
            if now.since(since) <= LONGEST_WAIT {
                self.transmit(now, &message, local);
            } else {
                local.counters.unsent += 1;
            }
        }
        for message in self.requests.start(now) {
            self.transmit(now, &message, local);
        }
    }

    /// It was started again: what was known of its former life is void.
    fn forget_life(&mut self, local: &mut Local) {
        self.down(local);
        self.sessions.clear();
        self.unconfirmed = None;
        self.answers = Answers::default();
        self.hello = None;
        self.rtt = None;
    }

    pub(super) fn down(&mut self, local: &mut Local) {
        if let Some(who) = self.who.filter(|_| self.up) {
            self.up = false;
            local.events.push_back(ChannelEvent::PeerDown(who.ap));
        }
    }

    /// Something authentic came.
    pub(super) fn heard(&mut self, now: Instant, local: &mut Local) {
        self.heard = now;
        if let Some(who) = self.who.filter(|_| !self.up) {
            self.up = true;
            let (peer, life) = (who.ap, who.life);
            let event = ChannelEvent::PeerUp { peer, life };
            local.events.push_back(event);
        }
    }
}
