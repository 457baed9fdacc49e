//! The machine of a station: watches, chooses, and moves in the order that loses nothing.
//!
//! *Watch*: the signal of its access point, by the driver's thresholds, and those of candidates, by
//! scans of one channel. *Choose*: the strongest by a margin, that has room for what this station
//! was promised. *Leave*: by the agent's LEAVE and the access point's GO. *Switch*: by the host,
//! without a scan. Who chooses is a matter of configuration: another program may be in charge.

mod choice;
#[cfg(test)]
mod tests;

use alloc::collections::VecDeque;
use alloc::string::String;

use rether_proto::mac::MacAddr;
use rether_proto::time::{Duration, Instant};
use serde::Serialize;

use choice::Candidates;

/// Who decides that this station moves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Steer {
    /// Somebody else: this machine moves only when its operator says so.
    Off,
    /// Access points (802.11v BSS transition requests) and the operator.
    #[default]
    Assist,
    /// This machine too.
    Lead,
}

/// How a station behaves.
#[derive(Clone, Debug)]
pub struct StationConfig {
    /// Who decides.
    pub steer: Steer,
    /// Below this, in dBm, it looks for something better.
    pub threshold: i8,
    /// Below this it goes even where promises are not kept.
    pub desperate: i8,
    /// A candidate must be stronger by so many dB.
    pub margin: i8,
    /// What was heard of a candidate is of use for so long.
    pub fresh: Duration,
    /// Pause between two scans while it looks; half of it after one in which nobody was heard.
    pub scan_pause: Duration,
    /// It stays at least so long.
    pub stay: Duration,
    /// A candidate that refused is not asked again for so long.
    pub refused: Duration,
    /// How long the answers of the access point may take.
    pub answer: Duration,
    /// How long the radio may take.
    pub switch: Duration,
}

impl Default for StationConfig {
    fn default() -> Self {
        Self {
            steer: Steer::default(),
            threshold: -70,
            desperate: -82,
            margin: 8,
            fresh: Duration::from_secs(10),
            scan_pause: Duration::from_secs(2),
            stay: Duration::from_secs(2),
            refused: Duration::from_secs(5),
            answer: Duration::from_millis(150),
            switch: Duration::from_secs(1),
        }
    }
}

/// What the candidate will do for this station, as the access point says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All promises will be kept.
    Ready,
    /// Not all of them.
    Partial(String),
    /// None.
    Refused(String),
    /// It knows nothing of this site, or the access point cannot say.
    Unavailable,
    /// There is nobody at this access point to ask.
    Alone,
}

/// One stimulus.
#[derive(Clone, Debug)]
pub enum StationInput {
    /// Associated and authorised.
    LinkUp {
        /// Where.
        bssid: MacAddr,
    },
    /// Not associated.
    LinkDown,
    /// The signal of its access point in dBm.
    Signal(i8),
    /// A candidate was heard.
    Heard {
        /// Which.
        bssid: MacAddr,
        /// Centre frequency in MHz.
        frequency: u16,
        /// In dBm.
        signal: i8,
    },
    /// There is an access point of this network, as the coordinator, or a neighbour report
    /// (802.11k), says.
    Neighbour {
        /// Which.
        bssid: MacAddr,
        /// Centre frequency in MHz.
        frequency: u16,
    },
    /// The access point asks it to move (802.11v BSS transition management).
    Advised(MacAddr),
    /// The operator orders it to move.
    Ordered(MacAddr),
    /// The answer to [`StationOutput::Prepare`].
    Prepared(Outcome),
    /// The answer to [`StationOutput::Leave`]: it may go; nothing for it is left in the radio.
    Go,
    /// The access point does not answer LEAVE, or says no.
    NoGo,
    /// The switch failed; the host has no link, or its old one.
    SwitchFailed,
    /// The time of `next_timer` has come.
    Timeout,
}

/// What the host shall do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StationOutput {
    /// Tell the access point that it may move there.
    Prepare(MacAddr),
    /// Shut the gate, tell the access point that it moves.
    Leave(MacAddr),
    /// Open the gate, it stays.
    Stay,
    /// Reassociate, without a scan.
    Switch(MacAddr),
    /// Listen on one frequency, in MHz, when it does no harm.
    Scan(u16),
    /// A handoff is over.
    Record(Move),
    /// What the user should know.
    Notice(String),
}

/// One handoff, as the station saw it. Times are its own; one that is missing did not happen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Move {
    /// Where it was.
    pub from: Option<MacAddr>,
    /// Where it wanted to go.
    pub to: MacAddr,
    /// Why.
    pub why: Why,
    /// It was decided.
    pub chosen: Instant,
    /// The candidate was ready, or had said no.
    pub prepared: Option<Instant>,
    /// The agent was told to leave: the gate is shut when the next visit is over, or at once.
    pub left: Option<Instant>,
    /// The access point let it go.
    pub go: Option<Instant>,
    /// It was associated and authorised.
    pub arrived: Option<Instant>,
    /// Whether it is where it wanted to go.
    pub done: bool,
    /// What went wrong, in words.
    pub culprit: Option<String>,
}

