//! What a granted frame costs: who holds a token contends with nobody, or with one other.

use serde::{Deserialize, Serialize};

use super::exchange::IP_MAX_OCTETS;
use super::{Phy, PhyKind, Rate};
use crate::time::Duration;

/// How frames under a token get the medium.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Turn {
    /// By DCF or by the AC_BE of EDCA. Two tokens are out at a time: two stations' backoffs run
    /// at once, so that of the lesser of two uniform draws, CW / 3 slots, is waited, where one
    /// alone waits CW / 2.
    #[default]
    Paired,
    /// In a TXOP of the granted class of the 802.11e profile: frames follow each other by SIFS.
    Burst,
}

/// ECWmin 2 of the profile's granted classes: a backoff of 0 to 3 slots.
const BURST_CW: u64 = 3;
/// AIFSN of the profile's granted classes.
const BURST_AIFSN: u64 = 2;

/// The MTU: the longest IP packet in one frame.
const FRAME_OCTETS: u32 = 1_500;

impl Phy {
    /// TXOP limit of the profile's granted class: five 1,500 octet exchanges at 11 Mb/s with long
    /// preambles, thirteen at 54 Mb/s. Units of 32 us (clause 9.4.2.28).
    #[must_use]
    pub const fn granted_txop(self) -> Duration {
        match self.kind {
            PhyKind::DsssLong | PhyKind::DsssShort => Duration::from_micros(8_000),
            PhyKind::Ofdm | PhyKind::Erp | PhyKind::ErpMixed => Duration::from_micros(4_096),
        }
    }

    /// One exchange of an IP packet of `packet_octets` within a grant, in whole microseconds, rounded
    /// up: grants travel in those, and one that was made for a packet must have room for it. What is
    /// longer than a frame takes is one of segmentation offload, which goes in as many frames.
    #[must_use]
    pub fn granted(self, turn: Turn, rate: Rate, packet_octets: u32) -> Duration {
        if packet_octets <= FRAME_OCTETS {
            return self.granted_frame(turn, rate, packet_octets);
        }
        let octets = packet_octets.min(IP_MAX_OCTETS);
        let full = self.granted_frame(turn, rate, FRAME_OCTETS) * u64::from(octets / FRAME_OCTETS);
        match octets % FRAME_OCTETS {
            0 => full,
            rest => full + self.granted_frame(turn, rate, rest),
        }
    }

    fn granted_frame(self, turn: Turn, rate: Rate, packet_octets: u32) -> Duration {
        let frame = self.protection(rate)
            + self.ppdu(rate, self.psdu_octets(packet_octets))
            + self.sifs()
            + self.ack(rate);
        let span = match turn {
            Turn::Paired => self.access_ifs() + self.slot() * u64::from(self.cw_min()) / 3 + frame,
            // Each TXOP begins with a contention, which its frames share.
            Turn::Burst => {
                let burst = frame + self.sifs();
                let share = self.burst_access() * burst.as_nanos() / self.granted_txop().as_nanos();
                burst + share
            }
        };
        Duration::from_micros(span.as_nanos().div_ceil(1_000))
    }

    /// What the first frame of a grant, of either side, waits for the medium in the mean, beyond
    /// what [`Phy::granted`] counts.
    #[must_use]
    pub fn granted_start(self, turn: Turn) -> Duration {
        match turn {
            Turn::Paired => Duration::ZERO,
            Turn::Burst => self.burst_access(),
        }
    }

    fn burst_access(self) -> Duration {
        self.sifs() + self.slot() * BURST_AIFSN + self.slot() * BURST_CW / 2
    }
}
