//! Events, hostile agents and the WMM profile, as scenarios write them.

use rether_sim::scenario::Scenario;
use rether_sim::verdict::judge_outcomes;
use rether_sim::world::{Options, Outcome, Status, Step, run};
use rether_sim::{FlowFigures, Transfer};

fn simulate(text: &str) -> Outcome {
    let scenario = Scenario::parse(text, "test").expect("a scenario");
    run(&scenario, &scenario.arm[0], 1, &Options::default()).expect("a run")
}

fn transfer<'a>(outcome: &'a Outcome, flow: &str) -> &'a Transfer {
    match &outcome.traffic[flow] {
        FlowFigures::Transfer(transfer) => transfer,
        FlowFigures::Voice { .. } => panic!("{flow} is a call"),
    }
}

/// Two stations of 802.11a that upload without end for 4 s, the first with a promise of little.
fn uploads(ap: &str, first: &str, more: &str) -> String {
    let stations = ["a", "b"].map(|name| {
        let keys = if name == "a" { first } else { "" };
        let port = if name == "a" { 9_000 } else { 9_100 };
        format!(
            "[[station]]\nname = \"{name}\"\nap = \"ap\"\n{keys}\n[[traffic]]\nname = \"{name}-up\"\nkind = \"udp\"\nfrom = \"{name}\"\nto = \"wire\"\nport = {port}\npacket-bytes = 1472\nduration = \"4s\"\n"
        )
    });
    format!(
        "name = \"uploads\"\npolicy = \"\"\"\n[[policy]]\nname = \"little\"\nprotocol = \"udp\"\nport = \"9000\"\nrate = \"64kbit\"\npacket = 1500\ndelay = \"100ms\"\n\"\"\"\n[medium]\nkind = \"air\"\n[[ap]]\nname = \"ap\"\nphy = \"11a\"\n{ap}\n{}\n{more}",
        stations.concat()
    )
}

const PLAIN: &str = "[[arm]]\nname = \"plain\"\ndaemons = false\n";

fn event(at: &str, what: &str, node: &str, more: &str) -> String {
    format!("[[event]]\nat = \"{at}\"\ndo = \"{what}\"\nnode = \"{node}\"\n{more}\n")
}

#[test]
fn a_rate_that_falls_is_seen_second_by_second() {
    let fall = event("2s", "set-rate", "a", "rate-mbps = 6");
    let outcome = simulate(&uploads("", "", &(fall + PLAIN)));
    let a = transfer(&outcome, "a-up");
    let [first, second, _, last] = a.each_second_bps[..] else {
        panic!("{a:?}");
    };
    assert!(first > 13e6 && second > 13e6, "{a:?}");
    // As many frames for both, of which one takes most of the time.
    assert!((3.5e6..6e6).contains(&last), "{a:?}");
    assert!((a.least_second_bps() - last).abs() < 1e6);
    let mean = a.each_second_bps.iter().sum::<f64>() / 4.0;
    assert!((mean / a.goodput_bps - 1.0).abs() < 1e-9, "{a:?}");
}

#[test]
fn who_vanishes_is_not_heard_again_and_leaves_the_air_to_others() {
    let gone = event("1s", "vanish", "a", "");
    let outcome = simulate(&uploads("", "", &(gone + PLAIN)));
    let (a, b) = (transfer(&outcome, "a-up"), transfer(&outcome, "b-up"));
    assert_eq!(a.each_second_bps[1..], [0.0; 3]);
    assert!(b.each_second_bps[3] > 29e6, "{b:?}");
}

