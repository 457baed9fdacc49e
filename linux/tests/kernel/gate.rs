//! Holding and releasing at a station and at a routed AP.

use std::os::fd::AsFd;
use std::process::Command;

use rether_linux::gate::{Gate, Hop, NfqGate, QueueOptions};
use rether_linux::neigh::{NeighbourSocket, Neighbours};
use rether_linux::poll;
use rether_linux::rules::{Mode, Placement, Rules};
use rether_proto::machine::Verdict;

use crate::setup::{Cable, Sender, arrived, gate, run, take};

#[test]
#[ignore = "needs root and nft_queue: run in the lab VM"]
fn holds_releases_and_drops_in_the_order_of_the_verdicts() {
    let cable = Cable::lay("hold0", "hold1", 1);
    let mut rules = Rules::new(cable.rules(Placement::Station, 21));
    let mut gate = gate(21, Hop::Station(cable.far.mac));
    let mut ear = cable.ear();
    rules.set(&Mode::Hold(vec![])).unwrap();
    let sender = Sender::new(cable.peer, 5004);
    (0..8).for_each(|number| sender.send(number));

    poll::wait([gate.as_fd()]).unwrap();
    let packets = take(&mut gate);
    assert_eq!(packets.len(), 8);
    for packet in &packets {
        assert_eq!((packet.len, packet.station), (128, cable.far.mac));
        assert_eq!((packet.flow.protocol, packet.flow.dst_port), (17, 5004));
        assert_eq!(packet.flow.dst, cable.peer);
        assert_eq!(packet.id.0 >> 32, 21);
    }
    assert_eq!(arrived(&mut ear, 0), []);

    // Two urgent ones first, then the oldest, one dropped, and again from the head.
    let accept = |number: usize| Verdict::Accept(packets[number].id);
    let verdicts = [
        accept(5),
        accept(3),
        accept(0),
        accept(1),
        Verdict::Drop(packets[2].id),
        accept(4),
    ];
    gate.apply(&verdicts).unwrap();
    assert_eq!(arrived(&mut ear, 5), [5, 3, 0, 1, 4]);
    assert_eq!(gate.counters().held, 2);

    gate.release_all().unwrap();
    assert_eq!(arrived(&mut ear, 2), [6, 7]);
    take(&mut gate);
    let counters = gate.counters();
    assert_eq!(
        (counters.received, counters.accepted, counters.dropped),
        (8, 7, 1)
    );
    assert_eq!((counters.held, counters.vanished), (0, 0));
    rules.remove().unwrap();
}

#[test]
#[ignore = "needs root and nft_queue: run in the lab VM"]
fn packets_of_a_link_that_went_down_have_vanished() {
    let cable = Cable::lay("down0", "down1", 2);
    let mut rules = Rules::new(cable.rules(Placement::Station, 22));
    let mut gate = gate(22, Hop::Station(cable.far.mac));
    rules.set(&Mode::Hold(vec![])).unwrap();
    let sender = Sender::new(cable.peer, 5004);
    (0..3).for_each(|number| sender.send(number));
    let packets = take(&mut gate);
    assert_eq!(packets.len(), 3);
    run("ip link set down0 down");
    let verdicts: Vec<_> = packets
        .iter()
        .map(|packet| Verdict::Accept(packet.id))
        .collect();
    gate.apply(&verdicts).unwrap();
    assert_eq!(take(&mut gate), []);
    assert_eq!(gate.counters().vanished, 3);

    // The gate goes on when the link is back.
    run("ip link set down0 up; ip neigh replace 10.77.2.2 lladdr 02:00:00:00:77:02 dev down0");
    sender.send(9);
    poll::wait([gate.as_fd()]).unwrap();
    assert_eq!(take(&mut gate).len(), 1);
    rules.remove().unwrap();
}

#[test]
#[ignore = "needs root and nft_queue: run in the lab VM"]
fn a_closed_gate_lets_pass_and_a_queue_has_one_owner() {
    let cable = Cable::lay("dead0", "dead1", 3);
    let mut rules = Rules::new(cable.rules(Placement::Station, 23));
    let mut ear = cable.ear();
    rules.set(&Mode::Hold(vec![])).unwrap();
    let sender = Sender::new(cable.peer, 5004);
    sender.send(1);
    assert_eq!(arrived(&mut ear, 1), [1]);

    let mut first = gate(23, Hop::Station(cable.far.mac));
    let mut second = NfqGate::open().unwrap();
    let options = QueueOptions::new(Hop::Station(cable.far.mac));
    let error = second.bind(23, options).unwrap_err();
    assert!(error.to_string().contains("another process"), "{error}");
    sender.send(2);
    assert_eq!(arrived(&mut ear, 0), []);
    assert_eq!(take(&mut first).len(), 1);
    first.unbind(23).unwrap();
    assert_eq!(arrived(&mut ear, 1), [2]);
    sender.send(3);
    assert_eq!(arrived(&mut ear, 1), [3]);
    rules.remove().unwrap();
}

