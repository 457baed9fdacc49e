//! The rows of the first end-to-end slice: a call keeps its bandwidth on the real Wi-Fi stack.

use anyhow::Result;
use rether_proto::wire::MessageType;

use super::scenario::{Figure, judge, run};
use super::{Context, Row, Seen, commands, frames, inputs};

const GROUP: &str = "first-light";

pub(super) fn rows() -> Vec<Row> {
    let row = |name, required, quick, run| Row {
        group: GROUP,
        name,
        required,
        quick,
        run,
    };
    vec![
        row(
            "command-one",
            "the first command in a fresh clone with empty caches exits 0 within 10 min",
            false,
            commands::main_job,
        ),
        row(
            "command-two",
            "the second likewise within 25 min",
            false,
            commands::test_suite,
        ),
        row("voice-11a", VOICE, true, |context| {
            judge(context, "first-light-11a", &LOADED)
        }),
        row("voice-11b", VOICE, true, |context| {
            judge(context, "first-light-11b", &LOADED)
        }),
        row(
            "free-silence",
            "without reservations, 10 s of the air hold no frame of ours but HELLO, at most 2/s",
            true,
            silence,
        ),
        row(
            "free-goodput",
            "without reservations, TCP goodput within 3 % of the daemons being stopped",
            true,
            |context| judge(context, "free-goodput", &FREE),
        ),
        row(
            "mode-change",
            "entering and leaving token mode loses no packet",
            true,
            |context| judge(context, "mode-change", &[]),
        ),
        row("fault-agent-killed", FAULT, true, |context| {
            judge(context, "fault-agent-killed", &GAPS)
        }),
        row("fault-agent-stopped", FAULT, true, |context| {
            judge(context, "fault-agent-stopped", &GAPS)
        }),
        row("fault-coordinator-killed", FAULT, true, |context| {
            judge(context, "fault-coordinator-killed", &GAPS)
        }),
        row("fault-coordinator-stopped", FAULT, true, |context| {
            judge(context, "fault-coordinator-stopped", &GAPS)
        }),
        row("fault-station-vanishes", FAULT, true, |context| {
            judge(context, "fault-station-vanishes", &GAPS)
        }),
        row("fault-hostapd-restarts", FAULT, true, |context| {
            judge(context, "fault-hostapd-restarts", &[])
        }),
        row(
            "fault-tokens-lost",
            "with 30 % of the token frames lost, the call loses nothing",
            true,
            |context| judge(context, "fault-tokens-lost", &GAPS),
        ),
        row("fault-agent-restarts", FAULT, true, |context| {
            judge(context, "fault-agent-restarts", &GAPS)
        }),
        row("fault-link-flaps", FAULT, true, |context| {
            judge(context, "fault-link-flaps", &[])
        }),
        row(
            "fault-no-agent",
            "a station without an agent keeps its traffic, and the call beside it its promise",
            true,
            |context| judge(context, "fault-no-agent", &GAPS),
        ),
        row(
            "cost-token",
            "token round trip, p50 and p99, as figures",
            true,
            |context| judge(context, "cost-token", &ROUND_TRIP),
        ),
        row(
            "cost-packet",
            "instructions per gated packet, beside the figure with the gate off",
            true,
            per_packet,
        ),
        row(
            "input-frames",
            "1,000,000 mutated frames (200,000 in the short form) into parsers and cores without a panic",
            true,
            inputs::frames,
        ),
        row(
            "input-configs",
            "30 config mistakes, each told with file, line, key and remedy",
            true,
            inputs::configs,
        ),
    ]
}

const VOICE: &str = "call: 0 lost and p99 <= 25 ms both ways; B and C within 5 % of each other's airtime; no cycle granted more than its length";
const FAULT: &str = "traffic flows again within two cycles (or the watchdog's time); only what a killed process held is lost; no rules left";

