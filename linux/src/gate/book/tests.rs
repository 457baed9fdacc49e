use rether_proto::mac::MacAddr;

use super::*;
use crate::gate::pieces::is_piece;
use crate::netlink::Message;

const AP: MacAddr = MacAddr([2, 0, 0, 0, 0, 1]);
const STATION: MacAddr = MacAddr([2, 0, 0, 0, 1, 0]);

/// A UDP packet from 10.0.0.1:5004 to 10.0.0.2:5006, EF, 228 octets, of which 40 were copied.
fn udp() -> Vec<u8> {
    #[rustfmt::skip]
    let mut packet = vec![
        0x45, 0xb8, 0, 228, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2,
        0x13, 0x8c, 0x13, 0x8e, 0, 208, 0, 0,
    ];
    packet.resize(40, 0);
    packet
}

fn queued(queue: u8, id: u32, protocol: u16) -> Vec<u8> {
    let mut header = [0; 7];
    header[..4].copy_from_slice(&id.to_be_bytes());
    header[4..6].copy_from_slice(&protocol.to_be_bytes());
    let mut buffer = Vec::new();
    Message::begin(&mut buffer, 0x300, 0, 0, &[7, 0, 0, queue])
        .attribute(1, &header)
        .attribute(20, &[2, 0, 0, 0, 1, 0, 2, 0, 0, 0, 0, 0, 0x08, 0x00])
        .attribute(13, &228_u32.to_be_bytes())
        .attribute(10, &udp());
    buffer
}

fn give(book: &mut Book, neighbours: &Neighbours, datagram: &[u8]) -> Vec<Packet> {
    let mut packets = Vec::new();
    book.datagram(datagram, neighbours, &mut |packet, bytes| {
        assert_eq!(bytes, None, "it was copied in part only");
        packets.push(packet);
    });
    packets
}

