//! Whether the coordinator is believed: handshakes, and the keys that frames are sealed and opened
//! with.
//!
//! An agent with a key acts on nothing that is not authentic. What somebody else says in the
//! coordinator's name may at most make it ask for a session again, now and then.

use super::{Agent, AgentError, AgentEvent, AuthTrouble};
use crate::auth::handshake::{Attempt, Welcome};
use crate::auth::{AgentAuth, AuthError, Entropy, Key, Keys, Receiver, Side};
use crate::time::{Duration, Instant};
use crate::wire::{Header, Message, MessageType, Register, RegisterAck, RegisterStatus, Request};

/// How long a session's keys are used.
const KEYS_LAST: Duration = Duration::from_secs(3_600);
/// How many frames either way are sealed with them: far from the last number that there is.
const FRAMES_LAST: u32 = 1 << 30;
/// Pause between two REGISTERs that frames of doubtful origin make the agent send.
const PROVOKED: Duration = Duration::from_secs(5);

/// What an agent with a key has.
#[derive(Clone, Debug)]
pub(super) struct Guard {
    key: Key,
    entropy: Entropy,
    /// The handshake of the last REGISTER.
    attempt: Option<Attempt>,
    current: Option<Established>,
    /// The session before, until the coordinator has used the present one.
    previous: Option<Established>,
    group: Option<Receiver>,
    provoked: Option<Instant>,
    told: Option<AuthTrouble>,
}

#[derive(Clone, Debug)]
struct Established {
    session: u32,
    epoch: u32,
    since: Instant,
    keys: Keys,
}

impl Guard {
    pub(super) fn new(auth: AgentAuth) -> Self {
        Self {
            key: auth.key,
            entropy: Entropy::new(auth.seed),
            attempt: None,
            current: None,
            previous: None,
            group: None,
            provoked: None,
            told: None,
        }
    }

    /// All that was agreed is void.
    pub(super) fn forget(&mut self) {
        self.attempt = None;
        self.current = None;
        self.previous = None;
        self.group = None;
        self.told = None;
    }

    /// Checks a frame by the keys that its header names.
    fn open(&mut self, session: u32, bytes: &[u8]) -> Result<(), AuthError> {
        let no_key = AuthError::NoKey(session);
        if session == 0 {
            return self.group.as_mut().ok_or(no_key)?.open(bytes);
        }
        let is_it = |known: &&mut Established| known.session == session;
        if let Some(current) = self.current.as_mut().filter(is_it) {
            current.keys.receiver.open(bytes)?;
            self.previous = None;
            return Ok(());
        }
        let previous = self.previous.as_mut().filter(is_it).ok_or(no_key)?;
        previous.keys.receiver.open(bytes)
    }
}

impl Agent {
    /// Adds the first message of a new handshake to a REGISTER that is about to go.
    pub(super) fn offer_handshake(&mut self, register: &mut Register) {
        let Some(guard) = &mut self.guard else {
            return;
        };
        let seed = guard.entropy.key();
        let attempt = Attempt::new(guard.key.clone(), seed, self.own_address, register);
        register.handshake = attempt.first().unwrap_or_default();
        guard.attempt = Some(attempt);
    }

    /// Refuses a frame that is not authentic; without a key every frame counts as such. Of a
    /// REGISTER_ACK the handshake is completed.
    pub(super) fn authenticate(
        &mut self,
        header: Header,
        message: &Message,
        bytes: &[u8],
    ) -> Result<(), AgentError> {
        let outcome = match (message, &mut self.guard) {
            (_, None) => return Ok(()),
            (Message::RegisterAck(ack), _) => self.complete_handshake(header, ack, bytes),
            (_, Some(guard)) => guard.open(header.session, bytes),
        };
        let kind = message.message_type();
        let Err(error) = outcome else {
            return Ok(());
        };
        match error {
            AuthError::BadTag => self.stats.bad_tags += 1,
            AuthError::Replayed(_) => self.stats.replays += 1,
            AuthError::NoKey(_) => {}
        }
        let speaks_for_the_cell = matches!(kind, MessageType::Hello | MessageType::Bye);
        if speaks_for_the_cell && !matches!(error, AuthError::Replayed(_)) {
            self.ask_again();
        }
        Err(AgentError::NotAuthenticated { kind, error })
    }

