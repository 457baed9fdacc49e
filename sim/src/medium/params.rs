//! What a medium and its radios are made with. Every parameter says the clause it is named after.

use rether_proto::airtime::{Phy, PhyKind, Rate};
use rether_proto::time::Duration;
use serde::{Deserialize, Serialize};

use super::propagation::{Position, Propagation};

/// The medium as a whole.
#[derive(Clone, Debug, PartialEq)]
pub struct MediumConfig {
    /// How strong a radio hears another.
    pub propagation: Propagation,
    /// What stations that take no part do after two frames collided.
    pub collision_rx: CollisionRx,
    /// Whether the stronger of two colliding frames can be received.
    pub capture: Capture,
    /// How long after its first bit a transmission is noticed: aCCATime (clause 17.4.4). Radios
    /// whose turn comes within it send, too.
    pub cca_time: Duration,
    /// Whether [`super::Event::OnAir`] is told.
    pub trace: bool,
}

impl Default for MediumConfig {
    fn default() -> Self {
        Self {
            propagation: Propagation::default(),
            collision_rx: CollisionRx::Difs,
            capture: Capture::Off,
            cca_time: Duration::from_micros(4),
            trace: false,
        }
    }
}

/// How long bystanders wait when frames collided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CollisionRx {
    /// DIFS: no preamble could be made out, so that nothing was received in error. What ns-3 does
    /// by default, and what equal powers give.
    #[default]
    Difs,
    /// EIFS (clause 10.3.2.3.7): a header could be read and its frame was in error.
    Eifs,
}

/// Reception of overlapping frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Capture {
    /// All of them are lost.
    #[default]
    Off,
    /// A frame survives if it is stronger than each other one by so many dB; the later one only
    /// if it began during the preamble of the earlier.
    On(f32),
}

/// How a queue gets at the medium: one row of the EDCA Parameter Set (clause 9.4.2.28), or DCF.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessParams {
    /// AIFSN: idle slots after SIFS; 2 makes DIFS.
    pub aifsn: u8,
    /// `CWmin`, the first contention window: a backoff is drawn from 0 to it.
    pub cw_min: u16,
    /// `CWmax`.
    pub cw_max: u16,
    /// TXOP limit; zero is one frame an access.
    pub txop: Duration,
}

/// The EDCA parameters of a radio, by [`super::Ac`], background first.
pub type EdcaTable = [AccessParams; 4];

/// DCF of a PHY (clause 10.3): DIFS, aCWmin, aCWmax, one frame an access.
#[must_use]
pub const fn dcf(cw_min: u16) -> AccessParams {
    AccessParams {
        aifsn: 2,
        cw_min,
        cw_max: 1023,
        txop: Duration::ZERO,
    }
}

/// The default EDCA Parameter Set (Table 9-155) for a PHY whose aCWmin is `cw_min`; TXOP limits
/// as given there for OFDM or, if `dsss`, for DSSS.
#[must_use]
pub const fn default_edca(cw_min: u16, dsss: bool) -> EdcaTable {
    let (vi, vo) = if dsss { (6016, 3264) } else { (3008, 1504) };
    [
        AccessParams {
            aifsn: 7,
            cw_min,
            cw_max: 1023,
            txop: Duration::ZERO,
        },
        AccessParams {
            aifsn: 3,
            cw_min,
            cw_max: 1023,
            txop: Duration::ZERO,
        },
        AccessParams {
            aifsn: 2,
            cw_min: cw_min.div_ceil(2) - 1,
            cw_max: cw_min,
            txop: Duration::from_micros(vi),
        },
        AccessParams {
            aifsn: 2,
            cw_min: cw_min.div_ceil(4) - 1,
            cw_max: cw_min.div_ceil(2) - 1,
            txop: Duration::from_micros(vo),
        },
    ]
}

/// One radio: a station's or an access point's.
#[derive(Clone, Debug, PartialEq)]
pub struct RadioConfig {
    /// PHY and, by `wmm`, whether it contends by EDCA or by DCF.
    pub phy: Phy,
    /// Centre frequency in MHz; radios on different ones do not hear each other.
    pub frequency_mhz: u16,
    /// DCF uses the row of best effort only.
    pub access: EdcaTable,
    /// Rates of Acks, ascending: the highest of the same modulation not above the frame's is
    /// taken (clause 10.6.6.5.2).
    pub basic_rates: Vec<Rate>,
    /// Whether Acks above 1 Mb/s have the short preamble (clause 16.2.2.3).
    pub short_ack_preamble: bool,
    /// Transmissions of a frame until it is given up (dot11ShortRetryLimit, default 7).
    pub retry_limit: u8,
    /// Frames that wait in one queue at most; the next is refused.
    pub queue_limit: usize,
    /// Where it is.
    pub position: Position,
}

impl RadioConfig {
    /// The defaults of `phy` at `frequency_mhz`: the basic rates of hostapd, a retry limit of 7,
    /// and queues of 100 frames.
    #[must_use]
    pub fn new(phy: Phy, frequency_mhz: u16) -> Self {
        let dsss = matches!(phy.kind, PhyKind::DsssLong | PhyKind::DsssShort);
        let access = if phy.wmm {
            default_edca(phy.cw_min(), dsss)
        } else {
            [dcf(phy.cw_min()); 4]
        };
        let basic_rates: &[u16] = match phy.kind {
            PhyKind::Ofdm => &[60, 120, 240],
            PhyKind::DsssLong | PhyKind::DsssShort => &[10, 20],
            PhyKind::Erp | PhyKind::ErpMixed => &[10, 20, 60, 120, 240],
        };
        Self {
            phy,
            frequency_mhz,
            access,
            basic_rates: basic_rates.iter().map(|rate| Rate(*rate)).collect(),
            short_ack_preamble: false,
            retry_limit: 7,
            queue_limit: 100,
            position: Position { x: 0.0, y: 0.0 },
        }
    }
}
