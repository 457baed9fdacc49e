use std::fs;
use std::path::Path;

use super::*;
use crate::rows::{Figure, Subject};

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

[[traffic]]
name = "load"
kind = "udp"
from = "s"
to = "wire"
duration = "1s"

[[arm]]
name = "plain"
daemons = false
"#;

fn plan_of(text: &str, settings: &[&str], seeds: &[u64]) -> Result<Plan, SweepError> {
    let settings: Vec<Setting> = settings.iter().map(|text| text.parse().unwrap()).collect();
    Plan::new(text, Path::new("cell.toml"), &settings, None, seeds)
}

fn plan(settings: &[&str], seeds: &[u64]) -> Result<Plan, SweepError> {
    plan_of(CELL, settings, seeds)
}

fn error(settings: &[&str], seeds: &[u64]) -> String {
    plan(settings, seeds).unwrap_err().to_string()
}

#[test]
fn every_combination_with_every_seed() {
    let plan = plan(&["station.s.count=1,2", "ap.ap.wmm=true,false"], &[1, 2]).unwrap();
    assert_eq!(plan.points.len(), 8);
    assert_eq!(plan.parameters, ["station.s.count", "ap.ap.wmm"]);
    assert_eq!(plan.points[0].set[0].1, 1);
    assert_eq!(plan.points[7].set[1].1, false);
    let mut keys: Vec<_> = plan.points.iter().map(|point| &point.key).collect();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 8);
}

#[test]
fn what_is_wrong_is_said_before_anything_runs() {
    assert!(error(&[], &[1]).contains("--set"));
    assert!(error(&["warm-up=1s"], &[]).contains("at least one seed"));
    assert!(error(&["warm-up=1s", "warm-up=2s"], &[1]).contains("set twice"));
    assert!(error(&["station.t.count=1"], &[1]).contains("no station is named `t`; there are: s"));
    let text = error(&["station.s.count=1,two"], &[1]);
    assert!(
        text.contains("with station.s.count = \"two\": invalid type"),
        "{text}"
    );
    let text = error(&["ap.ap.rate-mbps=54,11"], &[1]);
    assert!(
        text.starts_with("with ap.ap.rate-mbps = 11: ap[1].rate-mbps: 11 is not a rate"),
        "{text}"
    );
    let text = plan_of("name = 1", &["a=1"], &[1]).unwrap_err().to_string();
    assert!(text.starts_with("cell.toml"), "{text}");
    let settings = ["warm-up=0s".parse().unwrap()];
    let other = Plan::new(CELL, Path::new("c"), &settings, Some("rether"), &[1]);
    assert!(other.unwrap_err().to_string().contains("there are: plain"));
}

#[test]
fn a_point_that_cannot_be_simulated_names_its_values() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(&["medium.kind=ideal"], &[1]).unwrap();
    let mut store = Store::open(folder.path()).unwrap();
    let error = plan.run(&mut store, &|_, _| ()).unwrap_err().to_string();
    assert!(
        error.starts_with("with medium.kind = \"ideal\": "),
        "{error}"
    );
}

#[test]
fn a_sweep_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE);
    let small = plan(&["station.s.count=1"], &[1, 2]).unwrap();
    let mut store = Store::open(folder.path()).unwrap();
    let before = small.run(&mut store, &|_, _| ()).unwrap();
    assert_eq!(before.len(), 2);
    let lines = || fs::read_to_string(&path).unwrap().lines().count();
    assert_eq!(lines(), 2);

    let large = plan(&["station.s.count=1,2"], &[1, 2]).unwrap();
    let mut store = Store::open(folder.path()).unwrap();
    assert_eq!(large.missing(&store).count(), 2);
    let after = large.run(&mut store, &|_, _| ()).unwrap();
    assert_eq!(after[..2], before);
    assert_eq!(lines(), 4);
    assert_eq!(
        large.missing(&Store::open(folder.path()).unwrap()).count(),
        0
    );

    // A scenario that was changed is another one.
    let changed = plan_of(
        &CELL.replace("11a", "11g"),
        &["station.s.count=1,2"],
        &[1, 2],
    );
    assert_eq!(changed.unwrap().missing(&store).count(), 4);
}

#[test]
fn a_torn_last_line_is_run_again_and_a_broken_one_is_not_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE);
    let plan = plan(&["station.s.count=1"], &[1, 2]).unwrap();
    let mut store = Store::open(folder.path()).unwrap();
    let whole = plan.run(&mut store, &|_, _| ()).unwrap();
    let text = fs::read(&path).unwrap();
    fs::write(&path, &text[..text.len() - 10]).unwrap();
    let mut store = Store::open(folder.path()).unwrap();
    assert!(store.was_torn());
    assert_eq!(plan.missing(&store).count(), 1);
    assert_eq!(plan.run(&mut store, &|_, _| ()).unwrap(), whole);
    assert_eq!(Store::open(folder.path()).unwrap().records().len(), 2);

    fs::write(&path, [b"{\"key\": 1}\n", &text[..]].concat()).unwrap();
    let error = Store::open(folder.path()).unwrap_err().to_string();
    assert!(error.contains("sweep.jsonl:1: not a result"), "{error}");
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    let error = Store::open(folder.path()).unwrap_err().to_string();
    assert!(error.starts_with("cannot read or write"), "{error}");
}

#[test]
fn flows_that_were_written_once_are_one_in_summaries() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(&["station.s.count=1,3"], &[1, 2]).unwrap();
    let mut store = Store::open(folder.path()).unwrap();
    let records = plan.run(&mut store, &|_, _| ()).unwrap();
    let found = summaries(&records);
    assert_eq!(found.len(), 2);
    let three = &found[1];
    assert_eq!(
        (three.group.as_str(), three.subject),
        ("load", Subject::Transfer)
    );
    let rows = records[2].rows.iter();
    let sum: f64 = rows
        .filter_map(|row| row.figures.get(&Figure::Goodput))
        .sum();
    let goodput = three.measures[&Measure::Goodput];
    assert!((goodput.mean - sum / 1e6).abs() < 1.0 && goodput.sd > 0.0);

    let mut bytes = Vec::new();
    write_long_csv(&plan.parameters, &records, &mut bytes).unwrap();
    let mut table = csv::Reader::from_reader(&bytes[..]);
    let header = table.headers().unwrap().clone();
    assert_eq!(&header[0], "station.s.count");
    let units = header.iter().position(|name| name == "unit").unwrap();
    let lines: Vec<_> = table.records().map(|line| line.unwrap()).collect();
    assert!(
        lines
            .iter()
            .any(|line| &line[units] == "bit/s" && &line[0] == "3")
    );
}

#[test]
fn newer_results_of_the_same_point_count() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path()).unwrap();
    for (text, setting) in [
        (CELL.to_owned(), "ap.ap.wmm=true"),
        (CELL.to_owned(), "station.s.count=1,2"),
        (CELL.replace("11a", "11g"), "station.s.count=1"),
    ] {
        let plan = plan_of(&text, &[setting], &[1]).unwrap();
        plan.run(&mut store, &|_, _| ()).unwrap();
    }
    let all = store.records();
    assert_eq!(all.len(), 4);
    let found = latest(all);
    assert_eq!(found.len(), 2);
    assert_eq!(found[0], all[3]);
    assert!(latest(&[]).is_empty());
}
