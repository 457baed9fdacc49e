//! What a scenario's events do.

use rether_proto::agent::{Agent, AgentCommand, GateMode};
use rether_proto::coordinator::{Coordinator, CoordinatorCommand};
use rether_proto::policy::PolicyTable;
use rether_proto::time::{Duration, Instant};

use super::driver::Driver;
use super::egress::Told;
use super::node::Kind;
use super::packet::{NodeId, Payload};
use super::{Happening, Reservation, Step, World, rate_of};
use crate::scenario::Deed;

/// How long a daemon may hang until its watchdog kills it: the default of the daemons.
const PATIENCE: Duration = Duration::from_secs(1);

/// Whether the simulator can do it.
pub(super) const fn is_possible(deed: Deed) -> bool {
    match deed {
        Deed::KillDaemon
        | Deed::FreezeDaemon
        | Deed::ThawDaemon
        | Deed::StopDaemon
        | Deed::StartDaemon
        | Deed::RestartDaemon
        | Deed::Vanish
        | Deed::LoseTokens
        | Deed::KeepTokens
        | Deed::SetRate
        | Deed::Snapshot => true,
        Deed::RestartHostapd | Deed::LinkDown | Deed::LinkUp | Deed::Roam | Deed::Run => false,
    }
}

impl World {
    /// An event takes place.
    pub(super) fn befall(&mut self, number: usize) {
        let (node, event) = &self.events[number];
        let node = *node;
        match event.deed {
            Deed::LoseTokens => self.losses[node] = event.share.map_or(0, |share| share.0),
            Deed::KeepTokens => self.losses[node] = 0,
            Deed::SetRate => {
                let given = event.rate_mbps.map(rate_of);
                if let Kind::Station { fixed, .. } = &mut self.nodes[node].kind {
                    *fixed = given.or(*fixed);
                }
                self.choose_rate(node);
            }
            Deed::Vanish => self.vanish(node),
            Deed::KillDaemon => self.kill(node),
            Deed::FreezeDaemon => self.freeze(node),
            Deed::ThawDaemon => self.thaw(node),
            Deed::StopDaemon => self.stop(node),
            Deed::StartDaemon => self.start(node),
            Deed::RestartDaemon => {
                self.stop(node);
                self.start(node);
            }
            // The end of the run says what the daemons say of themselves; the rest was refused.
            Deed::Snapshot
            | Deed::RestartHostapd
            | Deed::LinkDown
            | Deed::LinkUp
            | Deed::Roam
            | Deed::Run => {}
        }
    }

    /// Nobody hears the station any more, nor does it hear anybody.
    fn vanish(&mut self, node: NodeId) {
        if let Some(radio) = self.nodes[node].radio() {
            // A frequency in MHz that is no channel, for each its own.
            let nowhere = u16::try_from(node).unwrap_or(u16::MAX);
            self.medium.set_frequency(radio.id, nowhere);
        }
    }

    /// The process is gone: what it held is lost, the kernel lets everything else pass.
    fn kill(&mut self, node: NodeId) {
        match &mut self.nodes[node].kind {
            Kind::Ap { coordinator, .. } => {
                *coordinator = None;
                self.end_reservations(node);
            }
            Kind::Station { agent, .. } => *agent = None,
            Kind::Wire => {}
        }
        let held = self
            .payloads
            .iter()
            .filter_map(|(key, payload)| match payload {
                Payload::Packet(packet) if packet.held == Some(node) => Some(key),
                _ => None,
            });
        for key in held.collect::<Vec<_>>() {
            self.refuse(node, key);
        }
        self.repent(node);
    }

    /// Who granted them is gone.
    fn end_reservations(&mut self, ap: NodeId) {
        let at_seconds = self.now.since(self.clock).as_secs_f64();
        let of_cell = |node: NodeId| matches!(self.nodes[node].kind, Kind::Station { ap: other, .. } if other == ap);
        for (flow, steps) in &mut self.reservations {
            let granted = steps.last().is_some_and(|last| last.step == Step::Granted);
            if granted && self.flows[*flow].ends.into_iter().any(of_cell) {
                let step = Step::Ended;
                steps.push(Reservation { at_seconds, step });
            }
        }
    }

