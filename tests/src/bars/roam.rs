//! The rows of the handoff: stations that go from one access point to another, on the real Wi-Fi
//! stack, with Rether and without in the same run.

use std::time::Duration;

use anyhow::Result;
use rether_lab::scenario::{Deed, Scenario, Span};

use super::scenario::{Figure, judge, judge_scenario, load};
use super::{Context, Row, Seen};

const GROUP: &str = "roam";

pub(super) fn rows() -> [Row; 17] {
    let row = |name, required, quick, run| Row {
        group: GROUP,
        name,
        required,
        quick,
        run,
    };
    [
        row(
            "r1-open",
            "50 planned roams in one subnet without security, 200 packets a second both ways: none \
             lost, doubled or out of order; no gap more than 10 ms longer than the radio's switch",
            true,
            |context| roams(context, "roam-r1-open", &PROBE),
        ),
        row("r1-ft", "the same with fast transition", false, |context| {
            roams(context, "roam-r1-ft", &PROBE)
        }),
        row(
            "r2",
            "eight roams between two subnets: as r1; a call and a TCP connection lose nothing",
            false,
            |context| roams(context, "roam-r2", &PROBE),
        ),
        row(
            "r3",
            "a call walks at 1.5 m/s past three loaded access points and back, its agent decides: none \
             lost, MOS never below 4, no silence above 50 ms",
            false,
            |context| judge(context, "roam-r3", &CALL),
        ),
        row(
            "r4",
            "a TCP download at full rate through six roams: no retransmission timeout, 80 % of its \
             rate in the second of each roam",
            false,
            |context| judge(context, "roam-r4-tcp", &DOWNLOAD),
        ),
        row(
            "r5",
            "ten unannounced roams each of a station with an agent and of one without: none lost on \
             the way down; no duplicates with the agent, at most 150 ms of packets without",
            false,
            |context| roams(context, "roam-r5", &UNANNOUNCED),
        ),
        row(
            "r5v",
            "twelve roams each, at the wish of hostapd (802.11v), of a station with an agent and of one \
             without: none lost on the way down; no duplicates with the agent, at most 150 ms of packets without",
            false,
            |context| judge(context, "roam-11v", &UNANNOUNCED),
        ),
        row(
            "r3k",
            "a station that leads walks between two access points without Rether: a neighbour report \
             (802.11k) says where to look, and it goes without a silence above 100 ms on the way down; without the \
             report it loses its link first",
            false,
            |context| judge(context, "roam-11k", &REPORTED),
        ),
        row(
            "r6",
            "a station without an agent walks to the next access point and back: less is lost on the \
             way down than without Rether, and no more on the way up",
            false,
            |context| judge(context, "roam-r6-no-agent", &STRANGER),
        ),
        row(
            "r7-messages",
            "roams while messages between access points are lost, late, doubled, overtaken, or none \
             arrives: none lost, and 65 ms more than the radio's switch at most",
            false,
            |context| judge(context, "roam-faults-messages", &MESSAGES),
        ),
        row(
            "r7-choices",
            "a station is sent back and forth every 100 ms, or refused where it goes, so that it \
             comes back or goes to a third: none lost, doubled or out of order",
            false,
            |context| judge(context, "roam-faults-choices", &CHOICES),
        ),
        row(
            "r7-deaths",
            "the old or the new access point's daemon is killed in mid-roam, six times each: no more \
             lost than was in its hands, none doubled",
            false,
            |context| judge(context, "roam-faults-deaths", &DEATHS),
        ),
        row(
            "r7-routed",
            "roams between two subnets with reverse path filters, a small MTU, and both families",
            false,
            |context| judge(context, "roam-faults-routed", &ROUTED),
        ),
        row(
            "r-groups",
            "a receiver of multicast groups roams: the bridge of the new access point has it joined \
             within 300 ms, and without Rether not yet",
            false,
            |context| judge(context, "roam-groups", &[]),
        ),
        row(
            "r8",
            "the strongest access point has no airtime left: refused before leaving, the next one \
             taken, with its promise",
            false,
            |context| judge(context, "roam-r8", &[]),
        ),
        row(
            "r9",
            "twenty stations roam at once: each as r1",
            false,
            |context| judge(context, "roam-r9", &MANY),
        ),
        row(
            "r10",
            "what an access point's daemon does for an arrival, packets apart, takes at most 10 times as \
             long as its netlink requests, in the median at each access point and never 20 times; and \
             it runs no program",
            false,
            |context| judge(context, "roam-r10", &WORK),
        ),
    ]
}

