//! The site of an access point, as its daemon is told: the others, and how packets find stations.

use anyhow::Result;
use rether_lab::scenario::{Ap, Mode};

use std::os::unix::fs::OpenOptionsExt as _;
use std::{fs, io::Write as _};

use super::plan::{Kind, Node};

/// The key of all access points; there is one lab.
const KEY: &str = "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20\n";
/// Where it is, as the daemon sees it.
const KEY_FILE: &str = "roam.key";

/// What is added to the configuration of `node`, whose folder is `own`; nothing if it is alone in
/// its site.
pub(crate) fn handoff(node: &Node<'_>, ap: &Ap, nodes: &[Node<'_>], own: &str) -> Result<String> {
    let address = |node: &Node<'_>| match ap.mode {
        Mode::Bridge | Mode::Routed => node.ip(),
        // Routes to stations lead there, so it has to be on a link.
        Mode::Edge => node.tunnel_end(),
    };
    let peers: Vec<_> = nodes
        .iter()
        .filter(|other| match other.kind {
            Kind::Ap(peer) => {
                other.name != node.name && peer.coordinator && peer.site() == ap.site()
            }
            _ => false,
        })
        .map(|other| format!("{:?}", address(other)))
        .collect();
    if peers.is_empty() {
        return Ok(String::new());
    }
    let mut file = fs::OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(format!("{own}/{KEY_FILE}"))?;
    file.write_all(KEY.as_bytes())?;
    let anchor = match ap.mode {
        Mode::Bridge | Mode::Routed => "bridge",
        Mode::Edge => "host-route",
    };
    // The last octet would not do: that of edge access points is the same.
    let id = node.cell.map_or(1, |cell| u16::from(cell) + 1);
    Ok(format!(
        "\n[handoff]\nid = {id}\nlisten = {:?}\npeers = [{}]\nanchor = {anchor:?}\nkey-file = \"/etc/rether/{KEY_FILE}\"\n",
        address(node),
        peers.join(", "),
    ))
}
