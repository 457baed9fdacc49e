//! A flow out of what a scenario says of it.

use std::net::{IpAddr, Ipv4Addr};

use rether_proto::flow::FlowKey;
use rether_proto::time::Duration;
use rether_voip::profile::Profile;
use rether_voip::stats::{StreamSpec, StreamStats};

use super::{Flow, FlowError, HEADERS, LATE_MS, Seen, What};
use crate::scenario::{Congestion, Traffic, TrafficKind};
use crate::tcp::{self, Endpoint, Role, TcpConfig};
use crate::traffic::source::{SOCKET_BUFFER, Source};
use crate::traffic::window::Window;
use crate::world::packet::NodeId;

/// UDP payload if a scenario names none: iperf3's for an MTU of 1500.
const UDP_PAYLOAD: u16 = 1448;
/// ICMP payload if a scenario names none.
const PING_PAYLOAD: u16 = 56;
/// Seven packets of an MPEG transport stream, as video has them.
const VIDEO_PAYLOAD: u16 = 1316;
/// UDP or ICMP payload of the largest packet that an Ethernet carries whole.
const LARGEST_PAYLOAD: u16 = 1472;
/// More packets than one each microsecond are a mistake, not a load.
const SHORTEST_PAUSE: Duration = Duration::from_micros(1);
/// The first port that is handed out.
const FIRST_PORT: u16 = 5200;
/// Where a client's own ports begin.
const CLIENT_PORT: u16 = 40_000;

impl Flow {
    /// The flow number `number` of a scenario; its host has so many saturating `floods`.
    pub(crate) fn new(
        plan: &Traffic,
        number: usize,
        ends: [NodeId; 2],
        addresses: [Ipv4Addr; 2],
        window: Window,
        floods: u32,
        seed: u64,
    ) -> Result<Self, FlowError> {
        let offset = u16::try_from(number).unwrap_or(u16::MAX);
        let port = plan
            .port
            .unwrap_or_else(|| FIRST_PORT.saturating_add(offset.saturating_mul(2)));
        let client = CLIENT_PORT.saturating_add(offset);
        let (protocol, ports) = match plan.kind {
            // The lab's caller uses one port at both ends, for policies to match.
            TrafficKind::Voice | TrafficKind::Probe => (17, [port, port]),
            TrafficKind::Udp | TrafficKind::Video => (17, [client, port]),
            TrafficKind::Tcp => (6, [client, port]),
            TrafficKind::Ping => (1, [0, 0]),
        };
        let key = FlowKey {
            src: IpAddr::V4(addresses[0]),
            dst: IpAddr::V4(addresses[1]),
            protocol,
            src_port: ports[0],
            dst_port: ports[1],
            dscp: plan.dscp.unwrap_or_default(),
        };
        if plan
            .packet_bytes
            .is_some_and(|bytes| !(1..=LARGEST_PAYLOAD).contains(&bytes))
        {
            return Err(FlowError::Size);
        }
        if plan.interval.is_some_and(|interval| interval.0.is_zero()) {
            return Err(FlowError::Interval);
        }
        let payload = |usual: u16| u32::from(plan.packet_bytes.unwrap_or(usual)) + HEADERS;
        let rate = plan.rate.map(|rate| rate.0);
        // Floods of one host share the room that one has, as Linux's fair queues would have it.
        let most = (SOCKET_BUFFER / floods.max(1)).max(1);
        let what = match plan.kind {
            TrafficKind::Voice => voice(plan, &window)?,
            TrafficKind::Probe => return Err(FlowError::Probe),
            TrafficKind::Udp => What::Datagrams {
                octets: payload(UDP_PAYLOAD),
                source: match rate {
                    Some(rate) => Source::Paced {
                        interval: pace(payload(UDP_PAYLOAD), rate)?,
                    },
                    None => Source::Saturating {
                        outstanding: 0,
                        window: most,
                        most,
                    },
                },
                seen: Seen::default(),
            },
            TrafficKind::Video => What::Datagrams {
                octets: payload(VIDEO_PAYLOAD),
                source: Source::Bursty {
                    // Twice the mean rate for half of the time.
                    interval: pace(payload(VIDEO_PAYLOAD), rate.unwrap_or(1).saturating_mul(2))?,
                    on_until: window.start,
                },
                seen: Seen::default(),
            },
            TrafficKind::Ping => What::Ping {
                octets: payload(PING_PAYLOAD),
                interval: plan
                    .interval
                    .map_or(Duration::from_millis(100), Duration::from),
                seen: Seen::default(),
            },
            TrafficKind::Tcp => {
                let buffer = plan
                    .window_bytes
                    .and_then(|bytes| usize::try_from(bytes).ok());
                let usual = TcpConfig::default();
                let config = TcpConfig {
                    send_buffer: buffer.unwrap_or(usual.send_buffer),
                    receive_buffer: buffer.unwrap_or(usual.receive_buffer),
                    congestion: match plan.congestion {
                        Some(Congestion::Cubic) => tcp::Congestion::Cubic,
                        Some(Congestion::Reno) | None => tcp::Congestion::Reno,
                    },
                    rate,
                    ..usual
                };
                let here = (addresses[0], client);
                let there = (addresses[1], port);
                let sender = Endpoint::new(Role::Sender, &config, here, there, seed)?;
                let receiver = Endpoint::new(Role::Receiver, &config, there, here, seed)?;
                What::Tcp(Box::new([sender, receiver]), Seen::default())
            }
        };
        Ok(Self {
            name: plan.name.clone(),
            window,
            ends,
            keys: [key, key.reversed()],
            what,
            sent: [0; 2],
            armed: [None; 2],
        })
    }
}

fn voice(plan: &Traffic, window: &Window) -> Result<What, FlowError> {
    let wanted = plan.codec.as_deref().unwrap_or(Profile::G711.name());
    let profile = Profile::ALL
        .into_iter()
        .find(|profile| profile.name() == wanted);
    let profile = profile.ok_or_else(|| FlowError::Profile {
        name: wanted.to_owned(),
        known: Profile::ALL.map(Profile::name).join(", "),
    })?;
    let packets = window.length().as_nanos() / profile.packet_ns() + 2;
    let spec = StreamSpec {
        profile,
        packets: u32::try_from(packets).unwrap_or(u32::MAX),
        late_ms: LATE_MS,
        offset_ns: 0,
    };
    Ok(What::Voice {
        profile,
        streams: Box::new([StreamStats::new(spec), StreamStats::new(spec)]),
        delays_us: [Vec::new(), Vec::new()],
    })
}

/// Time between packets of `octets` (IP) whose UDP payload comes at `rate` bit/s.
fn pace(octets: u32, rate: u64) -> Result<Duration, FlowError> {
    let nanos = u64::from(octets - HEADERS) * 8 * 1_000_000_000 / rate.max(1);
    if nanos < SHORTEST_PAUSE.as_nanos() {
        return Err(FlowError::Pace);
    }
    Ok(Duration::from_nanos(nanos))
}
