//! The caller's side of the control protocol, without I/O.
//!
//! Feed it datagrams and time, then drain [`CallMachine::poll_transmit`] and wait
//! until [`CallMachine::poll_timeout`]. Times are nanoseconds of the caller's
//! monotonic clock.

use std::collections::VecDeque;

use crate::clock::{AgreedClock, ClockChoice, ClockMeter, Exchange};
use crate::control::{Media, Message, Offer, Progress, SessionId};
use crate::report::{Ending, FarReport};

const MS: u64 = 1_000_000;
/// A request is repeated this often until it is answered.
const RETRY_NS: u64 = 250 * MS;
/// Pings that align the clocks before the call, and the time between them. Ten are
/// enough for one to find an empty queue; the first also wakes a dozing radio.
const SYNC_PINGS: u32 = 10;
const SYNC_GAP_NS: u64 = 20 * MS;
/// Time between pings during the call.
const PING_NS: u64 = 1_000 * MS;
/// Pings whose answer is still waited for, at most.
const MAX_OUTSTANDING: usize = 64;
/// A report has no more pieces than this (1 MiB).
const MAX_PIECES: u16 = 1_024;

/// How long the caller waits for what, nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// For the call to be set up.
    pub setup_ns: u64,
    /// For any sign of life during the call.
    pub dead_after_ns: u64,
    /// For the answerer's report after the call.
    pub report_ns: u64,
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// Names the call; random.
    pub session: SessionId,
    /// The call.
    pub offer: Offer,
    /// How to measure one-way delay.
    pub clock: ClockChoice,
    /// This kernel's boot id, all zero if unknown.
    pub boot_id: [u8; 16],
    /// Where in a packet time the answerer should send, nanoseconds.
    pub phase_ns: u32,
    /// How long to wait for what.
    pub patience: Patience,
}

/// Where a call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Being set up.
    SettingUp,
    /// Both ends send.
    Talking(AgreedClock),
    /// Hung up, waiting for the report.
    Leaving,
    /// Nothing more will happen.
    Over(Ending),
}

#[derive(Debug)]
enum State {
    Greeting {
        cookie: u64,
    },
    Syncing {
        boot_id: [u8; 16],
        pings: u32,
    },
    Starting(AgreedClock),
    Talking(AgreedClock),
    Leaving {
        sent: u32,
        ending: Ending,
        pieces: Vec<Option<Vec<u8>>>,
    },
    Over(Ending),
}

/// One call, from HELLO to DONE.
#[derive(Debug)]
pub struct CallMachine {
    plan: Plan,
    state: State,
    media: Option<Media>,
    agreed: Option<AgreedClock>,
    clock: ClockMeter,
    outstanding: VecDeque<u64>,
    progress: Option<Progress>,
    far: Option<FarReport>,
    reason: Option<String>,
    unreachable: bool,
    next_at: u64,
    give_up_at: u64,
    out: VecDeque<Message>,
}

impl CallMachine {
    /// Begins to place the call.
    #[must_use]
    pub fn new(now: u64, plan: Plan) -> Self {
        let mut machine = Self {
            plan,
            state: State::Greeting { cookie: 0 },
            media: None,
            agreed: None,
            clock: ClockMeter::default(),
            outstanding: VecDeque::new(),
            progress: None,
            far: None,
            reason: None,
            unreachable: false,
            next_at: now,
            give_up_at: now + plan.patience.setup_ns,
            out: VecDeque::new(),
        };
        machine.handle_timeout(now);
        machine
    }

    /// Takes in a control message for this session. One that makes no sense now is
    /// ignored: it is a repetition, or forged.
    pub fn handle_message(&mut self, now: u64, message: Message) {
        match (&mut self.state, message) {
            (State::Greeting { cookie }, Message::Challenge { cookie: fresh }) => {
                *cookie = fresh;
                self.repeat_now(now);
            }
            (State::Greeting { .. }, Message::Accept { boot_id, media }) => {
                self.media = Some(media);
                self.state = State::Syncing { boot_id, pings: 0 };
                self.repeat_now(now);
            }
            (State::Greeting { .. }, Message::Refuse(why)) => {
                self.end(Ending::NotPlaced, format!("refused: {why}"));
            }
            (State::Starting(agreed), Message::Started) => {
                self.state = State::Talking(*agreed);
                self.heard(now);
                self.repeat_now(now);
            }
            (
                _,
                Message::Pong {
                    t1,
                    t2,
                    t3,
                    progress,
                },
            ) => self.on_pong(now, t1, t2, t3, progress),
            (
                State::Leaving { .. },
                Message::Report {
                    piece,
                    pieces,
                    body,
                },
            ) => {
                self.on_piece(now, piece, pieces, body);
            }
            _ => {}
        }
    }

