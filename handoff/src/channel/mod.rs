//! Sessions between the access points of a site: authentic, secret, set up before they are needed.
//!
//! A [`Channel`] holds the sessions of one access point with all its peers. It is driven as the
//! cores of [`rether_proto::machine`] are: hand over one [`ChannelInput`], drain the polls, wait.
//!
//! - All access points know the key of the site; two that also know each other's public key
//!   ([`PublicKey`]) use both. The handshake is that of Noise and takes one and a half round trips,
//!   ahead of any handoff. A session is replaced after two minutes or 2^20 messages; the old one
//!   takes for ten more seconds what is still on its way.
//! - Messages are sealed with ChaCha20-Poly1305 (RFC 8439) and a counter of 64 bits; a window
//!   of 1024 takes each once (RFC 4303, clause 3.4.3).
//! - What is not authentic is dropped and counted, and changes nothing.
//! - A peer tells its name and its life in the handshake. HELLO goes out every second; a peer that
//!   was not heard for three is down. With [`ChannelConfig::admit`], whoever knows the key of the
//!   site becomes a peer: a new access point needs one line of configuration, its own.
//! - Requests are repeated by a [`Schedule`] until their answers come; a request that comes again is
//!   answered again and reported once. Request numbers are made here.
//!
//! The keys, handshake and timers follow the design of WireGuard (Donenfeld, NDSS 2017) where it
//! has no need of a clock.

mod attempt;
mod config;
mod datagram;
mod error;
mod event;
mod handshake;
mod local;
mod peer;
mod requests;
mod session;
mod sessions;
mod status;
#[cfg(test)]
mod tests;

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::net::SocketAddr;

use rether_proto::auth::Entropy;
use rether_proto::time::Instant;

use crate::id::ApId;
use crate::message::{Hello, Message};
use crate::wire::{Kind, MAX_MESSAGE};

use datagram::{Datagram, Handshake, Step};
use handshake::Who;
use local::Local;
use peer::PeerState;
use session::{Role, Session};

pub use config::{ChannelConfig, ConfigError, Peer, PublicKey};
pub use error::ChannelError;
pub use event::{ChannelEvent, ChannelInput};
pub use requests::Schedule;
pub use status::{Counters, PeerStatus};

/// The longest datagram in octets.
pub const MAX_DATAGRAM: usize = datagram::PREFIX + MAX_MESSAGE + datagram::TAG;
/// The most peers of one access point, admitted ones included.
pub const MAX_PEERS: usize = 64;

/// The sessions of one access point.
#[derive(Clone, Debug)]
pub struct Channel {
    local: Local,
    peers: Vec<PeerState>,
    /// Stands for whoever may become a peer, if somebody may.
    stranger: Option<PeerState>,
    now: Instant,
}

impl Channel {
    /// A channel that begins its handshakes with the first [`ChannelInput::Timeout`]. `hello` is
    /// what peers are told of this cell; its life is filled in.
    ///
    /// # Errors
    /// What is wrong with the configuration.
    pub fn new(config: ChannelConfig, hello: Hello, now: Instant) -> Result<Self, ConfigError> {
        config.check()?;
        let mut entropy = Entropy::new(config.seed);
        let [a, b, c, d, ..] = *entropy.key().octets();
        let life = u32::from_be_bytes([a, b, c, d]);
        let peers = config.peers.into_iter();
        let peers = peers.map(|peer| PeerState::new(peer, entropy.key(), now));
        let peers = peers.collect();
        let nowhere = SocketAddr::from(([0; 4], 0));
        let stranger = config.admit;
        let stranger = stranger.then(|| PeerState::new(Peer::at(nowhere), entropy.key(), now));
        Ok(Self {
            stranger,
            local: Local {
                who: Who {
                    ap: config.id,
                    life,
                },
                site: config.site,
                key: config.key,
                entropy,
                hello: Hello { life, ..hello },
                counters: Counters::default(),
                out: VecDeque::new(),
                events: VecDeque::new(),
            },
            peers,
            now,
        })
    }

    /// From now on peers are told this of the cell; the life stays as it is.
    pub const fn set_hello(&mut self, hello: Hello) {
        let life = self.local.hello.life;
        self.local.hello = Hello { life, ..hello };
    }

    /// Takes one input at time `now`. Times never go backwards; if they do, `now` counts as the
    /// latest time seen.
    ///
    /// # Errors
    /// A datagram that is dropped, or a message that cannot be sent.
    pub fn handle(&mut self, now: Instant, input: ChannelInput<'_>) -> Result<(), ChannelError> {
        self.now = self.now.max(now);
        match input {
            ChannelInput::Datagram { from, bytes } => {
                let result = self.receive(from, bytes);
                self.count(result.as_ref().err());
                result
            }
            ChannelInput::Send { to, message } => self.send(to, message),
            ChannelInput::Timeout => {
                for peer in &mut self.peers {
                    peer.timeout(self.now, &mut self.local);
                }
                Ok(())
            }
        }
    }

