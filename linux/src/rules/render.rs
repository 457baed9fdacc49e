//! The rules as text for `nft -f`.

use std::fmt::Write;

use super::{FlowMatch, Mode, Placement, RulesConfig, StationQueue};
use crate::link::InterfaceName;

/// The table of `interface`. Characters that nftables does not take in a name become their code.
pub(super) fn table_name(interface: &InterfaceName) -> String {
    let mut name = "rether_".to_owned();
    for c in interface.as_str().chars() {
        match c {
            '@' => name.push_str("_40"),
            c => name.push(c),
        }
    }
    name
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
        Mode::Watch(matches) => {
            if !matches.is_empty() {
                text.exempt();
            }
            for wanted in matches {
                text.watch(wanted);
            }
        }
        Mode::Hold(stations) => {
            text.exempt();
            text.hold(stations);
        }
    }
    for gone in stations(before).iter().filter(|old| !uses(mode, old.queue)) {
        text.line(&format!(
            "delete chain {} {}",
            text.table,
            chain(gone.queue)
        ));
    }
    text.text
}

/// The transaction that deletes a table which may not be there.
pub(super) fn deletion(family: &str, interface: &InterfaceName) -> String {
    let name = table_name(interface);
    format!("add table {family} {name}\ndelete table {family} {name}\n")
}

/// Family and name of the table.
fn table(config: &RulesConfig) -> String {
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

    /// What stands in every mode. Adding what is there already changes nothing.
    fn frame(&mut self) {
        let table = self.table.clone();
        self.line(&format!("add table {table}"));
        self.line(&format!(
            "add chain {table} post {{ type filter hook postrouting priority 300; policy accept; }}"
        ));
        self.line(&format!("flush chain {table} post"));
        if self.config.placement == Placement::BridgedAp {
            self.line(&format!(
                "add map {table} stations {{ type ether_addr : verdict; }}"
            ));
            self.line(&format!("flush map {table} stations"));
        }
    }

    /// What the link needs to work, and what is not for one station.
    fn exempt(&mut self) {
        if self.config.placement == Placement::BridgedAp {
            let ether_type = self.config.ether_type;
            self.rule(&format!(
                "ether type {{ 0x0806, 0x888e, {ether_type:#06x} }} accept"
            ));
            self.rule("ether daddr & 01:00:00:00:00:00 == 01:00:00:00:00:00 accept");
        }
        self.rule(
            "icmpv6 type { nd-router-solicit, nd-router-advert, nd-neighbor-solicit, \
             nd-neighbor-advert, nd-redirect } accept",
        );
        self.rule("udp dport { 67, 68, 546, 547 } accept");
    }

    fn watch(&mut self, wanted: &FlowMatch) {
        let queue = self.config.queue;
        for expression in wanted.expressions() {
            self.rule(&format!("{expression}queue flags bypass to {queue}"));
        }
    }

    fn hold(&mut self, stations: &[StationQueue]) {
        match self.config.placement {
            // One traffic class, so that the frame which ends a burst stays behind it.
            Placement::Station => self.rule("meta priority set 0:100"),
            Placement::RoutedAp => {}
            Placement::BridgedAp => return self.hold_each(stations),
        }
        self.rule(&format!("queue flags bypass to {}", self.config.queue));
    }

    fn hold_each(&mut self, stations: &[StationQueue]) {
        let table = self.table.clone();
        for StationQueue { queue, .. } in stations {
            let chain = chain(*queue);
            self.line(&format!("add chain {table} {chain}"));
            self.line(&format!("flush chain {table} {chain}"));
            self.line(&format!(
                "add rule {table} {chain} queue flags bypass to {queue}"
            ));
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
