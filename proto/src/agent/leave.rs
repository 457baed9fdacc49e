//! Leaving for another cell: what is said to the coordinator, and when packets are held.
//!
//! The host decides when to leave and for which cell. *Prepare* has the candidate asked, and the
//! gate loaded with the rules that hold packets; they still pass as before. *Leave* shuts the gate,
//! behind the next visit if there are visits, so that what waits then has just come:
//! LEAVE is the last frame behind what was let go, and what comes from then on waits. When the
//! coordinator says GO, nothing is on its way to this station any more, and the host may switch.
//! What waits goes when the link is up again and the new coordinator has spoken, because an access
//! point may take a moment longer than the station to let packets pass: in the order in which it
//! came. Whoever gets no answer stays, and no gate is shut for long.

use super::{Agent, AgentEvent, GateMode};
use crate::airtime::Turn;
use crate::mac::MacAddr;
use crate::machine::{Reason, TID_GRANTED};
use crate::time::Duration;
use crate::wire::{Go, GoOutcome, Leave, LeaveStage, Message};

/// A station that may go and does not arrive anywhere opens its gate after so long.
const LONGEST: Duration = Duration::from_secs(1);

/// A new access point whose coordinator does not speak is taken to have none after so long.
const LANDING: Duration = Duration::from_millis(40);
/// First pause between two REGISTERs meanwhile.
pub(super) const LANDING_RETRY: Duration = Duration::from_millis(3);

/// A station that is visited waits so long for the next visit before it leaves. A call that is promised
/// 20 ms is visited each 20 ms, up to 14 ms late.
const NEXT_VISIT: Duration = Duration::from_millis(40);

/// How long an answer is waited for after each LEAVE until it is sent again; after the last there
/// will be none. `is_heard`: it is on its way, behind what waits for the station.
fn pauses(stage: LeaveStage, is_heard: bool) -> &'static [Duration] {
    const OPEN: &[Duration] = &[
        Duration::from_millis(5),
        Duration::from_millis(10),
        Duration::from_millis(20),
        Duration::from_millis(40),
        Duration::from_millis(80),
    ];
    // 60 ms in all, or 100 ms.
    const SHUT: &[Duration] = &[
        Duration::from_millis(5),
        Duration::from_millis(10),
        Duration::from_millis(20),
        Duration::from_millis(25),
        Duration::from_millis(40),
    ];
    match stage {
        LeaveStage::Prepare | LeaveStage::Stay => OPEN,
        LeaveStage::Leave if is_heard => SHUT,
        LeaveStage::Leave => &SHUT[..4],
    }
}

/// How far the station is with leaving.
#[derive(Clone, Debug, Default)]
pub(super) struct Departure {
    phase: Phase,
    /// The cell that was last asked for.
    candidate: MacAddr,
    /// The number of the last request.
    sequence: u16,
    unanswered: Option<Unanswered>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Here,
    /// The gate has the rules that hold; packets pass as before.
    Preparing,
    /// As before; the gate is shut when the next visit is over.
    Parting,
    /// The gate is shut, GO has not come.
    Leaving,
    /// The gate is shut until the link is up again.
    Gone,
    /// The link is up again; the gate is shut until its coordinator has spoken.
    Landing,
}

/// A LEAVE without an answer.
#[derive(Clone, Copy, Debug)]
struct Unanswered {
    stage: LeaveStage,
    /// How often it was sent.
    tries: usize,
    /// The coordinator has it.
    is_heard: bool,
}

impl Departure {
    /// Packets wait, whatever the cell's mode and whatever token comes.
    pub(super) const fn is_shut(&self) -> bool {
        matches!(self.phase, Phase::Leaving | Phase::Gone | Phase::Landing)
    }

    pub(super) const fn is_gone(&self) -> bool {
        matches!(self.phase, Phase::Gone | Phase::Landing)
    }

    /// It leaves when a visit is over.
    pub(super) const fn is_parting(&self) -> bool {
        matches!(self.phase, Phase::Parting)
    }

    pub(super) const fn is_landing(&self) -> bool {
        matches!(self.phase, Phase::Landing)
    }
}

impl Agent {
    /// What the gate must catch.
    pub(super) const fn shown_gate(&self) -> GateMode {
        match self.departure.phase {
            Phase::Here => self.gate,
            Phase::Preparing | Phase::Parting | Phase::Leaving | Phase::Gone | Phase::Landing => {
                GateMode::Hold
            }
        }
    }

