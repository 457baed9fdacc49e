use super::*;

fn report() -> Report {
    serde_json::from_str(include_str!("../fixture.json")).unwrap()
}

#[test]
fn a_run_becomes_rows() {
    let summary = Summary::of(&report());
    let names: Vec<_> = summary.rows.iter().map(|row| row.what.as_str()).collect();
    assert_eq!(
        names,
        [
            "the call, up",
            "the call, down",
            "B uplink",
            "C uplink",
            "B downlink",
            "airtime of B and C",
            "cycle"
        ]
    );
    let verdicts: Vec<_> = summary.rows.iter().map(|row| row.kept).collect();
    let none = [None; 3];
    assert_eq!(verdicts[..2], [Some(true); 2]);
    assert_eq!(verdicts[2..5], none);
    assert_eq!(verdicts[5..], [Some(false), Some(true)]);
    assert_eq!(summary.delay_required, Some(25.0));
    assert!(!summary.passed());
}

#[test]
fn the_call_has_its_promise_and_what_it_got() {
    let summary = Summary::of(&report());
    let up = &summary.rows[0];
    assert_eq!(
        up.promised,
        [
            "80 kbit/s, 200 B packets",
            "wait at most 20 ms",
            "required: 0 lost",
            "required: p99 <= 25 ms"
        ]
    );
    let Delivered::Flow(with) = &up.with else {
        panic!("a call is a flow");
    };
    // 300 packets of 200 octets in 6 s.
    assert_eq!(with.rate, Some(80_000.0));
    assert_eq!(with.p99_ms, Some(20.102));
    let delays: Vec<_> = summary.delays.iter().map(|delay| &*delay.label).collect();
    assert_eq!(
        delays,
        ["up, with", "up, without", "down, with", "down, without"]
    );
}

#[test]
fn airtime_is_that_of_the_named_stations() {
    let mut report = report();
    let summary = Summary::of(&report);
    assert_eq!(
        summary.rows[5].with,
        Delivered::Cell(vec!["B 2.56 s, C 2.40 s".into(), "6.7 % apart".into()])
    );
    assert_eq!(
        summary.rows[6].promised,
        ["granted airtime at most", "20 ms and one grant"]
    );
    assert_eq!(summary.airtime.len(), 3);
    // A station that the coordinator no longer knows is not made up.
    for list in ["/status/ap/cell/stations", "/gained/ap/cell/stations"] {
        let stations = report.arms[0].result.pointer_mut(list).unwrap();
        stations.as_array_mut().unwrap().remove(1);
    }
    let summary = Summary::of(&report);
    assert_eq!(summary.rows[5].what, "airtime of C");
    assert_eq!(summary.airtime.len(), 2);
}

#[test]
fn results_that_are_not_there_leave_dashes() {
    let mut report = report();
    report.arms.clear();
    let summary = Summary::of(&report);
    assert_eq!(summary.rows[0].with, Delivered::Flow(Flow::default()));
    assert!(summary.delays.is_empty() && summary.airtime.is_empty());
}

#[test]
fn a_promise_is_kept_only_if_every_check_of_it_holds() {
    let mut report = report();
    let stream = "traffic.call.calls.0.up.stream.";
    assert_eq!(kept(&report, stream), Some(true));
    // Two verdicts of the report itself come first; this is that of the delay up.
    report.checks[4].passed = false;
    assert_eq!(kept(&report, stream), Some(false));
    assert_eq!(
        kept(&report, "traffic.call.calls.0.down.stream."),
        Some(true)
    );
    assert_eq!(kept(&report, "traffic.b-up."), None);
}
