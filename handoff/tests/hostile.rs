//! What somebody without the key of the site can do to access points in mid-handoff: nothing.

use std::net::SocketAddr;

use rether_handoff::anchor::{AnyAnchor, Bridge};
use rether_handoff::ap::{ApConfig, ApInput, ApOutput, CaughtId, Stage};
use rether_handoff::channel::{ChannelConfig, MAX_DATAGRAM, Peer};
use rether_handoff::edge::{Edge, EdgeOutput};
use rether_handoff::frame::Frame;
use rether_handoff::id::ApId;
use rether_handoff::message::Hello;
use rether_proto::auth::Key;
use rether_proto::mac::MacAddr;
use rether_proto::rng::Rng;
use rether_proto::time::{Duration, Instant};

const STA: MacAddr = MacAddr([2, 0, 0, 0, 9, 0]);

struct Datagram {
    to: usize,
    bytes: Vec<u8>,
}

/// Two access points of one site.
struct Pair {
    now: Instant,
    edges: Vec<Edge<AnyAnchor>>,
    record: Vec<Datagram>,
    outputs: Vec<ApOutput>,
    cut: bool,
}

fn address(place: usize) -> SocketAddr {
    ([10, 0, 0, 1 + place as u8], 7_200).into()
}

fn edge(place: usize, site: u8) -> Edge<AnyAnchor> {
    let own = ApId(place as u16 + 1);
    let channel = ChannelConfig {
        id: own,
        site: Key::new([site; Key::LEN]),
        key: None,
        seed: Key::new([site + 1 + place as u8; Key::LEN]),
        peers: vec![Peer::at(address(1 - place))],
        admit: false,
    };
    let anchor = AnyAnchor::Bridge(Bridge);
    let begin = Instant::from_nanos(1);
    Edge::new(
        ApConfig::new(own),
        anchor,
        channel,
        Hello::default(),
        7,
        begin,
    )
    .expect("two names, two addresses")
}

impl Pair {
    fn new(site: u8) -> Self {
        let mut pair = Self {
            now: Instant::from_nanos(1),
            edges: vec![edge(0, site), edge(1, site)],
            record: Vec::new(),
            outputs: Vec::new(),
            cut: false,
        };
        pair.wait(Duration::from_secs(2));
        pair
    }

    fn wait(&mut self, span: Duration) {
        let end = self.now + span;
        while self.now < end {
            self.now += Duration::from_millis(1);
            for place in 0..2 {
                self.edges[place].timeout(self.now);
            }
            self.exchange();
        }
    }

    fn input(&mut self, place: usize, input: ApInput) {
        self.edges[place].handle(self.now, input);
        self.exchange();
    }

    fn exchange(&mut self) {
        let mut buf = [0; MAX_DATAGRAM];
        loop {
            let mut quiet = true;
            for place in 0..2 {
                while let Some(output) = self.edges[place].poll() {
                    if let EdgeOutput::Do(output) = output {
                        self.outputs.push(output);
                    }
                }
                while let Some((_, len)) = self.edges[place].poll_transmit(&mut buf) {
                    quiet = false;
                    let bytes = buf[..len].to_vec();
                    if !self.cut {
                        self.edges[1 - place].datagram(self.now, address(place), &bytes);
                    }
                    let to = 1 - place;
                    self.record.push(Datagram { to, bytes });
                }
            }
            if quiet {
                return;
            }
        }
    }

    /// A station left the first, with packets in its pen, and is at the second, which claims it.
    fn mid_handoff(site: u8) -> Self {
        let mut pair = Self::new(site);
        let station = STA;
        pair.input(0, ApInput::Authorised(station));
        pair.input(0, ApInput::Receives(station));
        pair.wait(Duration::from_millis(100));
        for stage in [Stage::Prepare, Stage::Leave] {
            let to = Some(ApId(2));
            pair.input(0, ApInput::Leaving { station, to, stage });
        }
        pair.input(0, ApInput::Drained(station));
        for n in 0..20 {
            let frame = Frame {
                source: MacAddr([2; 6]),
                ether_type: 0x0800,
                payload: vec![n; 200],
            };
            let id = CaughtId(n.into());
            pair.input(0, ApInput::Caught { station, id, frame });
        }
        pair.cut = true;
        pair.input(1, ApInput::Associated(station));
        pair.input(1, ApInput::Authorised(station));
        pair.outputs.clear();
        pair
    }

