//! One arm of a scenario, from empty namespaces to its result.

use super::{
    air::Air,
    calls, counters,
    daemon::Daemon,
    event::{self, TABLE},
    link::{self, Link},
    network,
    plan::{self, Node},
    process::{Process, output, run, start},
    roam::{self, Noticed, Roams},
    tell,
    traffic::Flow,
};
use anyhow::{Context as _, Result};
use rether_lab::scenario::{Arm, Deed, Event, Scenario, Traffic};
use serde_json::{Map, Value, json};
use std::{
    fs,
    path::Path,
    thread,
    time::{Duration, Instant},
};

/// Time after the last flow for what is still under way.
const DRAIN: Duration = Duration::from_millis(500);

/// Everything that runs for an arm.
pub(crate) struct Cell<'a> {
    nodes: &'a [Node<'a>],
    radios: network::Radios<'a>,
    /// The medium, if it is not the kernel's own.
    air: Option<Air>,
    links: Vec<(&'a str, Link)>,
    roams: Roams,
    daemons: Vec<Daemon>,
    /// What daemons said of themselves at their first and at their latest snapshot.
    snapshots: Vec<(String, Value, Value)>,
}

impl<'a> Cell<'a> {
    pub(crate) fn node(&self, name: &str) -> Result<&Node<'a>> {
        self.nodes
            .iter()
            .find(|node| node.name == name)
            .context("no such node")
    }

    pub(crate) fn radio(&self, name: &str) -> Result<&str> {
        self.radios
            .get(name)
            .map(String::as_str)
            .context("this node has no radio")
    }

    pub(crate) const fn roams(&mut self) -> &mut Roams {
        &mut self.roams
    }

    pub(crate) const fn air(&self) -> Option<&Air> {
        self.air.as_ref()
    }

    pub(crate) fn link(&mut self, name: &str) -> Result<&mut Link> {
        let found = self.links.iter_mut().find(|(node, _)| *node == name);
        found.map(|(_, link)| link).context("this node has no link")
    }

    pub(crate) fn daemon(&mut self, name: &str) -> Result<&mut Daemon> {
        let found = self.daemons.iter_mut().find(|daemon| daemon.node == name);
        found.context("this node has no daemon in this arm")
    }

    /// `text` with the addresses of nodes.
    pub(crate) fn fill_in(&self, text: &str) -> String {
        plan::fill_in(text, self.nodes)
    }

    pub(crate) fn snapshot(&mut self, name: &str) -> Result<()> {
        let status = self.daemon(name)?.status();
        match self.snapshots.iter_mut().find(|(node, ..)| node == name) {
            Some((.., latest)) => *latest = status,
            None => self
                .snapshots
                .push((name.to_owned(), status.clone(), status)),
        }
        Ok(())
    }

    /// What each daemon said of itself at its latest snapshot.
    fn latest(&self) -> Value {
        let all = self.snapshots.iter();
        Value::Object(
            all.map(|(node, _, latest)| (node.clone(), latest.clone()))
                .collect(),
        )
    }

    /// By how much each daemon's figures grew between its snapshots.
    fn gained(&self) -> Value {
        let all = self
            .snapshots
            .iter()
            .map(|(node, first, latest)| (node.clone(), counters::difference(first, latest)));
        Value::Object(all.collect())
    }

    /// Brings up the cells, then the stations, then their addresses.
    fn associate(
        scenario: &Scenario,
        arm: &Arm,
        nodes: &'a [Node<'a>],
        radios: network::Radios<'a>,
        logs: &Path,
    ) -> Result<Self> {
        let air = Air::start(scenario, logs)?;
        let mut links = Vec::new();
        for node in nodes {
            if let Some(mut link) = Link::start(scenario, node, logs)? {
                link.wait()?;
                link::pin_rate(node)?;
                network::address_station(node)?;
                links.push((node.name, link));
            }
        }
        let roams = Roams::prepare(scenario, nodes, arm, logs)?;
        Ok(Self {
            nodes,
            radios,
            air,
            links,
            roams,
            daemons: Vec::new(),
            snapshots: Vec::new(),
        })
    }

    fn start_daemons(&mut self, scenario: &Scenario, logs: &Path) -> Result<()> {
        for node in self.nodes {
            if let Some(mut daemon) = Daemon::of(node, self.nodes, scenario, logs)? {
                daemon.start()?;
                self.daemons.push(daemon);
            }
        }
        Ok(())
    }

    fn counters(&self) -> Result<Value> {
        let each = |node: &Node<'_>| Ok((node.name.to_owned(), counters::read(node, self.nodes)?));
        self.nodes
            .iter()
            .map(each)
            .collect::<Result<Map<_, _>>>()
            .map(Value::Object)
    }

    /// Tables in the nodes' rules that are not the lab's.
    fn leftovers(&self) -> Result<Value> {
        let mut all = Map::new();
        let mut count = 0;
        for node in self.nodes {
            let tables = output(Some(node.name), &["nft", "list", "tables"])?;
            let left: Vec<_> = tables
                .lines()
                .filter(|line| *line != format!("table {TABLE}"))
                .collect();
            count += left.len();
            all.insert(node.name.to_owned(), left.into());
        }
        all.insert("count".to_owned(), count.into());
        Ok(Value::Object(all))
    }

    fn each_daemon(&self, of: impl Fn(&Daemon) -> Value) -> Value {
        Value::Object(
            self.daemons
                .iter()
                .map(|daemon| (daemon.node.clone(), of(daemon)))
                .collect(),
        )
    }
}

