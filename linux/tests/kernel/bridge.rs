//! A bridged AP: a queue per station.

use rether_linux::gate::{Gate, Hop, NfqGate, QueueOptions};
use rether_linux::rules::{FlowMatch, Mode, Placement, Remark, Rules, StationQueue};
use rether_linux::token_socket::{ETHER_TYPE, TokenSocket};
use rether_proto::flow::FlowKey;
use rether_proto::mac::MacAddr;
use rether_proto::machine::{Transmit, Verdict};

use crate::setup::{Cable, Sender, arrived, link, run, take};

const OTHER: MacAddr = MacAddr([2, 0, 0, 0, 0x77, 9]);

/// Makes the near end of a cable a port of a bridge that has its address.
fn bridge(cable: &Cable, bridge: &str, subnet: u8) {
    let port = &cable.near.name;
    run(&format!(
        "ip link add {bridge} type bridge; ip address flush dev {port}"
    ));
    run(&format!(
        "ip link set {port} master {bridge}; ip link set {bridge} up"
    ));
    run(&format!("ip address add 10.77.{subnet}.1/24 dev {bridge}"));
    for (host, mac) in [(2, cable.far.mac), (3, OTHER)] {
        run(&format!(
            "ip neigh replace 10.77.{subnet}.{host} lladdr {mac} dev {bridge}"
        ));
        run(&format!(
            "bridge fdb replace {mac} dev {port} master static"
        ));
    }
}

#[test]
#[ignore = "needs root and nft_queue: run in the lab VM"]
fn each_station_has_a_queue_and_strangers_pass() {
    let cable = Cable::lay("port0", "port1", 41);
    bridge(&cable, "br41", 41);
    assert_eq!(link("port0").bridge, Some(link("br41").index));
    let mut gate = NfqGate::open().unwrap();
    for (queue, hop) in [
        (40, Hop::LinkDestination),
        (41, Hop::Station(cable.far.mac)),
        (42, Hop::Station(OTHER)),
    ] {
        gate.bind(queue, QueueOptions::new(hop)).unwrap();
    }
    let mut ear = cable.ear();
    run("ip link set port1 promisc on");
    let mut rules = Rules::new(cable.rules(Placement::BridgedAp, 40));
    let first = StationQueue {
        station: cable.far.mac,
        queue: 41,
    };
    let second = StationQueue {
        station: OTHER,
        queue: 42,
    };
    let (to_first, to_second) = (
        Sender::new(cable.peer, 5004),
        Sender::new([10, 77, 41, 3].into(), 5004),
    );

    rules.set(&Mode::Hold(vec![first])).unwrap();
    to_first.send(1);
    let held = take(&mut gate);
    assert_eq!((held.len(), held[0].id.0 >> 32, held[0].len), (1, 41, 128));
    assert_eq!(held[0].flow.dst, cable.peer);

    // A second station comes while a packet of the first is held.
    to_second.send(9);
    assert_eq!(take(&mut gate), []);
    rules.set(&Mode::Hold(vec![first, second])).unwrap();
    to_second.send(2);
    let more = take(&mut gate);
    assert_eq!(
        (more.len(), more[0].id.0 >> 32, more[0].station),
        (1, 42, OTHER)
    );
    gate.apply(&[Verdict::Accept(held[0].id), Verdict::Accept(more[0].id)])
        .unwrap();
    assert_eq!(arrived(&mut ear, 1), [1]);

    // It goes again; the queue of the first goes on.
    rules.set(&Mode::Hold(vec![first])).unwrap();
    to_first.send(3);
    assert_eq!(take(&mut gate).len(), 1);
    rules.set(&Mode::OPEN).unwrap();
    gate.release_all().unwrap();
    assert_eq!(arrived(&mut ear, 1), [3]);
    assert_eq!(gate.counters().vanished, 0);

    // Watched packets come by the base queue and tell their station by the Ethernet header.
    let port = FlowMatch {
        dst_ports: Some(5004..=5004),
        ..FlowMatch::default()
    };
    rules.set(&Mode::Watch(vec![port])).unwrap();
    to_second.send(4);
    let watched = take(&mut gate);
    assert_eq!(
        (watched.len(), watched[0].id.0 >> 32, watched[0].station),
        (1, 40, OTHER)
    );
    rules.set(&Mode::OPEN).unwrap();
    gate.release_all().unwrap();
    rules.remove().unwrap();
    run("ip link del br41");
}

