//! `rether-sta doctor`.

use std::path::Path;

use rether_daemon::cli;
use rether_daemon::doctor::{self, Check};
use rether_daemon::host::find_interface;
use rether_linux::link::InterfaceName;
use rether_linux::nl80211::{InterfaceKind, Nl80211};
use rether_linux::probe::Need;

use crate::{config, link};

/// Checks machine, interface, `wpa_supplicant` and configuration; returns the exit code.
pub(crate) async fn doctor(
    interface: Option<&InterfaceName>,
    wpa: Option<&Path>,
) -> anyhow::Result<u8> {
    let file = Path::new(config::DEFAULT_FILE);
    let (result, named) = if file.exists() {
        match config::load(file) {
            Ok(config) => (Ok("no mistakes".into()), config.interface),
            Err(error) => (Err(error.to_string()), None),
        }
    } else {
        (Ok("none, none is needed".into()), None)
    };
    let interface = interface.or(named.as_ref());
    let mut checks = doctor::machine(interface).await;
    checks.push(Check::new("configuration", Need::Must, result));
    match station(interface, wpa).await {
        Ok(more) => checks.extend(more),
        Err(error) => checks.push(Check::new("station", Need::Must, Err(format!("{error:#}")))),
    }
    let (text, code) = doctor::report(&checks);
    cli::print(&text)?;
    Ok(code)
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
