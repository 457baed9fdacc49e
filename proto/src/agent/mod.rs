//! The agent: the part of `rether-sta` that decides when its station may send.
//!
//! Life of an agent: it hears a HELLO or a link comes up (`session`), registers, gets the policy
//! table, and keeps the gate as the cell's mode says. In free mode only packets that a policy rule
//! matches are shown to it, so that it can ask for their reservation (`flows`). In token mode
//! everything waits for a TOKEN (`visit`). Whatever goes wrong, two silent cycles open the gate.
//! A host that hands over to another cell has it shut meanwhile (`leave`).

mod auth;
mod away;
mod flows;
mod leave;
mod open;
mod seen;
mod session;
#[cfg(test)]
mod tests;
mod visit;
mod wishes;

use alloc::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::airtime::{Phy, PhyKind, Rate, Turn};
use crate::auth::{AgentAuth, AuthError};
use crate::mac::MacAddr;
use crate::machine::{
    Delivery, Input, Machine, Packet, Reason, TID_GRANTED, Transmit, TxHandle, Verdict,
};
use crate::policy::PolicyTable;
use crate::queues::Queues;
use crate::rng::Rng;
use crate::time::{Duration, Instant};
use crate::timer::Timers;
use crate::wire::{
    AgentName, DecodeError, GoOutcome, GoReason, Header, Message, Neighbours, Outcome,
    RegisterStatus, Token,
};

use auth::Guard;
use away::Away;
use flows::Flows;
use leave::Departure;
use seen::Reports;
use session::Session;
pub use wishes::Wish;
use wishes::Wishes;

/// What an agent is told at start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentConfig {
    /// What the coordinator's operator sees.
    pub name: AgentName,
    /// The most packets that wait in one queue.
    pub queue_limit: usize,
    /// How long without a HELLO until the coordinator counts as gone.
    pub lost_after: Duration,
    /// What the coordinator is authenticated by; `None`: any is believed. Not recorded, because
    /// recordings are given away: a replay needs it from elsewhere.
    #[serde(skip)]
    pub auth: Option<AgentAuth>,
    /// The host can take packets out of frames of the protocol, and copies small ones for them.
    pub bundle: bool,
}

impl Default for AgentConfig {
    fn default() -> Self {
        Self {
            name: AgentName::default(),
            queue_limit: crate::queues::DEFAULT_LIMIT,
            lost_after: Duration::from_millis(3_500),
            auth: None,
            bundle: false,
        }
    }
}

/// What only an agent is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AgentCommand {
    /// The station is associated and authorised.
    LinkUp {
        /// The AP's address; the only one whose frames are heeded.
        bssid: MacAddr,
    },
    /// The association is gone.
    LinkDown,
    /// The radio leaves its channel to scan (`true`) or is back (`false`).
    OffChannel(bool),
    /// The host wants to scan: it is told when it does the least harm, [`AgentEvent::Gap`].
    Gap,
    /// The driver's current transmit rate.
    Rate(Rate),
    /// The station has another address from now on; only while there is no link.
    Address(MacAddr),
    /// A program asks for a promise.
    Reserve(Wish),
    /// A program gives up what it asked for under this key.
    Release(crate::flow::FlowKey),
    /// The station may leave for this cell soon: the coordinator has it made ready, and the gate
    /// gets the rules that hold packets, which pass as before.
    Prepare {
        /// BSSID of the cell.
        candidate: MacAddr,
    },
    /// The station leaves for this cell: from the end of the next visit on, if there are visits,
    /// nothing is let go any more.
    Leave {
        /// BSSID of the cell.
        candidate: MacAddr,
        /// The radio is on its way already: nothing is let go from now on.
        at_once: bool,
    },
    /// The station stays after all: what is held goes as the cell's mode says.
    Stay,
    /// What the station received in the cell it came from.
    Seen {
        /// BSSID of that cell.
        from: MacAddr,
        /// Digests ([`crate::digest`]) of the last packets, the latest last; of more than 1,024
        /// only the latest count.
        digests: alloc::vec::Vec<u32>,
    },
    /// Release everything, say BYE, and keep the gate open.
    Stop,
}

