//! What an access point's driver counts of stations without an agent, for the coordinator.

use std::collections::BTreeMap;

use rether_proto::coordinator::{CoordinatorCommand, StationCounters};
use rether_proto::time::Duration;

use super::node::Kind;
use super::packet::NodeId;
use super::{Happening, World};

/// How often the station table is read.
const LOOK: Duration = Duration::from_millis(500);

/// Counters by station.
pub(super) type Strangers = BTreeMap<NodeId, StationCounters>;

impl World {
    /// Counts the stations without an agent of cells that have a coordinator, if there are any.
    pub(super) fn count_strangers(&mut self) {
        for (node, station) in self.nodes.iter().enumerate() {
            if let Kind::Station {
                ap, agent: None, ..
            } = station.kind
                && let Kind::Ap {
                    coordinator: Some(_),
                    ..
                } = self.nodes[ap].kind
            {
                self.strangers.insert(node, StationCounters::default());
            }
        }
        if !self.strangers.is_empty() {
            self.at(self.now + LOOK, Happening::Look);
        }
    }

    /// An access point has received a packet.
    pub(super) fn count_received(&mut self, from: NodeId, octets: u32) {
        if let Some(counters) = self.strangers.get_mut(&from) {
            counters.rx_packets += 1;
            counters.rx_bytes += u64::from(octets);
        }
    }

    /// Coordinators read their station tables.
    pub(super) fn look(&mut self) {
        for (node, counters) in self.strangers.clone() {
            if let Kind::Station { ap, .. } = self.nodes[node].kind {
                let station = self.nodes[node].mac;
                let command = CoordinatorCommand::Counters { station, counters };
                self.command_ap(ap, command);
            }
        }
        self.at(self.now + LOOK, Happening::Look);
    }
}
