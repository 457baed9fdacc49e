//! A world out of a scenario.

use std::net::Ipv4Addr;

use rether_ap::config as ap_config;
use rether_proto::agent::{Agent, AgentConfig, GateMode};
use rether_proto::airtime::{Phy, PhyKind, Rate, Turn};
use rether_proto::auth::{AgentAuth, Key};
use rether_proto::coordinator::Coordinator;
use rether_proto::mac::MacAddr;
use rether_proto::policy::PolicyTable;
use rether_proto::rng::Rng;
use rether_proto::time::{Duration, Instant};

use super::capture::Tracer;
use super::driver::{Driver, Output};
use super::node::{Kind, Node, Radio, STRIDE, WIRE, Walk};
use super::packet::NodeId;
use super::{Happening, Options, TokenFigures, World};
use crate::medium::{AccessParams, Medium, MediumConfig, RadioConfig};
use crate::scenario::{self, Access, Ap, Arm, Deed, MediumKind, Scenario, TrafficKind, WmmProfile};
use crate::traffic::{Flow, FlowError, Window};

/// Why a scenario cannot be simulated.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// It is made for the lab's medium without airtime.
    #[error("the simulator needs a medium with airtime: write kind = \"air\" under [medium]")]
    Ideal,
    /// A key that the simulator does not honour.
    #[error("only the lab has {0}: run this scenario with `rether-lab run`, or leave it out")]
    LabOnly(&'static str),
    /// An event that needs real programs.
    #[error("the simulator cannot do the event `{0:?}`: run this scenario with `rether-lab run`")]
    Event(Deed),
    /// A scenario that the program itself has made has mistakes.
    #[error("a scenario of our own is wrong: {0}")]
    Preset(String),
    /// The policy has mistakes.
    #[error("the policy of the scenario: {0}")]
    Policy(String),
    /// A flow cannot be made.
    #[error("flow `{flow}`: {why}")]
    Flow {
        /// Its name.
        flow: String,
        /// Why.
        why: String,
    },
}

/// How long packets that are under way at the end may still arrive.
const DRAIN: Duration = Duration::from_secs(1);
/// The time that everything counts from; cores treat zero as a time like any other.
const ORIGIN: Instant = Instant::ZERO;
/// Makes the seed of what goes wrong on purpose another one than that of everything else.
const FATE: u64 = 0x6661_7465;

impl World {
    pub(super) fn build(
        scenario: &Scenario,
        arm: &Arm,
        seed: u64,
        options: &Options,
        trace: bool,
    ) -> Result<Self, BuildError> {
        if scenario.medium.kind == MediumKind::Ideal {
            return Err(BuildError::Ideal);
        }
        if let Some(key) = scenario.lab_only() {
            return Err(BuildError::LabOnly(key));
        }
        let events = scenario.event.iter().filter(|event| event.takes_place(arm));
        if let Some(event) = events
            .map(|event| event.deed)
            .find(|deed| !super::events::is_possible(*deed))
        {
            return Err(BuildError::Event(event));
        }
        let mut rng = Rng::new(seed);
        let config = MediumConfig {
            trace,
            ..scenario.medium.air()
        };
        let mut world = Self {
            now: ORIGIN,
            end: ORIGIN,
            from: Instant::from_nanos(u64::MAX),
            until: ORIGIN,
            marks: Vec::new(),
            medium: Medium::new(config, rng.next_u64()),
            nodes: Vec::new(),
            flows: Vec::new(),
            payloads: slab::Slab::new(),
            agenda: std::collections::BinaryHeap::new(),
            order: 0,
            fresh: std::collections::VecDeque::new(),
            hungry: Vec::new(),
            output: Output::default(),
            events: Vec::new(),
            losses: Vec::new(),
            sinners: std::collections::BTreeMap::new(),
            fate: Rng::new(seed ^ FATE),
            clock: ORIGIN + Duration::from(scenario.settle),
            reservations: std::collections::BTreeMap::new(),
            tokens: TokenFigures::default(),
            token_airtime: Vec::new(),
            options: options.clone(),
            samples: Vec::new(),
            strangers: std::collections::BTreeMap::new(),
            tracer: trace.then(Tracer::default),
            rng,
        };
        world.add_nodes(scenario, arm)?;
        world.add_flows(scenario, arm)?;
        world.count_strangers();
        world.add_events(scenario, arm);
        if let Some(step) = options.sample {
            world.at(ORIGIN + step, Happening::Sample);
        }
        Ok(world)
    }