/// Something due at a time of the arm's clock.
enum Due<'a> {
    Flow(usize),
    Event(&'a Event),
}

fn timetable<'a>(
    scenario: &'a Scenario,
    arm: &Arm,
    flows: &[&Traffic],
) -> Vec<(Duration, Due<'a>)> {
    let flows = flows
        .iter()
        .enumerate()
        .map(|(index, flow)| (flow.start.0, Due::Flow(index)));
    let events = scenario.event.iter().filter(|event| event.takes_place(arm));
    let mut due: Vec<_> = flows
        .chain(events.map(|event| (event.at.0, Due::Event(event))))
        .collect();
    due.sort_by_key(|(at, _)| *at);
    due
}

/// Runs `arm`, with its logs in `logs`; returns its result.
pub(crate) fn run_arm(scenario: &Scenario, arm: &Arm, logs: &Path) -> Result<Value> {
    let nodes = plan::nodes(scenario);
    tell(&format!(
        "arm {}: setting up {} nodes",
        arm.name,
        nodes.len()
    ));
    let radios = network::set_up(&nodes)?;
    let _capture = capture(scenario, logs)?;
    let mut cell = Cell::associate(scenario, arm, &nodes, radios, logs)?;
    tell(&format!(
        "arm {}: {} links are up",
        arm.name,
        cell.links.len()
    ));
    if arm.daemons {
        cell.start_daemons(scenario, logs)?;
        tell(&format!(
            "arm {}: {} daemons started",
            arm.name,
            cell.daemons.len()
        ));
    }
    let plans: Vec<_> = scenario
        .traffic
        .iter()
        .filter(|flow| flow.takes_place(arm))
        .collect();
    let fine = scenario.may_roam();
    let mut flows = (0..)
        .zip(&plans)
        .map(|(index, flow)| Flow::prepare(index, flow, &nodes, fine, logs))
        .collect::<Result<Vec<_>>>()?;
    thread::sleep(scenario.settle.0);

    let before = cell.counters()?;
    cell.daemons.iter_mut().for_each(Daemon::start_counting);
    if let Some(air) = &mut cell.air {
        air.start_clock()?;
    }
    let idle_before = idle_seconds()?;
    let clock = Instant::now();
    cell.roams.start_clock();
    let (mut happened, mut failed) = (Vec::new(), 0);
    for (at, due) in timetable(scenario, arm, &plans) {
        thread::sleep(at.saturating_sub(clock.elapsed()));
        match due {
            Due::Flow(index) => {
                if let Some(flow) = flows.get_mut(index) {
                    flow.start(clock)?;
                }
            }
            Due::Event(event) => {
                let late = clock.elapsed().saturating_sub(at);
                let outcome = event::apply(event, &mut cell);
                failed += u32::from(outcome.is_err());
                let error = outcome.as_ref().err().map(|error| format!("{error:#}"));
                // Roams come in dozens.
                if event.deed != Deed::Roam || error.is_some() {
                    tell(&format!(
                        "arm {}: at {at:?} {:?} {}{}",
                        arm.name,
                        event.deed,
                        event.node,
                        error
                            .as_ref()
                            .map_or_else(String::new, |text| format!(": {text}"))
                    ));
                }
                happened.push(json!({
                    "at-s": at.as_secs_f64(),
                    "late-us": u64::try_from(late.as_micros()).unwrap_or(u64::MAX),
                    "do": event.deed,
                    "node": event.node,
                    "ok": outcome.is_ok(),
                    "error": error,
                    "printed": outcome.ok().flatten(),
                }));
            }
        }
    }
    let mut traffic = Map::new();
    for (flow, plan) in flows.iter_mut().zip(&plans) {
        traffic.insert(plan.name.clone(), flow.finish(clock)?);
    }
    thread::sleep(DRAIN);
    let seconds = clock.elapsed().as_secs_f64();
    let busy = seconds - (idle_seconds()? - idle_before);
    cell.daemons.iter_mut().for_each(Daemon::stop_counting);
    let air = cell.air.as_ref().map(Air::summary).transpose()?;
    let after = cell.counters()?;
    let status = cell.each_daemon(Daemon::status);
    let handoffs = if roams_here(scenario) {
        cell.each_daemon(Daemon::handoffs)
    } else {
        Value::Null
    };
    for daemon in &mut cell.daemons {
        daemon.stop()?;
    }
    let daemons = cell.each_daemon(Daemon::outcome);
    let leftovers = cell.leftovers()?;
    tell(&format!(
        "arm {}: done after {seconds:.1} s of its clock",
        arm.name
    ));
    let roams = cell.roams.outcome(|node| Noticed::take(&flows, node))?;
    let addresses = nodes.iter().map(|node| {
        (
            node.name.to_owned(),
            json!({ "ip": node.ip(), "mac": node.mac() }),
        )
    });
    let mut result = json!({
        "schema": 1,
        "arm": arm.name,
        "clock-seconds": seconds,
        "clock-start": cell.roams.clocks(),
        "busy-seconds": busy,
        "nodes": Value::Object(addresses.collect()),
        "steady-bps": steady(&traffic),
        "calls": calls::together(&traffic),
        "traffic": traffic,
        "roaming": roam::summary(&roams, &handoffs),
        "roams": roams,
        "events-failed": failed,
        "events": happened,
        "counters": {
            "difference": counters::difference(&before, &after),
            "before": before,
            "after": after,
        },
        "status": status,
        "handoffs": handoffs,
        "gained": cell.gained(),
        "snapshot": cell.latest(),
        "daemons": daemons,
        "rules-left": leftovers,
    });
    if let (Some(air), Some(result)) = (air, result.as_object_mut()) {
        result.insert("air".to_owned(), air);
    }
    drop(cell);
    network::tear_down(&nodes)?;
    Ok(result)
}

