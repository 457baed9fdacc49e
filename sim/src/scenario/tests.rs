use super::*;

const GOOD: &str = r#"
name = "two-arms"

[[ap]]
name = "ap"
phy = "11a"

[[station]]
name = "a"
ap = "ap"

[[traffic]]
name = "bulk"
kind = "udp"
from = "a"
to = "wire"
rate = "10Mbit/s"
start = "1s"
duration = "5s"
arms = ["plain"]

[[event]]
at = "8s"
do = "kill-daemon"
node = "a"
arms = ["rether"]

[[arm]]
name = "rether"
daemons = true

[[arm]]
name = "plain"
daemons = false

[[check]]
what = "traffic.bulk.lost"
arm = "plain"
op = "=="
value = 0
"#;

#[test]
fn a_good_scenario_keeps_its_figures() {
    let scenario = Scenario::parse(GOOD, "good.toml").unwrap();
    assert_eq!(scenario.ap[0].channel(), 36);
    assert!((scenario.ap[0].rate_mbps() - 54.0).abs() < 1e-9);
    assert!(scenario.needs_daemons());
    assert!(!scenario.needs_voice());
}

#[test]
fn things_take_place_in_their_arms() {
    let text = GOOD.replace("arms = [\"rether\"]", "");
    let scenario = Scenario::parse(&text, "good.toml").unwrap();
    let [rether, plain] = &scenario.arm[..] else {
        panic!("two arms")
    };
    assert!(scenario.traffic[0].takes_place(plain) && !scenario.traffic[0].takes_place(rether));
    let kill = &scenario.event[0];
    assert!(
        kill.takes_place(rether) && !kill.takes_place(plain),
        "there is nothing to kill"
    );
}

#[test]
fn no_arm_means_one_with_daemons() {
    let text = "name = \"x\"\n[[ap]]\nname = \"ap\"\nphy = \"11b\"\n";
    let scenario = Scenario::parse(text, "x.toml").unwrap();
    assert_eq!(
        scenario.arm,
        [Arm {
            name: "main".to_owned(),
            daemons: true,
            roam: None,
        }]
    );
}

/// Each mistake: what is replaced in the good text, by what, and what the error must say.
const MISTAKES: &[(&str, &str, &[&str])] = &[
    (
        "phy = \"11a\"",
        "fy = \"11a\"",
        &["line 6", "unknown field `fy`", "phy"],
    ),
    (
        "phy = \"11a\"",
        "phy = \"11ac\"",
        &["line 6", "11ac", "11a"],
    ),
    (
        "phy = \"11a\"",
        "phy = \"11a\"\nchannel = 6",
        &["bad.toml:7", "ap[1].channel", "36"],
    ),
    (
        "phy = \"11a\"",
        "phy = \"11a\"\nrate-mbps = 11",
        &["bad.toml:7", "rate-mbps", "54"],
    ),
    (
        "ap = \"ap\"",
        "ap = \"app\"",
        &["bad.toml:10", "station[1].ap", "`app`", "there are: ap"],
    ),
    (
        "name = \"a\"",
        "name = \"ap\"",
        &["bad.toml:9", "station[1].name", "taken"],
    ),
    ("name = \"a\"", "name = \"A b\"", &["bad.toml:9", "a-z"]),
    (
        "to = \"wire\"",
        "to = \"b\"",
        &["bad.toml:16", "traffic[1].to", "wire, ap, a"],
    ),
    ("to = \"wire\"", "to = \"a\"", &["two different ends"]),
    (
        "kind = \"udp\"\nfrom = \"a\"\nto = \"wire\"\nrate = \"10Mbit/s\"",
        "kind = \"video\"\nfrom = \"a\"\nto = \"wire\"",
        &["traffic[1].rate", "1.5Mbit/s"],
    ),
    (
        "ap = \"ap\"",
        "ap = \"ap\"\nrate-mbps = 11",
        &["bad.toml:11", "station[1].rate-mbps", "54"],
    ),
    (
        "rate = \"10Mbit/s\"",
        "rate = \"10\"",
        &["line 17", "not a rate"],
    ),
    (
        "kind = \"udp\"",
        "kind = \"ping\"",
        &["bad.toml:17", "traffic[1].rate", "udp"],
    ),
    (
        "duration = \"5s\"",
        "duration = \"5500ms\"",
        &["whole seconds"],
    ),
    (
        "arms = [\"plain\"]",
        "arms = [\"plane\"]",
        &["bad.toml:20", "`plane`", "rether, plain"],
    ),
    (
        "do = \"kill-daemon\"",
        "do = \"kill\"",
        &["line 24", "unknown variant `kill`"],
    ),
    (
        "do = \"kill-daemon\"",
        "do = \"restart-hostapd\"",
        &["event[1].node", "access points"],
    ),
    (
        "do = \"kill-daemon\"",
        "do = \"lose-tokens\"",
        &["event[1].share", "30%"],
    ),
    (
        "do = \"kill-daemon\"",
        "do = \"run\"",
        &["event[1].command"],
    ),
    ("op = \"==\"", "op = \"=\"", &["unknown variant `=`"]),
    (
        "op = \"==\"",
        "op = \"within\"",
        &["check[1].tolerance", "0.05"],
    ),
    (
        "value = 0",
        "value = 0\ntolerance = 0.1",
        &["tolerance", "no other comparison"],
    ),
    ("value = 0", "", &["check[1].value"]),
    (
        "value = 0",
        "value = 0\nother-arm = \"rether\"",
        &["bad.toml:41", "other-arm"],
    ),
];

