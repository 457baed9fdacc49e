//! The roam ledger: one entry for each handoff, at each end of it.

use alloc::string::String;

use rether_proto::mac::MacAddr;
use rether_proto::time::{Duration, Instant};
use serde::Serialize;

use crate::id::{ApId, Epoch};

/// Which end of a handoff wrote an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// The access point that the station left.
    Old,
    /// The one it came to.
    New,
}

/// How a handoff ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// The pen was emptied at the new access point.
    Flushed,
    /// The other end was silent: the path was switched without it.
    Alone,
    /// The station stayed.
    Stayed,
    /// Nobody claimed the station in time.
    Unclaimed,
}

/// One handoff, as one access point saw it. Times are this access point's own; one that is missing
/// did not happen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RoamRecord {
    /// Who.
    pub station: MacAddr,
    /// Which end this is.
    pub side: Side,
    /// The other end, if it is known.
    pub peer: Option<ApId>,
    /// The stay that began with it.
    pub epoch: Epoch,
    /// Whether the station or its agent said that it would leave.
    pub announced: bool,
    /// The candidate was told.
    pub prepared: Option<Instant>,
    /// The pen was opened.
    pub left: Option<Instant>,
    /// The station was let go.
    pub go: Option<Instant>,
    /// It associated.
    pub associated: Option<Instant>,
    /// It was authorised, and claimed.
    pub authorised: Option<Instant>,
    /// The claim was answered (new), or came (old).
    pub claimed: Option<Instant>,
    /// The first packet out of the pen came.
    pub first: Option<Instant>,
    /// The pen was empty.
    pub flushed: Option<Instant>,
    /// The path was switched.
    pub switched: Option<Instant>,
    /// How it ended.
    pub ending: Option<Ending>,
    /// Packets that the pen took.
    pub held: u32,
    /// Those that were sent on: by the old end to the new, by the new end to the station.
    pub flushed_packets: u32,
    /// Too old to be of use.
    pub expired: u32,
    /// For which there was no room.
    pub dropped: u32,
    /// That came twice between the access points.
    pub duplicated: u32,
    /// That the station had, as its agent said.
    pub known: u32,
    /// That never came, though they were sent on.
    pub missing: u32,
    /// That came by the new path and had to wait.
    pub waited: u32,
    /// The longest that a packet was in the pen.
    pub oldest: Duration,
    /// What took longest or went wrong, in words.
    pub culprit: Option<String>,
}

impl RoamRecord {
    /// Nothing has happened yet.
    #[must_use]
    pub const fn new(station: MacAddr, side: Side, epoch: Epoch) -> Self {
        Self {
            station,
            side,
            peer: None,
            epoch,
            announced: false,
            prepared: None,
            left: None,
            go: None,
            associated: None,
            authorised: None,
            claimed: None,
            first: None,
            flushed: None,
            switched: None,
            ending: None,
            held: 0,
            flushed_packets: 0,
            expired: 0,
            dropped: 0,
            duplicated: 0,
            known: 0,
            missing: 0,
            waited: 0,
            oldest: Duration::ZERO,
            culprit: None,
        }
    }

    /// The phases that took time, in order: name and length.
    pub fn phases(&self) -> impl Iterator<Item = (&'static str, Duration)> {
        let marks = [
            ("prepare", self.prepared),
            ("leave", self.left),
            ("drain", self.go),
            ("switch", self.associated),
            ("keys", self.authorised),
            ("claim", self.claimed),
            ("first packet", self.first),
            ("flush", self.flushed),
            ("path switch", self.switched),
        ];
        let mut before = None;
        marks.into_iter().filter_map(move |(name, at)| {
            let at = at?;
            let span = before.map(|before| at.since(before));
            before = Some(at);
            Some((name, span?))
        })
    }
}
