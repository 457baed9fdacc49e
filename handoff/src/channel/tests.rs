//! Channels on a virtual network that loses, repeats and reorders.

mod format;
mod hostile;
mod meet;
mod requests;
mod sessions;

use std::collections::BTreeMap;
use std::vec::Vec;

use rether_proto::auth::{Bucket, Key};
use rether_proto::mac::MacAddr;
use rether_proto::rng::Rng;
use rether_proto::time::{Duration, Instant};

use super::*;
use crate::id::{Epoch, PenId};
use crate::message::{Admission, Arrived, Body, Data};

const START: Instant = Instant::from_nanos(1_000_000_000);

const fn key(octet: u8) -> Key {
    Key::new([octet; Key::LEN])
}

const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Where access point `n` listens.
fn address(n: u16) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, u8::try_from(n).unwrap()], 7_200))
}

/// Access point `n` with the peers of these numbers, and nothing but the key of the site.
fn config(n: u16, peers: &[u16]) -> ChannelConfig {
    ChannelConfig {
        id: ApId(n),
        site: key(9),
        key: None,
        seed: key(100 + u8::try_from(n).unwrap()),
        peers: peers.iter().map(|&peer| Peer::at(address(peer))).collect(),
        admit: false,
    }
}

fn message(body: Body) -> Message {
    Message {
        station: MacAddr([2, 0, 0, 0, 1, 1]),
        from: ApId(0),
        epoch: Epoch(1),
        id: 0,
        body,
    }
}

fn arrived() -> Message {
    message(Body::Arrived(Arrived {
        pen: None,
        seen: None,
    }))
}

fn data(sequence: u32) -> Message {
    message(Body::Data(Data {
        pen: PenId(1),
        sequence,
        source: MacAddr::default(),
        ether_type: 0x0800,
        payload: std::vec![7; 200],
    }))
}

/// All that has a meaning in a channel: without what is counted, and how many more handshakes are
/// looked at.
fn state(channel: &Channel) -> (Vec<PeerState>, Option<PeerState>, Local) {
    let Channel {
        mut local,
        mut peers,
        mut stranger,
        now: _,
    } = channel.clone();
    local.counters = Counters::default();
    local.out.clear();
    for peer in peers.iter_mut().chain(&mut stranger) {
        peer.bucket = Bucket::new(START);
    }
    (peers, stranger, local)
}

/// A datagram as it went out.
#[derive(Clone, Debug)]
struct Seen {
    from: SocketAddr,
    to: SocketAddr,
    bytes: Vec<u8>,
}

/// What happens to datagrams.
#[derive(Clone, Copy)]
struct Weather {
    /// In thousandths.
    loss: u64,
    repeated: u64,
    /// Between this and twice as much, so that datagrams overtake each other; `fixed`: this.
    delay: Duration,
    fixed: bool,
}

const FINE: Weather = Weather {
    loss: 0,
    repeated: 0,
    delay: Duration::from_micros(500),
    fixed: true,
};
const STORM: Weather = Weather {
    loss: 300,
    repeated: 200,
    delay: Duration::from_micros(300),
    fixed: false,
};

/// What the host of a channel does: it answers what it is asked.
type Host = fn(&Message) -> Option<Body>;

fn answer_all(message: &Message) -> Option<Body> {
    let admission = || Admission {
        reason: std::format!("{}", message.id),
        ..Admission::default()
    };
    match message.body {
        Body::Push(_) => Some(Body::PushAck(admission())),
        Body::Prepare(_) => Some(Body::Ready(admission())),
        Body::Cancel => Some(Body::CancelAck),
        _ => None,
    }
}

/// Channels, numbered from 1, and the datagrams between them.
struct Net {
    channels: Vec<Channel>,
    host: Host,
    weather: Weather,
    /// Access points that no datagram reaches or leaves.
    cut: Vec<u16>,
    rng: Rng,
    now: Instant,
    flying: BTreeMap<(Instant, u64), Seen>,
    flown: u64,
    /// All that went out, with when.
    sent: Vec<(Instant, Seen)>,
    /// All that was reported but HELLOs, with when and by whom.
    events: Vec<(Instant, u16, ChannelEvent)>,
}

impl Net {
    fn new(configs: Vec<ChannelConfig>, weather: Weather, seed: u64) -> Self {
        let hello = Hello::default();
        let channels = configs.into_iter();
        let channels = channels.map(|config| Channel::new(config, hello, START).unwrap());
        Self {
            channels: channels.collect(),
            host: answer_all,
            weather,
            cut: Vec::new(),
            rng: Rng::new(seed),
            now: START,
            flying: BTreeMap::new(),
            flown: 0,
            sent: Vec::new(),
            events: Vec::new(),
        }
    }

    fn channel(&mut self, n: u16) -> &mut Channel {
        &mut self.channels[usize::from(n) - 1]
    }