    /// Sends a request and repeats it by `schedule` until its answer comes; returns the number that
    /// it has. While there is no session it waits, at most as long as it would be tried.
    ///
    /// # Errors
    /// No request, an unknown peer, too many requests, or a value that the format cannot carry.
    pub fn request(
        &mut self,
        now: Instant,
        to: ApId,
        message: Message,
        schedule: Schedule,
    ) -> Result<u32, ChannelError> {
        self.now = self.now.max(now);
        let kind = message.body.kind();
        if kind == Kind::Hello || kind.answer().is_none() {
            return Err(ChannelError::NotThisWay(kind));
        }
        let from = self.local.who.ap;
        let message = Message { from, ..message };
        let peer = find(&mut self.peers, to)?;
        peer.request(self.now, message, schedule, &mut self.local)
    }

    fn send(&mut self, to: ApId, message: Message) -> Result<(), ChannelError> {
        let kind = message.body.kind();
        if let Some(schedule) = Schedule::of(kind) {
            return self.request(self.now, to, message, schedule).map(drop);
        }
        if matches!(kind, Kind::Hello | Kind::HelloAck) {
            return Err(ChannelError::NotThisWay(kind));
        }
        let from = self.local.who.ap;
        let message = Message { from, ..message };
        let peer = find(&mut self.peers, to)?;
        if kind.is_answer() {
            peer.answer(self.now, &message, &mut self.local)
        } else {
            peer.send(self.now, message, &mut self.local)
        }
    }

    fn receive(&mut self, from: SocketAddr, bytes: &[u8]) -> Result<(), ChannelError> {
        let datagram = Datagram::parse(bytes).ok_or(ChannelError::Strange)?;
        let mut peers = self.peers.iter();
        let known = peers.position(|p| is_same(p.peer.address, from));
        match (datagram, known) {
            (Datagram::Sealed(sealed), Some(index)) => {
                if let Some(who) = self.peers[index].confirming(sealed.session) {
                    self.may_be(known, who)?;
                }
                self.peers[index].sealed(self.now, &sealed, &mut self.local)
            }
            (Datagram::Handshake(handshake), _) => self.handshake(from, known, &handshake),
            (Datagram::Sealed(_), None) => Err(ChannelError::Strange),
        }
    }

    fn handshake(
        &mut self,
        from: SocketAddr,
        known: Option<usize>,
        handshake: &Handshake<'_>,
    ) -> Result<(), ChannelError> {
        if !handshake.is_of(&self.local.site) {
            return Err(ChannelError::Unauthentic);
        }
        if handshake.step == Step::Response {
            let index = known.ok_or(ChannelError::Strange)?;
            return self.response(index, handshake);
        }
        let may_join = self.peers.len() < MAX_PEERS || self.vacant().is_some();
        let peer = match known {
            Some(index) => self.peers.get_mut(index),
            None => self.stranger.as_mut().filter(|_| may_join),
        };
        let peer = peer.ok_or(ChannelError::Strange)?;
        let answer = peer.answer_handshake(self.now, from, handshake, &self.local);
        let (second, who, split) = answer?;
        self.may_be(known, who)?;
        let Step::Confirm { covered, tag } = handshake.step else {
            let response = datagram::response(&self.local.site, handshake.pattern, &second);
            self.local.transmit(from, response);
            return Ok(());
        };
        let session = Session::new(split, Role::Responder, who, self.now);
        if !session.is_confirmed(covered, tag) {
            return Err(ChannelError::Unauthentic);
        }
        let index = known.unwrap_or_else(|| self.admit(from));
        let peer = &mut self.peers[index];
        peer.secret = self.local.entropy.key();
        peer.install(session, self.now, &mut self.local);
        Ok(())
    }

    /// One that was admitted and went away, if there is no room for another.
    fn vacant(&self) -> Option<usize> {
        let full = self.peers.len() >= MAX_PEERS;
        let mut peers = self.peers.iter();
        peers.position(|peer| full && peer.admitted && !peer.up)
    }

    /// Makes a peer of whoever is at `from`; returns its place.
    fn admit(&mut self, from: SocketAddr) -> usize {
        if let Some(index) = self.vacant() {
            self.peers.remove(index);
        }
        if let Some(stranger) = &mut self.stranger {
            // No answer to a stranger leads to a session twice.
            stranger.secret = self.local.entropy.key();
        }
        let mut peer = PeerState::new(Peer::at(from), self.local.entropy.key(), self.now);
        peer.admitted = true;
        self.peers.push(peer);
        self.peers.len() - 1
    }

