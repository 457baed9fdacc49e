use rether_proto::time::{Duration, Instant};
use smoltcp::wire::{Ipv4Packet, TcpPacket};

/// What the sender saw of its transfer, read off its packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Segments with payload, retransmissions included.
    pub segments: u64,
    /// Segments with payload that had been sent before.
    pub retransmissions: u64,
    /// Those of them that a timer sent: retransmission timeouts.
    pub timeouts: u64,
    /// Payload acknowledged, bytes.
    pub acknowledged: u64,
    /// Smoothed round-trip time with weight 1/8 (RFC 6298), the peer's delay of the Ack included.
    pub round_trip: Option<Duration>,
    /// Shortest round-trip time.
    pub shortest_round_trip: Option<Duration>,
}

/// What leads to a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    Timer,
    Packet,
}

/// Follows the sender's packets. Positions count payload bytes from the start of the transfer.
#[derive(Debug, Default)]
pub(super) struct Watch {
    pub(super) statistics: Statistics,
    /// Sequence number of the first payload byte.
    first: Option<u32>,
    /// End of what has been sent.
    sent: u64,
    /// The segment that measures the round trip: where it ends, and when it was sent.
    probe: Option<(u64, Instant)>,
}

impl Watch {
    pub(super) fn sent(&mut self, now: Instant, cause: Cause, packet: &[u8]) {
        let Some((sequence, len)) = segment(packet) else {
            return;
        };
        let acknowledged = self.statistics.acknowledged;
        // Nothing before `acknowledged` is sent again, and less than 4 GiB after it.
        let first = *self.first.get_or_insert(sequence);
        let ahead = sequence
            .wrapping_sub(first)
            .wrapping_sub(acknowledged as u32);
        let start = acknowledged + u64::from(ahead);
        let end = start + len;
        self.statistics.segments += 1;
        if end > self.sent {
            self.sent = end;
            self.probe.get_or_insert((end, now));
            return;
        }
        self.probe = None;
        self.statistics.retransmissions += 1;
        if cause == Cause::Timer && start == acknowledged {
            self.statistics.timeouts += 1;
        }
    }

    pub(super) fn acknowledged(&mut self, now: Instant, position: u64) {
        self.statistics.acknowledged = position;
        let Some((_, since)) = self.probe.take_if(|(end, _)| *end <= position) else {
            return;
        };
        let sample = now.since(since);
        let shortest = self.statistics.shortest_round_trip.unwrap_or(sample);
        self.statistics.shortest_round_trip = Some(shortest.min(sample));
        let smoothed = self
            .statistics
            .round_trip
            .map_or(sample, |old| (old * 7 + sample) / 8);
        self.statistics.round_trip = Some(smoothed);
    }
}

/// Sequence number and payload length of a segment with payload.
fn segment(packet: &[u8]) -> Option<(u32, u64)> {
    let ip = Ipv4Packet::new_checked(packet).ok()?;
    let tcp = TcpPacket::new_checked(ip.payload()).ok()?;
    let len = tcp.payload().len();
    #[expect(clippy::cast_sign_loss, reason = "the bits are the sequence number")]
    (len > 0).then_some((tcp.seq_number().0 as u32, len as u64))
}
