//! The event loop.

use rether_proto::time::Duration;

use super::egress::Told;
use super::node::{Kind, STRIDE, WIRE};
use super::packet::{NodeId, Packet, Payload, Way};
use super::{Happening, World};
use crate::capture::Captured;
use crate::medium::{Event, RadioId};

impl World {
    pub(super) fn run(&mut self, sink: &mut dyn FnMut(Captured)) {
        loop {
            let air = self.medium.next_time();
            let ours = self.agenda.peek().map(|next| next.0.0);
            let air_first = match (air, ours) {
                (Some(air), Some(ours)) => air < ours,
                (Some(_), None) => true,
                (None, Some(_)) => false,
                (None, None) => return,
            };
            let next = if air_first { air } else { ours };
            let Some(next) = next.filter(|next| *next < self.end) else {
                return;
            };
            self.now = next;
            if air_first {
                self.medium.step();
                while let Some(event) = self.medium.poll_event() {
                    self.air(event);
                }
            } else if let Some(next) = self.agenda.pop() {
                self.happen(next.0.2);
            }
            self.settle();
            if let Some(tracer) = &mut self.tracer {
                tracer.fresh.drain(..).for_each(&mut *sink);
            }
        }
    }

    /// Everything that follows at once: packets that applications sent, sockets that have room.
    fn settle(&mut self) {
        loop {
            while let Some((node, packet)) = self.fresh.pop_front() {
                let key = self.payloads.insert(Payload::Packet(packet));
                self.forward(node, key);
            }
            let Some(flow) = self.hungry.pop() else {
                return;
            };
            self.call(flow, Way::There);
        }
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Call { flow, way } => {
                let way = if way == 0 { Way::There } else { Way::Back };
                self.call(flow, way);
            }
            Happening::Wake(node) => self.wake(node),
            Happening::Cable { node, payload } => self.arrive(node, payload),
            Happening::Stride(node) => self.stride(node),
            Happening::Event(number) => self.befall(number),
            Happening::Watchdog(node) => self.watchdog(node),
            Happening::Pester(node) => self.pester(node),
            Happening::Sample => self.sample(),
            Happening::Look => self.look(),
            Happening::Mark => self.mark(),
        }
    }

    fn call(&mut self, number: usize, way: Way) {
        let mut out = Vec::new();
        let flow = &mut self.flows[number];
        let next = flow.call(self.now, way, &mut self.rng, &mut out);
        self.sent(number, out);
        if let Some(next) = next {
            self.call_at(next, number, way);
        }
    }

    fn sent(&mut self, flow: usize, packets: Vec<Packet>) {
        for packet in packets {
            let node = self.flows[flow].ends[packet.way.index()];
            self.fresh.push_back((node, Packet { flow, ..packet }));
        }
    }

    fn air(&mut self, event: Event) {
        match event {
            Event::Received {
                radio, frame, from, ..
            } => {
                let key = usize::try_from(frame.0).unwrap_or(usize::MAX);
                self.received(self.node_of(radio), self.node_of(from), key);
            }
            Event::Done {
                frame,
                acked,
                tries,
                radio,
                ..
            } => {
                let key = usize::try_from(frame.0).unwrap_or(usize::MAX);
                self.done(self.node_of(radio), key, acked, tries);
            }
            Event::OnAir {
                at,
                radio,
                what,
                rate,
                ..
            } => self.trace(at, radio, what, rate),
        }
    }

    /// Radios were added in the order of the nodes behind the wire.
    pub(super) const fn node_of(&self, radio: RadioId) -> NodeId {
        radio.0 as usize + 1
    }

    fn received(&mut self, node: NodeId, from: NodeId, key: usize) {
        let traced = self.tracer.is_some();
        match self.payloads.get_mut(key) {
            Some(Payload::Packet(packet)) => {
                // The sender's copy is only a name from here on: a frame is received once. But a
                // repetition whose Ack was lost is captured as it is.
                let bytes = if traced {
                    packet.bytes.clone()
                } else {
                    packet.bytes.take()
                };
                let packet = Packet { bytes, ..*packet };
                self.count_received(from, packet.octets);
                let key = self.payloads.insert(Payload::Packet(packet));
                self.arrive(node, key);
            }
            Some(Payload::Rether {
                from: sender,
                bytes,
                ..
            }) => {
                let told = Told::Frame {
                    from: *sender,
                    bytes: bytes.clone(),
                };
                // A station heeds the frames of its own cell only.
                let foreign =
                    matches!(self.nodes[node].kind, Kind::Station { ap, .. } if ap != from);
                let lost =
                    self.losses[from] > 0 && self.fate.below(100) < u64::from(self.losses[from]);
                if !foreign && !lost {
                    self.tell(node, told);
                }
            }
            None => {}
        }
    }

    fn done(&mut self, node: NodeId, key: usize, acked: bool, tries: u8) {
        if let Some(tracer) = &mut self.tracer {
            tracer.forget(key);
        }
        match self.payloads.get(key) {
            Some(Payload::Packet(_)) => self.sent_off(node, key),
            Some(Payload::Rether {
                bytes,
                handle,
                rate,
                ..
            }) => {
                let octets = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
                let (handle, rate) = (*handle, *rate);
                if acked && !self.sinners.is_empty() {
                    self.overheard(node, key);
                }
                self.payloads.remove(key);
                if let Some(radio) = self.nodes[node].radio() {
                    let once = radio.phy.ppdu(rate, radio.phy.psdu_octets(octets));
                    let airtime = once * u64::from(tries);
                    self.tokens.airtime += airtime;
                    self.token_airtime[node] += airtime;
                }
                if let Some(handle) = handle {
                    self.tell(node, Told::Sent { handle, acked });
                }
            }
            None => {}
        }
    }

    /// A packet has come to a node.
    pub(super) fn arrive(&mut self, node: NodeId, key: usize) {
        let Some(Payload::Packet(packet)) = self.payloads.get(key) else {
            return;
        };
        if packet.to != node {
            return self.forward(node, key);
        }
        let Payload::Packet(packet) = self.payloads.remove(key) else {
            return;
        };
        let (flow, way) = (packet.flow, packet.way);
        let mut out = Vec::new();
        let next = self.flows[flow].receive(self.now, packet, &mut out);
        self.sent(flow, out);
        if let Some(next) = next {
            self.call_at(next, flow, way.other());
        }
    }

    /// Where a packet at `node` goes next over the air; `None` if that is the wire.
    pub(super) fn next_hop(&self, node: NodeId, key: usize) -> Option<NodeId> {
        let Some(Payload::Packet(packet)) = self.payloads.get(key) else {
            return None;
        };
        match (&self.nodes[node].kind, &self.nodes[packet.to].kind) {
            (Kind::Station { ap, .. }, _) => Some(*ap),
            (Kind::Ap { .. }, Kind::Station { ap, .. }) if *ap == node => Some(packet.to),
            _ => None,
        }
    }

    fn forward(&mut self, node: NodeId, key: usize) {
        if let Some(peer) = self.next_hop(node, key) {
            return self.egress(node, peer, key);
        }
        let Some(Payload::Packet(packet)) = self.payloads.get(key) else {
            return;
        };
        let next = match self.nodes[packet.to].kind {
            Kind::Station { ap, .. } => ap,
            Kind::Ap { .. } => packet.to,
            Kind::Wire => WIRE,
        };
        // The cable has 1 Gb/s: 8 ns an octet.
        let at = self.now + Duration::from_nanos(u64::from(packet.octets) * 8);
        let payload = key;
        self.at(
            at,
            Happening::Cable {
                node: next,
                payload,
            },
        );
    }

    fn stride(&mut self, node: NodeId) {
        let Kind::Station { radio, walk, .. } = &self.nodes[node].kind else {
            return;
        };
        let (id, place, goes_on) = (radio.id, walk.at(self.now), walk.goes_on(self.now));
        self.medium.move_radio(id, place);
        self.choose_rate(node);
        if goes_on {
            self.at(self.now + STRIDE, Happening::Stride(node));
        }
    }
}