#[test]
fn mistakes_are_told_with_place_and_remedy() {
    for (from, to, expected) in MISTAKES {
        assert!(GOOD.contains(from), "{from} is not in the good text");
        let error = Scenario::parse(&GOOD.replacen(from, to, 1), "bad.toml")
            .expect_err(to)
            .to_string();
        for part in *expected {
            assert!(
                error.contains(part),
                "{from} -> {to}: `{part}` is missing in:\n{error}"
            );
        }
    }
}

#[test]
fn stations_with_a_count_are_written_out_with_their_flows() {
    let text = GOOD
        .replace(
            "ap = \"ap\"\n\n[[traffic]]",
            "ap = \"ap\"\ncount = 3\n\n[[traffic]]",
        )
        .replace("node = \"a\"", "node = \"a2\"")
        .replace("bulk.lost", "bulk2.lost");
    let scenario = Scenario::parse(&text, "many.toml").unwrap();
    let names: Vec<_> = scenario.station.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(names, ["a1", "a2", "a3"]);
    let flows: Vec<_> = scenario
        .traffic
        .iter()
        .map(|flow| (flow.name.as_str(), flow.from.as_str()))
        .collect();
    assert_eq!(flows, [("bulk1", "a1"), ("bulk2", "a2"), ("bulk3", "a3")]);
    // An error about any copy points at the table they were made from.
    let bad = text.replace("to = \"wire\"", "to = \"nobody\"");
    let error = Scenario::parse(&bad, "many.toml").unwrap_err().to_string();
    assert!(error.starts_with("many.toml:17"), "{error}");
}

#[test]
fn parameters_that_no_air_has_are_refused() {
    let cases = [
        (
            "name = \"a\"",
            "name = \"a\"\ncount = 0",
            "station[1].count",
        ),
        (
            "phy = \"11a\"",
            "phy = \"11a\"\nmac = { retry-limit = 0 }",
            "retry-limit",
        ),
        (
            "phy = \"11a\"",
            "phy = \"11a\"\nmac = { basic-rates-mbps = [7.3] }",
            "7.3",
        ),
        (
            "phy = \"11a\"",
            "phy = \"11a\"\nmac = { vo = { aifsn = 2 } }",
            "wmm",
        ),
        (
            "phy = \"11a\"",
            "phy = \"11a\"\nmac = { be = { cw-min = 9, cw-max = 3 } }",
            "cw-min",
        ),
        (
            "phy = \"11a\"",
            "phy = \"11a\"\nposition = [nan, 0.0]",
            "position",
        ),
        (
            "name = \"two-arms\"",
            "name = \"two-arms\"\nmedium = { kind = \"air\", path-loss = { exponent = nan } }",
            "exponent",
        ),
    ];
    for (good, bad, told) in cases {
        let error = Scenario::parse(&GOOD.replacen(good, bad, 1), "bad.toml").unwrap_err();
        assert!(error.to_string().contains(told), "{error}");
    }
}

