use super::*;
use crate::netlink::Message;

const QUEUE: u16 = 70;
const STATION: [u8; 6] = [2, 0, 0, 0, 1, 0];
const ROUTER: [u8; 6] = [2, 0, 0, 0, 0, 9];

/// A packet message of the bridge family, put together by hand.
fn packet(id: u32, payload: &[u8], whole: Option<u32>, link: bool) -> Vec<u8> {
    let mut buffer = Vec::new();
    let header = [&id.to_be_bytes()[..], &[0x08, 0x00, 4]].concat();
    let mut message = Message::begin(&mut buffer, 0x300, 0, 0, &[7, 0, 0, QUEUE as u8])
        .attribute(libc::NFQA_PACKET_HDR as u16, &header)
        .attribute(libc::NFQA_SKB_INFO as u16, &1_u32.to_be_bytes());
    if link {
        let link = [&STATION[..], &ROUTER, &[8, 0]].concat();
        message = message.attribute(libc::NFQA_L2HDR as u16, &link);
    }
    if let Some(whole) = whole {
        message = message.attribute(libc::NFQA_CAP_LEN as u16, &whole.to_be_bytes());
    }
    message.attribute(libc::NFQA_PAYLOAD as u16, payload);
    buffer
}

/// Fates and numbers of the verdicts that would be sent, and whether they name older ones, too.
fn said(book: &mut Book) -> Vec<(u32, u32, bool)> {
    let out = std::mem::take(&mut book.out);
    let word = |bytes: &[u8]| u32::from_be_bytes(bytes.try_into().unwrap());
    messages(&out)
        .map(|one| {
            (
                word(&one.body[8..12]),
                word(&one.body[12..16]),
                one.kind == 0x303,
            )
        })
        .collect()
}

#[test]
fn a_packet_is_caught_with_all_that_is_in_it() {
    let mut book = Book::default();
    let mut seen = 0;
    book.datagram(QUEUE, &packet(7, b"payload", None, true), &mut |caught| {
        let expected = Caught {
            id: 7,
            station: MacAddr(STATION),
            source: MacAddr(ROUTER),
            ether_type: 0x0800,
            payload: b"payload",
            offload: Offload {
                unsummed: true,
                size: None,
            },
        };
        assert_eq!(caught, expected);
        seen += 1;
    });
    // Another queue's, and no packet at all.
    book.datagram(71, &packet(8, b"payload", None, true), &mut |_| seen += 1);
    book.datagram(QUEUE, &[0; 40], &mut |_| seen += 1);
    assert_eq!((seen, book.counters.caught, book.held.len()), (1, 1, 1));
    assert_eq!(said(&mut book), []);
}

#[test]
fn what_is_not_there_whole_passes() {
    let mut book = Book::default();
    let odd = [
        packet(1, b"part", Some(70_000), true),
        packet(2, b"no header", None, false),
    ];
    for bytes in odd {
        book.datagram(QUEUE, &bytes, &mut |caught| panic!("{caught:?}"));
    }
    assert_eq!(said(&mut book), [(1, 1, false), (1, 2, false)]);
    assert_eq!((book.counters.unfit, book.held.len()), (2, 0));
}

#[test]
fn verdicts_keep_their_order_and_are_few() {
    let mut book = Book::default();
    for id in 1..=8 {
        book.datagram(QUEUE, &packet(id, b"payload", None, true), &mut |_| {});
    }
    // 2 and 4 are of another station and stay.
    let verdicts = [1, 3, 5].map(|id| (id, Fate::Drop));
    book.apply(QUEUE, verdicts);
    assert_eq!(
        said(&mut book),
        [(0, 1, true), (0, 3, false), (0, 5, false)]
    );
    // Unknown ones are passed over.
    book.apply(QUEUE, [(9, Fate::Accept), (3, Fate::Accept)]);
    assert_eq!(said(&mut book), []);
    book.apply(QUEUE, [2, 4, 6].map(|id| (id, Fate::Accept)));
    assert_eq!(said(&mut book), [(1, 6, true)]);
    book.release_all(QUEUE);
    assert_eq!(said(&mut book), [(1, 8, true)]);
    book.release_all(QUEUE);
    assert_eq!(said(&mut book), []);
    let expected = RoamCounters {
        caught: 8,
        accepted: 5,
        dropped: 3,
        ..RoamCounters::default()
    };
    assert_eq!((book.counters, book.held.len()), (expected, 0));
    // The kernel says that a verdict found nothing: its number is the count of packets.
    let mut refusal = Vec::new();
    Message::begin(&mut refusal, 2, 0, 3, &(-libc::ENOENT).to_ne_bytes());
    book.datagram(QUEUE, &refusal, &mut |_| {});
    assert_eq!(book.counters.vanished, 3);
}

#[test]
fn mangled_messages_do_not_panic() {
    let bytes = packet(7, &[0x45; 40], Some(40), true);
    let mut book = Book::default();
    for cut in 0..bytes.len() {
        book.datagram(QUEUE, &bytes[..cut], &mut |_| {});
    }
    assert_eq!(book.counters, RoamCounters::default());
    for at in 0..bytes.len() {
        for value in [0, 1, 3, 4, 0x7f, 0xff] {
            let mut odd = bytes.clone();
            odd[at] = value;
            book.datagram(QUEUE, &odd, &mut |_| {});
        }
    }
    let counters = book.counters;
    assert!(counters.caught > 0 && counters.unfit > 0, "{counters:?}");
}
