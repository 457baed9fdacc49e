//! The nodes: the wired host, access points, stations.

use rether_proto::agent::{Agent, AgentConfig};
use rether_proto::airtime::{Phy, Rate};
use rether_proto::coordinator::{Coordinator, CoordinatorConfig};
use rether_proto::mac::MacAddr;
use rether_proto::policy::PolicyTable;
use rether_proto::time::{Duration, Instant};

use super::driver::Driver;
use super::packet::NodeId;
use crate::medium::{EdcaTable, Position, RadioId};
use crate::scenario::WmmProfile;

/// Place of the wired host among the nodes.
pub(crate) const WIRE: NodeId = 0;

#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) mac: MacAddr,
    pub(crate) kind: Kind,
}

#[derive(Debug)]
pub(crate) enum Kind {
    Wire,
    Ap {
        radio: Radio,
        coordinator: Option<Box<Driver<Coordinator>>>,
        /// What a coordinator is started with here, if one may be.
        setup: Option<Box<(CoordinatorConfig, PolicyTable)>>,
        /// What the cell announces in token mode.
        profile: Option<WmmProfile>,
        /// Whether it is announced now.
        announced: bool,
    },
    Station {
        radio: Radio,
        ap: NodeId,
        agent: Option<Box<Driver<Agent>>>,
        /// What an agent is started with here, if one may be.
        setup: Option<Box<AgentConfig>>,
        walk: Walk,
        /// The rate it was told to keep; otherwise the best for its signal.
        fixed: Option<Rate>,
        /// The rate of both directions of its link.
        rate: Rate,
    },
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Radio {
    pub(crate) id: RadioId,
    pub(crate) phy: Phy,
    /// How it contends unless its cell announces something else.
    pub(crate) usual: EdcaTable,
}

impl Node {
    pub(crate) const fn radio(&self) -> Option<&Radio> {
        match &self.kind {
            Kind::Wire => None,
            Kind::Ap { radio, .. } | Kind::Station { radio, .. } => Some(radio),
        }
    }
}

/// A way of straight lines.
#[derive(Clone, Debug, Default)]
pub(crate) struct Walk(Vec<(Instant, Position)>);

/// How often the place of somebody who walks is worked out anew: at 1.5 m/s he has gone 15 cm.
pub(crate) const STRIDE: Duration = Duration::from_millis(100);

impl Walk {
    /// From `start` on along `points`, in the order of their times.
    pub(crate) fn new(start: Position, points: impl Iterator<Item = (Instant, Position)>) -> Self {
        let mut way = vec![(Instant::ZERO, start)];
        way.extend(points);
        Self(way)
    }

    /// Where that is at `now`.
    #[expect(clippy::cast_precision_loss, reason = "a share of a stretch")]
    pub(crate) fn at(&self, now: Instant) -> Position {
        let next = self.0.iter().position(|(at, _)| *at > now);
        let (Some(next), Some(&(_, last))) = (next, self.0.last()) else {
            return self
                .0
                .last()
                .map_or_else(Position::default, |(_, place)| *place);
        };
        let Some((&(from, here), &(to, there))) = next
            .checked_sub(1)
            .and_then(|before| self.0.get(before))
            .zip(self.0.get(next))
        else {
            return last;
        };
        let share = now.since(from).as_nanos() as f64 / to.since(from).as_nanos().max(1) as f64;
        here.towards(there, share)
    }

    /// Whether it goes on after `now`.
    pub(crate) fn goes_on(&self, now: Instant) -> bool {
        self.0.last().is_some_and(|(at, _)| *at > now)
    }
}
