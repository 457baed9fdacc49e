//! One flow of a scenario: its two ends, what they send, and what they have seen.

mod plan;
mod report;

use rether_proto::flow::FlowKey;
use rether_proto::rng::Rng;
use rether_proto::time::{Duration, Instant};
use rether_voip::packet::Voice;
use rether_voip::profile::Profile;
use rether_voip::stats::StreamStats;

use super::source::Source;
use super::window::Window;
use crate::tcp::{Endpoint, TcpError};
use crate::world::packet::{NodeId, Packet, Way};

/// Headers of IPv4 and UDP, or of IPv4 and ICMP echo.
const HEADERS: u32 = 28;
/// RTP header (RFC 3550 section 5.1).
const RTP_HEADER: u32 = 12;
/// A voice packet later than this is of no use to a play-out buffer.
pub(crate) const LATE_MS: u32 = 150;
/// What a goodput over time is told in.
const SECOND: Duration = Duration::from_secs(1);
/// Why a flow cannot be simulated.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FlowError {
    #[error("there is no voice profile `{name}`; there are: {known}")]
    Profile { name: String, known: String },
    #[error("packet-bytes must be 1 to 1472: the simulator does not fragment")]
    Size,
    #[error("more than a packet each microsecond: lower the rate or raise packet-bytes")]
    Pace,
    #[error("the interval must be more than 0")]
    Interval,
    #[error("a flow that is not sent by radio first needs a rate, such as \"100Mbit/s\"")]
    NoRate,
    #[error("the simulator has no `probe`; write `voice` or `udp`")]
    Probe,
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
    /// The same by second of that time, the last one perhaps not whole.
    each_second: Vec<u64>,
    delays_us: Vec<i32>,
}

impl Seen {
    /// Payload that arrived so long after what counts began.
    fn arrived(&mut self, after: Duration, payload: u64) {
        self.payload += payload;
        let second = usize::try_from(after.as_nanos() / SECOND.as_nanos()).unwrap_or(usize::MAX);
        if second >= self.each_second.len() {
            self.each_second.resize(second.saturating_add(1), 0);
        }
        self.each_second[second] += payload;
    }
}

impl Flow {
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
            What::Tcp(..) => vec![
                (start, Way::Back),
                (start, Way::There),
                (self.window.end, Way::There),
            ],
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
                    ..
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
                // The receiver closes by itself; its stop would reset the connection.
                match way {
                    Way::There => ends[0].stop(now),
                    Way::Back => ends[1].poll(now),
                }
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
            held: None,
            carried: false,
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
        let after = now.since(self.window.counts_from);
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
                if counts {
                    seen.arrived(after, payload);
                }
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
                let way = packet.way.other();
                let end = &mut ends[way.index()];
                let before = end.delivered();
                if let Some(bytes) = packet.bytes {
                    end.receive(now, &bytes);
                    end.recycle(bytes);
                }
                if counts {
                    seen.arrived(after, end.delivered() - before);
                }
                self.drain(now, way, out)
            }
        }
    }

    /// A packet has left the sender's host. True if its application has room for another one.
    pub(crate) fn left(&mut self) -> bool {
        let What::Datagrams {
            source:
                Source::Saturating {
                    outstanding,
                    window,
                    most,
                },
            ..
        } = &mut self.what
        else {
            return false;
        };
        *outstanding = outstanding.saturating_sub(1);
        *window = (*window + 1).min(*most);
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
                    ..
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
}
