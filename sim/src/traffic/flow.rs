//! One flow of a scenario: its two ends, what they send, and what they have seen.

use std::net::{IpAddr, Ipv4Addr};

use rether_proto::flow::FlowKey;
use rether_proto::rng::Rng;
use rether_proto::time::{Duration, Instant};
use rether_voip::packet::Voice;
use rether_voip::profile::Profile;
use rether_voip::stats::{DelaySummary, StreamSpec, StreamStats};

use super::figures::{Call, FlowFigures, Stream, Tcp, Transfer};
use super::source::{SOCKET_BUFFER, Source};
use super::window::Window;
use crate::capture::{Content, ip_packet};
use crate::scenario::{Congestion, Traffic, TrafficKind};
use crate::tcp::{self, Endpoint, Role, TcpConfig, TcpError};
use crate::world::packet::{NodeId, Packet, Way};

/// Headers of IPv4 and UDP, or of IPv4 and ICMP echo.
const HEADERS: u32 = 28;
/// RTP header (RFC 3550 section 5.1).
const RTP_HEADER: u32 = 12;
/// UDP payload if a scenario names none: iperf3's for an MTU of 1500.
const UDP_PAYLOAD: u16 = 1448;
/// ICMP payload if a scenario names none.
const PING_PAYLOAD: u16 = 56;
/// Seven packets of an MPEG transport stream, as video has them.
const VIDEO_PAYLOAD: u16 = 1316;
/// A voice packet later than this is of no use to a play-out buffer.
pub(crate) const LATE_MS: u32 = 150;
/// The first port that is handed out.
const FIRST_PORT: u16 = 5200;
/// Where a client's own ports begin.
const CLIENT_PORT: u16 = 40_000;

/// Why a flow cannot be simulated.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FlowError {
    #[error("there is no voice profile `{name}`; there are: {known}")]
    Profile { name: String, known: String },
    #[error(transparent)]
    Tcp(#[from] TcpError),
}

pub(crate) struct Flow {
    pub(crate) name: String,
    pub(crate) window: Window,
    /// The node at each end: `from`, then `to`.
    pub(crate) ends: [NodeId; 2],
    /// Of the packets of each way.
    pub(crate) keys: [FlowKey; 2],
    what: What,
    /// Packets that count, by way.
    sent: [u64; 2],
    /// When each end is called next because of a timer of its own.
    armed: [Option<Instant>; 2],
}

enum What {
    Voice {
        profile: Profile,
        streams: Box<[StreamStats; 2]>,
        /// One-way delays of the packets that count, by way.
        delays_us: [Vec<i32>; 2],
    },
    Datagrams {
        octets: u32,
        source: Source,
        seen: Seen,
    },
    Ping {
        octets: u32,
        interval: Duration,
        seen: Seen,
    },
    Tcp(Box<[Endpoint; 2]>, Seen),
}

/// What arrived at an application that only counts.
#[derive(Debug, Default)]
struct Seen {
    /// Octets of payload that arrived while the flow counts.
    payload: u64,
    delays_us: Vec<i32>,
}

