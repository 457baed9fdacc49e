//! Who is there: access points, stations, and the medium between them.

use super::units::Span;
use crate::medium::{Capture, CollisionRx, LogDistance, MediumConfig, Position, Propagation};
use serde::{Deserialize, Serialize};

/// The name of the one wired host, which every access point's Ethernet port reaches.
pub const WIRE: &str = "wire";

/// What carries frames between the radios.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Medium {
    /// Which medium.
    #[serde(default)]
    pub kind: MediumKind,
    /// Whether every frame in the air is captured, with radiotap, into `air.pcap`.
    #[serde(default)]
    pub capture: bool,
    /// Of `air`: how long bystanders wait after a collision.
    #[serde(default)]
    pub collision_rx: CollisionRx,
    /// Of `air`: how many dB stronger than another a frame must be to survive a collision; by
    /// default none survives.
    pub capture_effect_db: Option<f32>,
    /// Of `air`: strength by distance; by default everybody hears everybody alike.
    pub path_loss: Option<PathLoss>,
}

impl Medium {
    /// The parameters of the model of the air.
    #[must_use]
    pub fn air(&self) -> MediumConfig {
        MediumConfig {
            propagation: self.path_loss.map_or_else(Propagation::default, |loss| {
                Propagation::LogDistance(loss.into())
            }),
            collision_rx: self.collision_rx,
            capture: self.capture_effect_db.map_or(Capture::Off, Capture::On),
            ..MediumConfig::default()
        }
    }
}

/// Log-distance path loss, free space up to one metre.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PathLoss {
    /// Path loss exponent: 2 in free space, by default 3.
    pub exponent: Option<f64>,
    /// Transmit power of every radio, by default 20 dBm.
    pub tx_power_dbm: Option<f64>,
    /// Weaker signals are not noticed, by default -82 dBm.
    pub carrier_sense_dbm: Option<f64>,
}

impl From<PathLoss> for LogDistance {
    fn from(loss: PathLoss) -> Self {
        let usual = Self::default();
        Self {
            exponent: loss.exponent.unwrap_or(usual.exponent),
            tx_power_dbm: loss.tx_power_dbm.unwrap_or(usual.tx_power_dbm),
            carrier_sense_dbm: loss.carrier_sense_dbm.unwrap_or(usual.carrier_sense_dbm),
        }
    }
}

/// A point on a station's way.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Waypoint {
    /// When it is there, counted like the times of traffic.
    pub at: Span,
    /// Where, in metres.
    pub position: Position,
}

/// The media the lab knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MediumKind {
    /// The kernel's own: no airtime, no contention, no loss.
    #[default]
    Ideal,
    /// Contention, collisions, airtime and retries, by the model of [`crate::medium`].
    Air,
}

/// An 802.11 physical layer without the aggregation of 802.11n and later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phy {
    /// OFDM at 5 GHz (802.11-2020 clause 17), 6 to 54 Mbit/s.
    #[serde(rename = "11a")]
    A,
    /// DSSS/CCK at 2.4 GHz (clauses 15 and 16), 1 to 11 Mbit/s.
    #[serde(rename = "11b")]
    B,
    /// OFDM beside DSSS at 2.4 GHz (clause 18), 1 to 54 Mbit/s.
    #[serde(rename = "11g")]
    G,
}

impl Phy {
    /// The data rates it can send at, in 100 kbit/s.
    #[must_use]
    pub const fn rates(self) -> &'static [u16] {
        match self {
            Self::A => &[60, 90, 120, 180, 240, 360, 480, 540],
            Self::B => &[10, 20, 55, 110],
            Self::G => &[10, 20, 55, 60, 90, 110, 120, 180, 240, 360, 480, 540],
        }
    }

    /// The channel used when a scenario names none.
    #[must_use]
    pub const fn default_channel(self) -> u16 {
        match self {
            Self::A => 36,
            Self::B | Self::G => 1,
        }
    }

    /// Centre frequency of `channel` in MHz (802.11-2020 clauses 15.4.4.3 and 17.3.8.4.2), or
    /// nothing if the band has no such channel.
    #[must_use]
    pub const fn frequency(self, channel: u16) -> Option<u16> {
        match (self, channel) {
            (Self::A, 36..=64 | 100..=144 | 149..=165) => Some(5000 + 5 * channel),
            (Self::B | Self::G, 1..=13) => Some(2407 + 5 * channel),
            _ => None,
        }
    }
}

