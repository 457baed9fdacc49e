//! Every mistake in a configuration is told with its line, its key and what to write instead.

use rether_daemon::config::ConfigError;
use rether_sta::config::parse;

#[test]
fn a_mistake_has_a_place_and_a_remedy() {
    let rows = [
        (
            "[station]\nnmae = \"x\"",
            2,
            "station.nmae",
            "did you mean `name`?",
        ),
        (
            "[cell]\ncycle = \"20ms\"",
            1,
            "cell",
            "remove it; known here: station",
        ),
        (
            "[station]\nname = \"\"",
            2,
            "station.name",
            "at least one letter",
        ),
        (
            "[station]\nstay-awake = 1",
            2,
            "station.stay-awake",
            "true or false",
        ),
        (
            "[station]\ninterface = \"a/b\"",
            2,
            "station.interface",
            "as `ip link` shows it",
        ),
        (
            "[station]\nethertype = \"0x88b5\"",
            2,
            "station.ethertype",
            "0x88b5 or 0x88b6",
        ),
        (
            "[coordinator]\nlost-after = \"1s\"",
            2,
            "coordinator.lost-after",
            "from \"1500ms\"",
        ),
        ("[gate]\nqueue = 70000", 2, "gate.queue", "without quotes"),
        (
            "[gate]\nbundle = 1",
            2,
            "gate.bundle",
            "true or false without quotes",
        ),
        (
            "[gate]\nqueue-limit = 1",
            2,
            "gate.queue-limit",
            "such as 10",
        ),
        (
            "[watchdog]\npatience = 1",
            2,
            "watchdog.patience",
            "from \"500ms\" to \"1min\"",
        ),
        (
            "[control]\ngroup = \"wheel\"",
            2,
            "control.group",
            "true or false",
        ),
        (
            "[handoff]\nsteer = \"led\"",
            2,
            "handoff.steer",
            "did you mean \"lead\"?",
        ),
        (
            "[handoff]\nsteer = true",
            2,
            "handoff.steer",
            "one of \"off\", \"assist\", \"lead\"",
        ),
        (
            "[handoff]\nthreshold = 70",
            2,
            "handoff.threshold",
            "such as -70",
        ),
        (
            "[handoff]\n\nthreshold = \"-70\"",
            3,
            "handoff.threshold",
            "without quotes",
        ),
        (
            "[handoff]\nthreshold = -91",
            2,
            "handoff.threshold",
            "such as -70",
        ),
        ("[handoff]\nmargin = 0", 2, "handoff.margin", "such as 1"),
        (
            "[handoff]\nmargn = 8",
            2,
            "handoff.margn",
            "did you mean `margin`?",
        ),
        (
            "handoff = \"lead\"",
            1,
            "handoff",
            "write [handoff] on a line of its own",
        ),
        (
            "\n[control]\ngruop = true",
            3,
            "control.gruop",
            "did you mean `group`?",
        ),
    ];
    for (text, line, key, remedy) in rows {
        let Err(ConfigError::Mistakes(found)) = parse("sta.toml", text) else {
            panic!("{text}")
        };
        let [only] = &found[..] else {
            panic!("{text}: {found:#?}")
        };
        assert_eq!(
            (only.line, only.key.as_str()),
            (line, key),
            "{text}: {only}"
        );
        assert!(only.remedy.contains(remedy), "{text}: {only}");
    }
    let long = format!("[station]\nname = \"{}\"", "x".repeat(33));
    let Err(ConfigError::Mistakes(found)) = parse("sta.toml", &long) else {
        panic!()
    };
    assert!(found[0].remedy.contains("at most 32 octets"), "{found:?}");
}