/// What an agent tells its host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AgentEvent {
    /// The gate must be in this state.
    Gate(GateMode),
    /// The whole policy table has come from the AP.
    Policy(PolicyTable),
    /// These are the other access points of the site.
    Neighbours(Neighbours),
    /// The radio may leave its channel now: a visit is over, and the next is as far away as it will
    /// be. Nothing is let go until the host says that the radio is back.
    Gap,
    /// The coordinator accepted this agent.
    Registered {
        /// The coordinator's AP.
        bssid: MacAddr,
    },
    /// The coordinator refused this agent; its station is treated as unregistered.
    Rejected(RegisterStatus),
    /// The coordinator does not show that it has our key; said once, until it does. The station
    /// stays unregistered, and the agent goes on asking.
    NotAuthenticated(AuthTrouble),
    /// A reservation was granted, refused, changed or released.
    Reservation {
        /// The flow, as this station sends it.
        key: crate::flow::FlowKey,
        /// What the coordinator decided.
        outcome: Outcome,
        /// What is promised now in each way that is reserved, in bit/s; 0 if nothing is.
        rate: u32,
        /// After a refusal the largest rate that would fit, in bit/s; 0 if none.
        largest: u32,
    },
    /// Programs want promises for flows with these keys now; source port 0 of TCP and UDP: any. In
    /// free mode the gate must show their packets too.
    Wishes(alloc::vec::Vec<crate::flow::FlowKey>),
    /// What the candidate makes of a station that may come.
    Prepared {
        /// Whom the station may leave for.
        candidate: MacAddr,
        /// What it keeps of the station's promises.
        outcome: GoOutcome,
        /// The largest rate that it has room for, in bit/s, unless it keeps all.
        largest: u32,
        /// Why it does not keep all.
        reason: GoReason,
    },
    /// The answer to a station that leaves. Where the outcome lets it go
    /// ([`GoOutcome::lets_go`]), nothing more comes down, and the gate is shut until the link is
    /// up again, [`AgentCommand::Stay`], or for a second; else it is as before.
    Go {
        /// Whom it leaves for.
        candidate: MacAddr,
        /// What the candidate keeps of the station's promises.
        outcome: GoOutcome,
        /// The largest rate that it has room for, in bit/s, unless it keeps all.
        largest: u32,
        /// Why it does not keep all.
        reason: GoReason,
    },
    /// The coordinator did not say whether the station may leave, or there is none. The gate is as
    /// before, but when the link was lost meanwhile: then it is shut as after [`AgentEvent::Go`].
    LeaveUnanswered {
        /// Whom it would leave for.
        candidate: MacAddr,
    },
    /// Two cycles without a word from the coordinator, or a second without a link after GO: the
    /// gate was opened.
    FailedOpen {
        /// Packets that were released.
        released: u32,
    },
    /// The coordinator is gone: it said BYE, or fell silent for good.
    CoordinatorLost,
}

/// Why an agent with a key has no session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum AuthTrouble {
    /// The coordinator accepts every agent and proves nothing.
    #[error(
        "the coordinator has no key, this agent has one: give it the key, or take this one away"
    )]
    NoKeyThere,
    /// The coordinator, or somebody in its place, says that it does not believe us.
    #[error("the coordinator refuses this agent: {0}")]
    Refused(RegisterStatus),
    /// The answer was not made with our key.
    #[error("the coordinator's answer was not made with the key of this agent")]
    WrongKeyThere,
}

/// What the gate catches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GateMode {
    /// Nothing: there is no coordinator.
    #[default]
    Open,
    /// Free mode: only packets that the policy matches, and they pass at once.
    Watch,
    /// Token mode: everything.
    Hold,
}

/// Why an agent ignored an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AgentError {
    /// Not a frame of this protocol.
    #[error("frame from {from} dropped: {error}")]
    Decode {
        /// Who sent it.
        from: MacAddr,
        /// What is wrong with it.
        error: DecodeError,
    },
    /// Not from the AP of this association.
    #[error("frame from {0} dropped: not our AP")]
    Stranger(MacAddr),
    /// Of a session that is over, or never was.
    #[error("frame of session {0} dropped: not ours")]
    WrongSession(u32),
    /// Forged, replayed, or by somebody without our key.
    #[error("{kind} dropped: {error}")]
    NotAuthenticated {
        /// What it claims to be.
        kind: crate::wire::MessageType,
        /// Why it is not believed.
        error: AuthError,
    },
    /// A message that only a coordinator should receive, or that does not fit the state.
    #[error("{0} dropped: out of place here")]
    Unexpected(crate::wire::MessageType),
}

