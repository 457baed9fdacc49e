//! Promises that go with their station.

use super::*;
use crate::coordinator::explicit::HoldRequest;
use crate::coordinator::handover::Promised;
use crate::ledger::hold::HoldId;
use crate::ledger::{FlowId, LinkRates};
use crate::wire::RefusalReason;

const UNKNOWN: LinkRates = LinkRates {
    up: Rate(0),
    down: Rate(0),
};

/// What the rule for calls promises.
pub(super) fn call(n: u8) -> Promised {
    Promised {
        key: flow(n, VOICE),
        direction: Direction::Both,
        promise: VOICE_PROMISE,
        rank: Rank::default(),
        idle: Duration::from_secs(1),
    }
}

/// Of a flow that no rule is for, one way.
fn stream(n: u8, direction: Direction, rate: u32) -> Promised {
    Promised {
        key: flow(n, 7_000),
        direction,
        promise: Promise {
            rate,
            packet: 1_500,
            delay: DELAY,
        },
        ..call(n)
    }
}

impl Bench {
    fn adopt(&mut self, n: u8, promises: &[Promised]) {
        let (station, promises) = (sta(n), promises.to_vec());
        self.command(CoordinatorCommand::Adopt { station, promises });
    }

    pub(super) fn hold(&mut self, name: u64, n: u8, promised: &Promised) {
        self.command(CoordinatorCommand::Hold(HoldRequest {
            id: HoldId(name),
            ask: promised.ask(sta(n)),
            span: Duration::from_secs(2),
        }));
    }

    fn booked(&mut self) -> Duration {
        self.core.status().ledger.booked
    }
}

fn id(promised: &Promised) -> FlowId {
    FlowId::of(sta(1), Direction::Up, promised.key)
}

/// From one cell to another: what was promised there is promised here, by the same rule.
#[test]
fn promises_go_from_cell_to_cell() {
    let mut old = Bench::in_token_mode(1);
    old.command(CoordinatorCommand::Reserve(
        stream(1, Direction::Down, 400_000).ask(sta(1)),
    ));
    let promises: Vec<_> = old.core.promises_of(sta(1)).collect();
    assert_eq!(promises, [call(1), stream(1, Direction::Down, 400_000)]);
    let mut new = Bench::new(0);
    new.join(1);
    new.adopt(1, &promises);
    assert_eq!(new.core.promises_of(sta(1)).collect::<Vec<_>>(), promises);
    let rules: Vec<_> = new
        .core
        .ledger
        .iter()
        .map(|(_, entry)| entry.rule)
        .collect();
    assert_eq!(rules, [Some(0), None]);
    assert_eq!(new.booked(), old.booked());
    assert_eq!(new.core.mode, CellMode::Token);
    // Its agent hears of them when it is there, and is visited.
    new.forget();
    new.register(1, 1);
    assert_eq!(new.outcomes(), [Outcome::Granted, Outcome::Granted]);
    assert!(new.token().is_some());
}

/// Neither the first packet nor the agent's RESERVE makes a promise a second time, and none makes
/// what is held count twice.
#[test]
fn nothing_is_promised_twice() {
    let comes: [fn(&mut Bench); 3] = [
        |bench| bench.adopt(1, &[call(1)]),
        |bench| {
            bench.packet(1, VOICE, 200);
        },
        |bench| bench.reserve(1, VOICE),
    ];
    let orders = [
        &[0, 1, 2][..],
        &[1, 0, 2],
        &[2, 0, 1],
        &[2, 1, 0],
        &[1],
        &[2],
    ];
    for order in orders {
        for held in [false, true] {
            let mut bench = Bench::new(1);
            if held {
                bench.hold(1, 1, &call(1));
            }
            order.iter().for_each(|way| comes[*way](&mut bench));
            assert_eq!(bench.core.ledger.iter().count(), 1, "{order:?} {held}");
            assert_eq!(bench.core.ledger.holds().count(), 0, "{order:?} {held}");
            let mut once = Bench::in_token_mode(1);
            once.packet(1, VOICE, 200);
            assert_eq!(bench.booked(), once.booked(), "{order:?} {held}");
        }
    }
}

