//! The rules as text for `nft -f`.

use std::fmt::Write;

use rether_proto::machine::TID_GRANTED;

use super::{FlowMatch, Mode, Placement, RulesConfig, StationQueue};
use crate::link::InterfaceName;
use crate::tid::PRIORITY_BASE;

/// The set of the interfaces whose packets are held: this one, or none.
pub(super) const HOLDING: &str = "holding";

/// The name of `interface` as an element of it, as long as the kernel's names are.
pub(super) fn interface_key(interface: &InterfaceName) -> [u8; libc::IFNAMSIZ] {
    let mut key = [0; libc::IFNAMSIZ];
    let name = interface.as_str().bytes();
    key.iter_mut().zip(name).for_each(|(octet, of)| *octet = of);
    key
}

/// The table of `interface`. What nftables does not take in a name becomes its code.
pub(super) fn table_name(interface: &InterfaceName) -> String {
    format!("rether_{}", in_table_name(interface))
}

/// The name of `interface` as a part of a table's.
pub(crate) fn in_table_name(interface: &InterfaceName) -> String {
    interface.as_str().replace('@', "_40")
}

/// The transaction that goes from `before` to `mode`. The base chain is made once and only its
/// rules are replaced.
pub(super) fn transaction(config: &RulesConfig, before: Option<&Mode>, mode: &Mode) -> String {
    let mut text = Text {
        config,
        table: table(config),
        text: String::new(),
    };
    text.frame();
    match mode {
        Mode::Watch(matches) => matches.iter().for_each(|wanted| text.watch(wanted)),
        Mode::Hold(_) if config.placement.has_one_queue() => {
            let (table, interface) = (table(config), &config.interface);
            text.line(&format!(
                "add element {table} {HOLDING} {{ \"{interface}\" }}"
            ));
        }
        Mode::Hold(stations) => {
            text.rule("jump exempt");
            text.hold_each(stations);
        }
    }
    for gone in stations(before).iter().filter(|old| !uses(mode, old.queue)) {
        let name = format!("{} {}", text.table, chain(gone.queue));
        // Somebody may have flushed the whole ruleset, and what is not there cannot be deleted.
        text.line(&format!("add chain {name}"));
        text.line(&format!("delete chain {name}"));
    }
    text.text
}

/// Puts a packet into the class of granted ones.
fn hurry() -> String {
    let priority = PRIORITY_BASE + u32::from(TID_GRANTED);
    format!("meta priority set 0:{priority:x}")
}

/// The transaction after which ARP leaves by `interface` in the class of granted packets, where the
/// family of the other table does not see it.
pub(super) fn arp(interface: &InterfaceName) -> String {
    let (name, hurry) = (table_name(interface), hurry());
    format!(
        "add table arp {name}\n\
         add chain arp {name} out {{ type filter hook output priority 0; policy accept; }}\n\
         flush chain arp {name} out\n\
         add rule arp {name} out oifname \"{interface}\" {hurry}\n"
    )
}

/// The transaction that deletes a table which may not be there.
pub(super) fn deletion(family: &str, interface: &InterfaceName) -> String {
    let name = table_name(interface);
    format!("add table {family} {name}\ndelete table {family} {name}\n")
}

/// The transaction that takes all rules out of a table which may not be there.
pub(super) fn emptying(family: &str, interface: &InterfaceName) -> String {
    let name = table_name(interface);
    format!("add table {family} {name}\nflush table {family} {name}\n")
}

/// Family and name of the table.
pub(super) fn table(config: &RulesConfig) -> String {
    format!(
        "{} {}",
        config.placement.family(),
        table_name(&config.interface)
    )
}

fn stations(mode: Option<&Mode>) -> &[StationQueue] {
    match mode {
        Some(Mode::Hold(stations)) => stations,
        Some(Mode::Watch(_)) | None => &[],
    }
}

fn uses(mode: &Mode, queue: u16) -> bool {
    stations(Some(mode))
        .iter()
        .any(|station| station.queue == queue)
}

/// Hands packets to the gate, and lets them pass when nobody listens.
fn queue(number: u16) -> String {
    format!("queue flags bypass to {number}")
}

fn chain(queue: u16) -> String {
    format!("to_{queue}")
}

struct Text<'a> {
    config: &'a RulesConfig,
    table: String,
    text: String,
}