    /// Starts an access point again, with other secrets.
    fn restart(&mut self, n: u16, config: ChannelConfig) {
        *self.channel(n) = Channel::new(config, Hello::default(), self.now).unwrap();
        self.drain(n);
    }

    fn request(&mut self, from: u16, to: u16, message: Message, schedule: Schedule) -> u32 {
        let now = self.now;
        let id = self.channel(from).request(now, ApId(to), message, schedule);
        self.drain(from);
        id.unwrap()
    }

    fn send(&mut self, from: u16, to: u16, message: Message) -> Result<(), ChannelError> {
        let (now, to) = (self.now, ApId(to));
        let input = ChannelInput::Send { to, message };
        let result = self.channel(from).handle(now, input);
        self.drain(from);
        result
    }

    fn datagram(&mut self, to: u16, from: SocketAddr, bytes: &[u8]) -> Result<(), ChannelError> {
        let now = self.now;
        let input = ChannelInput::Datagram { from, bytes };
        let result = self.channel(to).handle(now, input);
        self.drain(to);
        result
    }

    /// Takes all that a channel gives out, and lets its host answer.
    fn drain(&mut self, n: u16) {
        let from = address(n);
        let mut buf = [0; MAX_DATAGRAM];
        while let Some((to, len)) = self.channel(n).poll_transmit(&mut buf) {
            let bytes = buf[..len].to_vec();
            self.fly(n, Seen { from, to, bytes });
        }
        while let Some(event) = self.channel(n).poll_event() {
            if let ChannelEvent::Message { from, message } = &event
                && let Some(body) = (self.host)(message)
            {
                let (to, answer) = (
                    from.0,
                    Message {
                        body,
                        ..message.clone()
                    },
                );
                self.send(n, to, answer).unwrap();
            }
            if !matches!(event, ChannelEvent::Hello { .. }) {
                self.events.push((self.now, n, event));
            }
        }
    }

    fn fly(&mut self, n: u16, seen: Seen) {
        self.sent.push((self.now, seen.clone()));
        let copies = 1 + u64::from(self.rng.below(1_000) < self.weather.repeated);
        for _ in 0..copies {
            let lost = self.rng.below(1_000) < self.weather.loss;
            let reached = self
                .cut
                .iter()
                .all(|&cut| cut != n && address(cut) != seen.to);
            let more = match self.weather.fixed {
                true => Duration::ZERO,
                false => Duration::from_nanos(self.rng.below(self.weather.delay.as_nanos())),
            };
            if !lost && reached {
                self.flown += 1;
                let at = self.now + self.weather.delay + more;
                self.flying.insert((at, self.flown), seen.clone());
            }
        }
    }

    /// Lets `span` pass.
    fn run(&mut self, span: Duration) {
        let end = self.now + span;
        loop {
            let arrival = self.flying.keys().next().map(|&(at, _)| at);
            let timers = self.channels.iter().zip(1..);
            let timers = timers.filter_map(|(c, n)| Some((c.poll_timeout()?, n)));
            let timer = timers.min();
            let next = arrival.into_iter().chain(timer.map(|(at, _)| at)).min();
            let Some(next) = next.filter(|&next| next <= end) else {
                break;
            };
            self.now = self.now.max(next);
            if arrival == Some(next) {
                let (_, seen) = self.flying.pop_first().unwrap();
                let to = (1..=self.channels.len()).map(|n| u16::try_from(n).unwrap());
                for n in to.filter(|&n| address(n) == seen.to).collect::<Vec<_>>() {
                    // What is wrong with it, the tests see in the counters.
                    let _ = self.datagram(n, seen.from, &seen.bytes);
                }
            } else if let Some((_, n)) = timer {
                let now = self.now;
                self.channel(n).handle(now, ChannelInput::Timeout).unwrap();
                let again = self.channel(n).poll_timeout();
                assert!(again.is_none_or(|at| at > now), "it turns in a circle");
                self.drain(n);
            }
        }
        self.now = end;
    }

    /// The events of an access point since `from`, an index of [`Self::events`].
    fn events_of(&self, n: u16, from: usize) -> Vec<&ChannelEvent> {
        let events = self.events[from..].iter();
        events
            .filter(|(_, by, _)| *by == n)
            .map(|(_, _, e)| e)
            .collect()
    }

    fn is_up(&mut self, n: u16, peer: u16) -> bool {
        let mut peers = self.channel(n).peers();
        peers.any(|p| p.up && p.ap == Some(ApId(peer)))
    }
}

/// Two that have met.
fn pair(weather: Weather, seed: u64) -> Net {
    let mut net = Net::new(std::vec![config(1, &[2]), config(2, &[1])], weather, seed);
    for _ in 0..100 {
        net.run(millis(100));
        if net.is_up(1, 2) && net.is_up(2, 1) {
            return net;
        }
    }
    panic!("they did not meet in ten seconds");
}
