//! Packets of stations that roam: caught, taken out, cut, sent again, or let go.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rether_linux::copy_socket::CopySocket;
use rether_linux::frame_socket::{Frame, FrameSocket};
use rether_linux::gate::{Gate, Hop};
use rether_linux::link::Link;
use rether_linux::roam_gate::{Fate, RoamQueue, RoamTable, RoamTableConfig};
use rether_linux::rules::{Mode, Placement, Rules, StationQueue};
use rether_linux::segment::cut;
use rether_linux::token_socket::ETHER_TYPE;
use rether_proto::mac::MacAddr;
use rether_proto::machine::Verdict;

use crate::setup::{Cable, Sender, arrived, gate, link, run, take};

const QUEUE: u16 = 90;
const OTHER: MacAddr = MacAddr([2, 0, 0, 0, 0x77, 9]);

/// A cable whose near end is a port of a bridge that has its address.
struct Cell {
    cable: Cable,
    bridge: String,
}

impl Cell {
    fn new(name: &str, subnet: u8) -> Self {
        let cable = Cable::lay(&format!("{name}0"), &format!("{name}1"), subnet);
        let (port, bridge) = (&cable.near.name, format!("{name}br"));
        run(&format!(
            "ip link add {bridge} type bridge; ip address flush dev {port};
             ip link set {port} master {bridge}; ip link set {bridge} up;
             ip address add 10.77.{subnet}.1/24 dev {bridge}"
        ));
        for (host, mac) in [(2, cable.far.mac), (3, OTHER)] {
            run(&format!(
                "ip neigh replace 10.77.{subnet}.{host} lladdr {mac} dev {bridge};
                 bridge fdb replace {mac} dev {port} master static"
            ));
        }
        run(&format!("ip link set {} promisc on", cable.far.name));
        Self { cable, bridge }
    }

    fn table(&self) -> RoamTableConfig {
        RoamTableConfig {
            interface: self.cable.near.name.clone(),
            queue: QUEUE,
            ether_type: ETHER_TYPE,
        }
    }
}

impl Drop for Cell {
    fn drop(&mut self) {
        let _ = Command::new("ip")
            .args(["link", "del", &self.bridge])
            .status();
    }
}

/// Numbers of what was caught, and of the packets inside by their first two octets of payload.
fn caught(queue: &mut RoamQueue, station: MacAddr, source: MacAddr) -> Vec<(u32, u16)> {
    let mut numbers = Vec::new();
    queue
        .receive(&mut |caught| {
            assert_eq!((caught.station, caught.source), (station, source));
            assert_eq!((caught.ether_type, caught.payload.len()), (0x0800, 128));
            let number = u16::from_be_bytes([caught.payload[28], caught.payload[29]]);
            numbers.push((caught.id, number));
        })
        .unwrap();
    numbers
}