    fn response(&mut self, index: usize, response: &Handshake<'_>) -> Result<(), ChannelError> {
        let peer = &self.peers[index];
        let credentials = peer.credentials(&self.local);
        let attempt = peer.attempt.as_ref().filter(|a| a.is_asking());
        let attempt = attempt.ok_or(ChannelError::Unauthentic)?;
        let unauthentic = |_| ChannelError::Unauthentic;
        let session = attempt.finish(&credentials, response.noise, self.now);
        let session = session.map_err(unauthentic)?;
        self.may_be(Some(index), session.who)?;
        let mut attempt = attempt.clone();
        let confirmed = attempt.confirm(&credentials, session, self.now);
        confirmed.map_err(unauthentic)?;
        let peer = &mut self.peers[index];
        peer.attempt = Some(attempt);
        peer.go_on(self.now, &mut self.local);
        Ok(())
    }

    /// Whether a peer may say to be `who`.
    fn may_be(&self, known: Option<usize>, who: Who) -> Result<(), ChannelError> {
        let peer = known.and_then(|index| self.peers.get(index));
        if let Some(is) = peer.and_then(|p| p.peer.id).filter(|id| *id != who.ap) {
            return Err(ChannelError::WrongId { is, says: who.ap });
        }
        let others = self.peers.iter().enumerate();
        let mut others = others.filter(|(index, _)| Some(*index) != known);
        let is_other = |peer: &PeerState| {
            peer.peer.id == Some(who.ap) || (peer.up && peer.ap() == Some(who.ap))
        };
        let taken = others.any(|(_, peer)| is_other(peer));
        if taken || who.ap == self.local.who.ap || who.ap == ApId(0) {
            return Err(ChannelError::Taken(who.ap));
        }
        Ok(())
    }

    const fn count(&mut self, error: Option<&ChannelError>) {
        let counters = &mut self.local.counters;
        counters.received += 1;
        let Some(error) = error else {
            return;
        };
        *match error {
            ChannelError::Strange => &mut counters.strange,
            ChannelError::Unauthentic | ChannelError::KeysDiffer => &mut counters.unauthentic,
            ChannelError::Replayed(_) => &mut counters.replayed,
            ChannelError::Limited => &mut counters.limited,
            _ => &mut counters.refused,
        } += 1;
    }

    /// What is sealed in the next datagram of [`Self::poll_transmit`]; `None` where there is none, or
    /// one of a handshake. For whoever judges the network by what it does to each kind.
    #[must_use]
    pub fn next_kind(&self) -> Option<Kind> {
        self.local.out.front()?.1
    }

    /// Writes the next datagram into `buf`, which must hold [`MAX_DATAGRAM`] octets; returns where
    /// it goes and how long it is.
    #[must_use]
    pub fn poll_transmit(&mut self, buf: &mut [u8]) -> Option<(SocketAddr, usize)> {
        let (to, _, datagram) = self.local.out.pop_front()?;
        buf.get_mut(..datagram.len())?.copy_from_slice(&datagram);
        Some((to, datagram.len()))
    }

    /// The next thing the host should know.
    #[must_use]
    pub fn poll_event(&mut self) -> Option<ChannelEvent> {
        self.local.events.pop_front()
    }

    /// When the channel must be woken at the latest.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.peers.iter().filter_map(PeerState::next).min()
    }

    /// All peers, in the order of the configuration, then those that were admitted.
    pub fn peers(&self) -> impl Iterator<Item = PeerStatus> {
        self.peers.iter().map(|peer| PeerStatus {
            ap: peer.ap(),
            address: peer.peer.address,
            up: peer.up,
            life: peer.who.map(|who| who.life),
            rtt: peer.rtt,
            hello: peer.hello,
            static_keys: peer.peer.key.is_some(),
            pending: peer.requests.len(),
        })
    }

    /// What came and went.
    #[must_use]
    pub const fn counters(&self) -> &Counters {
        &self.local.counters
    }

    /// This access point's own life.
    #[must_use]
    pub const fn life(&self) -> u32 {
        self.local.who.life
    }
}

/// The peer of this name: the one that is up, where a former one had it, too.
fn find(peers: &mut [PeerState], ap: ApId) -> Result<&mut PeerState, ChannelError> {
    let named = peers.iter_mut().filter(|peer| peer.ap() == Some(ap));
    let named = named.max_by_key(|peer| peer.up);
    named.ok_or(ChannelError::UnknownPeer(ap))
}

/// Whether two addresses are the same host and port, however they are written.
fn is_same(a: SocketAddr, b: SocketAddr) -> bool {
    a.port() == b.port() && a.ip().to_canonical() == b.ip().to_canonical()
}