    fn add_nodes(&mut self, scenario: &Scenario, arm: &Arm) -> Result<(), BuildError> {
        self.nodes.push(Node {
            name: scenario::WIRE.to_owned(),
            mac: MacAddr([2, 0, 0, 0, 0xff, 0xff]),
            kind: Kind::Wire,
        });
        let mut auth = Vec::new();
        for (number, ap) in scenario.ap.iter().enumerate() {
            let phy = phy_of(ap);
            let config = radio_config(ap, phy);
            let usual = config.access;
            let id = self.medium.add_radio(config);
            let shipped = ap.wmm.then_some(WmmProfile::Polite);
            let profile = ap.wmm_profile.or(shipped);
            let daemon = arm.daemons && ap.coordinator;
            let setup = if daemon {
                let setup = self.coordinator_config(scenario, phy, (mac_of(number), profile))?;
                auth.push(setup.0.auth.clone());
                Some(Box::new(setup))
            } else {
                auth.push(None);
                None
            };
            let coordinator = setup.as_deref().map(|(config, policy)| {
                let seed = self.rng.next_u64();
                let core = Coordinator::new(config.clone(), policy.clone(), seed, ORIGIN);
                let mut driver = Driver::new(core, GateMode::Watch, policy.clone());
                if self.options.cost {
                    driver.measure();
                }
                Box::new(driver)
            });
            self.nodes.push(Node {
                name: ap.name.clone(),
                mac: mac_of(number),
                kind: Kind::Ap {
                    radio: Radio { id, phy, usual },
                    coordinator,
                    setup,
                    profile,
                    announced: false,
                },
            });
        }
        let clock = self.clock;
        for (number, station) in scenario.station.iter().enumerate() {
            let ap = scenario.ap.iter().position(|ap| ap.name == station.ap);
            // The scenario has been validated: the access point is there.
            let ap = ap.unwrap_or_default();
            let cell = &scenario.ap[ap];
            let phy = phy_of(cell);
            let config = RadioConfig {
                position: station.position,
                ..radio_config(cell, phy)
            };
            let usual = config.access;
            let id = self.medium.add_radio(config);
            let mac = mac_of(scenario.ap.len() + number);
            let setup = (arm.daemons && station.agent && cell.coordinator).then(|| {
                // Nameless, so it has the key of the site, if the policy file names one.
                let mut config = agent_config();
                let key = auth[ap].as_ref().and_then(|auth| auth.key_of(""));
                config.auth = key.cloned().map(|key| AgentAuth {
                    key,
                    seed: secret_of(mac),
                });
                Box::new(config)
            });
            let agent = setup.as_deref().map(|config| {
                let core = Agent::new(config.clone(), mac, self.rng.next_u64(), ORIGIN);
                Box::new(Driver::new(core, GateMode::Open, PolicyTable::default()))
            });
            let points = station.walk.iter();
            let points = points.map(|point| (clock + Duration::from(point.at), point.position));
            let walk = Walk::new(station.position, points);
            let given = station.rate_mbps.or(cell.rate_mbps);
            let by_signal = scenario.medium.path_loss.is_some();
            let fixed = match given {
                Some(mbps) => Some(rate_of(mbps)),
                None if by_signal => None,
                None => Some(rate_of(cell.rate_mbps())),
            };
            let node = self.nodes.len();
            if let Some(vice) = station.vice.filter(|_| agent.is_some()) {
                self.fall(node, vice);
            }
            if walk.goes_on(ORIGIN) {
                self.at(ORIGIN + STRIDE, Happening::Stride(node));
            }
            self.nodes.push(Node {
                name: station.name.clone(),
                mac,
                kind: Kind::Station {
                    radio: Radio { id, phy, usual },
                    ap: ap + 1,
                    agent,
                    setup,
                    walk,
                    fixed,
                    rate: fixed.unwrap_or_default(),
                },
            });
        }
        self.token_airtime = vec![Duration::ZERO; self.nodes.len()];
        for node in 1..self.nodes.len() {
            self.join(node);
        }
        Ok(())
    }

