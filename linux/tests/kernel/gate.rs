//! Holding and releasing at a station and at a routed AP.

use std::os::fd::AsFd;

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
    gate.receive(&neighbours, &mut |packet| stations.push(packet.station))
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
    gate.receive(&neighbours, &mut |packet| panic!("{packet:?}"))
        .unwrap();
    assert_eq!(arrived(&mut ear, 1), [2]);
    assert_eq!(gate.counters().unattributed, 1);
    rules.remove().unwrap();
}
