//! What a coordinator is told at start.

use serde::{Deserialize, Serialize};

use crate::airtime::{Phy, PhyKind, Rate, Turn};
use crate::auth::CoordinatorAuth;
use crate::time::Duration;

/// What a coordinator is told at start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoordinatorConfig {
    /// The cell's medium.
    pub phy: Phy,
    /// How granted frames get it.
    pub turn: Turn,
    /// How tokens travel.
    pub strategy: Strategy,
    /// When tokens are passed.
    pub tokens: Tokens,
    /// Length of a cycle.
    pub cycle: Duration,
    /// The tightest delay bound that may be promised.
    pub shortest_cycle: Duration,
    /// Share of every cycle that best effort keeps, in thousandths.
    pub nrt_minimum: u16,
    /// Airtime that a station gets in one round of the best-effort round-robin.
    pub quantum: Duration,
    /// Pause between two HELLOs.
    pub hello: Duration,
    /// What a RETURN may take beyond the airtime of the grant.
    pub return_margin: Duration,
    /// Visits in a row without an answer after which an agent counts as silent.
    pub silent_visits: u8,
    /// How long a silent agent's reservations are kept.
    pub grace: Duration,
    /// How long token mode outlasts the last reservation.
    pub linger: Duration,
    /// The most packets that wait for one station in one queue.
    pub queue_limit: usize,
    /// The most reservations at a time.
    pub reservation_limit: usize,
    /// The most that the air which unregistered stations use may take from promises, in thousandths
    /// of each cycle. Where granted traffic goes before theirs, they take less than they use.
    pub unregistered_limit: u16,
    /// The most promises at a time that programs of one station may ask for without a rule of the
    /// policy; `None`: none, they are denied.
    pub explicit_limit: Option<u16>,
    /// PHY rate assumed for a station of which nothing is known yet.
    pub assumed_rate: Rate,
    /// The host takes packets out of frames of the protocol, so that agents may put some in.
    pub bundle: bool,
    /// What agents are authenticated by; `None`: every agent is believed. Not recorded, because
    /// recordings are given away: a replay needs it from elsewhere.
    #[serde(skip)]
    pub auth: Option<CoordinatorAuth>,
}

impl CoordinatorConfig {
    /// The defaults for a cell on `phy`, whose stations send at `assumed_rate` until known better.
    #[must_use]
    pub fn new(phy: Phy, assumed_rate: Rate) -> Self {
        // A visit costs more than 1 ms of 802.11b air, and so does the HELLO that those hear whom
        // nobody visits in a cycle: longer turns and cycles pay for fewer of them.
        let is_dsss = matches!(phy.kind, PhyKind::DsssLong | PhyKind::DsssShort);
        let (quantum, cycle) = if is_dsss { (50, 100) } else { (16, 50) };
        let (quantum, cycle) = (Duration::from_millis(quantum), Duration::from_millis(cycle));
        Self {
            phy,
            turn: Turn::Paired,
            strategy: Strategy::Auto,
            tokens: Tokens::Promised,
            cycle,
            shortest_cycle: Duration::from_millis(5),
            nrt_minimum: 100,
            quantum,
            hello: Duration::from_secs(1),
            return_margin: Duration::from_millis(3),
            silent_visits: 5,
            grace: Duration::from_secs(2),
            linger: Duration::from_secs(2),
            queue_limit: crate::queues::DEFAULT_LIMIT,
            reservation_limit: 1_000,
            unregistered_limit: 1_000,
            explicit_limit: None,
            assumed_rate,
            bundle: true,
            auth: None,
        }
    }
}

/// How tokens travel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// What costs least by measurement: packets inside of tokens and returns where both hosts can
    /// do that, else a token for each visit.
    #[default]
    Auto,
    /// A frame of its own for each token and each return, as in the papers.
    Poll,
    /// One broadcast for many visits.
    Schedule,
    /// Small packets travel inside of tokens and returns.
    Bundle,
}

/// When tokens are passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tokens {
    /// While something is promised.
    #[default]
    Promised,
    /// As long as there is an agent: for airtime fairness, and for crowded cells.
    Always,
}