    fn coordinator_config(
        &self,
        scenario: &Scenario,
        phy: Phy,
        (own, profile): (MacAddr, Option<WmmProfile>),
    ) -> Result<(rether_proto::coordinator::CoordinatorConfig, PolicyTable), BuildError> {
        let mut text = scenario.policy.clone().unwrap_or_default();
        let aps = scenario.ap.iter().map(|ap| ap.name.as_str());
        let names = aps.chain(scenario.station.iter().map(|station| station.name.as_str()));
        for (number, name) in names.enumerate() {
            let ip = address(scenario, number + 1).to_string();
            text = text.replace(&format!("{{{name}.ip}}"), &ip);
            text = text.replace(&format!("{{{name}.mac}}"), &mac_of(number).to_string());
        }
        text = text.replace("{wire.ip}", &address(scenario, WIRE).to_string());
        text = text.replace("{wire.mac}", &self.nodes[WIRE].mac.to_string());
        let config = ap_config::parse(&scenario.name, &text)
            .map_err(|error| BuildError::Policy(error.to_string()))?;
        let mut cell = config.cell.coordinator(phy);
        // The medium has what the scenario says, not what the daemon would ask of hostapd.
        cell.turn = match profile {
            Some(WmmProfile::Strict | WmmProfile::Polite) => Turn::Burst,
            Some(WmmProfile::Off) | None => Turn::Paired,
        };
        cell.auth = config.security.auth(secret_of(own));
        Ok((cell, config.policy))
    }

    fn add_flows(&mut self, scenario: &Scenario, arm: &Arm) -> Result<(), BuildError> {
        let clock = self.clock;
        let plans = scenario.traffic.iter().filter(|plan| plan.takes_place(arm));
        let plans: Vec<_> = plans.collect();
        for (number, plan) in plans.iter().copied().enumerate() {
            let ends = [&plan.from, &plan.to].map(|name| self.node_named(name));
            let window = Window::new(
                clock + Duration::from(plan.start),
                Duration::from(plan.duration),
                Duration::from(scenario.warm_up),
                Duration::from(scenario.cool_down),
            );
            let addresses = ends.map(|node| address(scenario, node));
            let seed = self.rng.next_u64();
            let refuse = |error: FlowError| BuildError::Flow {
                flow: plan.name.clone(),
                why: error.to_string(),
            };
            // Only a radio tells its host when it has room again.
            let is_flood =
                |plan: &scenario::Traffic| plan.kind == TrafficKind::Udp && plan.rate.is_none();
            let floods = plans
                .iter()
                .filter(|other| is_flood(other) && other.from == plan.from);
            let floods = u32::try_from(floods.count()).unwrap_or(u32::MAX);
            if is_flood(plan) && !self.begins_by_radio(ends) {
                return Err(refuse(FlowError::NoRate));
            }
            let flow = Flow::new(plan, number, ends, addresses, window, floods, seed);
            let mut flow = flow.map_err(refuse)?;
            self.from = self.from.min(window.counts_from);
            self.until = self.until.max(window.counts_until);
            self.end = self.end.max(window.end + DRAIN);
            for (at, way) in flow.begin(&mut self.rng) {
                self.call_at(at, number, way);
            }
            self.flows.push(flow);
        }
        self.from = self.from.min(self.until);
        self.at(self.from, Happening::Mark);
        self.at(self.until, Happening::Mark);
        Ok(())
    }

