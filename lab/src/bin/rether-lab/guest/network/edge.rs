//! Access points that are the same gateway to their stations, each on a wired subnet of its own.
//!
//! Towards the stations they differ in nothing: one MAC address, 10.1.0.1/16, fe80::1. The node
//! `wire` routes between their wired subnets, and knows one way to all stations: through the first.

use super::{forward, run};
use crate::guest::plan::Node;
use anyhow::Result;
use rether_lab::scenario::WIRE;

/// MAC address of the gateway, on each access point.
const MAC: &str = "02:00:5e:00:00:01";

fn all(node: &str, lines: &[String]) -> Result<()> {
    lines.iter().try_for_each(|line| run(Some(node), line))
}

/// The bridge of the stations, the cable, and the way to everybody else.
pub(super) fn access_point(node: &Node<'_>, cable: &str) -> Result<()> {
    let subnet = node.subnet();
    all(
        WIRE,
        &[
            format!("ip addr add 10.0.{subnet}.1/24 dev {cable}"),
            format!("ip addr add fd00:0:0:{subnet}::1/64 dev {cable} nodad"),
            "ip addr replace fd00::1/64 dev lan nodad".to_owned(),
        ],
    )?;
    forward(WIRE)?;
    all(
        node.name,
        &[
            format!("ip addr add {}/24 dev eth0", node.ip()),
            format!("ip addr add fd00:0:0:{subnet}::10/64 dev eth0 nodad"),
            format!("ip link add br-edge address {MAC} type bridge"),
            // It has no link-local address but the gateway's.
            "ip link set br-edge addrgenmode none".to_owned(),
            "ip addr add 10.1.0.1/16 dev br-edge".to_owned(),
            "ip addr add fd00:1::1/64 dev br-edge nodad".to_owned(),
            "ip addr add fe80::1/64 dev br-edge nodad".to_owned(),
            "ip link set br-edge up".to_owned(),
            format!("ip route add default via 10.0.{subnet}.1"),
            format!("ip -6 route add default via fd00:0:0:{subnet}::1"),
        ],
    )?;
    forward(node.name)
}

/// The wire reaches all stations through `node`, from the address that they know it by: what answers
/// at any of its addresses would else answer from that of the cable.
pub(super) fn lead_to(node: &Node<'_>, wire: &Node<'_>) -> Result<()> {
    let subnet = node.subnet();
    all(
        WIRE,
        &[
            format!(
                "ip route add 10.1.0.0/16 via {} src {}",
                node.ip(),
                wire.ip()
            ),
            format!("ip -6 route add fd00:1::/64 via fd00:0:0:{subnet}::10 src fd00::1"),
        ],
    )
}

/// Tunnels between all of `nodes`: to route a station's packets to another access point, that has to
/// be on a link, and the routers in between know nothing of single stations.
pub(super) fn tunnels(nodes: &[&Node<'_>]) -> Result<()> {
    run(None, "modprobe ipip")?;
    for node in nodes {
        for far in nodes.iter().filter(|far| far.name != node.name) {
            let (subnet, own, end) = (far.subnet(), node.tunnel_end(), far.tunnel_end());
            all(
                node.name,
                &[
                    format!(
                        "ip tunnel add edge{subnet} mode ipip local {} remote {}",
                        node.ip(),
                        far.ip()
                    ),
                    format!("ip addr add {own} peer {end}/32 dev edge{subnet}"),
                    format!("ip link set edge{subnet} up"),
                ],
            )?;
        }
    }
    Ok(())
}

/// The addresses of a station, and its gateway.
pub(super) fn station(node: &Node<'_>) -> Result<()> {
    all(
        node.name,
        &[
            format!("ip addr replace {}/16 dev wlan0", node.ip()),
            format!("ip addr replace {}/64 dev wlan0 nodad", node.ip6()),
            "ip route replace default via 10.1.0.1".to_owned(),
            "ip -6 route replace default via fe80::1 dev wlan0".to_owned(),
        ],
    )
}
