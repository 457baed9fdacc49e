//! The simulator as its users see it: scenarios in, figures out.

use rether_proto::coordinator::StationStatus;
use rether_sim::FlowFigures;
use rether_sim::Transfer;
use rether_sim::preset::{Access, Loaded, Phy};
use rether_sim::scenario::Scenario;
use rether_sim::world::{BuildError, Options, Outcome, Status, run};

fn simulate(text: &str, seed: u64) -> Result<Outcome, BuildError> {
    let scenario = Scenario::parse(text, "test").expect("a scenario");
    run(&scenario, &scenario.arm[0], seed, &Options::default())
}

fn transfer<'a>(outcome: &'a Outcome, flow: &str) -> &'a Transfer {
    match &outcome.traffic[flow] {
        FlowFigures::Transfer(transfer) => transfer,
        FlowFigures::Voice { .. } => panic!("{flow} is a call"),
    }
}

/// Two cells of 802.11a on the given channels, a station in each.
fn two_cells(channel: u16) -> String {
    format!(
        r#"
name = "two-cells"
warm-up = "1s"
[medium]
kind = "air"
[[ap]]
name = "one"
phy = "11a"
[[ap]]
name = "two"
phy = "11a"
channel = {channel}
[[station]]
name = "a"
ap = "one"
[[station]]
name = "b"
ap = "two"
[[arm]]
name = "plain"
daemons = false
"#
    )
}

fn flow(name: &str, from: &str, to: &str, more: &str) -> String {
    format!(
        "[[traffic]]\nname = \"{name}\"\nkind = \"udp\"\nfrom = \"{from}\"\nto = \"{to}\"\npacket-bytes = 1472\nduration = \"3s\"\n{more}\n"
    )
}

#[test]
fn cells_share_a_channel_or_do_not() {
    let flows = flow("a-up", "a", "wire", "") + &flow("b-up", "b", "wire", "");
    let apart = simulate(&(two_cells(40) + &flows), 1).unwrap();
    let together = simulate(&(two_cells(36) + &flows), 1).unwrap();
    for name in ["a-up", "b-up"] {
        let alone = transfer(&apart, name).goodput_bps / 1e6;
        let shared = transfer(&together, name).goodput_bps / 1e6;
        assert!(
            (alone - 29.93).abs() < 0.3,
            "{name} alone on its channel: {alone} Mb/s"
        );
        assert!(
            (shared - 15.1).abs() < 0.8,
            "{name} beside the other: {shared} Mb/s"
        );
    }
}

#[test]
fn packets_find_their_way_between_cells_and_within_one() {
    let paced = "rate = \"1Mbit/s\"";
    let text = two_cells(40)
        + &flow("across", "a", "b", paced)
        + &flow("to-the-ap", "b", "two", paced)
        + &flow("from-the-ap", "one", "a", paced);
    let outcome = simulate(&text, 1).unwrap();
    for name in ["across", "to-the-ap", "from-the-ap"] {
        let transfer = transfer(&outcome, name);
        assert!(transfer.sent > 150, "{name}: {transfer:?}");
        assert_eq!(transfer.lost, 0, "{name}");
    }
}

#[test]
fn every_packet_is_received_or_lost() {
    let text = two_cells(40) + &flow("flood", "wire", "a", "rate = \"60Mbit/s\"");
    let outcome = simulate(&text, 1).unwrap();
    let flood = transfer(&outcome, "flood");
    let carried = flood.goodput_bps * 2.0 / 8.0 / 1472.0;
    let received = (flood.sent - flood.lost) as f64;
    assert!(flood.lost > flood.sent / 3, "{flood:?}");
    // Both count the packets of two seconds, one by when they arrived, one by when they were sent.
    assert!(
        (carried / received - 1.0).abs() < 0.05,
        "{carried} {received}"
    );
}

#[test]
fn a_promise_holds_beside_uploads_in_802_11a() {
    let cell = Loaded {
        phy: Phy::A54,
        access: Access::Dcf,
        rether: true,
        calls: 2,
        interval_ms: 20,
        uploads: 2,
        promise_upload: false,
        seconds: 3,
    };
    let outcome = simulate(&cell.text(), 1).unwrap();
    let calls = outcome.calls.unwrap();
    for way in [calls.up, calls.down] {
        assert_eq!((way.lost, way.late), (0, 0));
        assert!(way.delay_ms.unwrap().p99 < 25.0, "{way:?}");
    }
    let Status::Coordinator { cell } = &outcome.status["ap"] else {
        panic!("no coordinator at the AP")
    };
    assert_eq!(cell.flows.len(), 2);
    assert!(cell.stats.tokens > 300, "{:?}", cell.stats);
}