/// Why a station moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// The candidate is stronger.
    Signal,
    /// The access point asked for it.
    Advised,
    /// The operator did.
    Ordered,
    /// The link was lost first.
    Lost,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing is going on.
    Served,
    Preparing {
        until: Instant,
    },
    Leaving {
        until: Instant,
    },
    Switching {
        until: Instant,
    },
}

/// The machine.
#[derive(Clone, Debug)]
pub struct Station {
    config: StationConfig,
    now: Instant,
    bssid: Option<MacAddr>,
    since: Instant,
    signal: Option<i8>,
    candidates: Candidates,
    state: State,
    current: Option<Move>,
    /// When the next scan is due, while the signal is weak.
    look: Option<Instant>,
    /// When the last one was, or it arrived.
    looked: Instant,
    out: VecDeque<StationOutput>,
}

impl Station {
    /// Not associated, knows nobody.
    #[must_use]
    pub const fn new(config: StationConfig, now: Instant) -> Self {
        Self {
            config,
            now,
            bssid: None,
            since: now,
            signal: None,
            candidates: Candidates::new(),
            state: State::Served,
            current: None,
            look: None,
            looked: now,
            out: VecDeque::new(),
        }
    }

    /// Takes one input. Times never go backwards.
    pub fn handle(&mut self, now: Instant, input: StationInput) {
        self.now = self.now.max(now);
        match input {
            StationInput::LinkUp { bssid } => self.link_up(bssid),
            StationInput::LinkDown => self.link_down(),
            StationInput::Signal(signal) => {
                self.signal = Some(signal);
                self.watch();
                self.consider();
            }
            StationInput::Heard {
                bssid,
                frequency,
                signal,
            } => {
                self.candidates.heard(bssid, frequency, signal, self.now);
                if frequency == self.candidates.scanned() {
                    let rested = self.looked + self.config.scan_pause;
                    self.look = self.look.map(|at| at.max(rested));
                }
                self.consider();
            }
            StationInput::Neighbour { bssid, frequency } => {
                self.candidates.exists(bssid, frequency);
            }
            StationInput::Advised(bssid) if self.config.steer != Steer::Off => {
                self.choose(bssid, Why::Advised);
            }
            StationInput::Advised(_) => {}
            StationInput::Ordered(bssid) => self.choose(bssid, Why::Ordered),
            StationInput::Prepared(outcome) => self.prepared(outcome),
            StationInput::Go => self.go(),
            StationInput::NoGo => self.no_go("the access point did not let it go"),
            StationInput::SwitchFailed => self.give_up("the radio could not switch"),
            StationInput::Timeout => self.timeout(),
        }
    }

    /// The next thing to do; call until there is none, after every input.
    pub fn poll(&mut self) -> Option<StationOutput> {
        self.out.pop_front()
    }

    /// When [`StationInput::Timeout`] must come at the latest.
    #[must_use]
    pub fn next_timer(&self) -> Option<Instant> {
        match self.state {
            State::Served => self.look,
            State::Preparing { until } | State::Leaving { until } | State::Switching { until } => {
                Some(until)
            }
        }
    }

    /// Whether a handoff is going on.
    #[must_use]
    pub const fn is_moving(&self) -> bool {
        !matches!(self.state, State::Served)
    }

    fn link_up(&mut self, bssid: MacAddr) {
        let before = self.bssid.replace(bssid);
        if before != Some(bssid) {
            (self.since, self.signal) = (self.now, None);
        }
        if self.is_moving() {
            self.state = State::Served;
            if let Some(mut done) = self.current.take() {
                done.arrived = Some(self.now);
                done.done = done.to == bssid;
                if !done.done {
                    done.culprit = Some(alloc::format!("it is at {bssid} instead"));
                }
                self.out.push_back(StationOutput::Record(done));
            }
        }
        (self.looked, self.look) = (self.now, None);
        self.watch();
    }

    fn link_down(&mut self) {
        self.signal = None;
        // The radio has no link for a moment while it switches.
        if matches!(self.state, State::Switching { .. }) {
            return;
        }
        self.give_up("the link was lost first");
        self.bssid = None;
        self.look = None;
    }

    fn is_weak(&self) -> bool {
        self.signal
            .is_some_and(|signal| signal < self.config.threshold)
    }

    /// Looks for something better as soon as the signal is weak.
    fn watch(&mut self) {
        if self.config.steer == Steer::Lead && self.look.is_none() && self.is_weak() {
            self.look = Some(self.now.max(self.looked + self.config.scan_pause));
        }
    }