#[test]
#[ignore = "needs root and nft_queue: run in the lab VM"]
fn a_station_that_roams_is_caught_and_no_other() {
    let cell = Cell::new("cat", 51);
    let (bridge, station) = (link(&cell.bridge).mac, cell.cable.far.mac);
    let mut ear = cell.cable.ear();
    let (to_it, to_other) = (
        Sender::new(cell.cable.peer, 5004),
        Sender::new([10, 77, 51, 3].into(), 5004),
    );
    let mut table = RoamTable::install(&cell.table()).unwrap();
    let mut queue = RoamQueue::open(QUEUE, 1000).unwrap();
    to_it.send(1);
    assert_eq!(arrived(&mut ear, 1), [1]);

    table.add(station).unwrap();
    table.add(station).unwrap();
    for number in 2..6 {
        to_it.send(number);
    }
    let mut leaving = CopySocket::sent(&cell.cable.near, ETHER_TYPE).unwrap();
    to_other.send(6);
    let passed = leaving.receive().unwrap().unwrap();
    assert_eq!((passed.to, &passed.payload[28..30]), (OTHER, &[0, 6][..]));
    assert_eq!(leaving.receive().unwrap(), None);
    let held = caught(&mut queue, station, bridge);
    assert_eq!(
        held.iter().map(|one| one.1).collect::<Vec<_>>(),
        [2, 3, 4, 5]
    );
    // One is taken out, one goes on; the set empties, and the others stay until they are let go.
    queue
        .apply([(held[1].0, Fate::Drop), (held[0].0, Fate::Accept)])
        .unwrap();
    assert_eq!(arrived(&mut ear, 1), [2]);
    table.remove_station(station).unwrap();
    table.remove_station(station).unwrap();
    to_it.send(7);
    assert_eq!(arrived(&mut ear, 1), [7]);
    queue.release_all().unwrap();
    assert_eq!(arrived(&mut ear, 2), [4, 5]);
    let counters = queue.counters();
    assert_eq!(
        (counters.caught, counters.accepted, counters.dropped),
        (4, 3, 1)
    );
    assert_eq!(
        (counters.held, counters.vanished, counters.unfit),
        (0, 0, 0)
    );

    // Many stations: the next one is found among them, and a packet of each that waits too long
    // does not keep that of another.
    for last in 0..100 {
        table.add(MacAddr([2, 0, 0, 9, 9, last])).unwrap();
    }
    table.add(OTHER).unwrap();
    table.add(station).unwrap();
    for number in 10..14 {
        to_it.send(number);
        to_other.send(100 + number);
    }
    let mut ids = Vec::new();
    queue
        .receive(&mut |caught| ids.push((caught.id, caught.station)))
        .unwrap();
    let ours = ids.iter().filter(|one| one.1 == station);
    queue.apply(ours.map(|one| (one.0, Fate::Accept))).unwrap();
    assert_eq!(arrived(&mut ear, 4), [10, 11, 12, 13]);
    assert_eq!(queue.counters().held, 4);

    // Whoever dies lets everything pass, and so does the table that he leaves behind.
    drop(queue);
    to_it.send(20);
    assert_eq!(arrived(&mut ear, 1), [20]);
    let mut queue = RoamQueue::open(QUEUE, 1000).unwrap();
    let table = RoamTable::install(&cell.table()).unwrap();
    to_it.send(21);
    assert_eq!(arrived(&mut ear, 1), [21]);
    queue.receive(&mut |caught| panic!("{caught:?}")).unwrap();
    assert!(RoamTable::remove_leftovers(&cell.cable.near.name).unwrap());
    assert!(!RoamTable::remove_leftovers(&cell.cable.near.name).unwrap());
    let mut table = table;
    table.remove_station(station).unwrap();
    assert!(table.add(station).is_err());
    table.remove().unwrap();
}

/// What is accepted meets the token gate behind; a full queue lets packets pass.
#[test]
#[ignore = "needs root and nft_queue: run in the lab VM"]
fn the_token_gate_is_behind() {
    let cell = Cell::new("two", 52);
    let station = cell.cable.far.mac;
    let mut ear = cell.cable.ear();
    let mut behind = gate(91, Hop::Station(station));
    let mut rules = Rules::new(cell.cable.rules(Placement::BridgedAp, 92));
    rules
        .set(&Mode::Hold(vec![StationQueue { station, queue: 91 }]))
        .unwrap();
    let mut table = RoamTable::install(&cell.table()).unwrap();
    let mut queue = RoamQueue::open(QUEUE, 2).unwrap();
    table.add(station).unwrap();
    let sender = Sender::new(cell.cable.peer, 5004);
    for number in 1..=3 {
        sender.send(number);
    }
    // The third did not find room.
    let passed = take(&mut behind);
    assert_eq!(passed.len(), 1);
    behind.apply(&[Verdict::Accept(passed[0].id)]).unwrap();
    assert_eq!(arrived(&mut ear, 1), [3]);
    let held = caught(&mut queue, station, link(&cell.bridge).mac);
    queue
        .apply(held.iter().map(|one| (one.0, Fate::Accept)))
        .unwrap();
    let accepted = take(&mut behind);
    assert_eq!((accepted.len(), arrived(&mut ear, 0)), (2, vec![]));
    let verdicts: Vec<_> = accepted
        .iter()
        .map(|packet| Verdict::Accept(packet.id))
        .collect();
    behind.apply(&verdicts).unwrap();
    assert_eq!(arrived(&mut ear, 2), [1, 2]);
    rules.remove().unwrap();
    table.remove().unwrap();
}

/// A host at the far end of a cable, in a network namespace of its own.
struct Far {
    name: &'static str,
}

impl Far {
    fn new(name: &'static str, cable: &Cable, subnet: u8) -> Self {
        let device = &cable.far.name;
        run(&format!(
            "ip netns add {name}; ip link set {device} netns {name};
             ip -n {name} link set {device} up; ip -n {name} link set lo up;
             ip -n {name} address add 10.77.{subnet}.2/24 dev {device}"
        ));
        Self { name }
    }

