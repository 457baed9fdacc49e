//! The configuration file of `rether-sta`, which need not exist; `config/sta.toml` explains it.

use std::path::Path;

use rether_daemon::bundle::Bundle;
use rether_daemon::config::{self, ConfigError, Count, EtherType, KeyFile, Section, Span, Text};
use rether_linux::link::InterfaceName;
use rether_proto::agent::AgentConfig;
use rether_proto::auth::{AgentAuth, Key};
use rether_proto::time::Duration;
use rether_proto::wire::AgentName;

pub use crate::handoff::Steering;

/// Where the configuration is unless the command line says otherwise.
pub const DEFAULT_FILE: &str = "/etc/rether/sta.toml";

/// A configuration without mistakes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The station's interface; the only one if not given.
    pub interface: Option<InterfaceName>,
    /// What the access point's operator sees; the host name if not given.
    pub name: Option<AgentName>,
    /// `EtherType` of Rether's frames.
    pub ether_type: u16,
    /// Turn power save off while the agent runs.
    pub stay_awake: bool,
    /// Number of the gate's queue, if it is chosen.
    pub queue: Option<u16>,
    /// Small packets may travel inside frames of the protocol.
    pub bundle: Bundle,
    /// The most packets that wait in one queue of the agent.
    pub queue_limit: usize,
    /// How long without a HELLO until the coordinator counts as gone.
    pub lost_after: Duration,
    /// How long the token thread may be silent.
    pub patience: Duration,
    /// The observe socket is for the file's group too.
    pub group_may_observe: bool,
    /// The key that the coordinator must have; `None`: any coordinator is believed.
    pub key: Option<Key>,
    /// When the station moves to another access point.
    pub handoff: Steering,
}

impl Config {
    /// The agent's configuration on a machine that is called `host`; `seed` is fresh and secret.
    #[must_use]
    pub fn agent(&self, host: &str, seed: Key) -> AgentConfig {
        let by_host = || {
            let fitting = (0..=AgentName::MAX).rev().find_map(|end| host.get(..end));
            let name = if host.len() <= AgentName::MAX {
                Some(host)
            } else {
                fitting
            };
            name.and_then(|name| AgentName::try_from(name).ok())
                .unwrap_or_default()
        };
        AgentConfig {
            name: self.name.clone().unwrap_or_else(by_host),
            queue_limit: self.queue_limit,
            lost_after: self.lost_after,
            auth: self.key.clone().map(|key| AgentAuth { key, seed }),
            ..AgentConfig::default()
        }
    }
}

/// Reads the file at `path`.
///
/// # Errors
/// The file cannot be read, or has mistakes.
pub fn load(path: &Path) -> Result<Config, ConfigError> {
    config::load(path, read)
}

/// Reads `text` from the file called `name`.
///
/// # Errors
/// All mistakes in it.
pub fn parse(name: &str, text: &str) -> Result<Config, ConfigError> {
    config::parse(name, text, read)
}

/// The configuration of an empty file.
///
/// # Errors
/// None: every key has a default.
pub fn default() -> Result<Config, ConfigError> {
    parse("", "")
}

fn read(file: &mut Section<'_>) -> Option<Config> {
    let usual = AgentConfig::default();
    let (interface, name, ether_type, awake) = file.section("station", |station| {
        (
            station.value::<InterfaceName>("interface"),
            station.value::<Text<{ AgentName::MAX }>>("name"),
            station.value::<EtherType>("ethertype"),
            station.value::<bool>("stay-awake"),
        )
    });
    let (queue, bundle, limit) = file.section("gate", |gate| {
        (
            config::queue(gate),
            Bundle::read(gate),
            gate.value::<Count<10, 4_000>>("queue-limit"),
        )
    });
    let lost_after = file.section("coordinator", |c| {
        c.value::<Span<1_500_000, 60_000_000>>("lost-after")
    });
    let patience = config::patience(file);
    let group_may_observe = config::group_may_observe(file);
    let key = file.section("security", |security| security.value::<KeyFile>("key-file"));
    let handoff = Steering::read(file);
    Some(Config {
        interface,
        name: name.and_then(|name| AgentName::try_from(name.0).ok()),
        ether_type: ether_type.map_or(rether_linux::token_socket::ETHER_TYPE, |given| given.0),
        stay_awake: awake.unwrap_or(true),
        queue,
        bundle,
        queue_limit: limit
            .and_then(|limit| usize::try_from(limit.0).ok())
            .unwrap_or(usual.queue_limit),
        lost_after: lost_after.map_or(usual.lost_after, |span| span.0),
        patience,
        group_may_observe,
        key: key.map(|file| file.0),
        handoff,
    })
}