    fn freeze(&mut self, node: NodeId) {
        let now = self.now;
        match &mut self.nodes[node].kind {
            Kind::Ap {
                coordinator: Some(coordinator),
                ..
            } => coordinator.freeze(now),
            Kind::Station {
                agent: Some(agent), ..
            } => agent.freeze(now),
            _ => return,
        }
        self.at(now + PATIENCE, Happening::Watchdog(node));
    }

    /// Whoever has been stopped for as long as that is killed.
    pub(super) fn watchdog(&mut self, node: NodeId) {
        if let Some(since) = self.frozen_since(node)
            && since + PATIENCE <= self.now
        {
            self.kill(node);
        }
    }

    fn frozen_since(&self, node: NodeId) -> Option<Instant> {
        match &self.nodes[node].kind {
            Kind::Ap { coordinator, .. } => coordinator.as_ref()?.frozen_since(),
            Kind::Station { agent, .. } => agent.as_ref()?.frozen_since(),
            Kind::Wire => None,
        }
    }

    fn thaw(&mut self, node: NodeId) {
        if self.frozen_since(node).is_none() {
            return;
        }
        let unread = match &mut self.nodes[node].kind {
            Kind::Ap {
                coordinator: Some(coordinator),
                ..
            } => coordinator.thaw(),
            Kind::Station {
                agent: Some(agent), ..
            } => agent.thaw(),
            _ => return,
        };
        for told in unread {
            self.tell(node, told);
        }
        self.tell_rates(node);
        self.tell(node, Told::Timeout);
    }

    /// An orderly end.
    fn stop(&mut self, node: NodeId) {
        // A stopped process takes no signal until it goes on.
        self.thaw(node);
        if matches!(self.nodes[node].kind, Kind::Ap { .. }) {
            self.command_ap(node, CoordinatorCommand::Stop);
            self.announce(node, None);
        } else {
            self.command_agent(node, AgentCommand::Stop);
        }
        self.kill(node);
    }

    /// A daemon starts where none runs.
    fn start(&mut self, node: NodeId) {
        let (now, seed, cost) = (self.now, self.fate.next_u64(), self.options.cost);
        let mac = self.nodes[node].mac;
        match &mut self.nodes[node].kind {
            Kind::Ap {
                coordinator: empty @ None,
                setup: Some(setup),
                ..
            } => {
                let (config, policy) = (**setup).clone();
                let core = Coordinator::new(config, policy.clone(), seed, now);
                let mut driver = Driver::new(core, GateMode::Watch, policy);
                if cost {
                    driver.measure();
                }
                *empty = Some(Box::new(driver));
                for station in self.stations_of(node) {
                    let joined = CoordinatorCommand::StationJoined(self.nodes[station].mac);
                    self.command_ap(node, joined);
                }
                self.tell_rates(node);
            }
            Kind::Station {
                agent: empty @ None,
                setup: Some(setup),
                ap,
                ..
            } => {
                let ap = *ap;
                let core = Agent::new((**setup).clone(), mac, seed, now);
                let driver = Driver::new(core, GateMode::Open, PolicyTable::default());
                *empty = Some(Box::new(driver));
                let bssid = self.nodes[ap].mac;
                self.command_agent(node, AgentCommand::LinkUp { bssid });
                self.choose_rate(node);
            }
            _ => {}
        }
    }

    /// The rates of a station's link, or of all links of an access point, are told anew.
    fn tell_rates(&mut self, node: NodeId) {
        match self.nodes[node].kind {
            Kind::Ap { .. } => {
                for station in self.stations_of(node) {
                    self.choose_rate(station);
                }
            }
            _ => self.choose_rate(node),
        }
    }

    fn stations_of(&self, node: NodeId) -> Vec<NodeId> {
        let stations = self.nodes.iter().enumerate();
        let stations = stations
            .filter(|(_, other)| matches!(other.kind, Kind::Station { ap, .. } if ap == node));
        stations.map(|(number, _)| number).collect()
    }
}
