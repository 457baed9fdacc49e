use std::fs;

use super::*;
use crate::results::{run_seeds, write};
use crate::scenario::Scenario;
use crate::sweep::{FILE, Plan, Store};
use crate::verdict::judge_outcomes;
use crate::world::Options;

const CELL: &str = r#"
name = "cell"
settle = "0ms"

[medium]
kind = "air"

[[ap]]
name = "ap"
phy = "11a"

[[station]]
name = "s"
ap = "ap"
count = 7

[[traffic]]
name = "call"
kind = "voice"
from = "s"
to = "wire"
duration = "1s"

[[traffic]]
name = "load"
kind = "udp"
from = "s"
to = "wire"
duration = "1s"
"#;

fn results(options: &Options) -> (tempfile::TempDir, Input) {
    let folder = tempfile::tempdir().unwrap();
    let scenario = Scenario::parse(CELL, "cell.toml").unwrap();
    let arms: Vec<_> = scenario.arm.iter().collect();
    let outcomes = run_seeds(&scenario, &arms, &[1], options).unwrap();
    let run: Vec<_> = outcomes.iter().collect();
    let verdicts = judge_outcomes(&scenario, &run).unwrap();
    write(&folder.path().join("cell"), &run, &verdicts).unwrap();
    let mut input = Input::default();
    input.add(folder.path()).unwrap();
    (folder, input)
}

#[test]
fn runs_give_distributions_and_airtime() {
    let options = Options {
        cost: false,
        sample: Some(rether_proto::time::Duration::from_millis(100)),
        delays: true,
    };
    let (_folder, input) = results(&options);
    let plots = delays(&input.results).unwrap();
    assert_eq!(plots[0].name, "delay-cell");
    for text in ["main, up", "main, down", "one-way delay, ms", "#B00020"] {
        assert!(plots[0].svg.contains(text), "{text}");
    }
    let plot = airtime(&input.results[0]).unwrap().unwrap();
    assert_eq!(plot.name, "airtime-cell-main-seed1");
    for text in ["4 others", "frames of Rether", "Acks", "time, s", "#C9CED3"] {
        assert!(plot.svg.contains(text), "{text}");
    }
}

#[test]
fn results_without_what_plots_need_give_none() {
    let (_folder, input) = results(&Options::default());
    assert!(delays(&input.results).unwrap().is_empty());
    assert!(airtime(&input.results[0]).unwrap().is_none());
}

#[test]
fn a_sweep_gives_figures_over_its_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let settings =
        ["ap.ap.wmm=true,false", "station.s.count=1,2"].map(|text| text.parse().unwrap());
    let path = std::path::Path::new("cell.toml");
    let plan = Plan::new(CELL, path, &settings, None, &[1, 2]).unwrap();
    plan.run(&mut Store::open(folder.path()).unwrap(), &|_, _| ())
        .unwrap();
    let mut input = Input::default();
    input.add(folder.path()).unwrap();
    let plots = over_parameter(&input.records).unwrap();
    let names: Vec<_> = plots.iter().map(|plot| plot.name.as_str()).collect();
    let expected = [
        "goodput-load",
        "missed-call-up",
        "missed-call-down",
        "missed-load",
        "p99-call-up",
        "p99-call-down",
        "p99-load",
    ];
    assert_eq!(names, expected);
    for text in ["station.s.count", "main, wmm true", "goodput, Mb/s"] {
        assert!(plots[0].svg.contains(text), "{text}");
    }
    assert!(
        over_parameter(&input.records[..2]).unwrap().is_empty(),
        "one number"
    );
    assert!(over_parameter(&[]).unwrap().is_empty());
}

#[test]
fn what_is_no_result_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let mut input = Input::default();
    let error = input.add(folder.path()).unwrap_err().to_string();
    assert!(
        error.contains("neither a result.json nor a sweep.jsonl"),
        "{error}"
    );
    let file = folder.path().join("result.json");
    fs::write(&file, "{}").unwrap();
    let error = input.add(folder.path()).unwrap_err().to_string();
    assert!(
        error.contains("result.json: not a result of `rether-sim run`"),
        "{error}"
    );
    let error = input
        .add(&folder.path().join("gone.json"))
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("cannot read"), "{error}");
    fs::write(folder.path().join(FILE), "x\n").unwrap();
    let error = input
        .add(&folder.path().join(FILE))
        .unwrap_err()
        .to_string();
    assert!(error.contains("sweep.jsonl:1"), "{error}");
}

#[test]
fn distributions_count_what_never_came() {
    let line = cdf("calls".to_owned(), vec![3.0, 1.0, f64::NAN, 2.0], 6);
    let expected = [(1.0, 0.0), (1.0, 1.0 / 6.0), (2.0, 2.0 / 6.0), (3.0, 0.5)];
    assert_eq!(line.line, expected);
    let many: Vec<f64> = (0..100_000).map(f64::from).collect();
    let line = cdf("calls".to_owned(), many, 0);
    assert!(line.line.len() < 500);
    assert_eq!(line.line.last(), Some(&(99_999.0, 1.0)));
    assert!(cdf(String::new(), Vec::new(), 5).line.is_empty());
}

#[test]
fn empty_charts_and_names_with_markup_are_no_failure() {
    let chart = Chart {
        title: Some("<b>"),
        x: Axis::linear("x", &[]),
        y: Axis::logarithmic("y", &[1.0, 10.0]),
        limit: Some(3.0),
        mark: None,
    };
    let svg = chart.lines(&[]).unwrap();
    assert!(svg.contains("&lt;b&gt;") && svg.contains("</svg>"));
    let svg = chart.areas(&[], &[]).unwrap();
    assert!(svg.contains("</svg>"));
    let zero = Line {
        label: "zero".to_owned(),
        line: vec![(1.0, 0.0), (2.0, 5.0)],
        ..Line::default()
    };
    assert!(!chart.lines(&[zero]).unwrap().contains("NaN"));
}
