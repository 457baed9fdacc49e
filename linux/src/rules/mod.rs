//! Our own nftables tables: which packets come to the gate.
//!
//! A table per interface and family, `inet rether_wlan0` or `bridge rether_wlan0`, in one of
//! three states: absent, [`Mode::Watch`], [`Mode::Hold`]. Every change is one nftables
//! transaction and keeps the base chain, because the kernel drops all queued packets of the
//! network namespace whenever a base chain goes.
//!
//! So a stop that loses nothing is: [`Rules::set`] to [`Mode::OPEN`], then
//! [`crate::gate::Gate::release_all`], then [`Rules::remove`].
//!
//! The rules are loaded by running `nft`: it is nftables' own encoder, kept in step with every
//! kernel, and the few milliseconds it takes are spent only when the watched flows change, and at an
//! AP's mode changes and associations, never per packet or token. A station, or an AP that routes,
//! begins and ends to hold by an element of a set.

mod flow_match;
pub(crate) mod nft;
mod remark;
pub(crate) mod render;
pub(crate) mod set;

use rether_proto::mac::MacAddr;

use crate::link::InterfaceName;
use set::{Change, Set, Sets};

pub use flow_match::{FlowMatch, Prefix, Protocol};
pub use remark::Remark;

/// Where the gate stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placement {
    /// At a station: `inet` postrouting.
    Station,
    /// At an AP whose radio is a bridge port: `bridge` postrouting.
    BridgedAp,
    /// At an AP that routes: `inet` postrouting.
    RoutedAp,
}

/// The families that any placement uses.
const FAMILIES: [&str; 3] = ["inet", "bridge", ARP];
/// Where the table of [`Placement::family`] does not see ARP, that is in one of its own.
const ARP: &str = "arp";

impl Placement {
    /// The nftables family of the table.
    const fn family(self) -> &'static str {
        match self {
            Self::Station | Self::RoutedAp => "inet",
            Self::BridgedAp => "bridge",
        }
    }

    /// All that is held goes to one queue.
    const fn has_one_queue(self) -> bool {
        matches!(self, Self::Station | Self::RoutedAp)
    }
}

/// Which packets come to the gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Free mode: only packets that one of these matches; all others are untouched.
    Watch(Vec<FlowMatch>),
    /// Token mode: everything that leaves by the interface, but for what the link itself needs.
    /// At a bridged AP these stations' packets go to queues of their own; those of other stations
    /// pass. Elsewhere the list is empty and all goes to the base queue.
    Hold(Vec<StationQueue>),
}

impl Mode {
    /// The table stands and no packet comes to the gate.
    pub const OPEN: Self = Self::Watch(Vec::new());
}

/// Packets for `station` go to queue number `queue`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StationQueue {
    /// The station's MAC address.
    pub station: MacAddr,
    /// Its NFQUEUE number.
    pub queue: u16,
}

/// What the rules are about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RulesConfig {
    /// The radio's interface.
    pub interface: InterfaceName,
    /// Where the gate stands.
    pub placement: Placement,
    /// The base queue: of watched packets, and of held ones unless a station has its own.
    pub queue: u16,
    /// Rether's `EtherType`, which never comes to the gate.
    pub ether_type: u16,
}

/// The rules could not be changed; those that were in force still are.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    /// `nft` is missing or may not be run.
    #[error("cannot run nft: {0}; install the package nftables")]
    Nft(#[source] std::io::Error),
    /// `nft` refused the transaction.
    #[error(
        "nft refused: {stderr}; run as root, and check that the kernel has nf_tables and nft_queue"
    )]
    Refused {
        /// What `nft` said first.
        stderr: String,
    },
}

/// The tables of one interface.
#[derive(Debug)]
pub struct Rules {
    config: RulesConfig,
    installed: Option<Mode>,
    /// What is watched as soon as nothing is held.
    watched: Vec<FlowMatch>,
    sets: Option<Sets>,
    remarks: Vec<Remark>,
    /// ARP has a table of its own.
    hurries_arp: bool,
}

impl Rules {
    /// Nothing is installed yet. Call [`Rules::remove_leftovers`] first.
    #[must_use]
    pub const fn new(config: RulesConfig) -> Self {
        Self {
            config,
            installed: None,
            watched: Vec::new(),
            sets: None,
            remarks: Vec::new(),
            hurries_arp: false,
        }
    }

    /// Has this host's ARP leave in the class of granted packets, as the other rules have what else the
    /// link needs: as best effort it waits for seconds where everybody else has tokens. A bridge's
    /// rules see to that by themselves.
    ///
    /// # Errors
    /// As for [`Rules::set`], or a kernel without nftables for ARP (`CONFIG_NF_TABLES_ARP`); all else
    /// works without.
    pub fn hurry_arp(&mut self) -> Result<(), RulesError> {
        if self.config.placement != Placement::BridgedAp {
            nft::load(&render::arp(&self.config.interface))?;
            self.hurries_arp = true;
        }
        Ok(())
    }

    /// What is in force; `None` is absent, or unknown since a change was refused.
    #[must_use]
    pub const fn installed(&self) -> Option<&Mode> {
        self.installed.as_ref()
    }

