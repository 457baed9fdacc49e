//! Flows: their clients, their servers, and what they report.

use super::{
    iperf, ping,
    plan::Node,
    probe,
    process::{Process, start},
    roam::Goodput,
};
use anyhow::{Context as _, Result};
use rether_lab::{
    commands,
    scenario::{Traffic, TrafficKind},
};
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// A flow without a port of its own, with index `n`, uses this one plus `2 n`.
const FIRST_PORT: u16 = 5200;
/// Virtual time a client may need after its duration, for its last words with the server.
const PATIENCE: Duration = Duration::from_secs(15);
/// Virtual time a server may need after the end of its client.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// A flow of the scenario in the arm being run.
#[derive(Debug)]
pub(crate) struct Flow<'a> {
    plan: &'a Traffic,
    port: u16,
    to: String,
    files: PathBuf,
    /// Whether what arrives is counted ten times a second.
    fine: bool,
    /// When the client was started, in seconds of the arm's clock.
    started: f64,
    server: Option<Process>,
    client: Option<Process>,
}

impl<'a> Flow<'a> {
    /// Starts the server side, if it has one, so that it listens when the clock starts. A `fine`
    /// flow counts what arrives ten times a second instead of once.
    pub(crate) fn prepare(
        index: u16,
        plan: &'a Traffic,
        nodes: &[Node<'_>],
        fine: bool,
        logs: &Path,
    ) -> Result<Self> {
        let port = plan.port.unwrap_or(FIRST_PORT + 2 * index);
        let to = nodes
            .iter()
            .find(|node| node.name == plan.to)
            .context("no such node")?
            .ip();
        let files = logs.join(format!("flow-{}", plan.name));
        let mut flow = Self {
            plan,
            port,
            to,
            files,
            fine,
            started: 0.0,
            server: None,
            client: None,
        };
        let port = port.to_string();
        let words = match plan.kind {
            TrafficKind::Voice | TrafficKind::Probe => {
                commands::answer(flow.port, plan.dscp, flow.test())
            }
            TrafficKind::Udp | TrafficKind::Tcp | TrafficKind::Video => {
                let interval = if fine { "0.1" } else { "1" };
                ["iperf3", "-s", "-1", "-J", "-i", interval, "-p", &port]
                    .map(str::to_owned)
                    .to_vec()
            }
            TrafficKind::Ping => return Ok(flow),
        };
        let (out, log) = (flow.file("server.out"), flow.file("server.log"));
        flow.server = Some(flow.run(&plan.to, &words, &out, &log)?);
        Ok(flow)
    }

    /// Runs a side of the flow on a machine. A call's stamps are those of its programs, so that they
    /// must not wait for the reports of others'.
    fn run(&self, node: &str, words: &[String], out: &Path, log: &Path) -> Result<Process> {
        let process = start(Some(node), words, out, log)?;
        if self.is_call() {
            process.goes_first()?;
        }
        Ok(process)
    }

    /// Both sides are `rether-voip`.
    const fn is_call(&self) -> bool {
        matches!(self.plan.kind, TrafficKind::Voice | TrafficKind::Probe)
    }

    /// A call that can lose packets to a roam tells of each.
    const fn test(&self) -> commands::Test {
        match self.plan.kind {
            TrafficKind::Probe => commands::Test::Probe,
            _ if self.fine => commands::Test::TracedCall,
            _ => commands::Test::Call,
        }
    }

    fn file(&self, ending: &str) -> PathBuf {
        self.files.with_extension(ending)
    }

    /// Starts the client side; `clock` is when the arm's clock started.
    pub(crate) fn start(&mut self, clock: Instant) -> Result<()> {
        self.started = clock.elapsed().as_secs_f64();
        let plan = self.plan;
        let seconds = plan.duration.seconds();
        let port = self.port.to_string();
        let words = match plan.kind {
            TrafficKind::Voice | TrafficKind::Probe => commands::call(
                &self.to,
                self.port,
                profile(plan),
                plan.dscp,
                plan.duration.0.as_millis(),
                self.test(),
            ),
            TrafficKind::Udp | TrafficKind::Tcp | TrafficKind::Video => {
                let time = seconds.to_string();
                let mut words = ["iperf3", "-J", "-c", &self.to, "-p", &port, "-t", &time]
                    .map(str::to_owned)
                    .to_vec();
                let mut add = |option: &str, value: Option<String>| {
                    words.extend(
                        value
                            .into_iter()
                            .flat_map(|value| [option.to_owned(), value]),
                    );
                };
                // iperf3 sends UDP at 1 Mbit/s unless told otherwise; 0 is as much as goes through.
                let most = (plan.kind == TrafficKind::Udp).then_some(0);
                let rate = plan.rate.map(|rate| rate.0).or(most);
                add("-b", rate.map(|rate| rate.to_string()));
                let congestion = plan.congestion.map(|control| control.name().to_owned());
                add("-C", congestion);
                add("-w", plan.window_bytes.map(|bytes| bytes.to_string()));
                add("-l", plan.packet_bytes.map(|bytes| bytes.to_string()));
                add("--dscp", plan.dscp.map(|dscp| dscp.to_string()));
                if plan.kind == TrafficKind::Udp {
                    words.push("-u".to_owned());
                }
                words
            }
            TrafficKind::Ping => {
                let interval = plan.interval.map_or(0.1, |interval| interval.seconds());
                let count = (seconds / interval).round().max(1.0).to_string();
                let size = plan.packet_bytes.unwrap_or(56).to_string();
                let interval = interval.to_string();
                [
                    "ping", "-n", "-i", &interval, "-c", &count, "-s", &size, "-W", "1", &self.to,
                ]
                .map(str::to_owned)
                .to_vec()
            }
        };
        let (out, log) = (self.file("client.out"), self.file("client.log"));
        self.client = Some(self.run(&plan.from, &words, &out, &log)?);
        Ok(())
    }

    /// Waits for the client's end, stops the server and reads what both reported. `clock` is when
    /// the arm's clock started.
    pub(crate) fn finish(&mut self, clock: Instant) -> Result<Value> {
        let deadline = clock + self.plan.start.0 + self.plan.duration.0 + PATIENCE;
        let ended = match &mut self.client {
            Some(client) => client.wait_until(deadline)?,
            None => None,
        };
        self.client = None;
        if let Some(mut server) = self.server.take() {
            // iperf3's server writes its report after the client's end and goes by itself; a signal
            // meanwhile would cost the report.
            if !self.is_call() && ended.is_some_and(|status| status.success()) {
                server.wait_until(Instant::now() + LAST_WORDS)?;
            }
            server.stop(LAST_WORDS)?;
        }
        let read = |ending: &str| self.read(ending);
        let client = read("client.out");
        let mut report = match self.plan.kind {
            TrafficKind::Ping => ping::summary(&client),
            TrafficKind::Udp | TrafficKind::Video => iperf::udp(&client, &read("server.out")),
            TrafficKind::Tcp => iperf::tcp(&client, &read("server.out")),
            TrafficKind::Probe => probe::summary(&probe::read(&client, &read("server.out"))),
            TrafficKind::Voice => serde_json::from_str(&client).unwrap_or_else(
                |error| json!({ "error": format!("{error}; {}", read("client.log").trim()) }),
            ),
        };
        if let Some(map) = report.as_object_mut() {
            map.insert(
                "exit-code".to_owned(),
                ended.and_then(|status| status.code()).into(),
            );
        }
        Ok(report)
    }

    fn read(&self, ending: &str) -> String {
        fs::read_to_string(self.file(ending)).unwrap_or_default()
    }

    pub(crate) fn name(&self) -> &str {
        &self.plan.name
    }

    /// The nodes at its ends.
    pub(crate) fn ends(&self) -> [&str; 2] {
        [&self.plan.from, &self.plan.to]
    }

    /// What became of its packets, if it is a probe and finished.
    pub(crate) fn probe(&self) -> Option<[probe::Way; 2]> {
        let is_probe = self.plan.kind == TrafficKind::Probe;
        let (client, server) = (self.read("client.out"), self.read("server.out"));
        is_probe.then(|| probe::read(&client, &server).ok())?
    }

    /// What arrived of it and when, if it is a finely counted TCP flow and finished.
    pub(crate) fn goodput(&self) -> Option<Goodput> {
        let is_fine = self.fine && self.plan.kind == TrafficKind::Tcp;
        let parts = is_fine.then(|| iperf::parts(&self.read("server.out")))?;
        Some(Goodput {
            start: self.started,
            parts: parts?,
        })
    }
}

/// The profile of `rether-voip` for a call or a probe.
fn profile(plan: &Traffic) -> Option<&str> {
    if plan.kind == TrafficKind::Voice {
        return plan.codec.as_deref();
    }
    let millis = plan.interval.map_or(5, |interval| interval.0.as_millis());
    Some(match millis {
        1 => "probe-1",
        2 => "probe-2",
        10 => "probe-10",
        20 => "probe-20",
        _ => "probe",
    })
}