    /// A voice packet of this call arrived.
    pub const fn heard(&mut self, now: u64) {
        if matches!(self.state, State::Talking(_)) {
            self.give_up_at = now + self.plan.patience.dead_after_ns;
        }
    }

    /// The answerer's host reported that nothing listens there. It may be about to
    /// be started, so this only explains a failure, and does not make one.
    pub const fn port_unreachable(&mut self) {
        self.unreachable = true;
    }

    /// Ends the call after `sent` packets were sent; `ending` is how, if the
    /// answerer's report comes.
    pub fn hang_up(&mut self, now: u64, sent: u32, ending: Ending) {
        match self.state {
            State::Talking(_) => {
                self.state = State::Leaving {
                    sent,
                    ending,
                    pieces: Vec::new(),
                };
                self.give_up_at = now + self.plan.patience.report_ns;
                self.repeat_now(now);
            }
            State::Leaving { .. } | State::Over(_) => {}
            _ => self.end(Ending::NotPlaced, "interrupted before it was placed".into()),
        }
    }

    /// Does what is due at `now`.
    pub fn handle_timeout(&mut self, now: u64) {
        if matches!(self.state, State::Over(_)) {
            return;
        }
        if now >= self.give_up_at {
            self.give_up();
            return;
        }
        if now < self.next_at {
            return;
        }
        let mut again = RETRY_NS;
        match &mut self.state {
            State::Greeting { cookie } => {
                self.out.push_back(Message::Hello {
                    cookie: *cookie,
                    offer: self.plan.offer,
                });
            }
            State::Syncing { boot_id, pings } => {
                *pings += 1;
                let enough = *pings > SYNC_PINGS;
                let boot_id = *boot_id;
                again = SYNC_GAP_NS;
                match self.clock.best() {
                    Some(best) if enough => {
                        let same = boot_id == self.plan.boot_id && boot_id != [0; 16];
                        self.start(now, self.plan.clock.decide(best, same));
                        return;
                    }
                    _ => self.ping(now),
                }
            }
            State::Starting(agreed) => {
                let (basis, offset_ns) = (agreed.basis, agreed.offset.offset_ns);
                let phase_ns = self.plan.phase_ns;
                self.out.push_back(Message::Start {
                    basis,
                    offset_ns,
                    phase_ns,
                });
            }
            State::Talking(_) => {
                again = PING_NS;
                self.ping(now);
            }
            State::Leaving { sent, pieces, .. } => {
                let missing = pieces.iter().position(Option::is_none);
                self.out
                    .push_back(match missing.and_then(|piece| u16::try_from(piece).ok()) {
                        Some(piece) => Message::Fetch { piece },
                        None => Message::Bye { sent: *sent },
                    });
            }
            State::Over(_) => {}
        }
        self.next_at = now + again;
    }

    /// The next datagram to send, if any.
    #[must_use]
    pub fn poll_transmit(&mut self) -> Option<Message> {
        self.out.pop_front()
    }

