//! Who coordinates this station: link, registration, policy table, mode of the cell.

use super::leave::LANDING_RETRY;
use super::{Agent, AgentError, AgentEvent, GateMode};
use crate::mac::MacAddr;
use crate::machine::{Reason, TID_GRANTED};
use crate::policy::PolicyTable;
use crate::time::{Duration, Instant};
use crate::wire::{
    Bye, ByeReason, CellMode, Handshake, Header, Hello, Message, Policy, PolicyAssembly, Register,
    RegisterAck, RegisterStatus,
};

/// First and longest pause between two REGISTERs.
const REGISTER_RETRY: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));
/// How often flows and the coordinator's silence are looked at.
pub(super) const HOUSEKEEPING: Duration = Duration::from_millis(500);

/// What the agent knows of its coordinator.
#[derive(Clone, Debug)]
pub(super) struct Session {
    /// Differs between two runs of one agent, so that the coordinator sees a restart.
    instance: u32,
    link: Option<Link>,
}

#[derive(Clone, Debug)]
struct Link {
    bssid: MacAddr,
    /// Instance of the coordinator, from its HELLO; 0 until one was heard.
    epoch: u32,
    registration: Registration,
    /// A REGISTER is out: for a session, or for the policy table of a session.
    asking: bool,
    attempts: u32,
    last_heard: Instant,
    cycle: Duration,
    policy: Option<PolicyTable>,
    assembler: PolicyAssembly,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Registration {
    None,
    Accepted { session: u32 },
    Rejected,
}

impl Session {
    pub(super) const fn new(instance: u32) -> Self {
        Self {
            instance,
            link: None,
        }
    }

    pub(super) fn bssid(&self) -> Option<MacAddr> {
        self.link.as_ref().map(|link| link.bssid)
    }

    pub(super) fn is_registered(&self) -> bool {
        self.id() != 0
    }

    /// The session number for the header; 0 while there is none.
    pub(super) fn id(&self) -> u32 {
        match self.link {
            Some(Link {
                registration: Registration::Accepted { session },
                ..
            }) => session,
            _ => 0,
        }
    }

    pub(super) fn policy(&self) -> Option<&PolicyTable> {
        self.link.as_ref()?.policy.as_ref()
    }

    pub(super) fn cycle(&self) -> Duration {
        self.link.as_ref().map_or(DEFAULT_CYCLE, |link| link.cycle)
    }
}

/// Cycles outside of these bounds are nobody's: timers are made of them, and one of no length
/// would never let a core rest.
const PLAUSIBLE_CYCLE: (Duration, Duration) = (Duration::from_millis(1), Duration::from_secs(1));

/// The cycle length that a coordinator claims, within reason.
fn plausible(cycle: Duration) -> Duration {
    cycle.clamp(PLAUSIBLE_CYCLE.0, PLAUSIBLE_CYCLE.1)
}

/// Until the coordinator says otherwise.
const DEFAULT_CYCLE: Duration = Duration::from_millis(20);

impl Agent {
    pub(super) fn link_up(&mut self, bssid: MacAddr) {
        self.land();
        self.begin_link(bssid);
    }

    /// Knows nothing of the AP but its address.
    fn begin_link(&mut self, bssid: MacAddr) {
        self.forget_coordinator();
        self.session.link = Some(Link {
            bssid,
            epoch: 0,
            registration: Registration::None,
            asking: true,
            attempts: 0,
            last_heard: self.now,
            cycle: DEFAULT_CYCLE,
            policy: None,
            assembler: PolicyAssembly::new(),
        });
        self.register();
    }

    pub(super) fn link_down(&mut self) {
        self.link_lost_while_leaving();
        self.reports.clear();
        self.forget_coordinator();
        self.session.link = None;
    }

    pub(super) fn stop(&mut self) {
        if self.session.is_registered() {
            self.send(Message::Bye(Bye {
                reason: ByeReason::Leaving,
            }));
        }
        self.flows.clear();
        self.arrive();
        self.set_gate(GateMode::Open);
        self.timers = crate::timer::Timers::default();
        self.stopped = true;
    }

    /// Opens the gate, unless the station is on its way to another one, and drops all that was
    /// agreed with a coordinator.
    fn forget_coordinator(&mut self) {
        self.void_departure();
        let is_gone = self.departure.is_gone();
        let opens = self.timers.get(Reason::FailOpen).filter(|_| is_gone);
        // On its way what is promised stays apart, so that no flood drives it out.
        if !is_gone {
            for (key, ..) in self.queues.flows().collect::<alloc::vec::Vec<_>>() {
                self.queues.unreserve(key);
            }
        }
        if let Some(guard) = &mut self.guard {
            guard.forget();
        }
        self.flows.clear();
        self.set_gate(GateMode::Open);
        self.last_token = None;
        self.slot = None;
        self.last_return = None;
        self.coordinator_knows = false;
        self.timers = crate::timer::Timers::default();
        if let Some(at) = opens {
            self.timers.set(Reason::FailOpen, at);
        }
    }

