//! Packets that the gate copied, taken in again as if the radio had received them.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::process::Command;
use std::time::Duration;

use rether_linux::gate::{Gate, Hop, NfqGate, QueueOptions};
use rether_linux::inject::{InjectError, Injector};
use rether_linux::link::Link;
use rether_linux::neigh::Neighbours;
use rether_linux::on_link::on_link;
use rether_linux::packet::whole;
use rether_linux::rules::{Mode, Placement, Rules};
use rether_proto::machine::Verdict;

use crate::setup::{Cable, run};

/// The way back of a packet: addresses and ports change places. No checksum changes by that.
fn turned(packet: &[u8]) -> Vec<u8> {
    let mut turned = packet.to_vec();
    let (at, length) = if packet[0] >> 4 == 4 {
        (12, 4)
    } else {
        (8, 16)
    };
    let ports = at + 2 * length;
    for octet in 0..length {
        turned.swap(at + octet, at + length + octet);
    }
    turned.swap(ports, ports + 2);
    turned.swap(ports + 1, ports + 3);
    turned
}

fn is_there(device: &str) -> bool {
    Link::read(&device.parse().unwrap()).is_ok()
}

/// How many packets the rule that counts them has seen.
fn counted() -> u64 {
    let output = Command::new("nft")
        .args(["list", "table", "inet", "seen"])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let (_, behind) = text.split_once("packets ").unwrap();
    behind.split(' ').next().unwrap().parse().unwrap()
}

#[test]
#[ignore = "needs root, nft_queue and act_mirred: run in the lab VM"]
fn a_copied_packet_is_taken_in_where_the_radio_receives() {
    let cable = Cable::lay("take0", "take1", 61);
    run("sysctl -qw net.ipv6.conf.take0.disable_ipv6=0 net.ipv6.conf.take0.accept_dad=0");
    run("ip address add fd77::1/64 dev take0 nodad");
    run(&format!(
        "ip neigh replace fd77::2 lladdr {} dev take0",
        cable.far.mac
    ));
    // What a strict reverse path filter lets pass came by the right interface.
    run("sysctl -qw net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.take0.rp_filter=1");
    run("nft add table inet seen");
    run("nft 'add chain inet seen in { type filter hook input priority 0; }'");
    run("nft add rule inet seen in iifname take0 meta l4proto udp counter");
    let mut rules = Rules::new(cable.rules(Placement::Station, 61));
    let mut gate = NfqGate::open().unwrap();
    gate.copy(Some(Vec::new()));
    gate.bind(61, QueueOptions::new(Hop::Station(cable.far.mac)))
        .unwrap();
    rules.set(&Mode::Hold(vec![])).unwrap();
    let mut injector = Injector::open(&cable.near, None).unwrap();
    let device = injector.name().to_owned();
    assert!(is_there(&device));
    let networks = on_link(cable.near.index).unwrap();
    assert!(networks.iter().any(|net| net.contains(cable.peer.into())));
    assert!(
        networks
            .iter()
            .any(|net| net.contains("fd77::9".parse().unwrap()))
    );

    for (own, peer) in [
        (IpAddr::from([10, 77, 61, 1]), IpAddr::from(cable.peer)),
        ("fd77::1".parse().unwrap(), "fd77::2".parse().unwrap()),
    ] {
        let socket = UdpSocket::bind(SocketAddr::new(own, 0)).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_millis(300)))
            .unwrap();
        // The last one is too long to be copied whole.
        for length in [1, 160, 580, 1200] {
            socket
                .send_to(&vec![length as u8; length], SocketAddr::new(peer, 5004))
                .unwrap();
        }
        let mut copies = Vec::new();
        let mut verdicts = Vec::new();
        gate.receive(&Neighbours::default(), &mut |packet, bytes| {
            // The kernel's own group messages come, too.
            if packet.flow.protocol == 17 {
                copies.push(bytes.map(<[u8]>::to_vec));
                verdicts.push(Verdict::Carry(packet.id));
            }
        })
        .unwrap();
        gate.apply(&verdicts).unwrap();
        let lengths: Vec<_> = copies
            .iter()
            .map(|copy| copy.as_ref().map(Vec::len))
            .collect();
        let header = if own.is_ipv4() { 28 } else { 48 };
        assert_eq!(
            lengths,
            [
                Some(1 + header),
                Some(160 + header),
                Some(580 + header),
                None
            ]
        );

        // The socket takes only what has the right checksum.
        let mut buffer = [0; 2048];
        for copy in copies.into_iter().flatten() {
            let mut back = turned(&copy);
            injector.inject(cable.far.mac, &back).unwrap();
            let (length, from) = socket.recv_from(&mut buffer).unwrap();
            assert_eq!(length, copy.len() - header);
            assert_eq!(from, SocketAddr::new(peer, 5004));
            assert!(buffer[..length].iter().all(|octet| *octet == length as u8));
            *back.last_mut().unwrap() ^= 1;
            injector.inject(cable.far.mac, &back).unwrap();
            assert!(socket.recv_from(&mut buffer).is_err(), "a wrong checksum");
        }
    }
    assert_eq!(gate.counters().carried, 8);
    assert_eq!(counted(), 12);

    let odd = [0x45; 10];
    assert_eq!(whole(&odd), None);
    let refused = injector.inject(cable.far.mac, &odd);
    assert!(matches!(refused, Err(InjectError::Unfit)), "{refused:?}");

    // A second one, as of another daemon; each goes with its file descriptor.
    let second = Injector::open(&cable.near, None).unwrap();
    let other = second.name().to_owned();
    assert!(other != device && is_there(&other));
    drop(second);
    assert!(!is_there(&other) && is_there(&device));
    run(&format!("ip link del {device}"));
    let packet = [&[0x45, 0, 0, 20], &[0; 12][..], &[10, 77, 61, 1]].concat();
    let refused = injector.inject(cable.far.mac, &packet);
    assert!(
        matches!(refused, Err(InjectError::Refused(_))),
        "{refused:?}"
    );
    rules.remove().unwrap();
    run("nft delete table inet seen");
    run("sysctl -qw net.ipv4.conf.all.rp_filter=0");
}
