//! Stations that leave for another cell: what they ask, what they are answered, and that nothing
//! is planned for them meanwhile.
//!
//! The host decides (`handoff/`). A LEAVE is an event to it; it has what waits for the station let
//! go (`Drain`), so that GO leaves behind the last packet, and answers (`Go`). Promises stay in the
//! ledger until the host says that the station has left. Whoever asks for airtime after LEAVE has
//! stayed, whether or not it said so: its word may be lost.

use super::{Coordinator, CoordinatorError, CoordinatorEvent};
use crate::airtime::Turn;
use crate::auth::Bucket;
use crate::mac::MacAddr;
use crate::machine::{TID_GRANTED, Verdict};
use crate::time::{Duration, Instant};
use crate::wire::{CellMode, Go, GoOutcome, GoReason, Header, Leave, LeaveStage, Message};

/// What the coordinator keeps of a station that may leave.
#[derive(Clone, Debug)]
pub(super) struct Departure {
    asked: Option<Asked>,
    /// Nothing is planned for it, and what comes for it passes.
    pub(super) is_drained: bool,
    /// Requests that the host is told of; each may cost messages to other access points.
    requests: Bucket,
}

/// The last LEAVE.
#[derive(Clone, Debug)]
struct Asked {
    leave: Leave,
    /// Session and sequence number of the frame that it first came in.
    came_in: (u32, u32),
    answer: Option<Go>,
    /// The station stays after all.
    is_over: bool,
    /// Visits since.
    visits: u8,
}

impl Departure {
    pub(super) const fn new(now: Instant) -> Self {
        Self {
            asked: None,
            is_drained: false,
            requests: Bucket::new(now),
        }
    }

    /// The agent was restarted and counts its requests anew.
    pub(super) fn forget(&mut self) {
        self.asked = None;
    }

    /// A visit is over. Whether LEAVE may follow at once: the station knows whereto, and waits for its
    /// next visit. Not later, or who asks for ever would keep the others from theirs.
    pub(super) fn may_follow(&mut self) -> bool {
        const SOON: u8 = 3;
        let is_prepared =
            |asked: &&mut Asked| asked.leave.stage == LeaveStage::Prepare && asked.answer.is_some();
        self.pending().filter(is_prepared).is_some_and(|asked| {
            asked.visits = asked.visits.saturating_add(1);
            asked.visits <= SOON
        })
    }

    /// The request that the host deals with.
    fn pending(&mut self) -> Option<&mut Asked> {
        self.asked.as_mut().filter(|asked| !asked.is_over)
    }
}

impl Asked {
    /// Whether a frame was sent after this request.
    fn is_before(&self, header: Header) -> bool {
        let (session, sequence) = self.came_in;
        let later = header.sequence.wrapping_sub(sequence);
        header.session != session || (0 < later && later < 1 << 31)
    }
}

/// An answer to a station that wants to leave.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct GoAnswer {
    /// What is answered: if the station has asked for something else meanwhile, it is not sent.
    pub stage: LeaveStage,
    /// The candidate that was asked for.
    pub candidate: MacAddr,
    /// What the candidate makes of the station.
    pub outcome: GoOutcome,
    /// The largest rate in bit/s that it has room for, unless it keeps all promises.
    pub largest: u32,
    /// Why it does not keep all of them.
    pub reason: GoReason,
}

/// How far behind the latest request a late one may be.
const LATE: u16 = 256;

impl Coordinator {
    /// A station wants to leave, or stays.
    pub(super) fn asked_to_leave(
        &mut self,
        from: MacAddr,
        header: Header,
        leave: Leave,
    ) -> Result<(), CoordinatorError> {
        let Some(station) = self.stations.get_mut(&from) else {
            return Err(CoordinatorError::Stranger(from));
        };
        if let Some(asked) = &station.departure.asked {
            let behind = asked.leave.sequence.wrapping_sub(leave.sequence);
            if behind == 0 {
                let again = asked.answer.clone();
                // The answer may be on its way behind much else.
                let heard = (leave.stage == LeaveStage::Leave && !asked.is_over)
                    .then(|| Go::bare(leave.stage, leave.sequence, GoOutcome::Draining));
                heard
                    .into_iter()
                    .chain(again)
                    .for_each(|go| self.send(from, Message::Go(go)));
                return Ok(());
            }
            if behind <= LATE {
                return Ok(());
            }
        }
        let stays = leave.stage == LeaveStage::Stay;
        if !stays && !station.departure.requests.take(self.now) {
            return Err(CoordinatorError::TooManyLeaves(from));
        }
        // Who is drained and asks for anything but GO is back.
        if leave.stage != LeaveStage::Leave && (stays || station.departure.is_drained) {
            self.stays(from);
        }
        let Some(station) = self.stations.get_mut(&from) else {
            return Ok(());
        };
        let answer = stays.then(|| Go::bare(leave.stage, leave.sequence, GoOutcome::Ready));
        station.departure.asked = Some(Asked {
            leave,
            came_in: (header.session, header.sequence),
            answer: answer.clone(),
            is_over: stays,
            visits: 0,
        });
        if leave.stage == LeaveStage::Leave && station.is_promised() {
            self.lull.part(self.now);
        }
        match answer {
            Some(go) => self.send(from, Message::Go(go)),
            None => self.events.push_back(CoordinatorEvent::Leaving {
                station: from,
                candidate: leave.candidate,
                stage: leave.stage,
            }),
        }
        Ok(())
    }