    fn state(&self) -> [String; 2] {
        [0, 1].map(|place| format!("{:?}", self.edges[place].ap()))
    }
}

/// A datagram that nobody sent, made of those that were, or one that came before.
fn strange(rng: &mut Rng, record: &[Datagram], others: &[Datagram]) -> Datagram {
    let pick = |rng: &mut Rng, from: &[Datagram]| {
        let one = &from[rng.below(from.len() as u64) as usize];
        let bytes = one.bytes.clone();
        Datagram { to: one.to, bytes }
    };
    let mut datagram = match rng.below(8) {
        0 => return pick(rng, others),
        1 => pick(rng, others),
        // What was sent last has not come.
        2 => return pick(rng, &record[..record.len() - 1]),
        _ => pick(rng, record),
    };
    let bytes = &mut datagram.bytes;
    for _ in 0..=rng.below(3) {
        let place = rng.below(bytes.len() as u64) as usize;
        match rng.below(4) {
            0 => bytes.truncate(place.max(1)),
            1 => bytes.insert(place, rng.below(256) as u8),
            _ => bytes[place] ^= 1 << rng.below(8),
        }
    }
    if record.iter().any(|one| one.bytes == *bytes) {
        bytes.push(0);
    }
    datagram
}

/// Lets so many strange datagrams come in mid-handoff, which then goes on as if none had.
fn withstands(count: u64, seed: u64) {
    let mut pair = Pair::mid_handoff(9);
    let others = Pair::mid_handoff(90).record;
    let (claim, now) = (pair.record.pop().expect("it claims"), pair.now);
    assert_eq!(claim.to, 0, "the claim is the last that was sent");
    let record = std::mem::take(&mut pair.record);
    let mut known = record;
    known.push(claim);
    let before = pair.state();
    let mut rng = Rng::new(seed);
    let mut buf = [0; MAX_DATAGRAM];
    for n in 0..count {
        let Datagram { to, bytes } = strange(&mut rng, &known, &others);
        let edge = &mut pair.edges[to];
        edge.datagram(now, address(1 - to), &bytes);
        let output = edge.poll();
        assert_eq!(output, None, "after {n}, for {bytes:02x?}");
        // A first message is answered to the peer, who has no use for it.
        while edge.poll_transmit(&mut buf).is_some() {}
        if n % 10_000 == 0 {
            assert!(pair.state() == before, "changed before {n}");
        }
    }
    assert!(pair.state() == before);
    let counters = [0, 1].map(|place| *pair.edges[place].counters());
    for counters in counters {
        let refused = counters.unauthentic + counters.replayed + counters.strange;
        assert!(counters.replayed > 0 && refused > count / 4, "{counters:?}");
    }
    pair.cut = false;
    let claim = known.pop().expect("it was put there");
    pair.edges[0].datagram(now, address(1), &claim.bytes);
    pair.exchange();
    pair.wait(Duration::from_millis(20));
    let arrived = pair.outputs.iter();
    let arrived = arrived.filter(|output| matches!(output, ApOutput::Inject { .. }));
    assert_eq!(arrived.count(), 20, "the handoff goes on");
    assert!(pair.edges[1].ap().serves(STA).is_some());
    assert!(pair.edges[0].ap().serves(STA).is_none());
}

#[test]
fn strange_datagrams_change_nothing() {
    withstands(30_000, 1);
}

#[test]
#[ignore = "a million datagrams take minutes in a debug build: cargo test -p rether-handoff --test hostile -- --ignored"]
fn a_million_strange_datagrams_change_nothing() {
    withstands(1_000_000, 2);
}
