//! Which cell this is: its interface, where its gate stands, and its PHY.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use rether_daemon::host::find_interface;
use rether_linux::control::{Control, Fields};
use rether_linux::link::{InterfaceName, Link};
use rether_linux::nl80211::{Interface, InterfaceKind, Nl80211};
use rether_linux::rules::Placement;
use rether_linux::wmm::Settings;
use rether_proto::airtime::{Phy, PhyKind};

use crate::config::{CellConfig, Config, Standard};

/// Frequencies from here on are of the 5 GHz band, in MHz.
const FIVE_GHZ: u32 = 4_900;

/// An access point that is up.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    pub(crate) interface: Interface,
    pub(crate) link: Link,
    pub(crate) placement: Placement,
    pub(crate) phy: Phy,
}

/// hostapd's control socket for `interface` where hostapd has it by default.
pub(crate) fn hostapd_path(interface: &InterfaceName) -> PathBuf {
    Path::new("/run/hostapd").join(interface.as_str())
}

/// Looks at the cell; `None` while the access point is not up yet.
///
/// # Errors
/// There is no such interface.
pub(crate) async fn look(
    nl80211: &Nl80211,
    wanted: Option<&InterfaceName>,
    hostapd: Option<&Path>,
    config: &Config,
) -> anyhow::Result<Option<Cell>> {
    let interface = find_interface(nl80211, wanted, InterfaceKind::Ap, "access point").await?;
    let name: InterfaceName = interface.name.parse()?;
    let link = Link::read(&name)?;
    if interface.kind != InterfaceKind::Ap || !link.up {
        return Ok(None);
    }
    let status = match connect(&name, hostapd, &interface).await {
        Some(mut control) => control.fields("STATUS").await.ok(),
        None => None,
    };
    if status
        .as_ref()
        .is_some_and(|status| status.get("state") != Some("ENABLED"))
    {
        return Ok(None);
    }
    let frequency = interface
        .frequency
        .or_else(|| status.as_ref()?.get("freq")?.parse().ok());
    let Some(kind) = phy_kind(&config.cell, frequency, status.as_ref()) else {
        return Ok(None);
    };
    // An access point starts before its stations, so they cannot say.
    let told = || Some(Settings::of(&name, config.hostapd_config.as_deref())?.wmm);
    let wmm = match config.cell.wmm.or_else(told) {
        Some(wmm) => wmm,
        None => {
            let stations = nl80211.stations(interface.index).await;
            stations.is_ok_and(|stations| stations.iter().any(|station| station.wmm))
                || status
                    .as_ref()
                    .is_some_and(|status| status.get("ieee80211n") == Some("1"))
        }
    };
    let placement = if link.bridge.is_some() {
        Placement::BridgedAp
    } else {
        Placement::RoutedAp
    };
    let phy = Phy { kind, wmm };
    Ok(Some(Cell {
        interface,
        link,
        placement,
        phy,
    }))
}

/// hostapd's control connection, if hostapd serves this very interface there.
pub(crate) async fn connect(
    name: &InterfaceName,
    path: Option<&Path>,
    interface: &Interface,
) -> Option<Control> {
    let path = path.map_or_else(|| hostapd_path(name), Path::to_owned);
    if !path.exists() {
        return None;
    }
    let mut control = Control::connect(&path).await.ok()?;
    let status = control.fields("STATUS").await.ok()?;
    let bssid = status.get("bssid[0]").or_else(|| status.get("bssid"));
    // Another network namespace may have an interface of the same name.
    let is_ours = bssid.is_none_or(|bssid| bssid.parse() == Ok(interface.mac));
    is_ours.then_some(control)
}

/// The PHY by the configuration, else by what hostapd says, else by the frequency.
fn phy_kind(
    config: &CellConfig,
    frequency: Option<u32>,
    status: Option<&Fields>,
) -> Option<PhyKind> {
    if let Some(standard) = config.standard {
        return Some(standard.phy_kind(config.preamble));
    }
    if frequency? >= FIVE_GHZ {
        return Some(PhyKind::Ofdm);
    }
    let rates = status.and_then(|status| status.get("supported_rates"));
    let standard = if rates.is_some_and(only_dsss) {
        Standard::B
    } else if status.is_some_and(has_old_neighbours) {
        Standard::MixedG
    } else {
        Standard::G
    };
    Some(standard.phy_kind(config.preamble))
}

/// hostapd writes rates as hexadecimal multiples of 500 kb/s.
fn only_dsss(rates: &str) -> bool {
    const DSSS: [u8; 4] = [2, 4, 11, 22];
    let mut rates = rates.split_whitespace();
    rates.all(|rate| u8::from_str_radix(rate, 16).is_ok_and(|rate| DSSS.contains(&rate)))
}

/// Stations of 802.11b in this cell or beside it: OFDM frames are protected.
fn has_old_neighbours(status: &Fields) -> bool {
    let count = |key| {
        status
            .get(key)
            .and_then(|count| count.parse::<u32>().ok())
            .unwrap_or(0)
    };
    count("num_sta_non_erp") > 0 || count("olbc") > 0
}

/// The cell's interface as it is now.
///
/// # Errors
/// It has gone.
pub(crate) async fn refresh(
    nl80211: &Nl80211,
    name: &InterfaceName,
) -> anyhow::Result<(Interface, Link)> {
    let interface = find_interface(nl80211, Some(name), InterfaceKind::Ap, "access point").await?;
    let link = Link::read(name).context("the interface went while it was looked at")?;
    Ok((interface, link))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(config: &str, frequency: u32, status: &str) -> Option<PhyKind> {
        let config = crate::config::parse("ap.toml", config).unwrap();
        phy_kind(&config.cell, Some(frequency), Some(&Fields::parse(status)))
    }

    #[test]
    fn the_phy_follows_configuration_then_hostapd_then_frequency() {
        let b = "supported_rates=02 04 0b 16\nolbc=0\n";
        let g = "supported_rates=02 04 0b 16 0c 12 18 24 30 48 60 6c\nnum_sta_non_erp=0\n";
        assert_eq!(kind("", 5_180, g), Some(PhyKind::Ofdm));
        assert_eq!(kind("", 2_412, b), Some(PhyKind::DsssLong));
        assert_eq!(kind("", 2_412, g), Some(PhyKind::Erp));
        assert_eq!(
            kind("", 2_412, "num_sta_non_erp=1\n"),
            Some(PhyKind::ErpMixed)
        );
        let short = "[cell]\nphy = \"802.11b\"\npreamble = \"short\"\n";
        assert_eq!(kind(short, 5_180, g), Some(PhyKind::DsssShort));
        let config = crate::config::parse("ap.toml", "").unwrap();
        assert_eq!(phy_kind(&config.cell, None, None), None);
    }
}
