//! Durations of single PPDUs: TXTIME in the words of the standard.

use super::{Phy, PhyKind, Rate};
use crate::time::Duration;

/// Preamble 144 us and PHY header 48 us at 1 Mb/s (clauses 15.2.2 and 16.2.2.2).
const DSSS_LONG_PREAMBLE_US: u64 = 192;
/// Short preamble 72 us and PHY header 24 us (clause 16.2.2.3).
const DSSS_SHORT_PREAMBLE_US: u64 = 96;
/// Training 16 us and SIGNAL 4 us (Table 17-5).
const OFDM_PREAMBLE_US: u64 = 20;
/// T_SYM (Table 17-5).
const OFDM_SYMBOL_US: u64 = 4;
/// SERVICE 16 bits and tail 6 bits, coded like data (clause 17.3.2).
const OFDM_EXTRA_BITS: u64 = 22;
/// Idle time behind each ERP-OFDM PPDU, which ends it as late as 802.11a's longer SIFS would
/// (aSignalExtension, clause 18.3.2.4).
const ERP_SIGNAL_EXTENSION_US: u64 = 6;
/// Octets of an Ack and of a CTS frame (clauses 9.3.1.3 and 9.3.1.4).
const CONTROL_OCTETS: u32 = 14;

impl Phy {
    /// Duration of a PPDU with a PSDU (MAC header to FCS) of `psdu_octets` at the floor of
    /// `rate`. DSSS by clause 16.3.4: header + ceil(8 octets / rate). OFDM by clause 17.4.3:
    /// 20 us + 4 us per begun symbol. ERP-OFDM adds 6 us (clause 18.5.3). DSSS frames of ERP
    /// stations are counted with the long preamble.
    #[must_use]
    pub fn ppdu(self, rate: Rate, psdu_octets: u32) -> Duration {
        let rate = self.floor_rate(rate);
        let short = self.kind == PhyKind::DsssShort && rate > Rate(10);
        match (rate.is_dsss(), short) {
            (true, true) => dsss(DSSS_SHORT_PREAMBLE_US, rate, psdu_octets),
            (true, false) => dsss(DSSS_LONG_PREAMBLE_US, rate, psdu_octets),
            (false, _) => self.ofdm(rate, psdu_octets),
        }
    }

    /// Duration of the Ack of a frame at the floor of `rate`, without the SIFS before it.
    /// DSSS Acks are counted with the long preamble, which a station may always use.
    #[must_use]
    pub fn ack(self, rate: Rate) -> Duration {
        self.control(self.ack_rate(rate))
    }

    /// CTS-to-self and the SIFS after it, if a frame at `rate` needs one (clause 10.27.2,
    /// protection for non-ERP receivers): at 2 Mb/s, the highest DSSS basic rate.
    #[must_use]
    pub fn protection(self, rate: Rate) -> Duration {
        if self.kind == PhyKind::ErpMixed && !self.floor_rate(rate).is_dsss() {
            self.control(Rate(20)) + self.sifs()
        } else {
            Duration::ZERO
        }
    }

    /// An Ack or CTS at a basic rate.
    fn control(self, rate: Rate) -> Duration {
        if rate.is_dsss() {
            dsss(DSSS_LONG_PREAMBLE_US, rate, CONTROL_OCTETS)
        } else {
            self.ofdm(rate, CONTROL_OCTETS)
        }
    }

    fn ofdm(self, rate: Rate, octets: u32) -> Duration {
        // 4 us at `rate`; a whole number at every OFDM rate.
        let bits_per_symbol = (u64::from(rate.0) * 2 / 5).max(1);
        let symbols = (OFDM_EXTRA_BITS + u64::from(octets) * 8).div_ceil(bits_per_symbol);
        let extension = if self.kind == PhyKind::Ofdm {
            0
        } else {
            ERP_SIGNAL_EXTENSION_US
        };
        Duration::from_micros(OFDM_PREAMBLE_US + symbols * OFDM_SYMBOL_US + extension)
    }
}

fn dsss(preamble_us: u64, rate: Rate, octets: u32) -> Duration {
    let tenth_bits = u64::from(octets) * 80;
    Duration::from_micros(preamble_us + tenth_bits.div_ceil(u64::from(rate.0).max(1)))
}
