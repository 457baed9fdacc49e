//! Durations that a radio's parameters give.

use rether_proto::airtime::{Phy, PhyKind, Rate};
use rether_proto::time::Duration;

use super::RadioConfig;

/// Octets of an Ack (clause 9.3.1.3).
const ACK_OCTETS: u32 = 14;

/// What a radio's timers go by.
#[derive(Clone, Debug)]
pub(super) struct Timing {
    pub(super) sifs: Duration,
    pub(super) slot: Duration,
    /// EIFS beyond DIFS: SIFS and an Ack at the lowest rate (clause 10.3.2.3.7).
    pub(super) eifs_extra: Duration,
    phy: Phy,
    /// The PHY as an Ack uses it.
    ack_phy: Phy,
    basic_rates: Vec<Rate>,
}

impl Timing {
    pub(super) fn new(config: &RadioConfig) -> Self {
        let phy = config.phy;
        let ack_kind = match phy.kind {
            PhyKind::DsssLong | PhyKind::DsssShort if config.short_ack_preamble => {
                PhyKind::DsssShort
            }
            PhyKind::DsssLong | PhyKind::DsssShort => PhyKind::DsssLong,
            kind => kind,
        };
        let ack_phy = Phy {
            kind: ack_kind,
            ..phy
        };
        let sifs = phy.sifs();
        Self {
            sifs,
            slot: phy.slot(),
            eifs_extra: sifs + ack_phy.ppdu(phy.lowest_basic_rate(), ACK_OCTETS),
            phy,
            ack_phy,
            basic_rates: config.basic_rates.clone(),
        }
    }

    /// A frame with what protects it.
    pub(super) fn frame(&self, rate: Rate, psdu_octets: u32) -> Duration {
        self.phy.protection(rate) + self.phy.ppdu(rate, psdu_octets)
    }

    /// The rate of the Ack of a frame at `rate`: the highest basic rate of the same modulation
    /// not above it, or its lowest (clause 10.6.6.5.2).
    pub(super) fn ack_rate(&self, rate: Rate) -> Rate {
        let rate = self.phy.floor_rate(rate);
        let alike = |basic: &&Rate| basic.is_dsss() == rate.is_dsss();
        let mut basic = self.basic_rates.iter().filter(alike);
        let below = basic.clone().rfind(|basic| **basic <= rate);
        let found = below.or_else(|| basic.next());
        found.copied().unwrap_or_else(|| self.phy.ack_rate(rate))
    }

    /// Duration of an Ack at `ack_rate`.
    pub(super) fn ack(&self, ack_rate: Rate) -> Duration {
        self.ack_phy.ppdu(ack_rate, ACK_OCTETS)
    }

    /// From the end of a frame at `rate` until its Ack must have begun (clause 10.3.2.11): SIFS,
    /// a slot and aRxPHYStartDelay, which is the length of preamble and header of the Ack.
    pub(super) fn ack_timeout(&self, rate: Rate) -> Duration {
        self.sifs + self.slot + preamble(self.ack_phy, self.ack_rate(rate))
    }

    /// Preamble and header of a frame at `rate`.
    pub(super) fn preamble(&self, rate: Rate) -> Duration {
        preamble(self.phy, rate)
    }

    /// A frame, the SIFS behind it, and its Ack.
    pub(super) fn exchange(&self, rate: Rate, psdu_octets: u32) -> Duration {
        self.frame(rate, psdu_octets) + self.sifs + self.ack(self.ack_rate(rate))
    }
}

/// Preamble and header (clauses 16.2.2.2, 16.2.2.3 and 17.3.2.1).
fn preamble(phy: Phy, rate: Rate) -> Duration {
    let short = phy.kind == PhyKind::DsssShort && rate > Rate(10);
    Duration::from_micros(match (rate.is_dsss(), short) {
        (true, true) => 96,
        (true, false) => 192,
        (false, _) => 20,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timing(kind: PhyKind) -> Timing {
        Timing::new(&RadioConfig::new(Phy { kind, wmm: false }, 2412))
    }

    const fn us(n: u64) -> Duration {
        Duration::from_micros(n)
    }

    #[test]
    fn durations_worked_by_hand() {
        let b = timing(PhyKind::DsssLong);
        assert_eq!(b.frame(Rate(110), 1536), us(1310));
        assert_eq!(b.ack(b.ack_rate(Rate(110))), us(248));
        assert_eq!(b.ack(b.ack_rate(Rate(10))), us(304));
        assert_eq!(b.ack_timeout(Rate(110)), us(222));
        assert_eq!(b.eifs_extra, us(314));

        let a = timing(PhyKind::Ofdm);
        assert_eq!(a.exchange(Rate(540), 1536), us(248 + 16 + 28));
        assert_eq!(a.ack(a.ack_rate(Rate(60))), us(44));
        assert_eq!(a.ack_timeout(Rate(540)), us(45));
        assert_eq!(a.eifs_extra, us(60));
    }

    #[test]
    fn short_acks_at_all_rates() {
        let phy = Phy {
            kind: PhyKind::DsssShort,
            wmm: false,
        };
        let mut config = RadioConfig::new(phy, 2412);
        assert_eq!(Timing::new(&config).ack_timeout(Rate(110)), us(222));
        config.basic_rates = [10, 20, 55, 110].map(Rate).to_vec();
        config.short_ack_preamble = true;
        let timing = Timing::new(&config);
        assert_eq!(timing.frame(Rate(110), 1536), us(1214));
        assert_eq!(timing.ack(timing.ack_rate(Rate(110))), us(107));
        assert_eq!(timing.ack_timeout(Rate(110)), us(126));
    }
}
