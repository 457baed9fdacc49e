//! A gate that failed open.

use super::*;

const MS: Duration = Duration::from_millis(1);

/// Packets pass as fast as the air could carry them, no more than 10 ms of it ahead.
#[test]
fn what_was_held_is_not_poured_out_at_once() {
    let mut bench = Bench::in_mode(CellMode::Token);
    bench.command(AgentCommand::Rate(Rate(540)));
    let ids: Vec<_> = (0..400).map(|_| bench.packet(80)).collect();
    let one = PHY.granted(Turn::Paired, Rate(540), 200);
    bench.run(CYCLE * 2);
    let opened = bench.now;
    let released = AgentEvent::FailedOpen { released: 400 };
    assert!(bench.events.contains(&released));
    let passed = |bench: &Bench| bench.verdicts.len() as u64;
    // The last one begins within the 10 ms.
    assert_eq!(
        passed(&bench),
        (MS * 10).as_nanos().div_ceil(one.as_nanos())
    );
    while bench.verdicts.len() < 400 {
        bench.run(MS);
        let elapsed = bench.now.since(opened);
        assert!(one * (passed(&bench) - 1) < elapsed + MS * 10);
        // The radio does not fall idle either.
        assert!(one * passed(&bench) >= elapsed || passed(&bench) == 400);
    }
    // In their order, each once.
    assert_eq!(
        bench.verdicts,
        ids.iter()
            .map(|id| Verdict::Accept(*id))
            .collect::<Vec<_>>()
    );
    assert_eq!(bench.agent.status().stats.passed, 400);
    assert_eq!(bench.agent.status().stats.failed_open, 1);
    // What comes later passes at once while there is air for it.
    bench.run(MS * 20);
    let late = bench.packet(80);
    assert!(bench.accepted(late));
}

#[test]
fn promised_packets_pass_first() {
    let mut bench = Bench::in_mode(CellMode::Token);
    bench.command(AgentCommand::Rate(Rate(540)));
    bench.reserved(5_004, Outcome::Granted);
    (0..200).for_each(|_| {
        bench.packet(80);
    });
    let voice = bench.packet(5_004);
    bench.run(CYCLE * 2);
    assert_eq!(bench.verdicts.first(), Some(&Verdict::Accept(voice)));
    // Also one that comes later.
    let voice = bench.packet(5_004);
    bench.run(MS * 10);
    let place = bench
        .verdicts
        .iter()
        .position(|verdict| *verdict == Verdict::Accept(voice));
    assert!(place.is_some_and(|place| place < 100), "{place:?}");
}

/// A word of the coordinator shuts the gate; what has not passed waits for a token again.
#[test]
fn what_has_not_passed_is_held_again() {
    let mut bench = Bench::in_mode(CellMode::Token);
    bench.command(AgentCommand::Rate(Rate(540)));
    let ids: Vec<_> = (0..400).map(|_| bench.packet(80)).collect();
    bench.run(CYCLE * 2);
    let passed = bench.verdicts.len();
    bench.hello(CellMode::Token);
    bench.run(MS * 10);
    assert_eq!(bench.verdicts.len(), passed);
    bench.token(1, false, MS);
    assert!(bench.accepted(ids[passed]));
    assert_eq!(
        usize::from(bench.last_return().backlog.nrt.packets),
        400 - bench.verdicts.len()
    );
}

/// Free mode, or no coordinator at all, lets everything go.
#[test]
fn an_open_gate_that_is_meant_holds_nothing_back() {
    for free in [true, false] {
        let mut bench = Bench::in_mode(CellMode::Token);
        (0..400).for_each(|_| {
            bench.packet(80);
        });
        bench.run(CYCLE * 2);
        assert!(bench.verdicts.len() < 400);
        if free {
            bench.hello(CellMode::Free);
        } else {
            bench.command(AgentCommand::LinkDown);
        }
        assert_eq!(bench.verdicts.len(), 400);
    }
}
