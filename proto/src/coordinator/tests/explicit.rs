//! Promises that no rule makes, holds, and questions.

use super::*;
use crate::coordinator::explicit::HoldRequest;
use crate::coordinator::what_if::{Ask, Question};
use crate::ledger::hold::HoldId;
use crate::ledger::plan::Change;
use crate::ledger::{FlowId, LinkRates};
use crate::wire::{RefusalReason, Reserved};

const PORT: u16 = 7_000;

fn ask(n: u8, rate: u32) -> Ask {
    Ask {
        station: sta(n),
        key: flow(n, PORT),
        direction: Direction::Down,
        promise: Promise {
            rate,
            packet: 1_500,
            delay: DELAY,
        },
        rank: Rank::default(),
        idle: Duration::from_secs(1),
    }
}

/// A cell in which programs may ask for two promises a station.
fn allowing() -> Bench {
    let config = CoordinatorConfig {
        explicit_limit: Some(2),
        ..CoordinatorConfig::new(PHY, Rate(540))
    };
    let mut bench = Bench::of(config);
    bench.join(1);
    bench.register(1, 1);
    bench.forget();
    bench
}

impl Bench {
    /// A program at station `n` asks.
    fn program(&mut self, n: u8, key: FlowKey, op: ReserveOp) {
        let reserve = Reserve {
            op,
            rule: None,
            key,
            direction: Direction::Both,
            promise: VOICE_PROMISE,
        };
        self.frame(n, &Message::Reserve(reserve));
    }

    fn told(&self) -> Vec<Reserved> {
        let told = |sent: &(_, _, _, Message, _)| match &sent.3 {
            Message::Reserved(reserved) => Some(*reserved),
            _ => None,
        };
        self.sent.iter().filter_map(told).collect()
    }
}

fn id(key: FlowKey) -> FlowId {
    FlowId::of(sta(1), Direction::Up, key)
}

#[test]
fn programs_are_denied_unless_the_operator_allows_them() {
    let mut bench = Bench::new(1);
    bench.program(1, flow(1, PORT), ReserveOp::Open);
    let denied = Outcome::Refused(RefusalReason::ExplicitDenied);
    assert_eq!(bench.outcomes(), [denied]);
    assert_eq!(bench.core.mode, CellMode::Free);
}

#[test]
fn programs_get_what_they_ask_for_up_to_a_limit() {
    let mut bench = allowing();
    for port in [1, 2, 3] {
        bench.program(1, flow(1, port), ReserveOp::Open);
    }
    let limit = Outcome::Refused(RefusalReason::ExplicitLimit);
    assert_eq!(
        bench.outcomes(),
        [Outcome::Granted, Outcome::Granted, limit]
    );
    let first = bench.told()[0];
    assert_eq!((first.rule, first.rate), (None, VOICE_PROMISE.rate));
    assert_eq!(first.shape.unwrap().at(first.rate), VOICE_PROMISE);
    // A policy that changes leaves them.
    bench.command(CoordinatorCommand::Policy(table(2, &[])));
    assert_eq!(bench.core.ledger.iter().count(), 2);
    bench.forget();
    bench.program(1, flow(1, 1), ReserveOp::Close);
    assert_eq!(bench.released(), [ReleaseCause::Program]);
}

#[test]
fn a_flow_to_come_is_held_for_and_claims_it() {
    for first_down in [false, true] {
        let mut bench = allowing();
        let to_come = FlowKey {
            src_port: 0,
            ..flow(1, PORT)
        };
        bench.program(1, to_come, ReserveOp::Open);
        assert_eq!(bench.outcomes(), [Outcome::Granted]);
        assert_eq!(bench.core.mode, CellMode::Free, "a hold needs no visits");
        let booked = bench.core.status().ledger.booked;
        assert!(!booked.is_zero());
        if first_down {
            bench.packet(1, PORT, 200);
        } else {
            bench.program(1, flow(1, PORT), ReserveOp::Open);
        }
        assert_eq!(bench.core.ledger.holds().count(), 0);
        assert!(bench.core.ledger.get(&id(flow(1, PORT))).is_some());
        assert_eq!(bench.core.status().ledger.booked, booked);
        assert_eq!(bench.core.mode, CellMode::Token);
    }
}

#[test]
fn what_is_held_lapses_or_is_given_up() {
    let to_come = FlowKey {
        src_port: 0,
        ..flow(1, PORT)
    };
    let mut bench = allowing();
    bench.program(1, to_come, ReserveOp::Open);
    bench.run_idle(Duration::from_secs(59));
    assert_eq!(bench.core.ledger.holds().count(), 1);
    // Asked for again, it stays.
    bench.program(1, to_come, ReserveOp::Open);
    bench.run_idle(Duration::from_secs(59));
    assert_eq!(bench.core.ledger.holds().count(), 1);
    bench.run_idle(Duration::from_secs(2));
    assert_eq!(bench.core.ledger.holds().count(), 0);
    bench.program(1, to_come, ReserveOp::Open);
    bench.program(1, to_come, ReserveOp::Close);
    assert_eq!(bench.core.ledger.holds().count(), 0);
}