    /// Puts `mode` in force in one transaction; does nothing if it already is. May block for some
    /// milliseconds: not for the token thread.
    ///
    /// # Errors
    /// `nft` is missing or refused; the rules are as they were, and the next call puts in force
    /// whatever mode it is given.
    pub fn set(&mut self, mode: &Mode) -> Result<(), RulesError> {
        if self.installed.as_ref() == Some(mode) {
            return Ok(());
        }
        // A refusal may mean that somebody else changed the table: the next try builds on nothing.
        let before = self.installed.take();
        if !before
            .as_ref()
            .is_some_and(|before| self.flip(before, mode))
        {
            nft::load(&render::transaction(&self.config, before.as_ref(), mode))?;
            self.watched = match mode {
                Mode::Watch(matches) => matches.clone(),
                Mode::Hold(_) => Vec::new(),
            };
        }
        self.installed = Some(mode.clone());
        Ok(())
    }

    /// Only begins or ends to hold. False if that is not all there is to do, or cannot be done:
    /// somebody may have deleted the table.
    fn flip(&mut self, before: &Mode, mode: &Mode) -> bool {
        let change = match (before, mode) {
            _ if !self.config.placement.has_one_queue() => return false,
            (Mode::Watch(_), Mode::Hold(_)) => Change::Add,
            (Mode::Hold(_), Mode::Watch(matches)) if *matches == self.watched => Change::Delete,
            _ => return false,
        };
        if self.sets.is_none() {
            self.sets = Sets::open().ok();
        }
        let Some(sets) = &mut self.sets else {
            return false;
        };
        let table = render::table_name(&self.config.interface);
        let set = Set {
            family: libc::NFPROTO_INET,
            table: &table,
            name: render::HOLDING,
        };
        let key = render::interface_key(&self.config.interface);
        sets.change(change, set, &key).is_ok()
    }

    /// Gives packets of these flows, and of no others, another DSCP on their way from the radio
    /// to the wire; does nothing if it is so already. Blocks like [`Rules::set`].
    ///
    /// # Errors
    /// As for [`Rules::set`].
    pub fn remark(&mut self, remarks: &[Remark]) -> Result<(), RulesError> {
        if self.remarks == remarks {
            return Ok(());
        }
        nft::load(&remark::transaction(&self.config, remarks))?;
        self.remarks = remarks.to_vec();
        Ok(())
    }

    /// Deletes the tables. What the gate still holds is dropped by the kernel: release it first.
    ///
    /// # Errors
    /// As for [`Rules::set`]. A table that has gone already is no error.
    pub fn remove(&mut self) -> Result<(), RulesError> {
        let RulesConfig {
            placement,
            interface,
            ..
        } = &self.config;
        let families = [Some(placement.family()), self.hurries_arp.then_some(ARP)];
        let deletions = families.iter().flatten();
        let deletions = deletions.map(|family| render::deletion(family, interface));
        nft::load(&deletions.collect::<String>())?;
        (self.installed, self.hurries_arp) = (None, false);
        self.remarks.clear();
        Ok(())
    }

    /// Deletes what a killed predecessor left behind for `interface`, in either family; true if
    /// there was something.
    ///
    /// # Errors
    /// As for [`Rules::set`].
    pub fn remove_leftovers(interface: &InterfaceName) -> Result<bool, RulesError> {
        to_leftovers(interface, render::deletion)
    }

    /// Makes what a killed predecessor left behind for `interface` send nothing to the gate any
    /// more; true if there was something. What its rules have sent to a queue that is bound again
    /// can then be let go before [`Rules::remove_leftovers`] would have the kernel drop it.
    ///
    /// # Errors
    /// As for [`Rules::set`].
    pub fn flush_leftovers(interface: &InterfaceName) -> Result<bool, RulesError> {
        to_leftovers(interface, render::emptying)
    }
}

/// Loads `change` of each table of `interface` that is there; true if there was one.
fn to_leftovers(
    interface: &InterfaceName,
    change: impl Fn(&str, &InterfaceName) -> String,
) -> Result<bool, RulesError> {
    let name = render::table_name(interface);
    let mut tables = nft::tables()?;
    tables.retain(|(family, table)| FAMILIES.contains(&family.as_str()) && *table == name);
    let changes: Vec<String> = tables
        .iter()
        .map(|(family, _)| change(family, interface))
        .collect();
    if changes.is_empty() {
        return Ok(false);
    }
    nft::load(&changes.concat())?;
    Ok(true)
}

/// Version of the `nft` program.
///
/// # Errors
/// It is not installed.
pub fn nft_version() -> Result<String, RulesError> {
    nft::version()
}

/// Whether the kernel takes rules that queue packets, in the family of `placement`. Uses a table
/// without a base chain, so that no packet is touched.
///
/// # Errors
/// It does not, or rights are missing.
pub fn try_queue_rule(placement: Placement) -> Result<(), RulesError> {
    let table = format!("{} rether-probe", placement.family());
    nft::load(&format!(
        "add table {table}\nadd chain {table} c\nadd rule {table} c queue flags bypass to 65535\n"
    ))?;
    nft::load(&format!("delete table {table}\n"))
}