    /// The token strategies that this agent can follow.
    const fn strategies(&self) -> u8 {
        let bundle = if self.config.bundle {
            Register::BUNDLE
        } else {
            0
        };
        Register::POLL | Register::SCHEDULE | bundle
    }

    /// Sends REGISTER, and again later with growing pauses until an answer comes.
    pub(super) fn register(&mut self) {
        let instance = self.session.instance;
        let Some(bssid) = self.session.bssid() else {
            return;
        };
        let Some(link) = &mut self.session.link else {
            return;
        };
        if !link.asking {
            return;
        }
        let (first, longest) = REGISTER_RETRY;
        let first = if self.departure.is_landing() {
            LANDING_RETRY
        } else {
            first
        };
        let pause = (first * (1 << link.attempts.min(7))).min(longest);
        link.attempts += 1;
        let mut register = Register {
            instance,
            epoch: link.epoch,
            strategies: self.strategies(),
            name: self.config.name.clone(),
            handshake: Handshake::NONE,
        };
        self.offer_handshake(&mut register);
        let jitter = Duration::from_nanos(self.rng.below(pause.as_nanos() / 4));
        self.timers.set(Reason::Register, self.now + pause + jitter);
        // Not as best effort: it would wait behind all that this radio holds, in a cell whose
        // granted traffic leaves best effort hardly a turn until the station has its tokens.
        let register = Message::Register(register);
        self.outbox.push_back((bssid, TID_GRANTED, register, None));
    }

    pub(super) fn frame(&mut self, from: MacAddr, bytes: &[u8]) -> Result<(), AgentError> {
        if self.stopped {
            return Ok(());
        }
        if self.session.bssid() != Some(from) {
            return Err(AgentError::Stranger(from));
        }
        let (header, message) =
            Message::decode(bytes).map_err(|error| AgentError::Decode { from, error })?;
        self.authenticate(header, &message, bytes)?;
        match message {
            Message::Hello(hello) => {
                self.hello(hello);
                self.has_landed();
            }
            Message::RegisterAck(ack) => {
                self.register_ack(ack);
                let link = self.session.link.as_ref();
                let refused = |link: &Link| link.registration == Registration::Rejected;
                if self.departure.is_landing() && link.is_some_and(refused) {
                    self.arrive();
                }
            }
            Message::Policy(policy) => {
                self.check_own_session(header)?;
                self.policy_fragment(policy);
            }
            Message::Neighbours(neighbours) => {
                self.check_own_session(header)?;
                self.events.push_back(AgentEvent::Neighbours(neighbours));
            }
            Message::Token(token) => {
                self.check_own_session(header)?;
                self.token(token);
            }
            Message::Data(data) => {
                self.check_own_session(header)?;
                self.data(from, data);
            }
            Message::Schedule(schedule) => {
                if self.session.is_registered() {
                    self.schedule(&schedule);
                }
            }
            Message::Reserved(reserved) => {
                self.check_own_session(header)?;
                self.reserved(reserved);
            }
            Message::Go(go) => {
                self.check_own_session(header)?;
                self.go(go);
            }
            Message::Bye(_) => {
                self.check_session(header)?;
                self.coordinator_lost();
                return Ok(());
            }
            other @ (Message::Register(_)
            | Message::Reserve(_)
            | Message::Return(_)
            | Message::Request(_)
            | Message::Leave(_)
            | Message::Seen(_)) => return Err(AgentError::Unexpected(other.message_type())),
        }
        self.heard();
        Ok(())
    }

    /// What a registration is the base of must belong to ours.
    fn check_own_session(&self, header: Header) -> Result<(), AgentError> {
        if self.session.is_registered() && header.session == self.session.id() {
            Ok(())
        } else {
            Err(AgentError::WrongSession(header.session))
        }
    }

    /// BYE to all carries session 0.
    fn check_session(&self, header: Header) -> Result<(), AgentError> {
        if header.session == 0 {
            Ok(())
        } else {
            self.check_own_session(header)
        }
    }

    /// The coordinator is alive: the patience of waiting packets starts anew.
    fn heard(&mut self) {
        if let Some(link) = &mut self.session.link {
            link.last_heard = self.now;
        }
        if self.departure.is_shut() {
            return;
        }
        if self.is_awaiting() && !self.queues.is_empty() {
            self.await_coordinator();
        } else if !self.failed_open {
            self.timers.stop(Reason::FailOpen);
        }
    }

