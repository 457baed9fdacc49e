//! The nftables table of a radio, and its set of stations that roam.

use std::io;

use rether_proto::mac::MacAddr;

use crate::error::{Doing, OsError};
use crate::link::InterfaceName;
use crate::rules::set::{Change, Set, Sets};
use crate::rules::{RulesError, nft, render};

/// Name of the set.
const SET: &str = "roaming";
/// Before the token gate's 300.
const PRIORITY: u16 = 290;

/// What the table is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoamTableConfig {
    /// The radio's interface, a port of a bridge.
    pub interface: InterfaceName,
    /// Number of the queue that [`super::RoamQueue`] reads.
    pub queue: u16,
    /// Rether's `EtherType`, which is never caught.
    pub ether_type: u16,
}

/// The table while it is loaded. [`RoamTable::remove`] takes it away; if this is only dropped, the
/// table stays, and with nobody at its queue everything passes.
#[derive(Debug)]
pub struct RoamTable {
    name: String,
    sets: Sets,
}

impl RoamTable {
    /// Loads the table with an empty set, in place of what a killed predecessor may have left.
    /// Blocks for some milliseconds.
    ///
    /// # Errors
    /// `nft` is missing or refused, or the kernel has no nfnetlink.
    pub fn install(config: &RoamTableConfig) -> Result<Self, RulesError> {
        let sets = Sets::open().map_err(RulesError::Nft)?;
        nft::load(&loading(config))?;
        Ok(Self {
            name: name(&config.interface),
            sets,
        })
    }

    /// Packets for `station` are caught from now on; nothing changes if they are already. When it
    /// returns, the next packet is.
    ///
    /// # Errors
    /// Somebody deleted the table: [`RoamTable::install`] it anew. Or missing rights.
    pub fn add(&mut self, station: MacAddr) -> Result<(), OsError> {
        self.change(Change::Add, station)
            .doing("catch the packets of a station that roams")
    }

    /// Packets for `station` are no longer caught; nothing changes if they are not. Those that are
    /// held stay so until [`super::RoamQueue::apply`].
    ///
    /// # Errors
    /// Missing rights. A table that has gone is no error.
    pub fn remove_station(&mut self, station: MacAddr) -> Result<(), OsError> {
        match self.change(Change::Delete, station) {
            Err(error) if error.raw_os_error() == Some(libc::ENOENT) => Ok(()),
            result => result.doing("catch packets of a station no longer"),
        }
    }

    fn change(&mut self, change: Change, station: MacAddr) -> io::Result<()> {
        let set = Set {
            family: libc::NFPROTO_BRIDGE,
            table: &self.name,
            name: SET,
        };
        self.sets.change(change, set, &station.0)
    }

    /// Deletes the table. The kernel then drops whatever any queue of the network namespace holds,
    /// the token gate's too: release all of it before. Blocks for some milliseconds.
    ///
    /// # Errors
    /// `nft` is missing or refused. A table that has gone already is no error.
    pub fn remove(self) -> Result<(), RulesError> {
        nft::load(&deletion(&self.name))
    }

    /// Deletes what a killed predecessor left behind for `interface`; true if there was something.
    /// Not needed before [`RoamTable::install`].
    ///
    /// # Errors
    /// As for [`RoamTable::remove`].
    pub fn remove_leftovers(interface: &InterfaceName) -> Result<bool, RulesError> {
        let wanted = ("bridge".to_owned(), name(interface));
        if !nft::tables()?.contains(&wanted) {
            return Ok(false);
        }
        nft::load(&deletion(&wanted.1))?;
        Ok(true)
    }
}

fn name(interface: &InterfaceName) -> String {
    format!("rether-roam-{}", render::in_table_name(interface))
}

/// Adding what is there already changes nothing, so that a base chain which is there stays:
/// where one goes, the kernel drops all queued packets.
fn loading(config: &RoamTableConfig) -> String {
    let RoamTableConfig {
        interface,
        queue,
        ether_type,
    } = config;
    let table = format!("bridge {}", name(interface));
    // Addresses must go on being resolved and keys being agreed on, and our own frames are in time
    // or not at all.
    let exempt = format!("{{ 0x0806, 0x888e, {ether_type:#06x} }}");
    [
        format!("add table {table}"),
        format!("add set {table} {SET} {{ type ether_addr; }}"),
        format!("flush set {table} {SET}"),
        format!(
            "add chain {table} post {{ type filter hook postrouting priority {PRIORITY}; policy accept; }}"
        ),
        format!("flush chain {table} post"),
        format!(
            "add rule {table} post oifname \"{interface}\" ether daddr @{SET} ether type != {exempt} \
             queue flags bypass to {queue}"
        ),
    ]
    .map(|line| line + "\n")
    .concat()
}

/// Deletes a table that may not be there.
fn deletion(name: &str) -> String {
    format!("add table bridge {name}\ndelete table bridge {name}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_as_text() {
        let config = RoamTableConfig {
            interface: "wlan0@2".parse().unwrap(),
            queue: 70,
            ether_type: 0x88b5,
        };
        let table = "bridge rether-roam-wlan0_402";
        let expected = format!(
            "add table {table}
add set {table} roaming {{ type ether_addr; }}
flush set {table} roaming
add chain {table} post {{ type filter hook postrouting priority 290; policy accept; }}
flush chain {table} post
add rule {table} post oifname \"wlan0@2\" ether daddr @roaming ether type != {{ 0x0806, 0x888e, 0x88b5 }} queue flags bypass to 70
"
        );
        assert_eq!(loading(&config), expected);
        assert_eq!(
            deletion("rether-roam-wlan0"),
            "add table bridge rether-roam-wlan0\ndelete table bridge rether-roam-wlan0\n"
        );
    }
}
