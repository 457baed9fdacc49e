//! The medium as a process beside the nodes: `rether-lab air`, and how the runner speaks to it.

use super::{
    link,
    plan::{self, Kind, Node},
    process::{Process, start, wait_for},
};
use anyhow::{Context as _, Result, ensure};
use rether_lab::{
    SCENARIO_IN_GUEST,
    air::{self, Plan, control},
    scenario::{Ap, MediumKind, Phy, Scenario, Waypoint},
};
use rether_proto::airtime::{self, PhyKind, Rate};
use rether_sim::medium::RadioConfig;
use serde_json::Value;
use std::{fs, path::Path, time::Duration};

/// Where it listens.
const SOCKET: &str = "/tmp/lab-air";
/// Seed of its backoffs and frame errors: the same in every run.
const SEED: u64 = 1;
/// What its log says once it is the medium.
const READY: &str = "is the medium of";
const PATIENCE: Duration = Duration::from_secs(5);

/// The process, killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Air {
    process: Process,
    /// Processor time it had used when the clock started.
    before: u64,
}

impl Air {
    /// Starts it, if the scenario wants it. The radios must be there; frames that were sent before
    /// went through the kernel's own medium.
    pub(crate) fn start(scenario: &Scenario, logs: &Path) -> Result<Option<Self>> {
        if scenario.medium.kind != MediumKind::Air {
            return Ok(None);
        }
        if fs::exists(SOCKET)? {
            fs::remove_file(SOCKET)?;
        }
        let log = logs.join("air.log");
        // In the namespace in which the radios were made: no other has their family.
        let mut process = start(None, &["rether-lab", "air"], &log, &log)?;
        wait_for("the medium", PATIENCE, || {
            let said = fs::read_to_string(&log)?;
            if let Some(status) = process.ended()? {
                anyhow::bail!("the medium ended at once ({status}): {}", said.trim());
            }
            Ok(said.contains(READY))
        })?;
        Ok(Some(Self { process, before: 0 }))
    }

    fn order(request: &control::Request) -> Result<()> {
        let said = control::ask(Path::new(SOCKET), request)
            .with_context(|| format!("the medium does not answer {request:?}; see logs/air.log"))?;
        ensure!(said == "ok", "the medium: {said}");
        Ok(())
    }

    /// The arm's clock starts.
    pub(crate) fn start_clock(&mut self) -> Result<()> {
        self.before = self.process.processor_ns()?;
        Self::order(&control::Request::Start)
    }

    /// Cuts the radio of `node` off without a word.
    pub(crate) fn vanish(&self, node: &str) -> Result<()> {
        Self::order(&control::Request::Vanish(node.to_owned()))
    }

    /// What the air was used for since the clock started.
    pub(crate) fn summary(&self) -> Result<Value> {
        let said = control::ask(Path::new(SOCKET), &control::Request::Summary)
            .context("the medium gives no summary; see logs/air.log")?;
        let mut summary: Value = serde_json::from_str(&said).with_context(|| said)?;
        let used = self.process.processor_ns()?.saturating_sub(self.before);
        if let Some(map) = summary.as_object_mut() {
            map.insert("processor-ns".to_owned(), used.into());
        }
        Ok(summary)
    }
}

/// Is the medium: the hidden command `rether-lab air`.
pub(crate) fn run() -> Result<()> {
    let text = fs::read(SCENARIO_IN_GUEST).context(SCENARIO_IN_GUEST)?;
    let scenario: Scenario = serde_json::from_slice(&text).context(SCENARIO_IN_GUEST)?;
    let plans = plans(&scenario)?;
    let names: Vec<_> = plans.iter().map(|plan| plan.name.clone()).collect();
    let config = scenario.medium.air();
    air::run(config, plans, SEED, Path::new(SOCKET), |standing| {
        eprintln!("rether-lab air: {READY} {}", names.join(", "));
        let parts = [
            &standing.scheduling,
            &standing.memory,
            &standing.timer_slack,
        ];
        for error in parts.into_iter().filter_map(|part| part.as_ref().err()) {
            eprintln!("rether-lab air: goes on although it {error}");
        }
    })
    .context("the medium failed")
}

/// The radios in the order of their numbers.
fn plans(scenario: &Scenario) -> Result<Vec<Plan>> {
    let nodes = plan::nodes(scenario);
    let with_radio = nodes.iter().filter_map(|node| match node.kind {
        Kind::Wire => None,
        Kind::Ap(ap) | Kind::Station(_, ap) => Some((node, ap)),
    });
    with_radio
        .map(|(node, ap)| radio(scenario, node, ap))
        .collect()
}

fn radio(scenario: &Scenario, node: &Node<'_>, ap: &Ap) -> Result<Plan> {
    let kind = match ap.phy {
        Phy::A => PhyKind::Ofdm,
        Phy::B if ap.short_preamble => PhyKind::DsssShort,
        Phy::B => PhyKind::DsssLong,
        Phy::G => PhyKind::Erp,
    };
    let phy = airtime::Phy { kind, wmm: ap.wmm };
    let frequency = ap.phy.frequency(ap.channel());
    let mut config = RadioConfig::new(phy, frequency.context("no such channel")?);
    let (position, walk): (_, &[Waypoint]) = match node.kind {
        Kind::Station(station, _) => (station.position, &station.walk),
        _ => (ap.position, &[]),
    };
    config.position = position;
    let feigned = link::feigned_basic_rates(scenario, ap);
    Ok(Plan {
        name: node.name.to_owned(),
        mac: node.mac().context("a node without a radio")?.parse()?,
        config,
        feigned: feigned.into_iter().map(Rate).collect(),
        walk: walk
            .iter()
            .map(|point| (point.at.seconds(), point.position))
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn radios_are_what_the_scenario_says() {
        let text = "name = 'x'\n[medium]\nkind = 'air'\n[[ap]]\nname = 'ap'\nphy = '11b'\n\
            channel = 6\n[[station]]\nname = 'a'\nap = 'ap'\nposition = [3.0, 4.0]\n\
            walk = [{ at = '2s', position = [5.0, 6.0] }]\n";
        let scenario = Scenario::parse(text, "x").unwrap();
        let plans = plans(&scenario).unwrap();
        let seen: Vec<_> = plans
            .iter()
            .map(|plan| (plan.name.as_str(), plan.mac.to_string()))
            .collect();
        let expected = [
            ("ap", "02:00:00:00:00:00".to_owned()),
            ("a", "02:00:00:00:01:00".to_owned()),
        ];
        assert_eq!(seen, expected);
        let a = plans.last().unwrap();
        assert_eq!(a.config.frequency_mhz, 2437);
        assert_eq!(<[f64; 2]>::from(a.config.position), [3.0, 4.0]);
        assert_eq!(a.walk, [(2.0, [5.0, 6.0].into())]);
        assert_eq!(a.feigned, [Rate(110)]);
    }
}
