//! The configuration file of `rether-ap`; `config/ap.toml` explains every key.

mod cell;
mod handoff;
mod policy;
mod security;

use std::path::{Path, PathBuf};

use rether_daemon::bundle::Bundle;
use rether_daemon::config::{self, ConfigError, EtherType, Section, Text};
use rether_linux::link::InterfaceName;
use rether_proto::policy::PolicyTable;
use rether_proto::time::Duration;

pub use cell::{CellConfig, Preamble, Standard};
pub use handoff::{AnchorKind, Handoff};
pub use security::Security;

/// Where the configuration is unless the command line says otherwise.
pub const DEFAULT_FILE: &str = "/etc/rether/ap.toml";
/// Where people are told to put the key of the site.
pub(crate) const DEFAULT_KEY: &str = "/etc/rether/site.key";

/// A configuration without mistakes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The access point's interface; the only one if not given.
    pub interface: Option<InterfaceName>,
    /// `EtherType` of Rether's frames.
    pub ether_type: u16,
    /// The medium and how it is shared.
    pub cell: CellConfig,
    /// hostapd's configuration, if it is not one of its arguments.
    pub hostapd_config: Option<PathBuf>,
    /// Number of the gate's first queue, if it is chosen.
    pub queue: Option<u16>,
    /// Small packets may travel inside frames of the protocol.
    pub bundle: Bundle,
    /// How long the token thread may be silent.
    pub patience: Duration,
    /// The observe socket is for the file's group too.
    pub group_may_observe: bool,
    /// Which agents are believed.
    pub security: Security,
    /// The other access points of the site, if stations move between them without loss.
    pub handoff: Option<Handoff>,
    /// Who is promised what.
    pub policy: PolicyTable,
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
    let (interface, ether_type, hostapd_config, cell) = file.section("cell", |cell| {
        let interface = cell.value::<InterfaceName>("interface");
        let ether_type = cell.value::<EtherType>("ethertype");
        let hostapd = cell.value::<Text<4096>>("hostapd-config");
        (interface, ether_type, hostapd, CellConfig::read(cell))
    });
    let (queue, bundle) = file.section("gate", |gate| (config::queue(gate), Bundle::read(gate)));
    let patience = config::patience(file);
    let group_may_observe = config::group_may_observe(file);
    let security = file.section("security", Security::read);
    let handoff = file.section("handoff", Handoff::read);
    let policy = policy::read(file);
    Some(Config {
        interface,
        ether_type: ether_type.map_or(rether_linux::token_socket::ETHER_TYPE, |given| given.0),
        cell,
        hostapd_config: hostapd_config.map(|Text(path)| path.into()),
        queue,
        bundle,
        patience,
        group_may_observe,
        security,
        handoff,
        policy,
    })
}
