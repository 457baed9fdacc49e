//! Agents of the cell: registration, policy push, and where each frame goes.

use alloc::vec::Vec;

use super::auth::Pending;
use super::reservations::HOUSEKEEPING;
use super::station::AgentSession;
use super::{
    Coordinator, CoordinatorError, CoordinatorEvent, Outgoing, ReleaseCause, Strategy, Tokens,
};
use crate::auth::Keys;
use crate::mac::MacAddr;
use crate::machine::Reason;
use crate::wire::{
    Backlog, Bye, ByeReason, CellMode, Handshake, Header, Message, Neighbours, Policy, Register,
    RegisterAck, RegisterStatus, Seen,
};

/// Silent cycles after which an agent with waiting packets opens its gate.
const SILENT_CYCLES: u8 = 2;

impl Coordinator {
    pub(super) fn frame(&mut self, from: MacAddr, bytes: &[u8]) -> Result<(), CoordinatorError> {
        if !self.stations.contains_key(&from) {
            return Err(CoordinatorError::Stranger(from));
        }
        if self.stopped {
            return Ok(());
        }
        let (header, message) =
            Message::decode(bytes).map_err(|error| CoordinatorError::Decode { from, error })?;
        if let Message::Register(register) = message {
            return self.register(from, &register);
        }
        if self.auth.is_some() {
            let is_new = self.admit(from, header.session, bytes)?;
            // In free mode a REQUEST is answered by nothing but the HELLO that this is.
            if is_new && self.mode == CellMode::Free && matches!(message, Message::Request(_)) {
                return Ok(());
            }
        } else {
            self.check_session(from, header)?;
        }
        self.heard_from(from);
        if matches!(message, Message::Request(_) | Message::Reserve(_)) {
            self.speaks_on(from, header);
        }
        match message {
            Message::Return(answer) => {
                self.note_return(from, &answer);
                self.returned(from, &answer);
            }
            Message::Data(data) => {
                if let Some(answer) = &data.answer {
                    self.note_return(from, answer);
                }
                self.data(from, &data);
            }
            Message::Request(request) => self.requested(from, request),
            Message::Reserve(reserve) => self.reserve(from, &reserve),
            Message::Leave(leave) => return self.asked_to_leave(from, header, leave),
            Message::Seen(Seen {
                from: cell,
                digests,
            }) => self.events.push_back(CoordinatorEvent::Seen {
                station: from,
                from: cell,
                digests,
            }),
            Message::Bye(_) => self.agent_stopped(from),
            other => {
                let kind = other.message_type();
                return Err(CoordinatorError::Unexpected { from, kind });
            }
        }
        Ok(())
    }

    /// A frame of a session that is over is refused, and its sender told: an agent that does not
    /// know would wait for tokens that never come. BYE carries the session it is for, so that a
    /// late frame of an agent's last life does no harm to the present one.
    fn check_session(&mut self, from: MacAddr, header: Header) -> Result<(), CoordinatorError> {
        let session = header.session;
        let ours = self.stations.get(&from).map_or(0, super::Station::session);
        if session != 0 && session == ours {
            return Ok(());
        }
        if session != 0 {
            let reason = ByeReason::Stopping;
            self.outbox.push_back(Outgoing {
                to: from,
                session,
                message: Message::Bye(Bye { reason }),
                handle: None,
            });
            self.hello(from);
        }
        Err(CoordinatorError::WrongSession { from, session })
    }

    /// Answers with a session, the mode and the policy table. An agent that asks again keeps its
    /// session; one that was restarted gets a new one, and its reservations back.
    ///
    /// With keys the answer holds no more than the session, and the rest follows when the agent
    /// has shown by its first frame that it has the keys, too.
    fn register(&mut self, from: MacAddr, register: &Register) -> Result<(), CoordinatorError> {
        if !self.may_register(from) {
            return Err(CoordinatorError::TooManyRegisters(from));
        }
        if register.strategies & Register::POLL == 0 {
            let status = RegisterStatus::UnsupportedStrategy;
            self.acknowledge(from, register, 0, status, Handshake::NONE);
            return Ok(());
        }
        match self.shake_hands(from, register) {
            None => {
                let session = self.open_session(from, register);
                let status = RegisterStatus::Accepted;
                self.acknowledge(from, register, session, status, Handshake::NONE);
                self.brief(from);
                Ok(())
            }
            Some(Ok((session, handshake))) => {
                let status = RegisterStatus::Accepted;
                self.acknowledge(from, register, session, status, handshake);
                Ok(())
            }
            Some(Err(status)) => {
                self.refuse_handshake(from, status);
                self.acknowledge(from, register, 0, status, Handshake::NONE);
                Err(CoordinatorError::RefusedHandshake { from, status })
            }
        }
    }

    fn acknowledge(
        &mut self,
        to: MacAddr,
        register: &Register,
        session: u32,
        status: RegisterStatus,
        handshake: Handshake,
    ) {
        let ack = RegisterAck {
            instance: register.instance,
            session,
            status,
            phy: self.config.phy,
            policy_version: self.policy.version,
            cycle: self.announced_cycle(),
            silent_cycles: SILENT_CYCLES,
            turn: self.config.turn,
            strategies: self.uplink_strategies() & register.strategies,
            handshake,
        };
        self.outbox.push_back(Outgoing {
            to,
            session,
            message: Message::RegisterAck(ack),
            handle: None,
        });
    }

