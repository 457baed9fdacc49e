//! Which agents are believed: handshakes, and the keys that frames are sealed and opened with.
//!
//! A REGISTER may be a recorded one, so a good handshake alone changes nothing: it makes a pending
//! session, which takes the place of the present one when the first frame under its keys has come.
//! Until then the old keys hold. That is how keys are changed, too.

use alloc::string::String;

use super::station::Station;
use super::{Coordinator, CoordinatorError, CoordinatorEvent};
use crate::auth::handshake::{self, Welcome};
use crate::auth::{AuthError, Bucket, CoordinatorAuth, Entropy, Keys, Sender, Side};
use crate::mac::MacAddr;
use crate::time::Instant;
use crate::wire::{Handshake, Register, RegisterStatus};

/// What a coordinator with keys has.
#[derive(Clone, Debug)]
pub(super) struct Authority {
    config: CoordinatorAuth,
    entropy: Entropy,
    /// Seals frames to all. One key for the life of the coordinator: a station that leaves could
    /// come back with its own key and learn the next one, so a new one would keep nobody out. Who
    /// takes a key out of the configuration restarts the coordinator, which makes a new group key.
    group: Sender,
}

impl Authority {
    pub(super) fn new(config: CoordinatorAuth) -> Self {
        let mut entropy = Entropy::new(config.seed.clone());
        let group = Sender::new(entropy.key(), Side::Coordinator);
        Self {
            config,
            entropy,
            group,
        }
    }

    /// Seals a frame to all. When its numbers are used up there is a new key: agents then no
    /// longer believe what they hear, and register anew.
    fn seal(&mut self, frame: &mut [u8]) -> bool {
        if self.group.sequence() == u32::MAX {
            self.group = Sender::new(self.entropy.key(), Side::Coordinator);
        }
        self.group.seal(frame)
    }
}

/// What the coordinator keeps of a station because it may be hostile.
#[derive(Clone, Debug)]
pub(super) struct Guard {
    pending: Option<Pending>,
    /// REGISTERs that are heeded; each costs a handshake.
    registers: Bucket,
    /// Answers to frames of no session.
    answers: Bucket,
    pub(super) bad_tags: u64,
    pub(super) replays: u64,
    pub(super) refused_handshakes: u64,
}

/// A session that its agent has not used yet.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    pub(super) session: u32,
    pub(super) instance: u32,
    pub(super) name: String,
    pub(super) strategies: u8,
    pub(super) keys: Keys,
}

impl Guard {
    pub(super) const fn new(now: Instant) -> Self {
        Self {
            pending: None,
            registers: Bucket::new(now),
            answers: Bucket::new(now),
            bad_tags: 0,
            replays: 0,
            refused_handshakes: 0,
        }
    }
}

impl Station {
    /// The keys of a session of this station.
    fn keys_mut(&mut self, session: u32) -> Option<&mut Keys> {
        let agent = self.agent.as_mut();
        if let Some(agent) = agent.filter(|agent| agent.session == session) {
            return agent.keys.as_mut();
        }
        let pending = self.guard.pending.as_mut();
        pending
            .filter(|pending| pending.session == session)
            .map(|pending| &mut pending.keys)
    }

    /// Counts a frame that is not believed, at the expense of the address it came from.
    const fn blame(&mut self, error: AuthError) {
        match error {
            AuthError::BadTag | AuthError::NoKey(_) => self.guard.bad_tags += 1,
            AuthError::Replayed(_) => self.guard.replays += 1,
        }
    }
}

impl Coordinator {
    /// Whether a frame is of a session of its sender. True when it is the first one of a session,
    /// whose agent then knows nothing yet.
    pub(super) fn admit(
        &mut self,
        from: MacAddr,
        session: u32,
        bytes: &[u8],
    ) -> Result<bool, CoordinatorError> {
        let Some(station) = self.stations.get_mut(&from) else {
            return Err(CoordinatorError::Stranger(from));
        };
        let opened = match station.keys_mut(session) {
            Some(keys) => keys.receiver.open(bytes),
            None => Err(AuthError::NoKey(session)),
        };
        if let Err(error) = opened {
            station.blame(error);
            let is_lost = matches!(error, AuthError::NoKey(_)) && session != 0;
            if is_lost && station.guard.answers.take(self.now) {
                // Its session may be of our last life; it will not believe this, and register.
                self.hello(from);
            }
            return Err(CoordinatorError::NotAuthenticated { from, error });
        }
        let is_new = |pending: &mut Pending| pending.session == session;
        let Some(pending) = station.guard.pending.take_if(is_new) else {
            return Ok(false);
        };
        self.begin_session(from, pending);
        Ok(true)
    }

    /// Answers the handshake of a REGISTER. `None`: the coordinator has no keys, all are welcome.
    pub(super) fn shake_hands(
        &mut self,
        from: MacAddr,
        register: &Register,
    ) -> Option<Result<(u32, Handshake), RegisterStatus>> {
        let authority = self.auth.as_mut()?;
        let session = self.rng.next_u32().max(1);
        if register.handshake.is_none() {
            return Some(Err(RegisterStatus::KeyRequired));
        }
        let name = register.name.as_str();
        let welcome = Welcome {
            epoch: self.epoch,
            group: authority.group.key().clone(),
            sequence: authority.group.sequence(),
        };
        let seed = authority.entropy.key();
        let key = authority.config.key_of(name);
        let answer =
            key.and_then(|key| handshake::answer(key, &seed, from, register, &welcome).ok());
        let Some((second, split)) = answer else {
            return Some(Err(RegisterStatus::WrongKey));
        };
        if let Some(station) = self.stations.get_mut(&from) {
            station.guard.pending = Some(Pending {
                session,
                instance: register.instance,
                name: name.into(),
                strategies: register.strategies,
                keys: Keys::new(Side::Coordinator, &split),
            });
        }
        Some(Ok((session, second)))
    }

    /// Whether a station with so many REGISTERs may have one more heeded.
    pub(super) fn may_register(&mut self, from: MacAddr) -> bool {
        let station = self.stations.get_mut(&from);
        self.auth.is_none() || station.is_some_and(|s| s.guard.registers.take(self.now))
    }

    /// Names a station whose agent was not believed, once.
    pub(super) fn refuse_handshake(&mut self, from: MacAddr, status: RegisterStatus) {
        let Some(station) = self.stations.get_mut(&from) else {
            return;
        };
        station.guard.refused_handshakes += 1;
        if station.guard.refused_handshakes == 1 {
            self.events.push_back(CoordinatorEvent::NotAuthenticated {
                station: from,
                status,
            });
        }
    }

    /// Writes number and tag into a frame that is about to go. False: it must not, because its
    /// session is over.
    pub(super) fn seal(&mut self, to: MacAddr, session: u32, frame: &mut [u8]) -> bool {
        let Some(authority) = &mut self.auth else {
            return true;
        };
        if session == 0 {
            return authority.seal(frame);
        }
        let station = self.stations.get_mut(&to);
        let keys = station.and_then(|station| station.keys_mut(session));
        keys.is_some_and(|keys| keys.sender.seal(frame))
    }
}
