//! From a host to its radio: the gate, the core that decides about it, the radio's queue.

use rether_proto::agent::{AgentCommand, GateMode};
use rether_proto::airtime::Rate;
use rether_proto::coordinator::CoordinatorCommand;
use rether_proto::ledger::LinkRates;
use rether_proto::mac::MacAddr;
use rether_proto::machine::{
    self, Input, Machine, PacketId, TID_GRANTED, Transmit, TxHandle, Verdict,
};
use rether_proto::policy::Direction;
use rether_proto::time::{Duration, Instant};

use super::driver::{Driver, Heed, Output};
use super::node::Kind;
use super::packet::{NodeId, Payload};
use super::{Happening, World};
use crate::medium::{Ac, Destination, Frame, FrameId, RateSeries};

/// How long an application waits that found its host's queue full of others' packets.
const RETRY: Duration = Duration::from_millis(1);

/// What a core is told, as far as both kinds are told the same.
#[derive(Clone, Debug)]
pub(super) enum Told {
    Packet(machine::Packet, Vec<u8>),
    Frame { from: MacAddr, bytes: Vec<u8> },
    Sent { handle: TxHandle, acked: bool },
    Timeout,
}

impl World {
    /// A host sends a packet over its radio to `peer`.
    pub(super) fn egress(&mut self, node: NodeId, peer: NodeId, key: usize) {
        let Some(Payload::Packet(packet)) = self.payloads.get(key) else {
            return;
        };
        let flow = self.flows[packet.flow].keys[packet.way.index()];
        let octets = packet.octets;
        let (way, station) = match self.nodes[node].kind {
            Kind::Station { .. } => (Direction::Up, self.nodes[node].mac),
            _ => (Direction::Down, self.nodes[peer].mac),
        };
        let caught = match &self.nodes[node].kind {
            Kind::Station {
                agent: Some(agent), ..
            } => catches(agent, way, station, &flow),
            Kind::Ap {
                coordinator: Some(coordinator),
                ..
            } => catches(coordinator, way, station, &flow),
            _ => false,
        };
        if caught {
            if self.stashes(node, key) {
                return;
            }
            if let Some(Payload::Packet(packet)) = self.payloads.get_mut(key) {
                packet.held = Some(node);
            }
            let told = machine::Packet {
                id: PacketId(key as u64),
                station: self.nodes[peer].mac,
                len: octets,
                flow,
            };
            // The gate copies what is in it. Here that is only its name, and its length.
            let mut bytes = (key as u64).to_be_bytes().to_vec();
            bytes.resize(usize::try_from(octets).unwrap_or(usize::MAX), 0);
            self.tell(node, Told::Packet(told, bytes));
        } else {
            self.enqueue(node, peer, key, None);
        }
    }

    /// Puts a packet into the radio's queue, or drops it if that is full.
    pub(super) fn enqueue(&mut self, node: NodeId, peer: NodeId, key: usize, class: Option<u8>) {
        let Some(Payload::Packet(packet)) = self.payloads.get(key) else {
            return;
        };
        let (Some(radio), Some(to)) = (self.nodes[node].radio(), self.nodes[peer].radio()) else {
            return;
        };
        let dscp = self.flows[packet.flow].keys[packet.way.index()].dscp;
        let tid = class.unwrap_or((dscp & 0x3f) >> 3);
        let frame = Frame {
            id: FrameId(key as u64),
            to: Destination::Radio(to.id),
            ac: Ac::of_tid(tid),
            psdu_octets: radio.phy.psdu_octets(packet.octets),
            rates: RateSeries::fixed(self.rate_between(node, peer)),
        };
        let id = radio.id;
        if let Some(Payload::Packet(packet)) = self.payloads.get_mut(key) {
            packet.tid = tid;
            packet.held = None;
        }
        if self.medium.submit(self.now, id, frame).is_err() {
            self.refuse(node, key);
        }
    }

    /// The rules of an agent that holds packets are in force.
    fn is_flattened(&self, node: NodeId) -> bool {
        matches!(&self.nodes[node].kind, Kind::Station { agent: Some(agent), .. }
            if agent.core.is_holding())
    }

    /// A host's queue was full.
    pub(super) fn refuse(&mut self, node: NodeId, key: usize) {
        if let Some(Payload::Packet(packet)) = self.payloads.try_remove(key)
            && self.flows[packet.flow].ends[packet.way.index()] == node
            && self.flows[packet.flow].refused()
        {
            self.call_at(self.now + RETRY, packet.flow, packet.way);
        }
    }

    /// The rate of the link that both nodes share.
    pub(super) fn rate_between(&self, node: NodeId, peer: NodeId) -> Rate {
        match (&self.nodes[node].kind, &self.nodes[peer].kind) {
            (Kind::Station { rate, .. }, _) | (_, Kind::Station { rate, .. }) => *rate,
            _ => Rate(0),
        }
    }

