//! Packets inside of tokens and returns, and announced visits.

use super::*;
use crate::wire::{Data, Packets, Schedule, Slot};

const MS: Duration = Duration::from_millis(1);

fn token(number: u32, rt: Duration, nrt: Duration) -> Token {
    Token {
        token: number,
        probe: false,
        cycle_number: 1,
        rt,
        nrt,
        valid: CYCLE,
        rate: Rate(540),
    }
}

fn data(token: Option<Token>, carried: &[&[u8]]) -> Message {
    let mut packets = Packets::default();
    assert!(carried.iter().all(|packet| packets.push(packet)));
    Message::Data(Data {
        token,
        answer: None,
        packets,
    })
}

impl Bench {
    fn last_data(&self) -> &Data {
        match self.sent.last() {
            Some(Message::Data(data)) => data,
            other => panic!("{other:?}"),
        }
    }
}

/// What came with a token is answered by TCP, or a game, in a moment.
#[test]
fn answers_to_what_a_best_effort_token_brings_go_with_it() {
    let mut bench = Bench::bundling(CellMode::Token);
    let granted = token(1, Duration::ZERO, MS * 5);
    bench.frame(&data(Some(granted), &[&[0x45, 1], &[0x45, 2]]));
    assert_eq!(bench.delivered, [[0x45, 1], [0x45, 2]]);
    assert_eq!(bench.sent, []);
    bench.run(Duration::from_micros(199));
    let answer = bench.packet(80);
    assert_eq!((bench.sent.len(), bench.accepted(answer)), (0, false));
    bench.run(Duration::from_micros(1));
    assert!(bench.accepted(answer));
    assert_eq!(bench.last_return().sent_nrt, 1);
    // The same frame again is answered by the same return, at once, and delivers nothing.
    let first = bench.last_return();
    bench.frame(&data(Some(granted), &[&[0x45, 1], &[0x45, 2]]));
    assert_eq!((bench.last_return(), bench.delivered.len()), (first, 2));
}

/// A promised visit must not take longer than it was planned to.
#[test]
fn other_tokens_are_answered_at_once() {
    for (granted, carried) in [
        (token(1, MS, Duration::ZERO), &[&[0x45, 1][..]][..]),
        (token(1, Duration::ZERO, MS), &[]),
    ] {
        let mut bench = Bench::bundling(CellMode::Token);
        bench.frame(&data(Some(granted), carried));
        assert_eq!(bench.delivered.len(), carried.len());
        assert_eq!(bench.last_return().token, 1);
    }
    // Packets without a token ask for no answer.
    let mut bench = Bench::bundling(CellMode::Token);
    bench.frame(&data(None, &[&[0x45, 1]]));
    assert_eq!((bench.delivered.len(), bench.sent.len()), (1, 0));
}

#[test]
fn small_packets_travel_with_the_return_and_large_ones_before_it() {
    let mut bench = Bench::bundling(CellMode::Token);
    let large = bench.copied(80, 1_200, 1);
    let small = [bench.copied(53, 100, 2), bench.copied(54, 80, 3)];
    bench.token(1, false, MS * 10);
    assert!(bench.accepted(large));
    for id in small {
        assert!(bench.verdicts.contains(&Verdict::Carry(id)));
    }
    let answer = bench.last_data().clone();
    let carried: Vec<_> = answer
        .packets
        .iter()
        .map(|packet| (packet.len(), packet[0]))
        .collect();
    assert_eq!(carried, [(100, 2), (80, 3)]);
    assert_eq!(answer.answer.map(|answer| answer.sent_nrt), Some(3));
    // A probe gets all of it again, because all of it may be lost.
    bench.token(1, true, Duration::ZERO);
    assert_eq!(*bench.last_data(), answer);
    assert_eq!(bench.verdicts.len(), 3);
}

#[test]
fn packets_that_were_not_copied_or_are_not_taken_out_leave_by_themselves() {
    let mut bench = Bench::bundling(CellMode::Token);
    let held = bench.packet(80);
    bench.token(1, false, MS);
    assert!(bench.accepted(held));
    let mut bench = Bench::in_mode(CellMode::Token);
    let held = bench.copied(80, 100, 1);
    bench.token(1, false, MS);
    assert!(bench.accepted(held));
    assert_eq!(bench.sent(MessageType::Data), 0);
}

fn slot(station: MacAddr, offset: Duration) -> Slot {
    Slot {
        station,
        offset,
        rt: MS,
        nrt: Duration::ZERO,
        valid: MS * 3,
        rate: Rate(540),
    }
}

#[test]
fn an_announced_visit_is_used_when_it_begins() {
    let mut bench = Bench::in_mode(CellMode::Token);
    bench.reserved(5_004, Outcome::Granted);
    let before = bench.packet(5_004);
    let others = MacAddr([2, 0, 0, 0, 1, 9]);
    let schedule = Message::Schedule(Schedule {
        token: 40,
        cycle_number: 1,
        slots: std::vec![
            slot(others, Duration::ZERO),
            slot(others, MS),
            slot(STA, MS * 4),
            slot(others, MS * 6),
        ],
    });
    bench.frame_of(0, &schedule).unwrap();
    bench.run(MS * 4 - Duration::from_nanos(1));
    assert_eq!(
        (bench.verdicts.len(), bench.sent(MessageType::Return)),
        (0, 0)
    );
    let meanwhile = bench.packet(5_004);
    bench.run(Duration::from_nanos(1));
    assert!(bench.accepted(before) && bench.accepted(meanwhile));
    let answer = bench.last_return();
    assert_eq!((answer.token, answer.sent_rt), (42, 2));
    // Once, also when the announcement comes again.
    bench.frame_of(0, &schedule).unwrap();
    bench.run(MS * 10);
    assert_eq!(bench.last_return(), answer);
    assert_eq!(bench.verdicts.len(), 2);
}

#[test]
fn announcements_for_others_and_for_the_unregistered_change_nothing() {
    let schedule = |station| {
        Message::Schedule(Schedule {
            token: 40,
            cycle_number: 1,
            slots: std::vec![slot(station, MS)],
        })
    };
    let mut bench = Bench::in_mode(CellMode::Token);
    let held = bench.packet(80);
    bench.forget();
    bench.frame_of(0, &schedule(AP)).unwrap();
    bench.run(MS * 10);
    assert_eq!(
        (bench.sent(MessageType::Return), bench.accepted(held)),
        (0, false)
    );
    let mut bench = Bench::new();
    bench.forget();
    bench.frame_of(0, &schedule(STA)).unwrap();
    bench.run(MS * 10);
    assert_eq!(bench.sent, []);
}