    /// Writes what comes over TCP to a file.
    fn listen(&self, file: &str) -> Child {
        let line = format!(
            "exec ip netns exec {} nc -l -p 7000 > {file} < /dev/null",
            self.name
        );
        let child = Command::new("sh").args(["-c", &line]).spawn().unwrap();
        sleep(Duration::from_millis(500));
        child
    }
}

impl Drop for Far {
    fn drop(&mut self) {
        let _ = Command::new("ip")
            .args(["netns", "del", self.name])
            .status();
    }
}

/// A transfer all of whose packets are caught, taken out, cut and sent by a packet socket, as they
/// would be over another access point.
#[test]
#[ignore = "needs root and nft_queue: run in the lab VM"]
fn superpackets_are_cut_and_sent_again() {
    const LENGTH: usize = 3_000_000;
    let cell = Cell::new("cut", 53);
    let far = Far::new("cutfar", &cell.cable, 53);
    let station = cell.cable.far.mac;
    let mut table = RoamTable::install(&cell.table()).unwrap();
    let mut queue = RoamQueue::open(QUEUE, 1000).unwrap();
    let mut air = FrameSocket::open(&cell.cable.near).unwrap();
    table.add(station).unwrap();
    let file = std::env::temp_dir().join("rether-cut");
    let mut listener = far.listen(file.to_str().unwrap());
    let data: Vec<u8> = (0..LENGTH).map(|at| (at * 31 % 251) as u8).collect();
    let address = SocketAddr::from(([10, 77, 53, 2], 7000));
    let sent = data.clone();
    let sender = std::thread::spawn(move || {
        use std::io::Write;
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(&sent).unwrap();
    });
    let (mut longest, mut most) = (0, 0);
    let until = Instant::now() + Duration::from_secs(60);
    while listener.try_wait().unwrap().is_none() {
        assert!(Instant::now() < until, "the transfer does not end");
        let mut ids = Vec::new();
        queue
            .receive(&mut |caught| {
                ids.push((caught.id, Fate::Drop));
                longest = longest.max(caught.payload.len());
                let send = &mut |piece: &[u8]| {
                    let frame = Frame {
                        to: caught.station,
                        from: caught.source,
                        ether_type: caught.ether_type,
                        payload: piece,
                    };
                    while let Err(error) = air.send(&frame, 0) {
                        assert!(error.is_full(), "{error}");
                        sleep(Duration::from_millis(1));
                    }
                };
                let pieces = cut(
                    caught.ether_type,
                    caught.payload,
                    caught.offload,
                    1500,
                    send,
                );
                most = most.max(pieces.unwrap());
            })
            .unwrap();
        let idle = ids.is_empty();
        queue.apply(ids).unwrap();
        if idle {
            sleep(Duration::from_millis(1));
        }
    }
    sender.join().unwrap();
    assert!(
        longest > 10_000 && most > 5,
        "{longest} octets, {most} pieces"
    );
    assert!(fs::read(&file).unwrap() == data);
    fs::remove_file(&file).unwrap();
    table.remove().unwrap();
}