    /// The radio of `node` is done with a packet. Its application has room again if it is there.
    pub(super) fn sent_off(&mut self, node: NodeId, key: usize) {
        if let Some(Payload::Packet(packet)) = self.payloads.try_remove(key)
            && self.flows[packet.flow].ends[packet.way.index()] == node
            && self.flows[packet.flow].left()
        {
            self.hungry.push(packet.flow);
        }
    }

    /// Tells a station and its access point that it is associated, at which rate.
    pub(super) fn join(&mut self, node: NodeId) {
        let Kind::Station { ap, .. } = self.nodes[node].kind else {
            self.arm(node);
            return;
        };
        let (mac, bssid) = (self.nodes[node].mac, self.nodes[ap].mac);
        self.command_ap(ap, CoordinatorCommand::StationJoined(mac));
        self.choose_rate(node);
        self.command_agent(node, AgentCommand::LinkUp { bssid });
    }

    /// The best rate for the signal of a station, if it was told none; both ends learn it.
    pub(super) fn choose_rate(&mut self, node: NodeId) {
        let Kind::Station {
            ap, radio, fixed, ..
        } = &self.nodes[node].kind
        else {
            return;
        };
        let (ap, mac) = (*ap, self.nodes[node].mac);
        let Some(peer) = self.nodes[ap].radio() else {
            return;
        };
        let chosen = fixed.unwrap_or_else(|| self.medium.best_rate(radio.id, peer.id));
        if let Kind::Station { rate, .. } = &mut self.nodes[node].kind {
            *rate = chosen;
        }
        let rates = LinkRates {
            up: chosen,
            down: chosen,
        };
        let station = mac;
        self.command_ap(ap, CoordinatorCommand::Link { station, rates });
        self.command_agent(node, AgentCommand::Rate(chosen));
    }

    pub(super) fn command_ap(&mut self, node: NodeId, command: CoordinatorCommand) {
        let mut output = std::mem::take(&mut self.output);
        if let Kind::Ap {
            coordinator: Some(coordinator),
            ..
        } = &mut self.nodes[node].kind
            // A stopped process is told anew when it goes on.
            && coordinator.frozen_since().is_none()
        {
            coordinator.step(self.now, Input::Command(command), &mut output);
        }
        self.apply(node, output);
    }

    pub(super) fn command_agent(&mut self, node: NodeId, command: AgentCommand) {
        let mut output = std::mem::take(&mut self.output);
        if let Kind::Station {
            agent: Some(agent), ..
        } = &mut self.nodes[node].kind
            && agent.frozen_since().is_none()
        {
            agent.step(self.now, Input::Command(command), &mut output);
        }
        self.apply(node, output);
    }

    /// Hands one input to the core of a node, if it has one.
    pub(super) fn tell(&mut self, node: NodeId, told: Told) {
        let mut output = std::mem::take(&mut self.output);
        let now = self.now;
        match &mut self.nodes[node].kind {
            Kind::Ap {
                coordinator: Some(coordinator),
                ..
            } => feed(coordinator, now, &told, &mut output),
            Kind::Station {
                agent: Some(agent), ..
            } => feed(agent, now, &told, &mut output),
            _ => {}
        }
        self.apply(node, output);
    }

    /// Does what a core decided, and sees to it that it is woken in time.
    fn apply(&mut self, node: NodeId, mut output: Output) {
        for verdict in output.verdicts.drain(..) {
            match verdict {
                Verdict::Accept(PacketId(id)) | Verdict::Grant(PacketId(id)) => {
                    let key = usize::try_from(id).unwrap_or(usize::MAX);
                    // What an agent's gate lets pass has one TID (`meta priority set 0:100`), so
                    // that the RETURN leaves last; grants of the profile have another.
                    let class = match verdict {
                        Verdict::Grant(_) => Some(TID_GRANTED),
                        _ if self.is_flattened(node) => Some(0),
                        _ => None,
                    };
                    if let Some(peer) = self.next_hop(node, key) {
                        self.enqueue(node, peer, key, class);
                        self.take_more(node, peer, class);
                    }
                }
                // It lives on in the frame that carries it.
                Verdict::Carry(PacketId(id)) => {
                    self.carried(node, usize::try_from(id).unwrap_or(usize::MAX));
                }
                Verdict::Drop(PacketId(id)) => {
                    self.refuse(node, usize::try_from(id).unwrap_or(usize::MAX));
                }
            }
        }
        for (transmit, bytes) in output.frames.drain(..) {
            self.transmit(node, &transmit, bytes);
        }
        for delivery in output.deliveries.drain(..) {
            self.deliver(node, &delivery.bytes);
        }
        for (flow, step) in output.news.drain(..) {
            self.note(flow, step);
        }
        self.output = output;
        self.follow_mode(node);
        self.arm(node);
    }

