//! What has come from the gate and waits for the core.

use std::ops::Range;

use rether_proto::machine::{Input, Packet};

/// Packets, oldest first, with what is in them where the gate has copied it. Keeps its room.
#[derive(Debug, Default)]
pub(super) struct Arrived {
    packets: Vec<(Packet, Option<Range<usize>>)>,
    bytes: Vec<u8>,
}

impl Arrived {
    pub(super) fn clear(&mut self) {
        self.packets.clear();
        self.bytes.clear();
    }

    pub(super) fn push(&mut self, packet: Packet, copy: Option<&[u8]>) {
        let place = copy.map(|copy| {
            let start = self.bytes.len();
            self.bytes.extend_from_slice(copy);
            start..self.bytes.len()
        });
        self.packets.push((packet, place));
    }

    /// Each as an input for the core.
    pub(super) fn inputs<C>(&self) -> impl Iterator<Item = Input<'_, C>> {
        self.packets.iter().map(|(packet, place)| match place {
            Some(place) => Input::Copied {
                packet: *packet,
                bytes: &self.bytes[place.clone()],
            },
            None => Input::Packet(*packet),
        })
    }
}
