//! A frame of the protocol that takes packets along.

#[cfg(test)]
mod tests;

use super::Air;
use crate::flow::FlowKey;
use crate::time::Duration;
use crate::wire::{Data, Packets};

/// What a DATA takes along, and what that costs beyond the frame itself.
#[derive(Clone, Debug)]
pub struct Carrier {
    packets: Packets,
    /// The frame is a return; otherwise it is a token.
    answer: bool,
    count: u32,
    octets: u32,
    /// Flows of which something is in it: what follows must not overtake that.
    flows: [Option<FlowKey>; FLOWS],
}

/// The most flows in one frame.
const FLOWS: usize = 8;

impl Carrier {
    /// The largest packet worth it, in octets: a larger one saves little of the frame around it,
    /// and a frame that grows is lost more easily.
    pub const LARGEST: usize = 640;

    /// Whether a packet of `octets` is worth taking along.
    #[must_use]
    pub const fn takes(octets: usize) -> bool {
        octets > 0 && octets <= Self::LARGEST
    }

    /// Goes with a token.
    #[must_use]
    pub fn token() -> Self {
        Self::new(false)
    }

    /// Goes with a return.
    #[must_use]
    pub fn answer() -> Self {
        Self::new(true)
    }

    fn new(answer: bool) -> Self {
        Self {
            packets: Packets::default(),
            answer,
            count: 0,
            octets: 0,
            flows: [None; FLOWS],
        }
    }

    /// Whether something of this flow is in it.
    pub(super) fn has(&self, key: FlowKey) -> bool {
        self.flows.contains(&Some(key))
    }

    pub(super) fn has_room(&self, key: FlowKey, octets: usize) -> bool {
        self.packets.has_room(octets) && (self.has(key) || self.flows.contains(&None))
    }

    /// Airtime of the frame with so many packets.
    fn airtime(&self, air: Air, count: u32, octets: u32) -> Duration {
        air.cost(Data::octets(!self.answer, self.answer, count, octets))
    }

    /// What a packet of `len` octets adds to the frame's airtime.
    pub(super) fn cost(&self, air: Air, len: u32) -> Duration {
        self.airtime(air, self.count + 1, self.octets + len)
            .saturating_sub(self.airtime(air, self.count, self.octets))
    }

    /// How much more airtime its packets would take in frames of their own.
    pub(crate) fn saved(&self, air: Air) -> Duration {
        let octets = |packet: &[u8]| u32::try_from(packet.len()).unwrap_or(u32::MAX);
        let alone = self.packets.iter().map(|packet| air.cost(octets(packet)));
        let alone = alone.fold(Duration::ZERO, |sum, cost| sum + cost);
        let added = self.airtime(air, self.count, self.octets);
        alone.saturating_sub(added.saturating_sub(self.airtime(air, 0, 0)))
    }

    /// Takes a packet; true if it is in.
    pub(super) fn load(&mut self, key: FlowKey, packet: &[u8]) -> bool {
        let is_in = self.packets.push(packet);
        if is_in {
            if !self.has(key)
                && let Some(place) = self.flows.iter_mut().find(|flow| flow.is_none())
            {
                *place = Some(key);
            }
            self.count += 1;
            self.octets += u32::try_from(packet.len()).unwrap_or(u32::MAX);
        }
        is_in
    }

    /// What was taken.
    #[must_use]
    pub fn into_packets(self) -> Packets {
        self.packets
    }

    /// True if nothing was taken.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.packets.is_empty()
    }
}
