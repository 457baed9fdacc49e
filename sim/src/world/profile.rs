//! The EDCA parameters of a cell in token mode, and which access category granted traffic takes.

use rether_linux::wmm;
use rether_proto::agent::GateMode;
use rether_proto::airtime::{Phy, PhyKind};
use rether_proto::time::Duration;

use super::World;
use super::node::Kind;
use super::packet::NodeId;
use crate::medium::{Ac, AccessParams, EdcaTable};
use crate::scenario::WmmProfile;

impl World {
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
            let radio = node.radio().copied().filter(|_| here)?;
            Some((radio, number == ap))
        });
        for (radio, is_ap) in of_cell.collect::<Vec<_>>() {
            let mut config = self.medium.radio(radio.id).clone();
            config.access = match profile {
                Some(profile) => table(profile, radio.usual, radio.phy, is_ap),
                None => radio.usual,
            };
            self.medium.configure(radio.id, config);
        }
    }
}

/// The parameters of a profile in a cell that usually has `usual`, as the daemon asks hostapd and
/// the driver for them.
fn table(profile: WmmProfile, usual: EdcaTable, phy: Phy, is_ap: bool) -> EdcaTable {
    let dsss = matches!(phy.kind, PhyKind::DsssLong | PhyKind::DsssShort);
    let before = wmm::Table::new(CATEGORIES.map(|(_, ac)| to_edca(usual[ac as usize])));
    let before = wmm::Parameters {
        stations: before,
        own: before,
    };
    let profile = match profile {
        WmmProfile::Strict => wmm::Profile::Strict,
        WmmProfile::Polite => wmm::Profile::Polite,
        WmmProfile::Off => return usual,
    };
    let now = profile.apply(&before, dsss);
    let now = if is_ap { now.own } else { now.stations };
    let mut table = usual;
    for (category, ac) in CATEGORIES {
        table[ac as usize] = of_edca(now.get(category));
    }
    table
}

/// In the order of a [`wmm::Table`].
const CATEGORIES: [(wmm::Category, Ac); 4] = [
    (wmm::Category::Be, Ac::Be),
    (wmm::Category::Bk, Ac::Bk),
    (wmm::Category::Vi, Ac::Vi),
    (wmm::Category::Vo, Ac::Vo),
];

/// The unit of TXOP limits.
const TXOP_UNIT: Duration = Duration::from_micros(32);

fn to_edca(params: AccessParams) -> wmm::Edca {
    let exponent = |window: u16| u8::try_from((window + 1).ilog2()).unwrap_or(u8::MAX);
    let txop = params.txop.as_nanos() / TXOP_UNIT.as_nanos();
    wmm::Edca {
        aifsn: params.aifsn,
        cw_min: exponent(params.cw_min),
        cw_max: exponent(params.cw_max),
        txop: u16::try_from(txop).unwrap_or(u16::MAX),
    }
}

fn of_edca(edca: wmm::Edca) -> AccessParams {
    let window = |exponent: u8| (1_u16 << exponent.min(15)) - 1;
    AccessParams {
        aifsn: edca.aifsn,
        cw_min: window(edca.cw_min),
        cw_max: window(edca.cw_max),
        txop: TXOP_UNIT * u64::from(edca.txop),
    }
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
        let [bk, be, vi, _] = table(WmmProfile::Strict, usual, b, false);
        assert_eq!((bk.aifsn, be.aifsn, be.cw_min), (9, 7, 31));
        assert_eq!((vi.aifsn, vi.cw_min, vi.cw_max), (2, 3, 7));
        // What the cores count with.
        assert_eq!(vi.txop, b.granted_txop());
        let [_, _, own, tokens] = table(WmmProfile::Strict, usual, b, true);
        assert_eq!((own.aifsn, tokens.aifsn, tokens.cw_min), (1, 1, 1));
        let [_, be, vi, _] = table(WmmProfile::Polite, usual, phy(PhyKind::Ofdm), false);
        assert_eq!((be.aifsn, vi.cw_max), (5, 15));
        assert_eq!(vi.txop, phy(PhyKind::Ofdm).granted_txop());
        assert_eq!(table(WmmProfile::Off, usual, b, false), usual);
    }
}
