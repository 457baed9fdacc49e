//! Where stations come from and go to, and who is told what of them.

use rether_proto::mac::MacAddr;
use serde::{Deserialize, Serialize};

use super::{Ap, ApInput};
use crate::anchor::Anchor;
use crate::context::Context;
use crate::graph::Graph;
use crate::id::ApId;
use crate::message::Body;

/// Who is told what is known of a station while it is served here. That it is here, everybody is
/// told in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Audience {
    /// Everybody: where others need its addresses to route to it.
    #[default]
    All,
    /// Those it is likely to go to, as far as is known; everybody while it is not.
    Likely,
}

/// Where a station is, and where it was before.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Trail {
    before: Option<ApId>,
    at: Option<ApId>,
}

impl Trail {
    /// Where it was before it came to where it is.
    pub(super) const fn before(&self) -> Option<ApId> {
        self.before
    }
}

impl<A: Anchor> Ap<A> {
    /// Where stations went from here and elsewhere, as far as this access point was told.
    #[must_use]
    pub const fn graph(&self) -> &Graph {
        &self.graph
    }

    /// Follows a station, of which something may have become known.
    pub(super) fn follow(&mut self, station: MacAddr) {
        let Some(known) = self.stations.get_mut(&station) else {
            return;
        };
        let trail = &mut known.trail;
        if known.holder.is_none() || trail.at == known.holder {
            return;
        }
        if let (Some(at), Some(next)) = (trail.at, known.holder) {
            self.graph.learn(trail.before, at, next);
        }
        *trail = Trail {
            before: trail.at,
            at: known.holder,
        };
    }

    /// Tells every peer that the station is served here, and the audience what is known of it.
    pub(super) fn push_context(&mut self, station: MacAddr) {
        self.follow(station);
        for to in self.reachable() {
            self.push_to(to, station);
        }
    }

    /// Tells one peer.
    pub(super) fn push_to(&mut self, to: ApId, station: MacAddr) {
        let Some(known) = self.stations.get(&station) else {
            return;
        };
        let context = known.context.as_ref();
        let context = if self.is_told_all(to, known.trail.before) {
            context.cloned().unwrap_or_default()
        } else {
            // Whether an agent runs there decides how a station is received.
            Context {
                agent: context.is_some_and(|context| context.agent),
                ..Context::default()
            }
        };
        self.tell(to, station, known.epoch, Body::Push(context));
    }

    /// Whether `to` is likely to get a station that came here from `before`, or nobody is.
    fn is_told_all(&self, to: ApId, before: Option<ApId>) -> bool {
        if self.config.audience == Audience::All {
            return true;
        }
        let chosen = self.graph.likely(before, self.config.own);
        chosen.contains(&to) || !chosen.iter().any(|id| self.can_reach(*id))
    }
}

impl ApInput {
    /// Of which station it can change where it is.
    pub(super) const fn moves(&self) -> Option<MacAddr> {
        match self {
            Self::Message(message) => Some(message.station),
            Self::Associated(station)
            | Self::Authorised(station)
            | Self::Receives(station)
            | Self::Stayed(station)
            | Self::GaveUp { station, .. }
            | Self::Leaving { station, .. }
            | Self::Agreed { station, .. }
            | Self::Seen { station, .. }
            | Self::Probed { station, .. } => Some(*station),
            _ => None,
        }
    }
}