impl Flow {
    /// The flow number `number` of a scenario.
    pub(crate) fn new(
        plan: &Traffic,
        number: usize,
        ends: [NodeId; 2],
        addresses: [Ipv4Addr; 2],
        window: Window,
        seed: u64,
    ) -> Result<Self, FlowError> {
        let offset = u16::try_from(number).unwrap_or(u16::MAX);
        let port = plan
            .port
            .unwrap_or_else(|| FIRST_PORT.saturating_add(offset.saturating_mul(2)));
        let client = CLIENT_PORT.saturating_add(offset);
        let (protocol, ports) = match plan.kind {
            // The lab's caller uses one port at both ends, for policies to match.
            TrafficKind::Voice => (17, [port, port]),
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
        let payload = |usual: u16| u32::from(plan.packet_bytes.unwrap_or(usual)) + HEADERS;
        let rate = plan.rate.map(|rate| rate.0);
        let what = match plan.kind {
            TrafficKind::Voice => voice(plan, &window)?,
            TrafficKind::Udp => What::Datagrams {
                octets: payload(UDP_PAYLOAD),
                source: match rate {
                    Some(rate) => Source::Paced {
                        interval: pace(payload(UDP_PAYLOAD), rate),
                    },
                    None => Source::Saturating {
                        outstanding: 0,
                        window: SOCKET_BUFFER,
                    },
                },
                seen: Seen::default(),
            },
            TrafficKind::Video => What::Datagrams {
                octets: payload(VIDEO_PAYLOAD),
                source: Source::Bursty {
                    // Twice the mean rate for half of the time.
                    interval: pace(payload(VIDEO_PAYLOAD), rate.unwrap_or(1) * 2),
                    on_until: Instant::ZERO,
                },
                seen: Seen::default(),
            },
            TrafficKind::Ping => What::Ping {
                octets: payload(PING_PAYLOAD),
                interval: plan
                    .interval
                    .map_or(Duration::from_millis(100), |interval| {
                        Duration::from_nanos(
                            u64::try_from(interval.0.as_nanos()).unwrap_or(u64::MAX),
                        )
                    }),
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

    /// When its ends are first called; the times of a call's two ways are drawn.
    pub(crate) fn begin(&mut self, rng: &mut Rng) -> Vec<(Instant, Way)> {
        let start = self.window.start;
        let within = |interval: Duration, rng: &mut Rng| {
            start + Duration::from_nanos(rng.below(interval.as_nanos().max(1)))
        };
        match &mut self.what {
            What::Voice { profile, .. } => {
                let interval = Duration::from_nanos(profile.packet_ns());
                [Way::There, Way::Back]
                    .map(|way| (within(interval, rng), way))
                    .to_vec()
            }
            What::Datagrams { source, .. } => match source {
                Source::Paced { interval } => vec![(within(*interval, rng), Way::There)],
                Source::Saturating { .. } => vec![(start, Way::There)],
                Source::Bursty { .. } => vec![(start, Way::There)],
            },
            What::Ping { .. } => vec![(start, Way::There)],
            What::Tcp(..) => vec![(start, Way::Back), (start, Way::There)],
        }
    }

    /// The application that sends `way` is called at `now`: what it sends, and when it wants to be
    /// called again.
    pub(crate) fn call(
        &mut self,
        now: Instant,
        way: Way,
        rng: &mut Rng,
        out: &mut Vec<Packet>,
    ) -> Option<Instant> {
        if now >= self.window.end {
            return self.finish(now, way, out);
        }
        let (octets, next) = match &mut self.what {
            What::Voice { profile, .. } => {
                let payload = u32::try_from(profile.payload_len()).unwrap_or_default();
                let next = now + Duration::from_nanos(profile.packet_ns());
                (payload + RTP_HEADER + HEADERS, Some(next))
            }
            What::Datagrams { octets, source, .. } => {
                let octets = *octets;
                if let Source::Saturating {
                    outstanding,
                    window,
                } = source
                {
                    let missing = *window - (*outstanding).min(*window);
                    *outstanding += missing;
                    for _ in 0..missing {
                        out.push(self.packet(now, way, octets));
                    }
                    return None;
                }
                (octets, source.next(now, rng))
            }
            What::Ping {
                octets, interval, ..
            } => (*octets, Some(now + *interval)),
            What::Tcp(ends, _) => {
                let end = &mut ends[way.index()];
                // Called first to begin; every later call is for its timers.
                if end.start(now).is_err() {
                    end.poll(now);
                }
                return self.drain(now, way, out);
            }
        };
        out.push(self.packet(now, way, octets));
        next.filter(|next| *next < self.window.end)
    }

    fn finish(&mut self, now: Instant, way: Way, out: &mut Vec<Packet>) -> Option<Instant> {
        match &mut self.what {
            What::Tcp(ends, _) => {
                ends[way.index()].poll(now);
                self.drain(now, way, out)
            }
            _ => None,
        }
    }

    /// The packets of one end of TCP, and when it wants to be called again.
    fn drain(&mut self, now: Instant, way: Way, out: &mut Vec<Packet>) -> Option<Instant> {
        let What::Tcp(ends, _) = &mut self.what else {
            return None;
        };
        let end = &mut ends[way.index()];
        let mut bodies = Vec::new();
        while let Some(bytes) = end.poll_transmit() {
            bodies.push(bytes);
        }
        let next = end.poll_timeout();
        // One call on its way is enough, if it comes in time.
        let armed = &mut self.armed[way.index()];
        let late = armed.is_some_and(|armed| armed > now && next.is_none_or(|next| armed <= next));
        let next = next.filter(|_| !late);
        if next.is_some() {
            *armed = next;
        }
        for bytes in bodies {
            let octets = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
            let packet = self.packet(now, way, octets);
            out.push(Packet {
                bytes: Some(bytes),
                ..packet
            });
        }
        next
    }

    fn packet(&mut self, now: Instant, way: Way, octets: u32) -> Packet {
        let number = self.window.counts(now).then(|| {
            let sent = &mut self.sent[way.index()];
            *sent += 1;
            *sent - 1
        });
        Packet {
            flow: 0,
            way,
            number,
            sent: now,
            octets,
            tid: 0,
            to: self.ends[1 - way.index()],
            bytes: None,
        }
    }

    /// A packet reached its application. Returns whether the application that sends the other way
    /// has something to send because of it.
    pub(crate) fn receive(
        &mut self,
        now: Instant,
        packet: Packet,
        out: &mut Vec<Packet>,
    ) -> Option<Instant> {
        let delay = i32::try_from(now.since(packet.sent).as_micros()).unwrap_or(i32::MAX);
        let payload = u64::from(packet.octets.saturating_sub(HEADERS));
        let counts = self.window.counts(now);
        match &mut self.what {
            What::Voice {
                streams, delays_us, ..
            } => {
                if let Some(sequence) = packet.number {
                    delays_us[packet.way.index()].push(delay);
                    let sent_ns = packet.sent.as_nanos();
                    let voice = Voice { sequence, sent_ns };
                    streams[packet.way.index()].on_packet(voice, now.as_nanos());
                }
                None
            }
            What::Datagrams { seen, .. } => {
                if packet.number.is_some() {
                    seen.delays_us.push(delay);
                }
                seen.payload += if counts { payload } else { 0 };
                None
            }
            What::Ping { seen, .. } => match packet.way {
                Way::There => {
                    out.push(Packet {
                        way: Way::Back,
                        to: self.ends[0],
                        ..packet
                    });
                    None
                }
                Way::Back => {
                    if packet.number.is_some() {
                        seen.delays_us.push(delay);
                        seen.payload += payload;
                    }
                    None
                }
            },
            What::Tcp(ends, seen) => {
                let way = match packet.way {
                    Way::There => Way::Back,
                    Way::Back => Way::There,
                };
                let end = &mut ends[way.index()];
                let before = end.delivered();
                if let Some(bytes) = packet.bytes {
                    end.receive(now, &bytes);
                    end.recycle(bytes);
                }
                if counts {
                    seen.payload += end.delivered() - before;
                }
                self.drain(now, way, out)
            }
        }
    }

    /// A packet has left the sender's host. True if its application has room for another one.
    pub(crate) fn left(&mut self) -> bool {
        let What::Datagrams {
            source: Source::Saturating { outstanding, .. },
            ..
        } = &mut self.what
        else {
            return false;
        };
        *outstanding = outstanding.saturating_sub(1);
        true
    }

    /// A packet found its host's queue full. True if nothing of the flow is left there, so that
    /// its application must try again by itself.
    pub(crate) fn refused(&mut self) -> bool {
        let What::Datagrams {
            source:
                Source::Saturating {
                    outstanding,
                    window,
                },
            ..
        } = &mut self.what
        else {
            return false;
        };
        *outstanding = outstanding.saturating_sub(1);
        *window = (*outstanding).max(1);
        *outstanding == 0
    }

    /// The IP packet that `packet` stands for, headers and all.
    pub(crate) fn image(&self, packet: &Packet) -> Vec<u8> {
        let since = packet.sent.since(self.window.start).as_nanos();
        // Of packets that come every so often; of no meaning outside of a run.
        let place = |interval: u64| since / interval.max(1);
        let number = u16::try_from(packet.flow).unwrap_or(u16::MAX);
        let content = match (&self.what, &packet.bytes) {
            (What::Tcp(..), Some(bytes)) => Content::Tcp(bytes),
            (What::Voice { profile, .. }, _) => Content::Voice {
                profile,
                voice: Voice {
                    sequence: place(profile.packet_ns()),
                    sent_ns: packet.sent.as_nanos(),
                },
                ssrc: u32::from(number) * 2 + u32::from(packet.way == Way::Back),
            },
            (What::Ping { interval, .. }, _) => Content::Echo {
                reply: packet.way == Way::Back,
                id: number,
                sequence: u16::try_from(place(interval.as_nanos()) & 0xffff).unwrap_or_default(),
            },
            _ => Content::Datagram,
        };
        ip_packet(&self.keys[packet.way.index()], packet.octets, content)
    }

    /// If it is a call: the packets of a way that count, and the delays of those that arrived.
    pub(crate) fn call_delays(&self, way: Way) -> Option<(u64, &[i32])> {
        match &self.what {
            What::Voice { delays_us, .. } => {
                Some((self.sent[way.index()], &delays_us[way.index()]))
            }
            _ => None,
        }
    }

    /// What is reported of it.
    pub(crate) fn figures(&self) -> FlowFigures {
        let sent = self.sent;
        let whole = |sent: u64| u32::try_from(sent).unwrap_or(u32::MAX);
        match &self.what {
            What::Voice { streams, .. } => {
                let stream = |way: usize| Stream {
                    sent: whole(sent[way]),
                    stream: streams[way].report(whole(sent[way])),
                };
                FlowFigures::Voice {
                    calls: vec![Call {
                        up: stream(0),
                        down: stream(1),
                    }],
                }
            }
            What::Datagrams { seen, .. } | What::Ping { seen, .. } => {
                FlowFigures::Transfer(self.transfer(seen, sent[0]))
            }
            What::Tcp(ends, seen) => {
                let mut transfer = self.transfer(seen, 0);
                transfer.tcp = Some(Tcp::from(ends[0].statistics()));
                FlowFigures::Transfer(transfer)
            }
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    fn transfer(&self, seen: &Seen, sent: u64) -> Transfer {
        let mut delays = seen.delays_us.clone();
        delays.sort_unstable();
        let seconds = self.window.length().as_secs_f64();
        Transfer {
            sent,
            lost: sent.saturating_sub(delays.len() as u64),
            goodput_bps: seen.payload as f64 * 8.0 / seconds.max(1e-9),
            delay_ms: DelaySummary::of_sorted(&delays),
            tcp: None,
        }
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
fn pace(octets: u32, rate: u64) -> Duration {
    Duration::from_nanos(u64::from(octets - HEADERS) * 8 * 1_000_000_000 / rate.max(1))
}
