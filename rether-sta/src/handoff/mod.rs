//! Handoffs of this station: what its machine wants, in the words of agent and `wpa_supplicant`.
//!
//! [`Handoff`] holds the machine and knows what it waits for; the daemon carries out the [`Deed`]s.
//! A roam that `wpa_supplicant` decides by itself is not announced to anybody; it is written down
//! all the same, and the new access point is told what was received before it ([`Received`]).

mod config;
mod desk;
mod history;
mod nearby;
mod received;
mod show;
#[cfg(test)]
mod tests;
mod words;

use rether_handoff::station::{
    Move, Outcome, Station, StationConfig, StationInput, StationOutput, Steer, Why,
};
use rether_proto::agent::{AgentCommand, AgentEvent};
use rether_proto::mac::MacAddr;
use rether_proto::time::{Duration, Instant};
use rether_proto::wire::{Neighbour, Neighbours};
use tokio::sync::oneshot;

pub use config::Steering;
pub(crate) use desk::{Desk, Wanted};
pub(crate) use history::{Entry, History};
pub(crate) use nearby::{candidates, network};
pub(crate) use received::Received;
pub(crate) use show::{history, last, to};

use words::Asked;

/// A station that comes back after so long has not moved: it was away.
const ABSENCE: Duration = Duration::from_secs(10);

/// What the daemon must do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    /// Tell the agent.
    Agent(AgentCommand),
    /// Have `wpa_supplicant` move there.
    Roam(MacAddr),
    /// Look on this frequency, in MHz.
    Scan(u16),
}

/// What follows from an arrival.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Arrival {
    /// What to do.
    pub(crate) deeds: Vec<Deed>,
    /// The access point that it came from without being let go.
    pub(crate) unannounced_from: Option<MacAddr>,
}

/// The station's machine and what it waits for.
#[derive(Debug)]
pub(crate) struct Handoff {
    machine: Station,
    leads: bool,
    /// There is a coordinator where it is.
    coordinated: bool,
    asked: Asked,
    /// GO was said for this one.
    let_go: Option<MacAddr>,
    /// Where data flows, or flowed last.
    at: Option<MacAddr>,
    /// When data stopped to flow; `None` while it does.
    away: Option<Instant>,
    history: History,
    waiting: Option<oneshot::Sender<Entry>>,
}

impl Handoff {
    /// Not associated.
    pub(crate) fn new(config: StationConfig, history: History, now: Instant) -> Self {
        let leads = config.steer == Steer::Lead;
        Self {
            machine: Station::new(config, now),
            leads,
            coordinated: false,
            asked: Asked::Nothing,
            let_go: None,
            at: None,
            away: None,
            history,
            waiting: None,
        }
    }

    /// Whether this station decides by itself.
    pub(crate) const fn leads(&self) -> bool {
        self.leads
    }

    pub(crate) const fn is_moving(&self) -> bool {
        self.machine.is_moving()
    }

    /// Whether the radio is on its way because of this machine.
    pub(crate) fn is_switching(&self) -> bool {
        self.asked == Asked::Switch
    }

    /// When [`StationInput::Timeout`] is due.
    pub(crate) fn next_timer(&self) -> Option<Instant> {
        self.machine.next_timer()
    }

    /// One input, and all that follows.
    pub(crate) fn input(&mut self, now: Instant, input: StationInput) -> Vec<Deed> {
        self.machine.handle(now, input);
        let mut deeds = Vec::new();
        while let Some(output) = self.machine.poll() {
            deeds.extend(self.output(output));
        }
        deeds
    }

    fn output(&mut self, output: StationOutput) -> Option<Deed> {
        match output {
            StationOutput::Prepare(candidate) => {
                self.asked = Asked::Prepare(candidate);
                Some(Deed::Agent(AgentCommand::Prepare { candidate }))
            }
            StationOutput::Leave(candidate) => {
                self.asked = Asked::Leave(candidate);
                let at_once = false;
                Some(Deed::Agent(AgentCommand::Leave { candidate, at_once }))
            }
            StationOutput::Stay => {
                self.asked = Asked::Nothing;
                // Without a link what is held would be lost. The agent opens the gate when there is
                // one, or after a second.
                if self.away.is_some() {
                    return None;
                }
                self.let_go = None;
                Some(Deed::Agent(AgentCommand::Stay))
            }
            StationOutput::Switch(bssid) => {
                self.asked = Asked::Switch;
                Some(Deed::Roam(bssid))
            }
            StationOutput::Scan(frequency) => Some(Deed::Scan(frequency)),
            StationOutput::Record(moved) => {
                self.record(&moved);
                None
            }
            StationOutput::Notice(text) => {
                tracing::warn!("{text}");
                None
            }
        }
    }

