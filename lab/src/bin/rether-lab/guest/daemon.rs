//! Our daemons, started and ill-treated as a scenario says.

use super::{
    plan::{self, Kind, Node},
    process::{Children, Process, output, start},
    site,
};
use anyhow::{Result, bail};
use rether_lab::commands::{self, Role};
use rether_lab::scenario::Scenario;
use rustix::process::Signal;
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

/// Virtual time an orderly stop may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// The daemon of one node.
#[derive(Debug)]
pub(crate) struct Daemon {
    pub(crate) node: String,
    role: Role,
    log: PathBuf,
    recording: Option<PathBuf>,
    starts: u32,
    /// How the last one ended, as text.
    ended: Option<String>,
    process: Option<Process>,
    /// Number of the start and processor time when the clock started.
    used_before: (u32, u64),
    used: Option<u64>,
    children_before: Children,
    programs: Option<usize>,
}

impl Daemon {
    /// The daemon `node` has, not yet started; its configuration goes where it reads it.
    pub(crate) fn of(
        node: &Node<'_>,
        nodes: &[Node<'_>],
        scenario: &Scenario,
        logs: &Path,
    ) -> Result<Option<Self>> {
        let role = match node.kind {
            Kind::Ap(ap) if ap.coordinator => Role::Coordinator,
            Kind::Station(station, _) if station.agent => Role::Agent,
            _ => return Ok(None),
        };
        // `ip netns exec` shows /etc/netns/NODE/rether as /etc/rether, which must be there.
        let own = format!("/etc/netns/{}/rether", node.name);
        fs::create_dir_all(&own)?;
        fs::create_dir_all("/etc/rether")?;
        let text = match node.kind {
            Kind::Ap(ap) => {
                let text = ap.policy.as_ref().or(scenario.policy.as_ref());
                let text = text.map_or("", String::as_str);
                Some(plan::fill_in(text, nodes) + &site::handoff(node, ap, nodes, &own)?)
            }
            Kind::Station(station, _) => station.config.clone(),
            Kind::Wire => None,
        };
        if let Some(text) = text {
            fs::write(format!("{own}/{}", role.config()), text)?;
        }
        let log = logs.join(format!("{}-{}.log", node.name, role.program()));
        let recording = scenario.record.then(|| log.with_extension("jsonl"));
        let node = node.name.to_owned();
        Ok(Some(Self {
            node,
            role,
            log,
            recording,
            starts: 0,
            ended: None,
            process: None,
            used_before: (0, 0),
            used: None,
            children_before: Children::default(),
            programs: None,
        }))
    }

    /// Starts it, unless it runs.
    pub(crate) fn start(&mut self) -> Result<()> {
        self.notice_end()?;
        if self.process.is_none() {
            let file = self
                .recording
                .as_ref()
                .map(|file| file.display().to_string());
            let words = commands::daemon(self.role, file.as_deref());
            let process = start(Some(&self.node), &words, &self.log, &self.log)?;
            process.goes_first()?;
            self.process = Some(process);
            self.starts += 1;
        }
        Ok(())
    }

    fn notice_end(&mut self) -> Result<()> {
        if let Some(process) = &mut self.process
            && let Some(status) = process.ended()?
        {
            self.ended = Some(status.to_string());
            self.process = None;
        }
        Ok(())
    }

    fn processor_ns(&self) -> Option<u64> {
        self.process
            .as_ref()
            .and_then(|process| process.processor_ns().ok())
    }

    fn children(&self) -> Option<Children> {
        self.process
            .as_ref()
            .and_then(|process| process.children().ok())
    }

    /// Counts processor time, and programs that it runs, from now on.
    pub(crate) fn start_counting(&mut self) {
        self.used_before = (self.starts, self.processor_ns().unwrap_or_default());
        self.children_before = self.children().unwrap_or_default();
    }

    /// Counts no further. There are no figures if the daemon was started again or is gone.
    pub(crate) fn stop_counting(&mut self) {
        let (starts, before) = self.used_before;
        self.used = self
            .processor_ns()
            .filter(|_| starts == self.starts)
            .map(|now| now - before);
        self.programs = self
            .children()
            .filter(|_| starts == self.starts)
            .map(|now| now.since(&self.children_before));
    }

    /// Sends `signal`; it is an error if the daemon does not run.
    pub(crate) fn signal(&mut self, signal: Signal) -> Result<()> {
        self.notice_end()?;
        let Some(process) = &self.process else {
            bail!("the daemon of {} does not run", self.node)
        };
        process.signal(signal)
    }

    /// Stops it in an orderly way, if it runs; one that does not obey is killed, and that is
    /// recorded.
    pub(crate) fn stop(&mut self) -> Result<()> {
        self.notice_end()?;
        if let Some(mut process) = self.process.take() {
            let ended = process.stop(PATIENCE)?;
            self.ended =
                Some(ended.map_or_else(|| "did not stop, killed".to_owned(), |s| s.to_string()));
        }
        Ok(())
    }

    /// What it says of itself, or why it says nothing.
    pub(crate) fn status(&self) -> Value {
        self.ask(&commands::status(self.role))
    }

    fn ask(&self, words: &[String]) -> Value {
        let text = output(Some(&self.node), words);
        let parsed = text.and_then(|text| Ok(serde_json::from_str(&text)?));
        parsed.unwrap_or_else(|error: anyhow::Error| json!({ "error": format!("{error:#}") }))
    }

    /// What it says of handoffs, or why it says nothing.
    pub(crate) fn handoffs(&self) -> Value {
        self.ask(&commands::handoffs(self.role))
    }

    /// How it fared.
    pub(crate) fn outcome(&self) -> Value {
        json!({
            "role": self.role.program(),
            "starts": self.starts,
            "ended": self.ended,
            "processor-ns": self.used,
            "programs": self.programs,
        })
    }
}