/// Counters that only grow; for status and metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentStats {
    /// Tokens answered.
    pub tokens: u64,
    /// Packets released by a token.
    pub released: u64,
    /// Packets that passed an open gate.
    pub passed: u64,
    /// Packets dropped because a queue was full, or by `CoDel`.
    pub dropped: u64,
    /// Those dropped by `CoDel`, because their flow's queue stood for too long.
    pub codel_drops: u64,
    /// Times the gate failed open.
    pub failed_open: u64,
    /// Airtime used of grants, in nanoseconds by the model.
    pub airtime_ns: u64,
    /// Frames with a wrong tag.
    #[serde(default)]
    pub bad_tags: u64,
    /// Frames that had come before.
    #[serde(default)]
    pub replays: u64,
}

/// The agent; see the module text. Driven as [`crate::machine`] says.
#[derive(Clone, Debug)]
pub struct Agent {
    config: AgentConfig,
    guard: Option<Guard>,
    own_address: MacAddr,
    now: Instant,
    rng: Rng,
    timers: Timers,
    session: Session,
    flows: Flows,
    wishes: Wishes,
    queues: Queues,
    /// As the cell's mode says; what it must catch may be more ([`Agent::shown_gate`]).
    gate: GateMode,
    departure: Departure,
    reports: Reports,
    /// In token mode, but the coordinator fell silent: everything passes until it speaks.
    failed_open: bool,
    /// When the air that was taken by packets of an open gate is over.
    open_until: Instant,
    away: Away,
    /// BYE was said: whatever comes, the gate stays open.
    stopped: bool,
    rate: Rate,
    phy: Phy,
    turn: Turn,
    /// The coordinator takes packets out of frames, too.
    bundles: bool,
    sequence: u32,
    /// REQUESTs sent since the last TOKEN.
    requests: u32,
    /// When a REQUEST will be sent, or once more, unless a token comes.
    ask_at: Option<Instant>,
    /// When the last token came.
    last_visit: Instant,
    /// Names the latest of them.
    request: TxHandle,
    /// The last name given to a frame.
    handle: TxHandle,
    /// Promised packets wait; when a visit is so late that the promise must be in doubt.
    promise_in_doubt: Option<Instant>,
    last_token: Option<u32>,
    /// The token of an announced visit that has not begun.
    slot: Option<Token>,
    last_return: Option<Message>,
    /// The last return reported NRT packets, so a visit will come without asking.
    coordinator_knows: bool,
    verdicts: VecDeque<Verdict>,
    outbox: VecDeque<(MacAddr, u8, Message, Option<TxHandle>)>,
    inbox: VecDeque<Delivery>,
    events: VecDeque<AgentEvent>,
    stats: AgentStats,
}

/// What a person wants to know of an agent now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentStatus {
    /// The AP, while associated.
    pub bssid: Option<MacAddr>,
    /// True while registered with its coordinator.
    pub registered: bool,
    /// True while that coordinator has shown that it has our key.
    #[serde(default)]
    pub authenticated: bool,
    /// What the gate catches.
    pub gate: GateMode,
    /// True while the gate is open because the coordinator fell silent.
    pub failed_open: bool,
    /// The PHY rate that the agent reports, in 100 kb/s; 0 when unknown.
    pub rate: Rate,
    /// Version of the policy table; 0 when there is none.
    pub policy_version: u32,
    /// Reserved flows, as this station sends them.
    pub reserved: alloc::vec::Vec<crate::flow::FlowKey>,
    /// What waits in the gate.
    pub backlog: crate::wire::Backlog,
    /// Counters.
    pub stats: AgentStats,
}