#[test]
#[ignore = "needs root and nft_queue: run in the lab VM"]
fn a_full_queue_fails_open() {
    let cable = Cable::lay("full0", "full1", 4);
    let mut rules = Rules::new(cable.rules(Placement::Station, 24));
    let mut gate = NfqGate::open().unwrap();
    let hop = Hop::Station(cable.far.mac);
    gate.bind(
        24,
        QueueOptions {
            max_packets: 4,
            ..QueueOptions::new(hop)
        },
    )
    .unwrap();
    let mut ear = cable.ear();
    rules.set(&Mode::Hold(vec![])).unwrap();
    let sender = Sender::new(cable.peer, 5004);
    (0..7).for_each(|number| sender.send(number));
    assert_eq!(arrived(&mut ear, 3), [4, 5, 6]);
    gate.release_all().unwrap();
    assert_eq!(arrived(&mut ear, 4), [0, 1, 2, 3]);
    rules.remove().unwrap();
}

#[test]
#[ignore = "needs root and nft_queue: run in the lab VM"]
fn a_routed_ap_knows_its_stations_by_the_neighbour_table() {
    let cable = Cable::lay("route0", "route1", 5);
    let mut neighbours = Neighbours::default();
    let mut follower = NeighbourSocket::open(cable.near.index).unwrap();
    poll::wait([follower.as_fd()]).unwrap();
    follower.receive(&mut neighbours).unwrap();
    assert_eq!(neighbours.get(cable.peer.into()), Some(cable.far.mac));

    let mut rules = Rules::new(cable.rules(Placement::RoutedAp, 25));
    let mut gate = gate(25, Hop::Neighbour);
    let mut ear = cable.ear();
    rules.set(&Mode::Hold(vec![])).unwrap();
    let sender = Sender::new(cable.peer, 5004);
    sender.send(1);
    let mut stations = Vec::new();
    gate.receive(&neighbours, &mut |packet, _| stations.push(packet.station))
        .unwrap();
    assert_eq!(stations, [cable.far.mac]);
    gate.release_all().unwrap();
    assert_eq!(arrived(&mut ear, 1), [1]);

    run("ip neigh del 10.77.5.2 dev route0");
    poll::wait([follower.as_fd()]).unwrap();
    follower.receive(&mut neighbours).unwrap();
    assert_eq!(neighbours.get(cable.peer.into()), None);
    run(&format!(
        "ip neigh replace 10.77.5.2 lladdr {} dev route0",
        cable.far.mac
    ));
    sender.send(2);
    gate.receive(&neighbours, &mut |packet, _| panic!("{packet:?}"))
        .unwrap();
    assert_eq!(arrived(&mut ear, 1), [2]);
    assert_eq!(gate.counters().unattributed, 1);
    rules.remove().unwrap();
}

/// Packets of each traffic class that came by behind the gate.
fn class_counters() -> Vec<(String, u64)> {
    let output = Command::new("nft")
        .args(["list", "chain", "inet", "classes", "post"])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let counted = |line: &str| {
        let (_, rule) = line.split_once("meta priority ")?;
        let (class, rest) = rule.split_once(' ')?;
        let count = rest.split(' ').nth(2)?.parse().ok()?;
        Some((class.to_owned(), count))
    };
    text.lines().filter_map(counted).collect()
}

/// A granted packet is in AC_VI, one that was let go is not, nor one that found the queue full or
/// nobody at it.
#[test]
#[ignore = "needs root and nft_queue: run in the lab VM"]
fn only_granted_packets_are_in_the_class_of_the_profile() {
    let cable = Cable::lay("class0", "class1", 6);
    let mut rules = Rules::new(cable.rules(Placement::Station, 26));
    let mut gate = NfqGate::open().unwrap();
    let options = QueueOptions {
        max_packets: 4,
        ..QueueOptions::new(Hop::Station(cable.far.mac))
    };
    gate.bind(26, options).unwrap();
    let mut ear = cable.ear();
    rules.set(&Mode::Hold(vec![])).unwrap();
    run("nft add table inet classes");
    run("nft 'add chain inet classes post { type filter hook postrouting priority 310; }'");
    for class in ["0:100", "0:105"] {
        run(&format!(
            "nft add rule inet classes post oifname class0 udp dport 5004 meta priority {class} counter"
        ));
    }
    let sender = Sender::new(cable.peer, 5004);
    // Two of these find the queue full.
    (0..6).for_each(|number| sender.send(number));
    assert_eq!(arrived(&mut ear, 2), [4, 5]);
    let packets = take(&mut gate);
    assert_eq!(packets.len(), 4);
    gate.apply(&[
        Verdict::Grant(packets[0].id),
        Verdict::Grant(packets[1].id),
        Verdict::Accept(packets[2].id),
        Verdict::Grant(packets[3].id),
    ])
    .unwrap();
    assert_eq!(arrived(&mut ear, 4), [0, 1, 2, 3]);
    drop(gate);
    sender.send(6);
    assert_eq!(arrived(&mut ear, 1), [6]);
    let seen = class_counters();
    run("nft delete table inet classes");
    rules.remove().unwrap();
    assert_eq!(seen, [("0:100".into(), 4), ("0:105".into(), 3)]);
}