#[test]
fn events_of_a_group_happen_to_each_and_rates_are_of_the_phy() {
    let text = GOOD
        .replace("ap = \"ap\"\n", "ap = \"ap\"\ncount = 3\n")
        .replace("do = \"kill-daemon\"", "do = \"set-rate\"\nrate-mbps = 6");
    let scenario = Scenario::parse(&text, "good.toml").unwrap();
    let nodes: Vec<_> = scenario.event.iter().map(|event| &event.node).collect();
    assert_eq!(nodes, ["a1", "a2", "a3"]);
    assert_eq!(scenario.simulator_only(), Some("the event `set-rate`"));
    let said = |text: &str| Scenario::parse(text, "bad.toml").unwrap_err().to_string();
    let wrong = said(&text.replace("rate-mbps = 6", "rate-mbps = 11"));
    assert!(
        wrong.contains("event[1].rate-mbps: 11 is not a rate"),
        "{wrong}"
    );
    let missing = said(&text.replace("\nrate-mbps = 6", ""));
    assert!(missing.contains("`set-rate` needs a rate"), "{missing}");
}

#[test]
fn vices_need_an_agent_and_profiles_need_categories() {
    let said = |text: &str| Scenario::parse(text, "bad.toml").unwrap_err().to_string();
    let agent = "ap = \"ap\"\nagent = false\nvice = \"forge\"\n";
    let agent = said(&GOOD.replace("ap = \"ap\"\n", agent));
    assert!(
        agent.contains("station[1].vice: only an agent has one"),
        "{agent}"
    );
    let profile = said(&GOOD.replace("11a\"\n", "11a\"\nwmm-profile = \"strict\"\n"));
    assert!(profile.contains("with `wmm = true` only"), "{profile}");
}

const SITE: &str = r#"
name = "site"

[[ap]]
name = "ap1"
site = "home"
phy = "11a"
security = "ft-psk"

[[ap]]
name = "ap2"
site = "home"
phy = "11a"
channel = 40
security = "ft-psk"

[[ap]]
name = "other"
phy = "11a"

[[station]]
name = "laptop"
ap = "ap1"

[[traffic]]
name = "probe"
kind = "probe"
from = "laptop"
to = "wire"
duration = "2500ms"
interval = "2ms"

[[event]]
at = "1s"
do = "roam"
node = "laptop"
to = ["ap2", "ap1"]
every = "500ms"
times = 3

[[arm]]
name = "plain"
daemons = false

[[arm]]
name = "rether"
daemons = true
"#;

#[test]
fn roams_that_happen_again_are_written_out() {
    let scenario = Scenario::parse(SITE, "site.toml").unwrap();
    let seen: Vec<_> = scenario
        .event
        .iter()
        .map(|event| (event.at.seconds(), event.to.join(" ")))
        .collect();
    let expected = [(1.0, "ap2"), (1.5, "ap1"), (2.0, "ap2")];
    assert_eq!(seen, expected.map(|(at, to)| (at, to.to_owned())));
    let site: Vec<_> = scenario.site_of(&scenario.station[0]).collect();
    assert_eq!(site.len(), 2);
    assert!(scenario.may_roam() && scenario.needs_voice());
    // What the machine is given is what was written out.
    let again: Scenario = serde_json::from_str(&serde_json::to_string(&scenario).unwrap()).unwrap();
    assert_eq!(again, scenario);
}

#[test]
fn an_agent_roams_by_itself_where_daemons_run() {
    let mut scenario = Scenario::parse(SITE, "site.toml").unwrap();
    let seen = |scenario: &Scenario| {
        let each = scenario.arm.iter();
        each.map(|arm| arm.roam_of(&scenario.station[0]))
            .collect::<Vec<_>>()
    };
    assert_eq!(seen(&scenario), [RoamBy::Plain, RoamBy::Rether]);
    scenario.arm[1].roam = Some(RoamBy::Plain);
    assert_eq!(seen(&scenario), [RoamBy::Plain, RoamBy::Plain]);
    scenario.arm[1].roam = None;
    scenario.station[0].agent = false;
    assert_eq!(seen(&scenario), [RoamBy::Plain, RoamBy::Plain]);
}

