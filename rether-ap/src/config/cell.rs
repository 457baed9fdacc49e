//! `[cell]`: the medium and how it is shared.

use rether_daemon::config::{Count, Percent, PhyRate, Raw, Section, Span, Value, Wrong};
use rether_linux::wmm::Profile;
use rether_proto::airtime::{Phy, PhyKind, Rate};
use rether_proto::coordinator::{CoordinatorConfig, Strategy, Tokens};
use rether_proto::time::Duration;

/// Promises that programs of one station may ask for, unless it is configured.
const EXPLICIT_LIMIT: u16 = 4;

/// What `[cell]` says; what it does not say is found out or has a default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CellConfig {
    /// The PHY, if it is given.
    pub standard: Option<Standard>,
    /// Preamble of 802.11b frames.
    pub preamble: Preamble,
    /// Whether stations use WMM, if it is given.
    pub wmm: Option<bool>,
    /// How far everybody is kept behind granted traffic in token mode, if at all.
    pub profile: Option<Profile>,
    strategy: Option<Strategy>,
    tokens: Option<Tokens>,
    cycle: Option<Duration>,
    shortest_cycle: Option<Duration>,
    nrt_minimum: Option<u16>,
    quantum: Option<Duration>,
    assumed_rate: Option<Rate>,
    queue_limit: Option<u32>,
    reservations: Option<u32>,
    linger: Option<Duration>,
    explicit: bool,
    explicit_limit: Option<u32>,
    grace: Option<Duration>,
}

/// Which amendment the cell follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standard {
    /// 802.11b.
    B,
    /// 802.11a.
    A,
    /// 802.11g without 802.11b stations.
    G,
    /// 802.11g with 802.11b stations about.
    MixedG,
}

/// Preamble of 802.11b frames (clause 16.2.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Preamble {
    /// 192 us, understood by all.
    #[default]
    Long,
    /// 96 us.
    Short,
}

/// Stands in the file.
struct Word<T>(T);

impl Value for Word<Standard> {
    fn read(raw: Raw<'_>) -> Result<Self, Wrong> {
        let words = [
            ("802.11a", Standard::A),
            ("802.11b", Standard::B),
            ("802.11g", Standard::G),
            ("802.11g-mixed", Standard::MixedG),
        ];
        rether_daemon::config::one_of(raw, "a PHY known here", &words).map(Self)
    }
}

impl Value for Word<Preamble> {
    fn read(raw: Raw<'_>) -> Result<Self, Wrong> {
        let words = [("long", Preamble::Long), ("short", Preamble::Short)];
        rether_daemon::config::one_of(raw, "a preamble", &words).map(Self)
    }
}

impl Value for Word<Option<Profile>> {
    fn read(raw: Raw<'_>) -> Result<Self, Wrong> {
        let words = [
            ("polite", Some(Profile::Polite)),
            ("strict", Some(Profile::Strict)),
            ("off", None),
        ];
        rether_daemon::config::one_of(raw, "an 802.11e profile", &words).map(Self)
    }
}

impl Value for Word<bool> {
    fn read(raw: Raw<'_>) -> Result<Self, Wrong> {
        let words = [("allow", true), ("deny", false)];
        rether_daemon::config::one_of(raw, "allow or deny", &words).map(Self)
    }
}

impl Value for Word<Strategy> {
    fn read(raw: Raw<'_>) -> Result<Self, Wrong> {
        let words = [
            ("auto", Strategy::Auto),
            ("poll", Strategy::Poll),
            ("schedule", Strategy::Schedule),
            ("bundle", Strategy::Bundle),
        ];
        rether_daemon::config::one_of(raw, "a way of passing tokens", &words).map(Self)
    }
}

impl Value for Word<Tokens> {
    fn read(raw: Raw<'_>) -> Result<Self, Wrong> {
        let words = [("promised", Tokens::Promised), ("always", Tokens::Always)];
        rether_daemon::config::one_of(raw, "a time for tokens", &words).map(Self)
    }
}

impl Standard {
    /// The PHY of a cell of this standard.
    #[must_use]
    pub const fn phy_kind(self, preamble: Preamble) -> PhyKind {
        match (self, preamble) {
            (Self::B, Preamble::Long) => PhyKind::DsssLong,
            (Self::B, Preamble::Short) => PhyKind::DsssShort,
            (Self::A, _) => PhyKind::Ofdm,
            (Self::G, _) => PhyKind::Erp,
            (Self::MixedG, _) => PhyKind::ErpMixed,
        }
    }
}

