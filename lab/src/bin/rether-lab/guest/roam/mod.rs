//! Roams: who is told to go where, and how each went.

mod judge;
mod log;
mod noticed;
mod supplicant;
mod work;

pub(crate) use judge::{Goodput, summary};
pub(crate) use noticed::Noticed;

use super::{
    link,
    plan::{self, Kind, Node},
    process::output,
};
use anyhow::{Context as _, Result};
use rether_lab::{
    commands,
    scenario::{Arm, Event, Over, RoamBy, Scenario},
};
use rustix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
};
use supplicant::Supplicant;

/// A roam as it was asked for.
#[derive(Clone, Debug)]
pub(super) struct Command {
    node: String,
    to: String,
    over: Over,
    by: RoamBy,
    /// Microseconds of the wall clock when it was asked for.
    at: u64,
}

/// A station that can roam.
#[derive(Debug)]
struct Station {
    node: String,
    /// The address of its radio.
    mac: String,
    /// The access point it begins at.
    at: String,
    by: RoamBy,
    supplicant: Supplicant,
    log: PathBuf,
}

/// Clocks read at once: that of logs, in microseconds, that of probes and that of the daemons, in
/// nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clocks {
    wall_us: u64,
    monotonic_ns: u64,
    boottime_ns: u64,
}

impl Clocks {
    fn now() -> Self {
        let read = |clock| {
            let time = clock_gettime(clock);
            let part = |value: i64| u64::try_from(value).unwrap_or_default();
            part(time.tv_sec) * 1_000_000_000 + part(time.tv_nsec)
        };
        Self {
            wall_us: read(ClockId::Realtime) / 1_000,
            monotonic_ns: read(ClockId::Monotonic),
            boottime_ns: read(ClockId::Boottime),
        }
    }

    /// The clock of probes at `wall` of the clock of logs. Nobody sets a clock in the machine.
    const fn monotonic(self, wall_us: u64) -> u64 {
        (self.monotonic_ns + wall_us * 1_000).saturating_sub(self.wall_us * 1_000)
    }
}

/// All stations that can roam, and what they were told.
#[derive(Debug)]
pub(crate) struct Roams {
    stations: Vec<Station>,
    /// Names of the access points by their addresses.
    names: Vec<(String, String)>,
    /// The logs of hostapd by the same.
    hostapd: Vec<(String, PathBuf)>,
    commands: Vec<Command>,
    start: Clocks,
}

impl Roams {
    /// Prepares the stations of `scenario` that can roam: they learn of all access points of their
    /// site. They must be associated.
    pub(crate) fn prepare(
        scenario: &Scenario,
        nodes: &[Node<'_>],
        arm: &Arm,
        logs: &Path,
    ) -> Result<Self> {
        let mut stations = Vec::new();
        for node in nodes {
            let Kind::Station(station, _) = node.kind else {
                continue;
            };
            let site = scenario.site_of(station);
            if site.clone().nth(1).is_none() {
                continue;
            }
            let supplicant = Supplicant::connect(node.name)?;
            // Where distance counts, it may hear no other from where it is.
            let far = scenario.medium.path_loss.is_some();
            let near = site.filter(|ap| !far || ap.name == station.ap);
            let bssids: Vec<_> = near.filter_map(|ap| plan::bssid(scenario, ap)).collect();
            supplicant.learn(&link::frequencies(scenario, station), &bssids)?;
            stations.push(Station {
                node: node.name.to_owned(),
                mac: node.mac().context("a station has a radio")?,
                at: station.ap.clone(),
                by: arm.roam_of(station),
                supplicant,
                log: link::log(node, logs),
            });
        }
        let aps = scenario.ap.iter();
        let names = aps.filter_map(|ap| Some((plan::bssid(scenario, ap)?, ap.name.clone())));
        let hostapd = nodes.iter().filter(|node| matches!(node.kind, Kind::Ap(_)));
        let hostapd = hostapd.filter_map(|node| Some((node.mac()?, link::log(node, logs))));
        Ok(Self {
            stations,
            names: names.collect(),
            hostapd: hostapd.collect(),
            commands: Vec::new(),
            start: Clocks::now(),
        })
    }

    /// The arm's clock starts.
    pub(crate) fn start_clock(&mut self) {
        self.start = Clocks::now();
    }

    /// What the clocks of a result's parts said when that of the arm started.
    pub(crate) fn clocks(&self) -> Value {
        json!({
            "unix-us": self.start.wall_us,
            "monotonic-ns": self.start.monotonic_ns,
            "boottime-ns": self.start.boottime_ns,
        })
    }

    /// Makes a station go to where `event` says; returns what its agent printed, if it is told.
    pub(crate) fn command(&mut self, event: &Event) -> Result<Option<String>> {
        let to = event.to.first().context("nowhere to go")?;
        let known = self.names.iter().find(|(_, name)| name == to);
        let (bssid, _) = known.context("no such access point")?;
        let found = self.stations.iter().find(|other| other.node == event.node);
        let station = found.context("this node cannot roam")?;
        self.commands.push(Command {
            node: event.node.clone(),
            to: to.clone(),
            over: event.over,
            by: station.by,
            at: Clocks::now().wall_us,
        });
        match (station.by, event.over) {
            (RoamBy::Rether, _) => output(Some(&event.node), &commands::roam(bssid)).map(Some),
            (RoamBy::Plain, Over::Air) => {
                station.supplicant.order(&format!("ROAM {bssid}"))?;
                Ok(None)
            }
            (RoamBy::Plain, Over::Ds) => {
                station.supplicant.order(&format!("FT_DS {bssid}"))?;
                Ok(None)
            }
        }
    }

    /// How each roam went: what was asked for and what stations did by themselves, in order.
    /// `noticed` is what the flows of a station say.
    pub(crate) fn outcome(&self, noticed: impl Fn(&str) -> Noticed) -> Result<Vec<Value>> {
        let mut all = Vec::new();
        let read = |(bssid, path): &(String, PathBuf)| {
            let log = fs::read_to_string(path).with_context(|| format!("{path:?}"))?;
            Ok((bssid.clone(), log))
        };
        let hostapd: Vec<_> = self.hostapd.iter().map(read).collect::<Result<_>>()?;
        for station in &self.stations {
            let log =
                fs::read_to_string(&station.log).with_context(|| format!("{:?}", station.log))?;
            let mut changes = log::changes(&log, self.start.wall_us);
            for change in &mut changes {
                if let Some((_, served)) = hostapd.iter().find(|(ap, _)| *ap == change.bssid) {
                    log::add_served(change, served, &station.mac);
                }
            }
            let commands = self.commands.iter();
            let commands: Vec<_> = commands
                .filter(|command| command.node == station.node)
                .cloned()
                .collect();
            let name = |bssid: &str| {
                let found = self.names.iter().find(|(known, _)| known == bssid);
                found.map_or_else(|| bssid.to_owned(), |(_, name)| name.clone())
            };
            let roams = judge::pair(&station.node, &station.at, &commands, changes, name);
            all.extend(judge::values(&roams, self.start, &noticed(&station.node)));
        }
        all.sort_by(|one, other| {
            let at = |roam: &Value| roam["at-s"].as_f64().unwrap_or_default();
            at(one).total_cmp(&at(other))
        });
        Ok(all)
    }
}
