//! Stations with an agent and without share a cell whose profile puts the latter behind.

use rether_sim::FlowFigures;
use rether_sim::scenario::Scenario;
use rether_sim::world::{Options, Outcome, run};

/// A call, five stations that upload without end, and one without an agent, with TCP one way.
fn cell(phy: &str, profile: &str, tcp: &str) -> String {
    format!(
        r#"
name = "mixed"
warm-up = "12s"
policy = """
[[policy]]
name = "voice"
protocol = "udp"
port = "16384"
rate = "80kbit"
packet = 200
delay = "20ms"
idle = "3s"
"""
[medium]
kind = "air"
[[ap]]
name = "ap"
phy = "{phy}"
wmm = true
wmm-profile = "{profile}"
[[station]]
name = "caller"
ap = "ap"
[[traffic]]
name = "call"
kind = "voice"
from = "caller"
to = "wire"
port = 16384
duration = "20s"
[[station]]
name = "bulk"
ap = "ap"
count = 5
[[traffic]]
name = "bulk"
kind = "udp"
from = "bulk"
to = "wire"
packet-bytes = 1472
duration = "20s"
[[station]]
name = "guest"
ap = "ap"
agent = false
[[traffic]]
name = "tcp"
kind = "tcp"
{tcp}
duration = "20s"
[[arm]]
name = "rether"
daemons = true
[[arm]]
name = "plain"
daemons = false
"#
    )
}

fn goodput(outcome: &Outcome, flow: &str) -> f64 {
    match &outcome.traffic[flow] {
        FlowFigures::Transfer(transfer) => transfer.goodput_bps / 1e6,
        FlowFigures::Voice { .. } => panic!("{flow} is a call"),
    }
}

/// Mb/s of all flows but the call.
fn all(outcome: &Outcome) -> f64 {
    let transfers = outcome.traffic.keys().filter(|flow| *flow != "call");
    transfers.map(|flow| goodput(outcome, flow)).sum()
}

/// It has what it has without Rether, but for a tenth, and all together have more.
#[test]
fn who_has_no_agent_has_what_it_had_without_rether() {
    let (up, down) = (
        "from = \"guest\"\nto = \"wire\"",
        "from = \"wire\"\nto = \"guest\"",
    );
    for (phy, profile, tcp) in [
        ("11a", "strict", up),
        ("11a", "polite", down),
        ("11b", "polite", up),
        ("11b", "strict", down),
    ] {
        let scenario = Scenario::parse(&cell(phy, profile, tcp), "mixed").expect("a scenario");
        let of = |arm: usize| {
            run(&scenario, &scenario.arm[arm], 1, &Options::default()).expect("a cell")
        };
        let (rether, plain) = (of(0), of(1));
        let (with, without) = (goodput(&rether, "tcp"), goodput(&plain, "tcp"));
        let text = format!("{phy} {profile} {tcp}: {with:.2} and {without:.2}");
        assert!(with >= without * 0.9, "{text}");
        let (with, without) = (all(&rether), all(&plain));
        let text = format!("{phy} {profile} {tcp}: all {with:.2} and {without:.2}");
        assert!(with >= without, "{text}");
        let FlowFigures::Voice { calls, .. } = &rether.traffic["call"] else {
            panic!("not a call");
        };
        assert_eq!(calls[0].up.stream.lost + calls[0].down.stream.lost, 0);
        let p99 = calls[0]
            .down
            .stream
            .delay_ms
            .as_ref()
            .map(|delay| delay.p99);
        assert!(
            p99.is_some_and(|p99| p99 <= 20.0),
            "{phy} {profile}: {p99:?}"
        );
    }
}
