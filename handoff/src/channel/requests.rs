//! Requests that were sent and wait for their answers, and answers that may have to be repeated.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use rether_proto::time::{Duration, Instant};

use crate::message::Message;
use crate::wire::Kind;

/// How long a request waits for its answer each time that it is sent: after the last wait it is
/// given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule(&'static [u64]);

impl Schedule {
    /// Of a context that is not urgent.
    pub const PUSH: Self = Self(&[20, 40, 80]);
    /// Of what prepares, or calls off, a move.
    pub const PREPARE: Self = Self(&[2, 4, 8]);
    /// Of a claim: 62 ms in all.
    pub const ARRIVED: Self = Self(&[2, 4, 8, 16, 32]);
    /// Of the end of a pen.
    pub const FLUSHED: Self = Self(&[2, 4, 8]);

    /// The usual one for a request; `None` for what is no request of the machines.
    #[must_use]
    pub const fn of(kind: Kind) -> Option<Self> {
        match kind {
            Kind::Push => Some(Self::PUSH),
            Kind::Prepare | Kind::Cancel => Some(Self::PREPARE),
            Kind::Arrived => Some(Self::ARRIVED),
            Kind::Flushed => Some(Self::FLUSHED),
            _ => None,
        }
    }

    /// How long a request is tried.
    #[must_use]
    pub fn total(self) -> Duration {
        Duration::from_millis(self.0.iter().sum())
    }

    /// The wait after it was sent `times` times.
    fn wait(self, times: usize) -> Option<Duration> {
        let millis = self.0.get(times.checked_sub(1)?)?;
        Some(Duration::from_millis(*millis))
    }
}

/// A request without an answer yet.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Pending {
    message: Message,
    schedule: Schedule,
    /// How often it was sent.
    sent: usize,
    /// When it is sent again or given up.
    next: Instant,
}

/// All requests to one peer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Requests {
    last: u32,
    pending: BTreeMap<u32, Pending>,
}

/// What is to be done with a request now.
pub(super) enum Due {
    Send(Message),
    GiveUp(Message),
}

impl Requests {
    /// The most requests that wait for answers of one peer.
    pub(super) const MAX: usize = 256;

    pub(super) fn len(&self) -> usize {
        self.pending.len()
    }

    /// The number that the next request is going to have; 0 is none.
    pub(super) const fn next_id(&self) -> u32 {
        match self.last.checked_add(1) {
            Some(next) => next,
            None => 1,
        }
    }

    /// Takes in a request that has the number of [`Self::next_id`] and is not yet sent. It is given
    /// up unless [`Self::start`] comes within the time of its schedule.
    pub(super) fn add(&mut self, message: Message, schedule: Schedule, now: Instant) {
        self.last = message.id;
        let pending = Pending {
            message,
            schedule,
            sent: 0,
            next: now + schedule.total(),
        };
        self.pending.insert(self.last, pending);
    }

    /// There is a session: all that was not sent yet, to be sent now.
    pub(super) fn start(&mut self, now: Instant) -> Vec<Message> {
        let new = self.pending.values_mut().filter(|p| p.sent == 0);
        new.filter_map(|pending| {
            pending.sent = 1;
            pending.next = now + pending.schedule.wait(1)?;
            Some(pending.message.clone())
        })
        .collect()
    }

    /// An answer came. False if nothing waits for it.
    pub(super) fn answered(&mut self, id: u32, kind: Kind) -> bool {
        let matches = |pending: &Pending| pending.message.body.kind().answer() == Some(kind);
        let expected = self.pending.get(&id).is_some_and(matches);
        expected && self.pending.remove(&id).is_some()
    }

    /// When something is to be done.
    pub(super) fn next(&self) -> Option<Instant> {
        self.pending.values().map(|pending| pending.next).min()
    }

    /// What is to be done by `now`.
    pub(super) fn due(&mut self, now: Instant) -> Option<Due> {
        let mut entries = self.pending.iter_mut();
        let (&id, pending) = entries.find(|(_, pending)| pending.next <= now)?;
        pending.sent += usize::from(pending.sent > 0);
        match pending.schedule.wait(pending.sent) {
            Some(wait) => {
                pending.next = now + wait;
                Some(Due::Send(pending.message.clone()))
            }
            None => {
                let pending = self.pending.remove(&id)?;
                Some(Due::GiveUp(pending.message))
            }
        }
    }
}

/// What is known of a request that came.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Came {
    /// It is new.
    New,
    /// It came before, and this was the answer, if there is one yet.
    Again(Option<Message>),
    /// Too many newer ones came since to tell.
    TooOld,
}

/// The last requests of one peer, with their answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Answers {
    requests: BTreeMap<u32, (Kind, Option<Message>)>,
    /// The highest number that was forgotten.
    forgotten: u32,
}

impl Answers {
    /// How many are remembered.
    pub(super) const WINDOW: usize = 64;

    /// Request `id` came.
    pub(super) fn came(&mut self, id: u32, kind: Kind) -> Came {
        if let Some((_, answer)) = self.requests.get(&id) {
            return Came::Again(answer.clone());
        }
        if id <= self.forgotten {
            return Came::TooOld;
        }
        self.requests.insert(id, (kind, None));
        if self.requests.len() > Self::WINDOW
            && let Some((oldest, _)) = self.requests.pop_first()
        {
            self.forgotten = oldest;
        }
        Came::New
    }

    /// Records an answer. False if it answers nothing that came.
    pub(super) fn record(&mut self, answer: &Message) -> bool {
        let Some((kind, place)) = self.requests.get_mut(&answer.id) else {
            return false;
        };
        let fits = kind.answer() == Some(answer.body.kind());
        if fits {
            *place = Some(answer.clone());
        }
        fits
    }
}