    /// Tells the host what the gate must catch, unless it is what it caught before.
    pub(super) fn show_gate(&mut self, before: GateMode) {
        let shown = self.shown_gate();
        if shown != before {
            self.events.push_back(AgentEvent::Gate(shown));
        }
    }

    fn enter(&mut self, phase: Phase) {
        let before = self.shown_gate();
        self.departure.phase = phase;
        let is_shut = self.departure.is_shut();
        self.queues.keep_reserved(is_shut);
        self.show_gate(before);
    }

    /// The host may want to leave soon.
    pub(super) fn prepare(&mut self, candidate: MacAddr) {
        if self.departure.is_shut() {
            return;
        }
        if !self.session.is_registered() {
            return self.give_up_leaving(candidate);
        }
        self.enter(Phase::Preparing);
        self.say(LeaveStage::Prepare, candidate);
    }

    /// The host wants to leave.
    pub(super) fn leave(&mut self, candidate: MacAddr, at_once: bool) {
        if !self.session.is_registered() {
            return self.give_up_leaving(candidate);
        }
        self.departure.candidate = candidate;
        if self.is_visited() && !at_once && !self.departure.is_shut() {
            self.departure.unanswered = None;
            self.enter(Phase::Parting);
            self.timers.set(Reason::Leave, self.now + NEXT_VISIT);
        } else {
            self.part();
        }
    }

    /// Shuts the gate and says so.
    pub(super) fn part(&mut self) {
        self.enter(Phase::Leaving);
        self.timers.stop(Reason::FailOpen);
        (self.requests, self.ask_at, self.promise_in_doubt) = (0, None, None);
        // A visit that has not begun is over before LEAVE says that nothing more comes.
        self.begin_slot();
        self.say(LeaveStage::Leave, self.departure.candidate);
    }

    /// The host has changed its mind.
    pub(super) fn stay(&mut self) {
        if self.departure.phase == Phase::Here {
            return;
        }
        self.departure.unanswered = None;
        self.say_stay();
        self.end_departure();
    }

    /// Nobody is there to ask.
    fn give_up_leaving(&mut self, candidate: MacAddr) {
        self.events
            .push_back(AgentEvent::LeaveUnanswered { candidate });
    }

    fn say_stay(&mut self) {
        if self.session.is_registered() {
            self.say(LeaveStage::Stay, self.departure.candidate);
        }
    }

    fn say(&mut self, stage: LeaveStage, candidate: MacAddr) {
        self.departure.sequence = self.departure.sequence.wrapping_add(1);
        self.departure.candidate = candidate;
        self.departure.unanswered = Some(Unanswered {
            stage,
            tries: 0,
            is_heard: false,
        });
        self.repeat_leave();
    }

    /// No visit has come, or no answer.
    pub(super) fn leave_timer(&mut self) {
        if self.departure.is_parting() {
            self.part();
        } else {
            self.repeat_leave();
        }
    }

    /// Sends LEAVE, and again until it is answered.
    fn repeat_leave(&mut self) {
        let Departure {
            sequence,
            candidate,
            ..
        } = self.departure;
        let Some(asked) = &mut self.departure.unanswered else {
            return;
        };
        let stage = asked.stage;
        let Some(&pause) = pauses(stage, asked.is_heard).get(asked.tries) else {
            return self.leave_unanswered(stage);
        };
        asked.tries += 1;
        self.timers.set(Reason::Leave, self.now + pause);
        let Some(bssid) = self.session.bssid() else {
            return;
        };
        // Where the best-effort packets go that were let go last: it must leave behind them.
        let tid = match self.turn {
            Turn::Burst if self.gate == GateMode::Hold && !self.failed_open => TID_GRANTED,
            Turn::Burst | Turn::Paired => 0,
        };
        let message = Message::Leave(Leave {
            stage,
            sequence,
            candidate,
        });
        self.outbox.push_back((bssid, tid, message, None));
    }

    fn leave_unanswered(&mut self, stage: LeaveStage) {
        let candidate = self.departure.candidate;
        self.departure.unanswered = None;
        match stage {
            LeaveStage::Prepare => {
                self.give_up_leaving(candidate);
                self.end_departure();
            }
            LeaveStage::Leave => {
                self.give_up_leaving(candidate);
                // Only the answers may have been lost.
                self.say_stay();
                self.end_departure();
            }
            // A coordinator that is there learns it by whatever is asked of it next.
            LeaveStage::Stay => {}
        }
    }

