//! An access point's machine and its channel to the others, as one: what a host drives.

use alloc::collections::VecDeque;
use alloc::string::{String, ToString};
use core::net::SocketAddr;

use rether_proto::mac::MacAddr;
use rether_proto::time::Instant;
use rether_proto::wire::{Neighbour, Neighbours};

use crate::anchor::Anchor;
use crate::ap::{Ap, ApConfig, ApInput, ApOutput, Request};
use crate::channel::{
    Channel, ChannelConfig, ChannelEvent, ChannelInput, ConfigError, Counters, PeerStatus,
};
use crate::id::ApId;
use crate::message::{Body, Hello, Message};
use crate::wire::Kind;

/// What a host shall do, in the order in which it comes out.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "most outputs are of the large variant, and none is kept"
)]
pub enum EdgeOutput {
    /// What the machine wants, but for messages.
    Do(ApOutput),
    /// A peer can be reached, or no longer; for the log.
    Peer {
        /// Which.
        id: ApId,
        /// Whether it can.
        up: bool,
    },
    /// These can be reached now; for stations.
    Neighbours(Neighbours),
}

/// The two of them.
#[derive(Clone, Debug)]
pub struct Edge<A> {
    ap: Ap<A>,
    channel: Channel,
    out: VecDeque<EdgeOutput>,
    neighbours: Neighbours,
    /// The last message that could not be sent or read, and how many there were.
    trouble: Option<String>,
    troubles: u64,
    carried: u64,
}

impl<A: Anchor> Edge<A> {
    /// An access point that is to be called `ap.own`, as `channel.id` says too. The first
    /// [`Edge::timeout`] begins the sessions.
    ///
    /// # Errors
    /// What is wrong with the configuration of the channel.
    pub fn new(
        ap: ApConfig,
        anchor: A,
        channel: ChannelConfig,
        hello: Hello,
        seed: u32,
        now: Instant,
    ) -> Result<Self, ConfigError> {
        Ok(Self {
            ap: Ap::new(ap, anchor, seed, now),
            channel: Channel::new(channel, hello, now)?,
            out: VecDeque::new(),
            neighbours: Neighbours::default(),
            trouble: None,
            troubles: 0,
            carried: 0,
        })
    }

    /// Something happened at this host.
    pub fn handle(&mut self, now: Instant, input: ApInput) {
        self.ap.handle(now, input);
        self.settle(now);
    }

    /// A datagram came.
    pub fn datagram(&mut self, now: Instant, from: SocketAddr, bytes: &[u8]) {
        let input = ChannelInput::Datagram { from, bytes };
        if let Err(error) = self.channel.handle(now, input) {
            self.note(error.to_string());
        }
        self.settle(now);
    }

    /// Stations' packets that have come from other access points so far.
    #[must_use]
    pub const fn carried(&self) -> u64 {
        self.carried
    }

    /// The time of [`Edge::next_timer`] has come.
    pub fn timeout(&mut self, now: Instant) {
        if self.channel.poll_timeout().is_some_and(|at| at <= now) {
            // Nothing can be wrong with a timeout.
            let _ = self.channel.handle(now, ChannelInput::Timeout);
        }
        if self.ap.next_timer().is_some_and(|at| at <= now) {
            self.ap.handle(now, ApInput::Timeout);
        }
        self.settle(now);
    }

    /// When [`Edge::timeout`] must be called at the latest.
    #[must_use]
    pub fn next_timer(&self) -> Option<Instant> {
        let timers = [self.channel.poll_timeout(), self.ap.next_timer()];
        timers.into_iter().flatten().min()
    }

    /// Writes the next datagram into `buf`; returns where it goes and how long it is. Call until
    /// there is none, after every input.
    pub fn poll_transmit(&mut self, buf: &mut [u8]) -> Option<(SocketAddr, usize)> {
        self.channel.poll_transmit(buf)
    }

    /// What is sealed in the next datagram; see [`Channel::next_kind`].
    #[must_use]
    pub fn next_kind(&self) -> Option<Kind> {
        self.channel.next_kind()
    }

    /// The next thing to do; likewise.
    pub fn poll(&mut self) -> Option<EdgeOutput> {
        self.out.pop_front()
    }

    /// The machine.
    #[must_use]
    pub const fn ap(&self) -> &Ap<A> {
        &self.ap
    }