    /// An agent asks for airtime. One that asked to leave before has stayed.
    pub(super) fn speaks_on(&mut self, from: MacAddr, header: Header) {
        let Some(station) = self.stations.get_mut(&from) else {
            return;
        };
        let speaks_on =
            |asked: &mut Asked| asked.leave.stage == LeaveStage::Leave && asked.is_before(header);
        if station.departure.pending().is_some_and(speaks_on) {
            self.stays(from);
        }
    }

    /// A station stays that the host believes to be leaving.
    pub(super) fn stays(&mut self, address: MacAddr) {
        let Some(station) = self.stations.get_mut(&address) else {
            return;
        };
        let asked = station.departure.pending();
        let Some(candidate) = asked.map(|asked| asked.leave.candidate) else {
            return self.come_back(address);
        };
        self.come_back(address);
        self.events.push_back(CoordinatorEvent::Leaving {
            station: address,
            candidate,
            stage: LeaveStage::Stay,
        });
    }

    /// All is as if the station had never asked.
    pub(super) fn come_back(&mut self, address: MacAddr) {
        let Some(station) = self.stations.get_mut(&address) else {
            return;
        };
        if let Some(asked) = station.departure.pending() {
            asked.is_over = true;
        }
        if !core::mem::take(&mut station.departure.is_drained) {
            return;
        }
        self.draining.retain(|other| *other != address);
        self.serve_anew(address);
    }

    /// Lets everything go that waits for the station, and plans nothing for it from now on.
    pub(super) fn drain(&mut self, address: MacAddr) {
        let Some(station) = self.stations.get_mut(&address) else {
            return;
        };
        station.departure.is_drained = true;
        let before = self.verdicts.len();
        station.queues.release_all(&mut self.verdicts);
        if self.class_of_last() == TID_GRANTED {
            for verdict in self.verdicts.iter_mut().skip(before) {
                if let Verdict::Accept(id) = *verdict {
                    *verdict = Verdict::Grant(id);
                }
            }
        }
        if !self.draining.contains(&address) {
            self.draining.push(address);
        }
        self.serve_anew(address);
    }

    /// Says which stations nothing waits for any more. What travels with a token, or with its
    /// return, has arrived when the token is back; until then it is repeated.
    pub(super) fn tell_drained(&mut self) {
        if self.draining.is_empty() {
            return;
        }
        let (leases, events) = (&self.leases, &mut self.events);
        self.draining.retain(|address| {
            let waits = leases.of(*address).is_some();
            if !waits {
                events.push_back(CoordinatorEvent::Drained(*address));
            }
            waits
        });
    }

    /// The TID of the last frames to a station, among them GO: the class that whatever was let go
    /// before them is in, or a slower one. Where granted traffic has the air to itself, best effort
    /// may not come through for long; but it is where packets may still be from before the tokens.
    pub(super) fn class_of_last(&self) -> u8 {
        /// What a radio holds is gone by then.
        const SETTLED: Duration = Duration::from_millis(500);
        let is_granted = self.config.turn == Turn::Burst && self.mode == CellMode::Token;
        if is_granted && self.cycle.age(self.now) > SETTLED {
            TID_GRANTED
        } else {
            0
        }
    }

    /// The host answers what the station asked.
    pub(super) fn answer_leave(&mut self, address: MacAddr, answer: GoAnswer) {
        let Some(station) = self.stations.get_mut(&address) else {
            return;
        };
        let GoAnswer {
            stage,
            candidate,
            outcome,
            largest,
            reason,
        } = answer;
        let fits =
            |asked: &&mut Asked| (asked.leave.stage, asked.leave.candidate) == (stage, candidate);
        let Some(asked) = station.departure.pending().filter(fits) else {
            return;
        };
        let go = Go {
            stage,
            sequence: asked.leave.sequence,
            outcome,
            largest,
            reason,
        };
        asked.answer = Some(go.clone());
        if stage == LeaveStage::Leave {
            if outcome.lets_go() {
                if !station.departure.is_drained {
                    self.drain(address);
                }
                // Nobody will answer any more.
                self.end_leases(Some(address));
                if self.ledger.of_station(address).next().is_some() {
                    self.lull.part(self.now);
                }
            } else {
                self.come_back(address);
            }
        }
        self.send(address, Message::Go(go));
    }
}
