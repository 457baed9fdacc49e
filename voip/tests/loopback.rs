//! The real program over loopback: counts, JSON and exit codes. No timing is
//! asserted, since the machine may be busy with anything.
#![allow(
    clippy::unwrap_used,
    reason = "clippy.toml's exception does not reach helpers of tests/"
)]

use std::io::{BufRead, BufReader, Read};
use std::net::UdpSocket;
use std::process::{Child, Command, Output, Stdio};

use rether_voip::report::{Ending, RunReport, SCHEMA_VERSION, Verdict};
use serde_json::Value;

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_rether-voip"))
}

/// A running answerer, killed at the end of the test.
struct Answerer {
    child: Child,
    port: u16,
    lines: BufReader<std::process::ChildStderr>,
}

impl Answerer {
    /// On a free pair of ports, ready to be called.
    fn start(options: &[&str]) -> Self {
        for _ in 0..20 {
            let probe = UdpSocket::bind("127.0.0.1:0").unwrap();
            let port = probe.local_addr().unwrap().port() & !1;
            drop(probe);
            let mut child = program()
                .args(["answer", "--bind", "127.0.0.1", "--port", &port.to_string()])
                .args(options)
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            let mut lines = BufReader::new(child.stderr.take().unwrap());
            let mut first = String::new();
            lines.read_line(&mut first).unwrap();
            if first.starts_with("answering calls at") {
                return Self { child, port, lines };
            }
            child.wait().unwrap();
        }
        panic!("no free pair of ports");
    }

    fn call(&self, options: &[&str]) -> Command {
        let mut command = program();
        command
            .args([
                "call",
                "127.0.0.1",
                "--bind",
                "127.0.0.1",
                "--local-port",
                "0",
                "--json",
            ])
            .args(["--port", &self.port.to_string()])
            .args(options)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }
}

impl Drop for Answerer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn report(output: &Output) -> RunReport {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!(
            "{error}: {}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        )
    })
}

#[test]
fn parallel_calls_are_counted_both_ways() {
    let answerer = Answerer::start(&[]);
    let output = answerer
        .call(&[
            "--calls",
            "3",
            "--duration",
            "1s",
            "--profile",
            "g729",
            "--max-loss",
            "0%",
        ])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let run = report(&output);
    assert_eq!(
        (run.schema_version, run.verdict, run.calls.len()),
        (1, Verdict::Pass, 3)
    );
    for call in &run.calls {
        assert_eq!(call.ended, Ending::Completed);
        assert!(call.rtt_ms.is_some_and(|rtt| rtt.count >= 10));
        for way in [&call.up, &call.down] {
            let (sender, stream) = (way.sender.unwrap(), way.stream.as_ref().unwrap());
            assert_eq!((sender.sent, sender.send_errors), (50, 0));
            assert_eq!(
                (stream.received, stream.lost, stream.duplicated),
                (50, 0, 0)
            );
        }
    }
}

#[test]
fn the_json_schema_is_what_was_promised() {
    let answerer = Answerer::start(&["--once"]);
    let output = answerer
        .call(&["--duration", "300ms", "--max-gap", "10s"])
        .output()
        .unwrap();
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["schema_version"], SCHEMA_VERSION);
    let keys = |value: &Value| {
        value
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>()
    };
    let sorted = |mut names: Vec<&str>| {
        names.sort_unstable();
        names.into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let same = |value: &Value, names: &str| {
        let mut have = keys(value);
        have.sort_unstable();
        assert_eq!(have, sorted(names.split_whitespace().collect()));
    };
    same(
        &json,
        "schema_version tool_version profile duration_s late_ms dscp calls checks verdict",
    );
    let call = &json["calls"][0];
    same(
        call,
        "call session local remote ended reason clock rtt_ms up down bad_datagrams",
    );
    same(&call["clock"], "basis offset_ms error_ms");
    same(&call["rtt_ms"], "count min mean p99 max");
    for way in ["up", "down"] {
        same(
            &call[way]["sender"],
            "sent send_errors pacing_late_max_ms started_ns",
        );
        let stream = &call[way]["stream"];
        same(
            stream,
            "received lost loss_pct late duplicated reordered out_of_range delay_ms jitter_ms \
             jitter_max_ms longest_gap_ms longest_gap_at_s quality mos_worst_window windows",
        );
        same(&stream["delay_ms"], "min mean p50 p95 p99 max");
        same(
            &stream["windows"][0],
            "start_s sent lost late delay_ms quality",
        );
        same(&stream["quality"], "r mos");
    }
    same(&json["checks"][0], "name limit seen at passed");
    assert_eq!(
        (
            &json["profile"],
            &json["verdict"],
            &call["ended"],
            &call["clock"]["basis"]
        ),
        (
            &"g711".into(),
            &"pass".into(),
            &"completed".into(),
            &"shared".into()
        )
    );
}