#[test]
fn mistakes_about_roams_are_told_with_place_and_remedy() {
    let cases = [
        (
            "to = [\"ap2\", \"ap1\"]",
            "to = \"other\"",
            "site.toml:37: event[1].to: no access point of the site of `laptop` is named `other`; there are: ap1, ap2",
        ),
        (
            "to = [\"ap2\", \"ap1\"]\n",
            "",
            "event[1].to: `roam` needs an access point",
        ),
        ("times = 3", "times = 0", "event[1].times: must be 1 to"),
        ("times = 3\n", "", "event[1].times: belongs to `every`"),
        (
            "every = \"500ms\"\n",
            "",
            "event[1].every: belongs to `times`",
        ),
        (
            "every = \"500ms\"\ntimes = 3\n",
            "",
            "event[1].to: several are for",
        ),
        (
            "do = \"roam\"",
            "do = \"link-up\"",
            "event[1].to: only a `roam`",
        ),
        (
            "node = \"laptop\"",
            "node = \"ap1\"",
            "event[1].node: only a station",
        ),
        (
            "times = 3",
            "times = 3\nover = \"dss\"",
            "unknown variant `dss`",
        ),
        (
            "interval = \"2ms\"",
            "interval = \"3ms\"",
            "traffic[1].interval: `probe` has a packet each 1, 2, 5",
        ),
        (
            "channel = 40\nsecurity = \"ft-psk\"",
            "channel = 40",
            "ap[2].security: must be that of `ap1`",
        ),
        (
            "channel = 40",
            "mode = \"edge\"",
            "ap[2].mode: must be that of `ap1`",
        ),
        ("site = \"home\"", "site = \"the home\"", "ap[1].site"),
        (
            "ap = \"ap1\"",
            "ap = \"ap1\"\nbgscan = \"simple 5\"",
            "station[1].bgscan",
        ),
        (
            "ap = \"ap1\"",
            "ap = \"ap1\"\nagent = false\nconfig = \"\"",
            "station[1].config: only an agent",
        ),
        (
            "channel = 40",
            "channel = 40\ncoordinator = false\npolicy = \"\"",
            "ap[2].policy: only a coordinator",
        ),
        (
            "daemons = false",
            "daemons = false\nroam = \"rether\"",
            "arm[1].roam: agents run with `daemons = true`",
        ),
    ];
    for (good, bad, told) in cases {
        assert!(SITE.contains(good), "{good}");
        let error = Scenario::parse(&SITE.replacen(good, bad, 1), "site.toml").expect_err(bad);
        assert!(error.to_string().contains(told), "{bad}: {error}");
    }
    let routed = SITE.replace("security = \"ft-psk\"", "mode = \"routed\"");
    let error = Scenario::parse(&routed, "site.toml").unwrap_err();
    assert!(
        error.to_string().contains("ap[2].mode: each routed cell"),
        "{error}"
    );
    let both = SITE
        .replace("security = \"ft-psk\"", "mode = \"edge\"")
        .replace("name = \"other\"", "name = \"other\"\nmode = \"routed\"");
    let error = Scenario::parse(&both, "site.toml").unwrap_err();
    assert!(
        error.to_string().contains("ap[1].mode: all of 10.1.0.0/16"),
        "{error}"
    );
    let edge = SITE
        .replace(
            "security = \"ft-psk\"",
            "security = \"ft-psk\"\nmode = \"edge\"",
        )
        .replace("times = 3", "times = 3\nover = \"ds\"");
    let error = Scenario::parse(&edge, "site.toml").unwrap_err();
    assert!(
        error
            .to_string()
            .contains("event[1].over: the distribution system"),
        "{error}"
    );
}

#[test]
fn the_simulator_says_what_of_a_roam_it_has_not() {
    let lab_only = |text: &str| Scenario::parse(text, "x").unwrap().lab_only();
    let open = SITE.replace("security = \"ft-psk\"\n", "");
    let cases = [
        (SITE.to_owned(), "security"),
        (open.replace("site = \"home\"\n", "site = \"home\"\nmode = \"edge\"\n"), "edge"),
        (open.clone(), "site"),
        (open.replace("site = \"home\"\n", "").replace("to = [\"ap2\", \"ap1\"]", "to = \"ap1\""), "roam"),
        ("name = 'x'\n[[ap]]\nname = 'ap'\nphy = '11a'\n[[station]]\nname = 'a'\nap = 'ap'\nbgscan = 'simple:5:-65:60'\n".to_owned(), "bgscan"),
        ("name = 'x'\n[[ap]]\nname = 'ap'\nphy = '11a'\n[[station]]\nname = 'a'\nap = 'ap'\nconfig = ''\n".to_owned(), "config"),
        ("name = 'x'\n[[ap]]\nname = 'ap'\nphy = '11a'\npolicy = ''\n".to_owned(), "policy"),
        ("name = 'x'\n[[ap]]\nname = 'ap'\nphy = '11a'\n[[traffic]]\nname = 'p'\nkind = 'probe'\nfrom = 'ap'\nto = 'wire'\nduration = '1s'\n".to_owned(), "probe"),
    ];
    for (text, told) in cases {
        let said = lab_only(&text);
        assert!(
            said.is_some_and(|said| said.contains(told)),
            "{told}: {said:?}"
        );
    }
}