/// The same file, the same words: what the lab's kernel and daemons show, the simulator shows.
/// But a packet inside of a token frame is lost with it, and with the process that would take it
/// out; in the lab daemons send none.
#[test]
fn faults_of_the_lab_run_here_and_their_checks_hold() {
    let mut broken = Vec::new();
    for name in [
        "agent-killed",
        "agent-restarts",
        "agent-stopped",
        "coordinator-killed",
        "coordinator-stopped",
        "station-vanishes",
        "tokens-lost",
        "no-agent",
    ] {
        let path = format!(
            "{}/../lab/scenarios/fault-{name}.toml",
            env!("CARGO_MANIFEST_DIR")
        );
        let text = std::fs::read_to_string(&path).expect("a scenario of the lab");
        let text = text + "\n[medium]\nkind = \"air\"\n";
        let scenario = Scenario::parse(&text, name).expect("a scenario");
        let arms = scenario.arm.iter();
        let outcomes: Vec<_> = arms
            .map(|arm| run(&scenario, arm, 1, &Options::default()).expect("a run"))
            .collect();
        let both: Vec<_> = outcomes.iter().collect();
        let verdicts = judge_outcomes(&scenario, &both).expect("checks").verdicts;
        let only_lab = |why: &String| why.contains("only the lab has") || why.contains("`gate`");
        let judged: Vec<_> = verdicts
            .iter()
            .filter(|verdict| !verdict.seen.as_ref().is_err_and(only_lab))
            .collect();
        assert!(!judged.is_empty(), "{name}");
        let carried = ["agent-killed", "agent-stopped", "tokens-lost"].contains(&name);
        let judged = judged
            .into_iter()
            .filter(|verdict| !(carried && verdict.expected.contains(".lost of")));
        for verdict in judged.filter(|verdict| !verdict.passed) {
            broken.push(format!("{name}: {verdict:?}"));
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

fn cell(outcome: &Outcome) -> &rether_proto::coordinator::CoordinatorStatus {
    match &outcome.status["ap"] {
        Status::Coordinator { cell } => cell,
        Status::Agent { .. } => panic!("a coordinator"),
    }
}

#[test]
fn a_restarted_coordinator_finds_its_stations_again() {
    let restart = event("1s", "restart-daemon", "ap", "");
    let outcome = simulate(&uploads("", "", &restart));
    let cell = cell(&outcome);
    let registered = cell.stations.iter().filter(|one| one.agent.is_some());
    assert_eq!(registered.count(), 2);
    let steps: Vec<_> = outcome.reservations["a-up"].iter().collect();
    assert!(steps.iter().any(|step| step.at_seconds > 1.0), "{steps:?}");
    assert_eq!(steps.last().map(|last| last.step), Some(Step::Granted));
}

#[test]
fn hostile_agents_do_what_they_are_said_to() {
    // More than a socket's buffer holds would let through.
    let rate = "packet-bytes = 1472\nrate = \"40Mbit/s\"";
    let with = |vice: &str| simulate(&uploads("", vice, "").replace("packet-bytes = 1472", rate));
    let honest = with("");
    let overstay = with("vice = \"overstay\"");
    // Frames on the air for each packet that the core was granted.
    let greed = |outcome: &Outcome| {
        let Status::Agent { agent } = &outcome.status["a"] else {
            panic!("an agent");
        };
        outcome.radios["a"].counters.acked as f64 / agent.stats.released as f64
    };
    let (all, fair) = (greed(&overstay), greed(&honest));
    assert!(all > 2.0 && fair < 1.1, "{all} {fair}");
    let stats = |vice: &str| cell(&with(vice)).stats;
    let usual = cell(&honest).stats;
    let silent = stats("vice = \"never-return\"");
    assert!(
        silent.returns < usual.returns && silent.probes > usual.probes,
        "{silent:?}"
    );
    let flood = stats("vice = \"request-flood\"");
    assert!(flood.requests > usual.requests + 1_000, "{flood:?}");
    // Somebody else's answers, a second time and too early.
    for vice in ["replay", "forge"] {
        let stats = stats(&format!("vice = \"{vice}\""));
        assert!(
            stats.stale_returns > usual.stale_returns + 10,
            "{vice}: {stats:?}"
        );
    }
}

#[test]
fn a_profile_is_announced_while_tokens_are_passed_and_not_before() {
    let profile = "wmm = true\nwmm-profile = \"strict\"";
    let off = "wmm = true\nwmm-profile = \"off\"";
    let free = |ap: &str| {
        let text = uploads(ap, "", "").replace("port = \"9000\"", "port = \"1\"");
        let outcome = simulate(&text);
        let flows = ["a-up", "b-up"].map(|flow| transfer(&outcome, flow).goodput_bps);
        flows.iter().sum::<f64>()
    };
    // AIFSN 7 would take 8 %.
    let (with, without) = (free(profile), free(off));
    assert!((with / without - 1.0).abs() < 0.01, "{with} {without}");
    // A station without an agent waits longer for its turn, and granted bursts are not interrupted.
    let stranger = |ap: &str| {
        let b = "name = \"b\"\nap = \"ap\"\n";
        let text = uploads(ap, "", "").replace(b, &format!("{b}agent = false\n"));
        transfer(&simulate(&text), "b-up").goodput_bps
    };
    let (strict, usual) = (stranger(profile), stranger(off));
    assert!(strict < 0.7 * usual, "{strict} {usual}");
}
