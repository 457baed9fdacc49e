//! Which AP this station is associated with.
//!
//! Events only say when to look; what counts is what `wpa_supplicant` and the driver say then.

use std::path::{Path, PathBuf};

use rether_linux::control::{Control, ControlError};
use rether_linux::link::InterfaceName;
use rether_linux::nl80211::{Interface, Nl80211, Nl80211Error, Station};
use rether_proto::mac::MacAddr;

/// `wpa_supplicant`'s control socket for `interface` where it is by default.
pub(crate) fn wpa_path(interface: &InterfaceName) -> PathBuf {
    Path::new("/run/wpa_supplicant").join(interface.as_str())
}

/// `wpa_supplicant`'s control connection, if it serves this very interface there.
pub(crate) async fn connect(
    name: &InterfaceName,
    path: Option<&Path>,
    interface: &Interface,
) -> Option<Control> {
    let path = path.map_or_else(|| wpa_path(name), Path::to_owned);
    if !path.exists() {
        return None;
    }
    let mut control = Control::connect(&path).await.ok()?;
    let status = control.fields("STATUS").await.ok()?;
    // Another network namespace may have an interface of the same name.
    let address = status.get("address");
    let is_ours = address.is_none_or(|address| address.parse() == Ok(interface.mac));
    is_ours.then_some(control)
}

/// The AP that the station is associated with and authorised at, as the driver shows it; its
/// address and rates are in there. Without `wpa_supplicant`'s word, associated is enough: before
/// the handshake is over, frames do not get through anyway.
///
/// # Errors
/// The driver could not be asked; the link may be as it was.
pub(crate) async fn access_point(
    nl80211: &Nl80211,
    index: u32,
    wpa: &mut Option<Control>,
) -> Result<Option<Station>, Nl80211Error> {
    let peers = nl80211.stations(index).await?;
    let authorised = authorised_at(wpa).await;
    Ok(peers.into_iter().find(|peer| match authorised {
        Word::At(bssid) => peer.mac == bssid,
        Word::Nowhere => false,
        Word::Unknown => true,
    }))
}

/// What `wpa_supplicant` says of the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    /// Associated and authorised there.
    At(MacAddr),
    /// At no access point.
    Nowhere,
    /// It does not say.
    Unknown,
}

/// Asks it. It answers between two of its steps: when it told that data may flow and answers then,
/// the kernel has been told as well.
pub(crate) async fn authorised_at(wpa: &mut Option<Control>) -> Word {
    let Some(control) = wpa else {
        return Word::Unknown;
    };
    match control.fields("STATUS").await {
        Ok(status) if status.get("wpa_state") == Some("COMPLETED") => {
            let bssid = status.get("bssid").and_then(|bssid| bssid.parse().ok());
            bssid.map_or(Word::Unknown, Word::At)
        }
        Ok(_) => Word::Nowhere,
        Err(ControlError::Refused { .. }) => Word::Unknown,
        Err(error) => {
            tracing::debug!("{error}");
            *wpa = None;
            Word::Unknown
        }
    }
}
