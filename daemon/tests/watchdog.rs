//! The watchdog process against a parent that really dies, hangs or says good-bye.
//!
//! This very test program is started again as a daemon, which starts itself as its watchdog.
//! `RETHER_TEST_ROLE` says what it is.

#![allow(clippy::unwrap_used, reason = "a test without the test harness")]

use std::os::fd::AsFd;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rether_daemon::watchdog::{Duty, Ending, Watchdog};

const ROLE: &str = "RETHER_TEST_ROLE";
const REPORT: &str = "RETHER_TEST_REPORT";

#[expect(clippy::print_stdout, reason = "what test runners read")]
fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if arguments
        .get(1)
        .is_some_and(|argument| argument == "watchdog")
    {
        watch(&arguments);
    } else if let Ok(role) = std::env::var(ROLE) {
        play(&role);
    } else if arguments.iter().any(|argument| argument == "--list") {
        println!("watchdog: test");
    } else {
        let cases: [(&str, Option<&str>, Ending); 4] = [
            ("good-bye", None, Ending::GoodBye),
            ("exit", None, Ending::Gone),
            ("hang", None, Ending::Killed),
            ("beat", Some("KILL"), Ending::Gone),
        ];
        for (role, signal, expected) in cases {
            run(role, signal, expected);
        }
        run("beat", Some("STOP"), Ending::Killed);
        println!("watchdog: ok");
    }
}

/// Plays one daemon and checks how its watchdog saw it end.
fn run(role: &str, signal: Option<&str>, expected: Ending) {
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("ending");
    let mut daemon = Command::new("/proc/self/exe")
        .env(ROLE, role)
        .env(REPORT, &report)
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    if let Some(signal) = signal {
        wait_until(&mut daemon, || {
            folder.path().join("ending.beating").exists()
        });
        let pid = daemon.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-s", signal, &pid])
                .status()
                .unwrap()
                .success()
        );
    }
    wait_until(&mut daemon, || report.exists());
    let seen = std::fs::read_to_string(&report).unwrap();
    assert_eq!(seen, format!("{expected:?}"), "{role} {signal:?}");
    // Whatever it did, it is gone by now or about to be.
    let _ = daemon.wait().unwrap();
}

fn wait_until(daemon: &mut Child, done: impl Fn() -> bool) {
    let begun = Instant::now();
    while !done() {
        if begun.elapsed() > Duration::from_secs(30) {
            daemon.kill().unwrap();
            panic!("nothing happened");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn play(role: &str) {
    let interface = "lo".parse().unwrap();
    let patience = rether_proto::time::Duration::from_millis(300);
    let watchdog = Watchdog::start(Path::new("/proc/self/exe"), &interface, patience).unwrap();
    let mut heartbeat = watchdog.heartbeat().unwrap();
    heartbeat.beat().unwrap();
    match role {
        "good-bye" => {
            drop(heartbeat);
            watchdog.good_bye().unwrap();
        }
        "exit" => std::process::exit(3),
        "hang" => loop {
            std::thread::park();
        },
        _ => loop {
            heartbeat.beat().unwrap();
            std::fs::write(format!("{}.beating", std::env::var(REPORT).unwrap()), "").unwrap();
            std::thread::sleep(Duration::from_millis(20));
        },
    }
}

fn watch(arguments: &[String]) {
    let option = |name: &str| {
        let found = arguments
            .iter()
            .find_map(|argument| argument.strip_prefix(name));
        found.unwrap().to_owned()
    };
    let duty = Duty {
        interface: option("--interface=").parse().unwrap(),
        parent: option("--parent=").parse().unwrap(),
        patience: option("--patience=").parse().unwrap(),
    };
    let pipe = std::io::stdin().as_fd().try_clone_to_owned().unwrap();
    let ending = duty.watch(pipe.into()).unwrap();
    let report = std::env::var(REPORT).unwrap();
    // Appears whole.
    std::fs::write(format!("{report}.new"), format!("{ending:?}")).unwrap();
    std::fs::rename(format!("{report}.new"), report).unwrap();
}
