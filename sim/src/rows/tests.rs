use super::*;
use crate::scenario::Scenario;
use crate::world::{Options, run};

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
count = 2

[[traffic]]
name = "call"
kind = "voice"
from = "s1"
to = "wire"
duration = "1s"

[[traffic]]
name = "load"
kind = "udp"
from = "s"
to = "wire"
duration = "1s"
"#;

fn outcomes() -> Vec<Outcome> {
    let scenario = Scenario::parse(CELL, "cell.toml").unwrap();
    let seeds = 1..=2;
    let run = |seed| run(&scenario, &scenario.arm[0], seed, &Options::default()).unwrap();
    seeds.map(run).collect()
}

#[test]
fn a_row_for_each_flow_and_way_and_radio() {
    let outcome = &outcomes()[0];
    let rows = rows(outcome);
    let names: Vec<_> = rows
        .iter()
        .map(|row| (row.name.as_str(), row.subject.name()))
        .collect();
    let expected = [
        ("call", "up"),
        ("call", "down"),
        ("load1", "transfer"),
        ("load2", "transfer"),
        ("ap", "radio"),
        ("s1", "radio"),
        ("s2", "radio"),
    ];
    assert_eq!(names, expected);
    assert!(rows[2].figures[&Figure::Goodput] > 1e6);
    assert_eq!(rows[0].figures[&Figure::Sent], 50.0);
    let back: Row = serde_json::from_str(&serde_json::to_string(&rows[0]).unwrap()).unwrap();
    assert_eq!(back, rows[0]);
}

#[test]
fn csv_has_units_and_a_line_for_each_flow_way_and_seed() {
    let outcomes = outcomes();
    let mut bytes = Vec::new();
    write_csv(&outcomes, &mut bytes).unwrap();
    let mut table = csv::Reader::from_reader(&bytes[..]);
    let header: Vec<_> = table.headers().unwrap().iter().map(str::to_owned).collect();
    assert_eq!(header[..5], ["scenario", "arm", "seed", "flow", "way"]);
    assert!(header.contains(&"goodput (bit/s)".to_owned()), "{header:?}");
    let records: Vec<_> = table.records().map(|record| record.unwrap()).collect();
    assert_eq!(records.len(), 8);
    assert_eq!(&records[4][2], "2", "the second seed");
    assert_eq!(&records[0][8], "", "a call has no goodput");
}

#[test]
fn seeds_have_a_mean_and_a_deviation() {
    let row = |value| Row {
        arm: "main".to_owned(),
        name: "load".to_owned(),
        subject: Subject::Transfer,
        figures: BTreeMap::from([(Figure::Goodput, value)]),
    };
    let both = [row(1.0), row(3.0)];
    let [spread] = &spreads(&both)[..] else {
        panic!("one flow")
    };
    let goodput = spread.figures[&Figure::Goodput];
    assert_eq!(goodput.mean, 2.0);
    assert!((goodput.sd - 2.0_f64.sqrt()).abs() < 1e-12);
    assert!(spreads(&[]).is_empty());
}