/// Roams of the shortened form.
const FEW: usize = 10;
/// Time after the last of them.
const AFTER: Duration = Duration::from_millis(1_500);

/// A scenario of roams; the shortened form has the first ten of them.
fn roams(context: &Context, name: &str, figures: &[Figure]) -> Result<Seen> {
    let mut scenario = load(context, name)?;
    if context.quick {
        shorten(&mut scenario);
    }
    judge_scenario(context, name, &scenario, figures)
}

/// Leaves the first roams only, if there are more, and lets everything end after them.
fn shorten(scenario: &mut Scenario) {
    let roams = || {
        scenario
            .event
            .iter()
            .filter(|event| event.deed == Deed::Roam)
    };
    let all = roams().count();
    let Some(last) = roams().nth(FEW).and_then(|_| roams().nth(FEW - 1)) else {
        return;
    };
    // Whole seconds, as iperf3 has them.
    let end = (last.at.0 + AFTER).as_secs();
    let end = Duration::from_secs(end);
    let mut seen = 0;
    scenario.event.retain(|event| {
        seen += usize::from(event.deed == Deed::Roam);
        event.deed != Deed::Roam || seen <= FEW
    });
    for event in &mut scenario.event {
        event.at = Span(event.at.0.min(end));
    }
    for flow in &mut scenario.traffic {
        flow.duration = Span(flow.duration.0.min(end - flow.start.0));
    }
    for check in &mut scenario.check {
        if check.what == "roaming.count" && check.value == Some(all as f64) {
            check.value = Some(FEW as f64);
        }
    }
}

/// How much longer than the radio's switch the longest gap of an arm was.
const fn over_switch(label: &'static str, arm: &'static str) -> Figure {
    (label, arm, "roaming.gap-over-switch-ms.max", 1.0, " ms")
}

/// What the probes of an arm lost on the way down.
const fn lost_down(label: &'static str, arm: &'static str) -> Figure {
    (label, arm, "traffic.probe.down.lost", 1.0, "")
}

const PROBE: [Figure; 8] = [
    ("lost up", "rether", "roaming.up.lost", 1.0, ""),
    ("down", "rether", "roaming.down.lost", 1.0, ""),
    (
        "longest gap up",
        "rether",
        "roaming.up.longest-gap-ms",
        1.0,
        " ms",
    ),
    ("down", "rether", "roaming.down.longest-gap-ms", 1.0, " ms"),
    over_switch("more than the switch at most", "rether"),
    ("without: lost up", "plain", "roaming.up.lost", 1.0, ""),
    ("down", "plain", "roaming.down.lost", 1.0, ""),
    (
        "longest gap down",
        "plain",
        "roaming.down.longest-gap-ms",
        1.0,
        " ms",
    ),
];

const UNANNOUNCED: [Figure; 8] = [
    (
        "with agent: lost down",
        "rether",
        "traffic.laptop.down.lost",
        1.0,
        "",
    ),
    (
        "doubled",
        "rether",
        "traffic.laptop.down.duplicated",
        1.0,
        "",
    ),
    ("lost up", "rether", "traffic.laptop.up.lost", 1.0, ""),
    (
        "without agent: lost down",
        "rether",
        "traffic.phone.down.lost",
        1.0,
        "",
    ),
    (
        "doubled",
        "rether",
        "traffic.phone.down.duplicated",
        1.0,
        "",
    ),
    ("lost up", "rether", "traffic.phone.up.lost", 1.0, ""),
    (
        "without Rether: lost down",
        "plain",
        "traffic.laptop.down.lost",
        1.0,
        "",
    ),
    ("and", "plain", "traffic.phone.down.lost", 1.0, ""),
];

const CALL: [Figure; 6] = [
    (
        "lost up",
        "rether",
        "traffic.call.calls.0.up.stream.lost",
        1.0,
        "",
    ),
    (
        "down",
        "rether",
        "traffic.call.calls.0.down.stream.lost",
        1.0,
        "",
    ),
    (
        "longest gap up",
        "rether",
        "traffic.call.calls.0.up.stream.longest_gap_ms",
        1.0,
        " ms",
    ),
    (
        "down",
        "rether",
        "traffic.call.calls.0.down.stream.longest_gap_ms",
        1.0,
        " ms",
    ),
    (
        "worst MOS up",
        "rether",
        "traffic.call.calls.0.up.stream.mos_worst_window",
        1.0,
        "",
    ),
    (
        "down",
        "rether",
        "traffic.call.calls.0.down.stream.mos_worst_window",
        1.0,
        "",
    ),
];

