//! Traffic of one flow in one direction.

use std::net::{IpAddr, Ipv4Addr};

use rether_proto::flow::FlowKey;
use rether_proto::mac::MacAddr;
use rether_proto::machine::{Packet, PacketId};
use rether_proto::policy::Direction;
use rether_proto::time::{Duration, Instant};

/// A constant-rate source; saturation is a rate above what the cell carries.
#[derive(Clone, Debug)]
pub struct Source {
    /// Whose packets, or for whom.
    pub station: MacAddr,
    /// Which way they go.
    pub way: Direction,
    /// What they look like.
    pub flow: FlowKey,
    /// IP octets of each.
    pub octets: u32,
    /// Time between two.
    pub interval: Duration,
    /// Packets sent so far.
    pub sent: u64,
    pub(super) ended: bool,
}

impl Source {
    /// UDP between station `n` and a wired host; `port` at both ends.
    #[must_use]
    pub fn udp(n: u8, way: Direction, port: u16, octets: u32, interval: Duration) -> Self {
        let here = IpAddr::V4(Ipv4Addr::new(10, 0, 0, n));
        let there = IpAddr::V4(Ipv4Addr::new(10, 0, 1, 1));
        let (src, dst) = if way == Direction::Up {
            (here, there)
        } else {
            (there, here)
        };
        let flow = FlowKey {
            src,
            dst,
            protocol: 17,
            src_port: port,
            dst_port: port,
            dscp: 0,
        };
        let station = super::station(n);
        Self {
            station,
            way,
            flow,
            octets,
            interval,
            sent: 0,
            ended: false,
        }
    }

    /// G.711 with 20 ms packets: 160 octets of voice, 12 RTP, 8 UDP, 20 IP.
    #[must_use]
    pub fn voice(n: u8, way: Direction) -> Self {
        Self::udp(n, way, 5_004, 200, Duration::from_millis(20))
    }

    /// 100 Mb/s of full packets.
    #[must_use]
    pub fn flood(n: u8, way: Direction) -> Self {
        Self::udp(n, way, 9_000, 1_500, Duration::from_micros(120))
    }

    pub(super) fn end(&mut self) {
        self.ended = true;
    }

    /// The packet that is due now (its number as the id), and when the next one is.
    pub(super) fn next(&mut self, now: Instant) -> Option<(Packet, Instant)> {
        if self.ended {
            return None;
        }
        let id = PacketId(self.sent);
        self.sent += 1;
        let packet = Packet {
            id,
            station: self.station,
            len: self.octets,
            flow: self.flow,
        };
        Some((packet, now + self.interval))
    }
}