#[test]
fn answering_once_ends_with_the_call() {
    let mut answerer = Answerer::start(&["--once"]);
    assert!(
        answerer
            .call(&["--duration", "200ms"])
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(answerer.child.wait().unwrap().code(), Some(0));
    let rest: Vec<String> = answerer
        .lines
        .by_ref()
        .lines()
        .map(Result::unwrap)
        .collect();
    assert!(
        rest.iter()
            .any(|line| line.contains("of 10 packets 10 came, 0 lost")),
        "{rest:?}"
    );
}

#[test]
fn a_missed_threshold_is_exit_code_1() {
    let answerer = Answerer::start(&[]);
    // A packet every 20 ms cannot have gaps of 1 ms only.
    let output = answerer
        .call(&["--duration", "300ms", "--max-gap", "1ms"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let run = report(&output);
    assert_eq!(
        (run.verdict, run.calls[0].ended),
        (Verdict::Fail, Ending::Completed)
    );
    assert!(
        run.checks
            .iter()
            .all(|check| !check.passed && check.seen.is_some())
    );
}

#[test]
fn a_call_that_cannot_be_placed_is_exit_code_2() {
    let mut answerer = Answerer::start(&["--max-duration", "1s"]);
    let refused = answerer.call(&["--duration", "2s"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    let call = &report(&refused).calls[0];
    assert!(
        call.reason.as_ref().unwrap().contains("--max-duration"),
        "{call:?}"
    );
    answerer.child.kill().unwrap();
    answerer.child.wait().unwrap();
    let output = answerer
        .call(&["--setup-timeout", "600ms"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let run = report(&output);
    assert_eq!(
        (run.verdict, run.calls[0].ended),
        (Verdict::NotPlaced, Ending::NotPlaced)
    );
    assert!(
        run.calls[0]
            .reason
            .as_ref()
            .unwrap()
            .contains("nothing listens"),
        "{run:?}"
    );
}

#[test]
fn an_answerer_killed_during_the_call_is_reported() {
    let mut answerer = Answerer::start(&[]);
    let caller = answerer
        .call(&["--duration", "60s", "--dead-after", "1s"])
        .spawn()
        .unwrap();
    let mut began = String::new();
    answerer.lines.read_line(&mut began).unwrap();
    assert!(began.contains("began"), "{began}");
    std::thread::sleep(std::time::Duration::from_millis(700));
    answerer.child.kill().unwrap();
    let output = caller.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let run = report(&output);
    let call = &run.calls[0];
    assert_eq!(
        (run.verdict, call.ended),
        (Verdict::Fail, Ending::PeerSilent)
    );
    assert!(
        call.reason.as_ref().unwrap().contains("fell silent"),
        "{call:?}"
    );
    assert!(call.up.stream.is_none() && call.down.sender.is_none());
    let down = call.down.stream.as_ref().unwrap();
    assert!(down.received > 0 && down.lost > 0, "{down:?}");
}

#[test]
fn an_interrupted_call_still_reports() {
    let mut answerer = Answerer::start(&[]);
    let caller = answerer.call(&["--duration", "60s"]).spawn().unwrap();
    let mut began = String::new();
    answerer.lines.read_line(&mut began).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(500));
    let pid = rustix::process::Pid::from_child(&caller);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let output = caller.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let call = &report(&output).calls[0];
    assert_eq!(call.ended, Ending::Interrupted);
    let up = call.up.stream.as_ref().unwrap();
    assert_eq!(up.received + up.lost, call.up.sender.unwrap().sent);
}

#[test]
fn bad_datagrams_during_a_call_are_counted_and_do_no_harm() {
    let answerer = Answerer::start(&[]);
    let noise = UdpSocket::bind("127.0.0.1:0").unwrap();
    let caller = answerer.call(&["--duration", "1s"]).spawn().unwrap();
    for round in 0..200_u8 {
        for port in [answerer.port, answerer.port + 1] {
            noise
                .send_to(&vec![round; usize::from(round)], ("127.0.0.1", port))
                .unwrap();
            noise
                .send_to(b"RVoI\x01\x09nosuchcl\0\0\0\x01", ("127.0.0.1", port))
                .unwrap();
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let output = caller.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let run = report(&output);
    assert_eq!(run.calls[0].up.stream.as_ref().unwrap().received, 50);
}

#[test]
fn wrong_usage_is_exit_code_2_and_help_teaches() {
    for wrong in [
        vec!["call"],
        vec!["call", "h", "--dscp", "99"],
        vec!["call", "h", "--calls", "0"],
    ] {
        assert_eq!(
            program().args(&wrong).output().unwrap().status.code(),
            Some(2),
            "{wrong:?}"
        );
    }
    let help = program().args(["call", "--help"]).output().unwrap();
    let text = String::from_utf8(help.stdout).unwrap();
    for word in ["Exit code:", "--min-mos", "G.107", "Ctrl-C"] {
        assert!(text.contains(word), "{word}");
    }
}
