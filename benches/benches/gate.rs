//! A thousand packets into the gate and out again: what the daemon spends around the kernel's queue.
//! The kernel's own part is measured in the lab, by the acceptance row `cost-packet`.

use criterion::{Criterion, criterion_group, criterion_main};
use rether_benches::cell::station;
use rether_linux::gate::{Book, Hop};
use rether_linux::neigh::Neighbours;
use rether_proto::machine::{PacketId, Verdict};

const QUEUE: u16 = 7;

/// What the kernel sends for a held packet (linux/netfilter/nfnetlink_queue.h): its number and
/// protocol, its length, and the first octets of a UDP packet.
fn queued(id: u32) -> Vec<u8> {
    const PACKET: u16 = 0x300;
    let mut body = vec![7, 0];
    body.extend(QUEUE.to_be_bytes());
    let [a, b, c, d] = id.to_be_bytes();
    attribute(&mut body, 1, &[a, b, c, d, 0x08, 0x00, 4]);
    attribute(&mut body, 13, &1_500_u32.to_be_bytes());
    let mut packet = vec![
        0x45, 0, 0x05, 0xdc, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2,
    ];
    packet.extend([0x13, 0x8c, 0x13, 0x8e, 0x05, 0xc8, 0, 0]);
    packet.resize(128, 0);
    attribute(&mut body, 10, &packet);
    let mut message = u32::try_from(16 + body.len())
        .unwrap_or(0)
        .to_ne_bytes()
        .to_vec();
    message.extend(PACKET.to_ne_bytes());
    message.extend([0; 10]);
    message.extend(body);
    message
}

fn attribute(body: &mut Vec<u8>, kind: u16, payload: &[u8]) {
    let len = u16::try_from(4 + payload.len()).unwrap_or(0);
    body.extend(len.to_ne_bytes());
    body.extend(kind.to_ne_bytes());
    body.extend(payload);
    body.resize(body.len().next_multiple_of(4), 0);
}

fn gate(c: &mut Criterion) {
    let datagrams: Vec<_> = (1..=1_000).map(queued).collect();
    let neighbours = Neighbours::default();
    let in_order: Vec<PacketId> = (1..=1_000)
        .map(|id| PacketId(u64::from(QUEUE) << 32 | id))
        .collect();
    // Every tenth packet is promised and leaves ahead of the others.
    let (ahead, behind): (Vec<_>, Vec<_>) = in_order.iter().copied().partition(|id| id.0 % 10 == 0);
    let promised = [ahead, behind].concat();
    for (name, order) in [("in order", in_order), ("promised ones first", promised)] {
        let verdicts: Vec<_> = order.into_iter().map(Verdict::Accept).collect();
        c.bench_function(&format!("gate/1000 packets in and out, {name}"), |b| {
            b.iter(|| {
                let mut book = Book::default();
                book.add_queue(QUEUE, Hop::Station(station(1)));
                let mut seen = 0;
                for datagram in &datagrams {
                    book.datagram(datagram, &neighbours, &mut |_, _| seen += 1);
                }
                assert_eq!(seen, datagrams.len());
                book.apply(&verdicts);
                book.out.len()
            });
        });
    }
}

criterion_group!(benches, gate);
criterion_main!(benches);
