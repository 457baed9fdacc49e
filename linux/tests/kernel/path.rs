//! Routes, neighbours and bridge entries, as other programs see them.

use std::net::IpAddr;
use std::process::Command;

use rether_linux::announce;
use rether_linux::frame_socket::FrameSocket;
use rether_linux::path::{Belief, Change, Marks, Path, Route, Setting, Way};
use rether_linux::token_socket::TokenSocket;
use rether_proto::mac::MacAddr;

use crate::setup::{Cable, link, run};

const MARKS: Marks = Marks {
    table: 7717,
    protocol: 177,
    rule: 32_017,
};
const STATION: MacAddr = MacAddr([2, 0, 0, 0, 0x77, 1]);

fn said(line: &str) -> String {
    let output = Command::new("sh").args(["-c", line]).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn route(host: &str, way: Way) -> Change {
    let host = address(host);
    Change::ReplaceRoute(Route { host, way })
}

#[test]
#[ignore = "needs root: run in the lab VM or under `unshare -n`"]
fn routes_are_ours_and_go_with_us() {
    let cable = Cable::lay("path0", "path1", 81);
    run("ip link set lo up; echo 0 > /proc/sys/net/ipv6/conf/path0/disable_ipv6");
    run("ip address add fd81::1/64 dev path0 nodad");
    let index = cable.near.index;
    let mut path = Path::open(MARKS).unwrap();
    path.remove_all().unwrap();
    for _ in 0..2 {
        path.add_rules().unwrap();
    }
    for family in ["-4", "-6"] {
        let rules = said(&format!("ip {family} rule | grep -c 'lookup 7717'"));
        assert_eq!(rules.trim(), "1", "{family}");
    }
    let here = Way::Link { index };
    let via = |router: &str| Way::Via {
        router: address(router),
        index: Some(index),
    };
    let others = [
        ("10.81.0.9", here, "dev path0"),
        ("10.81.0.9", via("10.77.81.2"), "via 10.77.81.2"),
        ("10.81.0.9", here, "dev path0"),
        ("fd82::9", here, "dev path0"),
        ("fd82::9", via("fd81::2"), "via fd81::2"),
        ("fd82::9", here, "dev path0"),
    ];
    for (host, way, expected) in others {
        path.apply(&[route(host, way)]).unwrap();
        let got = said(&format!("ip route get {host}"));
        assert!(
            got.contains(expected) && got.contains("table 7717"),
            "{got}"
        );
        let ours = path.routes().unwrap();
        let ours: Vec<_> = ours
            .iter()
            .filter(|one| one.host == address(host))
            .collect();
        assert_eq!(
            ours,
            [&Route {
                host: address(host),
                way
            }]
        );
        let listed = said("ip route show table 7717; ip -6 route show table 7717");
        assert!(listed.contains("proto 177"), "{listed}");
    }
    // Somebody else's in the same table is not ours.
    run("ip route add 10.81.0.10 dev path0 table 7717 protocol static");
    // A router that is on no link of ours is refused; what comes behind is done all the same.
    let off = Way::Via {
        router: address("192.0.2.1"),
        index: None,
    };
    let error = path
        .apply(&[route("10.81.0.11", off), route("10.81.0.12", here)])
        .unwrap_err();
    assert!(error.to_string().contains("route to a station"), "{error}");
    let hosts: Vec<_> = path.routes().unwrap().iter().map(|one| one.host).collect();
    assert_eq!(hosts, ["10.81.0.9", "10.81.0.12", "fd82::9"].map(address));
    for _ in 0..2 {
        path.apply(&[Change::DeleteRoute(address("10.81.0.12"))])
            .unwrap();
        path.apply(&[Change::DeleteRoute(address("fd82::ffff"))])
            .unwrap();
    }
    // A successor finds and removes all of it.
    drop(path);
    let mut path = Path::open(MARKS).unwrap();
    assert!(path.remove_all().unwrap());
    assert!(!path.remove_all().unwrap());
    assert_eq!(path.routes().unwrap(), []);
    assert_eq!(said("ip rule; ip -6 rule").matches("7717").count(), 0);
    assert!(said("ip route show table 7717").contains("10.81.0.10"));
    // More routes than one message takes.
    let many: Vec<_> = (0..1500_u32)
        .map(|n| route(&format!("10.82.{}.{}", n / 250, n % 250), here))
        .collect();
    path.apply(&many).unwrap();
    assert_eq!(path.routes().unwrap().len(), 1500);
    assert!(path.remove_all().unwrap());
    assert_eq!(path.routes().unwrap(), []);
}

#[test]
#[ignore = "needs root: run in the lab VM or under `unshare -n`"]
fn neighbours_and_bridge_entries() {
    let (first, second) = (
        Cable::lay("fdb0", "fdb1", 82),
        Cable::lay("fdb2", "fdb3", 83),
    );
    run("ip link add fdbr type bridge; ip link set fdbr up");
    run("ip link set fdb0 master fdbr; ip link set fdb2 master fdbr");
    let bridge = link("fdbr").index;
    let mut path = Path::open(MARKS).unwrap();
    let known = |text: &str, belief| Change::ReplaceNeighbour {
        index: bridge,
        address: address(text),
        mac: STATION,
        belief,
    };
    for (belief, word) in [
        (Belief::Stale, "STALE"),
        (Belief::Permanent, "PERMANENT"),
        (Belief::Reachable, "REACHABLE"),
    ] {
        for host in ["10.82.0.9", "fd82::9"] {
            path.apply(&[known(host, belief)]).unwrap();
            let got = said(&format!("ip neigh show {host} dev fdbr"));
            assert!(
                got.contains(&STATION.to_string()) && got.contains(word),
                "{got}"
            );
        }
    }
    for _ in 0..2 {
        path.apply(
            &["10.82.0.9", "fd82::9"].map(|host| Change::DeleteNeighbour {
                index: bridge,
                address: address(host),
            }),
        )
        .unwrap();
    }
    // The kernel keeps a deleted one for a while, as failed.
    assert!(!said("ip neigh show dev fdbr").contains(&STATION.to_string()));

    let entry = |port| Change::ReplaceBridgeEntry { port, mac: STATION };
    let gone = |port| Change::DeleteBridgeEntry { port, mac: STATION };
    // A port that knows VLANs has an entry in each of them, too, which nobody looks at here.
    let shown = |port: &str| {
        said(&format!("bridge fdb show brport {port} | grep -v vlan"))
            .contains(&STATION.to_string())
    };
    path.apply(&[entry(first.near.index)]).unwrap();
    assert!(shown("fdb0") && !shown("fdb2"));
    path.apply(&[entry(second.near.index)]).unwrap();
    assert!(!shown("fdb0") && shown("fdb2"));
    // A port forwards once the kernel has noticed its carrier.
    run(
        "for n in $(seq 50); do bridge link show dev fdb0 | grep -q forwarding && exit; sleep 0.1; done; exit 1",
    );
    // Not permanent: the bridge learns otherwise from a frame.
    let mut air = FrameSocket::open(&first.far).unwrap();
    air.send_whole(&announce::layer_2_update(STATION), 0)
        .unwrap();
    assert!(shown("fdb0") && !shown("fdb2"));
    for _ in 0..2 {
        path.apply(&[gone(first.near.index)]).unwrap();
    }
    assert!(!shown("fdb0"));
    let error = path.apply(&[entry(bridge + 1000)]).unwrap_err();
    assert!(error.to_string().contains("port of the bridge"), "{error}");
    run("ip link del fdbr");
}

/// Hosts believe what is announced.
#[test]
#[ignore = "needs root: run in the lab VM or under `unshare -n`"]
fn announcements_change_what_neighbours_know() {
    let cable = Cable::lay("ann0", "ann1", 84);
    run("echo 0 > /proc/sys/net/ipv6/conf/ann0/disable_ipv6");
    run("ip address add fd84::1/64 dev ann0 nodad");
    let mut air = FrameSocket::open(&cable.far).unwrap();
    for host in ["10.77.84.2", "fd84::2"] {
        run(&format!(
            "ip neigh replace {host} lladdr {} dev ann0 nud stale",
            cable.far.mac
        ));
        let frame = announce::neighbour(address(host), STATION, false);
        air.send_whole(&frame, 0).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(50));
        let got = said(&format!("ip neigh show {host} dev ann0"));
        assert!(got.contains(&STATION.to_string()), "{got}");
    }
}

