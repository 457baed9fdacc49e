//! Room for a station that comes with promises.

use super::handover::call;
use super::*;
use crate::wire::{GoOutcome, LeaveStage};

/// A call, and somebody who always has more to send.
fn busy() -> Bench {
    let mut bench = Bench::in_token_mode(2);
    bench.request(2, 100);
    bench.run(CYCLE * 5, Some(&hungry));
    bench.forget();
    bench
}

fn hungry(station: MacAddr) -> u16 {
    if station == sta(2) { 100 } else { 0 }
}

impl Bench {
    /// Best-effort grants that were made within `span` from now.
    fn grants(&mut self, span: Duration) -> usize {
        self.forget();
        self.run_at(span, 100, Some(&hungry));
        let tokens = self.sent.iter().filter_map(|sent| token_in(&sent.3));
        tokens.filter(|token| !token.nrt.is_zero()).count()
    }

    fn expect(&mut self, n: u8) {
        // What was granted before goes on.
        while self
            .tokens()
            .iter()
            .any(|(_, _, token)| !token.nrt.is_zero())
        {
            self.run_at(MS, 100, Some(&hungry));
        }
        self.command(CoordinatorCommand::Expect(sta(n)));
    }
}

#[test]
fn nobody_is_granted_best_effort_while_somebody_comes() {
    let mut bench = busy();
    bench.hold(1, 3, &call(3));
    bench.expect(3);
    assert_eq!(bench.grants(MS * 39), 0);
    assert!(bench.sent(MessageType::Token) > 0, "promises are kept");
    assert!(bench.grants(MS * 40) > 0, "it has not come");
    // Whoever else comes: not all of the air is left to them.
    bench.command(CoordinatorCommand::Expect(sta(3)));
    assert_eq!(bench.core.lull.end(bench.now), None);
    bench.run_at(MS * 120, 100, Some(&hungry));
    bench.expect(3);
    assert_eq!(bench.grants(MS * 39), 0);
}

#[test]
fn whoever_is_visited_has_come() {
    let mut bench = busy();
    bench.hold(1, 3, &call(3));
    bench.expect(3);
    bench.join(3);
    bench.command(CoordinatorCommand::Adopt {
        station: sta(3),
        promises: [call(3)].into(),
    });
    bench.register(3, 3);
    assert!(bench.grants(MS * 20) > 0);
}

#[test]
fn there_is_no_room_for_whoever_was_not_announced() {
    let mut bench = busy();
    bench.hold(1, 3, &call(3));
    bench.expect(4);
    assert!(bench.grants(MS * 39) > 0);
}

/// Right behind the last return comes LEAVE, then GO; but nobody keeps the air by asking.
#[test]
fn nobody_is_granted_best_effort_while_somebody_leaves() {
    let mut bench = busy();
    bench.asks(1, LeaveStage::Prepare, 1).unwrap();
    bench.answer_leave(1, LeaveStage::Prepare, GoOutcome::Ready);
    let mut silent = Vec::new();
    for _ in 0..5 {
        while !matches!(bench.token(), Some((to, _)) if to == sta(1)) {
            bench.run_at(MS / 4, 100, Some(&hungry));
        }
        let before = bench.sent.len();
        while bench.core.leases.of(sta(1)).is_some() {
            bench.run_at(MS / 4, 100, Some(&hungry));
        }
        bench.run_at(MS * 5, 100, Some(&hungry));
        silent.push(!bench.sent[before..].iter().any(|sent| is_grant(&sent.3)));
    }
    assert_eq!(silent, [true, true, true, false, false]);
    bench.asks(1, LeaveStage::Leave, 2).unwrap();
    bench.answer_leave(1, LeaveStage::Leave, GoOutcome::Ready);
    bench.run_at(MS, 100, Some(&hungry));
    let end = bench.core.lull.end(bench.now).expect("GO is on its way");
    assert_eq!(end, bench.now + MS * 5);
    let before = bench.sent.len();
    bench.run_at(MS * 20, 100, Some(&hungry));
    let mut later = bench.sent[before..].iter();
    assert!(later.any(|sent| is_grant(&sent.3)));
}