    /// The coordinator answers; once, and only what was asked last.
    pub(super) fn go(&mut self, go: Go) {
        let sequence = self.departure.sequence;
        let asked = &mut self.departure.unanswered;
        let is_answer = |asked: &Unanswered| asked.stage == go.stage && go.sequence == sequence;
        if go.outcome == GoOutcome::Draining {
            if let Some(asked) = asked.as_mut().filter(|asked| is_answer(asked)) {
                asked.is_heard = true;
            }
            return;
        }
        if asked.take_if(|asked| is_answer(asked)).is_none() {
            return;
        }
        self.timers.stop(Reason::Leave);
        let candidate = self.departure.candidate;
        let Go {
            stage,
            outcome,
            largest,
            reason,
            ..
        } = go;
        match stage {
            LeaveStage::Prepare => self.events.push_back(AgentEvent::Prepared {
                candidate,
                outcome,
                largest,
                reason,
            }),
            LeaveStage::Leave => {
                self.events.push_back(AgentEvent::Go {
                    candidate,
                    outcome,
                    largest,
                    reason,
                });
                if outcome.lets_go() {
                    self.be_gone();
                } else {
                    self.end_departure();
                }
            }
            LeaveStage::Stay => {}
        }
    }

    fn be_gone(&mut self) {
        self.enter(Phase::Gone);
        self.timers.set(Reason::FailOpen, self.now + LONGEST);
    }

    /// The link is gone. A station that asked to leave is on its way, with GO or without: what it
    /// holds is for the new access point.
    pub(super) fn link_lost_while_leaving(&mut self) {
        match self.departure.phase {
            Phase::Parting | Phase::Leaving => {
                self.departure.unanswered = None;
                self.give_up_leaving(self.departure.candidate);
                self.be_gone();
            }
            Phase::Landing => self.be_gone(),
            Phase::Here | Phase::Preparing | Phase::Gone => {}
        }
    }

    /// What was asked of a coordinator that is gone will not be answered. Who has its word stays
    /// gone.
    pub(super) fn void_departure(&mut self) {
        let asked = self.departure.unanswered.take();
        let waits = asked.is_some_and(|asked| asked.stage != LeaveStage::Stay);
        if waits || self.departure.is_parting() {
            self.give_up_leaving(self.departure.candidate);
        }
        if !self.departure.is_gone() {
            self.reopen();
        }
    }

    /// The station is associated anew. One that was on its way waits for a word of its coordinator.
    pub(super) fn land(&mut self) {
        if self.departure.is_gone() {
            self.enter(Phase::Landing);
            self.timers.set(Reason::FailOpen, self.now + LANDING);
        } else {
            self.arrive();
        }
    }

    /// The coordinator has said in which mode its cell is. REGISTER came through, so packets do; a
    /// HELLO to all shows nothing.
    pub(super) fn has_landed(&mut self) {
        if self.departure.is_landing() && self.session.is_registered() {
            self.arrive();
        }
    }

    /// The station is served: what it held goes to this access point, promised flows first; by tokens,
    /// where others send by tokens.
    pub(super) fn arrive(&mut self) {
        self.departure.unanswered = None;
        if self.gate == GateMode::Hold {
            return self.end_departure();
        }
        if self.departure.is_shut() {
            self.queues.release_all(&mut self.verdicts);
        }
        self.reopen();
    }

    /// The switch came to nothing.
    pub(super) fn departure_failed(&mut self) {
        let waiting = self.queues.backlog(self.now);
        let released = u32::from(waiting.rt.packets) + u32::from(waiting.nrt.packets);
        self.stats.failed_open += 1;
        self.events.push_back(AgentEvent::FailedOpen { released });
        self.say_stay();
        // Until the coordinator speaks.
        self.failed_open = self.gate == GateMode::Hold;
        self.open_until = self.now;
        self.end_departure();
    }

    /// The gate is again as the cell's mode says.
    fn reopen(&mut self) {
        let was_shut = self.departure.is_shut();
        self.enter(Phase::Here);
        if was_shut && self.gate != GateMode::Hold {
            self.queues.release_all(&mut self.verdicts);
        }
    }

    /// The station stays with its coordinator.
    fn end_departure(&mut self) {
        let was_shut = self.departure.is_shut();
        self.reopen();
        if !was_shut {
            return;
        }
        self.timers.stop(Reason::FailOpen);
        self.coordinator_knows = false;
        if self.failed_open {
            self.pass_more();
        } else if self.is_awaiting() && !self.queues.is_empty() {
            self.await_coordinator();
            self.ask_for_token();
        }
        self.retry_flows_later();
    }
}
