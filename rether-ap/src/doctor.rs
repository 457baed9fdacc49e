//! `rether-ap doctor`.

use std::path::Path;

use rether_daemon::bundle::Bundle;
use rether_daemon::cli;
use rether_daemon::doctor::{self, Check};
use rether_daemon::host::find_interface;
use rether_linux::link::InterfaceName;
use rether_linux::nl80211::{InterfaceKind, Nl80211};
use rether_linux::probe::Need;

use crate::config::{self, Config};
use crate::{cell, profile};

/// Checks machine, interface, hostapd and configuration; returns the exit code.
pub(crate) async fn doctor(
    interface: Option<&InterfaceName>,
    hostapd: Option<&Path>,
) -> anyhow::Result<u8> {
    let (check, config) = configuration();
    let interface =
        interface.or_else(|| config.as_ref().and_then(|config| config.interface.as_ref()));
    let mut checks = doctor::machine(interface).await;
    checks.push(check);
    if let Some(config) = &config {
        checks.push(keys(config));
    }
    match access_point(interface, hostapd, config.as_ref()).await {
        Ok(more) => checks.extend(more),
        Err(error) => {
            checks.push(Check::new(
                "access point",
                Need::Must,
                Err(format!("{error:#}")),
            ));
        }
    }
    let (text, code) = doctor::report(&checks);
    cli::print(&text)?;
    Ok(code)
}

/// The check, and the configuration if it has no mistakes.
fn configuration() -> (Check, Option<Config>) {
    let file = Path::new(config::DEFAULT_FILE);
    if !file.exists() {
        let missing = format!(
            "no {}: nothing is promised to anybody",
            config::DEFAULT_FILE
        );
        return (
            Check::new("configuration", Need::Should, Err(missing)),
            None,
        );
    }
    let (text, config) = match config::load(file) {
        Ok(config) => {
            let rules = config.policy.rules.len();
            (Ok(format!("{rules} policy rules")), Some(config))
        }
        Err(error) => (Err(error.to_string()), None),
    };
    (Check::new("configuration", Need::Must, text), config)
}

/// Whether agents are authenticated.
fn keys(config: &Config) -> Check {
    let security = &config.security;
    let result = if security.is_open() {
        Err(format!(
            "none: every station is believed; run `rether-ap keygen {}` and name the file under \
             [security]",
            config::DEFAULT_KEY
        ))
    } else {
        let site = if security.site.is_some() {
            "site key"
        } else {
            "no site key"
        };
        Ok(format!("{site}, {} device keys", security.devices.len()))
    };
    Check::new("keys", Need::Should, result)
}

/// Whether stations may put packets into frames.
fn uplink(wanted: Bundle, is_bridged: bool) -> Result<String, String> {
    match (wanted, is_bridged) {
        (Bundle::Off, _) => Ok("off".into()),
        (Bundle::On, true) => Ok("yes: the access point is the router of its stations".into()),
        (_, false) => Ok("yes, if this machine can take them in".into()),
        (Bundle::Auto, true) => Err(
            "no, because the access point is a bridge: if it is the default gateway of its \
             stations, too, write bundle = true under [gate]"
                .into(),
        ),
    }
}

async fn access_point(
    wanted: Option<&InterfaceName>,
    hostapd: Option<&Path>,
    config: Option<&Config>,
) -> anyhow::Result<Vec<Check>> {
    let nl80211 = Nl80211::connect().await?;
    let interface = find_interface(&nl80211, wanted, InterfaceKind::Ap, "access point").await?;
    let name: InterfaceName = interface.name.parse()?;
    let settings = match config {
        Some(config) => config,
        None => &config::default()?,
    };
    let cell = cell::look(&nl80211, Some(&name), hostapd, settings).await?;
    let state = match cell {
        Some(cell) => Ok(format!(
            "{name} is up: {:?}, {:?}",
            cell.placement, cell.phy.kind
        )),
        None => Err(format!(
            "{name} is not up as an access point: start hostapd"
        )),
    };
    let control = match cell::connect(&name, hostapd, &interface).await {
        Some(_) => Ok("answers, so stations are followed as it authorises them".into()),
        None => Err(format!(
            "does not answer at {}: write ctrl_interface=/run/hostapd into its configuration, \
             or name its socket with --hostapd",
            hostapd
                .map_or_else(|| cell::hostapd_path(&name), Path::to_owned)
                .display()
        )),
    };
    let profile = match settings.cell.profile {
        Some(_) => profile::prospect(&name, config.and_then(|c| c.hostapd_config.as_deref())),
        None => Ok("off".into()),
    };
    let wanted = config.map_or(Bundle::Auto, |config| config.bundle);
    let uplink = match cell::refresh(&nl80211, &name).await {
        Ok((_, link)) => uplink(wanted, link.bridge.is_some()),
        Err(error) => Err(format!("{error:#}")),
    };
    Ok(vec![
        Check::new("access point", Need::Should, state),
        Check::new("packets of stations in frames", Need::Should, uplink),
        Check::new("hostapd", Need::Should, control),
        Check::new("802.11e profile", Need::Should, profile),
    ])
}
