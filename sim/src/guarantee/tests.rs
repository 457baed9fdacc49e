use super::*;
use crate::scenario::Scenario;

const LITTLE: Effort = Effort {
    quick: true,
    seeds: 1,
    seconds: 1,
};

#[test]
fn every_point_is_a_scenario_that_anybody_can_run() {
    for effort in [Effort::QUICK, Effort::FULL] {
        for task in Bar::ALL.iter().flat_map(|bar| tasks(*bar, &effort)) {
            let Some(text) = &task.text else {
                assert_eq!(task.at.bar, Bar::G2);
                continue;
            };
            let scenario = Scenario::parse(text, "bar").unwrap();
            let arms: Vec<_> = scenario.arm.iter().map(|arm| arm.name.as_str()).collect();
            assert_eq!(arms[..2], ["rether", "plain"], "{text}");
            assert_eq!(scenario.lab_only(), None);
        }
    }
}

#[test]
fn files_of_points_have_names_of_their_own() {
    let mut names: Vec<_> = Bar::ALL
        .iter()
        .flat_map(|bar| tasks(*bar, &Effort::FULL))
        .map(|task| {
            slug(&format!(
                "{} {} {}",
                task.at.bar.name(),
                task.at.series,
                task.at.point
            ))
        })
        .collect();
    let all = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), all);
    assert_eq!(
        slug("G1d 802.11b DCF 1 station"),
        "g1d-802-11b-dcf-1-station"
    );
}

/// One bar from its scenario to its page: what plain 802.11 does is known, what Rether does is
/// what is measured.
#[test]
fn a_bar_is_measured_judged_and_told() {
    let seen = std::sync::Mutex::new(Vec::new());
    let progress = |done, all, findings: &[Finding]| {
        seen.lock().unwrap().push((done, all, findings.len()));
    };
    let found = guarantees(&[Bar::G4], &LITTLE, &progress).unwrap();
    assert_eq!(seen.into_inner().unwrap(), [(1, 2, 2), (2, 2, 2)]);
    let dcf = &found.findings[0];
    let plain = dcf.plain.unwrap();
    // As many frames for each, as DCF has it.
    assert!((plain - 0.52).abs() < 0.15, "{plain}");
    assert_eq!(dcf.must, Some(Must::AtLeast(1.15)));
    assert!((dcf.limit.unwrap() - 1.22).abs() < 0.01);
    let (judged, short, worst) = tally(&found.by_bar()[0].1);
    assert_eq!(judged, 2);
    assert_eq!(found.passed(), short == 0);
    let markdown = found.to_markdown();
    assert!(
        markdown.contains("least of a fast station, Mb/s"),
        "{markdown}"
    );
    assert!(markdown.contains(&sentence(worst.unwrap())), "{markdown}");
    assert!(found.to_html().unwrap().contains("<h2>G4</h2>"));
}

#[test]
fn lines_are_drawn_over_what_points_differ_in() {
    let point = |n: f64, rether: f64| {
        let at = At {
            bar: Bar::G1,
            series: "802.11b WMM".to_owned(),
            point: format!("{n} stations"),
            x: n,
        };
        Finding::new(&at, "goodput", "Mb/s")
            .seen(6.0, rether)
            .at_least(7.0)
    };
    let found = Guarantees {
        effort: LITTLE,
        findings: vec![point(1.0, 7.2), point(50.0, 6.9)],
        terms: Vec::new(),
        scenarios: Vec::new(),
    };
    let page = found.to_html().unwrap();
    assert_eq!(page.matches("<svg").count(), 1);
    assert!(page.contains("802.11b WMM, Rether") && page.contains("saturated stations"));
    assert!(page.contains("1 of 2") && page.contains("SHORT"));
    assert!(!found.passed());
}

#[test]
fn bars_have_names() {
    assert_eq!(Bar::named("g1D"), Some(Bar::G1d));
    assert_eq!(Bar::named("G11"), None);
}