    /// When to call [`Self::handle_timeout`] next; `None` when the call is over.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<u64> {
        (!matches!(self.state, State::Over(_))).then(|| self.next_at.min(self.give_up_at))
    }

    /// Where the call stands.
    #[must_use]
    pub const fn stage(&self) -> Stage {
        match self.state {
            State::Talking(agreed) => Stage::Talking(agreed),
            State::Leaving { .. } => Stage::Leaving,
            State::Over(ending) => Stage::Over(ending),
            _ => Stage::SettingUp,
        }
    }

    /// What was asked for.
    #[must_use]
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The answerer's half of the voice, once it accepted.
    #[must_use]
    pub const fn media(&self) -> Option<Media> {
        self.media
    }

    /// How one-way delay is measured, once the call was started.
    #[must_use]
    pub const fn agreed_clock(&self) -> Option<AgreedClock> {
        self.agreed
    }

    /// Round trips so far.
    #[must_use]
    pub const fn clock(&self) -> &ClockMeter {
        &self.clock
    }

    /// How the voice sent from here arrives, by the last PONG.
    #[must_use]
    pub const fn progress(&self) -> Option<Progress> {
        self.progress
    }

    /// The answerer's report, once it is here.
    #[must_use]
    pub const fn far_report(&self) -> Option<&FarReport> {
        self.far.as_ref()
    }

    /// Why the call failed, in words.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    fn ping(&mut self, now: u64) {
        if self.outstanding.len() == MAX_OUTSTANDING {
            self.outstanding.pop_front();
        }
        self.outstanding.push_back(now);
        self.out.push_back(Message::Ping { t1: now });
    }

    fn on_pong(&mut self, now: u64, t1: u64, t2: u64, t3: u64, progress: Progress) {
        let Some(index) = self.outstanding.iter().position(|sent| *sent == t1) else {
            return;
        };
        self.outstanding.remove(index);
        self.clock.on_exchange(Exchange {
            t1,
            t2,
            t3,
            t4: now,
        });
        self.progress = Some(progress);
        self.heard(now);
    }

    fn start(&mut self, now: u64, agreed: Option<AgreedClock>) {
        match agreed {
            Some(agreed) => {
                self.agreed = Some(agreed);
                self.state = State::Starting(agreed);
                self.repeat_now(now);
            }
            None => self.end(
                Ending::NotPlaced,
                "the two ends do not share a clock; use --clock auto or rtt".into(),
            ),
        }
    }

    fn on_piece(&mut self, now: u64, piece: u16, count: u16, body: Vec<u8>) {
        let State::Leaving { pieces, ending, .. } = &mut self.state else {
            return;
        };
        if count > MAX_PIECES {
            return;
        }
        let ending = *ending;
        if pieces.is_empty() {
            pieces.resize(usize::from(count), None);
        }
        if pieces.len() != usize::from(count) {
            return;
        }
        if let Some(slot) = pieces.get_mut(usize::from(piece)) {
            *slot = Some(body);
        }
        if pieces.iter().any(Option::is_none) {
            self.repeat_now(now);
            return;
        }
        let whole: Vec<u8> = pieces
            .iter_mut()
            .filter_map(Option::take)
            .flatten()
            .collect();
        self.out.push_back(Message::Done);
        match serde_json::from_slice(&whole) {
            Ok(far) => {
                self.far = Some(far);
                self.state = State::Over(ending);
                self.reason =
                    (ending == Ending::Interrupted).then(|| "interrupted at this end".into());
            }
            Err(error) => self.end(
                Ending::PeerSilent,
                format!("the answerer's report is no report: {error}"),
            ),
        }
    }

    fn give_up(&mut self) {
        let patience = self.plan.patience;
        let seconds = |ns: u64| ns as f64 / 1e9;
        match self.state {
            State::Talking(_) => self.end(
                Ending::PeerSilent,
                format!(
                    "the answerer fell silent: nothing heard for {} s",
                    seconds(patience.dead_after_ns)
                ),
            ),
            State::Leaving { .. } => self.end(
                Ending::PeerSilent,
                format!(
                    "the answerer sent no report within {} s",
                    seconds(patience.report_ns)
                ),
            ),
            _ => self.end(
                Ending::NotPlaced,
                if self.unreachable {
                    "nothing listens there: is `rether-voip answer` running, on this --port?".into()
                } else {
                    format!("no answer within {} s", seconds(patience.setup_ns))
                },
            ),
        }
    }

    fn end(&mut self, ending: Ending, reason: String) {
        self.state = State::Over(ending);
        self.reason = Some(reason);
    }

    fn repeat_now(&mut self, now: u64) {
        self.next_at = now;
        self.handle_timeout(now);
    }
}