    fn add_events(&mut self, scenario: &Scenario, arm: &Arm) {
        self.losses = vec![0; self.nodes.len()];
        for event in scenario.event.iter().filter(|event| event.takes_place(arm)) {
            let at = self.clock + Duration::from(event.at);
            self.at(at, Happening::Event(self.events.len()));
            let node = self.node_named(&event.node);
            self.events.push((node, event.clone()));
        }
    }

    fn begins_by_radio(&self, [from, to]: [NodeId; 2]) -> bool {
        match (&self.nodes[from].kind, &self.nodes[to].kind) {
            (Kind::Station { .. }, _) => true,
            (Kind::Ap { .. }, Kind::Station { ap, .. }) => *ap == from,
            _ => false,
        }
    }

    fn node_named(&self, name: &str) -> NodeId {
        let found = self.nodes.iter().position(|node| node.name == name);
        found.unwrap_or(WIRE)
    }
}

/// What stands for the random seed of a radio's handshakes. Nothing secret is simulated, and every
/// run is to be the same.
fn secret_of(radio: MacAddr) -> Key {
    let mut octets = [0; Key::LEN];
    for (octet, part) in octets.iter_mut().zip(radio.0) {
        *octet = part;
    }
    Key::new(octets)
}

/// As the lab's radios: number n has 02:00:00:00:n:00, access points first.
fn mac_of(radio: usize) -> MacAddr {
    let [.., high, low] = radio.to_be_bytes();
    MacAddr([2, 0, 0, high, low, 0])
}

/// As in the lab: the wire is 10.0.0.1, access points begin at 10.0.0.10, stations at 10.0.0.100.
fn address(scenario: &Scenario, node: NodeId) -> Ipv4Addr {
    let aps = scenario.ap.len();
    let host = match node {
        WIRE => 1,
        node if node <= aps => 9 + node,
        node => 99 + node - aps,
    };
    let [.., high, low] = host.to_be_bytes();
    Ipv4Addr::new(10, 0, high, low)
}

pub(crate) fn rate_of(mbps: f64) -> Rate {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rate of the PHY, at most 540"
    )]
    let tenths = (mbps * 10.0 + 0.5) as u16;
    Rate(tenths)
}

/// Agents of hosts that can take packets out of frames.
fn agent_config() -> AgentConfig {
    AgentConfig {
        bundle: true,
        ..AgentConfig::default()
    }
}

fn phy_of(ap: &Ap) -> Phy {
    let kind = match ap.phy {
        scenario::Phy::A => PhyKind::Ofdm,
        scenario::Phy::B if ap.short_preamble => PhyKind::DsssShort,
        scenario::Phy::B => PhyKind::DsssLong,
        scenario::Phy::G => PhyKind::Erp,
    };
    Phy { kind, wmm: ap.wmm }
}

fn radio_config(ap: &Ap, phy: Phy) -> RadioConfig {
    let frequency = ap.phy.frequency(ap.channel()).unwrap_or_default();
    let mut config = RadioConfig::new(phy, frequency);
    let mac = &ap.mac;
    if let Some(rates) = &mac.basic_rates_mbps {
        config.basic_rates = rates.iter().map(|mbps| rate_of(*mbps)).collect();
        config.basic_rates.sort_unstable();
    }
    config.short_ack_preamble = mac.short_ack_preamble;
    config.retry_limit = mac.retry_limit.unwrap_or(config.retry_limit);
    if let Some(packets) = mac.queue_packets {
        config.queue_limit = usize::from(packets);
    }
    let given = [mac.bk, mac.be, mac.vi, mac.vo];
    for (access, given) in config.access.iter_mut().zip(given) {
        apply(access, given.unwrap_or_default());
    }
    config.position = ap.position;
    config
}

fn apply(access: &mut AccessParams, given: Access) {
    access.aifsn = given.aifsn.unwrap_or(access.aifsn);
    access.cw_min = given.cw_min.unwrap_or(access.cw_min);
    access.cw_max = given.cw_max.unwrap_or(access.cw_max);
    access.txop = given.txop.map_or(access.txop, Duration::from);
}
