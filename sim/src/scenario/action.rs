//! What happens: traffic, events, and the arms they happen in.

use super::topology::Station;
use super::units::{Percent, Rate, Span};
use serde::{Deserialize, Deserializer, Serialize};

/// Kinds of traffic, each with the client that makes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TrafficKind {
    /// A telephone call both ways, by `rether-voip`.
    Voice,
    /// UDP at a fixed rate, or without `rate` as much as goes through, from `from` to `to`, by
    /// iperf3.
    Udp,
    /// As much TCP as goes through, or as `rate` says, from `from` to `to`, by iperf3.
    Tcp,
    /// ICMP echo from `from` to `to` and back.
    Ping,
    /// Numbered packets both ways at a fixed rate, 200 a second, of which each one lost, doubled or
    /// out of order is known, by `rether-voip`.
    Probe,
    /// A video that comes in bursts: UDP with a mean of `rate`, on and off for 500 ms each in the
    /// mean. In the simulator only.
    Video,
}

/// Congestion control of TCP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Congestion {
    /// RFC 5681.
    Reno,
    /// RFC 9438.
    Cubic,
}

impl Congestion {
    /// Its name in scenarios and in Linux.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reno => "reno",
            Self::Cubic => "cubic",
        }
    }
}

/// One flow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Traffic {
    /// Its name in the results: `traffic.NAME`.
    pub name: String,
    /// What it is.
    pub kind: TrafficKind,
    /// The node that opens it and, for `udp` and `tcp`, sends.
    pub from: String,
    /// The node at the other end.
    pub to: String,
    /// When it begins, counted from the moment all stations are associated and settled.
    #[serde(default)]
    pub start: Span,
    /// How long it lasts.
    pub duration: Span,
    /// Port at `to`, for policies to match; by default one from 5200 on. Calls use the next one too.
    pub port: Option<u16>,
    /// Offered rate of `udp`, and the most that `tcp` sends; iperf3 counts UDP payload.
    pub rate: Option<Rate>,
    /// Congestion control of `tcp`; by default Reno in the simulator, the kernel's in the lab.
    pub congestion: Option<Congestion>,
    /// Socket buffer of `tcp` in bytes: a fixed window, so that the kernel's tuning, which small
    /// differences decide, does not set the rate.
    pub window_bytes: Option<u32>,
    /// UDP payload of `udp` packets, or ICMP payload of `ping`, in bytes.
    pub packet_bytes: Option<u16>,
    /// Voice profile, as `rether-voip call --profile` names it; by default G.711.
    pub codec: Option<String>,
    /// Time between two `ping` requests, by default 100 ms, or two packets of `probe`, by default
    /// 5 ms.
    pub interval: Option<Span>,
    /// DSCP of the packets, 0 to 63; `ping` has none.
    pub dscp: Option<u8>,
    /// The arms it runs in; by default all.
    pub arms: Option<Vec<String>>,
}

/// What an event does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Deed {
    /// SIGKILL to the node's daemon.
    KillDaemon,
    /// SIGSTOP to the node's daemon.
    FreezeDaemon,
    /// SIGCONT to the node's daemon.
    ThawDaemon,
    /// SIGTERM to the node's daemon: an orderly stop.
    StopDaemon,
    /// Starts the node's daemon if it is not running.
    StartDaemon,
    /// An orderly stop, then a start.
    RestartDaemon,
    /// The station is gone without a word: its radio link is cut and it never answers again.
    Vanish,
    /// hostapd of the access point is stopped and started again.
    RestartHostapd,
    /// The node's `wlan0` goes down.
    LinkDown,
    /// The node's `wlan0` comes up.
    LinkUp,
    /// From now on `share` of the Rether frames the node sends are lost on the way.
    LoseTokens,
    /// No Rether frame is lost on purpose any more.
    KeepTokens,
    /// The station goes over to the access point `to`, which it knows: without a scan.
    Roam,
    /// From now on both ends of the station's link send at `rate-mbps`. In the simulator only.
    SetRate,
    /// Notes what the node's daemon says of itself now. `snapshot.NODE` of the result is the last of
    /// them, `gained.NODE` by how much its figures grew since the first.
    Snapshot,
    /// Runs `command` in the node's namespace with `/bin/sh`; `{NODE.ip}` and `{NODE.mac}` are the
    /// addresses of a node.
    Run,
}

