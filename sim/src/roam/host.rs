//! An access point: the machine that ships, and the few things of a kernel that it works with.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

use rether_handoff::anchor::{AnyAnchor, Bridge, HostRoute};
use rether_handoff::ap::{Answer, ApConfig, ApInput, ApOutput, CaughtId, Stage};
use rether_handoff::channel::{ChannelConfig, MAX_DATAGRAM, Peer};
use rether_handoff::context::Context;
use rether_handoff::edge::{Edge, EdgeOutput};
use rether_handoff::id::{ApId, Epoch};
use rether_handoff::message::Hello;
use rether_handoff::wire::Kind;
use rether_proto::auth::{Entropy, Key};
use rether_proto::mac::MacAddr;
use rether_proto::time::Instant;

use super::packet;
use super::plan::{Plan, Subnets};

/// Octets of all pens of one access point, at most.
pub(super) const PENS: usize = 32_000_000;

/// What an access point wants done.
pub(super) enum Said {
    Datagram {
        to: usize,
        kind: Option<Kind>,
        bytes: Vec<u8>,
    },
    Output(ApOutput),
}

#[derive(Clone)]
pub(super) struct Host {
    edge: Edge<AnyAnchor>,
    /// Its radio, and its place on the wire.
    pub(super) alive: bool,
    /// Its daemon.
    pub(super) daemon: bool,
    pub(super) catching: BTreeSet<MacAddr>,
    /// Frames that wait for their verdicts: the packet's number, and whose it is.
    pub(super) held: BTreeMap<CaughtId, (u32, MacAddr)>,
    next: u64,
    /// To which access point packets for an address go instead of to the air.
    pub(super) routes: BTreeMap<IpAddr, usize>,
    pub(super) heard: BTreeMap<usize, Instant>,
    /// A repeated LEAVE gets the answer of the first.
    pub(super) answered: BTreeMap<usize, (Stage, Answer)>,
}

impl Host {
    pub(super) fn new(place: usize, plan: &Plan, seed: u64, now: Instant) -> Self {
        let site = Key::new([1; Key::LEN]);
        Self::of_site(site, place, plan, seed, now)
    }

    /// One that has another key than those of the site.
    pub(super) fn stranger(place: usize, plan: &Plan, seed: u64, now: Instant) -> Self {
        let site = Key::new([2; Key::LEN]);
        Self::of_site(site, place, plan, seed, now)
    }

    fn of_site(site: Key, place: usize, plan: &Plan, seed: u64, now: Instant) -> Self {
        let own = Self::id(place);
        let anchor = match plan.subnets {
            Subnets::One => AnyAnchor::Bridge(Bridge),
            Subnets::Many => AnyAnchor::HostRoute(HostRoute::new(own)),
        };
        let mut octets = [7; Key::LEN];
        octets[..8].copy_from_slice(&seed.to_be_bytes());
        let peers = (0..plan.hosts()).filter(|peer| *peer != place);
        let channel = ChannelConfig {
            id: own,
            site,
            key: None,
            seed: Entropy::new(Key::new(octets)).key(),
            peers: peers.map(|peer| Peer::at(address(peer))).collect(),
            admit: false,
        };
        let edge = Edge::new(
            ApConfig::new(own),
            anchor,
            channel,
            Hello::default(),
            seed as u32,
            now,
        );
        Self {
            edge: edge.expect("peers have names and addresses of their own"),
            alive: true,
            daemon: true,
            catching: BTreeSet::new(),
            held: BTreeMap::new(),
            next: 0,
            routes: BTreeMap::new(),
            heard: BTreeMap::new(),
            answered: BTreeMap::new(),
        }
    }

    /// Its name, by its place.
    pub(super) fn id(place: usize) -> ApId {
        ApId(u16::try_from(place + 1).unwrap_or(u16::MAX))
    }

    pub(super) fn input(&mut self, now: Instant, input: ApInput) {
        self.edge.handle(now, input);
    }

    pub(super) fn datagram(&mut self, now: Instant, from: usize, bytes: &[u8]) {
        self.edge.datagram(now, address(from), bytes);
    }

    pub(super) fn timeout(&mut self, now: Instant) {
        self.edge.timeout(now);
    }

    pub(super) fn next_timer(&self) -> Option<Instant> {
        self.edge.next_timer().filter(|_| self.runs())
    }

    pub(super) fn serves(&self, station: MacAddr) -> Option<Epoch> {
        self.edge.ap().serves(station).filter(|_| self.runs())
    }

    /// Whether it is there and its daemon too.
    pub(super) const fn runs(&self) -> bool {
        self.alive && self.daemon
    }

    /// Whether it has a session with another.
    pub(super) fn reaches(&self, other: usize) -> bool {
        let mut peers = self.edge.peers();
        peers.any(|peer| peer.up && peer.ap == Some(Self::id(other)))
    }

    pub(super) fn knows(&self, station: MacAddr) -> Option<&Context> {
        self.edge.ap().context(station)
    }

    /// The numbers of the packets that wait in its machine.
    pub(super) fn waiting(&self, station: MacAddr) -> Vec<u32> {
        let waiting = self.edge.ap().waiting(station);
        waiting.filter_map(packet::number).collect()
    }

    pub(super) fn penned(&self) -> usize {
        self.edge.ap().penned()
    }

    pub(super) fn poll(&mut self) -> Option<Said> {
        let mut buffer = [0; MAX_DATAGRAM];
        let kind = self.edge.next_kind();
        if let Some((to, len)) = self.edge.poll_transmit(&mut buffer) {
            return Some(Said::Datagram {
                to: place(to),
                kind,
                bytes: buffer[..len].to_vec(),
            });
        }
        loop {
            match self.edge.poll()? {
                EdgeOutput::Do(output) => return Some(Said::Output(output)),
                EdgeOutput::Peer { .. } | EdgeOutput::Neighbours(_) => {}
            }
        }
    }

    /// The first datagram that it has for `to`.
    pub(super) fn datagram_to(&mut self, to: usize) -> Option<Vec<u8>> {
        let said = std::iter::from_fn(|| self.poll());
        said.into_iter().find_map(|said| match said {
            Said::Datagram {
                to: whom, bytes, ..
            } if whom == to => Some(bytes),
            _ => None,
        })
    }

    /// A frame waits for its verdict.
    pub(super) fn hold(&mut self, number: u32, station: MacAddr) -> CaughtId {
        self.next += 1;
        let id = CaughtId(self.next);
        self.held.insert(id, (number, station));
        id
    }
}

fn address(place: usize) -> SocketAddr {
    let port = u16::try_from(place).unwrap_or(u16::MAX);
    ([10, 0, 0, 1], port.saturating_add(1)).into()
}

fn place(address: SocketAddr) -> usize {
    usize::from(address.port()) - 1
}
