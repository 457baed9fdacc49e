//! Events: what a scenario does to a node while the clock runs.

use super::{
    arm::Cell,
    link, network,
    process::{output, run},
};
use anyhow::{Context as _, Result, bail};
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
        Deed::Vanish => match cell.air() {
            Some(air) => air.vanish(node)?,
            None => link::vanish(cell.radio(node)?)?,
        },
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
        Deed::KeepTokens => output(Some(node), &["nft", &no_rule()]).map(drop)?,
        Deed::Roam => return cell.roams().command(event),
        Deed::SetRate => bail!("only the simulator changes the rate of a link"),
        Deed::Run => {
            let command = event.command.as_deref().context("no command")?;
            let command = cell.fill_in(command);
            return output(Some(node), &["sh", "-c", &command]).map(Some);
        }
    }
    Ok(None)
}

/// Loses `share` of the Rether frames that the node sends, without a word to the sender: they go to
/// a device that leads nowhere. (A plain drop in an egress hook would fail the sender's call.)
///
/// The base chain is made without a rule, in a transaction of its own, and stays until the end of
/// the arm. The kernel drops every packet that is held in the node's queues whenever a base chain
/// goes; and it goes, too, when a transaction that makes it has a rule whose module is not loaded
/// yet: the kernel undoes the transaction, loads the module and starts again.
fn lose(node: &str, share: Percent) -> Result<()> {
    let hole = "ip link add hole type dummy 2>/dev/null; ip link set hole up";
    output(Some(node), &["sh", "-c", hole])?;
    output(Some(node), &["nft", &empty_chain()])?;
    output(Some(node), &["nft", &loss_rule(share)]).map(drop)
}

fn empty_chain() -> String {
    format!(
        "add table {TABLE}\nadd chain {TABLE} tokens \
         {{ type filter hook egress device \"wlan0\" priority 0; }}\n"
    )
}

fn no_rule() -> String {
    format!("flush chain {TABLE} tokens\n")
}

fn loss_rule(share: Percent) -> String {
    no_rule()
        + &format!(
            "add rule {TABLE} tokens \
             ether type 0x88b5 numgen random mod 100 < {} counter fwd to \"hole\"\n",
            share.0
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_base_chain_goes_while_packets_are_held() {
        let loss = [empty_chain(), loss_rule(Percent(30))];
        let makes_chain = loss.each_ref().map(|text| text.contains("hook egress"));
        let has_rule = loss.each_ref().map(|text| text.contains("add rule"));
        // Apart, because a transaction is undone and repeated to load the module of a rule.
        assert_eq!((makes_chain, has_rule), ([true, false], [false, true]));
        for text in loss.into_iter().chain([no_rule()]) {
            assert!(!text.contains("delete"), "{text}");
        }
    }
}