impl Deed {
    /// Whether it is done to a daemon; in an arm without daemons it does not take place.
    #[must_use]
    pub const fn concerns_daemon(self) -> bool {
        matches!(
            self,
            Self::KillDaemon
                | Self::FreezeDaemon
                | Self::ThawDaemon
                | Self::StopDaemon
                | Self::StartDaemon
                | Self::RestartDaemon
        )
    }
}

/// How a station reaches the access point it wants to roam to (802.11-2020 clause 13.5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Over {
    /// On its channel.
    #[default]
    Air,
    /// Through the access point it is at, over the distribution system: fast transition only.
    Ds,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_air(over: &Over) -> bool {
    *over == Over::Air
}

/// Who carries a `roam` out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RoamBy {
    /// `wpa_supplicant` alone, at once.
    Plain,
    /// The station's agent, when the access points are ready for it.
    Rether,
}

/// A name, or a list of names.
fn one_or_many<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "a name, or a list of names")]
    enum OneOrMany {
        One(String),
        Many(Vec<String>),
    }
    Ok(match OneOrMany::deserialize(from)? {
        OneOrMany::One(name) => vec![name],
        OneOrMany::Many(names) => names,
    })
}

/// Something that happens to a node at a time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Event {
    /// When, counted from the moment all stations are associated and settled.
    pub at: Span,
    /// What.
    #[serde(rename = "do")]
    pub deed: Deed,
    /// To whom.
    pub node: String,
    /// It happens again after each so long; with `times`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<Span>,
    /// How many times it happens; with `every`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    /// Where a `roam` leads; one of several each time, in turn, if it happens again.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "one_or_many"
    )]
    pub to: Vec<String>,
    /// How a `roam` by `wpa_supplicant` talks to the access point it leads to.
    #[serde(default, skip_serializing_if = "is_air")]
    pub over: Over,
    /// The share of frames that `lose-tokens` loses.
    pub share: Option<Percent>,
    /// The PHY rate of `set-rate`, in Mbit/s.
    pub rate_mbps: Option<f64>,
    /// The shell command of `run`.
    pub command: Option<String>,
    /// The arms it happens in; by default all.
    pub arms: Option<Vec<String>>,
}

/// One of several runs of the same scenario, one after the other in one boot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Arm {
    /// Its name in results and checks.
    pub name: String,
    /// Whether the daemons run.
    pub daemons: bool,
    /// Who carries a `roam` out: by default the agents, if daemons run. A station without an agent
    /// always does it alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roam: Option<RoamBy>,
}

impl Arm {
    /// Who carries a `roam` of `station` out.
    #[must_use]
    pub fn roam_of(&self, station: &Station) -> RoamBy {
        if !self.daemons || !station.agent {
            return RoamBy::Plain;
        }
        self.roam.unwrap_or(RoamBy::Rether)
    }
}

impl Event {
    /// Whether it takes place in `arm`.
    #[must_use]
    pub fn takes_place(&self, arm: &Arm) -> bool {
        takes_place(self.arms.as_deref(), &arm.name)
            && (arm.daemons || !self.deed.concerns_daemon())
    }
}

impl Traffic {
    /// Whether it takes place in `arm`.
    #[must_use]
    pub fn takes_place(&self, arm: &Arm) -> bool {
        takes_place(self.arms.as_deref(), &arm.name)
    }
}

/// Whether something limited to `arms` takes place in `arm`.
fn takes_place(arms: Option<&[String]>, arm: &str) -> bool {
    arms.is_none_or(|arms| arms.iter().any(|name| name == arm))
}
