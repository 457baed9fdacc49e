//! A station that is about to come, or has come but not yet settled: what its new access point keeps of
//! it.

use alloc::collections::{BTreeSet, VecDeque};
use alloc::string::String;
use alloc::vec::Vec;

use rether_proto::mac::MacAddr;
use rether_proto::time::{Duration, Instant};

use super::CaughtId;
use crate::frame::Frame;
use crate::id::{ApId, Epoch, PenId};
use crate::roam::{Ending, RoamRecord, Side};

/// Where nothing has come for a station so long after it was authorised, its path is switched: as
/// long as one claim is tried, however many are needed, and however late the answer is.
const SWITCH: Duration = Duration::from_millis(62);
/// Frames that wait for the pen to be empty at most: beyond, the oldest goes before its turn.
const WAITING: usize = 1024;

/// A station that is about to come, or has come but not yet settled.
#[derive(Clone, Debug)]
pub(super) struct New {
    pub(super) state: Arriving,
    /// Who told us that it would come.
    pub(super) from: Option<ApId>,
    pub(super) pen: Option<PenId>,
    /// Nobody let it go there: its agent says what it has.
    pub(super) own_accord: bool,
    /// Whose answer to PREPARE waits for the ledger.
    pub(super) asking: Option<(ApId, u32)>,
    /// Whose answer to the claim is missing.
    pub(super) asked: BTreeSet<ApId>,
    pub(super) claims: u8,
    pub(super) waiting: VecDeque<(CaughtId, Frame)>,
    /// When the station is taken to receive, if nothing shows it before: its access point has it
    /// authorised a moment earlier than its own kernel has.
    pub(super) deaf_until: Option<Instant>,
    /// What comes out of pens until then.
    pub(super) parked: Vec<Frame>,
    /// How it has ended, which cannot be before that.
    pub(super) over: Option<(Ending, Option<String>)>,
    /// This host has known something of it itself since, which was not merely heard.
    pub(super) learnt: bool,
    /// Something of it was heard here since.
    pub(super) heard: bool,
    /// The pen that was emptied, and the number after its last packet.
    pub(super) end: Option<((ApId, PenId), u32)>,
    pub(super) record: RoamRecord,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arriving {
    /// It may come.
    Primed { until: Instant },
    /// It is associated, but not yet authorised.
    Associated { until: Instant },
    /// It is here; its agent has not yet said what it received.
    Listening { until: Instant },
    /// It is claimed.
    Claiming { until: Instant },
    /// What waited for it is coming.
    Receiving {
        from: ApId,
        pen: PenId,
        until: Instant,
        latest: Instant,
    },
}

impl New {
    pub(super) const fn begin(state: Arriving, station: MacAddr, epoch: Epoch) -> Self {
        Self {
            state,
            from: None,
            pen: None,
            own_accord: false,
            asking: None,
            asked: BTreeSet::new(),
            claims: 0,
            waiting: VecDeque::new(),
            deaf_until: None,
            parked: Vec::new(),
            over: None,
            learnt: false,
            heard: false,
            end: None,
            record: RoamRecord::new(station, Side::New, epoch),
        }
    }

    /// One that is here, whatever `from` says.
    pub(super) fn back(station: MacAddr, epoch: Epoch, from: ApId, now: Instant) -> Self {
        let mut new = Self::begin(Arriving::Claiming { until: now }, station, epoch);
        new.from = Some(from);
        new.record.authorised = Some(now);
        new
    }

    pub(super) fn timer(&self) -> Option<Instant> {
        let (Arriving::Primed { until }
        | Arriving::Associated { until }
        | Arriving::Listening { until }
        | Arriving::Claiming { until }
        | Arriving::Receiving { until, .. }) = self.state;
        // What is over waits for the station only.
        let until = self.switch_at().map_or(until, |at| until.min(at));
        let until = Some(until).filter(|_| self.over.is_none());
        until.into_iter().chain(self.deaf_until).min()
    }

    /// When what comes by the new path goes to the station at the latest.
    fn switch_at(&self) -> Option<Instant> {
        let authorised = self.record.authorised?;
        (self.record.flushed_packets == 0).then_some(authorised + SWITCH)
    }

    /// It has not come yet.
    pub(super) const fn is_primed(&self) -> bool {
        matches!(self.state, Arriving::Primed { .. })
    }

    /// What waits for the station to listen.
    pub(super) fn parked(&self) -> impl Iterator<Item = &Frame> {
        self.parked.iter()
    }

    /// Its packets pass.
    pub(super) const fn is_authorised(&self) -> bool {
        !matches!(
            self.state,
            Arriving::Primed { .. } | Arriving::Associated { .. }
        )
    }

    /// A frame that came by the new path waits; returns the one that has to go for want of room.
    pub(super) fn wait(&mut self, id: CaughtId, frame: Frame) -> Option<CaughtId> {
        self.record.waited += 1;
        self.waiting.push_back((id, frame));
        if self.waiting.len() <= WAITING {
            return None;
        }
        self.waiting.pop_front().map(|(id, _)| id)
    }

    pub(super) fn into_waiting(self) -> VecDeque<(CaughtId, Frame)> {
        self.waiting
    }
}
