//! The EDCA parameters of a cell in token mode, and which access category granted traffic takes.

use rether_proto::agent::GateMode;
use rether_proto::airtime::Phy;

use super::World;
use super::node::Kind;
use super::packet::NodeId;
use crate::medium::{Ac, AccessParams, EdcaTable};
use crate::scenario::WmmProfile;

/// User priority of granted traffic: the access category for video.
const GRANTED: u8 = 5;
/// From this user priority on a packet is in the access category for voice.
const VOICE: u8 = 6;
/// AIFSN of what has no grant.
const BEHIND: u8 = 7;

impl World {
    /// The traffic identifier that a host gives whatever it sends while its gate holds packets back
    /// for grants; `None` if it goes by its own user priority.
    ///
    /// An agent's rules give everything one TID (`meta priority set 0:100`), so that the RETURN
    /// leaves last. An open gate, or one that failed open, leaves packets as they are.
    pub(super) fn granted_tid(&self, node: NodeId, user_priority: u8) -> Option<u8> {
        match &self.nodes[node].kind {
            Kind::Station {
                agent: Some(agent),
                ap,
                ..
            } if agent.core.is_holding() => Some(if self.is_announced(*ap) { GRANTED } else { 0 }),
            Kind::Ap {
                coordinator: Some(coordinator),
                ..
            } if coordinator.heard.gate == GateMode::Hold && self.is_announced(node) => {
                (user_priority < VOICE).then_some(GRANTED)
            }
            _ => None,
        }
    }

    /// The traffic identifier of a frame of the protocol that its core would send with `tid`. What
    /// an agent says must not leave before the data that it tells of.
    pub(super) fn frame_tid(&self, node: NodeId, tid: u8) -> u8 {
        match self.nodes[node].kind {
            Kind::Station { ap, .. } if self.is_announced(ap) => GRANTED,
            _ => tid,
        }
    }

    fn is_announced(&self, ap: NodeId) -> bool {
        matches!(self.nodes[ap].kind, Kind::Ap { announced, .. } if announced)
    }

    /// Announces the profile of a cell, or takes it back, as its coordinator's mode says. A beacon
    /// would tell the stations within 102 ms; here they know at once. Who has died restores nothing.
    pub(super) fn follow_mode(&mut self, node: NodeId) {
        if let Kind::Ap {
            coordinator: Some(coordinator),
            profile: Some(profile),
            announced,
            ..
        } = &self.nodes[node].kind
        {
            let token_mode = coordinator.heard.gate == GateMode::Hold;
            if token_mode != *announced {
                self.announce(node, token_mode.then_some(*profile));
            }
        }
    }

    /// Gives all radios of a cell the parameters of a profile, or their usual ones.
    pub(super) fn announce(&mut self, ap: NodeId, profile: Option<WmmProfile>) {
        if let Kind::Ap { announced, .. } = &mut self.nodes[ap].kind {
            *announced = profile.is_some();
        }
        let of_cell = self.nodes.iter().enumerate().filter_map(|(number, node)| {
            let here = match node.kind {
                Kind::Station { ap: other, .. } => other == ap,
                _ => number == ap,
            };
            node.radio().copied().filter(|_| here)
        });
        for radio in of_cell.collect::<Vec<_>>() {
            let mut config = self.medium.radio(radio.id).clone();
            config.access = match profile {
                Some(profile) => table(profile, radio.usual, radio.phy),
                None => radio.usual,
            };
            self.medium.configure(radio.id, config);
        }
    }
}

/// The parameters of a profile in a cell that usually has `usual`.
fn table(profile: WmmProfile, usual: EdcaTable, phy: Phy) -> EdcaTable {
    let mut table = usual;
    for ac in [Ac::Bk, Ac::Be] {
        table[ac as usize].aifsn = BEHIND;
    }
    if profile == WmmProfile::Strict {
        table[Ac::Vi as usize] = AccessParams {
            aifsn: 2,
            cw_min: 3,
            cw_max: 15,
            // What the cores count with.
            txop: phy.granted_txop(),
        };
        table[Ac::Vo as usize] = AccessParams {
            aifsn: 2,
            cw_min: 3,
            cw_max: 7,
            ..usual[Ac::Vo as usize]
        };
    }
    table
}

#[cfg(test)]
mod tests {
    use rether_proto::airtime::PhyKind;

    use super::*;
    use crate::medium::default_edca;

    #[test]
    fn granted_traffic_comes_first_and_everything_else_behind() {
        let phy = |kind| Phy { kind, wmm: true };
        let (b, usual) = (phy(PhyKind::DsssLong), default_edca(31, true));
        let strict = table(WmmProfile::Strict, usual, b);
        let [bk, be, vi, vo] = strict;
        assert_eq!((bk.aifsn, be.aifsn, be.cw_min), (7, 7, 31));
        assert_eq!((vi.aifsn, vi.cw_min, vi.cw_max), (2, 3, 15));
        assert_eq!(vi.txop, b.granted_txop());
        assert!(vi.txop > usual[2].txop);
        assert_eq!((vo.aifsn, vo.cw_min, vo.cw_max), (2, 3, 7));
        let polite = table(WmmProfile::Polite, usual, b);
        assert_eq!(polite[2..], usual[2..]);
        assert_eq!(polite[Ac::Be as usize].aifsn, 7);
    }
}