impl Agent {
    /// The agent of the station `own_address`, without a link. `seed` makes its instance number and its retry jitter.
    #[must_use]
    pub fn new(config: AgentConfig, own_address: MacAddr, seed: u64, now: Instant) -> Self {
        let mut rng = Rng::new(seed);
        let session = Session::new(rng.next_u32());
        let queues = Queues::new(config.queue_limit);
        let guard = config.auth.clone().map(Guard::new);
        Self {
            config,
            guard,
            own_address,
            now,
            rng,
            timers: Timers::default(),
            session,
            flows: Flows::default(),
            wishes: Wishes::default(),
            queues,
            gate: GateMode::Open,
            departure: Departure::default(),
            reports: Reports::default(),
            failed_open: false,
            open_until: now,
            away: Away::default(),
            stopped: false,
            rate: Rate(0),
            phy: Phy {
                kind: PhyKind::DsssLong,
                wmm: false,
            },
            turn: Turn::Paired,
            bundles: false,
            sequence: 0,
            requests: 0,
            ask_at: None,
            last_visit: Instant::ZERO,
            request: TxHandle(0),
            handle: TxHandle(0),
            promise_in_doubt: None,
            last_token: None,
            slot: None,
            last_return: None,
            coordinator_knows: false,
            verdicts: VecDeque::new(),
            outbox: VecDeque::new(),
            inbox: VecDeque::new(),
            events: VecDeque::new(),
            stats: AgentStats::default(),
        }
    }

    /// What a person wants to know of it now.
    #[must_use]
    pub fn status(&mut self) -> AgentStatus {
        AgentStatus {
            bssid: self.session.bssid(),
            registered: self.session.is_registered(),
            authenticated: self.guard.is_some() && self.session.is_registered(),
            gate: self.shown_gate(),
            failed_open: self.failed_open,
            rate: self.rate,
            policy_version: self.session.policy().map_or(0, |table| table.version),
            reserved: self.queues.flows().map(|(key, ..)| key).collect(),
            backlog: self.queues.backlog(self.now),
            stats: AgentStats {
                dropped: self.queues.dropped(),
                codel_drops: self.queues.codel_drops(),
                ..self.stats
            },
        }
    }

    /// The gate holds packets, rather than let them pass.
    #[must_use]
    pub const fn is_holding(&self) -> bool {
        self.departure.is_shut()
            || (matches!(self.shown_gate(), GateMode::Hold) && !self.failed_open)
    }

    /// Packets wait for a token.
    const fn is_awaiting(&self) -> bool {
        matches!(self.gate, GateMode::Hold) && !self.failed_open && !self.departure.is_shut()
    }

    /// A name for a frame that the radio reports on.
    const fn next_handle(&mut self) -> TxHandle {
        self.handle = TxHandle(self.handle.0.wrapping_add(1));
        self.handle
    }

    fn send(&mut self, message: Message) {
        self.send_tracked(message, None);
    }

    fn send_tracked(&mut self, message: Message, handle: Option<TxHandle>) {
        if let Some(bssid) = self.session.bssid() {
            // Same TID as the data that it must leave behind.
            let tid = match self.turn {
                Turn::Burst => TID_GRANTED,
                Turn::Paired => 0,
            };
            self.outbox.push_back((bssid, tid, message, handle));
        }
    }

    fn set_gate(&mut self, mode: GateMode) {
        if self.gate == mode {
            return;
        }
        let shown = self.shown_gate();
        self.gate = mode;
        self.failed_open = false;
        self.requests = 0;
        self.ask_at = None;
        self.promise_in_doubt = None;
        self.last_return = None;
        self.coordinator_knows = false;
        self.show_gate(shown);
        if mode != GateMode::Hold && !self.departure.is_shut() {
            self.queues.release_all(&mut self.verdicts);
            self.timers.stop(Reason::FailOpen);
        }
    }

