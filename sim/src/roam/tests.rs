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

/// Runs so many seeds of `plan`, and checks what holds in every run: each packet is received or its
/// end is known, and nothing that broke a rule.
fn seeds(plan: &Plan, count: u64, check: impl Fn(&Outcome, u64)) {
    for seed in 0..count {
        let outcome = run(plan, seed);
        assert_eq!(outcome.broken, Vec::<String>::new(), "{plan:?} {seed}");
        check(&outcome, seed);
    }
}

/// So many seeds of each fault here; `rether-sim roam` runs more.
const SEEDS: u64 = 30;

#[test]
fn datagrams_that_are_lost_cost_time_but_no_packets() {
    for (drop, duplicate, delay) in [(1, 0, 0), (10, 10, 0), (100, 100, 3), (0, 500, 5)] {
        let plan = Plan {
            faults: Faults {
                drop,
                duplicate,
                late: 1000,
                delay: ms(delay),
                ..Faults::default()
            },
            ..Plan::default()
        };
        seeds(&plan, SEEDS, |outcome, seed| {
            let figures = (
                total(&outcome.down, |way| way.lost + way.duplicated),
                total(&outcome.up, |way| way.lost + way.duplicated + way.reordered),
            );
            assert_eq!(figures, (0, 0), "{plan:?} {seed} {outcome:#?}");
            let gap = outcome.down[0].longest_gap;
            assert!(gap <= plan.radio + plan.keys + ms(65 + 10), "{gap} {seed}");
        });
    }
}

#[test]
fn where_half_of_all_datagrams_are_lost_what_is_lost_is_accounted_for() {
    let plan = Plan {
        faults: Faults {
            drop: 500,
            ..Faults::default()
        },
        ..Plan::default()
    };
    seeds(&plan, SEEDS, |outcome, seed| {
        assert_eq!(total(&outcome.up, |way| way.lost), 0, "{seed}");
        assert_eq!(total(&outcome.down, |way| way.duplicated), 0, "{seed}");
    });
}

#[test]
fn a_wrong_candidate_costs_nothing() {
    for subnets in [Subnets::One, Subnets::Many] {
        let plan = Plan {
            subnets,
            faults: Faults {
                wrong_candidate: true,
                ..Faults::default()
            },
            ..Plan::default()
        };
        for seed in 0..SEEDS {
            assert_clean(&plan, seed);
        }
    }
}

#[test]
fn one_that_changes_its_mind_gets_its_packets() {
    let plan = Plan {
        faults: Faults {
            stays: true,
            ..Faults::default()
        },
        ..Plan::default()
    };
    for seed in 0..SEEDS {
        assert_clean(&plan, seed);
    }
}

#[test]
fn ping_pong() {
    for subnets in [Subnets::One, Subnets::Many] {
        let plan = Plan {
            subnets,
            aps: 2,
            moves: 50,
            every: ms(100),
            ..Plan::default()
        };
        for seed in 0..10 {
            assert_clean(&plan, seed);
        }
    }
}

#[test]
fn leave_and_go_may_be_lost() {
    for air in [10, 100, 300] {
        let plan = Plan {
            faults: Faults {
                air,
                ..Faults::default()
            },
            ..Plan::default()
        };
        for seed in 0..SEEDS {
            assert_clean(&plan, seed);
        }
    }
}

#[test]
fn twenty_at_a_time() {
    for subnets in [Subnets::One, Subnets::Many] {
        let plan = Plan {
            subnets,
            stations: 20,
            stagger: ms(5),
            moves: 2,
            every: ms(500),
            interval: ms(20),
            ..Plan::default()
        };
        for seed in 0..5 {
            assert_clean(&plan, seed);
        }
    }
}

#[test]
fn without_a_word_nothing_is_lost_on_the_way_down() {
    for (client, twice) in [(Client::Plain, true), (Client::Surprised, false)] {
        for radio in [20, 60, 200] {
            let plan = Plan {
                client,
                radio: ms(radio),
                every: ms(600),
                ..Plan::default()
            };
            seeds(&plan, SEEDS, |outcome, seed| {
                let lost = total(&outcome.down, |way| way.lost);
                let duplicated = total(&outcome.down, |way| way.duplicated);
                assert_eq!(lost, 0, "{plan:?} {seed} {outcome:#?}");
                // What was sent in the shadow span of 150 ms, at 200 packets a second.
                let span = if twice { 30 * 4 } else { 0 };
                assert!(duplicated <= span, "{duplicated} {plan:?} {seed}");
            });
        }
    }
}

#[test]
fn a_dead_access_point_costs_what_was_in_it() {
    for after in [0, 1, 2, 5, 15, 17, 20, 25] {
        let plan = Plan {
            moves: 1,
            faults: Faults {
                old_dies: Some(ms(after)),
                ..Faults::default()
            },
            ..Plan::default()
        };
        seeds(&plan, 10, |outcome, seed| {
            // What is not known to have died with it was in its pen: packets 5 ms apart, while the
            // radio is away and until the claim is given up.
            let unknown = |way: &Way| way.lost - way.fates.values().sum::<u32>();
            let lost = total(&outcome.down, unknown);
            let bound = (plan.radio + plan.keys + ms(62 + 15)).as_nanos() / 5_000_000;
            assert!(
                u64::from(lost) <= bound,
                "{lost} {after} {seed} {outcome:#?}"
            );
        });
        let plan = Plan {
            faults: Faults {
                old_dies: None,
                new_dies: Some(ms(after)),
                ..plan.faults
            },
            ..plan
        };
        seeds(&plan, 10, |_, _| ());
    }
}

#[test]
fn a_partition_is_survived() {
    for subnets in [Subnets::One, Subnets::Many] {
        for after in [0, 1, 5, 16, 18, 22, 40] {
            let plan = Plan {
                subnets,
                moves: 1,
                faults: Faults {
                    partition: Some(ms(after)),
                    ..Faults::default()
                },
                ..Plan::default()
            };
            seeds(&plan, 10, |outcome, _| {
                assert_eq!(total(&outcome.up, |way| way.lost), 0);
            });
        }
    }
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
