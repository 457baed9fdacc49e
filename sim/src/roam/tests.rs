//! Thousands of moves, each with its fault.

use rether_handoff::roam::Side;
use rether_proto::time::Duration;

use super::*;

const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn total(ways: &[Way], figure: impl Fn(&Way) -> u32) -> u32 {
    ways.iter().map(figure).sum()
}

/// Nothing lost, twice or out of order, either way.
fn assert_clean(plan: &Plan, seed: u64) -> Outcome {
    let outcome = run(plan, seed);
    assert_eq!(outcome.broken, Vec::<String>::new(), "{plan:?} {seed}");
    for way in outcome.up.iter().chain(&outcome.down) {
        let figures = (way.lost, way.duplicated, way.reordered);
        assert_eq!(figures, (0, 0, 0), "{way:?} {plan:?} {seed}");
    }
    outcome
}

#[test]
fn without_rether_packets_are_lost() {
    let plan = Plan {
        rether: false,
        moves: 10,
        ..Plan::default()
    };
    let outcome = run(&plan, 1);
    assert!(total(&outcome.down, |way| way.lost) >= 30, "{outcome:?}");
    assert!(total(&outcome.up, |way| way.lost) >= 30, "{outcome:?}");
}

#[test]
fn planned_moves_lose_nothing() {
    for subnets in [Subnets::One, Subnets::Many] {
        for seed in 0..20 {
            let plan = Plan {
                subnets,
                moves: 50,
                ..Plan::default()
            };
            let outcome = assert_clean(&plan, seed);
            let moves = outcome.records.iter();
            assert_eq!(moves.filter(|record| record.side == Side::New).count(), 50);
            for way in outcome.up.iter().chain(&outcome.down) {
                let bound = plan.radio + plan.keys + ms(10);
                assert!(way.longest_gap <= bound, "{way:?}");
            }
        }
    }
}

/// So many seeds of each fault here; `rether-sim roam` runs more.
const SEEDS: u64 = 30;

#[test]
fn every_fault_is_stood() {
    for fault in faults() {
        let site = Site::new(&fault.plan);
        let verdicts = (0..SEEDS).map(|seed| judge(&fault, &site, seed));
        let verdict = verdicts.reduce(Verdict::and).unwrap_or_default();
        let (name, strength) = (&fault.name, &fault.strength);
        assert!(verdict.passed(), "{name} {strength}: {verdict:#?}");
        assert_eq!(verdict.uncounted, 0, "{name} {strength}");
    }
}

/// The rules can be broken, and are found.
#[test]
fn without_rether_no_fault_is_needed_to_break_the_bars() {
    let mut fault = faults().remove(0);
    fault.plan.rether = false;
    let verdict = judge(&fault, &Site::new(&fault.plan), 0);
    let lost = verdict.broken.get("packets lost").copied();
    assert_eq!(lost, Some(1), "{verdict:#?}");
    assert!(
        verdict.air > 0 && verdict.beyond == verdict.air,
        "{verdict:#?}"
    );
}

#[test]
fn a_site_that_has_met_changes_nothing_but_the_time_it_takes() {
    let plan = Plan::default();
    let site = Site::new(&plan);
    let outcomes = [site.run(&plan, 5), run(&plan, 5)];
    assert_eq!(outcomes[0].down, outcomes[1].down);
    assert_eq!(outcomes[0].up, outcomes[1].up);
}

#[test]
fn same_seed_same_outcome() {
    let plan = Plan {
        faults: Faults {
            drop: 100,
            late: 1000,
            delay: ms(5),
            ..Faults::default()
        },
        ..Plan::default()
    };
    let text = |seed| format!("{:?}", run(&plan, seed));
    assert_eq!(text(3), text(3));
    assert_ne!(text(3), text(4));
}