/// Somebody can go from one access point to another.
fn roams_here(scenario: &Scenario) -> bool {
    scenario.ap.iter().any(|ap| ap.site.is_some())
}

/// The steady rates of all UDP and TCP flows together; nothing if one of them has none, since the rest
/// would look like a slower cell.
fn steady(traffic: &Map<String, Value>) -> Option<f64> {
    let flows = traffic.values();
    let bulk = flows.filter(|flow| flow.get("steady-bps").is_some() || flow.get("error").is_some());
    bulk.map(|flow| flow["steady-bps"].as_f64()).sum()
}

/// How long the machine's processor has been idle since power-on; the kernel gives 10 ms steps.
fn idle_seconds() -> Result<f64> {
    let text = fs::read_to_string("/proc/uptime")?;
    Ok(text
        .split_whitespace()
        .nth(1)
        .context("no idle time in /proc/uptime")?
        .parse()?)
}

/// Captures the air, if the scenario wants it.
fn capture(scenario: &Scenario, logs: &Path) -> Result<Option<Process>> {
    if !scenario.medium.capture {
        return Ok(None);
    }
    run(None, "ip link set hwsim0 up")?;
    let file = logs.join("air.pcap").display().to_string();
    // Enough of each frame for every header and any frame of ours.
    let words = [
        "tcpdump", "-Z", "root", "-i", "hwsim0", "-s", "512", "-U", "-w", &file,
    ];
    let log = logs.join("tcpdump.log");
    start(None, &words, &log, &log).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flow_without_a_rate_is_not_passed_over() {
        let sum = |flows: Value| steady(flows.as_object().unwrap());
        let two = json!({"a": {"steady-bps": 2.0}, "b": {"steady-bps": 3.0}, "c": {"lost": 0}});
        assert_eq!(sum(two), Some(5.0));
        let short = json!({"a": {"steady-bps": 2.0}, "b": {"steady-bps": null}});
        assert_eq!(sum(short), None);
        let failed = json!({"a": {"steady-bps": 2.0}, "b": {"error": "no report"}});
        assert_eq!(sum(failed), None);
    }
}