/// How an access point joins its cell to the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// The radio is a port of a bridge: one subnet on both sides.
    #[default]
    Bridge,
    /// The cell is a subnet of its own and the access point forwards.
    Routed,
    /// The radio is the one port of a bridge whose addresses, IP and MAC, are those of a gateway
    /// and the same on every access point of the site. The wired side of each is a subnet of its
    /// own, so that a station which roams keeps its address and its gateway while the way to it
    /// leads over another router.
    Edge,
}

/// Link security.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Security {
    /// None.
    #[default]
    Open,
    /// WPA2-PSK with CCMP.
    Wpa2,
    /// WPA2-PSK with CCMP, and fast BSS transition (802.11-2020 clause 13) between the access
    /// points of the site.
    FtPsk,
}

/// An access point: a namespace with hostapd on `wlan0` and a cable to the wire.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Ap {
    /// Its name, also that of its namespace.
    pub name: String,
    /// The site it belongs to: all access points of a site have one SSID, and its stations may
    /// roam between them. Without one it is alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
    /// Physical layer of the cell.
    pub phy: Phy,
    /// Channel number; by default 36 or 1.
    pub channel: Option<u16>,
    /// Data rate every sender of the cell is held at, in Mbit/s; by default the highest.
    pub rate_mbps: Option<f64>,
    /// Bridge or router.
    #[serde(default)]
    pub mode: Mode,
    /// Whether the BSS offers 802.11e (WMM).
    #[serde(default)]
    pub wmm: bool,
    /// Open, WPA2, or WPA2 with fast transition.
    #[serde(default)]
    pub security: Security,
    /// Whether an 802.11b cell uses short preambles above 1 Mbit/s.
    #[serde(default)]
    pub short_preamble: bool,
    /// Where it stands, in metres; of meaning with `medium.path-loss`.
    #[serde(default)]
    pub position: Position,
    /// What only the simulator can set.
    #[serde(default)]
    pub mac: Mac,
    /// The EDCA parameters that the cell announces while its coordinator passes tokens; `polite` by
    /// default where there is WMM, as the daemon has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wmm_profile: Option<WmmProfile>,
    /// Whether `rether-ap` runs here in arms that run daemons.
    #[serde(default = "yes")]
    pub coordinator: bool,
    /// Configuration text of its `rether-ap`, instead of that which all have (`policy`). In the lab
    /// only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
}

impl Ap {
    /// What its SSID is made of: its site's name, or its own.
    #[must_use]
    pub fn site(&self) -> &str {
        self.site.as_deref().unwrap_or(&self.name)
    }

    /// The channel the cell is on.
    #[must_use]
    pub fn channel(&self) -> u16 {
        self.channel.unwrap_or_else(|| self.phy.default_channel())
    }

    /// The rate its senders are held at, in Mbit/s.
    #[must_use]
    pub fn rate_mbps(&self) -> f64 {
        let top = self.phy.rates().last().copied().unwrap_or_default();
        self.rate_mbps.unwrap_or_else(|| f64::from(top) / 10.0)
    }
}

