use super::*;
use crate::report::ArmReport;
use serde_json::{Value, json};

/// Clocks of the machine when that of the arm started, in ns.
const MONOTONIC: u64 = 7_000_000_000;
const BOOTTIME: u64 = 9_000_000_000;

/// One way of a call whose packets are due every 20 ms from 5 ms on; the delay of each, in us.
fn way(delays: &[Option<i32>]) -> Value {
    json!({
        "sender": { "sent": delays.len(), "started_ns": MONOTONIC + 5_000_000 },
        "stream": {
            "lost": delays.iter().filter(|delay| delay.is_none()).count(),
            "duplicated": 0,
            "longest_gap_ms": 34.25,
            "mos_worst_window": 4.375,
            "delays_us": delays,
        },
    })
}

/// A call of 15 packets each way: the roam is asked for at 100 ms, and the radio is away from 120 to
/// 150 ms.
fn result(down: &[Option<i32>]) -> Value {
    let boot = |ms: u64| BOOTTIME + ms * 1_000_000;
    json!({
        "clock-start": { "monotonic-ns": MONOTONIC, "boottime-ns": BOOTTIME },
        "clock-seconds": 0.5,
        "nodes": { "caller": { "mac": "02:00:00:00:02:00" } },
        "traffic": { "call": { "profile": "g711", "calls": [{ "up": way(&[Some(2_000); 15]), "down": way(down) }] } },
        "roaming": { "count": 1, "failed": 0 },
        "roams": [{
            "node": "caller", "from": "ap1", "to": "ap2", "at-s": 0.1, "connected": true,
            "before-ms": 20.0, "authentication-ms": 20.0, "association-ms": 8.0, "keys-ms": 2.0,
        }],
        "handoffs": {
            "caller": { "handoffs": [
                // Of another roam.
                { "at": { "chosen": boot(50) } },
                { "at": { "chosen": boot(105), "prepared": boot(115), "left": boot(116),
                    "go": boot(118), "arrived": boot(151) } },
            ] },
            "ap1": { "handoffs": [
                { "side": "old", "station": "02:00:00:00:03:00", "left": boot(110), "flushed": boot(112), "held": 9 },
                { "side": "old", "station": "02:00:00:00:02:00", "left": boot(116), "flushed": boot(152), "held": 2 },
            ] },
            "ap2": { "handoffs": [
                { "side": "new", "station": "02:00:00:00:02:00", "associated": boot(148), "authorised": boot(150),
                    "claimed": boot(151), "flushed": boot(152), "switched": boot(153), "flushed_packets": 2 },
            ] },
        },
    })
}

/// Packets 6 and 7, due at 125 and 145 ms, wait until 152 ms.
fn held() -> Vec<Option<i32>> {
    let mut delays = vec![Some(2_000); 15];
    delays[6] = Some(27_000);
    delays[7] = Some(7_000);
    delays
}

/// All from packet 6 on are lost.
fn gone() -> Vec<Option<i32>> {
    let mut delays = vec![Some(2_000); 15];
    delays[6..].fill(None);
    delays
}

fn report() -> Report {
    let mut without = result(&gone());
    without["handoffs"] = Value::Null;
    let arm = |name: &str, result| ArmReport {
        name: name.to_owned(),
        result,
    };
    Report {
        scenario: scenario().unwrap(),
        arms: vec![arm(WITH, result(&held())), arm(WITHOUT, without)],
        checks: Vec::new(),
        folder: "walk".into(),
        wall_seconds: 60.0,
        packages: Vec::new(),
    }
}

fn pictured_lines() -> [Line; 2] {
    Walk::of(&report()).pictured.unwrap()
}

