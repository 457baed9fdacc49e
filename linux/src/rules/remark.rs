//! Rules that give packets another DSCP on their way from the radio to the wire.

use std::collections::BTreeMap;
use std::net::IpAddr;

use rether_proto::flow::FlowKey;

use super::{Placement, RulesConfig, render};

/// Packets of a flow get a DSCP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remark {
    /// The flow as its station sends it; the DSCP that it has does not matter.
    pub flow: FlowKey,
    /// DiffServ code point, 0 to 63 (RFC 2474).
    pub dscp: u8,
}

/// Packets of one rule: same DSCP, same IP version, with ports or without.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Kind {
    dscp: u8,
    is_v4: bool,
    has_ports: bool,
}

/// Protocols whose ports nftables finds: TCP, UDP, DCCP, SCTP and UDP-Lite.
const WITH_PORTS: [u8; 5] = [6, 17, 33, 132, 136];

/// The transaction after which exactly these packets are marked. The base chain stays once it was
/// made, because the kernel drops all queued packets when one goes.
pub(super) fn transaction(config: &RulesConfig, remarks: &[Remark]) -> String {
    let table = render::table(config);
    // At a bridge before it decides, so that what the AP itself routes is marked too.
    let hook = match config.placement {
        Placement::BridgedAp => "prerouting",
        Placement::RoutedAp | Placement::Station => "forward",
    };
    let mut text = format!(
        "add table {table}\n\
         add chain {table} remark {{ type filter hook {hook} priority 0; policy accept; }}\n\
         flush chain {table} remark\n"
    );
    let mut kinds: BTreeMap<Kind, Vec<String>> = BTreeMap::new();
    for Remark { flow, dscp } in remarks {
        let Some((kind, element)) = element(flow, *dscp) else {
            continue;
        };
        kinds.entry(kind).or_default().push(element);
    }
    for (kind, elements) in kinds {
        let ip = if kind.is_v4 { "ip" } else { "ip6" };
        let ports = if kind.has_ports {
            " . th sport . th dport"
        } else {
            ""
        };
        text.push_str(&format!(
            "add rule {table} remark iifname \"{}\" {ip} saddr . {ip} daddr . meta l4proto{ports} \
             {{ {} }} {ip} dscp set {}\n",
            config.interface,
            elements.join(", "),
            kind.dscp
        ));
    }
    text
}

/// A flow as an element of a set; none if its packets cannot be told from others.
fn element(flow: &FlowKey, dscp: u8) -> Option<(Kind, String)> {
    let is_v4 = match (flow.src, flow.dst) {
        (IpAddr::V4(_), IpAddr::V4(_)) => true,
        (IpAddr::V6(_), IpAddr::V6(_)) => false,
        _ => return None,
    };
    if flow.protocol == 0 || dscp > 63 {
        return None;
    }
    let has_ports = WITH_PORTS.contains(&flow.protocol);
    let mut element = format!("{} . {} . {}", flow.src, flow.dst, flow.protocol);
    if has_ports {
        element.push_str(&format!(" . {} . {}", flow.src_port, flow.dst_port));
    }
    let kind = Kind {
        dscp,
        is_v4,
        has_ports,
    };
    Some((kind, element))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow(src: &str, dst: &str, protocol: u8, ports: (u16, u16)) -> FlowKey {
        FlowKey {
            src: src.parse().unwrap(),
            dst: dst.parse().unwrap(),
            protocol,
            src_port: ports.0,
            dst_port: ports.1,
            dscp: 0,
        }
    }

    #[test]
    fn flows_of_a_kind_share_a_rule() {
        let config = RulesConfig {
            interface: "wlan0".parse().unwrap(),
            placement: Placement::BridgedAp,
            queue: 7,
            ether_type: 0x88b5,
        };
        let udp = |last: u8| flow(&format!("10.0.0.{last}"), "10.0.1.1", 17, (5004, 5006));
        let remark = |flow, dscp| Remark { flow, dscp };
        let remarks = [
            remark(udp(1), 46),
            remark(udp(2), 46),
            remark(udp(3), 34),
            remark(flow("10.0.0.1", "10.0.1.1", 1, (0, 0)), 46),
            remark(flow("fd00::1", "fd00::2", 6, (9, 22)), 46),
            // What nobody can tell from other packets.
            remark(FlowKey::UNKNOWN, 46),
            remark(flow("10.0.0.1", "fd00::2", 6, (9, 22)), 46),
        ];
        let text = transaction(&config, &remarks);
        let expected = "\
add table bridge rether_wlan0
add chain bridge rether_wlan0 remark { type filter hook prerouting priority 0; policy accept; }
flush chain bridge rether_wlan0 remark
add rule bridge rether_wlan0 remark iifname \"wlan0\" ip saddr . ip daddr . meta l4proto . \
th sport . th dport { 10.0.0.3 . 10.0.1.1 . 17 . 5004 . 5006 } ip dscp set 34
add rule bridge rether_wlan0 remark iifname \"wlan0\" ip6 saddr . ip6 daddr . meta l4proto . \
th sport . th dport { fd00::1 . fd00::2 . 6 . 9 . 22 } ip6 dscp set 46
add rule bridge rether_wlan0 remark iifname \"wlan0\" ip saddr . ip daddr . meta l4proto \
{ 10.0.0.1 . 10.0.1.1 . 1 } ip dscp set 46
add rule bridge rether_wlan0 remark iifname \"wlan0\" ip saddr . ip daddr . meta l4proto . \
th sport . th dport { 10.0.0.1 . 10.0.1.1 . 17 . 5004 . 5006, \
10.0.0.2 . 10.0.1.1 . 17 . 5004 . 5006 } ip dscp set 46
";
        assert_eq!(text, expected);
        let routed = RulesConfig {
            placement: Placement::RoutedAp,
            ..config
        };
        assert!(
            transaction(&routed, &[])
                .contains("inet rether_wlan0 remark { type filter hook forward")
        );
    }
}
