use super::*;

/// What `rether-ap status --json` said at the last snapshot of a run of `first-light-11a` in which
/// the wired host also sent 400 kbit/s to B, to the port whose flows are promised 80 kbit/s.
pub(crate) const STATUS: &str = include_str!("status.json");

/// The report of an earlier run, with `status` as what its access point said in mid-run.
pub(crate) fn report(status: &str) -> Report {
    let mut report: Report = serde_json::from_str(include_str!("../fixture.json")).unwrap();
    let status: Value = serde_json::from_str(status).unwrap();
    report.arms[0].result["snapshot"] = serde_json::json!({ "ap": status });
    report
}

#[test]
fn a_kept_promise_says_whose_it_is_and_what_came_of_it() {
    let ways = of(&report(STATUS)).unwrap();
    let whose: Vec<_> = ways.iter().map(PromisedWay::whose).collect();
    assert_eq!(
        whose[0],
        ["A up: rule voice", "udp 10.0.0.100:5004 > 10.0.0.1:5004"]
    );
    let first: Vec<_> = whose.iter().map(|lines| lines[0].as_str()).collect();
    assert_eq!(
        first[1..],
        [
            "A down: rule voice",
            "B up: rule voice",
            "B down: rule voice"
        ]
    );
    assert_eq!(ways[1].promise(), ["80.0 kbit/s", "wait at most 20.0 ms"]);
    assert_eq!(ways[1].state, "promised");
    // 50,000 octets in 5.002 s; the delays are those of the call in the report.
    assert_eq!(
        ways[1].texts(),
        [
            "80.0 kbit/s",
            "12.5 ms",
            "2.2 ms",
            "20.0 ms",
            "5 of 5 s (100 %)",
            "-"
        ]
    );
    assert_eq!(
        ways[0].wait_p99_ms, None,
        "it waits where the AP cannot see"
    );
}

#[test]
fn a_missed_promise_says_how_often_and_why() {
    let ways = of(&report(STATUS)).unwrap();
    let beyond = "it came from the wired side in bursts";
    // Nobody measures the delays of B's flow, which sends nothing up.
    assert_eq!(
        ways[3].texts(),
        [
            "456.8 kbit/s",
            "32.5 ms",
            "-",
            "-",
            "0 of 5 s (0 %)",
            beyond
        ]
    );
    let less = "the application sent no more";
    let [rate, .., kept, why] = ways[2].texts();
    assert_eq!(
        [&*rate, &*kept, &*why],
        ["0.3 kbit/s", "5 of 5 s (100 %)", less]
    );
}

#[test]
fn a_promise_younger_than_a_second_has_a_row_without_figures() {
    let mut status: Value = serde_json::from_str(STATUS).unwrap();
    let flow = &mut status["cell"]["flows"][0];
    (flow["up"], flow["down"]) = (Value::Null, Value::Null);
    flow["direction"] = "down".into();
    let ways = of(&report(&status.to_string())).unwrap();
    assert_eq!(ways[0].way, "down");
    assert_eq!(ways[0].texts()[4..], ["-", "-"]);
    assert_eq!(ways.len(), 3);
}

#[test]
fn a_station_that_the_scenario_does_not_know_goes_by_its_address() {
    let status = STATUS.replace("02:00:00:00:01:00", "02:00:00:00:0a:00");
    let way = &of(&report(&status)).unwrap()[0];
    assert_eq!(way.station, "02:00:00:00:0a:00");
    assert_eq!(way.delay_p99_ms, None);
}

#[test]
fn where_there_is_no_report_it_is_said_why() {
    let why = |status: &str| of(&report(status)).unwrap_err();
    assert!(why(r#"{"error": "no daemon"}"#).starts_with("what ap said is no status: "));
    let mut status: Value = serde_json::from_str(STATUS).unwrap();
    status["cell"]["flows"] = serde_json::json!([]);
    assert!(why(&status.to_string()).contains("nothing was promised"));
    let mut report = report(STATUS);
    report.arms[0].result["snapshot"] = Value::Null;
    assert!(of(&report).unwrap_err().contains("noted no status"));
    report.arms.clear();
    assert!(of(&report).unwrap_err().contains("no arm"));
}

#[test]
fn the_scenarios_note_the_status_while_the_load_is_on() {
    for cell in [crate::demo::Cell::A, crate::demo::Cell::B] {
        let mut report = report(STATUS);
        report.scenario = cell.scenario().unwrap();
        let at = noted_at(&report).unwrap();
        for flow in &report.scenario.traffic {
            let start = flow.start.seconds();
            assert!(start < at && at < start + flow.duration.seconds());
        }
    }
}
