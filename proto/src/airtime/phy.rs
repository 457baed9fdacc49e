//! The PHYs: their rates and the timing of their contention.

use serde::{Deserialize, Serialize};

use super::Rate;
use crate::time::Duration;

/// Which PHY a cell uses, and what protects it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub enum PhyKind {
    /// 802.11b with long preambles only (clause 16.2.2.2).
    DsssLong = 0,
    /// 802.11b with short preambles above 1 Mb/s (clause 16.2.2.3), Acks excepted.
    DsssShort = 1,
    /// 802.11a: OFDM in 20 MHz channels (clause 17).
    Ofdm = 2,
    /// 802.11g without 802.11b stations: short slots, no protection (clause 18).
    Erp = 3,
    /// 802.11g with 802.11b stations about: long slots, and each OFDM frame follows a
    /// CTS-to-self that 802.11b stations can read.
    ErpMixed = 4,
}

impl PhyKind {
    /// The kind that [`PhyKind::code`] gave `code` for.
    #[must_use]
    pub const fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::DsssLong),
            1 => Some(Self::DsssShort),
            2 => Some(Self::Ofdm),
            3 => Some(Self::Erp),
            4 => Some(Self::ErpMixed),
            _ => None,
        }
    }

    /// The number that stands for the kind on the wire.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }
}

/// A PHY, and whether its data frames are QoS data frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Phy {
    /// Which PHY, with which protection.
    pub kind: PhyKind,
    /// True if data frames carry a QoS Control field and contend by EDCA (WMM).
    pub wmm: bool,
}

/// Clauses 15.2 and 16.2: the rates of DSSS and HR/DSSS.
const DSSS_RATES: [Rate; 4] = [Rate(10), Rate(20), Rate(55), Rate(110)];

/// Table 17-4: the rates of OFDM in 20 MHz.
const OFDM_RATES: [Rate; 8] = [
    Rate(60),
    Rate(90),
    Rate(120),
    Rate(180),
    Rate(240),
    Rate(360),
    Rate(480),
    Rate(540),
];

/// Clause 18.1.2: ERP has the rates of both.
const ERP_RATES: [Rate; 12] = [
    Rate(10),
    Rate(20),
    Rate(55),
    Rate(60),
    Rate(90),
    Rate(110),
    Rate(120),
    Rate(180),
    Rate(240),
    Rate(360),
    Rate(480),
    Rate(540),
];

/// AIFSN of AC_BE, that is of unmarked packets (Table 9-155, default EDCA parameters).
const AIFSN_BE: u64 = 3;

impl Phy {
    /// aSlotTime: Tables 15-5 and 16-4 (20 us), 17-21 (9 us), 18-5 (9 us, or 20 us as soon as
    /// one station of the BSS cannot use short slots).
    #[must_use]
    pub const fn slot(self) -> Duration {
        match self.kind {
            PhyKind::DsssLong | PhyKind::DsssShort | PhyKind::ErpMixed => Duration::from_micros(20),
            PhyKind::Ofdm | PhyKind::Erp => Duration::from_micros(9),
        }
    }

    /// aSIFSTime: 10 us in the 2.4 GHz band (Tables 15-5, 16-4, 18-5), 16 us for OFDM
    /// (Table 17-21).
    #[must_use]
    pub const fn sifs(self) -> Duration {
        match self.kind {
            PhyKind::Ofdm => Duration::from_micros(16),
            _ => Duration::from_micros(10),
        }
    }

    /// DIFS = SIFS + 2 slots (clause 10.3.2.3.5).
    #[must_use]
    pub fn difs(self) -> Duration {
        self.sifs() + self.slot() * 2
    }

    /// How long the medium must be idle before a data frame's backoff counts down: DIFS, or
    /// with WMM AIFS\[AC_BE\] = SIFS + 3 slots (clause 10.3.2.3.6). AC_VI and AC_VO wait a slot
    /// less; they are charged as AC_BE because a packet's category is not known here.
    #[must_use]
    pub fn access_ifs(self) -> Duration {
        if self.wmm {
            self.sifs() + self.slot() * AIFSN_BE
        } else {
            self.difs()
        }
    }

    /// aCWmin of the PHY: 31 for DSSS (Tables 15-5, 16-4), 15 for OFDM (Table 17-21) and for
    /// ERP, whose aCWmin(1) applies where the AP offers an OFDM rate (Table 18-5). Also
    /// CWmin\[AC_BE\] of EDCA.
    #[must_use]
    pub const fn cw_min(self) -> u16 {
        match self.kind {
            PhyKind::DsssLong | PhyKind::DsssShort => 31,
            PhyKind::Ofdm | PhyKind::Erp | PhyKind::ErpMixed => 15,
        }
    }

    /// The rates of the PHY, lowest first.
    #[must_use]
    pub const fn rates(self) -> &'static [Rate] {
        match self.kind {
            PhyKind::DsssLong | PhyKind::DsssShort => &DSSS_RATES,
            PhyKind::Ofdm => &OFDM_RATES,
            PhyKind::Erp | PhyKind::ErpMixed => &ERP_RATES,
        }
    }

    /// The highest rate of the PHY that is not above `rate`, or its lowest rate. Whatever a
    /// driver or a message claims (0, 7.3 Mb/s, an HT rate) thus becomes a rate to count with,
    /// and counts no less airtime than it would take.
    #[must_use]
    pub fn floor_rate(self, rate: Rate) -> Rate {
        highest_not_above(self.rates(), rate)
    }

    /// The rate of group addressed frames: the lowest rate that every station has.
    #[must_use]
    pub const fn lowest_basic_rate(self) -> Rate {
        match self.kind {
            PhyKind::Ofdm => Rate(60),
            _ => Rate(10),
        }
    }

    /// The rate of the Ack of a frame at `rate`: the highest basic rate of the same modulation
    /// that is not above it (clause 10.6.6.5.2). Basic rates are taken to be 1 and 2 Mb/s for
    /// DSSS and 6, 12 and 24 Mb/s, the mandatory ones, for OFDM; both are also hostapd's
    /// defaults for 802.11b and 802.11a.
    #[must_use]
    pub fn ack_rate(self, rate: Rate) -> Rate {
        let rate = self.floor_rate(rate);
        if rate.is_dsss() {
            highest_not_above(&[Rate(10), Rate(20)], rate)
        } else {
            highest_not_above(&[Rate(60), Rate(120), Rate(240)], rate)
        }
    }
}

/// The highest of `rates` (ascending, not empty) that is not above `rate`, else the first.
fn highest_not_above(rates: &[Rate], rate: Rate) -> Rate {
    let found = rates.iter().rev().find(|candidate| **candidate <= rate);
    found.or_else(|| rates.first()).copied().unwrap_or(rate)
}