    /// Somebody says that the cell is not as we know it. A coordinator that was restarted has lost
    /// our keys and can say no more than that; the handshake shows who it is.
    fn ask_again(&mut self) {
        let Some(guard) = &mut self.guard else {
            return;
        };
        let was_provoked = |at: Instant| self.now.since(at) < PROVOKED;
        if guard.provoked.is_some_and(was_provoked) {
            return;
        }
        guard.provoked = Some(self.now);
        self.ask_anew();
        self.register();
    }

    /// Takes the second message of the handshake and the tag of the frame it came in.
    fn complete_handshake(
        &mut self,
        header: Header,
        ack: &RegisterAck,
        bytes: &[u8],
    ) -> Result<(), AuthError> {
        let no_key = AuthError::NoKey(header.session);
        if !self.is_answer(ack) {
            return Err(no_key);
        }
        if ack.handshake.is_none() {
            self.tell(match ack.status {
                RegisterStatus::Accepted => AuthTrouble::NoKeyThere,
                refused => AuthTrouble::Refused(refused),
            });
            return Err(no_key);
        }
        let attempt = self.guard.as_ref().and_then(|guard| guard.attempt.as_ref());
        // A wrong answer does not end the attempt: the right one may still come.
        let Ok((welcome, split)) = attempt.ok_or(no_key)?.finish(&ack.handshake) else {
            self.tell(AuthTrouble::WrongKeyThere);
            return Err(AuthError::BadTag);
        };
        let mut keys = Keys::new(Side::Agent, &split);
        keys.receiver.open(bytes)?;
        if header.session == 0 || header.session != ack.session {
            return Err(no_key);
        }
        let known = self.guard.as_ref().and_then(|guard| guard.current.as_ref());
        if known.is_some_and(|known| known.epoch != welcome.epoch) {
            // What was agreed with the coordinator's last life is void.
            self.coordinator_lost();
        }
        let Some(guard) = &mut self.guard else {
            return Err(no_key);
        };
        guard.attempt = None;
        guard.told = None;
        guard.previous = guard.current.take();
        guard.current = Some(Established {
            session: ack.session,
            epoch: welcome.epoch,
            since: self.now,
            keys,
        });
        let same = guard.group.take().filter(|it| it.is_for(&welcome.group));
        let Welcome {
            group, sequence, ..
        } = welcome;
        guard.group = same.or_else(|| Some(Receiver::new(group, Side::Coordinator, sequence)));
        self.meet_epoch(welcome.epoch);
        Ok(())
    }

    fn tell(&mut self, trouble: AuthTrouble) {
        let Some(guard) = &mut self.guard else {
            return;
        };
        if guard.told.replace(trouble) != Some(trouble) {
            self.events.push_back(AgentEvent::NotAuthenticated(trouble));
        }
    }

    /// Shows the coordinator that we have the keys of the new session: it believes in it only then.
    /// When this frame is lost, any later one does the same, and a REGISTER is repeated as long as
    /// the policy table is missing.
    pub(super) fn confirm_session(&mut self) {
        // Nor does it ask for anything while it leaves: that would say that it stays.
        if self.guard.is_none() || self.departure.is_shut() {
            return;
        }
        let backlog = self.queues.backlog(self.now);
        let rate = self.rate;
        self.send(Message::Request(Request { backlog, rate }));
    }

    /// Asks for new keys before the old ones are used up.
    pub(super) fn change_keys_in_time(&mut self) {
        let current = self.guard.as_ref().and_then(|guard| guard.current.as_ref());
        let is_worn = current.is_some_and(|current| {
            let sent = current.keys.sender.sequence();
            let frames = sent.max(current.keys.receiver.highest());
            frames > FRAMES_LAST || self.now.since(current.since) > KEYS_LAST
        });
        if is_worn && self.ask_anew() {
            self.register();
        }
    }

    /// Writes number and tag into a frame that is about to go. Without a session there is no key
    /// to do it with; REGISTER goes all the same.
    pub(super) fn seal(&mut self, frame: &mut [u8]) -> bool {
        let guard = self.guard.as_mut();
        let current = guard.and_then(|guard| guard.current.as_mut());
        current.is_none_or(|current| current.keys.sender.seal(frame))
    }
}
