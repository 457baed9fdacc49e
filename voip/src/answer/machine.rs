//! The answerer's side of the control protocol, without I/O.
//!
//! Calls are kept by control address and session id. Nothing is kept of a caller
//! that has not shown, by returning a cookie, that it receives what is sent to its
//! address; and voice goes to that address only, and stops when the caller falls
//! silent. Times are nanoseconds of the answerer's monotonic clock.

use std::collections::{BTreeMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::net::SocketAddr;

use crate::control::{MAX_PIECE, Media, Message, Offer, Progress, Refusal, SessionId};
use crate::packet::{StreamId, peek_ssrc};
use crate::report::{FarReport, Parting, SenderReport};
use crate::stats::{StreamReport, StreamSpec, StreamStats};

const S: u64 = 1_000_000_000;
/// A cookie is good for this long, and up to as long again.
const COOKIE_EPOCH_NS: u64 = 30 * S;
/// A report not fetched for this long is dropped.
const KEEP_REPORT_NS: u64 = 30 * S;

/// What callers may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Calls at a time.
    pub max_calls: usize,
    /// Length of a call, milliseconds.
    pub max_duration_ms: u32,
    /// A caller silent for this long is gone, nanoseconds.
    pub dead_after_ns: u64,
}

/// Names a call: the caller's control address and session id.
pub type Key = (SocketAddr, SessionId);

/// What the shell has to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Send voice.
    Begin {
        /// The call.
        key: Key,
        /// Where to.
        to: SocketAddr,
        /// What.
        stream: StreamId,
        /// How many packets.
        packets: u32,
        /// Where in a packet time, nanoseconds.
        phase_ns: u64,
    },
    /// Stop sending; then call [`AnswerMachine::sender_stopped`].
    Halt(Key),
    /// The call is over, and how the caller's voice arrived, if it ever began.
    /// Its sender has to stop, too.
    Ended {
        /// The call.
        key: Key,
        /// The caller heard the whole report, or vanished.
        how: Parting,
        /// What was received, and how many packets the caller sent or must have sent.
        heard: Option<Box<(StreamReport, u32)>>,
    },
}

#[derive(Debug)]
enum Stage {
    Accepted,
    Talking(StreamStats),
    Closing {
        stats: StreamStats,
        caller_sent: u32,
    },
    Closed {
        pieces: Vec<Vec<u8>>,
        heard: Box<(StreamReport, u32)>,
    },
}

#[derive(Debug)]
struct Session {
    offer: Offer,
    own: Media,
    stage: Stage,
    expires_at: u64,
    bad: u64,
}

/// Every call of one answerer.
#[derive(Debug)]
pub struct AnswerMachine {
    limits: Limits,
    secret: RandomState,
    boot_id: [u8; 16],
    port: u16,
    sessions: BTreeMap<Key, Session>,
    /// Which call a voice packet belongs to, by its source and SSRC.
    voices: BTreeMap<(SocketAddr, u32), Key>,
    ignored: u64,
    out: VecDeque<(SocketAddr, SessionId, Message)>,
    events: VecDeque<Event>,
    /// Whether reports say what became of each packet.
    each_packet: bool,
}

impl AnswerMachine {
    /// No call yet. `port` is where voice is received; `secret` keys the cookies.
    #[must_use]
    pub const fn new(limits: Limits, secret: RandomState, boot_id: [u8; 16], port: u16) -> Self {
        Self {
            limits,
            secret,
            boot_id,
            port,
            sessions: BTreeMap::new(),
            voices: BTreeMap::new(),
            ignored: 0,
            out: VecDeque::new(),
            events: VecDeque::new(),
            each_packet: false,
        }
    }

    /// The same, telling in its reports what became of `each` packet, if so.
    #[must_use]
    pub const fn telling_each_packet(mut self, each: bool) -> Self {
        self.each_packet = each;
        self
    }

    /// Takes in a datagram from the control port.
    pub fn handle_control(&mut self, now: u64, from: SocketAddr, datagram: &[u8]) {
        let Ok((session_id, message)) = Message::decode(datagram) else {
            self.ignored += 1;
            return;
        };
        let key = (from, session_id);
        if let Message::Hello { cookie, offer } = message {
            self.on_hello(now, key, cookie, offer);
            return;
        }
        let Some(session) = self.sessions.get_mut(&key) else {
            self.ignored += 1;
            return;
        };
        if !matches!(session.stage, Stage::Closed { .. }) {
            session.expires_at = now + self.limits.dead_after_ns;
        }
        match message {
            Message::Ping { t1 } => {
                let progress = session.progress();
                self.send(
                    key,
                    Message::Pong {
                        t1,
                        t2: now,
                        t3: now,
                        progress,
                    },
                );
            }
            Message::Start {
                offset_ns,
                phase_ns,
                ..
            } => {
                self.on_start(key, offset_ns, phase_ns);
            }
            Message::Bye { sent } => self.on_bye(key, sent),
            Message::Fetch { piece } => self.send_piece(key, piece),
            Message::Done => self.on_done(key),
            _ => self.ignored += 1,
        }
    }

