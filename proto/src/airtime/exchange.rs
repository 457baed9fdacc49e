//! Durations of whole frame exchanges: what a packet costs its cell.

use super::{Phy, PhyKind, Rate};
use crate::time::Duration;

/// LLC and SNAP before an IP packet (IEEE 802.2, RFC 1042).
const LLC_SNAP_OCTETS: u32 = 8;
/// MAC header of a data frame with three addresses (clause 9.3.2.1).
const MAC_HEADER_OCTETS: u32 = 24;
/// QoS Control field (clause 9.2.4.5).
const QOS_CONTROL_OCTETS: u32 = 2;
/// Frame check sequence (clause 9.2.4.8).
const FCS_OCTETS: u32 = 4;
/// The longest IP packet; a packet that claims to be longer is counted as this long.
pub(super) const IP_MAX_OCTETS: u32 = 65_535;

/// aCWmax of all PHYs here (Tables 15-5, 16-4, 17-21, 18-5).
const CW_MAX: u16 = 1023;
/// aCWmin(0) of ERP: for stations that have DSSS rates only (Table 18-5).
const CW_MIN_DSSS: u16 = 31;
/// The most tries of a frame (dot11ShortRetryLimit, default 7), in thousandths.
const MAX_TRIES_PER_MILLE: u32 = 7_000;
/// Probabilities of further tries are counted in parts of this.
const CERTAIN: u64 = 1_000_000;

impl Phy {
    /// One unicast exchange of an IP packet of `packet_octets`, first try, with nobody else
    /// contending: the inter-frame space, mean backoff, protection if the cell needs it, data,
    /// SIFS, Ack.
    ///
    /// The backoff is uniform over 0 to CWmin slots (clause 10.3.3), CWmin / 2 in the mean. It
    /// is part of the cost of each packet even if the medium was idle, because a station that
    /// sends a burst draws anew after each frame.
    #[must_use]
    pub fn exchange(self, rate: Rate, packet_octets: u32) -> Duration {
        self.attempt(rate, packet_octets, self.first_cw(rate))
    }

    /// Mean duration of a unicast exchange whose frame takes `tries_per_mille` / 1000 tries in
    /// the mean: 1000 when no frame is lost, 1500 if every other frame needs one retry. Driver
    /// statistics give it as 1000 * (packets + retries) / packets. Clamped to 1 to 7 tries.
    ///
    /// Losses are taken as independent, so that a further try follows with probability
    /// p = 1 - 1 / tries, and the contention window doubles up to aCWmax with each (clause
    /// 10.3.3). A lost frame is charged the time of its Ack too: the Ack timeout that takes its
    /// place (clause 10.3.2.11: SIFS, a slot and the PHY's receive start delay) is shorter for
    /// DSSS and at most 6 us longer for OFDM.
    #[must_use]
    pub fn exchange_with_retries(
        self,
        rate: Rate,
        packet_octets: u32,
        tries_per_mille: u32,
    ) -> Duration {
        let tries = u64::from(tries_per_mille.clamp(1_000, MAX_TRIES_PER_MILLE));
        let mut cw = self.first_cw(rate);
        let mut reached = CERTAIN;
        let mut total = Duration::ZERO;
        while cw < CW_MAX {
            total += self.attempt(rate, packet_octets, cw) * reached / CERTAIN;
            reached = reached * (tries - 1_000) / tries;
            cw = cw * 2 + 1;
        }
        // From here all tries cost the same, and 1 / (1 - p) = `tries` of them follow.
        let rest = reached * tries / 1_000;
        total + self.attempt(rate, packet_octets, CW_MAX) * rest / CERTAIN
    }

    /// A group addressed IP packet of `packet_octets`: at the lowest basic rate, never
    /// acknowledged, never repeated, never protected.
    #[must_use]
    pub fn broadcast(self, packet_octets: u32) -> Duration {
        let rate = self.lowest_basic_rate();
        self.access(self.first_cw(rate)) + self.ppdu(rate, self.psdu_octets(packet_octets))
    }

    fn attempt(self, rate: Rate, packet_octets: u32, cw: u16) -> Duration {
        self.access(cw)
            + self.protection(rate)
            + self.ppdu(rate, self.psdu_octets(packet_octets))
            + self.sifs()
            + self.ack(rate)
    }

    /// Waiting for the medium: inter-frame space and the mean of a backoff of 0 to `cw` slots.
    fn access(self, cw: u16) -> Duration {
        self.access_ifs() + self.slot() * u64::from(cw) / 2
    }

    /// CWmin of who sends at `rate`: a DSSS rate in a mixed cell is most likely an 802.11b
    /// station's.
    fn first_cw(self, rate: Rate) -> u16 {
        match self.kind {
            PhyKind::ErpMixed if self.floor_rate(rate).is_dsss() => CW_MIN_DSSS,
            _ => self.cw_min(),
        }
    }

    /// Octets from MAC header to FCS of the data frame that carries an IP packet of
    /// `packet_octets`: 36 more, 38 with QoS Control (clause 9.3.2.1).
    #[must_use]
    pub fn psdu_octets(self, packet_octets: u32) -> u32 {
        let qos = if self.wmm { QOS_CONTROL_OCTETS } else { 0 };
        packet_octets.min(IP_MAX_OCTETS) + LLC_SNAP_OCTETS + MAC_HEADER_OCTETS + qos + FCS_OCTETS
    }
}
