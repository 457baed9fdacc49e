//! Every mistake in a configuration is told with its line, its key and what to write instead.

use rether_ap::config::parse;
use rether_daemon::config::{ConfigError, Finding};

fn findings(text: &str) -> Vec<Finding> {
    match parse("ap.toml", text) {
        Err(ConfigError::Mistakes(findings)) => findings,
        other => panic!("{text:?} gave {other:?}"),
    }
}

/// Text, line, column, key, part of the remedy.
type Row = (&'static str, usize, usize, &'static str, &'static str);

const CELL: [Row; 37] = [
    (
        "[cell]\nstrategy = \"pol\"",
        2,
        12,
        "cell.strategy",
        "did you mean \"poll\"",
    ),
    (
        "[cell]\nstrategy = true",
        2,
        12,
        "cell.strategy",
        "\"auto\", \"poll\", \"schedule\"",
    ),
    (
        "[cell]\ntokens = \"allways\"",
        2,
        10,
        "cell.tokens",
        "did you mean \"always\"",
    ),
    (
        "[cell]\nquantum = \"300ms\"",
        2,
        11,
        "cell.quantum",
        "from \"1ms\" to \"200ms\"",
    ),
    (
        "[cell]\nwmm-profile = \"police\"",
        2,
        15,
        "cell.wmm-profile",
        "did you mean \"polite\"",
    ),
    (
        "[cell]\nhostapd-config = \"\"",
        2,
        18,
        "cell.hostapd-config",
        "at least one letter",
    ),
    (
        "[cell]\nexplicit = \"yes\"",
        2,
        12,
        "cell.explicit",
        "\"allow\", \"deny\"",
    ),
    (
        "[cell]\nexplicit-limit = 3",
        2,
        18,
        "cell.explicit-limit",
        "write explicit = \"allow\" too",
    ),
    (
        "[cell]\nexplicit = \"allow\"\nexplicit-limit = 0",
        3,
        18,
        "cell.explicit-limit",
        "such as 1",
    ),
    (
        "[cell]\ncyle = \"20ms\"",
        2,
        1,
        "cell.cyle",
        "did you mean `cycle`?",
    ),
    (
        "[cel]\ncycle = \"20ms\"",
        1,
        2,
        "cel",
        "did you mean `cell`?",
    ),
    (
        "[cell]\nssid = \"x\"",
        2,
        1,
        "cell.ssid",
        "remove it; known here: interface",
    ),
    (
        "cycle = \"20ms\"",
        1,
        1,
        "cycle",
        "remove it; known here: cell",
    ),
    (
        "[cell]\ncycle = 20",
        2,
        9,
        "cell.cycle",
        "from \"5ms\" to \"500ms\"",
    ),
    (
        "[cell]\ncycle = \"20\"",
        2,
        9,
        "cell.cycle",
        "from \"5ms\" to \"500ms\"",
    ),
    (
        "[cell]\ncycle = \"20 parsec\"",
        2,
        9,
        "cell.cycle",
        "such as \"5ms\"",
    ),
    (
        "[cell]\ncycle = \"2s\"",
        2,
        9,
        "cell.cycle",
        "from \"5ms\" to \"500ms\"",
    ),
    (
        "[cell]\ncycle = \"1ms\"",
        2,
        9,
        "cell.cycle",
        "from \"5ms\" to \"500ms\"",
    ),
    (
        "[cell]\nshortest-cycle = \"60ms\"",
        2,
        18,
        "cell.shortest-cycle",
        "at most the cycle",
    ),
    (
        "[cell]\nnrt-minimum = 10",
        2,
        15,
        "cell.nrt-minimum",
        "such as \"10%\"",
    ),
    (
        "[cell]\nnrt-minimum = \"95%\"",
        2,
        15,
        "cell.nrt-minimum",
        "from \"0%\" to \"90%\"",
    ),
    (
        "[cell]\nphy = \"802.11n\"",
        2,
        7,
        "cell.phy",
        "\"802.11a\", \"802.11b\"",
    ),
    (
        "[cell]\nphy = 11",
        2,
        7,
        "cell.phy",
        "write one of \"802.11a\"",
    ),
    (
        "[cell]\npreamble = \"short\"",
        2,
        12,
        "cell.preamble",
        "phy = \"802.11b\"",
    ),
    (
        "[cell]\npreamble = \"shrot\"",
        2,
        12,
        "cell.preamble",
        "did you mean \"short\"?",
    ),
    (
        "[cell]\nwmm = \"yes\"",
        2,
        7,
        "cell.wmm",
        "true or false, without quotes",
    ),
    (
        "[cell]\ninterface = \"wlan 0\"",
        2,
        13,
        "cell.interface",
        "as `ip link` shows it",
    ),
    (
        "[cell]\ninterface = 0",
        2,
        13,
        "cell.interface",
        "\"wlan0\"",
    ),
    (
        "[cell]\nethertype = 0x0800",
        2,
        13,
        "cell.ethertype",
        "0x88b5 or 0x88b6",
    ),
    (
        "[cell]\nethertype = 0x100",
        2,
        13,
        "cell.ethertype",
        "0x88b5 or 0x88b6",
    ),
    (
        "[cell]\nassumed-rate = \"7Mbit\"",
        2,
        16,
        "cell.assumed-rate",
        "\"5.5Mbit\"",
    ),
    (
        "[cell]\nqueue-limit = -1",
        2,
        15,
        "cell.queue-limit",
        "without quotes, such as 10",
    ),
    (
        "[gate]\nqueue = \"7\"",
        2,
        9,
        "gate.queue",
        "without quotes",
    ),
    (
        "[gate]\nbundle = \"on\"",
        2,
        10,
        "gate.bundle",
        "true or false without quotes, or \"auto\"",
    ),
    (
        "[watchdog]\npatience = \"10ms\"",
        2,
        12,
        "watchdog.patience",
        "from \"500ms\" to \"1min\"",
    ),
    (
        "[[cell]]\ncycle = \"20ms\"",
        1,
        1,
        "cell",
        "write [cell] on a line of its own",
    ),
    (
        "cell = 3",
        1,
        8,
        "cell",
        "write [cell] on a line of its own",
    ),
];

/// These stand below `[[policy]]`, `name = "v"` and `rate = "80kbit"`, on line 4.
const RULE: [Row; 24] = [
    (
        "remark = \"EFF\"",
        4,
        10,
        "policy[1].remark",
        "a name like \"EF\"",
    ),
    (
        "direction = \"down\"\nremark = \"EF\"",
        5,
        10,
        "policy[1].remark",
        "direction = \"both\"",
    ),
    (
        "prot = 5060",
        4,
        1,
        "policy[1].prot",
        "did you mean `port`?",
    ),
    (
        "dport = 5060",
        4,
        1,
        "policy[1].dport",
        "did you mean `port`?",
    ),
    ("port = 0", 4, 8, "policy[1].port", "leave the ports out"),
    (
        "port = 70000",
        4,
        8,
        "policy[1].port",
        "5004 or 16384-32767",
    ),
    (
        "port = \"200-100\"",
        4,
        8,
        "policy[1].port",
        "write 100-200",
    ),
    ("port = [1, 2]", 4, 8, "policy[1].port", "a text like 5004"),
    (
        "station = \"aa:bb\"",
        4,
        11,
        "policy[1].station",
        "write six octets",
    ),
    (
        "station = \"ff:ff:ff:ff:ff:ff\"",
        4,
        11,
        "policy[1].station",
        "iw dev wlan0 station dump",
    ),
    (
        "direction = \"upp\"",
        4,
        13,
        "policy[1].direction",
        "did you mean \"up\"?",
    ),
    (
        "protocol = \"udq\"",
        4,
        12,
        "policy[1].protocol",
        "did you mean \"udp\"?",
    ),
    (
        "protocol = 300",
        4,
        12,
        "policy[1].protocol",
        "from 1 to 255",
    ),
    (
        "remote-ip = \"10.0.0.0/33\"",
        4,
        13,
        "policy[1].remote-ip",
        "write /32 or less",
    ),
    (
        "station-ip = \"phone.example\"",
        4,
        14,
        "policy[1].station-ip",
        "10.0.0.0/8",
    ),
    (
        "dscp = \"AF99\"",
        4,
        8,
        "policy[1].dscp",
        "a number from 0 to 63",
    ),
    ("dscp = 64", 4, 8, "policy[1].dscp", "a number from 0 to 63"),
    ("packet = 9000", 4, 10, "policy[1].packet", "such as 28"),
    (
        "delay = \"1ms\"",
        4,
        9,
        "policy[1].delay",
        "from \"5ms\" to \"1s\"",
    ),
    (
        "idle = \"1h\"",
        4,
        8,
        "policy[1].idle",
        "from \"100ms\" to \"10min\"",
    ),
    ("priority = 256", 4, 12, "policy[1].priority", "such as 0"),
    (
        "priority = \"high\"",
        4,
        12,
        "policy[1].priority",
        "a number without quotes",
    ),
    (
        "min-rate = \"81kbit\"",
        4,
        12,
        "policy[1].min-rate",
        "at most the rate",
    ),
    (
        "min-rate = 40",
        4,
        12,
        "policy[1].min-rate",
        "such as \"80kbit\"",
    ),
];

const WHOLE: [Row; 9] = [
    (
        "[[policy]]\nrate = \"80kbit\"",
        1,
        1,
        "policy[1].name",
        "name = \"voice\"",
    ),
    (
        "[[policy]]\nname = \"v\"",
        1,
        1,
        "policy[1].rate",
        "rate = \"88kbit\"",
    ),
    (
        "[[policy]]\nname = \"\"\nrate = \"1Mbit\"",
        2,
        8,
        "policy[1].name",
        "at least one letter",
    ),
    (
        "[[policy]]\nname = \"v\"\nrate = \"80\"",
        3,
        8,
        "policy[1].rate",
        "such as \"80kbit\"",
    ),
    (
        "[[policy]]\nname = \"v\"\nrate = \"9Gbit\"",
        3,
        8,
        "policy[1].rate",
        "to \"1000Mbit\"",
    ),
    ("[policy]\nname = \"v\"", 1, 1, "policy", "write [[policy]]"),
    (
        "[[policy]]\nname = \"p\"\nrate = \"1Mbit\"\nprotocol = \"icmp\"\nport = 5",
        5,
        8,
        "policy[1].port",
        "remove `port`",
    ),
    (
        "[[policy]]\nname = \"p\"\nrate = \"1Mbit\"\nstation-ip = \"::1\"\nremote-ip = \"1.2.3.4\"",
        5,
        13,
        "policy[1].remote-ip",
        "both as IPv4 or both as IPv6",
    ),
    (
        "[[policy]]\nname = \"v\"\nrate = \"1Mbit\"\n[[policy]]\nname = \"v\"\nrate = \"1Mbit\"",
        5,
        8,
        "policy[2].name",
        "a name of its own",
    ),
];

const HANDOFF: [Row; 7] = [
    ("[handoff]\nid = 2", 1, 2, "handoff.listen", "wired side"),
    (
        "[handoff]\nlisten = \"10.0.0.10\"",
        1,
        2,
        "handoff.key-file",
        "rether-ap keygen",
    ),
    (
        "[handoff]\nlisten = \"0.0.0.0\"",
        2,
        10,
        "handoff.listen",
        "10.0.0.11",
    ),
    ("[handoff]\nid = 0", 2, 6, "handoff.id", "1 to 65535"),
    (
        "[handoff]\npeers = \"10.0.0.11\"",
        2,
        9,
        "handoff.peers",
        "addresses in brackets",
    ),
    (
        "[handoff]\npeers = [\"10.0.0.11\", \"ap2\"]",
        2,
        23,
        "handoff.peers",
        "10.0.0.11",
    ),
    (
        "[handoff]\nanchor = \"host-rout\"\ntable = 254",
        2,
        10,
        "handoff.anchor",
        "did you mean \"host-route\"",
    ),
];

fn check(text: &str, (_, line, column, key, remedy): Row) {
    let found = findings(text);
    let [only] = &found[..] else {
        panic!("{text}: {found:#?}")
    };
    let place = (
        only.file.as_str(),
        only.line,
        only.column,
        only.key.as_str(),
    );
    assert_eq!(place, ("ap.toml", line, column, key), "{text}: {only}");
    assert!(only.remedy.contains(remedy), "{text}: {only}");
    assert!(!only.problem.is_empty(), "{text}: {only}");
}

#[test]
fn a_mistake_has_a_place_and_a_remedy() {
    for row in CELL.into_iter().chain(WHOLE) {
        check(row.0, row);
    }
    for row in RULE {
        check(
            &format!("[[policy]]\nname = \"v\"\nrate = \"80kbit\"\n{}\n", row.0),
            row,
        );
    }
    let count = CELL.len() + WHOLE.len() + RULE.len();
    println!("{count} config mistakes, each with its place and remedy");
}

/// Each beside others: what is needed is told to be missing, too.
#[test]
fn a_mistake_about_the_site_has_a_place_and_a_remedy() {
    for (text, line, column, key, remedy) in HANDOFF {
        let found = findings(text);
        let place = (line, column, key);
        let here = |one: &&Finding| (one.line, one.column, one.key.as_str()) == place;
        let one = found.iter().find(here);
        let one = one.unwrap_or_else(|| panic!("{text}: {found:#?}"));
        assert!(one.remedy.contains(remedy), "{text}: {one}");
    }
}

#[test]
fn all_mistakes_are_told_at_once_in_their_order() {
    let text = "[gate]\nqueue = 0\n[cell]\ncycle = \"1\"\nwmm = 1\n[[policy]]\nnam = \"x\"\n";
    let found = findings(text);
    let keys: Vec<_> = found.iter().map(|finding| finding.key.as_str()).collect();
    let rule = ["policy[1].name", "policy[1].rate", "policy[1].nam"];
    assert_eq!(keys[..3], ["gate.queue", "cell.cycle", "cell.wmm"]);
    assert_eq!(keys[3..], rule);
}

#[test]
fn mistakes_of_syntax_have_a_line() {
    for (text, line) in [
        ("[cell\n", 1),
        ("[cell]\ncycle = \n", 2),
        ("[cell]\ncycle = \"20ms\n", 2),
        ("[cell]\ncycle = \"20ms\"\ncycle = \"20ms\"\n", 3),
        ("[cell]\n\ncycle 20ms\n", 3),
    ] {
        let found = findings(text);
        assert_eq!(found[0].line, line, "{text:?}: {found:#?}");
        assert!(found[0].remedy.contains("mend this line"), "{found:#?}");
    }
}

#[test]
fn a_message_reads_like_a_compilers() {
    let error = parse("/etc/rether/ap.toml", "[cell]\ncyle = \"20ms\"").unwrap_err();
    assert_eq!(
        error.to_string(),
        "1 mistake in the configuration\n\
         /etc/rether/ap.toml:2:1: cell.cyle: `cyle` is not a known key\n    \
         did you mean `cycle`?"
    );
}

#[test]
fn too_many_rules_are_told() {
    let rule = |n| format!("[[policy]]\nname = \"r{n}\"\nrate = \"1Mbit\"\n");
    let text = |count| (0..count).map(rule).collect::<String>();
    assert!(parse("ap.toml", &text(256)).is_ok());
    let found = findings(&text(257));
    assert!(found[0].remedy.contains("at most 256"), "{found:?}");
}

#[test]
fn the_version_follows_the_rules() {
    let version = |text: &str| parse("ap.toml", text).unwrap().policy.version;
    let rule = "[[policy]]\nname = \"v\"\nrate = \"80kbit\"\n";
    assert_ne!(version(""), 0);
    assert_eq!(version(rule), version(&format!("# comment\n{rule}")));
    assert_ne!(version(rule), version(&format!("{rule}dscp = 46\n")));
}
