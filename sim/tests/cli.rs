//! The program from outside: exit codes, files, and what it says about mistakes.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const CELL: &str = r#"
name = "cell"
settle = "100ms"

[medium]
kind = "air"

[[ap]]
name = "ap"
phy = "11a"

[[station]]
name = "s"
ap = "ap"

[[traffic]]
name = "call"
kind = "voice"
from = "s"
to = "wire"
duration = "1s"

[[arm]]
name = "rether"
daemons = true

[[arm]]
name = "plain"
daemons = false

[[check]]
what = "traffic.call.calls.0.up.stream.lost"
op = "=="
value = 0
"#;

fn sim(folder: &Path, arguments: &[&str]) -> Output {
    let program = Command::new(env!("CARGO_BIN_EXE_rether-sim"))
        .args(arguments)
        .current_dir(folder)
        .output();
    program.expect("the program starts")
}

fn folder(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("cell.toml"), text).expect("a file");
    folder
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("it ended by itself")
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

#[test]
fn the_exit_code_says_whether_the_checks_hold() {
    let good = folder(CELL);
    let run = sim(good.path(), &["run", "cell.toml"]);
    assert_eq!(code(&run), 0, "{}", err(&run));
    assert!(err(&run).contains("cell: 1 of 1 checks hold"));
    assert!(out(&run).contains("call down"));

    let bad = folder(&CELL.replace("value = 0", "value = 7"));
    let run = sim(bad.path(), &["run", "cell.toml", "--seeds", "2"]);
    assert_eq!(code(&run), 1);
    assert!(
        err(&run).contains("FAILED  expected: traffic.call"),
        "{}",
        err(&run)
    );
    assert!(err(&run).contains("cell, seed 2: 0 of 1 checks hold"));

    let lab = folder(&CELL.replace("traffic.call.calls.0.up.stream.lost", "counters.after"));
    let run = sim(lab.path(), &["run", "cell.toml", "--csv"]);
    assert_eq!(code(&run), 1);
    assert!(
        err(&run).contains("the simulator has no `counters`"),
        "{}",
        err(&run)
    );
    assert!(out(&run).starts_with("scenario,arm,seed,flow,way,sent (packets)"));
}

#[test]
fn mistakes_are_said_once_with_what_to_do() {
    let cell = folder(CELL);
    let said = |arguments: &[&str]| {
        let run = sim(cell.path(), arguments);
        assert_eq!(code(&run), 2, "{arguments:?}: {}", err(&run));
        err(&run)
    };
    let gone = said(&["run", "gone.toml"]);
    assert_eq!(gone.matches("No such file").count(), 1, "{gone}");
    assert!(said(&["run", "cell.toml", "--arm", "x"]).contains("there are: rether, plain"));
    assert!(said(&["run", "cell.toml", "--seeds", "0"]).contains("--seeds"));
    assert!(said(&["run", "cell.toml", "--sample", "0ms"]).contains("more than 0"));
    assert!(said(&["run", "cell.toml", "--json", "--csv"]).contains("cannot be used with"));
    let two = said(&["run", "cell.toml", "--pcap", "a.pcap", "--seeds", "2"]);
    assert!(two.contains("a capture is of one run"), "{two}");
    assert!(said(&["run", "cell.toml", "--pcap", "no/a.pcap"]).contains("no/a-rether.pcap"));
    assert!(said(&["sweep", "cell.toml"]).contains("--set"));
    assert!(said(&["sweep", "gone.toml", "--set", "warm-up=0s"]).contains("gone.toml"));
    let typo = said(&["sweep", "cell.toml", "--set", "station.s.conut=1,2"]);
    assert!(typo.contains("did you mean `count`?"), "{typo}");
    assert!(said(&["plot", "."]).contains("neither a result.json"));
    fs::create_dir(cell.path().join("torn")).unwrap();
    fs::write(cell.path().join("torn/sweep.jsonl"), "{}\n").unwrap();
    let torn = said(&[
        "sweep",
        "cell.toml",
        "--set",
        "station.s.count=1",
        "--out",
        "torn",
    ]);
    assert!(
        torn.contains("sweep.jsonl:1: not a result of a sweep"),
        "{torn}"
    );
}