/// A message with all 28 octets of a packet to 10.0.0.2, 18 octets of padding behind it.
fn small(id: u32, more: impl FnOnce(Message<'_>)) -> Vec<u8> {
    let mut header = [0; 7];
    header[..4].copy_from_slice(&id.to_be_bytes());
    header[4..6].copy_from_slice(&0x0800_u16.to_be_bytes());
    let mut packet = udp();
    packet[3] = 28;
    packet.resize(46, 0);
    let mut buffer = Vec::new();
    let message = Message::begin(&mut buffer, 0x300, 0, 0, &[7, 0, 0, 1])
        .attribute(1, &header)
        .attribute(10, &packet);
    more(message);
    buffer
}

#[test]
fn small_packets_are_copied_where_they_are_wanted() {
    let mut book = Book::default();
    book.add_queue(1, Hop::Station(AP));
    let copied = |book: &mut Book, datagram: &[u8]| {
        let mut copies = Vec::new();
        book.datagram(datagram, &Neighbours::default(), &mut |_, bytes| {
            copies.push(bytes.map(<[u8]>::len));
        });
        copies
    };
    let plain = small(1, |_| {});
    assert_eq!(copied(&mut book, &plain), [None]);
    assert_eq!(book.range(), 128);
    book.copy(Some(Vec::new()));
    assert_eq!(book.range(), 640);
    assert_eq!(copied(&mut book, &plain), [Some(28)]);
    // Its checksum was left to the hardware; a VLAN tag is beside it; it is segmented later only.
    let unfinished = small(2, |message| {
        message.attribute(14, &[0, 0, 0, 1]);
    });
    let tagged = small(3, |message| {
        message.attribute(19, &[0; 8]);
    });
    let offloaded = small(4, |message| {
        message.attribute(14, &[0, 0, 0, 2]);
    });
    assert_eq!(copied(&mut book, &unfinished), [Some(28)]);
    assert_eq!(copied(&mut book, &tagged), [None]);
    assert_eq!(copied(&mut book, &offloaded), [Some(28)]);
    book.copy(Some(vec![Prefix {
        addr: [10, 0, 0, 9].into(),
        bits: 24,
    }]));
    assert_eq!(copied(&mut book, &plain), [None]);
    book.apply(&[Verdict::Carry(PacketId(1 << 32 | 1))]);
    assert_eq!((book.counters().carried, book.counters().dropped), (1, 0));
}

#[test]
fn the_packet_has_its_key_length_and_station() {
    let mut book = Book::default();
    book.add_queue(1, Hop::Station(AP));
    book.add_queue(2, Hop::LinkDestination);
    book.add_queue(3, Hop::Neighbour);
    let mut neighbours = Neighbours::default();
    neighbours.set([10, 0, 0, 2].into(), Some(STATION));
    for (queue, station) in [(1, AP), (2, STATION), (3, STATION)] {
        let packets = give(&mut book, &neighbours, &queued(queue, 9, 0x0800));
        let [packet] = packets[..] else {
            panic!("{packets:?}")
        };
        assert_eq!(packet.id, PacketId(u64::from(queue) << 32 | 9));
        assert_eq!((packet.station, packet.len), (station, 228));
        assert_eq!(
            (packet.flow.src_port, packet.flow.dst_port, packet.flow.dscp),
            (5004, 5006, 46)
        );
    }
    assert!(book.out.is_empty());
    assert_eq!(
        book.counters(),
        Counters {
            received: 3,
            held: 3,
            ..Counters::default()
        }
    );
}

#[test]
fn what_cannot_be_attributed_passes_at_once() {
    let mut book = Book::default();
    book.add_queue(3, Hop::Neighbour);
    assert!(give(&mut book, &Neighbours::default(), &queued(3, 9, 0x0800)).is_empty());
    // A queue that was given up has packets under way.
    assert!(give(&mut book, &Neighbours::default(), &queued(4, 1, 0x0800)).is_empty());
    let counters = book.counters();
    assert_eq!(
        (counters.unattributed, counters.accepted, counters.held),
        (2, 2, 0)
    );
    let mut expected = Vec::new();
    wire::verdict(&mut expected, 3, Scope::One(9), Fate::Accept, 1);
    wire::verdict(&mut expected, 4, Scope::One(1), Fate::Accept, 1);
    assert_eq!(book.out, expected);
}

#[test]
fn what_is_not_ip_has_no_key() {
    let mut book = Book::default();
    book.add_queue(1, Hop::Station(AP));
    let packets = give(&mut book, &Neighbours::default(), &queued(1, 1, 0x88cc));
    assert_eq!(packets[0].flow, FlowKey::UNKNOWN);
}

#[test]
fn verdicts_become_messages_and_errors_are_counted() {
    let mut book = Book::default();
    book.add_queue(1, Hop::Station(AP));
    for id in 1..=4 {
        give(&mut book, &Neighbours::default(), &queued(1, id, 0x0800));
    }
    let id = |n: u64| PacketId(1 << 32 | n);
    book.apply(&[
        Verdict::Accept(id(4)),
        Verdict::Accept(id(1)),
        Verdict::Accept(id(2)),
        Verdict::Drop(id(3)),
        Verdict::Drop(PacketId(u64::MAX)),
        Verdict::Accept(PacketId(77 << 32)),
    ]);
    let mut expected = Vec::new();
    wire::verdict(&mut expected, 1, Scope::One(4), Fate::Accept, 1);
    wire::verdict(&mut expected, 1, Scope::UpTo(2), Fate::Accept, 2);
    wire::verdict(&mut expected, 1, Scope::UpTo(3), Fate::Drop, 1);
    assert_eq!(book.out, expected);

    let mut error = Vec::new();
    let refused = (-libc::ENOENT).to_ne_bytes();
    Message::begin(&mut error, 2, 0, 2, &refused);
    Message::begin(&mut error, 2, 0, CONFIG_BIT | 9, &refused);
    give(&mut book, &Neighbours::default(), &error);
    let counters = book.counters();
    assert_eq!(
        (counters.accepted, counters.dropped, counters.vanished),
        (3, 1, 2)
    );
}

#[test]
fn release_all_is_one_message_a_queue() {
    let mut book = Book::default();
    for queue in [1, 2] {
        book.add_queue(queue.into(), Hop::Station(AP));
        for id in 5..8 {
            give(
                &mut book,
                &Neighbours::default(),
                &queued(queue, id, 0x0800),
            );
        }
    }
    book.release_all();
    let mut expected = Vec::new();
    wire::verdict(&mut expected, 1, Scope::UpTo(7), Fate::Accept, 3);
    wire::verdict(&mut expected, 2, Scope::UpTo(7), Fate::Accept, 3);
    assert_eq!(book.out, expected);
    assert_eq!(book.counters().held, 0);
    assert!(book.remove_queue(1) && !book.remove_queue(1));
    assert_eq!(book.out, expected);
}

/// A message with a TCP packet of `data` octets of payload to 10.0.0.2, EF, its checksum left to the
/// hardware.
fn superpacket(id: u32, data: usize, more: impl FnOnce(Message<'_>)) -> Vec<u8> {
    let mut header = [0; 7];
    header[..4].copy_from_slice(&id.to_be_bytes());
    header[4..6].copy_from_slice(&0x0800_u16.to_be_bytes());
    let tcp = etherparse::PacketBuilder::ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64);
    let tcp = tcp.tcp(443, 50_000, 1, 1024);
    let payload: Vec<u8> = (0..data).map(|at| at as u8).collect();
    let mut packet = vec![0; tcp.size(data)];
    tcp.write_to_slice(&mut packet, &payload).unwrap();
    packet[1] = 46 << 2;
    let mut buffer = Vec::new();
    let message = Message::begin(&mut buffer, 0x300, 0, 0, &[7, 0, 0, 1])
        .attribute(1, &header)
        .attribute(20, &[2, 0, 0, 0, 1, 0, 2, 0, 0, 0, 0, 9, 0x08, 0x00])
        .attribute(14, &[0, 0, 0, 3])
        .attribute(10, &packet);
    more(message);
    buffer
}

fn cutting() -> Book {
    let mut book = Book::default();
    book.add_queue(1, Hop::LinkDestination);
    book.cut();
    book
}

#[test]
fn superpackets_are_held_in_pieces() {
    let mut book = cutting();
    assert_eq!(book.range(), wire::WHOLE);
    book.copy(Some(Vec::new()));
    assert_eq!(book.range(), wire::WHOLE);
    let mut seen = Vec::new();
    let message = superpacket(9, 3_000, |_| {});
    book.datagram(&message, &Neighbours::default(), &mut |packet, bytes| {
        seen.push((packet, bytes.map(<[u8]>::len)));
    });
    // Of the last, which is small, there is a copy to travel inside of a frame.
    let lengths: Vec<_> = seen
        .iter()
        .map(|(packet, copy)| (packet.len, *copy))
        .collect();
    assert_eq!(lengths, [(1500, None), (1500, None), (120, Some(120))]);
    assert!(seen.iter().all(|(packet, _)| packet.station == STATION));
    assert!(
        seen.iter()
            .all(|(packet, _)| packet.flow.dst_port == 50_000)
    );
    // The kernel's packet has gone by then.
    let mut dropped = Vec::new();
    wire::verdict(&mut dropped, 1, Scope::One(9), Fate::Drop, 1);
    assert_eq!(book.out, dropped);
    let counters = book.counters();
    assert_eq!(
        (counters.received, counters.held, counters.dropped),
        (3, 3, 0)
    );

    let ids: Vec<_> = seen.iter().map(|(packet, _)| packet.id).collect();
    assert!(ids.iter().all(|id| is_piece(*id)) && !is_piece(PacketId(u64::from(u16::MAX) << 32)));
    let granted = book.decide(Verdict::Grant(ids[1])).unwrap();
    assert_eq!(
        granted.frame[..14],
        [2, 0, 0, 0, 1, 0, 2, 0, 0, 0, 0, 9, 0x08, 0x00]
    );
    assert_eq!((granted.tid, granted.frame.len()), (5, 1514));
    // Sequence numbers go on: 1, and 1460 octets of payload before this one.
    assert_eq!(granted.frame[14 + 24..14 + 28], 1461_u32.to_be_bytes());
    assert_eq!(book.decide(Verdict::Accept(ids[0])).unwrap().tid, 46 >> 3);
    assert_eq!(book.decide(Verdict::Accept(ids[0])), None);
    assert_eq!(book.decide(Verdict::Drop(ids[2])), None);
    let counters = book.counters();
    assert_eq!(
        (counters.accepted, counters.dropped, counters.held),
        (2, 1, 0)
    );
    assert!(book.release_pieces().is_empty());
}

#[test]
fn pieces_leave_in_order_when_all_is_let_go() {
    let mut book = cutting();
    give_all(&mut book, &superpacket(1, 2_000, |_| {}));
    give_all(&mut book, &superpacket(2, 2_000, |_| {}));
    let lengths: Vec<_> = book
        .release_pieces()
        .iter()
        .map(|one| one.frame.len())
        .collect();
    assert_eq!(lengths, [1514, 594, 1514, 594]);
    assert_eq!((book.counters().accepted, book.counters().held), (4, 0));
}

fn give_all(book: &mut Book, datagram: &[u8]) -> usize {
    let mut seen = 0;
    book.datagram(datagram, &Neighbours::default(), &mut |_, _| seen += 1);
    seen
}

#[test]
fn what_cannot_be_cut_is_held_whole() {
    let tagged = superpacket(1, 2_000, |message| {
        message.attribute(19, &[0; 8]);
    });
    // The kernel copied a part of it only.
    let partial = superpacket(2, 2_000, |message| {
        message.attribute(13, &9_000_u32.to_be_bytes());
    });
    let fits = superpacket(3, 1_460, |_| {});
    let mut book = cutting();
    for message in [&tagged, &partial, &fits] {
        assert_eq!(give_all(&mut book, message), 1);
    }
    assert!(book.out.is_empty() && book.release_pieces().is_empty());
    assert_eq!(book.counters().held, 3);
    // Nobody cuts at a gate that was not told to.
    let mut plain = Book::default();
    plain.add_queue(1, Hop::LinkDestination);
    assert_eq!(give_all(&mut plain, &superpacket(1, 2_000, |_| {})), 1);
    assert_eq!(plain.counters().held, 1);
}
