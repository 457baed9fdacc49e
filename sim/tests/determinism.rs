//! The same seed gives the same octets of JSON, on this machine twice and on any machine.

use rether_sim::preset::{Access, Loaded, Phy};
use rether_sim::scenario::Scenario;
use rether_sim::world::{Options, run};

/// A cell in which everything happens that can: calls, uploads, tokens, collisions, drops.
fn json(seed: u64) -> String {
    let cell = Loaded {
        phy: Phy::A54,
        access: Access::EDCA,
        rether: true,
        calls: 2,
        interval_ms: 20,
        uploads: 3,
        promise_upload: false,
        seconds: 1,
    };
    outcome(&cell.text(), seed)
}

fn outcome(text: &str, seed: u64) -> String {
    let scenario = Scenario::parse(text, "test").expect("a scenario");
    let outcome = run(&scenario, &scenario.arm[0], seed, &Options::default()).expect("a run");
    let mut text = serde_json::to_string_pretty(&outcome).expect("JSON");
    text.push('\n');
    text
}

/// Walkers, path loss, frame errors, TCP and bursts of video.
const WALK: &str = r#"
name = "walk"
warm-up = "1s"

[medium]
kind = "air"
path-loss = { exponent = 3.3 }

[[ap]]
name = "ap"
phy = "11g"

[[station]]
name = "walker"
ap = "ap"
position = [5.0, 0.0]
walk = [{ at = "4s", position = [60.0, 0.0] }]

[[station]]
name = "sitter"
ap = "ap"
position = [0.0, 30.0]

[[traffic]]
name = "download"
kind = "tcp"
from = "wire"
to = "walker"
duration = "4s"

[[traffic]]
name = "video"
kind = "video"
from = "wire"
to = "sitter"
rate = "2Mbit/s"
duration = "4s"

[[traffic]]
name = "ping"
kind = "ping"
from = "sitter"
to = "wire"
duration = "4s"

[[arm]]
name = "plain"
daemons = false
"#;

#[test]
fn same_seed_same_octets() {
    assert_eq!(json(7), json(7));
    assert_ne!(json(7), json(8));
    assert_eq!(outcome(WALK, 1), outcome(WALK, 1));
}

/// To write them anew after a change that must change them: `UPDATE=1 cargo test -p rether-sim`.
#[test]
fn same_octets_as_when_they_were_written() {
    for (name, now) in [("loaded", json(7)), ("walk", outcome(WALK, 1))] {
        let path = format!("{}/tests/golden/{name}.json", env!("CARGO_MANIFEST_DIR"));
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, &now).unwrap();
        }
        let then = std::fs::read_to_string(&path).unwrap();
        let differs = then
            .lines()
            .zip(now.lines())
            .find(|(then, now)| then != now);
        assert_eq!(differs, None, "{name}.json");
        assert_eq!(then.len(), now.len(), "{name}.json");
    }
}
