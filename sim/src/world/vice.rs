//! Hostile agents. The core is honest; what lies between it and the air is not.

use std::collections::VecDeque;

use rether_proto::airtime::Rate;
use rether_proto::mac::MacAddr;
use rether_proto::machine::Transmit;
use rether_proto::time::Duration;
use rether_proto::wire::{Backlog, ClassBacklog, Header, MAX_FRAME, Message, Request, Return};

use super::node::Kind;
use super::packet::{NodeId, Payload};
use super::{Happening, World};
use crate::scenario::Vice;

/// Between two frames of a flood.
const PAUSE: Duration = Duration::from_millis(1);
/// Packets that an overstayer sends for each that it was granted.
const GREED: u64 = 10;
/// Packets that it keeps from its core at most.
const STASH: usize = 1_000;

/// A hostile agent.
#[derive(Debug)]
pub(super) struct Sinner {
    vice: Vice,
    /// Of the frame that it sent last.
    header: Header,
    /// Packets that its core does not know of.
    stash: VecDeque<usize>,
    caught: u64,
}

impl World {
    /// A station comes to have a vice.
    pub(super) fn fall(&mut self, node: NodeId, vice: Vice) {
        let sinner = Sinner {
            vice,
            header: Header::default(),
            stash: VecDeque::new(),
            caught: 0,
        };
        self.sinners.insert(node, sinner);
        if vice == Vice::RequestFlood {
            self.at(self.clock, Happening::Pester(node));
        }
    }

    /// Its daemon is gone, and its vice with it.
    pub(super) fn repent(&mut self, node: NodeId) {
        if let Some(sinner) = self.sinners.remove(&node) {
            for key in sinner.stash {
                self.refuse(node, key);
            }
        }
    }

    /// Whether a hostile agent keeps a packet from its core, to send it beside a granted one.
    pub(super) fn stashes(&mut self, node: NodeId, key: usize) -> bool {
        let Kind::Station {
            agent: Some(agent), ..
        } = &self.nodes[node].kind
        else {
            return false;
        };
        let holds = agent.core.is_holding();
        let Some(sinner) = self.sinners.get_mut(&node) else {
            return false;
        };
        if sinner.vice != Vice::Overstay || !holds {
            return false;
        }
        sinner.caught += 1;
        let keeps = sinner.caught % GREED != 0;
        if keeps && sinner.stash.len() < STASH {
            sinner.stash.push_back(key);
        } else if keeps {
            self.refuse(node, key);
        }
        keeps
    }

    /// A packet was granted: what a hostile agent sends beside it.
    pub(super) fn take_more(&mut self, node: NodeId, peer: NodeId, class: Option<u8>) {
        let Some(sinner) = self.sinners.get_mut(&node) else {
            return;
        };
        let more = sinner.stash.len().min(9);
        for key in sinner.stash.drain(..more).collect::<Vec<_>>() {
            self.enqueue(node, peer, key, class);
        }
    }

    /// A frame as its sender would rather send it; `None` if not at all.
    pub(super) fn tempted(&mut self, node: NodeId, bytes: Vec<u8>) -> Option<Vec<u8>> {
        let Some(sinner) = self.sinners.get_mut(&node) else {
            return Some(bytes);
        };
        let Ok((header, message)) = Message::decode(&bytes) else {
            return Some(bytes);
        };
        sinner.header = header;
        let returns = match message {
            Message::Return(_) => true,
            Message::Data(data) => data.answer.is_some(),
            _ => false,
        };
        let withheld = sinner.vice == Vice::NeverReturn && returns;
        (!withheld).then_some(bytes)
    }

    /// Floods.
    pub(super) fn pester(&mut self, node: NodeId) {
        self.at(self.now + PAUSE, Happening::Pester(node));
        let Kind::Station { ap, rate, .. } = self.nodes[node].kind else {
            return;
        };
        let (own, to) = (self.nodes[node].mac, self.nodes[ap].mac);
        let Some(sinner) = self.sinners.get_mut(&node) else {
            return;
        };
        if sinner.header.session == 0 {
            return;
        }
        sinner.header.sequence = sinner.header.sequence.wrapping_add(1);
        let most = ClassBacklog {
            packets: u16::MAX,
            octets: u32::MAX,
        };
        let backlog = Backlog {
            rt: most,
            nrt: most,
        };
        let request = Message::Request(Request { backlog, rate });
        let header = sinner.header;
        self.send_false(node, (own, to), header, &request);
    }

    /// The frame `key` of `sender` was received: so it was by everybody who listens.
    pub(super) fn overheard(&mut self, sender: NodeId, key: usize) {
        let Some(Payload::Rether {
            from, to, bytes, ..
        }) = self.payloads.get(key)
        else {
            return;
        };
        let (from, to, bytes) = (*from, *to, bytes.clone());
        if from != self.nodes[sender].mac {
            // A forgery itself.
            return;
        }
        let cell = match self.nodes[sender].kind {
            Kind::Station { ap, .. } => ap,
            _ => sender,
        };
        let listeners = self.sinners.iter().filter_map(|(node, sinner)| {
            let near = matches!(self.nodes[*node].kind, Kind::Station { ap, .. } if ap == cell);
            (near && *node != sender).then_some((*node, sinner.vice))
        });
        for (node, vice) in listeners.collect::<Vec<_>>() {
            match vice {
                Vice::Forge if sender == cell && to != self.nodes[node].mac => {
                    self.forge(node, (to, from), &bytes);
                }
                Vice::Replay if sender != cell => {
                    let transmit = false_frame(to, bytes.len());
                    self.send_frame(node, from, &transmit, bytes.clone());
                }
                _ => {}
            }
        }
    }

    /// Answers a token in the name of whom it was for.
    fn forge(&mut self, node: NodeId, (victim, ap): (MacAddr, MacAddr), bytes: &[u8]) {
        let Ok((header, Message::Token(token))) = Message::decode(bytes) else {
            return;
        };
        let forged = Message::Return(Return {
            token: token.token,
            used_rt: Duration::ZERO,
            used_nrt: Duration::ZERO,
            sent_rt: 0,
            sent_nrt: 0,
            backlog: Backlog::default(),
            rate: Rate(0),
            refused: false,
            oldest: Duration::ZERO,
            newest: Duration::ZERO,
        });
        self.send_false(node, (victim, ap), header, &forged);
    }

    fn send_false(
        &mut self,
        node: NodeId,
        (from, to): (MacAddr, MacAddr),
        header: Header,
        message: &Message,
    ) {
        let mut buffer = [0; MAX_FRAME];
        if let Ok(length) = message.encode(&header, &mut buffer) {
            let transmit = false_frame(to, length);
            self.send_frame(node, from, &transmit, buffer[..length].to_vec());
        }
    }
}

const fn false_frame(to: MacAddr, len: usize) -> Transmit {
    Transmit {
        to,
        len,
        tid: 0,
        handle: None,
    }
}