/// The figures of a call are those of a cell without keys: a tag takes no room in a frame.
#[test]
fn a_cell_with_keys_carries_what_one_without_carries() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("site.key");
    std::fs::write(&path, "0123456789abcdef".repeat(4)).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    let cell = Loaded {
        phy: Phy::A54,
        access: Access::Dcf,
        rether: true,
        calls: 2,
        interval_ms: 20,
        uploads: 2,
        promise_upload: false,
        seconds: 3,
    };
    let open = Scenario::parse(&cell.text(), "test").unwrap();
    let mut keyed = open.clone();
    let policy = keyed.policy.get_or_insert_default();
    *policy = format!("{policy}\n[security]\nkey-file = {path:?}\n");
    let figures = [open, keyed].map(|scenario| {
        let outcome = run(&scenario, &scenario.arm[0], 1, &Options::default()).unwrap();
        let believed = outcome.status.values().filter(|status| match status {
            Status::Agent { agent } => agent.authenticated,
            Status::Coordinator { .. } => false,
        });
        let Status::Coordinator { cell } = &outcome.status["ap"] else {
            panic!("no coordinator at the AP")
        };
        let refused = |station: &StationStatus| station.bad_tags + station.replays;
        assert_eq!(cell.stations.iter().map(refused).sum::<u64>(), 0);
        (believed.count(), cell.stats.tokens, outcome.calls.unwrap())
    });
    let [(none, open_tokens, _), (all, tokens, calls)] = figures;
    assert_eq!((none, all), (0, 4));
    assert!(
        tokens.abs_diff(open_tokens) < open_tokens / 10,
        "{tokens} {open_tokens}"
    );
    for way in [calls.up, calls.down] {
        assert_eq!((way.lost, way.late), (0, 0));
        assert!(way.delay_ms.unwrap().p99 < 25.0, "{way:?}");
    }
}

#[test]
fn without_a_promise_rether_says_hello_and_nothing_else() {
    let plain = Loaded {
        phy: Phy::B11,
        access: Access::Dcf,
        rether: false,
        calls: 0,
        interval_ms: 20,
        uploads: 3,
        promise_upload: false,
        seconds: 5,
    };
    let sum = |outcome: &Outcome| -> f64 {
        let names = ["load1", "load2", "load3"];
        names
            .iter()
            .map(|name| transfer(outcome, name).goodput_bps / 1e6)
            .sum()
    };
    let without = simulate(&plain.text(), 1).unwrap();
    let with = simulate(
        &Loaded {
            rether: true,
            ..plain
        }
        .text(),
        1,
    )
    .unwrap();
    let (without, with) = (sum(&without), (sum(&with), with));
    let (with, outcome) = with;
    assert!(
        (with / without - 1.0).abs() < 0.01,
        "{with} Mb/s with, {without} without"
    );
    // Registration of three agents, and a HELLO a second.
    assert!(outcome.tokens.frames < 40, "{:?}", outcome.tokens);
}

#[test]
fn who_walks_away_gets_a_lower_rate_and_less() {
    let walk = |position: &str| {
        format!(
            r#"
name = "walk"
warm-up = "1s"
medium = {{ kind = "air", path-loss = {{ exponent = 3.0 }} }}
ap = [{{ name = "ap", phy = "11a" }}]
station = [{{ name = "a", ap = "ap", walk = [{{ at = "500ms", position = {position} }}] }}]
arm = [{{ name = "plain", daemons = false }}]
traffic = [{{ name = "up", kind = "udp", from = "a", to = "wire", packet-bytes = 1472, duration = "3s" }}]
"#
        )
    };
    let goodput = |position: &str| {
        let outcome = simulate(&walk(position), 1).unwrap();
        transfer(&outcome, "up").goodput_bps / 1e6
    };
    let (near, far, gone) = (
        goodput("[5.0, 0.0]"),
        goodput("[60.0, 0.0]"),
        goodput("[500.0, 0.0]"),
    );
    assert!((near - 29.9).abs() < 0.5, "{near}");
    assert!((1.0..20.0).contains(&far), "{far}");
    assert!(gone < 0.01, "{gone}");
}