    /// A packet left its host inside of a frame of the protocol; a copy of it is under way there.
    fn carried(&mut self, node: NodeId, key: usize) {
        let Some(Payload::Packet(packet)) = self.payloads.get_mut(key) else {
            return;
        };
        packet.held = None;
        packet.carried = true;
        if self.flows[packet.flow].ends[packet.way.index()] == node
            && self.flows[packet.flow].left()
        {
            self.hungry.push(packet.flow);
        }
    }

    /// A packet came inside of a frame of the protocol.
    fn deliver(&mut self, node: NodeId, bytes: &[u8]) {
        let name = bytes.first_chunk().map(|name| u64::from_be_bytes(*name));
        let key = name.and_then(|name| usize::try_from(name).ok());
        let Some(key) = key else { return };
        // Who sends a frame of others again may name what is long gone.
        if let Some(Payload::Packet(packet)) = self.payloads.get_mut(key)
            && std::mem::take(&mut packet.carried)
        {
            self.arrive(node, key);
        }
    }

    /// A frame of the protocol.
    fn transmit(&mut self, node: NodeId, transmit: &Transmit, bytes: Vec<u8>) {
        let Some(bytes) = self.tempted(node, bytes) else {
            return;
        };
        self.send_frame(node, self.nodes[node].mac, transmit, bytes);
    }

    /// Puts a frame into the radio's queue that says it is `from` that address.
    pub(super) fn send_frame(
        &mut self,
        node: NodeId,
        from: MacAddr,
        transmit: &Transmit,
        bytes: Vec<u8>,
    ) {
        let Some(radio) = self.nodes[node].radio() else {
            return;
        };
        let peer = self.nodes.iter().position(|other| other.mac == transmit.to);
        let (to, rate) = match peer {
            _ if transmit.to.is_group() => (Destination::Group, radio.phy.lowest_basic_rate()),
            Some(peer) => {
                let to = self.nodes[peer].radio();
                let to = to.map_or(Destination::Nobody, |radio| Destination::Radio(radio.id));
                (to, self.rate_between(node, peer))
            }
            None => (Destination::Nobody, radio.phy.lowest_basic_rate()),
        };
        let octets = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let (id, phy) = (radio.id, radio.phy);
        let handle = transmit.handle;
        let key = self.payloads.insert(Payload::Rether {
            from,
            to: transmit.to,
            rate,
            tid: transmit.tid,
            bytes,
            handle,
        });
        let frame = Frame {
            id: FrameId(key as u64),
            to,
            ac: Ac::of_tid(transmit.tid),
            psdu_octets: phy.psdu_octets(octets),
            rates: RateSeries::fixed(rate),
        };
        if self.medium.submit(self.now, id, frame).is_ok() {
            self.tokens.frames += 1;
        } else {
            self.payloads.remove(key);
        }
    }

    /// Sees to it that a core is woken when it wants to be.
    pub(super) fn arm(&mut self, node: NodeId) {
        let now = self.now;
        let wake = match &mut self.nodes[node].kind {
            Kind::Ap {
                coordinator: Some(coordinator),
                ..
            } => coordinator.arm(now),
            Kind::Station {
                agent: Some(agent), ..
            } => agent.arm(now),
            _ => None,
        };
        if let Some(at) = wake {
            self.at(at, Happening::Wake(node));
        }
    }

    /// A wake-up has come.
    pub(super) fn wake(&mut self, node: NodeId) {
        let now = self.now;
        let due = match &mut self.nodes[node].kind {
            Kind::Ap {
                coordinator: Some(coordinator),
                ..
            } => coordinator.wake(now),
            Kind::Station {
                agent: Some(agent), ..
            } => agent.wake(now),
            _ => false,
        };
        if due {
            self.tell(node, Told::Timeout);
        } else {
            self.arm(node);
        }
    }
}

/// Whether the gate of a core takes a packet.
fn catches<M>(
    driver: &Driver<M>,
    way: Direction,
    station: MacAddr,
    flow: &rether_proto::flow::FlowKey,
) -> bool {
    match driver.heard.gate {
        GateMode::Open => false,
        GateMode::Watch => driver.heard.policy.classify(station, way, flow).is_some(),
        GateMode::Hold => true,
    }
}

fn feed<M: Machine<Event: Heed>>(
    driver: &mut Driver<M>,
    now: Instant,
    told: &Told,
    output: &mut Output,
) {
    if driver.keep(told) {
        return;
    }
    let input = match told {
        Told::Packet(packet, bytes) => Input::Copied {
            packet: *packet,
            bytes,
        },
        Told::Frame { from, bytes } => Input::Frame { from: *from, bytes },
        Told::Sent { handle, acked } => Input::Sent {
            handle: *handle,
            acked: *acked,
        },
        Told::Timeout => Input::Timeout,
    };
    driver.step(now, input, output);
}