/// The near end of a cable answers for a host that is behind another interface, at once.
#[test]
#[ignore = "needs root: run in the lab VM or under `unshare -n`"]
fn an_interface_answers_for_hosts_that_are_elsewhere() {
    let (edge, wire) = (
        Cable::lay("edge0", "edge1", 85),
        Cable::lay("edge2", "edge3", 86),
    );
    let index = edge.near.index;
    let host = "10.77.85.9";
    let mut path = Path::open(MARKS).unwrap();
    path.add_rules().unwrap();
    path.set(index, Setting::ProxyArp, 1).unwrap();
    path.set(index, Setting::Forwarding, 1).unwrap();
    path.set(index, Setting::SendRedirects, 0).unwrap();
    path.set(index, Setting::ReversePathFilter, 2).unwrap();
    path.set_proxy_delay(index, 0).unwrap();
    for (name, value) in [
        ("conf/edge0/proxy_arp", "1"),
        ("conf/edge0/forwarding", "1"),
        ("conf/edge0/send_redirects", "0"),
        ("conf/edge0/rp_filter", "2"),
        ("neigh/edge0/proxy_delay", "0"),
    ] {
        let is = said(&format!("cat /proc/sys/net/ipv4/{name}"));
        assert_eq!(is.trim(), value, "{name}");
    }
    assert!(path.set(index + 1000, Setting::ProxyArp, 1).is_err());
    assert!(path.set_proxy_delay(index + 1000, 0).is_err());

    let elsewhere = Way::Via {
        router: wire.peer.into(),
        index: None,
    };
    path.apply(&[route(host, elsewhere)]).unwrap();
    let mut ear = TokenSocket::open(&edge.far, 0x0806).unwrap();
    let mut air = FrameSocket::open(&edge.far).unwrap();
    let mut request = announce::neighbour(address("10.77.85.2"), edge.far.mac, false);
    // Instead of itself, it asks for the host.
    request[38..42].copy_from_slice(&[10, 77, 85, 9]);
    air.send_whole(&request, 0).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(100));
    let answer = ear.receive().unwrap().expect("an answer");
    assert_eq!(
        (answer.bytes[7], &answer.bytes[14..18]),
        (2, &[10, 77, 85, 9][..])
    );
    assert_eq!(answer.bytes[8..14], edge.near.mac.0);

    let proxy = |text: &str| Change::ReplaceProxy {
        index,
        address: address(text),
    };
    let hosts = ["10.77.85.10", "fd85::10"];
    path.apply(&hosts.map(proxy)).unwrap();
    let listed = || said("ip neigh show proxy dev edge0; ip -6 neigh show proxy dev edge0");
    assert!(hosts.iter().all(|host| listed().contains(host)));
    for _ in 0..2 {
        path.apply(&hosts.map(|text| Change::DeleteProxy {
            index,
            address: address(text),
        }))
        .unwrap();
    }
    assert!(!hosts.iter().any(|host| listed().contains(host)));
    path.remove_all().unwrap();
}
