//! A handshake that this end began.

use alloc::boxed::Box;
use alloc::vec::Vec;

use rether_proto::auth::Key;
use rether_proto::time::{Duration, Instant};

use super::datagram;
use super::handshake::{Credentials, Failed};
use super::session::{Role, Session};

/// The first wait for an answer; each further one is twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(100);
/// The longest wait for an answer.
const LONGEST_WAIT: Duration = Duration::from_secs(1);
/// The first wait for a sign that CONFIRM came.
const FIRST_CONFIRM_WAIT: Duration = Duration::from_millis(20);
/// How often CONFIRM is sent before the handshake begins anew.
const CONFIRMS: u32 = 6;

/// The initiator's end until the session is in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Attempt {
    seed: Key,
    stage: Stage,
    wait: Duration,
    /// When the datagram of its stage is sent again.
    pub(super) next: Instant,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Stage {
    /// INIT is out.
    Asked { init: Vec<u8> },
    /// RESPONSE came, CONFIRM is out.
    Answered {
        confirm: Vec<u8>,
        sent: u32,
        session: Box<Session>,
    },
}

impl Attempt {
    /// Makes INIT. `seed` must be used for this attempt only.
    pub(super) fn new(
        credentials: &Credentials<'_>,
        seed: Key,
        now: Instant,
    ) -> Result<Self, Failed> {
        let first = credentials.first(&seed)?;
        let init = datagram::init(credentials.site, credentials.pattern(), &first);
        Ok(Self {
            seed,
            stage: Stage::Asked { init },
            wait: FIRST_WAIT,
            next: now,
        })
    }

    /// Whether no answer came yet.
    pub(super) const fn is_asking(&self) -> bool {
        matches!(self.stage, Stage::Asked { .. })
    }

    /// The session that waits for a sign that the other end has it, too.
    pub(super) fn session(&mut self) -> Option<&mut Session> {
        match &mut self.stage {
            Stage::Asked { .. } => None,
            Stage::Answered { session, .. } => Some(session.as_mut()),
        }
    }

    /// The session, which the other end uses.
    pub(super) fn into_session(self) -> Option<Session> {
        match self.stage {
            Stage::Asked { .. } => None,
            Stage::Answered { session, .. } => Some(*session),
        }
    }

    /// The end of a RESPONSE: who it is and the session with them.
    pub(super) fn finish(
        &self,
        credentials: &Credentials<'_>,
        second: &[u8],
        now: Instant,
    ) -> Result<Session, Failed> {
        let (who, split) = credentials.finish(&self.seed, second)?;
        Ok(Session::new(split, Role::Initiator, who, now))
    }

    /// Goes on with the session that [`Self::finish`] gave: makes CONFIRM.
    pub(super) fn confirm(
        &mut self,
        credentials: &Credentials<'_>,
        session: Session,
        now: Instant,
    ) -> Result<(), Failed> {
        let first = credentials.first(&self.seed)?;
        let confirm =
            datagram::confirm(credentials.site, credentials.pattern(), &first, |covered| {
                session.confirm(covered)
            });
        self.stage = Stage::Answered {
            confirm,
            sent: 0,
            session: Box::new(session),
        };
        self.wait = FIRST_CONFIRM_WAIT;
        self.next = now;
        Ok(())
    }

    /// The datagram to send, once its time has come; `None` when the attempt has failed.
    pub(super) fn due(&mut self, now: Instant) -> Option<Vec<u8>> {
        let datagram = match &mut self.stage {
            Stage::Asked { init } => init.clone(),
            Stage::Answered { sent, .. } if *sent == CONFIRMS => return None,
            Stage::Answered { confirm, sent, .. } => {
                *sent += 1;
                confirm.clone()
            }
        };
        self.next = now + self.wait;
        self.wait = (self.wait * 2).min(LONGEST_WAIT);
        Some(datagram)
    }
}
