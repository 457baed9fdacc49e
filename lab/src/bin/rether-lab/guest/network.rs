//! Namespaces, radios, cables and addresses.

mod edge;

use super::{
    plan::{Kind, Node},
    process::{output, prepare_run, run},
};
use anyhow::{Context as _, Result};
use rether_lab::scenario::Mode;
use std::{collections::BTreeMap, fs, path::Path};

const RADIOS: &str = "/sys/class/ieee80211";

/// The kernel's name of each node's radio, such as `phy3`. Once it is in its namespace, `/sys` no
/// longer shows it here.
pub(crate) type Radios<'a> = BTreeMap<&'a str, String>;

/// Loads the radios and gives every node a namespace with its devices and addresses. The radio of
/// a node is its `wlan0`, the cable of an access point its `eth0`.
pub(crate) fn set_up<'a>(nodes: &[Node<'a>]) -> Result<Radios<'a>> {
    let radios = nodes.iter().filter(|node| node.radio.is_some()).count();
    // regtest=5: a custom regulatory domain that lets any radio begin at 5 GHz.
    run(
        None,
        &format!("modprobe mac80211_hwsim radios={radios} regtest=5"),
    )?;
    // udev would make its device node at boot.
    run(None, "modprobe tun")?;
    let mut names = Radios::new();
    for node in nodes.iter().filter(|node| node.radio.is_some()) {
        names.insert(node.name, radio_name(node)?);
    }
    for node in nodes {
        prepare_run(node.name)?;
        run(None, &format!("ip netns add {}", node.name))?;
        run(Some(node.name), "ip link set lo up")?;
    }
    let is_edge = |node: &Node<'_>| matches!(node.kind, Kind::Ap(ap) if ap.mode == Mode::Edge);
    let edges: Vec<_> = nodes.iter().filter(|node| is_edge(node)).collect();
    for node in nodes {
        match node.kind {
            Kind::Wire => {
                run(Some(node.name), "ip link add lan type bridge")?;
                run(
                    Some(node.name),
                    &format!("ip addr add {}/24 dev lan", node.ip()),
                )?;
                run(Some(node.name), "ip link set lan up")?;
            }
            Kind::Ap(ap) => access_point(node, ap.mode)?,
            Kind::Station(..) => move_radio(node)?,
        }
    }
    let wire = nodes.iter().find(|node| matches!(node.kind, Kind::Wire));
    if let Some((first, wire)) = edges.first().zip(wire) {
        edge::lead_to(first, wire)?;
        edge::tunnels(&edges)?;
    }
    Ok(names)
}

fn access_point(node: &Node<'_>, mode: Mode) -> Result<()> {
    let (name, ip) = (node.name, node.ip());
    move_radio(node)?;
    let wire = rether_lab::scenario::WIRE;
    let cable = format!("cable{}", node.cell.unwrap_or_default());
    run(
        None,
        &format!("ip link add eth0 netns {name} type veth peer name {cable} netns {wire}"),
    )?;
    if mode != Mode::Edge {
        run(Some(wire), &format!("ip link set {cable} master lan"))?;
    }
    run(Some(wire), &format!("ip link set {cable} up"))?;
    run(Some(name), "ip link set eth0 up")?;
    match mode {
        Mode::Edge => edge::access_point(node, &cable),
        Mode::Bridge => {
            run(Some(name), "ip link add br0 type bridge")?;
            run(Some(name), "ip link set eth0 master br0")?;
            run(Some(name), &format!("ip addr add {ip}/24 dev br0"))?;
            run(Some(name), "ip link set br0 up")
        }
        Mode::Routed => {
            let cell = node.cell.unwrap_or_default();
            run(Some(name), &format!("ip addr add {ip}/24 dev eth0"))?;
            run(
                Some(name),
                &format!("ip addr add {}/24 dev wlan0", Node::gateway(cell)),
            )?;
            forward(name)?;
            run(
                Some(wire),
                &format!("ip route add 10.1.{cell}.0/24 via {ip}"),
            )
        }
    }
}

/// Lets a node forward between its devices.
fn forward(name: &str) -> Result<()> {
    let switches = "echo 1 >/proc/sys/net/ipv4/ip_forward
        echo 1 >/proc/sys/net/ipv6/conf/all/forwarding";
    output(Some(name), &["sh", "-c", switches]).map(drop)
}

/// Addresses of a station; set once it is associated, as a DHCP client would.
pub(crate) fn address_station(node: &Node<'_>) -> Result<()> {
    let Kind::Station(_, ap) = node.kind else {
        return Ok(());
    };
    let address = || {
        let line = format!("ip addr replace {}/24 dev wlan0", node.ip());
        run(Some(node.name), &line)
    };
    match ap.mode {
        Mode::Edge => edge::station(node),
        Mode::Bridge => address(),
        Mode::Routed => {
            address()?;
            let gateway = Node::gateway(node.cell.unwrap_or_default());
            run(
                Some(node.name),
                &format!("ip route replace default via {gateway}"),
            )
        }
    }
}

/// The name the kernel gave the radio of `node`, such as `phy3`; numbers grow with every load of
/// the module, so the MAC address tells.
fn radio_name(node: &Node<'_>) -> Result<String> {
    let mac = node.mac().context("a node without a radio")?;
    for entry in fs::read_dir(RADIOS).context(RADIOS)? {
        let entry = entry?;
        let address = fs::read_to_string(entry.path().join("macaddress"))?;
        if address.trim() == mac {
            return Ok(entry.file_name().to_string_lossy().into_owned());
        }
    }
    anyhow::bail!("no radio has the address {mac}")
}

fn move_radio(node: &Node<'_>) -> Result<()> {
    let radio = radio_name(node)?;
    let devices = Path::new(RADIOS).join(&radio).join("device/net");
    let device = fs::read_dir(&devices)
        .with_context(|| format!("{devices:?}"))?
        .next()
        .with_context(|| format!("{radio} has no device"))??
        .file_name();
    run(
        None,
        &format!("iw phy {radio} set netns name {}", node.name),
    )?;
    let device = device.to_string_lossy();
    if device != "wlan0" {
        run(Some(node.name), &format!("ip link set {device} name wlan0"))?;
    }
    Ok(())
}

/// Takes everything away again.
pub(crate) fn tear_down(nodes: &[Node<'_>]) -> Result<()> {
    for node in nodes {
        run(None, &format!("ip netns del {}", node.name))?;
    }
    run(None, "modprobe -r mac80211_hwsim")
}