    /// Takes in a datagram from the voice port, received at `now`.
    pub fn handle_voice(&mut self, now: u64, from: SocketAddr, datagram: &[u8]) {
        let key = peek_ssrc(datagram).and_then(|ssrc| self.voices.get(&(from, ssrc)));
        let Some((key, session)) =
            key.and_then(|key| self.sessions.get_mut(key).map(|session| (key, session)))
        else {
            self.ignored += 1;
            return;
        };
        let id = session.stream(key.1, session.offer.media);
        match (&mut session.stage, id.parse(datagram)) {
            (Stage::Talking(stats) | Stage::Closing { stats, .. }, Ok(voice)) => {
                stats.on_packet(voice, now);
                session.expires_at = now + self.limits.dead_after_ns;
            }
            _ => session.bad += 1,
        }
    }

    /// The shell's sender for `key` stopped, as [`Event::Halt`] asked.
    pub fn sender_stopped(&mut self, now: u64, key: Key, sender: SenderReport) {
        let Some(session) = self.sessions.get_mut(&key) else {
            return;
        };
        let Stage::Closing { stats, caller_sent } = &session.stage else {
            return;
        };
        let stream = stats.report(*caller_sent);
        let heard = Box::new((stream.clone(), *caller_sent));
        let report = FarReport {
            sender,
            stream,
            bad_datagrams: session.bad,
        };
        // Numbers and fixed names only: this cannot fail.
        let json = serde_json::to_vec(&report).unwrap_or_default();
        let pieces = json.chunks(MAX_PIECE).map(<[u8]>::to_vec).collect();
        session.stage = Stage::Closed { pieces, heard };
        session.expires_at = now + KEEP_REPORT_NS;
        self.send_piece(key, 0);
    }

    /// Drops callers that fell silent.
    pub fn handle_timeout(&mut self, now: u64) {
        let expired: Vec<Key> = self
            .sessions
            .iter()
            .filter(|(_, session)| now >= session.expires_at)
            .map(|(key, _)| *key)
            .collect();
        for key in expired {
            self.forget(key, Parting::Vanished);
        }
    }

    /// Ends all calls: the answerer stops.
    pub fn stop(&mut self) {
        let keys: Vec<Key> = self.sessions.keys().copied().collect();
        for key in keys {
            self.forget(key, Parting::Stopped);
        }
    }

