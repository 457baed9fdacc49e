//! Events: what a scenario does to a node while the clock runs.

use super::{
    arm::Cell,
    link, network,
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
        Deed::Snapshot => cell.snapshot(node)?,
        Deed::Vanish => link::vanish(cell.radio(node)?)?,
        Deed::RestartHostapd => cell.link(node)?.restart()?,
        Deed::LinkDown => run(Some(node), "ip link set wlan0 down")?,
        Deed::LinkUp => {
            run(Some(node), "ip link set wlan0 up")?;
            // The kernel forgot the routes; a DHCP client would bring them back.
            network::address_station(cell.node(node)?)?;
        }
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

/// Loses `share` of the Rether frames that the node sends, without a word to the sender: they go to
/// a device that leads nowhere. (A plain drop in an egress hook would fail the sender's call.)
fn lose(node: &str, share: Percent) -> Result<()> {
    let hole = "ip link add hole type dummy 2>/dev/null; ip link set hole up";
    output(Some(node), &["sh", "-c", hole])?;
    output(Some(node), &["nft", &loss_rules(share)]).map(drop)
}

fn loss_rules(share: Percent) -> String {
    format!(
        "add table {TABLE}\ndelete table {TABLE}\ntable {TABLE} {{\n chain tokens {{\n  \
         type filter hook egress device \"wlan0\" priority 0;\n  \
         ether type 0x88b5 numgen random mod 100 < {} counter fwd to \"hole\"\n }}\n}}\n",
        share.0
    )
}