const LOADED: [Figure; 6] = [
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
        "p99 up",
        "rether",
        "traffic.call.calls.0.up.stream.delay_ms.p99",
        1.0,
        " ms",
    ),
    (
        "down",
        "rether",
        "traffic.call.calls.0.down.stream.delay_ms.p99",
        1.0,
        " ms",
    ),
    (
        "without Rether: p99 up",
        "plain",
        "traffic.call.calls.0.up.stream.delay_ms.p99",
        1.0,
        " ms",
    ),
    (
        "down",
        "plain",
        "traffic.call.calls.0.down.stream.delay_ms.p99",
        1.0,
        " ms",
    ),
];
const FREE: [Figure; 6] = [
    (
        "paced up",
        "rether",
        "traffic.bulk.goodput-bps",
        1e-6,
        " Mb/s",
    ),
    ("down", "rether", "traffic.back.goodput-bps", 1e-6, " Mb/s"),
    (
        "without daemons: up",
        "plain",
        "traffic.bulk.goodput-bps",
        1e-6,
        " Mb/s",
    ),
    ("down", "plain", "traffic.back.goodput-bps", 1e-6, " Mb/s"),
    (
        "bound by the guest's processor: up",
        "rether",
        "traffic.most.goodput-bps",
        1e-6,
        " Mb/s",
    ),
    (
        "without daemons",
        "plain",
        "traffic.most.goodput-bps",
        1e-6,
        " Mb/s",
    ),
];
const GAPS: [Figure; 4] = [
    (
        "lost up",
        "main",
        "traffic.call.calls.0.up.stream.lost",
        1.0,
        "",
    ),
    (
        "down",
        "main",
        "traffic.call.calls.0.down.stream.lost",
        1.0,
        "",
    ),
    (
        "longest gap up",
        "main",
        "traffic.call.calls.0.up.stream.longest_gap_ms",
        1.0,
        " ms",
    ),
    (
        "down",
        "main",
        "traffic.call.calls.0.down.stream.longest_gap_ms",
        1.0,
        " ms",
    ),
];
const ROUND_TRIP: [Figure; 3] = [
    ("p50", "main", "status.ap.cell.round_trip.p50", 1e-3, " us"),
    ("p99", "main", "status.ap.cell.round_trip.p99", 1e-3, " us"),
    ("max", "main", "status.ap.cell.round_trip.max", 1e-3, " us"),
];

/// Our frames in 10 s of the air of a cell without reservations.
fn silence(context: &Context) -> Result<Seen> {
    let report = run(context, "free-silence")?;
    let mut seen = frames::read(&report.folder.join("main/logs/air.pcap"))?;
    // The lab stops the daemons while it still captures: what they say to that is not the cell's.
    if let Some(stop) = seen.iter().position(|(_, kind)| *kind == MessageType::Bye) {
        seen.truncate(stop);
    }
    // Registration is over by then; the capture begins before the stations join.
    let end = seen.last().map_or(0.0, |(at, _)| *at);
    let window: Vec<_> = seen.iter().filter(|(at, _)| *at > end - 10.0).collect();
    let hellos = window
        .iter()
        .filter(|(_, kind)| *kind == MessageType::Hello)
        .count();
    let others = window.len() - hellos;
    Ok(Seen {
        text: format!("{hellos} HELLO and {others} other frames in the last 10 s"),
        passed: report.passed() && others == 0 && (1..=20).contains(&hellos),
    })
}

/// What the machine spends on a packet of the flow, in virtual time, where a nanosecond is an
/// instruction: both ends, the kernel between them, and the gate if there is one.
fn per_packet(context: &Context) -> Result<Seen> {
    let report = run(context, "cost-packet")?;
    let take = |arm: &str, path: &str| report.figure(arm, path).map_err(anyhow::Error::msg);
    let cost = |arm: &str, idle: &str| -> Result<f64> {
        let busy = take(arm, "busy-seconds")? - take(idle, "busy-seconds")?;
        Ok(busy * 1e9 / take(arm, "traffic.bulk.sent")?)
    };
    let (on, off) = (cost("rether", "rether-idle")?, cost("plain", "plain-idle")?);
    let (on, off) = (on.round(), off.round());
    Ok(Seen {
        text: format!("{on} gated, {off} with the gate off: {} more", on - off),
        passed: report.passed() && on > 0.0 && off > 0.0,
    })
}