    fn record(&mut self, moved: &Move) {
        self.asked = Asked::Nothing;
        let entry = self.history.add(moved);
        let line = show::sentence(&entry);
        if entry.done {
            tracing::info!("{line}");
        } else {
            tracing::warn!("{line}");
        }
        if let Some(reply) = self.waiting.take() {
            // Who asked may have given up.
            let _ = reply.send(entry);
        }
    }

    /// What the agent says, as far as it is an answer, or about other access points.
    pub(crate) fn agent_says(&mut self, now: Instant, event: &AgentEvent) -> Vec<Deed> {
        if let AgentEvent::Go {
            candidate, outcome, ..
        } = event
            && outcome.lets_go()
        {
            self.let_go = Some(*candidate);
        }
        if let AgentEvent::Neighbours(Neighbours(all)) = event {
            let heard_of = |one: &Neighbour| {
                self.input(
                    now,
                    StationInput::Neighbour {
                        bssid: one.bssid,
                        frequency: one.frequency,
                    },
                )
            };
            return all.iter().flat_map(heard_of).collect();
        }
        match event {
            AgentEvent::Registered { .. } => self.coordinated = true,
            AgentEvent::CoordinatorLost => self.coordinated = false,
            _ => {}
        }
        match words::answer(self.asked, event) {
            Some(StationInput::Prepared(Outcome::Unavailable)) if !self.coordinated => {
                self.input(now, StationInput::Prepared(Outcome::Alone))
            }
            Some(input) => self.input(now, input),
            None => Vec::new(),
        }
    }

    /// The operator orders a move; `reply` gets what came of it.
    ///
    /// # Errors
    /// Why it cannot be now.
    pub(crate) fn order(
        &mut self,
        now: Instant,
        to: MacAddr,
        reply: oneshot::Sender<Entry>,
    ) -> Result<Vec<Deed>, String> {
        if self.is_moving() {
            return Err("a handoff is going on: try again in a second".into());
        }
        match self.at.filter(|_| self.away.is_none()) {
            None => Err("not associated: there is nothing to leave".into()),
            Some(at) if at == to => Err(format!("it is at {to} already")),
            Some(_) => {
                self.waiting = Some(reply);
                Ok(self.input(now, StationInput::Ordered(to)))
            }
        }
    }

    /// `wpa_supplicant` goes to `bssid` of its own accord: the gate should be shut.
    pub(crate) fn drifts(&mut self, now: Instant, bssid: MacAddr) -> Vec<Deed> {
        let is_known = self.is_switching() || self.away.is_some();
        if is_known || self.at.is_none_or(|at| at == bssid) {
            return Vec::new();
        }
        self.away = Some(now);
        // What was planned is over.
        let mut deeds = self.input(now, StationInput::LinkDown);
        let candidate = bssid;
        let at_once = true;
        deeds.push(Deed::Agent(AgentCommand::Leave { candidate, at_once }));
        deeds
    }

    /// The link is gone, and the agent knows.
    pub(crate) fn lost(&mut self, now: Instant) -> Vec<Deed> {
        self.away.get_or_insert(now);
        self.input(now, StationInput::LinkDown)
    }

    /// Data has not flowed since then.
    pub(crate) const fn away(&self) -> Option<Instant> {
        self.away
    }

    /// Data may flow at `bssid`, and the agent knows.
    pub(crate) fn arrived(&mut self, now: Instant, bssid: MacAddr) -> Arrival {
        let was_moving = self.is_moving();
        let before = self.at.replace(bssid).filter(|before| *before != bssid);
        self.coordinated &= before.is_none();
        let away = self.away.take();
        let let_go = self.let_go.take() == Some(bssid);
        let deeds = self.input(now, StationInput::LinkUp { bssid });
        let since = away.unwrap_or(now);
        let is_near = now.since(since) < ABSENCE;
        if !was_moving && is_near && before.is_some() {
            self.record(&Move {
                from: before,
                to: bssid,
                why: Why::Lost,
                chosen: since,
                prepared: None,
                left: None,
                go: let_go.then_some(since),
                arrived: Some(now),
                done: true,
                culprit: Some("wpa_supplicant moved by itself".into()),
            });
        }
        Arrival {
            deeds,
            unannounced_from: before.filter(|_| !let_go && is_near),
        }
    }
}
