//! Events: what a scenario does to a node while the clock runs.

use super::{
    arm::Cell,
    link,
    process::{output, run},
};
use anyhow::{Context as _, Result};
use rether_lab::scenario::{Deed, Event, Percent};
use rustix::process::Signal;

/// The lab's own table; whatever else is left in a node's rules is somebody's leftover.
pub(crate) const TABLE: &str = "netdev lab";

/// Makes `event` happen; returns what it printed, if it is a command.
pub(crate) fn apply(event: &Event, cell: &mut Cell<'_>) -> Result<Option<String>> {
    let node = event.node.as_str();
    match event.deed {
        Deed::KillDaemon => cell.daemon(node)?.signal(Signal::KILL)?,
        Deed::FreezeDaemon => cell.daemon(node)?.signal(Signal::STOP)?,
        Deed::ThawDaemon => cell.daemon(node)?.signal(Signal::CONT)?,
        Deed::StopDaemon => cell.daemon(node)?.stop()?,
        Deed::StartDaemon => cell.daemon(node)?.start()?,
        Deed::RestartDaemon => {
            cell.daemon(node)?.stop()?;
            cell.daemon(node)?.start()?;
        }
        Deed::Vanish => link::vanish(cell.node(node)?)?,
        Deed::RestartHostapd => cell.link(node)?.restart()?,
        Deed::LinkDown => run(Some(node), "ip link set wlan0 down")?,
        Deed::LinkUp => run(Some(node), "ip link set wlan0 up")?,
        Deed::LoseTokens => {
            lose(node, event.share.context("no share")?)?;
        }
        Deed::KeepTokens => run(Some(node), &format!("nft delete table {TABLE}"))?,
        Deed::Run => {
            let command = event.command.as_deref().context("no command")?;
            return output(Some(node), &["sh", "-c", command]).map(Some);
        }
    }
    Ok(None)
}

/// Drops `share` of the Rether frames that arrive at the node's radio, before any socket bound to
/// their EtherType sees them. Captures still show them.
fn lose(node: &str, share: Percent) -> Result<()> {
    let rules = format!(
        "table {TABLE} {{\n chain tokens {{\n  type filter hook ingress device \"wlan0\" priority \
         -500;\n  ether type 0x88b5 numgen random mod 100 < {} counter drop\n }}\n}}\n",
        share.0
    );
    output(Some(node), &["nft", &rules]).map(drop)
}
