//! Random cells: stations with and without agents, traffic, faults of the medium and of processes,
//! stations that lie. Whatever happens, these hold.

mod scenario;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use rether_proto::time::Duration;
use rether_proto::wire::CellMode;
use rether_tests::world::{AP, Faults, Process, World, station};
use scenario::{Scenario, scenario};

/// How many scenarios a property is tried with; the seed is fixed, so that a failure stays one.
const CASES: u32 = if cfg!(debug_assertions) { 40 } else { 250 };

fn check(what: impl Strategy<Value = Scenario>, property: impl Fn(&Scenario)) {
    let config = Config {
        cases: CASES,
        failure_persistence: None,
        max_shrink_iters: 40,
        ..Config::default()
    };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let outcome = runner.run(&what, |scenario| {
        property(&scenario);
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

/// Ends all that is wrong: medium, vices, processes.
fn heal(world: &mut World, scenario: &Scenario) {
    world.faults = Faults::default();
    for n in 1..=scenario.stations {
        world.corrupt(n, None);
        match world.process(station(n)) {
            Some(Process::Killed) if scenario.has_agent(n) => world.restart(station(n)),
            Some(Process::Stopped) => world.set_process(station(n), Process::Running),
            _ => {}
        }
    }
    match world.process(AP) {
        Some(Process::Killed) => world.restart(AP),
        _ => world.set_process(AP, Process::Running),
    }
}

/// Packets that wait in a gate make progress, or the gate opens: nothing is ever stuck.
#[test]
fn nothing_is_stuck() {
    // A round of saturated stations at the lowest rate, times the tries that faults cost.
    const LONGEST: Duration = Duration::from_secs(2);
    check(scenario(true), |scenario| {
        let mut world = scenario.start();
        scenario.play(&mut world, |world| {
            assert!(
                world.stalled() <= LONGEST,
                "{} at {}",
                world.stalled(),
                world.now
            );
        });
    });
}

/// Each packet has exactly one fate (the gates check that no verdict comes twice), and when the
/// traffic ends the cell forgets it: free mode, nothing held, nothing reserved.
#[test]
fn every_packet_has_one_fate_and_the_cell_comes_to_rest() {
    check(scenario(true), |scenario| {
        let mut world = scenario.start();
        scenario.play(&mut world, |world| world.assert_all_accounted());
        heal(&mut world, scenario);
        world.end_all();
        world.run_for(Duration::from_secs(15));
        world.assert_all_accounted();
        assert_eq!(world.held(), 0);
        let status = world.coordinator().status();
        assert_eq!((status.mode, status.flows.len()), (CellMode::Free, 0));
    });
}

/// No cycle grants more airtime than it is long, but for one packet that is longer than a cycle.
#[test]
fn no_cycle_is_overbooked() {
    check(scenario(true), |scenario| {
        let mut world = scenario.start();
        scenario.play(&mut world, |world| {
            let stats = world.coordinator().status().stats;
            assert_eq!(stats.overfull_cycles, 0, "busiest {}", stats.busiest_cycle);
        });
    });
}

/// Without faults a promised call loses nothing and waits no longer than promised, and no packet
/// overtakes another of its flow or comes twice.
#[test]
fn promises_are_kept() {
    check(scenario(false), |scenario| {
        let mut world = scenario.start();
        scenario.play(&mut world, |_| {});
        scenario.assert_calls_kept(&mut world, Duration::from_millis(100));
        assert_eq!(world.lost_with_process(), 0);
        assert_eq!((world.unexpected, world.missing_inside_frames()), (0, 0));
        for source in 0..world.sources() {
            assert!(world.in_order(source), "source {source} overtook itself");
        }
    });
}

/// When the faults end, the calls that go on are promised again, and the promise is kept.
#[test]
fn promises_come_back() {
    check(scenario(true), |scenario| {
        let mut world = scenario.start();
        scenario.play(&mut world, |_| {});
        heal(&mut world, scenario);
        world.run_for(Duration::from_secs(3));
        let healed = world.now.since(scenario.began());
        world.run_for(Duration::from_secs(2));
        scenario.assert_calls_kept(&mut world, healed);
    });
}

/// Equal seeds give equal outputs of every core, to the last octet.
#[test]
fn equal_seeds_give_equal_runs() {
    check(scenario(true), |scenario| {
        let run = |seed| {
            let mut world = scenario.start_with(seed);
            scenario.play(&mut world, |_| {});
            (world.trace(), world.delivered)
        };
        let (first, second) = (run(scenario.seed), run(scenario.seed));
        assert!(first == second, "two runs differ");
        assert!(run(!scenario.seed).0 != first.0, "the seed has no effect");
    });
}