#[test]
fn stations_that_do_not_hear_each_other_collide_more() {
    let cell = |exponent: f64| {
        format!(
            r#"
name = "hidden"
warm-up = "1s"
medium = {{ kind = "air", path-loss = {{ exponent = {exponent} }} }}
ap = [{{ name = "ap", phy = "11a" }}]
station = [
  {{ name = "left", ap = "ap", position = [-30.0, 0.0], rate-mbps = 6 }},
  {{ name = "right", ap = "ap", position = [30.0, 0.0], rate-mbps = 6 }},
]
arm = [{{ name = "plain", daemons = false }}]
"#
        ) + &flow("left-up", "left", "wire", "")
            + &flow("right-up", "right", "wire", "")
    };
    // 30 m to the AP and 60 m to each other: at 3.5 the other is below carrier sense.
    let hear = simulate(&cell(3.0), 1).unwrap();
    let hidden = simulate(&cell(3.5), 1).unwrap();
    let collisions = |outcome: &Outcome| outcome.radios["left"].collision_probability;
    assert!(collisions(&hear) < 0.2, "{}", collisions(&hear));
    assert!(collisions(&hidden) > 0.5, "{}", collisions(&hidden));
}

#[test]
fn what_cannot_be_simulated_is_refused_with_a_remedy() {
    let cases = [
        ("kind = \"air\"", "kind = \"ideal\"", "kind = \"air\""),
        (
            "[[arm]]",
            "[[event]]\nat = \"1s\"\ndo = \"restart-hostapd\"\nnode = \"one\"\n\n[[arm]]",
            "rether-lab run",
        ),
        (
            "[[arm]]",
            "[[traffic]]\nname = \"call\"\nkind = \"voice\"\nfrom = \"a\"\nto = \"wire\"\ncodec = \"g7\"\nduration = \"1s\"\n\n[[arm]]",
            "g711",
        ),
    ];
    for (good, bad, remedy) in cases {
        let text = two_cells(40).replace(good, bad);
        let error = simulate(&text, 1).unwrap_err().to_string();
        assert!(error.contains(remedy), "{error}");
    }
    let text = two_cells(40)
        .replace("daemons = false", "daemons = true")
        .replace("warm-up", "policy = \"[[policy]]\\nrate = 5\"\nwarm-up");
    let error = simulate(&text, 1).unwrap_err().to_string();
    assert!(error.contains("policy"), "{error}");
}

#[test]
fn a_tcp_flow_ends_when_it_should() {
    let tcp = "[[traffic]]\nname = \"tcp\"\nkind = \"tcp\"\nfrom = \"a\"\nto = \"wire\"\nduration = \"2s\"\n";
    let late = "[[traffic]]\nname = \"late\"\nkind = \"udp\"\nfrom = \"b\"\nto = \"wire\"\npacket-bytes = 1472\nstart = \"3s\"\nduration = \"3s\"\n";
    let outcome = simulate(&(two_cells(36) + tcp + late), 1).unwrap();
    let alone = transfer(&outcome, "late").goodput_bps / 1e6;
    assert!(
        (alone - 29.93).abs() < 0.3,
        "{alone} Mb/s after the other has ended"
    );
    assert!(transfer(&outcome, "tcp").goodput_bps > 15e6);
}

#[test]
fn floods_of_one_host_share_it() {
    let text = two_cells(40) + &flow("one-up", "a", "wire", "") + &flow("two-up", "a", "wire", "");
    let outcome = simulate(&text, 1).unwrap();
    let goodput = |name: &str| transfer(&outcome, name).goodput_bps / 1e6;
    let (one, two) = (goodput("one-up"), goodput("two-up"));
    assert!((one + two - 29.93).abs() < 0.3, "{one} + {two} Mb/s");
    assert!(one / two < 2.0 && two / one < 2.0, "{one} and {two} Mb/s");
}

#[test]
fn a_flood_between_stations_counts_no_packet_twice() {
    let text = two_cells(36) + &flow("across", "a", "b", "");
    let outcome = simulate(&text, 1).unwrap();
    let across = transfer(&outcome, "across");
    // Both hops share the channel.
    assert!((across.goodput_bps / 1e6 - 15.0).abs() < 1.5, "{across:?}");
}

#[test]
fn loads_that_would_never_end_are_refused() {
    let cases = [
        ("kind = \"udp\"\nfrom = \"wire\"\nto = \"a\"", "rate"),
        (
            "kind = \"udp\"\nfrom = \"a\"\nto = \"wire\"\nrate = \"900Gbit/s\"",
            "lower the rate",
        ),
        (
            "kind = \"udp\"\nfrom = \"a\"\nto = \"wire\"\npacket-bytes = 0\nrate = \"1Mbit/s\"",
            "1 to 1472",
        ),
        (
            "kind = \"ping\"\nfrom = \"a\"\nto = \"wire\"\ninterval = \"0ms\"",
            "interval",
        ),
    ];
    for (flow, remedy) in cases {
        let text = two_cells(40) + "[[traffic]]\nname = \"f\"\nduration = \"1s\"\n" + flow + "\n";
        let error = simulate(&text, 1).unwrap_err().to_string();
        assert!(error.contains(remedy), "{error}");
    }
}
