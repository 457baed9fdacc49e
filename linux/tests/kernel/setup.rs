//! Interfaces, packets and what was seen of them.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::process::Command;
use std::time::{Duration, Instant};

use rether_linux::gate::{Gate, Hop, NfqGate, QueueOptions};
use rether_linux::link::Link;
use rether_linux::neigh::Neighbours;
use rether_linux::rules::{Placement, RulesConfig};
use rether_linux::token_socket::{ETHER_TYPE, TokenSocket};
use rether_proto::machine::Packet;

/// Runs a command line; it must succeed.
pub(crate) fn run(line: &str) {
    let status = Command::new("sh").args(["-c", line]).status().unwrap();
    assert!(status.success(), "{line}");
}

/// The interface called `name`.
pub(crate) fn link(name: &str) -> Link {
    Link::read(&name.parse().unwrap()).unwrap()
}

/// A cable: packets to `peer_address` leave by `near` and arrive at `far`, which has no address.
pub(crate) struct Cable {
    pub(crate) near: Link,
    pub(crate) far: Link,
    pub(crate) peer: Ipv4Addr,
}

impl Cable {
    pub(crate) fn lay(near: &str, far: &str, subnet: u8) -> Self {
        run(&format!("ip link add {near} type veth peer name {far}"));
        run(&format!("ip address add 10.77.{subnet}.1/24 dev {near}"));
        run(&format!("ip link set {near} up; ip link set {far} up"));
        run(&format!(
            "echo 1 > /proc/sys/net/ipv6/conf/{near}/disable_ipv6 || true"
        ));
        let (near, far) = (link(near), link(far));
        let peer = Ipv4Addr::new(10, 77, subnet, 2);
        run(&format!(
            "ip neigh replace {peer} lladdr {} dev {}",
            far.mac, near.name
        ));
        Self { near, far, peer }
    }

    /// Hears IPv4 packets that arrive at the far end.
    pub(crate) fn ear(&self) -> TokenSocket {
        TokenSocket::open(&self.far, 0x0800).unwrap()
    }

    pub(crate) fn rules(&self, placement: Placement, queue: u16) -> RulesConfig {
        RulesConfig {
            interface: self.near.name.clone(),
            placement,
            queue,
            ether_type: ETHER_TYPE,
        }
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        let _ = Command::new("ip")
            .args(["link", "del", self.near.name.as_str()])
            .status();
    }
}

/// A gate with one queue.
pub(crate) fn gate(queue: u16, hop: Hop) -> NfqGate {
    let mut gate = NfqGate::open().unwrap();
    gate.bind(queue, QueueOptions::new(hop)).unwrap();
    gate
}

/// Takes what has come to the gate.
pub(crate) fn take(gate: &mut NfqGate) -> Vec<Packet> {
    let mut packets = Vec::new();
    gate.receive(&Neighbours::default(), &mut |packet, _| {
        packets.push(packet)
    })
    .unwrap();
    packets
}

/// Sends numbered packets of 100 octets of payload.
pub(crate) struct Sender {
    socket: UdpSocket,
    to: SocketAddr,
}

impl Sender {
    pub(crate) fn new(to: Ipv4Addr, port: u16) -> Self {
        Self {
            socket: UdpSocket::bind("0.0.0.0:0").unwrap(),
            to: (to, port).into(),
        }
    }

    pub(crate) fn send(&self, number: u16) {
        let mut payload = [0; 100];
        payload[..2].copy_from_slice(&number.to_be_bytes());
        self.socket.send_to(&payload, self.to).unwrap();
    }
}

/// Numbers of the packets that have arrived, waiting at most a second for `count` of them, and a
/// little for any that should not come.
pub(crate) fn arrived(ear: &mut TokenSocket, count: usize) -> Vec<u16> {
    const LITTLE: Duration = Duration::from_millis(50);
    let mut numbers = Vec::new();
    let patience = if count == 0 {
        LITTLE
    } else {
        Duration::from_secs(1)
    };
    let mut until = Instant::now() + patience;
    while Instant::now() < until {
        match ear.receive().unwrap() {
            // IPv4 header without options, UDP header, payload.
            Some(frame) if frame.bytes.len() == 128 && frame.bytes[9] == 17 => {
                numbers.push(u16::from_be_bytes([frame.bytes[28], frame.bytes[29]]));
                if numbers.len() == count {
                    until = Instant::now() + LITTLE;
                }
            }
            Some(_) => {}
            None => std::thread::sleep(Duration::from_millis(1)),
        }
    }
    numbers
}
