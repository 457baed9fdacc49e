//! What is on the air, as frames for a capture.

use std::collections::BTreeMap;

use rether_proto::airtime::{PhyKind, Rate};
use rether_proto::mac::MacAddr;
use rether_proto::time::{Duration, Instant};

use super::World;
use super::node::Kind;
use super::packet::{NodeId, Payload};
use crate::capture::{self, Captured, Data, Hop, Radiotap};
use crate::medium::{OnAir, RadioId};

/// EtherType of IPv4.
const IPV4: u16 = 0x0800;
/// EtherType of the protocol, as the daemons use it by default.
const RETHER: u16 = 0x88b5;

/// Frames that are to be captured, and what their headers need.
#[derive(Debug, Default)]
pub(super) struct Tracer {
    /// Frames that have been on the air and are not done: the sender and the sequence number.
    known: BTreeMap<usize, (NodeId, u16)>,
    /// The next number by sender, receiver and traffic identifier (clause 10.3.2.14.2).
    next: BTreeMap<(NodeId, MacAddr, Option<u8>), u16>,
    /// What has not been handed out yet.
    pub(super) fresh: Vec<Captured>,
}

impl Tracer {
    fn number(&mut self, key: usize, sender: NodeId, receiver: MacAddr, tid: Option<u8>) -> u16 {
        if let Some((_, number)) = self.known.get(&key) {
            return *number;
        }
        let next = self.next.entry((sender, receiver, tid)).or_default();
        let number = *next;
        *next = (number + 1) & 0x0fff;
        self.known.insert(key, (sender, number));
        number
    }

    /// The payload's place will be used for another one.
    pub(super) fn forget(&mut self, key: usize) {
        self.known.remove(&key);
    }
}

impl World {
    /// A transmission has begun.
    pub(super) fn trace(&mut self, at: Instant, radio: RadioId, what: OnAir, rate: Rate) {
        let Some(mut tracer) = self.tracer.take() else {
            return;
        };
        let node = self.node_of(radio);
        let captured = match what {
            OnAir::Frame { frame, attempt } => {
                let key = usize::try_from(frame.0).unwrap_or(usize::MAX);
                self.frame(&mut tracer, node, key, rate, attempt > 0)
            }
            OnAir::Ack { frame } => {
                let key = usize::try_from(frame.0).unwrap_or(usize::MAX);
                tracer.known.get(&key).map(|&(sender, _)| {
                    let mut frame = self.radiotap(at, node, Some(sender), rate, true);
                    capture::ack(self.nodes[sender].mac, &mut frame);
                    frame
                })
            }
        };
        tracer
            .fresh
            .extend(captured.map(|frame| Captured { at, frame }));
        self.tracer = Some(tracer);
    }

    fn frame(
        &self,
        tracer: &mut Tracer,
        node: NodeId,
        key: usize,
        rate: Rate,
        retry: bool,
    ) -> Option<Vec<u8>> {
        let payload = self.payloads.get(key)?;
        let radio = self.nodes[node].radio()?;
        let hop = self.hop(node, payload);
        let (ether_type, content, tid) = match payload {
            Payload::Packet(packet) => {
                let content = self.flows[packet.flow].image(packet);
                (IPV4, content, packet.tid)
            }
            Payload::Rether { bytes, tid, .. } => (RETHER, bytes.clone(), *tid),
        };
        let tid = radio.phy.wmm.then_some(tid);
        let receiver = hop.receiver();
        let duration = if receiver.is_group() {
            Duration::ZERO
        } else {
            radio.phy.sifs() + radio.phy.ack(rate)
        };
        let body = capture::snap(ether_type, &content);
        let data = Data {
            hop,
            duration,
            sequence: tracer.number(key, node, receiver, tid),
            retry,
            tid,
            body: &body,
        };
        let peer = self.nodes.iter().position(|other| other.mac == receiver);
        let mut frame = self.radiotap(self.now, node, peer, rate, false);
        data.write(&mut frame);
        Some(frame)
    }

    fn hop(&self, node: NodeId, payload: &Payload) -> Hop {
        let own = self.nodes[node].mac;
        let (source, destination) = match payload {
            Payload::Packet(packet) => {
                let source = self.flows[packet.flow].ends[packet.way.index()];
                (self.nodes[source].mac, self.nodes[packet.to].mac)
            }
            Payload::Rether { from, to, .. } => (*from, *to),
        };
        match self.nodes[node].kind {
            Kind::Station { ap, .. } => Hop::ToDs {
                bssid: self.nodes[ap].mac,
                source,
                destination,
            },
            _ => Hop::FromDs {
                destination,
                bssid: own,
                source,
            },
        }
    }

    fn radiotap(
        &self,
        at: Instant,
        node: NodeId,
        peer: Option<NodeId>,
        rate: Rate,
        ack: bool,
    ) -> Vec<u8> {
        let mut out = Vec::with_capacity(64);
        let Some(radio) = self.nodes[node].radio() else {
            return out;
        };
        let config = self.medium.radio(radio.id);
        let kind = config.phy.kind;
        let short = match kind {
            PhyKind::DsssLong | PhyKind::DsssShort if ack => config.short_ack_preamble,
            kind => kind == PhyKind::DsssShort,
        };
        let peer = peer.and_then(|peer| self.nodes[peer].radio());
        let header = Radiotap {
            at,
            rate,
            short_preamble: short && rate > Rate(10),
            frequency_mhz: config.frequency_mhz,
            signal_dbm: peer.map(|peer| self.medium.signal_dbm(radio.id, peer.id)),
        };
        header.write(&mut out);
        out
    }
}