    /// Tells an agent all that it needs to take part.
    fn brief(&mut self, to: MacAddr) {
        self.push_policy(to);
        if !self.neighbours.0.is_empty() {
            self.push_neighbours(to);
        }
        self.hello(to);
        self.push_reservations(to);
    }

    fn open_session(&mut self, from: MacAddr, register: &Register) -> u32 {
        let fresh = self.rng.next_u32().max(1);
        let Some(station) = self.stations.get_mut(&from) else {
            return 0;
        };
        if let Some(agent) = &mut station.agent {
            agent.heard();
            if agent.instance == register.instance {
                return agent.session;
            }
        }
        let name = alloc::string::String::from(register.name.as_str());
        self.install(
            from,
            register.instance,
            fresh,
            name,
            register.strategies,
            None,
        );
        fresh
    }

    /// The agent of a pending session has used it: from here on only its keys count.
    pub(super) fn begin_session(&mut self, from: MacAddr, pending: Pending) {
        let Pending {
            session,
            instance,
            name,
            strategies,
            keys,
        } = pending;
        let station = self.stations.get_mut(&from);
        let agent = station.and_then(|station| station.agent.as_mut());
        if let Some(agent) = agent.filter(|agent| agent.instance == instance) {
            agent.session = session;
            agent.keys = Some(keys);
        } else {
            self.install(from, instance, session, name, strategies, Some(keys));
        }
        self.brief(from);
    }

    /// Puts the agent of a new run in the place of whatever was known of the last one.
    fn install(
        &mut self,
        from: MacAddr,
        instance: u32,
        session: u32,
        name: alloc::string::String,
        strategies: u8,
        keys: Option<Keys>,
    ) {
        // What the agent of the last run asked is over.
        self.stays(from);
        let common = self.strategies() & strategies;
        let bundles = common & Register::BUNDLE != 0;
        let Some(station) = self.stations.get_mut(&from) else {
            return;
        };
        station.departure.forget();
        station.agent = Some(AgentSession {
            instance,
            session,
            keys,
            name: name.clone(),
            misses: 0,
            silent_since: None,
            bundles,
            // Of both, packets inside of tokens save more.
            schedules: !bundles && common & Register::SCHEDULE != 0,
            carried: None,
            written_off: None,
            spoke: false,
            backlog: Backlog::default(),
            last_sent: self.now,
        });
        self.serve_anew(from);
        // A token of the agent's last life will not come back.
        self.end_leases(Some(from));
        self.events.push_back(CoordinatorEvent::Registered {
            station: from,
            name,
        });
        if self.config.tokens == Tokens::Always {
            self.enter_token_mode();
        }
    }

    /// What an agent may do of its own accord: not put packets into frames where nobody takes them
    /// out.
    const fn uplink_strategies(&self) -> u8 {
        if self.config.bundle {
            self.strategies()
        } else {
            self.strategies() & !Register::BUNDLE
        }
    }

    /// The token strategies that agents may be asked to follow.
    const fn strategies(&self) -> u8 {
        match self.config.strategy {
            Strategy::Poll => Register::POLL,
            Strategy::Schedule => Register::POLL | Register::SCHEDULE,
            Strategy::Auto | Strategy::Bundle => Register::POLL | Register::BUNDLE,
        }
    }

    fn push_policy(&mut self, to: MacAddr) {
        // A table that cannot be split was refused when it was loaded.
        for fragment in Policy::split(&self.policy).unwrap_or_default() {
            self.send(to, Message::Policy(fragment));
        }
    }

    pub(super) fn change_neighbours(&mut self, neighbours: Neighbours) {
        if self.neighbours == neighbours || self.stopped {
            return;
        }
        self.neighbours = neighbours;
        let with_agent = self.stations.iter().filter(|(_, one)| one.agent.is_some());
        let to: Vec<_> = with_agent.map(|(address, _)| *address).collect();
        for to in to {
            self.push_neighbours(to);
        }
    }

    fn push_neighbours(&mut self, to: MacAddr) {
        self.send(to, Message::Neighbours(self.neighbours.clone()));
    }

    fn agent_stopped(&mut self, from: MacAddr) {
        self.stays(from);
        self.end_leases(Some(from));
        if let Some(station) = self.stations.get_mut(&from) {
            station.agent = None;
        }
        self.release_uplink(from, ReleaseCause::AgentStopped);
        self.events.push_back(CoordinatorEvent::AgentLost(from));
    }

    pub(super) fn station_left(&mut self, address: MacAddr) {
        self.end_leases(Some(address));
        self.release_station(address, ReleaseCause::StationLeft);
        self.cycle.forget(address);
        self.draining.retain(|other| *other != address);
        self.ledger.set_tries(address, crate::ledger::Tries::ONE);
        if let Some(mut station) = self.stations.remove(&address) {
            // The kernel knows best what to do with packets for a station that is gone.
            station.queues.release_all(&mut self.verdicts);
        }
        self.promised.remove(&address);
        self.book_unregistered();
    }

    pub(super) fn stop(&mut self) {
        self.leave_token_mode();
        self.send(
            MacAddr::BROADCAST,
            Message::Bye(Bye {
                reason: ByeReason::Stopping,
            }),
        );
        self.timers = crate::timer::Timers::default();
        self.stopped = true;
    }

    pub(super) fn housekeeping(&mut self) {
        self.settle_links();
        self.close_windows();
        self.release_idle();
        self.release_silent();
        self.restore_if_long();
        self.expire_holds(self.now);
        if !self.ledger.is_unused() {
            self.timers
                .set(Reason::Housekeeping, self.now + HOUSEKEEPING);
        }
    }
}
