use std::collections::BTreeMap;

use super::super::*;
use crate::validate::{
    DirectionFigures, Reference, VoiceFigures, VoiceRow, VoiceSummary,
    reference::{Spread, VoiceAccess},
};

#[test]
fn knees_are_as_near_as_the_rows_allow() {
    let knee = |rows: &[(u32, bool)]| Knee::of(rows.iter().copied());
    let ns3 = knee(&[(10, true), (12, false), (11, true), (13, false)]);
    assert_eq!((ns3.carried, ns3.failed), (11, Some(12)));
    assert_eq!(knee(&[(12, true), (13, false)]).beyond(ns3), 1);
    assert_eq!(knee(&[(9, true), (10, false), (11, false)]).beyond(ns3), -2);
    assert_eq!(knee(&[(10, true), (14, false)]).beyond(ns3), 0, "may be 11");
    assert_eq!(knee(&[(13, false)]).beyond(ns3), 0, "carries 12 at most");
    assert_eq!(knee(&[(13, true)]).beyond(ns3), 2, "carries 13 at least");
    // A failure below a number of calls that is carried is a matter of chance.
    assert_eq!(
        knee(&[(48, false), (50, true), (52, false)]).failed,
        Some(52)
    );

    let outcome = |access, ours| super::super::knee(access, knee(ours), ns3, i64::MAX).outcome;
    let two_more = [(13, true), (14, false)];
    assert_eq!(
        outcome(VoiceAccess::Dcf, &[(12, true), (13, false)]),
        Outcome::Holds
    );
    assert_eq!(outcome(VoiceAccess::Dcf, &two_more), Outcome::Fails);
    assert_eq!(outcome(VoiceAccess::Edca, &two_more), Outcome::Holds);
    assert_eq!(
        outcome(VoiceAccess::Dcf, &[(9, false), (10, false)]),
        Outcome::Fails
    );
}

fn calls(config: &str, k: u32, background: u32) -> VoiceRow {
    let reference = Reference::embedded().unwrap();
    let mut rows = reference.voice.into_iter();
    let found = rows.find(|row| {
        (row.config.as_str(), row.k_calls, row.bg_uplink_stas) == (config, k, background)
            && !row.has_tcp()
    });
    found.unwrap()
}

/// The figures of ns-3 as ours, after `change`.
fn echo(row: &VoiceRow, change: impl Fn(&mut VoiceFigures)) -> VoiceSummary {
    let mut mean = VoiceFigures {
        ul: row.ul,
        dl: row.dl,
        ..VoiceFigures::default()
    };
    change(&mut mean);
    let none = Spread {
        loss_150ms: 0.0,
        mean_ms: 0.0,
    };
    VoiceSummary {
        seeds: 5,
        sim_s_per_seed: row.sim_s_per_seed,
        mean,
        ul_sd: none,
        dl_sd: none,
    }
}

fn worst(checks: &[Check]) -> Option<Outcome> {
    checks.iter().map(|check| check.outcome).max()
}

#[test]
fn delays_are_held_below_the_knee_and_near_it() {
    let knee = Knee {
        carried: 54,
        failed: Some(55),
    };
    let position = |k| Position::of(&calls("cap_11a_20ms", k, 0), knee);
    assert_eq!(
        [53, 54, 55].map(position),
        [Position::Below, Position::AtKnee, Position::Above]
    );
    let row = calls("cap_11a_20ms", 53, 0);
    let slower = |factor| echo(&row, move |figures| figures.dl.mean_ms *= factor);
    // A single run of ns-3: nothing is known of its error, so that ours has to make up for it.
    assert_eq!(
        worst(&delays(&row, &slower(1.19), Position::Below)),
        Some(Outcome::Holds)
    );
    assert_eq!(
        worst(&delays(&row, &slower(1.3), Position::Below)),
        Some(Outcome::Fails)
    );
    assert_eq!(
        worst(&delays(&row, &slower(1.45), Position::AtKnee)),
        Some(Outcome::Holds)
    );
    assert_eq!(worst(&delays(&row, &slower(9.0), Position::Above)), None);
    let light = calls("cap_11a_20ms", 10, 0);
    let ours = echo(&light, |figures| figures.ul.mean_ms += 0.19);
    assert_eq!(
        worst(&delays(&light, &ours, Position::Below)),
        Some(Outcome::Holds),
        "0.2 ms"
    );
}

