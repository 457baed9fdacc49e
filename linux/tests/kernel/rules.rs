//! Mode changes: what is queued, and that no packet is lost by them.

use std::process::Command;
use std::thread;
use std::time::Duration;

use rether_linux::gate::{Gate, Hop};
use rether_linux::neigh::Neighbours;
use rether_linux::rules::{
    FlowMatch, Mode, Placement, Prefix, Protocol, Rules, StationQueue, try_queue_rule,
};
use rether_proto::machine::Verdict;

use crate::setup::{Cable, Sender, arrived, gate, run, take};

fn tables() -> String {
    let output = Command::new("nft")
        .args(["list", "tables"])
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
#[ignore = "needs root and nft_queue: run in the lab VM"]
fn watch_leaves_everything_else_alone() {
    let cable = Cable::lay("watch0", "watch1", 11);
    let mut rules = Rules::new(cable.rules(Placement::Station, 31));
    let mut gate = gate(31, Hop::Station(cable.far.mac));
    let mut ear = cable.ear();
    let voice = FlowMatch {
        protocol: Some(Protocol::Udp),
        dst: Some(Prefix {
            address: cable.peer.into(),
            length: 32,
        }),
        dst_ports: Some(5004..=5005),
        ..FlowMatch::default()
    };
    let by_ports = FlowMatch {
        src_ports: Some(9..=9),
        ..FlowMatch::default()
    };
    let by_dscp = FlowMatch {
        dscp: Some(46),
        ..FlowMatch::default()
    };
    rules
        .set(&Mode::Watch(vec![voice, by_ports, by_dscp]))
        .unwrap();
    Sender::new(cable.peer, 5005).send(1);
    Sender::new(cable.peer, 5006).send(2);
    assert_eq!(arrived(&mut ear, 1), [2]);
    let packets = take(&mut gate);
    assert_eq!(packets.len(), 1);
    gate.apply(&[Verdict::Accept(packets[0].id)]).unwrap();
    assert_eq!(arrived(&mut ear, 1), [1]);
    rules.remove().unwrap();
    assert!(!tables().contains("rether_watch0"));
}

#[test]
#[ignore = "needs root and nft_queue: run in the lab VM"]
fn the_link_keeps_what_it_needs() {
    let cable = Cable::lay("need0", "need1", 12);
    let mut rules = Rules::new(cable.rules(Placement::Station, 32));
    let mut gate = gate(32, Hop::Station(cable.far.mac));
    let mut ear = cable.ear();
    rules.set(&Mode::Hold(vec![])).unwrap();
    Sender::new(cable.peer, 67).send(1);
    assert_eq!(arrived(&mut ear, 1), [1]);
    assert_eq!(take(&mut gate), []);
    rules.remove().unwrap();
}

/// To hold is one element of a set, of a table that is not there any more.
#[test]
#[ignore = "needs root and nft_queue: run in the lab VM"]
fn what_somebody_deleted_is_made_anew() {
    let cable = Cable::lay("gone0", "gone1", 16);
    let mut rules = Rules::new(cable.rules(Placement::Station, 38));
    let mut gate = gate(38, Hop::Station(cable.far.mac));
    let mut ear = cable.ear();
    rules.set(&Mode::OPEN).unwrap();
    run("nft delete table inet rether_gone0");
    rules.set(&Mode::Hold(vec![])).unwrap();
    let sender = Sender::new(cable.peer, 5004);
    sender.send(1);
    let held = take(&mut gate);
    assert_eq!(held.len(), 1);
    gate.apply(&[Verdict::Accept(held[0].id)]).unwrap();
    assert_eq!(arrived(&mut ear, 1), [1]);
    rules.set(&Mode::OPEN).unwrap();
    sender.send(2);
    assert_eq!(arrived(&mut ear, 1), [2]);
    rules.remove().unwrap();
}

/// Packets keep coming while the mode changes forth and back; each arrives exactly once.
#[test]
#[ignore = "needs root and nft_queue: run in the lab VM"]
fn changing_modes_loses_nothing() {
    const COUNT: u16 = 2000;
    let cable = Cable::lay("mode0", "mode1", 13);
    let mut rules = Rules::new(cable.rules(Placement::Station, 33));
    let mut gate = gate(33, Hop::Station(cable.far.mac));
    let mut ear = cable.ear();
    rules.set(&Mode::OPEN).unwrap();
    let sender = Sender::new(cable.peer, 5004);
    let stream = thread::spawn(move || {
        for number in 0..COUNT {
            sender.send(number);
            thread::sleep(Duration::from_micros(200));
        }
    });
    let changes = thread::spawn(move || {
        for _ in 0..4 {
            rules.set(&Mode::Hold(vec![])).unwrap();
            thread::sleep(Duration::from_millis(30));
            rules.set(&Mode::OPEN).unwrap();
            thread::sleep(Duration::from_millis(30));
        }
        rules
    });
    let mut numbers = Vec::new();
    while !(stream.is_finished() && changes.is_finished()) {
        let mut verdicts = Vec::new();
        gate.receive(&Neighbours::default(), &mut |packet, _| {
            verdicts.push(Verdict::Accept(packet.id));
        })
        .unwrap();
        thread::sleep(Duration::from_millis(5));
        gate.apply(&verdicts).unwrap();
        numbers.extend(arrived(&mut ear, 0));
    }
    stream.join().unwrap();
    let mut rules = changes.join().unwrap();
    gate.release_all().unwrap();
    rules.remove().unwrap();
    numbers.extend(arrived(&mut ear, 0));
    numbers.sort_unstable();
    assert!(gate.counters().received > 0);
    assert_eq!(gate.counters().vanished, 0);
    assert!(
        numbers.iter().copied().eq(0..COUNT),
        "{} of {COUNT} arrived",
        numbers.len()
    );
}

#[test]
#[ignore = "needs root and nft_queue: run in the lab VM"]
fn leftovers_go_and_others_stay() {
    let cable = Cable::lay("left0", "left1", 14);
    for placement in [Placement::Station, Placement::BridgedAp] {
        let mut killed = Rules::new(cable.rules(placement, 34));
        killed.set(&Mode::Hold(vec![])).unwrap();
    }
    run("nft add table inet rether_left01");
    assert!(Rules::flush_leftovers(&cable.near.name).unwrap());
    run("! nft list ruleset | grep queue");
    assert!(Rules::remove_leftovers(&cable.near.name).unwrap());
    assert_eq!(tables(), "table inet rether_left01\n");
    assert!(!Rules::remove_leftovers(&cable.near.name).unwrap());
    run("nft delete table inet rether_left01");

    // A table that somebody else has removed is no error.
    let mut rules = Rules::new(cable.rules(Placement::Station, 34));
    rules.set(&Mode::OPEN).unwrap();
    run("nft flush ruleset");
    rules.remove().unwrap();
    let mut rules = Rules::new(cable.rules(Placement::BridgedAp, 34));
    let (station, queue) = (cable.far.mac, 35);
    rules
        .set(&Mode::Hold(vec![StationQueue { station, queue }]))
        .unwrap();
    run("nft flush ruleset");
    rules.set(&Mode::Hold(vec![])).unwrap();
    rules.remove().unwrap();
    for placement in [Placement::Station, Placement::BridgedAp] {
        try_queue_rule(placement).unwrap();
    }
    assert_eq!(tables(), "");
}