const DOWNLOAD: [Figure; 3] = [
    (
        "least share of the steady rate",
        "rether",
        "roaming.second-share.download.min",
        100.0,
        " %",
    ),
    (
        "retransmitted",
        "rether",
        "traffic.download.retransmits",
        1.0,
        "",
    ),
    ("without", "plain", "traffic.download.retransmits", 1.0, ""),
];

const REPORTED: [Figure; 4] = [
    lost_down("lost down", "report"),
    (
        "longest gap",
        "report",
        "traffic.probe.down.longest-gap-ms",
        1.0,
        " ms",
    ),
    lost_down("without: lost down", "silent"),
    (
        "longest gap",
        "silent",
        "traffic.probe.down.longest-gap-ms",
        1.0,
        " ms",
    ),
];

const STRANGER: [Figure; 4] = [
    ("lost up", "rether", "traffic.probe.up.lost", 1.0, ""),
    lost_down("down", "rether"),
    ("without: up", "plain", "traffic.probe.up.lost", 1.0, ""),
    lost_down("down", "plain"),
];

const MESSAGES: [Figure; 8] = [
    over_switch("more than the switch at most: lossy", "lossy"),
    over_switch("late", "late"),
    over_switch("far", "far"),
    over_switch("twice", "twice"),
    over_switch("overtaken", "overtaken"),
    over_switch("partition", "partition"),
    (
        "far: doubled",
        "far",
        "traffic.probe.down.duplicated",
        1.0,
        "",
    ),
    lost_down("without: lost down", "plain"),
];

const CHOICES: [Figure; 4] = [
    lost_down("lost down: ping-pong", "ping-pong"),
    lost_down("stay", "stay"),
    lost_down("elsewhere", "elsewhere"),
    lost_down("without", "plain"),
];

const DEATHS: [Figure; 5] = [
    lost_down("lost down: old killed", "old-killed"),
    lost_down("new killed", "new-killed"),
    ("lost up", "old-killed", "traffic.probe.up.lost", 1.0, ""),
    ("and", "new-killed", "traffic.probe.up.lost", 1.0, ""),
    lost_down("without: lost down", "plain"),
];

const ROUTED: [Figure; 3] = [
    lost_down("lost down: strict", "strict"),
    (
        "retransmitted with a small MTU",
        "small-mtu",
        "traffic.download.retransmits",
        1.0,
        "",
    ),
    lost_down("without: lost down", "plain"),
];

const MANY: [Figure; 3] = [
    ("lost up", "rether", "roaming.up.lost", 1.0, ""),
    ("down", "rether", "roaming.down.lost", 1.0, ""),
    over_switch("more than the switch at most", "rether"),
];

const WORK: [Figure; 7] = [
    (
        "times its netlink requests: one subnet",
        "rether",
        "roaming.work.at.ap2.over-netlink.p50",
        1.0,
        "",
    ),
    (
        "across subnets",
        "rether",
        "roaming.work.at.edge2.over-netlink.p50",
        1.0,
        "",
    ),
    (
        "at most",
        "rether",
        "roaming.work.over-netlink.max",
        1.0,
        "",
    ),
    (
        "with packets at most",
        "rether",
        "roaming.work.over-netlink-with-packets.max",
        1.0,
        "",
    ),
    (
        "all of it, median",
        "rether",
        "roaming.work.processor-us.p50",
        1.0,
        " us",
    ),
    (
        "netlink requests",
        "rether",
        "roaming.work.netlink-us.p50",
        1.0,
        " us",
    ),
    (
        "packets",
        "rether",
        "roaming.work.packets-us.p50",
        1.0,
        " us",
    ),
];

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_shortened_form_ends_after_ten_roams() -> Result<()> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../lab/scenarios/roam-r1-open.toml");
        let mut scenario = Scenario::load(&path)?;
        shorten(&mut scenario);
        let roams = scenario
            .event
            .iter()
            .filter(|event| event.deed == Deed::Roam);
        assert_eq!(roams.count(), FEW);
        let end = Duration::from_secs(16);
        assert!(scenario.event.iter().all(|event| event.at.0 <= end));
        assert_eq!(scenario.traffic[0].duration.0, end);
        let counts = scenario.check.iter();
        let counts = counts.filter(|check| check.what == "roaming.count");
        assert!(counts.clone().count() > 0);
        assert!(counts.into_iter().all(|check| check.value == Some(10.0)));
        Ok(())
    }
}
