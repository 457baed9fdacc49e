mod calls;

use super::*;
use crate::validate::{Claim, Reference, SaturationRow, SaturationSummary};

fn judge(measure: Measure, allowed: f64, error: f64, ours: f64, expected: f64) -> Outcome {
    let criterion = Criterion {
        figure: "x",
        measure,
        allowed,
        error,
    };
    criterion.judge(ours, expected).outcome
}

#[test]
fn tolerance_then_error_then_failure() {
    use Outcome::{Fails, Holds, WithinError};
    for (ours, outcome) in [
        (98.6, Holds),
        (98.4, WithinError),
        (97.9, WithinError),
        (97.4, Fails),
        (102.6, Fails),
    ] {
        assert_eq!(
            judge(Measure::Relative, 0.015, 1.0, ours, 100.0),
            outcome,
            "{ours}"
        );
    }
    assert_eq!(judge(Measure::Share, 0.01, 0.0, 0.189, 0.18), Holds);
    assert_eq!(judge(Measure::Share, 0.01, 0.0, 0.169, 0.18), Fails);
    assert_eq!(judge(Measure::Decades, 0.5, 0.0, 3.1, 1.0), Holds);
    assert_eq!(judge(Measure::Decades, 0.5, 0.0, 0.3, 1.0), Fails);
    assert_eq!(judge(Measure::AtLeast, 0.0, 0.0, 0.9, 0.01), Holds);
    assert_eq!(judge(Measure::AtLeast, 0.0, 0.0, 0.009, 0.01), Fails);
    assert_eq!(judge(Measure::AtMost, 0.0, 0.0, 0.001, 0.002), Holds);
    assert_eq!(judge(Measure::AtMost, 0.0, 0.0, 0.003, 0.002), Fails);
}

#[test]
fn what_is_no_number_holds_nowhere() {
    let all = [
        Measure::Relative,
        Measure::Share,
        Measure::Millis,
        Measure::Decades,
        Measure::AtLeast,
        Measure::AtMost,
        Measure::Calls,
    ];
    for measure in all {
        assert_eq!(
            judge(measure, 1.0, 1.0, f64::NAN, 1.0),
            Outcome::Fails,
            "{measure:?}"
        );
    }
    assert_eq!(
        judge(Measure::Decades, 1.0, 0.0, 0.0, 1.0),
        Outcome::Fails,
        "no delay at all"
    );
}

#[test]
fn series_and_errors_worked_by_hand() {
    let series = Series::of([1.0, 2.0, 3.0].into_iter());
    assert_eq!((series.mean, series.sd), (2.0, 1.0));
    let alone = Series::of([7.0].into_iter());
    assert_eq!((alone.mean, alone.sd), (7.0, 0.0));
    let sample = |sd, runs, weight| Sample { sd, runs, weight };
    // 4 runs of 5 s with sd 2 have a variance of 4 * 5 per second of run, and 20 s in all.
    let (ours, ns3) = (sample(2.0, 4.0, 5.0), sample(0.5, 2.0, 10.0));
    let alone = statistics::three_errors(&ours, &ns3, true);
    assert!((alone - 3.0).abs() < 1e-12, "{alone}");
    // The reference has 20 s, too, and no smaller a variance: sqrt(2) times as much.
    let both = statistics::three_errors(&ours, &ns3, false);
    assert!((both - 3.0 * 2.0_f64.sqrt()).abs() < 1e-12, "{both}");
}

fn row(config: &str, n: u32) -> SaturationRow {
    let reference = Reference::embedded().unwrap();
    let mut rows = reference.saturation.into_iter();
    rows.find(|row| row.config == config && row.n == n).unwrap()
}

fn outcomes(row: &SaturationRow, goodput: f64, collision: f64, short: bool) -> Vec<Outcome> {
    let series = |mean| Series { mean, sd: 0.0 };
    let ours = SaturationSummary {
        seeds: 3,
        sim_s_per_seed: 5.0,
        goodput_mbps: series(row.goodput_mbps_mean * goodput),
        collision_prob: series(row.collision_prob_mean + collision),
        cpu_s_per_sim_s: None,
    };
    let checks = saturation(row, &ours, row.claim(), short);
    checks.iter().map(|check| check.outcome).collect()
}

#[test]
fn saturation_is_held_to_a_percent_and_a_half() {
    use Outcome::{Fails, Holds};
    let many = row("11b_long", 5);
    assert_eq!(outcomes(&many, 1.014, -0.009, false), [Holds, Holds]);
    assert_eq!(outcomes(&many, 1.016, -0.011, false), [Fails, Fails]);
    assert_eq!(
        outcomes(&many, 1.016, 0.0, true),
        [Outcome::WithinError, Holds]
    );
    assert_eq!(outcomes(&many, 1.04, 0.0, true), [Fails, Holds]);
    let one = row("11a_54", 1);
    assert_eq!(outcomes(&one, 1.0, 0.0, false), [Holds, Holds, Holds]);
    assert_eq!(outcomes(&one, 1.003, 0.0, false), [Holds, Holds, Fails]);
    let slow = row("11b_mixed1", 5);
    assert_eq!(outcomes(&slow, 1.029, 0.0, false), [Holds, Holds]);
    assert_eq!(outcomes(&slow, 1.15, 0.0, false), [Fails, Holds]);
}

#[test]
fn an_independent_model_of_the_same_rules_meets_the_criteria() {
    let reference = Reference::embedded().unwrap();
    for model in &reference.analytic {
        let row = row(&model.config, model.n);
        let claim = row.claim();
        let few = matches!(claim, Claim::Loose { .. });
        let goodput = model.slotmodel_mbps / row.goodput_mbps_mean;
        let collision = model.slotmodel_coll_prob - row.collision_prob_mean;
        let outcomes = outcomes(&row, goodput, collision, false);
        let held = outcomes
            .iter()
            .all(|outcome| *outcome == Outcome::Holds || (few && *outcome == Outcome::WithinError));
        assert!(held, "{} n={}: {outcomes:?}", row.config, row.n);
    }
}
