use super::*;
use crate::wire::{RefusalReason, ReserveOp};

const VOICE: u16 = 5_004;

fn ops(bench: &Bench) -> Vec<ReserveOp> {
    let op = |message: &Message| match message {
        Message::Reserve(reserve) => Some(reserve.op),
        _ => None,
    };
    bench.sent.iter().filter_map(op).collect()
}

#[test]
fn the_first_packet_of_a_flow_asks_for_its_reservation() {
    let mut bench = Bench::in_mode(CellMode::Free);
    let passed = bench.packet(VOICE);
    bench.packet(VOICE);
    bench.packet(80);
    assert!(bench.accepted(passed), "free mode holds nothing");
    assert_eq!(ops(&bench), [ReserveOp::Open]);
    // Unanswered, it is repeated.
    bench.run(CYCLE * 2);
    assert_eq!(ops(&bench), [ReserveOp::Open; 2]);
    bench.reserved(VOICE, Outcome::Granted);
    bench.run(CYCLE * 10);
    assert_eq!(ops(&bench), [ReserveOp::Open; 2]);
    assert_eq!(bench.agent.status().reserved, [flow(VOICE)]);
}

#[test]
fn a_refused_flow_is_best_effort_and_asked_for_again_later() {
    let mut bench = Bench::in_mode(CellMode::Token);
    bench.packet(VOICE);
    bench.reserved(VOICE, Outcome::Refused(RefusalReason::Airtime));
    assert_eq!(bench.agent.status().reserved, []);
    // It waits like best effort now, so it is asked for like best effort.
    assert_eq!(bench.sent(MessageType::Request), 1);
    for _ in 0..49 {
        bench.run(Duration::from_millis(100));
        bench.hello(CellMode::Token);
        bench.packet(VOICE);
    }
    assert_eq!(ops(&bench).len(), 1);
    bench.run(Duration::from_millis(100));
    bench.packet(VOICE);
    assert_eq!(ops(&bench).len(), 2);
}

#[test]
fn an_idle_flow_is_closed() {
    let mut bench = Bench::in_mode(CellMode::Free);
    bench.packet(VOICE);
    bench.reserved(VOICE, Outcome::Granted);
    for _ in 0..4 {
        bench.run(Duration::from_millis(600));
        bench.hello(CellMode::Free);
        bench.packet(VOICE);
    }
    assert_eq!(ops(&bench), [ReserveOp::Open]);
    for _ in 0..2 {
        bench.run(Duration::from_millis(800));
        bench.hello(CellMode::Free);
    }
    assert_eq!(ops(&bench)[..2], [ReserveOp::Open, ReserveOp::Close]);
    assert_eq!(bench.agent.status().reserved, []);
}

/// A lost Close would keep airtime booked for as long as the station sends anything else.
#[test]
fn closing_is_repeated_until_it_is_answered() {
    let mut bench = Bench::in_mode(CellMode::Free);
    bench.packet(VOICE);
    bench.reserved(VOICE, Outcome::Granted);
    for _ in 0..10 {
        bench.run(Duration::from_millis(500));
        bench.hello(CellMode::Free);
    }
    let closes = ops(&bench)
        .iter()
        .filter(|op| **op == ReserveOp::Close)
        .count();
    assert!((5..=9).contains(&closes), "{closes} times");
    bench.reserved(VOICE, Outcome::Released);
    for _ in 0..10 {
        bench.run(Duration::from_millis(500));
        bench.hello(CellMode::Free);
    }
    assert_eq!(ops(&bench).len(), 1 + closes);
}

#[test]
fn a_flow_that_speaks_while_it_is_closed_is_asked_for_again() {
    let mut bench = Bench::in_mode(CellMode::Free);
    bench.packet(VOICE);
    bench.reserved(VOICE, Outcome::Granted);
    for _ in 0..6 {
        bench.run(Duration::from_millis(500));
        bench.hello(CellMode::Free);
    }
    assert_eq!(ops(&bench).last(), Some(&ReserveOp::Close));
    bench.packet(VOICE);
    assert_eq!(ops(&bench).last(), Some(&ReserveOp::Open));
}

/// The first packets of a call were dropped with the flood that filled the queue.
#[test]
fn a_flow_has_its_own_queue_before_the_answer() {
    let mut bench = Bench::in_mode(CellMode::Token);
    (0..crate::queues::DEFAULT_LIMIT).for_each(|_| {
        bench.packet(80);
        bench.hello(CellMode::Token);
    });
    bench.forget();
    let first = bench.packet(VOICE);
    assert_eq!(bench.verdicts, []);
    bench.token(1, false, Duration::from_millis(1));
    assert_eq!(bench.verdicts.first(), Some(&Verdict::Accept(first)));
}

#[test]
fn promised_packets_need_no_request_while_they_are_visited() {
    let mut bench = Bench::in_mode(CellMode::Token);
    bench.reserved(VOICE, Outcome::Granted);
    for token in 0..50 {
        bench.run(CYCLE);
        bench.packet(VOICE);
        bench.run(Duration::from_millis(1));
        bench.token(token, false, Duration::from_millis(1));
    }
    assert_eq!(bench.sent(MessageType::Request), 0);
    assert_eq!(bench.verdicts.len(), 50);
}

/// RESERVED with the release was lost: the agent waited for visits until the gate failed open,
/// again and again.
#[test]
fn a_promise_that_is_not_kept_is_asked_about() {
    let mut bench = Bench::in_mode(CellMode::Token);
    bench.reserved(VOICE, Outcome::Granted);
    bench.packet(VOICE);
    bench.run(CYCLE);
    bench.hello(CellMode::Token);
    assert_eq!(bench.sent, []);
    bench.run(CYCLE);
    assert_eq!(bench.sent(MessageType::Request), 1);
    assert_eq!(ops(&bench), [ReserveOp::Open]);
    bench.reserved(VOICE, Outcome::Refused(RefusalReason::Airtime));
    assert_eq!(bench.agent.status().reserved, []);
}

#[test]
fn a_release_sends_its_packets_with_the_rest() {
    let mut bench = Bench::in_mode(CellMode::Token);
    bench.reserved(VOICE, Outcome::Granted);
    let held = bench.packet(VOICE);
    bench.reserved(VOICE, Outcome::Released);
    assert_eq!(bench.sent(MessageType::Request), 1);
    bench.token(1, false, Duration::from_millis(1));
    assert!(bench.accepted(held));
    assert_eq!(bench.last_return().sent_nrt, 1);
}

/// The numbers of rules are those of a table; flows kept the old ones.
#[test]
fn flows_follow_their_rule_into_a_new_table() {
    let mut bench = Bench::in_mode(CellMode::Free);
    bench.packet(VOICE);
    bench.reserved(VOICE, Outcome::Granted);
    bench.policy(&table(2, &[80, VOICE]));
    assert_eq!(bench.agent.status().reserved, [flow(VOICE)]);
    bench.forget();
    bench.run(Duration::from_millis(1_600));
    let closed = bench.sent.iter().find_map(|message| match message {
        Message::Reserve(reserve) => Some((reserve.op, reserve.rule)),
        _ => None,
    });
    assert_eq!(closed, Some((ReserveOp::Close, Some(1))));
}

#[test]
fn a_flow_whose_rule_is_gone_is_best_effort() {
    let mut bench = Bench::in_mode(CellMode::Token);
    bench.packet(VOICE);
    bench.reserved(VOICE, Outcome::Granted);
    bench.policy(&table(2, &[80]));
    assert_eq!(bench.agent.status().reserved, []);
    assert_eq!(bench.agent.status().backlog.nrt.packets, 1);
}
