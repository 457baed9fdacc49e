//! Cells and policies that many tests use.

use rether_proto::airtime::{Phy, PhyKind, Rate};
use rether_proto::coordinator::{CoordinatorConfig, Strategy};
use rether_proto::policy::{Match, PolicyTable, PortRange, Promise, Rank, Rule};
use rether_proto::time::Duration;

use super::World;

/// 802.11a at 54 Mb/s.
pub const OFDM_54: (PhyKind, Rate) = (PhyKind::Ofdm, Rate(540));
/// 802.11b at 11 Mb/s with long preambles.
pub const DSSS_11: (PhyKind, Rate) = (PhyKind::DsssLong, Rate(110));

/// The rule for [`super::Source::voice`]: G.711 with some slack for the sender's clock.
///
/// # Panics
/// Never: the ports are in order.
#[must_use]
pub fn voice_rule() -> Rule {
    let ports = PortRange::new(5_004, 5_004).expect("a range");
    Rule {
        name: "voice".into(),
        matches: Match {
            protocol: Some(17),
            port: Some(ports),
            ..Match::default()
        },
        promise: Promise {
            rate: 88_000,
            packet: 200,
            delay: Duration::from_millis(20),
        },
        idle: Duration::from_secs(2),
        remark: None,
        rank: Rank::default(),
    }
}

/// A table with [`voice_rule`] alone.
#[must_use]
pub fn voice_policy() -> PolicyTable {
    PolicyTable {
        version: 1,
        rules: vec![voice_rule()],
    }
}

/// A cell with default settings and [`voice_policy`], in which stations 1 to `stations` have
/// registered their agents.
#[must_use]
pub fn cell(phy: (PhyKind, Rate), stations: u8, seed: u64) -> World {
    cell_by(Strategy::Auto, phy, stations, seed)
}

/// The same, with tokens that travel so.
#[must_use]
pub fn cell_by(
    strategy: Strategy,
    (kind, rate): (PhyKind, Rate),
    stations: u8,
    seed: u64,
) -> World {
    let config = CoordinatorConfig {
        strategy,
        ..CoordinatorConfig::new(Phy { kind, wmm: false }, rate)
    };
    let mut world = World::new(config, voice_policy(), seed);
    for n in 1..=stations {
        world.join(n, true);
    }
    world.run_for(Duration::from_millis(200));
    world
}
