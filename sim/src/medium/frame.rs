//! What a radio is given to send.

use rether_proto::airtime::Rate;
use serde::{Deserialize, Serialize};

/// Names a frame to the caller; the medium only carries it through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FrameId(pub u64);

/// A radio of the medium, in the order in which they were added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RadioId(pub u32);

impl RadioId {
    pub(super) const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Who shall receive a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination {
    /// One radio, which acknowledges.
    Radio(RadioId),
    /// Every radio that hears it; nobody acknowledges, nothing is repeated (clause 10.3.6).
    Group,
    /// An address that no radio has: never acknowledged.
    Nobody,
}

/// Access category (clause 10.2.3.2), lowest priority first.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub enum Ac {
    /// Background.
    Bk = 0,
    /// Best effort; all that DCF has.
    #[default]
    Be = 1,
    /// Video.
    Vi = 2,
    /// Voice.
    Vo = 3,
}

impl Ac {
    /// All four, lowest priority first.
    pub const ALL: [Self; 4] = [Self::Bk, Self::Be, Self::Vi, Self::Vo];

    /// The category of a traffic identifier below 8, which is a user priority (Table 10-1).
    #[must_use]
    pub const fn of_tid(tid: u8) -> Self {
        match tid {
            1 | 2 => Self::Bk,
            4 | 5 => Self::Vi,
            6 | 7 => Self::Vo,
            _ => Self::Be,
        }
    }

    /// The category that Linux gives an IP packet: the user priority is the upper three bits of
    /// the DSCP (`cfg80211_classify8021d`).
    #[must_use]
    pub const fn of_dscp(dscp: u8) -> Self {
        Self::of_tid((dscp & 0x3f) >> 3)
    }
}

/// Up to four rates with the number of tries at each, as mac80211 gives them to a driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateSeries([(Rate, u8); 4]);

impl RateSeries {
    /// All tries at one rate, as many as the radio's retry limit allows.
    #[must_use]
    pub const fn fixed(rate: Rate) -> Self {
        let none = (Rate(0), 0);
        Self([(rate, u8::MAX), none, none, none])
    }

    /// These rates in turn; entries without tries are passed over.
    #[must_use]
    pub const fn new(series: [(Rate, u8); 4]) -> Self {
        Self(series)
    }

    /// The rate of try number `attempt`, from 0, or nothing if the series ends before it.
    #[must_use]
    pub fn at(&self, attempt: u8) -> Option<Rate> {
        let mut left = attempt;
        for &(rate, tries) in &self.0 {
            if left < tries {
                return Some(rate);
            }
            left -= tries;
        }
        None
    }
}

/// An MPDU that waits for the air.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The caller's name for it.
    pub id: FrameId,
    /// Who shall receive it.
    pub to: Destination,
    /// The queue it waits in; radios without 802.11e have only one.
    pub ac: Ac,
    /// MAC header to FCS, in octets.
    pub psdu_octets: u32,
    /// The rates it is tried at.
    pub rates: RateSeries,
}