    /// What peers are told of this cell from now on.
    pub const fn set_hello(&mut self, hello: Hello) {
        self.channel.set_hello(hello);
    }

    /// The access point whose cell this is, as it told.
    #[must_use]
    pub fn whose(&self, bssid: MacAddr) -> Option<ApId> {
        let mut peers = self.channel.peers();
        peers
            .find(|peer| peer.hello.is_some_and(|hello| hello.bssid == bssid))?
            .ap
    }

    /// Where a peer is.
    #[must_use]
    pub fn address(&self, id: ApId) -> Option<SocketAddr> {
        let mut peers = self.channel.peers();
        Some(peers.find(|peer| peer.ap == Some(id))?.address)
    }

    /// The other access points.
    pub fn peers(&self) -> impl Iterator<Item = PeerStatus> {
        self.channel.peers()
    }

    /// What came of datagrams.
    #[must_use]
    pub const fn counters(&self) -> &Counters {
        self.channel.counters()
    }

    /// How many messages could not be sent or read since this was asked last, and what was wrong
    /// with one of them.
    pub fn take_trouble(&mut self) -> Option<(u64, String)> {
        let count = core::mem::take(&mut self.troubles);
        Some((count, self.trouble.take()?))
    }

    fn note(&mut self, trouble: String) {
        self.troubles += 1;
        self.trouble = Some(trouble);
    }

    /// Carries messages between the two until neither has any.
    fn settle(&mut self, now: Instant) {
        loop {
            while let Some(output) = self.ap.poll() {
                let (to, id, body, station, epoch) = match output {
                    ApOutput::Tell {
                        to,
                        body,
                        station,
                        epoch,
                    } => (to, 0, body, station, epoch),
                    ApOutput::Reply {
                        to,
                        id,
                        body,
                        station,
                        epoch,
                    } => (to, id, body, station, epoch),
                    other => {
                        self.out.push_back(EdgeOutput::Do(other));
                        continue;
                    }
                };
                let message = Message {
                    station,
                    from: ApId::default(),
                    epoch,
                    id,
                    body,
                };
                self.send(now, to, message);
            }
            let Some(event) = self.channel.poll_event() else {
                return;
            };
            self.event(now, event);
        }
    }

    fn send(&mut self, now: Instant, to: ApId, message: Message) {
        let station = message.station;
        let what = request(&message.body);
        if let Err(error) = self.channel.handle(now, ChannelInput::Send { to, message }) {
            self.note(error.to_string());
            if let Some(what) = what {
                self.ap.handle(now, ApInput::GaveUp { to, station, what });
            }
        }
    }

    fn event(&mut self, now: Instant, event: ChannelEvent) {
        match event {
            ChannelEvent::Message { message, .. } => {
                self.carried += u64::from(matches!(message.body, Body::Data(_)));
                self.ap.handle(now, ApInput::Message(message));
            }
            ChannelEvent::PeerUp { peer, .. } => self.peer(now, peer, true),
            ChannelEvent::PeerDown(peer) => self.peer(now, peer, false),
            ChannelEvent::GaveUp {
                to,
                request: message,
                ..
            } => {
                let station = message.station;
                if let Some(what) = request(&message.body) {
                    self.ap.handle(now, ApInput::GaveUp { to, station, what });
                }
            }
            ChannelEvent::Hello { .. } => self.tell_neighbours(),
        }
    }

    fn peer(&mut self, now: Instant, id: ApId, up: bool) {
        self.ap.handle(now, ApInput::Peer { id, up });
        self.out.push_back(EdgeOutput::Peer { id, up });
        self.tell_neighbours();
    }

    fn tell_neighbours(&mut self) {
        let up = self.channel.peers().filter(|peer| peer.up);
        let told = up.filter_map(|peer| peer.hello).map(|hello| Neighbour {
            bssid: hello.bssid,
            frequency: hello.frequency,
        });
        let now = Neighbours(told.take(Neighbours::MAX).collect());
        if now != self.neighbours {
            self.neighbours = now.clone();
            self.out.push_back(EdgeOutput::Neighbours(now));
        }
    }
}

const fn request(body: &Body) -> Option<Request> {
    match body {
        Body::Push(_) => Some(Request::Push),
        Body::Prepare(_) => Some(Request::Prepare),
        Body::Arrived(_) => Some(Request::Arrived),
        Body::Flushed(_) => Some(Request::Flushed),
        Body::Cancel => Some(Request::Cancel),
        _ => None,
    }
}