    /// A packet waits in the gate; `bytes` if the gate copied what is in it.
    fn packet(&mut self, packet: &Packet, bytes: Option<&[u8]>) {
        if self.departure.is_shut() {
            if let Err(verdict) = self.queues.push(self.now, packet) {
                self.verdicts.push_back(verdict);
            }
            return;
        }
        if !self.stopped {
            self.note_flow(packet);
        }
        if self.failed_open {
            self.pass_in_turn(packet);
            return;
        }
        if !self.is_awaiting() {
            self.stats.passed += 1;
            self.queues.note_passed(self.now, packet);
            self.verdicts.push_back(Verdict::Accept(packet.id));
            return;
        }
        let was_empty = self.queues.is_empty();
        let pushed = match bytes.filter(|_| self.bundles) {
            Some(bytes) => self.queues.push_copied(self.now, packet, bytes),
            None => self.queues.push(self.now, packet),
        };
        if let Err(verdict) = pushed {
            self.verdicts.push_back(verdict);
        }
        if was_empty {
            self.await_coordinator();
        }
        self.ask_for_token();
    }

    fn command(&mut self, command: AgentCommand) {
        if self.stopped {
            return;
        }
        match command {
            AgentCommand::LinkUp { bssid } => self.link_up(bssid),
            AgentCommand::LinkDown => self.link_down(),
            AgentCommand::OffChannel(away) => self.off_channel(away),
            AgentCommand::Gap => self.want_gap(),
            AgentCommand::Rate(rate) => self.rate = rate,
            AgentCommand::Address(address) => self.own_address = address,
            AgentCommand::Reserve(wish) => self.wish(wish),
            AgentCommand::Release(key) => self.unwish(key),
            AgentCommand::Prepare { candidate } => self.prepare(candidate),
            AgentCommand::Leave { candidate, at_once } => self.leave(candidate, at_once),
            AgentCommand::Stay => self.stay(),
            AgentCommand::Seen { from, digests } => self.note_seen(from, &digests),
            AgentCommand::Stop => self.stop(),
        }
    }

    fn timeout(&mut self) {
        while let Some(reason) = self.timers.expire(self.now) {
            match reason {
                Reason::Register => self.register(),
                Reason::Retry => self.retry(),
                Reason::Slot => self.begin_slot(),
                Reason::FailOpen => self.fail_open(),
                Reason::Leave => self.leave_timer(),
                Reason::Housekeeping => self.housekeeping(),
                Reason::Hello | Reason::Cycle | Reason::Return => {}
            }
        }
    }
}

impl Machine for Agent {
    type Command = AgentCommand;
    type Event = AgentEvent;
    type Error = AgentError;

    fn handle(&mut self, now: Instant, input: Input<'_, AgentCommand>) -> Result<(), AgentError> {
        self.now = self.now.max(now);
        match input {
            Input::Frame { from, bytes } => self.frame(from, bytes)?,
            Input::Packet(packet) => self.packet(&packet, None),
            Input::Copied { packet, bytes } => self.packet(&packet, Some(bytes)),
            Input::Timeout => self.timeout(),
            Input::Command(command) => self.command(command),
            Input::Sent { handle, acked } => {
                if !self.report_sent(handle, acked) && !self.return_sent(handle, acked) {
                    self.request_sent(handle, acked);
                }
            }
        }
        Ok(())
    }

    fn poll_release(&mut self) -> Option<Verdict> {
        self.verdicts.pop_front()
    }

    fn poll_transmit(&mut self, buf: &mut [u8]) -> Option<Transmit> {
        debug_assert!(
            self.verdicts.is_empty(),
            "releases are drained before transmits"
        );
        while let Some((to, tid, message, handle)) = self.outbox.pop_front() {
            self.sequence = self.sequence.wrapping_add(1);
            let header = Header {
                session: self.session.id(),
                sequence: self.sequence,
                tag: [0; 8],
            };
            // Every message an agent sends fits; one that did not is dropped, its timer retries.
            if let Ok(len) = message.encode(&header, buf)
                && self.seal(&mut buf[..len])
            {
                return Some(Transmit {
                    to,
                    len,
                    tid,
                    handle,
                });
            }
        }
        None
    }

    fn poll_delivery(&mut self) -> Option<Delivery> {
        self.inbox.pop_front()
    }

    fn poll_event(&mut self) -> Option<AgentEvent> {
        self.events.pop_front()
    }

    fn poll_timeout(&self) -> Option<(Instant, Reason)> {
        self.timers.next()
    }
}
