//! What a beacon tells of its BSS (802.11-2020 clause 9.3.3.2): rates, preamble, protection, and
//! by which parameters its stations contend.

use rether_proto::airtime::{Phy, PhyKind, Rate};
use rether_proto::mac::MacAddr;
use rether_proto::time::Duration;
use rether_sim::medium::{Ac, AccessParams, EdcaTable, RadioConfig, dcf, default_edca};

use super::dot11::{BEACON, Header, Kind};

/// Timestamp and beacon interval come before the capabilities.
const CAPABILITIES: usize = 10;
/// Where the elements begin.
const ELEMENTS: usize = 12;
/// Capability bit: short preambles are allowed (clause 9.4.1.4).
const SHORT_PREAMBLE: u16 = 1 << 5;
/// Bit of the ERP element: use protection (clause 9.4.2.11).
const USE_PROTECTION: u8 = 1 << 1;
/// OUI, type and subtype of the WMM parameter element.
const WMM_PARAMETERS: [u8; 5] = [0x00, 0x50, 0xf2, 2, 1];
/// Frequencies in MHz from here on are in the 5 GHz band.
const FIVE_GHZ: u16 = 5000;

/// What a BSS announces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beacon {
    /// Which BSS.
    pub bssid: MacAddr,
    /// All rates of the BSS.
    pub rates: Vec<Rate>,
    /// Those that every station must have, ascending.
    pub basic_rates: Vec<Rate>,
    /// Short DSSS preambles are allowed.
    pub short_preamble: bool,
    /// OFDM frames at 2.4 GHz must be protected.
    pub protection: bool,
    /// The EDCA parameters, if the BSS has 802.11e.
    pub edca: Option<EdcaTable>,
}

/// The elements in `body`, as (identifier, content). Ends at the first one that does not fit.
fn elements(mut body: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    std::iter::from_fn(move || {
        let [id, length, rest @ ..] = body else {
            return None;
        };
        let (content, rest) = rest.split_at_checked(usize::from(*length))?;
        body = rest;
        Some((*id, content))
    })
}

/// One parameter record of the EDCA Parameter Set (clause 9.4.2.28), and whose it is. Values that
/// no station could contend by are moved to the nearest ones that it can.
fn record(octets: [u8; 4]) -> (Ac, AccessParams) {
    let [first, ecw, low, high] = octets;
    let ac = match first >> 5 & 3 {
        0 => Ac::Be,
        1 => Ac::Bk,
        2 => Ac::Vi,
        _ => Ac::Vo,
    };
    let window = |exponent: u8| (1_u16 << exponent) - 1;
    let cw_min = window(ecw & 0x0f);
    let txop = u64::from(u16::from_le_bytes([low, high])) * 32;
    let params = AccessParams {
        aifsn: (first & 0x0f).max(1),
        cw_min,
        cw_max: window(ecw >> 4).max(cw_min),
        txop: Duration::from_micros(txop),
    };
    (ac, params)
}

/// The four records of an EDCA Parameter Set.
fn table(records: &[u8]) -> Option<EdcaTable> {
    let mut table = default_edca(15, false);
    for octets in records.get(..16)?.chunks_exact(4) {
        let (ac, params) = record(octets.try_into().ok()?);
        *table.get_mut(ac as usize)? = params;
    }
    Some(table)
}

impl Beacon {
    /// Reads `frame`; nothing if it is no beacon, or ends before its elements.
    #[must_use]
    pub fn parse(frame: &[u8]) -> Option<Self> {
        let header = Header::parse(frame)?;
        if header.kind != Kind::Management(BEACON) {
            return None;
        }
        let body = frame.get(header.octets..)?;
        let capabilities = body.get(CAPABILITIES..ELEMENTS)?.try_into().ok()?;
        let capabilities = u16::from_le_bytes(capabilities);
        let mut beacon = Self {
            bssid: header.bssid?,
            rates: Vec::new(),
            basic_rates: Vec::new(),
            short_preamble: capabilities & SHORT_PREAMBLE != 0,
            protection: false,
            edca: None,
        };
        for (id, content) in elements(body.get(ELEMENTS..)?) {
            match id {
                // Supported Rates, and Extended Supported Rates.
                1 | 50 => content.iter().for_each(|octet| beacon.add_rate(*octet)),
                42 => {
                    beacon.protection = content.first().is_some_and(|erp| erp & USE_PROTECTION != 0)
                }
                // The EDCA Parameter Set: QoS Info and an octet for later use come first.
                12 => beacon.edca = beacon.edca.or_else(|| table(content.get(2..)?)),
                // WMM has a version in front of them.
                221 if content.starts_with(&WMM_PARAMETERS) => {
                    beacon.edca = content.get(8..).and_then(table).or(beacon.edca);
                }
                _ => {}
            }
        }
        beacon.basic_rates.sort_unstable();
        Some(beacon)
    }

    /// A rate in units of 500 kb/s; the highest bit says that it is a basic one. Selectors of what
    /// a BSS demands besides look like rates above 54 Mb/s.
    fn add_rate(&mut self, octet: u8) {
        let rate = Rate(u16::from(octet & 0x7f) * 5);
        if rate > Rate(540) {
            return;
        }
        self.rates.push(rate);
        if octet & 0x80 != 0 {
            self.basic_rates.push(rate);
        }
    }

    /// The PHY of the BSS on `frequency_mhz`.
    #[must_use]
    pub fn phy(&self, frequency_mhz: u16) -> Phy {
        let only_dsss = self.rates.iter().all(|rate| rate.is_dsss());
        let kind = match (frequency_mhz >= FIVE_GHZ, only_dsss) {
            (true, _) => PhyKind::Ofdm,
            (false, true) if self.short_preamble => PhyKind::DsssShort,
            (false, true) => PhyKind::DsssLong,
            (false, false) if self.protection => PhyKind::ErpMixed,
            (false, false) => PhyKind::Erp,
        };
        Phy {
            kind,
            wmm: self.edca.is_some(),
        }
    }

    /// `radio` as a member of this BSS, on the frequency that it is on. The `feigned` are no
    /// basic rates whatever the beacon says.
    #[must_use]
    pub fn member(&self, radio: &RadioConfig, feigned: &[Rate]) -> RadioConfig {
        let phy = self.phy(radio.frequency_mhz);
        let basic = self.basic_rates.iter().copied();
        RadioConfig {
            phy,
            access: self.edca.unwrap_or_else(|| [dcf(phy.cw_min()); 4]),
            basic_rates: basic.filter(|rate| !feigned.contains(rate)).collect(),
            ..radio.clone()
        }
    }
}

#[cfg(test)]
mod tests;
