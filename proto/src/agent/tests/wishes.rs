//! What programs ask for.

use super::*;
use crate::policy::Direction;
use crate::wire::{Outcome, RefusalReason, Reserve, ReserveOp, Shape};

const PROMISE: Promise = Promise {
    rate: 100_000,
    packet: 200,
    delay: CYCLE,
};

fn wish(src_port: u16, span: Option<Duration>) -> Wish {
    Wish {
        key: FlowKey {
            src_port,
            ..flow(7_000)
        },
        direction: Direction::Both,
        promise: PROMISE,
        span,
    }
}

impl Bench {
    fn asked(&self) -> Vec<(ReserveOp, FlowKey)> {
        let asked = |message: &Message| match message {
            Message::Reserve(Reserve {
                op,
                rule: None,
                key,
                ..
            }) => Some((*op, *key)),
            _ => None,
        };
        self.sent.iter().filter_map(asked).collect()
    }

    fn answer_program(&mut self, key: FlowKey, outcome: Outcome) {
        let granted = outcome == Outcome::Granted;
        self.frame(&Message::Reserved(Reserved {
            outcome,
            rule: None,
            key,
            direction: Direction::Both,
            rate: if granted { PROMISE.rate } else { 0 },
            largest: 64_000,
            shape: granted.then(|| Shape::of(PROMISE)),
        }));
    }

    fn pass(&mut self, span: Duration) {
        let end = self.now + span;
        while self.now < end {
            self.hello(CellMode::Free);
            self.run(Duration::from_secs(1));
        }
    }
}

#[test]
fn a_known_flow_is_asked_for_at_once_and_closed_on_release() {
    let mut bench = Bench::in_mode(CellMode::Free);
    let key = wish(7_000, None).key;
    bench.command(AgentCommand::Reserve(wish(7_000, None)));
    assert_eq!(bench.asked(), [(ReserveOp::Open, key)]);
    assert_eq!(bench.events, [AgentEvent::Wishes(std::vec![key])]);
    bench.answer_program(key, Outcome::Granted);
    assert_eq!(bench.agent.status().reserved, [key]);
    bench.forget();
    bench.command(AgentCommand::Release(key));
    assert_eq!(bench.asked(), [(ReserveOp::Close, key)]);
    assert_eq!(bench.events, [AgentEvent::Wishes(std::vec![])]);
    assert_eq!(bench.agent.status().reserved, []);
}

#[test]
fn the_first_packet_of_a_flow_to_come_claims_what_is_held() {
    let mut bench = Bench::in_mode(CellMode::Free);
    let to_come = wish(0, None).key;
    bench.command(AgentCommand::Reserve(wish(0, None)));
    bench.answer_program(to_come, Outcome::Granted);
    assert_eq!(bench.agent.status().reserved, [], "nothing is sent yet");
    bench.forget();
    // Kept alive while nothing comes.
    bench.pass(Duration::from_secs(21));
    assert!(bench.asked().contains(&(ReserveOp::Open, to_come)));
    bench.answer_program(to_come, Outcome::Granted);
    bench.forget();
    bench.packet(7_000);
    assert_eq!(bench.asked(), [(ReserveOp::Open, flow(7_000))]);
    bench.answer_program(flow(7_000), Outcome::Granted);
    assert_eq!(bench.agent.status().reserved, [flow(7_000)]);
}

#[test]
fn a_refusal_reaches_the_program_with_the_largest_rate() {
    let mut bench = Bench::in_mode(CellMode::Free);
    let key = wish(7_000, None).key;
    bench.command(AgentCommand::Reserve(wish(7_000, None)));
    let outcome = Outcome::Refused(RefusalReason::Airtime);
    bench.answer_program(key, outcome);
    let told = AgentEvent::Reservation {
        key,
        outcome,
        rate: 0,
        largest: 64_000,
    };
    assert!(bench.events.contains(&told));
    // It is not asked for again.
    bench.forget();
    bench.pass(Duration::from_secs(25));
    assert_eq!(bench.asked(), []);
}

#[test]
fn a_wish_ends_with_its_time() {
    let mut bench = Bench::in_mode(CellMode::Free);
    let wish = wish(7_000, Some(Duration::from_secs(5)));
    bench.command(AgentCommand::Reserve(wish));
    bench.answer_program(wish.key, Outcome::Granted);
    bench.forget();
    bench.pass(Duration::from_secs(4));
    assert_eq!(bench.asked(), []);
    bench.pass(Duration::from_secs(2));
    assert_eq!(bench.asked()[0], (ReserveOp::Close, wish.key));
}