    /// Is there something better?
    fn consider(&mut self) {
        let (Some(bssid), Some(signal)) = (self.bssid, self.signal) else {
            return;
        };
        let config = &self.config;
        let settled = self.now.since(self.since) >= config.stay;
        if config.steer != Steer::Lead || self.is_moving() || !self.is_weak() || !settled {
            return;
        }
        let least = signal.saturating_add(config.margin);
        let fresh = self.now - config.fresh;
        if let Some(best) = self.candidates.best(bssid, least, fresh, self.now) {
            self.choose(best, Why::Signal);
        }
    }

    fn choose(&mut self, to: MacAddr, why: Why) {
        if self.is_moving() || self.bssid == Some(to) || self.bssid.is_none() {
            return;
        }
        self.current = Some(Move {
            from: self.bssid,
            to,
            why,
            chosen: self.now,
            prepared: None,
            left: None,
            go: None,
            arrived: None,
            done: false,
            culprit: None,
        });
        let until = self.now + self.config.answer;
        self.state = State::Preparing { until };
        self.out.push_back(StationOutput::Prepare(to));
    }

    fn prepared(&mut self, outcome: Outcome) {
        if !matches!(self.state, State::Preparing { .. }) {
            return;
        }
        let now = self.now;
        let desperate = self
            .signal
            .is_some_and(|signal| signal < self.config.desperate);
        let Some(current) = &mut self.current else {
            return;
        };
        current.prepared = Some(now);
        let (to, ordered) = (current.to, current.why == Why::Ordered);
        let goes = ordered || desperate;
        match outcome {
            Outcome::Ready => self.leave(to),
            Outcome::Partial(reason) | Outcome::Refused(reason) if goes => {
                let text = alloc::format!("{to} does not keep all promises: {reason}");
                current.culprit = Some(reason);
                self.out.push_back(StationOutput::Notice(text));
                self.leave(to);
            }
            Outcome::Partial(reason) | Outcome::Refused(reason) => {
                let text = alloc::format!("stays: {to} would not keep all promises: {reason}");
                self.out.push_back(StationOutput::Notice(text));
                self.give_up(&reason);
                self.consider();
            }
            Outcome::Unavailable if goes || current.why == Why::Advised => {
                // Nobody may forward, but what is on its way can be waited for.
                current.culprit = Some("the new access point is not one of this site".into());
                self.leave(to);
            }
            Outcome::Alone => {
                // It loses nothing by not waiting until the signal is worse.
                current.culprit = Some("no coordinator was there to hold packets".into());
                self.leave(to);
            }
            Outcome::Unavailable => {
                self.give_up("the candidate is not one of this site");
                self.consider();
            }
        }
    }

    fn leave(&mut self, to: MacAddr) {
        let until = self.now + self.config.answer;
        self.state = State::Leaving { until };
        if let Some(current) = &mut self.current {
            current.left = Some(self.now);
        }
        self.out.push_back(StationOutput::Leave(to));
    }

    fn go(&mut self) {
        if !matches!(self.state, State::Leaving { .. }) {
            return;
        }
        let now = self.now;
        if let Some(current) = &mut self.current {
            current.go = Some(now);
            let to = current.to;
            self.switch(to);
        }
    }

    /// It may not go, or nobody says so. Where there never was anybody to say so, it goes.
    fn no_go(&mut self, culprit: &str) {
        let alone = self.current.as_ref().filter(|one| one.culprit.is_some());
        match (self.state, alone.map(|one| one.to)) {
            (State::Leaving { .. }, Some(to)) => self.switch(to),
            _ => self.give_up(culprit),
        }
    }

    fn switch(&mut self, bssid: MacAddr) {
        let until = self.now + self.config.switch;
        self.state = State::Switching { until };
        self.out.push_back(StationOutput::Switch(bssid));
    }

    /// Nothing comes of it.
    fn give_up(&mut self, culprit: &str) {
        if !self.is_moving() {
            return;
        }
        self.state = State::Served;
        if let Some(mut failed) = self.current.take() {
            let until = self.now + self.config.refused;
            self.candidates.refused(failed.to, until);
            failed.culprit.get_or_insert_with(|| culprit.into());
            self.out.push_back(StationOutput::Record(failed));
        }
        self.out.push_back(StationOutput::Stay);
    }

    fn timeout(&mut self) {
        let now = self.now;
        match self.state {
            State::Preparing { until } if until <= now => {
                self.prepared(Outcome::Unavailable);
            }
            State::Leaving { until } if until <= now => {
                self.no_go("the access point did not answer");
            }
            State::Switching { until } if until <= now => {
                self.give_up("the radio took too long");
            }
            State::Served if self.look.is_some_and(|at| at <= now) => {
                self.look = None;
                let here = self.bssid.filter(|_| self.is_weak());
                if let Some(frequency) = here.and_then(|here| self.candidates.next_frequency(here))
                {
                    (self.looked, self.look) = (now, Some(now + self.config.scan_pause / 2));
                    self.out.push_back(StationOutput::Scan(frequency));
                }
            }
            _ => {}
        }
    }
}
