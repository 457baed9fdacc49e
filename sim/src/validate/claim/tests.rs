use super::*;
use crate::validate::{Reference, text};

/// Prefixes of rows that are not claimed, and a word of the reason.
const NOT: [(&str, &str); 11] = [
    ("11a_VI n=", "CF-End"),
    ("11a_VO n=", "CF-End"),
    ("voice_11a_VO n=", "CF-End"),
    ("cap_11a_VO_20ms k=", "CF-End"),
    ("bg_11a_edca k=", "CF-End"),
    ("sens_11a_beacons", "beacons"),
    ("sens_11b_beacons", "beacons"),
    ("sens_11a_rts", "RTS"),
    ("sens_11b_rts", "RTS"),
    ("sens_mixed_no_oracle_eifs", "error model"),
    ("sens_bg11b_fqcodel", "FqCoDel"),
];

#[test]
fn every_row_has_its_decision() {
    let reference = Reference::embedded().unwrap();
    let saturation = reference.saturation.iter();
    let saturation = saturation.map(|row| (text::saturation_name(row), row.claim()));
    let voice = reference.voice.iter();
    let voice = voice.map(|row| (text::voice_name(row), row.claim()));
    let mut counts = [0, 0, 0];
    for (name, claim) in saturation.chain(voice) {
        let not = NOT.iter().find(|(prefix, _)| name.starts_with(prefix));
        match (claim, not) {
            (Claim::No { why }, Some((_, word))) => {
                assert!(why.contains(word), "{name}: {why}");
                counts[0] += 1;
            }
            (Claim::No { why }, None) => panic!("{name} is not claimed: {why}"),
            (_, Some(_)) => panic!("{name} is claimed"),
            (Claim::Loose { why }, None) => {
                let slow = name.starts_with("11b_mixed1") && why.contains("slow station");
                let few = name == "11a_VO0 n=50" && why.contains("few packets");
                let tcp =
                    (name.contains("tcp") || name.contains("download")) && why.contains("smoltcp");
                let lost = why.contains("20 % lost");
                assert!(slow || few || tcp || lost, "{name}: {why}");
                counts[1] += 1;
            }
            (Claim::Yes, None) => {
                assert!(!name.contains("tcp") || name.contains("k=5"), "{name}");
                counts[2] += 1;
            }
        }
        assert!(
            !claim
                .why()
                .is_some_and(|why| why.contains("nothing is known")),
            "{name}"
        );
    }
    assert_eq!(counts, [37, 24, 133], "not claimed, loose, claimed");
    assert!(reference.speed.iter().all(|row| row.claim() == Claim::Yes));
}

#[test]
fn what_nothing_is_known_about_is_not_claimed() {
    let reference = Reference::embedded().unwrap();
    let mut row = reference.saturation[1].clone();
    row.config = "sens_11a_aggregation".to_owned();
    assert!(!row.claim().is_judged());
    let mut row = reference.voice[0].clone();
    row.config = "sens_bg11b_lifetime".to_owned();
    assert!(!row.claim().is_judged());
    let mut row = reference.speed[0].clone();
    row.scenario = "11n".to_owned();
    assert!(!row.claim().is_judged());
}

#[test]
fn every_speed_row_has_a_simulation_that_shows_it() {
    let reference = Reference::embedded().unwrap();
    for row in &reference.speed {
        let scenario = row.simulated().unwrap();
        let stations = reference.saturation.iter();
        let stations = stations.filter(|other| scenario.is_saturation(other, row.n_or_k));
        let calls = reference.voice.iter();
        let calls = calls.filter(|other| scenario.is_calls(other, row.n_or_k));
        assert!(
            stations.count() + calls.count() > 0,
            "{} {}",
            row.scenario,
            row.n_or_k
        );
    }
}