impl CellConfig {
    pub(super) fn read(cell: &mut Section<'_>) -> Self {
        let read = Self {
            standard: cell.value::<Word<_>>("phy").map(|word| word.0),
            preamble: cell
                .value::<Word<_>>("preamble")
                .map_or(Preamble::Long, |word| word.0),
            wmm: cell.value("wmm"),
            profile: cell
                .value::<Word<_>>("wmm-profile")
                .map_or(Some(Profile::Polite), |word| word.0),
            strategy: cell.value::<Word<_>>("strategy").map(|word| word.0),
            tokens: cell.value::<Word<_>>("tokens").map(|word| word.0),
            cycle: cell
                .value::<Span<5_000, 500_000>>("cycle")
                .map(|span| span.0),
            shortest_cycle: cell
                .value::<Span<2_000, 100_000>>("shortest-cycle")
                .map(|s| s.0),
            nrt_minimum: cell.value::<Percent>("nrt-minimum").map(|share| share.0),
            quantum: cell
                .value::<Span<1_000, 200_000>>("quantum")
                .map(|span| span.0),
            assumed_rate: cell.value::<PhyRate>("assumed-rate").map(|rate| rate.0),
            queue_limit: cell
                .value::<Count<10, 4_000>>("queue-limit")
                .map(|count| count.0),
            reservations: cell
                .value::<Count<1, 10_000>>("reservations")
                .map(|count| count.0),
            linger: cell
                .value::<Span<0, 60_000_000>>("linger")
                .map(|span| span.0),
            explicit: cell
                .value::<Word<bool>>("explicit")
                .is_some_and(|word| word.0),
            explicit_limit: cell
                .value::<Count<1, 1_000>>("explicit-limit")
                .map(|count| count.0),
            grace: cell
                .value::<Span<100_000, 60_000_000>>("grace")
                .map(|span| span.0),
        };
        let any = CoordinatorConfig::new(
            Phy {
                kind: PhyKind::Ofdm,
                wmm: false,
            },
            Rate(60),
        );
        if read.explicit_limit.is_some() && !read.explicit {
            let problem = "there is nothing to limit: stations may not reserve by themselves";
            let remedy = "write explicit = \"allow\" too, or remove explicit-limit";
            cell.wrong("explicit-limit", Wrong::new(problem, remedy));
        }
        let cycle = read.cycle.unwrap_or(any.cycle);
        if read.shortest_cycle.unwrap_or(any.shortest_cycle) > cycle {
            let problem = format!("the shortest cycle is longer than the usual one of {cycle}");
            let key = if read.shortest_cycle.is_some() {
                "shortest-cycle"
            } else {
                "cycle"
            };
            cell.wrong(
                key,
                Wrong::new(problem, "write a shortest-cycle that is at most the cycle"),
            );
        }
        if read.preamble == Preamble::Short && read.standard != Some(Standard::B) {
            let remedy = "write phy = \"802.11b\" too, or remove preamble";
            cell.wrong(
                "preamble",
                Wrong::new("only 802.11b cells have short preambles", remedy),
            );
        }
        read
    }

    /// The coordinator's configuration for a cell on `phy`.
    #[must_use]
    pub fn coordinator(&self, phy: Phy) -> CoordinatorConfig {
        let assumed = self.assumed_rate.unwrap_or_else(|| phy.lowest_basic_rate());
        let mut config = CoordinatorConfig::new(phy, assumed);
        let set = |value: &mut Duration, given: Option<Duration>| {
            *value = given.unwrap_or(*value);
        };
        set(&mut config.cycle, self.cycle);
        set(&mut config.shortest_cycle, self.shortest_cycle);
        set(&mut config.quantum, self.quantum);
        set(&mut config.linger, self.linger);
        set(&mut config.grace, self.grace);
        config.strategy = self.strategy.unwrap_or(config.strategy);
        config.tokens = self.tokens.unwrap_or(config.tokens);
        config.nrt_minimum = self.nrt_minimum.unwrap_or(config.nrt_minimum);
        let count = |given: Option<u32>, usual: usize| {
            given
                .and_then(|count| usize::try_from(count).ok())
                .unwrap_or(usual)
        };
        config.queue_limit = count(self.queue_limit, config.queue_limit);
        config.reservation_limit = count(self.reservations, config.reservation_limit);
        let limit = self
            .explicit_limit
            .and_then(|limit| u16::try_from(limit).ok());
        config.explicit_limit = self.explicit.then(|| limit.unwrap_or(EXPLICIT_LIMIT));
        config
    }
}
