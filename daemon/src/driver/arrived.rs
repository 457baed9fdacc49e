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

#[cfg(test)]
mod tests {
    use rether_proto::flow::FlowKey;
    use rether_proto::mac::MacAddr;
    use rether_proto::machine::PacketId;

    use super::*;

    #[test]
    fn each_packet_keeps_its_own_copy() {
        let packet = |n| Packet {
            id: PacketId(n),
            station: MacAddr([0; 6]),
            len: 100,
            flow: FlowKey::UNKNOWN,
        };
        let seen = |arrived: &Arrived| -> Vec<(u64, Option<Vec<u8>>)> {
            let inputs = arrived.inputs::<()>();
            let look = |input| match input {
                Input::Packet(packet) => (packet.id.0, None),
                Input::Copied { packet, bytes } => (packet.id.0, Some(bytes.to_vec())),
                other => panic!("{other:?}"),
            };
            inputs.map(look).collect()
        };
        let mut arrived = Arrived::default();
        arrived.push(packet(1), Some(&[1, 2, 3]));
        arrived.push(packet(2), None);
        arrived.push(packet(3), Some(&[4]));
        assert_eq!(
            seen(&arrived),
            [(1, Some(vec![1, 2, 3])), (2, None), (3, Some(vec![4]))]
        );
        arrived.clear();
        arrived.push(packet(4), Some(&[5]));
        assert_eq!(seen(&arrived), [(4, Some(vec![5]))]);
    }
}