/// A station: a namespace with `wpa_supplicant` on `wlan0`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Station {
    /// Its name, also that of its namespace.
    pub name: String,
    /// How many there are: with more than one their names are `NAME1`, `NAME2` and so on, and
    /// a flow from or to `NAME` exists for each, with a port 2 above that of the one before; an
    /// event at `NAME` happens to each.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub count: u16,
    /// The access point it joins.
    pub ap: String,
    /// Data rate it is held at, in Mbit/s; by default that of the cell.
    pub rate_mbps: Option<f64>,
    /// Where it is, in metres, until its first waypoint; of meaning with `medium.path-loss`.
    #[serde(default)]
    pub position: Position,
    /// Where it goes: straight and at constant speed from one to the next.
    #[serde(default)]
    pub walk: Vec<Waypoint>,
    /// When `wpa_supplicant` scans and roams by itself, as its `bgscan` says; by default never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bgscan: Option<String>,
    /// Whether `rether-sta` runs here in arms that run daemons.
    #[serde(default = "yes")]
    pub agent: bool,
    /// Configuration text of its `rether-sta`; by default it has none. In the lab only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<String>,
    /// What its agent does that none should, for the simulator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vice: Option<Vice>,
}

/// What a hostile agent does. Its traffic is as any other station's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Vice {
    /// It takes ten times the airtime of each grant, and says so.
    Overstay,
    /// It keeps its tokens: no RETURN is sent.
    NeverReturn,
    /// It sends a REQUEST for as much as one can hold each millisecond.
    RequestFlood,
    /// It answers the tokens of others in their names: nothing sent, nothing queued.
    Forge,
    /// It sends again, in their names, whatever others of its cell sent to the access point.
    Replay,
}

impl Vice {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Overstay,
        Self::NeverReturn,
        Self::RequestFlood,
        Self::Forge,
        Self::Replay,
    ];

    /// Its name in scenarios.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Overstay => "overstay",
            Self::NeverReturn => "never-return",
            Self::RequestFlood => "request-flood",
            Self::Forge => "forge",
            Self::Replay => "replay",
        }
    }
}

/// EDCA parameters of a cell in token mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WmmProfile {
    /// As `wmm-profile = "strict"` of `rether-ap`.
    Strict,
    /// As `wmm-profile = "polite"` of `rether-ap`.
    Polite,
    /// They stay as they are.
    Off,
}

const fn yes() -> bool {
    true
}

const fn one() -> u16 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_one(count: &u16) -> bool {
    *count == 1
}

/// MAC parameters of all radios of a cell that differ from what their PHY has.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Mac {
    /// Rates of Acks, in Mbit/s.
    pub basic_rates_mbps: Option<Vec<f64>>,
    /// Whether Acks above 1 Mbit/s have the short preamble.
    #[serde(default)]
    pub short_ack_preamble: bool,
    /// Transmissions of a frame until it is given up; by default 7.
    pub retry_limit: Option<u8>,
    /// Frames that wait in one queue of a radio; by default 100.
    pub queue_packets: Option<u16>,
    /// Parameters of best effort, or of DCF.
    pub be: Option<Access>,
    /// Parameters of the access category for background.
    pub bk: Option<Access>,
    /// Parameters of the access category for video.
    pub vi: Option<Access>,
    /// Parameters of the access category for voice.
    pub vo: Option<Access>,
}

/// How a queue contends; what is not given stays as it is by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Access {
    /// Idle slots after SIFS.
    pub aifsn: Option<u8>,
    /// First contention window.
    pub cw_min: Option<u16>,
    /// Largest contention window.
    pub cw_max: Option<u16>,
    /// TXOP limit; `"0s"` is one frame an access.
    pub txop: Option<Span>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_belong_to_their_band() {
        assert_eq!(Phy::A.frequency(36), Some(5180));
        assert_eq!(Phy::A.frequency(165), Some(5825));
        assert_eq!(Phy::A.frequency(6), None);
        assert_eq!(Phy::B.frequency(1), Some(2412));
        assert_eq!(Phy::G.frequency(13), Some(2472));
        assert_eq!(Phy::G.frequency(36), None);
    }
}
