//! Packets inside of tokens and returns.

use super::*;
use crate::coordinator::Tokens;
use crate::wire::{Data, Packets};

/// Station 1 has a call, and its agent takes packets out of frames.
fn call() -> Bench {
    let mut bench = Bench::new(0);
    bench.join(1);
    bench.register_as(1, 1, Register::POLL | Register::BUNDLE);
    bench.forget();
    bench.reserve(1, VOICE);
    bench
}

fn data(token: u32, packet: &[u8]) -> Message {
    let mut packets = Packets::default();
    assert!(packets.push(packet) && packets.push(&[0x45]));
    let answer = Return {
        token,
        used_rt: Duration::ZERO,
        used_nrt: Duration::ZERO,
        sent_rt: 2,
        sent_nrt: 0,
        backlog: Backlog::default(),
        rate: Rate(0),
        refused: false,
        oldest: Duration::ZERO,
        newest: Duration::ZERO,
    };
    Message::Data(Data {
        token: None,
        answer: Some(answer),
        packets,
    })
}

fn delivered(bench: &Bench) -> Vec<&[u8]> {
    assert!(
        bench
            .delivered
            .iter()
            .all(|delivery| delivery.from == sta(1))
    );
    bench
        .delivered
        .iter()
        .map(|delivery| &delivery.bytes[..])
        .collect()
}

#[test]
fn what_comes_with_a_return_is_delivered_once() {
    let mut bench = call();
    let (_, token) = bench.token().unwrap();
    bench.radio(1, true);
    for _ in 0..3 {
        bench.frame(1, &data(token.token, &[0x45, 1]));
    }
    assert_eq!(delivered(&bench), [&[0x45, 1][..], &[0x45]]);
    let stats = bench.core.stats;
    assert_eq!((stats.returns, stats.stale_returns), (1, 2));
    bench.run(DELAY, None);
    let (_, next) = bench.token().unwrap();
    assert_ne!(next.token, token.token);
    bench.frame(1, &data(next.token, &[0x45, 2]));
    assert_eq!(delivered(&bench)[2..], [&[0x45, 2][..], &[0x45]]);
}

/// The packets left the station's queue, so they must not be lost with the lease.
#[test]
fn what_comes_too_late_is_delivered_once_too() {
    let mut bench = call();
    let (_, token) = bench.token().unwrap();
    bench.radio(1, true);
    bench.run(CYCLE, None);
    assert!(bench.core.stats.lost > 0);
    for _ in 0..2 {
        bench.frame(1, &data(token.token, &[0x45, 1]));
    }
    assert_eq!(delivered(&bench), [&[0x45, 1][..], &[0x45]]);
    assert_eq!(bench.core.stats.returns, 0);
}

/// Sent once more, the frame carries the same; and what was carried is not sent as well.
#[test]
fn small_promised_packets_travel_with_the_token() {
    let mut bench = call();
    bench.answer(0);
    bench.forget();
    bench.run(DELAY / 2, None);
    let packet = |id, len| Packet {
        id: PacketId(id),
        station: sta(1),
        len,
        flow: flow(1, VOICE).reversed(),
    };
    let bytes = [0x45; 200];
    for id in [900, 901] {
        let packet = packet(id, 200);
        bench
            .input(Input::Copied {
                packet,
                bytes: &bytes,
            })
            .unwrap();
    }
    bench.run(DELAY, None);
    let carried = [900, 901].map(|id| Verdict::Carry(PacketId(id)));
    assert_eq!(bench.verdicts, carried);
    let frames = |bench: &Bench| {
        let data = |sent: &(_, _, _, Message, _)| match &sent.3 {
            Message::Data(data) => Some(data.clone()),
            _ => None,
        };
        bench.sent.iter().filter_map(data).collect::<Vec<_>>()
    };
    let [data] = &frames(&bench)[..] else {
        panic!("{:?}", frames(&bench))
    };
    assert!(data.token.is_some() && data.answer.is_none());
    assert!(data.packets.iter().eq([&bytes[..]; 2]));
    bench.radio(1, false);
    let again = frames(&bench);
    assert_eq!(again.len(), 2);
    assert_eq!(again[0], again[1]);
    assert_eq!(bench.verdicts.len(), 2);
}

/// An agent that does not take packets out of frames gets none.
#[test]
fn nothing_travels_inside_for_who_cannot_take_it_out() {
    let mut bench = Bench::in_token_mode(1);
    bench.answer(0);
    bench.forget();
    let packet = Packet {
        id: PacketId(900),
        station: sta(1),
        len: 200,
        flow: flow(1, VOICE).reversed(),
    };
    let bytes = &[0x45; 200];
    bench.input(Input::Copied { packet, bytes }).unwrap();
    bench.run(DELAY, None);
    assert_eq!(bench.verdicts, [Verdict::Accept(PacketId(900))]);
    assert_eq!(bench.sent(MessageType::Data), 0);
}

/// The best-effort airtime of a token that takes ten Acks along, as a station that uploads gets one.
fn grant_with_acks(bundle: bool) -> Duration {
    let mut bench = Bench::of(CoordinatorConfig {
        tokens: Tokens::Always,
        bundle,
        ..CoordinatorConfig::new(PHY, Rate(540))
    });
    bench.join(1);
    bench.register_as(1, 1, Register::POLL | Register::BUNDLE);
    bench.request(1, 100);
    for id in 900..910 {
        let packet = Packet {
            id: PacketId(id),
            station: sta(1),
            len: 52,
            flow: flow(1, 9_000).reversed(),
        };
        let bytes = &[0x45; 52];
        bench.input(Input::Copied { packet, bytes }).unwrap();
    }
    bench.answer(100);
    bench.run(CYCLE, None);
    let first = bench.sent.iter().find_map(|sent| match &sent.3 {
        Message::Data(data) => Some(data),
        _ => None,
    });
    let data = first.expect("a frame with packets");
    assert_eq!(data.packets.iter().count(), 10);
    data.token.expect("with a token").nrt
}

/// Where Acks of downloads cannot ride, those of uploads are no cheaper: of a grant as much is left
/// as if each had had a frame of its own. Where all ride, only what they add is paid.
#[test]
fn who_uploads_gains_nothing_by_acks_that_ride_one_way_only() {
    let of = |octets| PHY.granted(Turn::Paired, Rate(540), octets);
    let data = |count| of(Data::octets(true, false, count, count * 52));
    let saved = of(52) * 10 - (data(10) - data(0));
    assert!(saved > MS, "{saved}");
    assert_eq!(grant_with_acks(true) - grant_with_acks(false), saved);
}