    fn hello(&mut self, hello: Hello) {
        let Some(link) = &mut self.session.link else {
            return;
        };
        let first = link.epoch == 0;
        let restarted = !first && link.epoch != hello.epoch;
        link.epoch = hello.epoch;
        link.cycle = plausible(hello.cycle);
        if restarted {
            // What was agreed with the coordinator's last life is void.
            let bssid = link.bssid;
            self.begin_link(bssid);
            if let Some(link) = &mut self.session.link {
                link.epoch = hello.epoch;
                link.cycle = plausible(hello.cycle);
            }
            return;
        }
        let stale = link.policy.as_ref().map(|table| table.version) != Some(hello.policy_version);
        let accepted = matches!(link.registration, Registration::Accepted { .. });
        if (accepted && stale && !link.asking) || (link.asking && first) {
            // The table changed, or a coordinator appeared: ask without waiting.
            link.asking = true;
            link.attempts = 0;
            self.register();
        }
        if accepted {
            self.follow(hello.mode);
        }
    }

    /// Keeps the gate as the cell's mode says, and takes it back into service after a silence.
    pub(super) fn follow(&mut self, mode: CellMode) {
        match mode {
            CellMode::Free => self.set_gate(GateMode::Watch),
            CellMode::Token => {
                self.set_gate(GateMode::Hold);
                self.failed_open = false;
                if !self.departure.is_shut() {
                    self.timers.stop(Reason::FailOpen);
                }
            }
        }
    }

    fn register_ack(&mut self, ack: RegisterAck) {
        let instance = self.session.instance;
        let was_registered = self.session.is_registered();
        let Some(link) = &mut self.session.link else {
            return;
        };
        if ack.instance != instance || !link.asking {
            return;
        }
        if ack.status != RegisterStatus::Accepted {
            link.registration = Registration::Rejected;
            link.asking = false;
            // Nobody will hand it a token.
            self.forget_coordinator();
            self.events.push_back(AgentEvent::Rejected(ack.status));
            return;
        }
        let accepted = Registration::Accepted {
            session: ack.session,
        };
        // Other keys for the same agreement are another session, but nothing new.
        let is_new = link.registration != accepted && !(self.guard.is_some() && was_registered);
        link.registration = accepted;
        link.cycle = plausible(ack.cycle);
        // The table follows; REGISTER is repeated until all of it is here.
        link.asking = link.policy.as_ref().map(|table| table.version) != Some(ack.policy_version);
        if !link.asking {
            self.timers.stop(Reason::Register);
        }
        let bssid = link.bssid;
        self.phy = ack.phy;
        self.turn = ack.turn;
        self.bundles = self.config.bundle && ack.strategies & Register::BUNDLE != 0;
        self.confirm_session();
        if is_new {
            self.last_token = None;
            self.events.push_back(AgentEvent::Registered { bssid });
            self.timers
                .set(Reason::Housekeeping, self.now + HOUSEKEEPING);
            self.renew_wishes();
            self.report_seen();
        }
    }

    fn policy_fragment(&mut self, fragment: Policy) {
        let Some(link) = &mut self.session.link else {
            return;
        };
        // A hostile or outdated fragment is as good as a lost one: REGISTER is repeated.
        let Ok(Some(table)) = link.assembler.add(fragment) else {
            return;
        };
        link.asking = false;
        self.timers.stop(Reason::Register);
        if link.policy.as_ref() != Some(&table) {
            self.events.push_back(AgentEvent::Policy(table.clone()));
            let old = link.policy.replace(table);
            self.renumber_flows(old.as_ref());
        }
    }

    /// Asks for a session or the table once more. False when it is asked for already.
    pub(super) fn ask_anew(&mut self) -> bool {
        let Some(link) = &mut self.session.link else {
            return false;
        };
        let was_asking = core::mem::replace(&mut link.asking, true);
        if !was_asking {
            link.attempts = 0;
        }
        !was_asking
    }

    /// Whether a REGISTER is out that this could answer.
    pub(super) fn is_answer(&self, ack: &RegisterAck) -> bool {
        let asks = self.session.link.as_ref().is_some_and(|link| link.asking);
        asks && ack.instance == self.session.instance
    }

    /// The coordinator has shown which life it lives.
    pub(super) fn meet_epoch(&mut self, epoch: u32) {
        if let Some(link) = &mut self.session.link {
            link.epoch = epoch;
        }
    }

    /// The coordinator said BYE, or has been silent for too long.
    pub(super) fn coordinator_lost(&mut self) {
        let Some(link) = &mut self.session.link else {
            return;
        };
        link.registration = Registration::None;
        link.asking = true;
        link.attempts = 0;
        link.epoch = 0;
        link.policy = None;
        link.assembler = PolicyAssembly::new();
        self.forget_coordinator();
        self.events.push_back(AgentEvent::CoordinatorLost);
    }

    pub(super) fn housekeeping(&mut self) {
        let Some(link) = &self.session.link else {
            return;
        };
        if self.now.since(link.last_heard) > self.config.lost_after {
            self.coordinator_lost();
            return;
        }
        if !self.departure.is_shut() {
            self.change_keys_in_time();
            self.close_idle_flows();
            self.look_after_wishes();
        }
        self.timers
            .set(Reason::Housekeeping, self.now + HOUSEKEEPING);
    }
}