#[test]
fn a_question_about_promises_says_which_and_how_much() {
    let mut bench = Bench::new(1);
    let whole = stream(2, Direction::Down, 6_000_000);
    let large = stream(2, Direction::Down, 60_000_000);
    let kept = bench.core.could_keep(sta(2), UNKNOWN, &[call(2), whole]);
    assert_eq!(
        (kept.kept, kept.largest, kept.refusal),
        (0b11, std::vec![], None)
    );
    let kept = bench.core.could_keep(sta(2), UNKNOWN, &[large, call(2)]);
    assert_eq!(kept.kept, 0b10);
    let reason = kept.refusal.map(|refusal| refusal.reason);
    assert_eq!(reason, Some(RefusalReason::Airtime));
    // What it says fits does fit, and no more.
    let [largest] = kept.largest[..] else {
        panic!("one is not kept")
    };
    for (rate, fits) in [(largest, true), (largest + largest / 100, false)] {
        let asked = stream(2, Direction::Down, rate);
        let kept = bench.core.could_keep(sta(2), UNKNOWN, &[asked]);
        assert_eq!(kept.kept == 1, fits, "{rate}");
    }
    // A slow station has less room.
    let slow = LinkRates {
        up: Rate(60),
        down: Rate(60),
    };
    let kept = bench.core.could_keep(sta(2), slow, &[whole]);
    assert_eq!(kept.kept, 0);
    assert!(kept.largest[0] < largest);
    // What is held for it is its own.
    let most = stream(2, Direction::Down, largest);
    bench.hold(1, 2, &most);
    assert_eq!(bench.core.ledger.holds().count(), 1);
    assert_eq!(bench.core.could_keep(sta(2), UNKNOWN, &[most]).kept, 1);
    assert_eq!(bench.core.could_keep(sta(1), UNKNOWN, &[most]).kept, 0);
    // More than there are bits for.
    let many = [call(2); 40];
    let kept = Bench::new(1).core.could_keep(sta(2), UNKNOWN, &many);
    assert_eq!((kept.kept, kept.largest.len()), (u32::MAX, 8));
}

#[test]
fn a_refusal_is_an_event_each_time() {
    let mut bench = Bench::new(1);
    let large = stream(1, Direction::Down, 60_000_000);
    for _ in 0..2 {
        bench.forget();
        bench.adopt(1, &[large, call(1)]);
        let refused = |event: &&CoordinatorEvent| matches!(event, CoordinatorEvent::Refused(..));
        let refused: Vec<_> = bench.events.iter().filter(refused).collect();
        let [CoordinatorEvent::Refused(which, refusal)] = refused[..] else {
            panic!("{refused:?}")
        };
        assert_eq!(*which, id(&large));
        assert!(refusal.largest > 0);
        assert!(bench.core.is_promised(&id(&call(1))));
    }
}

/// The rates fell between the hold and the arrival: what is held is not lost with the refusal.
#[test]
fn a_refusal_leaves_what_is_held() {
    let mut bench = Bench::new(1);
    let small = stream(1, Direction::Down, 1_000_000);
    bench.hold(1, 1, &small);
    bench.adopt(1, &[stream(1, Direction::Down, 60_000_000)]);
    assert_eq!(bench.core.ledger.holds().count(), 1);
    assert!(!bench.core.is_promised(&id(&small)));
    bench.adopt(1, &[small]);
    assert_eq!(bench.core.ledger.holds().count(), 0);
    assert!(bench.core.is_promised(&id(&small)));
}

/// Its agent takes a moment to register here.
#[test]
fn what_only_goes_up_is_kept_until_the_agent_is_there() {
    let mut bench = Bench::new(0);
    bench.join(1);
    let up = stream(1, Direction::Up, 400_000);
    bench.adopt(1, &[up]);
    bench.run_idle(Duration::from_millis(900));
    assert!(bench.core.is_promised(&id(&up)));
    bench.run_idle(Duration::from_secs(2));
    assert!(!bench.core.is_promised(&id(&up)), "it never came");
}

#[test]
fn strangers_adopt_nothing() {
    let mut bench = Bench::new(0);
    bench.adopt(1, &[call(1)]);
    assert_eq!(bench.core.ledger.iter().count(), 0);
}