#[test]
fn a_run_leaves_results_captures_and_plots() {
    let cell = folder(CELL);
    let at = |path: &str| cell.path().join(path);
    let arguments = [
        "run",
        "cell.toml",
        "--out",
        "r",
        "--delays",
        "--sample",
        "100ms",
        "--pcap",
        "air.pcap",
    ];
    let run = sim(cell.path(), &arguments);
    assert_eq!(code(&run), 0, "{}", err(&run));
    for path in ["air-rether.pcap", "air-plain.pcap", "r/cell/checks.json"] {
        assert!(at(path).exists(), "{path}");
    }
    let first = fs::read(at("r/cell/plain/result.json")).unwrap();
    sim(cell.path(), &arguments);
    assert_eq!(fs::read(at("r/cell/plain/result.json")).unwrap(), first);

    let plot = sim(cell.path(), &["plot", "r"]);
    assert_eq!(code(&plot), 0, "{}", err(&plot));
    assert!(at("r/plots/delay-cell.svg").exists());
    assert!(at("r/plots/airtime-cell-rether-seed1.svg").exists());

    sim(cell.path(), &["run", "cell.toml", "--out", "bare"]);
    let plot = sim(cell.path(), &["plot", "bare"]);
    assert_eq!(code(&plot), 2);
    assert!(err(&plot).contains("--delays"), "{}", err(&plot));

    sim(
        cell.path(),
        &["run", "cell.toml", "--out", "many", "--seeds", "2"],
    );
    assert!(at("many/cell/seed-2/rether/result.json").exists());
}

#[test]
fn a_sweep_that_is_there_is_not_run_again() {
    let cell = folder(CELL);
    let sweep = |values: &str, more: &[&str]| {
        let set = format!("station.s.count={values}");
        let arguments = ["sweep", "cell.toml", "--seeds", "2", "--set", &set];
        let run = sim(cell.path(), &[&arguments, more].concat());
        assert_eq!(code(&run), 0, "{}", err(&run));
        (out(&run), err(&run))
    };
    let (table, _) = sweep("1,2", &[]);
    assert!(
        table.contains("call down") && table.contains("sweep.csv"),
        "{table}"
    );
    let (again, said) = sweep("1,2", &[]);
    assert_eq!(again, table);
    assert!(said.contains("4 of 4 points are in"), "{said}");
    let (_, said) = sweep("1,2,3", &["--arm", "plain"]);
    assert!(!said.contains("are in"), "one arm is another sweep: {said}");
    let (_, said) = sweep("1", &["--anew"]);
    assert!(!said.contains("are in"), "{said}");
}

#[test]
fn guarantees_are_told_and_each_point_can_be_run_by_itself() {
    let place = folder(CELL);
    let at = |path: &str| place.path().join(path);
    let arguments = [
        "guarantees",
        "--quick",
        "--seconds",
        "1",
        "--only",
        "G4",
        "--markdown",
        "results.md",
    ];
    let run = sim(place.path(), &arguments);
    let json = fs::read_to_string(at("guarantees/guarantees.json")).unwrap();
    let found: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(found["findings"].as_array().unwrap().len(), 4);
    let short = out(&run).contains("SHORT");
    assert_eq!(code(&run), i32::from(short), "{}", err(&run));
    assert!(err(&run).contains("[2/2] G4"), "{}", err(&run));
    let markdown = fs::read_to_string(at("results.md")).unwrap();
    assert!(markdown.contains("## G4") && markdown.contains("seed 1, 1 s counted"));
    assert!(at("guarantees/index.html").exists());
    let point = "guarantees/scenarios/g4-802-11b-dcf-1-slow-4-fast.toml";
    let run = sim(place.path(), &["run", point, "--arm", "plain"]);
    assert_eq!(code(&run), 0, "{}", err(&run));
    assert!(out(&run).contains("slow-up"), "{}", out(&run));
    let wrong = sim(place.path(), &["guarantees", "--only", "G11"]);
    assert!(err(&wrong).contains("there are G1, G1d"), "{}", err(&wrong));
}

#[test]
fn help_has_examples() {
    let here = Path::new(".");
    assert!(out(&sim(here, &["--help"])).contains("Examples:"));
    for command in ["run", "sweep", "plot", "guarantees"] {
        let help = out(&sim(here, &[command, "--help"]));
        let example = format!("rether-sim {command} ");
        assert!(
            help.contains("Examples:") && help.contains(&example),
            "{help}"
        );
    }
}
