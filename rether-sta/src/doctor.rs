//! `rether-sta doctor`.

use std::path::Path;

use rether_daemon::cli;
use rether_daemon::doctor::{self, Check};
use rether_daemon::host::find_interface;
use rether_linux::link::InterfaceName;
use rether_linux::nl80211::{InterfaceKind, Nl80211};
use rether_linux::probe::Need;
use rether_proto::auth::Key;

use crate::{config, link};

/// Checks machine, interface, `wpa_supplicant` and configuration; returns the exit code.
pub(crate) async fn doctor(
    interface: Option<&InterfaceName>,
    wpa: Option<&Path>,
) -> anyhow::Result<u8> {
    let file = Path::new(config::DEFAULT_FILE);
    let (result, named, key) = if file.exists() {
        match config::load(file) {
            Ok(config) => (Ok("no mistakes".into()), config.interface, config.key),
            Err(error) => (Err(error.to_string()), None, None),
        }
    } else {
        (Ok("none, none is needed".into()), None, None)
    };
    let interface = interface.or(named.as_ref());
    let mut checks = doctor::machine(interface).await;
    let is_readable = result.is_ok();
    checks.push(Check::new("configuration", Need::Must, result));
    if is_readable {
        checks.push(Check::new("key", Need::Should, described(key.as_ref())));
    }
    match station(interface, wpa).await {
        Ok(more) => checks.extend(more),
        Err(error) => checks.push(Check::new("station", Need::Must, Err(format!("{error:#}")))),
    }
    let (text, code) = doctor::report(&checks);
    cli::print(&text)?;
    Ok(code)
}

/// Whether the coordinator is authenticated.
fn described(key: Option<&Key>) -> Result<String, String> {
    match key {
        Some(_) => Ok("there is one: only a coordinator that has it is believed".into()),
        None => Err(
            "none: whatever comes from the access point's address is believed; copy its key file \
             here and name it under [security]"
                .into(),
        ),
    }
}

async fn station(wanted: Option<&InterfaceName>, wpa: Option<&Path>) -> anyhow::Result<Vec<Check>> {
    let nl80211 = Nl80211::connect().await?;
    let interface =
        find_interface(&nl80211, wanted, InterfaceKind::Station, "Wi-Fi station").await?;
    let name: InterfaceName = interface.name.parse()?;
    let mut control = link::connect(&name, wpa, &interface).await;
    let supplicant = match &control {
        Some(_) => Ok("answers, so the link counts from the end of the handshake".into()),
        None => Err(format!(
            "does not answer at {}: the link counts from the association; name its socket with \
             --wpa",
            wpa.map_or_else(|| link::wpa_path(&name), Path::to_owned)
                .display()
        )),
    };
    let state = match link::access_point(&nl80211, interface.index, &mut control).await {
        Ok(Some(ap)) => Ok(format!("{name} is associated with {}", ap.mac)),
        Ok(None) => Err(format!(
            "{name} is not associated: nothing to do until it is"
        )),
        Err(error) => Err(error.to_string()),
    };
    Ok(vec![
        Check::new("station", Need::Should, state),
        Check::new("wpa_supplicant", Need::Should, supplicant),
    ])
}