/// What leaves is copied as it goes on the wire, and equals what arrives; nothing else is.
#[test]
#[ignore = "needs root: run in the lab VM or under `unshare -n`"]
fn what_is_sent_is_what_arrives() {
    let cable = Cable::lay("copy0", "copy1", 54);
    let mut sent = CopySocket::sent(&cable.near, ETHER_TYPE).unwrap();
    let mut received = CopySocket::received(&cable.far).unwrap();
    let mut reverse = CopySocket::received(&cable.near).unwrap();
    let sender = Sender::new(cable.peer, 5004);
    for number in 1..=3 {
        sender.send(number);
    }
    // A group's, EAPOL and ours are not copied.
    let socket = UdpSocket::bind("10.77.54.1:0").unwrap();
    socket.set_broadcast(true).unwrap();
    socket.send_to(b"everybody", "10.77.54.255:9").unwrap();
    let mut air = FrameSocket::open(&cable.near).unwrap();
    let frame = Frame {
        to: cable.far.mac,
        from: OTHER,
        ether_type: 0x888e,
        payload: &[1; 60],
    };
    air.send(&frame, 5).unwrap();
    air.send(
        &Frame {
            ether_type: ETHER_TYPE,
            ..frame
        },
        5,
    )
    .unwrap();
    let (leaving, arriving) = (all(&mut sent), all(&mut received));
    assert_eq!(leaving.len(), 3);
    assert_eq!(leaving, arriving);
    for (number, packet) in (1_u16..).zip(&leaving) {
        assert_eq!(
            (packet.len(), &packet[28..30]),
            (128, &number.to_be_bytes()[..])
        );
        // The checksum is whole: with the pseudo header, the sum is all ones.
        let mut pseudo = packet[12..20].to_vec();
        pseudo.extend([0, 17, 0, 108]);
        pseudo.extend(&packet[20..]);
        let sum: u32 = pseudo
            .chunks(2)
            .map(|pair| u32::from(pair[0]) << 8 | u32::from(pair[1]))
            .sum();
        assert_eq!((sum & 0xffff) + (sum >> 16), 0xffff);
    }
    let expected = [3, 0, 0];
    let counters = sent.counters().unwrap();
    assert_eq!(
        [counters.copied, counters.lost, counters.unreadable],
        expected
    );
    assert_eq!(all(&mut reverse), Vec::<Vec<u8>>::new());
    // What is not read in time is counted.
    let large = UdpSocket::bind("10.77.54.1:0").unwrap();
    for _ in 0..20_000 {
        let _ = large.send_to(&[0; 1400], (cable.peer, 5004));
    }
    let kept = all(&mut sent).len() as u64;
    let counters = sent.counters().unwrap();
    assert!(
        counters.lost > 0 && counters.copied == 3 + kept,
        "{counters:?}"
    );
}

/// All that was copied, cut.
fn all(socket: &mut CopySocket) -> Vec<Vec<u8>> {
    let mut packets = Vec::new();
    while let Some(copy) = socket.receive().unwrap() {
        let keep = &mut |piece: &[u8]| packets.push(piece.to_vec());
        cut(copy.ether_type, copy.payload, copy.offload, 1500, keep).unwrap();
    }
    packets
}

/// Superpackets of TCP are copied with the size of their pieces.
#[test]
#[ignore = "needs root: run in the lab VM"]
fn copies_of_superpackets_tell_their_size() {
    use std::io::Write;
    let cable = Cable::lay("tso0", "tso1", 55);
    let far = Far::new("tsofar", &cable, 55);
    let mut sent = CopySocket::sent(&cable.near, ETHER_TYPE).unwrap();
    let mut listener = far.listen("/dev/null");
    let mut stream = TcpStream::connect((Ipv4Addr::new(10, 77, 55, 2), 7000)).unwrap();
    stream.write_all(&[7; 400_000]).unwrap();
    drop(stream);
    listener.wait().unwrap();
    let (mut octets, mut large) = (0, 0);
    while let Some(copy) = sent.receive().unwrap() {
        if copy.ether_type != 0x0800 {
            continue;
        }
        large += usize::from(copy.offload.size.is_some_and(|size| size == 1448));
        let mut count = |piece: &[u8]| {
            assert!(piece.len() <= 1500);
            octets += piece.len() - 20 - usize::from(piece[32] >> 4) * 4;
        };
        cut(
            copy.ether_type,
            copy.payload,
            copy.offload,
            1500,
            &mut count,
        )
        .unwrap();
    }
    assert!(large > 5, "{large}");
    assert!((400_000..500_000).contains(&octets), "{octets}");
}

/// The interface may go down and come back.
#[test]
#[ignore = "needs root: run in the lab VM or under `unshare -n`"]
fn a_link_that_goes_down_is_said_so() {
    let cable = Cable::lay("down0", "down1", 56);
    let mut air = FrameSocket::open(&cable.near).unwrap();
    let mut sent = CopySocket::sent(&cable.near, ETHER_TYPE).unwrap();
    let frame = Frame {
        to: cable.far.mac,
        from: OTHER,
        ether_type: 0x0800,
        payload: &[0; 2000],
    };
    assert!(!air.send(&frame, 0).unwrap_err().is_link_down());
    run("ip link set down0 down");
    let short = Frame {
        payload: &[0; 60],
        ..frame
    };
    assert!(air.send(&short, 0).unwrap_err().is_link_down());
    assert!(sent.receive().unwrap_err().is_link_down());
    run("ip link set down0 up");
    air.send(&short, 0).unwrap();
    let copied = sent.receive().unwrap().unwrap();
    assert_eq!((copied.to, copied.from), (cable.far.mac, OTHER));
    assert!(Link::read(&cable.near.name).unwrap().up);
}
