//! Which rule a packet falls under.

use super::{Direction, Match, PolicyTable, PortRange};
use crate::flow::FlowKey;
use crate::mac::MacAddr;

impl PolicyTable {
    /// The index of the first rule that matches a packet with `key` that goes `way` (up or
    /// down) between `station` and the AP; `None` if the packet is best effort.
    ///
    /// `key` is as the packet is on the wire: its source is the station on the way up, the
    /// remote end on the way down.
    #[must_use]
    pub fn classify(&self, station: MacAddr, way: Direction, key: &FlowKey) -> Option<u16> {
        let index = self
            .rules
            .iter()
            .position(|rule| rule.matches.matches(station, way, key))?;
        u16::try_from(index).ok()
    }
}

impl Match {
    /// True if every condition that is given holds for a packet with `key` that goes `way` (up
    /// or down) between `station` and the AP. Without conditions, everything matches.
    ///
    /// A rule for one direction does not match packets of the other, not even replies of a flow
    /// that it matches: those are best effort, or some other rule's. [`Direction::Both`] is
    /// what asks for both ways.
    ///
    /// `dscp` is compared with this very packet's mark. The far end need not mark its packets
    /// alike, so with [`Direction::Both`] the packets of the reverse way are covered by the
    /// reservation that the first marked packet made, not by a match of their own.
    #[must_use]
    pub fn matches(&self, station: MacAddr, way: Direction, key: &FlowKey) -> bool {
        // From here on the station is the source.
        let up = if way == Direction::Down {
            key.reversed()
        } else {
            *key
        };
        let port = |range: Option<PortRange>, port| range.is_none_or(|range| range.contains(port));
        self.station.is_none_or(|wanted| wanted == station)
            && self.direction.covers(way)
            && self.protocol.is_none_or(|wanted| wanted == up.protocol)
            && self.dscp.is_none_or(|wanted| wanted == up.dscp)
            && self.station_ip.is_none_or(|prefix| prefix.contains(up.src))
            && self.remote_ip.is_none_or(|prefix| prefix.contains(up.dst))
            && port(self.station_port, up.src_port)
            && port(self.remote_port, up.dst_port)
            && (port(self.port, up.src_port) || port(self.port, up.dst_port))
    }
}
