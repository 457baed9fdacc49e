//! Who has which radio and which address. Nothing here depends on the run, so that a policy may
//! name addresses before it is started.

use rether_lab::scenario::{Ap, Mode, Scenario, Station, WIRE};

/// What a node is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind<'a> {
    /// The wired host.
    Wire,
    /// An access point.
    Ap(&'a Ap),
    /// A station, and the access point it joins.
    Station(&'a Station, &'a Ap),
}

/// A node and its place in the plan.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Node<'a> {
    /// Its name, also that of its namespace.
    pub(crate) name: &'a str,
    pub(crate) kind: Kind<'a>,
    /// Its address in the network the other nodes reach it by.
    pub(crate) ip: [u8; 4],
    /// Number of its radio; the wire has none.
    pub(crate) radio: Option<u8>,
    /// Number of its cell, from 0; the wire has none.
    pub(crate) cell: Option<u8>,
}

/// First host number of the access points in the wired subnet.
const APS: u8 = 10;
/// First host number of the stations in their subnet.
const STATIONS: u8 = 100;

fn dotted(ip: [u8; 4]) -> String {
    ip.map(|octet| octet.to_string()).join(".")
}

impl Node<'_> {
    /// The address as text.
    pub(crate) fn ip(&self) -> String {
        dotted(self.ip)
    }

    /// The MAC address `mac80211_hwsim` gives the radio.
    pub(crate) fn mac(&self) -> Option<String> {
        self.radio
            .map(|radio| format!("02:00:00:00:{radio:02x}:00"))
    }

    /// Number of the wired subnet of an edge access point, from 1: 10.0.N.0/24, fd00:0:0:N::/64.
    pub(crate) fn subnet(&self) -> u8 {
        self.cell.unwrap_or_default() + 1
    }

    /// Address of an edge access point at its end of every tunnel to another.
    pub(crate) fn tunnel_end(&self) -> String {
        dotted([10, 9, 0, self.subnet()])
    }

    /// The IPv6 address of a station of an edge site.
    pub(crate) fn ip6(&self) -> String {
        let [.., host] = self.ip;
        format!("fd00:1::{host}")
    }

    /// Address of the gateway of cell `cell` on its radio side, when it is routed.
    pub(crate) fn gateway(cell: u8) -> String {
        dotted([10, 1, cell, 1])
    }
}

/// The nodes: the wire, then access points, then stations.
///
/// The wire and all bridged cells share 10.0.0.0/24, where the wire is .1, access points are .10
/// and up, stations .100 and up. The routed cell number `n` has 10.1.n.0/24 behind it. The edge
/// access point number `n` (from 1) is 10.0.n.10, and all of them have 10.1.0.0/16 behind them.
pub(crate) fn nodes(scenario: &Scenario) -> Vec<Node<'_>> {
    let wire = Node {
        name: WIRE,
        kind: Kind::Wire,
        ip: [10, 0, 0, 1],
        radio: None,
        cell: None,
    };
    let aps = (0..).zip(&scenario.ap).map(|(index, ap)| Node {
        name: &ap.name,
        kind: Kind::Ap(ap),
        ip: match ap.mode {
            Mode::Bridge | Mode::Routed => [10, 0, 0, APS + index],
            Mode::Edge => [10, 0, index + 1, APS],
        },
        radio: Some(index),
        cell: Some(index),
    });
    let first = u8::try_from(scenario.ap.len()).unwrap_or(u8::MAX);
    let stations = (0..).zip(&scenario.station).filter_map(|(index, station)| {
        let (cell, ap) = (0..)
            .zip(&scenario.ap)
            .find(|(_, ap)| ap.name == station.ap)?;
        let ip = match ap.mode {
            Mode::Bridge => [10, 0, 0, STATIONS + index],
            Mode::Routed => [10, 1, cell, STATIONS + index],
            Mode::Edge => [10, 1, 0, STATIONS + index],
        };
        let (radio, cell) = (Some(first + index), Some(cell));
        Some(Node {
            name: &station.name,
            kind: Kind::Station(station, ap),
            ip,
            radio,
            cell,
        })
    });
    std::iter::once(wire).chain(aps).chain(stations).collect()
}

/// The address of the cell of `ap`.
pub(crate) fn bssid(scenario: &Scenario, ap: &Ap) -> Option<String> {
    let nodes = nodes(scenario);
    nodes.iter().find(|node| node.name == ap.name)?.mac()
}

/// `text` with `{NODE.ip}` and `{NODE.mac}` replaced by the addresses of the nodes.
pub(crate) fn fill_in(text: &str, nodes: &[Node<'_>]) -> String {
    nodes.iter().fold(text.to_owned(), |text, node| {
        let text = text.replace(&format!("{{{}.ip}}", node.name), &node.ip());
        match node.mac() {
            Some(mac) => text.replace(&format!("{{{}.mac}}", node.name), &mac),
            None => text,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scenario() -> Scenario {
        let text = "name = 'x'\n[[ap]]\nname = 'one'\nphy = '11a'\n[[ap]]\nname = 'two'\n\
            phy = '11b'\nmode = 'routed'\n[[station]]\nname = 'a'\nap = 'one'\n\
            [[station]]\nname = 'b'\nap = 'two'\n";
        Scenario::parse(text, "x").unwrap()
    }

    #[test]
    fn addresses_follow_the_mode_of_the_cell() {
        let scenario = scenario();
        let seen: Vec<_> = nodes(&scenario)
            .iter()
            .map(|node| (node.name.to_owned(), node.ip(), node.radio))
            .collect();
        let expected = [
            ("wire", "10.0.0.1", None),
            ("one", "10.0.0.10", Some(0)),
            ("two", "10.0.0.11", Some(1)),
            ("a", "10.0.0.100", Some(2)),
            ("b", "10.1.1.101", Some(3)),
        ];
        assert_eq!(
            seen,
            expected.map(|(name, ip, radio)| (name.to_owned(), ip.to_owned(), radio))
        );
    }

    #[test]
    fn stations_of_an_edge_site_share_a_subnet_that_no_wire_has() {
        let text = "name = 'x'\n[[ap]]\nname = 'one'\nsite = 's'\nphy = '11a'\nmode = 'edge'\n\
            [[ap]]\nname = 'two'\nsite = 's'\nphy = '11a'\nmode = 'edge'\n\
            [[station]]\nname = 'a'\nap = 'one'\n[[station]]\nname = 'b'\nap = 'two'\n";
        let scenario = Scenario::parse(text, "x").unwrap();
        let nodes = nodes(&scenario);
        let seen: Vec<_> = nodes.iter().map(Node::ip).collect();
        let expected = [
            "10.0.0.1",
            "10.0.1.10",
            "10.0.2.10",
            "10.1.0.100",
            "10.1.0.101",
        ];
        assert_eq!(seen, expected);
        assert_eq!(
            (nodes[2].subnet(), nodes[4].ip6()),
            (2, "fd00:1::101".to_owned())
        );
    }

    #[test]
    fn policies_may_name_nodes() {
        let scenario = scenario();
        let text = "station = \"{a.mac}\" # {b.ip} {c.ip} {wire.mac} { b.ip }";
        let expected = "station = \"02:00:00:00:02:00\" # 10.1.1.101 {c.ip} {wire.mac} { b.ip }";
        assert_eq!(fill_in(text, &nodes(&scenario)), expected);
    }
}