#[test]
fn the_operator_reserves_and_releases() {
    let mut bench = Bench::new(1);
    bench.command(CoordinatorCommand::Reserve(ask(1, 1_000_000)));
    let id = id(flow(1, PORT));
    assert!(bench.events.contains(&CoordinatorEvent::Granted(id)));
    assert_eq!(bench.outcomes(), [Outcome::Granted]);
    bench.command(CoordinatorCommand::Release(id));
    assert_eq!(bench.released(), [ReleaseCause::Operator]);
    bench.command(CoordinatorCommand::Reserve(ask(9, 1_000_000)));
    assert!(bench.core.ledger.is_empty(), "no such station");
}

#[test]
fn holds_for_a_handoff_are_claimed_when_the_station_is_here() {
    let name = HoldId(5);
    let hold = || {
        let mut bench = Bench::new(0);
        bench.command(CoordinatorCommand::Hold(HoldRequest {
            id: name,
            ask: ask(1, 1_000_000),
            span: Duration::from_secs(3),
        }));
        bench
    };
    let mut bench = hold();
    // Whoever comes finds the gates shut already.
    let mode = |mode| CoordinatorEvent::Mode(mode);
    assert_eq!(
        bench.events,
        [CoordinatorEvent::Held(name), mode(CellMode::Token)]
    );
    bench.command(CoordinatorCommand::Claim(name));
    assert!(bench.core.ledger.is_empty(), "not here yet");
    let mut lonely = hold();
    lonely.run_idle(Duration::from_secs(3));
    assert_eq!(lonely.events.last(), Some(&mode(CellMode::Free)));
    bench.join(1);
    bench.command(CoordinatorCommand::Claim(name));
    assert!(bench.core.ledger.get(&id(flow(1, PORT))).is_some());
}

#[test]
fn questions_change_nothing_and_their_answers_come_true() {
    let mut bench = Bench::new(2);
    let small = Question::Admit(ask(1, 1_000_000));
    let answer = bench.core.what_if(&small);
    assert_eq!(answer.refusal, None);
    assert!(answer.largest > 1_000_000 && answer.after.booked > answer.before.booked);
    assert!(answer.before.booked.is_zero() && answer.after.calls_left < answer.before.calls_left);
    assert!(bench.core.ledger.is_empty());

    // The largest rate is granted, and nothing more.
    let all = bench.core.what_if(&Question::Admit(ask(1, answer.largest)));
    assert_eq!(all.refusal, None);
    let more = bench.core.what_if(&Question::Admit(ask(
        1,
        answer.largest + answer.largest / 100,
    )));
    let refusal = more.refusal.expect("one per cent more");
    assert_eq!(
        (refusal.reason, refusal.largest),
        (RefusalReason::Airtime, answer.largest)
    );
    assert_eq!(more.before, more.after);

    // What a rate would do is what it does.
    for n in [1, 2] {
        bench.command(CoordinatorCommand::Link {
            station: sta(n),
            rates: LinkRates {
                up: Rate(540),
                down: Rate(540),
            },
        });
        bench.command(CoordinatorCommand::Reserve(ask(n, 4_000_000)));
        bench.run_idle(MS);
    }
    let rates = LinkRates {
        up: Rate(0),
        down: Rate(60),
    };
    let station = sta(1);
    let fall = Question::Rate { station, rates };
    let answer = bench.core.what_if(&fall);
    assert_eq!(answer.changes, [], "one at 6 Mb/s still fits");
    bench.command(CoordinatorCommand::Reserve(Ask {
        key: flow(2, 1),
        ..ask(2, 4_000_000)
    }));
    let answer = bench.core.what_if(&fall);
    let [changed] = &answer.changes[..] else {
        panic!("{:?}", answer.changes)
    };
    assert_eq!(
        (changed.station, changed.change),
        (sta(2), Change::Withdraw)
    );
    assert_eq!(changed.key, flow(2, 1), "the youngest");
    assert!(answer.after.booked <= answer.after.capacity);
    for _ in 0..2 {
        bench.command(CoordinatorCommand::Link { station, rates });
    }
    assert!(
        bench
            .core
            .ledger
            .is_withdrawn(&FlowId::of(sta(2), Direction::Up, flow(2, 1)))
    );
    assert_eq!(bench.core.status().ledger, answer.after);
}