#[test]
fn background_is_held_to_decades() {
    let row = calls("bg_11a", 5, 5);
    let outcome = |change: fn(&mut VoiceFigures)| {
        worst(&background(&row, &echo(&row, change), row.claim())).unwrap()
    };
    assert_eq!(outcome(|_| {}), Outcome::Holds);
    assert_eq!(
        outcome(|figures| figures.ul.loss_150ms = 0.0),
        Outcome::Holds,
        "0.14 % is little"
    );
    assert_eq!(
        outcome(|figures| figures.dl.loss_150ms *= 4.0),
        Outcome::Fails
    );
    assert_eq!(outcome(|figures| figures.dl.p99_ms *= 3.0), Outcome::Holds);
    assert_eq!(outcome(|figures| figures.ul.p99_ms *= 0.3), Outcome::Fails);
    assert_eq!(
        outcome(|figures| figures.ul.mean_ms *= 1.3),
        Outcome::WithinError
    );
    assert_eq!(outcome(|figures| figures.ul.mean_ms *= 1.6), Outcome::Fails);
    assert_eq!(
        outcome(|figures| figures.ul.loss_150ms = f64::NAN),
        Outcome::Fails
    );
}

#[test]
fn beyond_recovery_must_be_unusable_here_too() {
    let row = calls("bg_11b", 5, 5);
    assert!(row.beyond_recovery());
    let outcomes = |change: fn(&mut VoiceFigures)| worst(&unusable(&row, &echo(&row, change)));
    assert_eq!(
        outcomes(|figures| figures.dl.mean_ms *= 2.0),
        Some(Outcome::Holds)
    );
    assert_eq!(
        outcomes(|figures| figures.dl.loss_150ms = 0.005),
        Some(Outcome::Fails)
    );
    assert_eq!(
        outcomes(|figures| figures.ul.loss_150ms = 0.0),
        Some(Outcome::Holds),
        "14 %"
    );
}

#[test]
fn speed_is_a_hundredth() {
    let row = &Reference::embedded().unwrap().speed[0];
    assert_eq!(speed(row, 0.000_36).outcome, Outcome::Holds);
    assert_eq!(speed(row, 0.000_37).outcome, Outcome::Fails);
}

#[derive(serde::Deserialize)]
struct Model {
    config: String,
    k_calls: u32,
    bg_udp_stas: u32,
    model_ul_loss150: f64,
    model_ul_mean_ms: f64,
    model_dl_loss150: f64,
    model_dl_mean_ms: f64,
}

#[test]
fn an_independent_model_of_calls_meets_the_criteria() {
    let text = include_str!("../../../../reference/ns3/analytic_voip_public.csv");
    let models = csv::Reader::from_reader(text.as_bytes()).into_deserialize::<Model>();
    let models: Vec<_> = models.map(Result::unwrap).collect();
    let mut groups: BTreeMap<&str, Vec<(VoiceRow, VoiceSummary)>> = BTreeMap::new();
    for model in &models {
        let row = calls(&model.config, model.k_calls, model.bg_udp_stas);
        let ours = echo(&row, |figures| {
            figures.ul.loss_150ms = model.model_ul_loss150;
            figures.ul.mean_ms = model.model_ul_mean_ms;
            figures.dl.loss_150ms = model.model_dl_loss150;
            figures.dl.mean_ms = model.model_dl_mean_ms;
        });
        if row.calls_only() {
            groups.entry(&model.config).or_default().push((row, ours));
        } else if row.beyond_recovery() {
            assert_eq!(worst(&unusable(&row, &ours)), Some(Outcome::Holds));
        } else {
            let checks = background(&row, &ours, row.claim());
            assert_eq!(worst(&checks), Some(Outcome::Holds), "{checks:?}");
        }
    }
    for (config, rows) in &groups {
        let of = |figures: fn(&(VoiceRow, VoiceSummary)) -> [DirectionFigures; 2]| {
            let usable = |row| figures(row).iter().all(DirectionFigures::usable);
            Knee::of(rows.iter().map(|row| (row.0.k_calls, usable(row))))
        };
        let ns3 = of(|(row, _)| [row.ul, row.dl]);
        let ours = of(|(_, ours)| [ours.mean.ul, ours.mean.dl]);
        let standings: Vec<_> = rows
            .iter()
            .map(|(row, ours)| Standing {
                row,
                ours: Some(ours),
            })
            .collect();
        let check = super::super::knee(rows[0].0.access, ours, ns3, certain_distance(&standings));
        // The model carries 54 calls in AC_VO, ns-3 50; but at 52 and 54 ns-3 fails by less than
        // its three runs scatter.
        let expected = if *config == "cap_11a_VO0_20ms" {
            Outcome::WithinError
        } else {
            Outcome::Holds
        };
        assert_eq!(check.outcome, expected, "{config} {check:?}");
        for (row, ours) in rows {
            let checks = delays(row, ours, Position::of(row, ns3));
            // The spread of the model's runs is not known, nor that of a single run of ns-3.
            let held = worst(&checks) < Some(Outcome::Fails) || row.seeds == 1;
            assert!(held, "{checks:?}");
        }
    }
}
