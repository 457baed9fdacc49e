//! What a fault cost, and whether that was too much.

use std::collections::BTreeMap;

use rether_handoff::roam::Side;
use rether_proto::time::Duration;
use serde::Serialize;

use super::fault::Fault;
use super::{Outcome, Site, Way};

/// What became of all packets of one or many runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Verdict {
    /// Runs.
    pub runs: u64,
    /// Handoffs that came to an end at the new access point.
    pub handoffs: u64,
    /// Packets that were sent, both ways and bulk.
    pub sent: u64,
    /// Never received.
    pub lost: u64,
    /// Of these: were in an access point that died, or were sent to it.
    pub dead: u64,
    /// Of these: were sent where no station listened.
    pub air: u64,
    /// Of these: too old, without room or not handed over, by the ledgers.
    pub counted: u64,
    /// Of these: nobody knows how. None, ever.
    pub uncounted: u64,
    /// Lost though the fault did not destroy them.
    pub beyond: u64,
    /// Came more than once.
    pub doubled: u64,
    /// Came after one that was sent later.
    pub reordered: u64,
    /// Runs in which any packet was lost beyond what the fault destroyed.
    pub lossy: u64,
    /// The longest time without a packet.
    pub gap: Duration,
    /// How much longer than the radio was away, at worst.
    pub recovery: Duration,
    /// Rules and bars that were broken, and how often.
    pub broken: BTreeMap<String, u64>,
    /// The first seed that broke any.
    pub seed: Option<u64>,
}

impl Verdict {
    /// Adds those of other runs.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.runs += other.runs;
        self.handoffs += other.handoffs;
        self.sent += other.sent;
        self.lost += other.lost;
        self.dead += other.dead;
        self.air += other.air;
        self.counted += other.counted;
        self.uncounted += other.uncounted;
        self.beyond += other.beyond;
        self.doubled += other.doubled;
        self.reordered += other.reordered;
        self.lossy += other.lossy;
        self.gap = self.gap.max(other.gap);
        self.recovery = self.recovery.max(other.recovery);
        for (rule, times) in other.broken {
            *self.broken.entry(rule).or_default() += times;
        }
        self.seed = self.seed.into_iter().chain(other.seed).min();
        self
    }

    /// Whether every run was within its bar.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.broken.is_empty()
    }
}

/// Runs a fault with one seed in its `site`, and judges what came of it.
#[must_use]
pub fn judge(fault: &Fault, site: &Site, seed: u64) -> Verdict {
    let outcome = site.run(&fault.plan, seed);
    let mut verdict = figures(fault, &outcome);
    let bar = &fault.bar;
    let mut broken = outcome.broken;
    let mut beyond = |what: &str, is: u64, most: u32| {
        if is > u64::from(most) {
            broken.push(what.to_owned());
        }
    };
    beyond("packets lost, and nobody knows how", verdict.uncounted, 0);
    beyond("packets lost", verdict.beyond, 0);
    beyond("packets twice", verdict.doubled, bar.doubled);
    beyond("packets out of order", verdict.reordered, bar.reordered);
    if verdict.recovery > bar.recovery {
        broken.push("recovery took too long".to_owned());
    }
    for rule in broken {
        *verdict.broken.entry(rule).or_default() += 1;
        verdict.seed = Some(seed);
    }
    verdict
}

fn figures(fault: &Fault, outcome: &Outcome) -> Verdict {
    let (plan, bar) = (&fault.plan, &fault.bar);
    let ways = || outcome.down.iter().chain(&outcome.up).chain(&outcome.bulk);
    let sum = |figure: fn(&Way) -> u32| ways().map(|way| u64::from(figure(way))).sum::<u64>();
    let (lost, dead, unknown) = (sum(|way| way.lost), sum(Way::dead), sum(Way::unknown));
    let records = outcome.records.iter();
    let ledgers = records
        .map(|record| u64::from(record.expired + record.dropped + record.missing))
        .sum::<u64>()
        + u64::from(outcome.astray);
    let counted = unknown.min(ledgers);
    let air = lost - dead - unknown;
    // Bulk for which a pen has no room goes, and is counted.
    let bulk: u64 = outcome
        .bulk
        .iter()
        .map(|way| u64::from(way.unknown()))
        .sum();
    let allowed = if bar.counted {
        counted
    } else {
        bulk.min(counted)
    };
    let beyond = (lost - dead - allowed).saturating_sub(u64::from(bar.air));
    let calls = outcome.down.iter().chain(&outcome.up);
    let gap = calls.map(|way| way.longest_gap).max().unwrap_or_default();
    let away = plan.radio + plan.keys + plan.interval;
    let recovery = Duration::from_nanos(gap.as_nanos().saturating_sub(away.as_nanos()));
    let arrived = outcome.records.iter();
    let handoffs = arrived.filter(|record| record.side == Side::New).count();
    Verdict {
        runs: 1,
        handoffs: handoffs as u64,
        sent: sum(|way| way.sent),
        lost,
        dead,
        air,
        counted,
        uncounted: unknown - counted,
        beyond,
        doubled: sum(|way| way.duplicated),
        reordered: sum(|way| way.reordered),
        lossy: u64::from(beyond > 0),
        gap,
        recovery,
        broken: BTreeMap::new(),
        seed: None,
    }
}