impl Text<'_> {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// A rule of the base chain for what leaves by the interface.
    fn rule(&mut self, rule: &str) {
        let line = format!(
            "add rule {} post oifname \"{}\" {rule}",
            self.table, self.config.interface
        );
        self.line(&line);
    }

    /// What stands in every mode. Adding what is there already changes nothing. The base chain
    /// has as little as possible: every packet of the host walks through it.
    fn frame(&mut self) {
        let table = self.table.clone();
        self.line(&format!("add table {table}"));
        self.line(&format!(
            "add chain {table} post {{ type filter hook postrouting priority 300; policy accept; }}"
        ));
        self.line(&format!("flush chain {table} post"));
        self.exempt();
        self.chain("watched", &["jump exempt", &queue(self.config.queue)]);
        if self.config.placement == Placement::BridgedAp {
            self.line(&format!(
                "add map {table} stations {{ type ether_addr : verdict; }}"
            ));
            self.line(&format!("flush map {table} stations"));
        } else {
            self.held();
        }
    }

    /// Everything goes to the base queue while the interface is in the set.
    fn held(&mut self) {
        let table = self.table.clone();
        let queue = queue(self.config.queue);
        // One traffic class at a station, so that the frame which ends a burst stays behind it. The
        // gate gives granted packets theirs where the 802.11e profile is in force; what passes it by,
        // because it is full or gone, stays in this one.
        let one_class = match self.config.placement {
            Placement::Station => &["meta priority set 0:100"][..],
            Placement::RoutedAp | Placement::BridgedAp => &[],
        };
        self.chain("held", &[&["jump exempt"], one_class, &[&queue]].concat());
        self.line(&format!("add set {table} {HOLDING} {{ type ifname; }}"));
        self.line(&format!("flush set {table} {HOLDING}"));
        self.rule(&format!("oifname @{HOLDING} goto held"));
    }

    /// A chain with just these rules.
    fn chain(&mut self, name: &str, rules: &[&str]) {
        let table = self.table.clone();
        self.line(&format!("add chain {table} {name}"));
        self.line(&format!("flush chain {table} {name}"));
        for rule in rules {
            self.line(&format!("add rule {table} {name} {rule}"));
        }
    }

    /// What the link needs to work, and what is not for one station. In the class of granted packets:
    /// as best effort it would wait for seconds behind them, and an address that is asked for in vain
    /// is forgotten.
    fn exempt(&mut self) {
        let ether_type = self.config.ether_type;
        let hurry = hurry();
        let bridge = [
            format!("ether type {{ 0x888e, {ether_type:#06x} }} accept"),
            "ether daddr & 01:00:00:00:00:00 == 01:00:00:00:00:00 accept".to_owned(),
            format!("ether type 0x0806 {hurry} accept"),
        ];
        let network = [
            format!(
                "icmpv6 type {{ nd-router-solicit, nd-router-advert, nd-neighbor-solicit, \
                 nd-neighbor-advert, nd-redirect }} {hurry} accept"
            ),
            format!("udp dport {{ 67, 68, 546, 547 }} {hurry} accept"),
        ];
        let is_bridge = self.config.placement == Placement::BridgedAp;
        let bridge = bridge.iter().filter(|_| is_bridge);
        let rules: Vec<&str> = bridge.chain(&network).map(String::as_str).collect();
        self.chain("exempt", &rules);
    }

    fn watch(&mut self, wanted: &FlowMatch) {
        for expression in wanted.expressions() {
            self.rule(&format!("{expression}jump watched"));
        }
    }

    fn hold_each(&mut self, stations: &[StationQueue]) {
        let table = self.table.clone();
        for StationQueue { queue, .. } in stations {
            self.chain(&chain(*queue), &[&self::queue(*queue)]);
        }
        let mut elements = String::new();
        for StationQueue { station, queue } in stations {
            let comma = if elements.is_empty() { "" } else { ", " };
            // Writing to a string does not fail.
            let _ = write!(elements, "{comma}{station} : jump {}", chain(*queue));
        }
        if !elements.is_empty() {
            self.line(&format!("add element {table} stations {{ {elements} }}"));
        }
        self.rule("ether daddr vmap @stations");
    }
}

#[cfg(test)]
mod tests;