#[test]
fn all_clocks_meet_on_one_line() {
    let [with, without] = pictured_lines();
    assert_eq!((with.asked, with.gate), (-20.0, Some([-4.0, 31.0])));
    let pen = with.pen.unwrap();
    assert_eq!((pen.begin, pen.end, pen.held), (-4.0, 32.0, 2));
    let packet = |number: usize, line: &Line| {
        // The first is due at 65 ms: 50 ms before the roam is asked for, one is under way.
        let packet = line.down[number - 3];
        (packet.sent, packet.arrived)
    };
    assert_eq!(packet(6, &with), (5.0, Some(32.0)));
    assert_eq!(packet(7, &with), (25.0, Some(32.0)));
    assert_eq!(packet(5, &without), (-15.0, Some(-13.0)));
    assert_eq!(packet(6, &without), (5.0, None));
    // The last packets never come: the silence lasts as long as they are sent.
    assert_eq!(line::silence(&without.down), 178.0);
    assert_eq!((line::lost(&with.down), line::lost(&without.down)), (0, 9));
    assert_eq!(line::silence(&with.down), 45.0);
    // Whose only arrival is late is silent until then.
    let late = Packet {
        sent: -20.0,
        arrived: Some(420.0),
    };
    assert_eq!(line::silence(&[late]), 440.0);
}

#[test]
fn each_part_has_a_line_in_order() {
    let [with, without] = pictured_lines();
    let told: Vec<_> = with
        .phases
        .iter()
        .map(|part| (part.begin, part.end - part.begin, part.words.as_str()))
        .collect();
    let expected = [
        (-20.0, 0.0, "the caller is told to go to ap2"),
        (
            -15.0,
            10.0,
            "ap2 is told of the caller through ap1, and has room for its call",
        ),
        (
            -4.0,
            2.0,
            "the caller's gate shuts; ap1 opens its pen and lets the caller go",
        ),
        (0.0, 20.0, "the radio leaves ap1: authentication"),
        (20.0, 8.0, "association"),
        (28.0, 2.0, "keys"),
        (30.0, 1.0, "ap2 claims the caller from ap1"),
        (31.0, 0.0, "the caller's gate opens"),
        (
            31.0,
            1.0,
            "what waited at ap1 goes to the caller: 2 packets",
        ),
        (32.0, 0.0, "the next packet to the caller arrives"),
        (33.0, 0.0, "the way to the caller leads to ap2"),
        (47.0, 0.0, "the next packet from the caller arrives"),
    ];
    assert_eq!(told, expected);
    // Told, three steps of the radio, a packet from the caller and none to it.
    assert_eq!(without.phases.len(), 6, "{:?}", without.phases);
    let last = &without.phases[4];
    assert_eq!(
        (last.begin, last.words.as_str()),
        (28.0, "no packet to the caller arrives before it goes on")
    );
    assert_eq!((without.gate, without.pen), (None, None));
}

#[test]
fn the_picture_has_a_lane_for_each_part_and_a_cross_for_each_lost_packet() {
    let svg = draw::picture(&pictured_lines()).unwrap();
    for part in [
        "with Rether: ap1 to ap2",
        "without Rether: ap1 to ap2",
        "gate shut",
        "pen at ap1",
        "2 packets held",
        "lost none, silence 45.0 ms",
        "lost 9, silence 178.0 ms",
    ] {
        assert!(svg.contains(part), "{part} is not in\n{svg}");
    }
    // Packets 6 to 9 are due before the end of what is shown; a cross is two lines.
    assert!(svg.matches("#B00020").count() >= 8, "{svg}");
}

#[test]
fn the_page_and_the_terminal_say_the_same() {
    let walk = Walk::of(&report());
    let page = section(&walk).unwrap();
    let text = table(&walk);
    for part in ["0 of 15 / 9 of 15", "34.2 / 34.2", "has room for its call"] {
        assert!(page.contains(part), "{part} is not in\n{page}");
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    let widest = text.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(120), "{widest:?}\n{text}");
}

#[test]
fn where_nothing_is_told_nothing_is_drawn() {
    let mut report = report();
    report.scenario.title = "<b>".to_owned();
    report.arms[1].result["roams"][0]["connected"] = false.into();
    let walk = Walk::of(&report);
    assert_eq!(walk.pictured, None);
    let page = section(&walk).unwrap();
    assert!(page.contains("No picture") && page.contains("&lt;b&gt;") && !page.contains("<b>"));
    report.arms.clear();
    let walk = Walk::of(&report);
    assert_eq!(walk.arms[0].texts()[0], "-");
    assert!(table(&walk).contains("- of - / - of -"));
}