    /// When to call [`Self::handle_timeout`] next.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<u64> {
        self.sessions
            .values()
            .map(|session| session.expires_at)
            .min()
    }

    /// The next control datagram to send, and where to.
    #[must_use]
    pub fn poll_transmit(&mut self) -> Option<(SocketAddr, SessionId, Message)> {
        self.out.pop_front()
    }

    /// The next thing for the shell to do.
    #[must_use]
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Datagrams that belonged to no call and were ignored.
    #[must_use]
    pub const fn ignored(&self) -> u64 {
        self.ignored
    }

    fn on_hello(&mut self, now: u64, key: Key, cookie: u64, offer: Offer) {
        if offer.media.port == 0 {
            self.ignored += 1;
            return;
        }
        if !self.cookie_is_good(now, key, cookie) {
            let cookie = self.cookie(key, now / COOKIE_EPOCH_NS);
            self.send(key, Message::Challenge { cookie });
            return;
        }
        if let Some(session) = self.sessions.get(&key) {
            // A repetition: the ACCEPT was lost or is still on its way.
            if matches!(session.stage, Stage::Accepted) && session.offer == offer {
                let accept = Message::Accept {
                    boot_id: self.boot_id,
                    media: session.own,
                };
                self.send(key, accept);
            }
            return;
        }
        let voice = (voice_address(key.0, offer), offer.media.ssrc);
        if offer.duration_ms > self.limits.max_duration_ms {
            self.send(key, Message::Refuse(Refusal::TooLong));
        } else if self.sessions.len() >= self.limits.max_calls || self.voices.contains_key(&voice) {
            self.send(key, Message::Refuse(Refusal::Busy));
        } else {
            let random = self.secret.hash_one((key.0, key.1.0, "media"));
            let own = Media {
                port: self.port,
                ssrc: random as u32,
                first_sequence: (random >> 32) as u16,
            };
            let expires_at = now + self.limits.dead_after_ns;
            let session = Session {
                offer,
                own,
                stage: Stage::Accepted,
                expires_at,
                bad: 0,
            };
            self.sessions.insert(key, session);
            self.voices.insert(voice, key);
            self.send(
                key,
                Message::Accept {
                    boot_id: self.boot_id,
                    media: own,
                },
            );
        }
    }

    fn on_start(&mut self, key: Key, offset_ns: i64, phase_ns: u32) {
        let Some(session) = self.sessions.get_mut(&key) else {
            return;
        };
        let Offer {
            profile,
            duration_ms,
            late_ms,
            ..
        } = session.offer;
        if matches!(session.stage, Stage::Accepted) {
            let packets = profile.packets_in(duration_ms);
            let spec = StreamSpec {
                profile,
                packets,
                late_ms,
                offset_ns,
            };
            session.stage = Stage::Talking(StreamStats::new(spec).telling_each(self.each_packet));
            let event = Event::Begin {
                key,
                to: voice_address(key.0, session.offer),
                stream: session.stream(key.1, session.own),
                packets,
                phase_ns: u64::from(phase_ns) % profile.packet_ns(),
            };
            self.events.push_back(event);
        }
        self.send(key, Message::Started);
    }

    fn on_bye(&mut self, key: Key, sent: u32) {
        let Some(session) = self.sessions.get_mut(&key) else {
            return;
        };
        match std::mem::replace(&mut session.stage, Stage::Accepted) {
            Stage::Accepted => self.forget(key, Parting::Vanished),
            Stage::Talking(stats) => {
                session.stage = Stage::Closing {
                    stats,
                    caller_sent: sent,
                };
                self.events.push_back(Event::Halt(key));
            }
            other => {
                session.stage = other;
                self.send_piece(key, 0);
            }
        }
    }

    fn on_done(&mut self, key: Key) {
        if self
            .sessions
            .get(&key)
            .is_some_and(|s| matches!(s.stage, Stage::Closed { .. }))
        {
            self.forget(key, Parting::Done);
        }
    }

    fn send_piece(&mut self, key: Key, piece: u16) {
        let Some(Stage::Closed { pieces, .. }) = self.sessions.get(&key).map(|s| &s.stage) else {
            return;
        };
        let (Some(body), Ok(count)) = (
            pieces.get(usize::from(piece)).cloned(),
            u16::try_from(pieces.len()),
        ) else {
            return;
        };
        self.send(
            key,
            Message::Report {
                piece,
                pieces: count,
                body,
            },
        );
    }

    fn forget(&mut self, key: Key, how: Parting) {
        let Some(session) = self.sessions.remove(&key) else {
            return;
        };
        self.voices.remove(&(
            voice_address(key.0, session.offer),
            session.offer.media.ssrc,
        ));
        let vanished = |stats: &StreamStats| {
            let sent = stats.sent_at_least();
            Box::new((stats.report(sent), sent))
        };
        let (how, heard) = match session.stage {
            Stage::Accepted => (how, None),
            Stage::Talking(stats) | Stage::Closing { stats, .. } => (how, Some(vanished(&stats))),
            Stage::Closed { heard, .. } if how == Parting::Done => (how, Some(heard)),
            Stage::Closed { heard, .. } => (Parting::Unconfirmed, Some(heard)),
        };
        self.events.push_back(Event::Ended { key, how, heard });
    }

    fn cookie_is_good(&self, now: u64, key: Key, cookie: u64) -> bool {
        let epoch = now / COOKIE_EPOCH_NS;
        cookie == self.cookie(key, epoch) || cookie == self.cookie(key, epoch.wrapping_sub(1))
    }

    /// Keyed SipHash of whom it is for and when: unguessable without the secret,
    /// and nothing has to be remembered. Never 0, which means "none yet".
    fn cookie(&self, key: Key, epoch: u64) -> u64 {
        self.secret.hash_one((key.0, key.1.0, epoch)) | 1
    }

    fn send(&mut self, key: Key, message: Message) {
        self.out.push_back((key.0, key.1, message));
    }
}

impl Session {
    const fn stream(&self, session: SessionId, media: Media) -> StreamId {
        StreamId {
            profile: self.offer.profile,
            ssrc: media.ssrc,
            first_sequence: media.first_sequence,
            tag: session.tag(),
        }
    }

    fn progress(&self) -> Progress {
        match &self.stage {
            Stage::Talking(stats) | Stage::Closing { stats, .. } => stats.progress(),
            _ => Progress::default(),
        }
    }
}

/// The voice address of a caller whose control datagrams come from `control`: the
/// same host, whatever port it names.
fn voice_address(control: SocketAddr, offer: Offer) -> SocketAddr {
    let mut address = control;
    address.set_port(offer.media.port);
    address
}