/// The bridge takes frames away before sockets bound to an `EtherType` see them.
#[test]
#[ignore = "needs root: run in the lab VM or under `unshare -n`"]
fn a_bridge_port_hears_tokens() {
    let cable = Cable::lay("bear0", "bear1", 42);
    bridge(&cable, "br42", 42);
    let mut ap = TokenSocket::open(&link("bear0"), ETHER_TYPE).unwrap();
    let mut station = TokenSocket::open(&cable.far, ETHER_TYPE).unwrap();
    for (to, heard) in [
        (cable.near.mac, true),
        (MacAddr::BROADCAST, true),
        (OTHER, false),
    ] {
        let transmit = Transmit {
            to,
            len: 5,
            tid: 6,
            handle: None,
        };
        station.send(&transmit, b"token").unwrap();
        let received = ap.receive().unwrap();
        assert_eq!(received.is_some(), heard, "{to}");
        assert!(received.is_none_or(|frame| frame.from == cable.far.mac && frame.to == to));
        // Our own frames and those of other types are not heard.
        ap.send(
            &Transmit {
                to: cable.far.mac,
                ..transmit
            },
            b"reply",
        )
        .unwrap();
        Sender::new(cable.peer, 9).send(0);
        assert_eq!(ap.receive().unwrap(), None);
        assert_eq!(station.receive().unwrap().unwrap().bytes, b"reply");
    }
    run("ip link del br42");
}

/// An IPv4 packet of `protocol` from 10.77.43.7 to 10.77.44.8, with ports 5004 and 5006.
fn packet(protocol: u8, dscp: u8) -> Vec<u8> {
    #[rustfmt::skip]
    let mut packet = vec![
        0x45, dscp << 2, 0, 40, 0, 0, 0, 0, 64, protocol, 0, 0, 10, 77, 43, 7, 10, 77, 44, 8,
        0x13, 0x8c, 0x13, 0x8e, 0, 20, 0, 0,
    ];
    packet.resize(40, 0);
    let sum = !checksum(&packet[..20]);
    packet[10..12].copy_from_slice(&sum.to_be_bytes());
    packet
}

/// The ones' complement sum of RFC 1071; 0xffff over a sound header.
fn checksum(header: &[u8]) -> u16 {
    let words = header
        .chunks(2)
        .map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]])));
    let sum: u32 = words.sum();
    u16::try_from((sum & 0xffff) + (sum >> 16)).unwrap()
}

/// Packets of marked flows that come in by the port leave the bridge with their new DSCP; others,
/// and those that come in elsewhere, keep theirs.
#[test]
#[ignore = "needs root and nftables: run in the lab VM"]
fn packets_from_the_radio_are_marked_anew() {
    let (radio, wire) = (
        Cable::lay("mark0", "mark1", 43),
        Cable::lay("mark2", "mark3", 44),
    );
    bridge(&radio, "br43", 43);
    run("ip address flush dev mark2; ip link set mark2 master br43");
    let port = |link| TokenSocket::open(link, 0x0800).unwrap();
    let (mut near, mut far) = (port(&radio.far), port(&wire.far));
    let mut rules = Rules::new(radio.rules(Placement::BridgedAp, 43));
    let flow = FlowKey::from_ip(&packet(17, 0));
    let ping = FlowKey {
        protocol: 1,
        src_port: 0,
        dst_port: 0,
        ..flow
    };
    let tcp = FlowKey {
        protocol: 6,
        ..flow
    };
    rules.set(&Mode::OPEN).unwrap();
    let remark = |flow, dscp| Remark { flow, dscp };
    rules
        .remark(&[
            remark(flow, 46),
            remark(ping, 40),
            remark(tcp.reversed(), 46),
        ])
        .unwrap();

    let carried = |from: &mut TokenSocket, to: &mut TokenSocket, mac, protocol| {
        let transmit = Transmit {
            to: mac,
            len: 40,
            tid: 0,
            handle: None,
        };
        from.send(&transmit, &packet(protocol, 18)).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(50));
        loop {
            let frame = to.receive().unwrap().expect("the packet arrives");
            if frame.to == mac {
                assert_eq!(checksum(&frame.bytes[..20]), 0xffff);
                return frame.bytes[1] >> 2;
            }
        }
    };
    assert_eq!(carried(&mut near, &mut far, wire.far.mac, 17), 46);
    assert_eq!(carried(&mut near, &mut far, wire.far.mac, 1), 40);
    assert_eq!(carried(&mut near, &mut far, wire.far.mac, 6), 18);
    assert_eq!(carried(&mut far, &mut near, radio.far.mac, 17), 18);
    rules.remark(&[]).unwrap();
    assert_eq!(carried(&mut near, &mut far, wire.far.mac, 17), 18);
    rules.remark(&[remark(flow, 10)]).unwrap();
    assert_eq!(carried(&mut near, &mut far, wire.far.mac, 17), 10);
    rules.remove().unwrap();
    assert_eq!(carried(&mut near, &mut far, wire.far.mac, 17), 18);
    run("ip link del br43");
}
