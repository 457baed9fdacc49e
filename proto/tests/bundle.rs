//! Both cores by frames alone: which packets travel inside of them.

use rether_proto::agent::{Agent, AgentCommand, AgentConfig};
use rether_proto::airtime::{Phy, PhyKind, Rate};
use rether_proto::coordinator::{Coordinator, CoordinatorCommand, CoordinatorConfig};
use rether_proto::flow::FlowKey;
use rether_proto::mac::MacAddr;
use rether_proto::machine::{Input, Machine, Packet, PacketId, Verdict};
use rether_proto::policy::{Match, PolicyTable, Promise, Rank, Rule};
use rether_proto::time::{Duration, Instant};
use rether_proto::wire::MAX_FRAME;

const AP: MacAddr = MacAddr([2, 0, 0, 0, 0, 1]);
const STATION: MacAddr = MacAddr([2, 0, 0, 0, 1, 1]);
const STEP: Duration = Duration::from_millis(1);
/// Of the call.
const STEPS: u64 = 1_000;

/// A core with what it put out.
struct Node<M> {
    core: M,
    address: MacAddr,
    carried: usize,
    sent_alone: usize,
    delivered: Vec<Vec<u8>>,
}

impl<M: Machine> Node<M> {
    fn new(core: M, address: MacAddr) -> Self {
        Self {
            core,
            address,
            carried: 0,
            sent_alone: 0,
            delivered: Vec::new(),
        }
    }

    /// One input; the frames that follow from it.
    fn input(&mut self, now: Instant, input: Input<'_, M::Command>) -> Vec<Vec<u8>> {
        self.core.handle(now, input).unwrap();
        while let Some(verdict) = self.core.poll_release() {
            match verdict {
                Verdict::Carry(_) => self.carried += 1,
                Verdict::Accept(_) | Verdict::Grant(_) => self.sent_alone += 1,
                Verdict::Drop(id) => panic!("{id:?} was dropped"),
            }
        }
        let mut frames = Vec::new();
        let mut buffer = [0; MAX_FRAME];
        while let Some(sent) = self.core.poll_transmit(&mut buffer) {
            frames.push(buffer[..sent.len].to_vec());
        }
        while let Some(delivery) = self.core.poll_delivery() {
            self.delivered.push(delivery.bytes);
        }
        while self.core.poll_event().is_some() {}
        frames
    }
}

/// Takes frames to the other end, and those that answer them back, until none is left.
fn exchange<A: Machine, B: Machine>(
    now: Instant,
    from: &mut Node<A>,
    to: &mut Node<B>,
    frames: Vec<Vec<u8>>,
) {
    for bytes in frames {
        let (sender, bytes) = (from.address, &bytes[..]);
        let answers = to.input(
            now,
            Input::Frame {
                from: sender,
                bytes,
            },
        );
        exchange(now, to, from, answers);
    }
}

/// A packet of the call, 200 octets long.
fn packet(number: u64, is_up: bool) -> (Packet, Vec<u8>) {
    let up = FlowKey {
        src: [10, 0, 0, 2].into(),
        dst: [10, 0, 1, 1].into(),
        protocol: 17,
        src_port: 5004,
        dst_port: 5004,
        dscp: 0,
    };
    let packet = Packet {
        id: PacketId(number),
        station: if is_up { AP } else { STATION },
        len: 200,
        flow: if is_up { up } else { up.reversed() },
    };
    let filling = u8::try_from(number % 251).unwrap();
    (packet, vec![filling; 200])
}

/// A call of a second in a cell whose ends can take packets out of frames, or cannot. The station
/// hears and sends nothing from the step `until` on.
fn call(ap_can: bool, station_can: bool, until: u64) -> (Node<Coordinator>, Node<Agent>) {
    let phy = Phy {
        kind: PhyKind::Ofdm,
        wmm: false,
    };
    let config = CoordinatorConfig {
        bundle: ap_can,
        ..CoordinatorConfig::new(phy, Rate(540))
    };
    let promise = Promise {
        rate: 88_000,
        packet: 200,
        delay: Duration::from_millis(20),
    };
    let policy = PolicyTable {
        version: 1,
        rules: vec![Rule {
            name: "voice".into(),
            matches: Match::default(),
            promise,
            idle: Duration::from_secs(5),
            remark: None,
            rank: Rank::default(),
        }],
    };
    let mut now = Instant::from_nanos(1_000_000_000);
    let mut ap = Node::new(Coordinator::new(config, policy, 1, now), AP);
    let agent = AgentConfig {
        bundle: station_can,
        ..AgentConfig::default()
    };
    let mut station = Node::new(Agent::new(agent, STATION, 2, now), STATION);
    let joined = Input::Command(CoordinatorCommand::StationJoined(STATION));
    let frames = ap.input(now, joined);
    exchange(now, &mut ap, &mut station, frames);
    let up = Input::Command(AgentCommand::LinkUp { bssid: AP });
    let frames = station.input(now, up);
    exchange(now, &mut station, &mut ap, frames);
    for step in 0..STEPS {
        now = now + STEP;
        let is_deaf = step >= until;
        if !is_deaf && station.core.poll_timeout().is_some_and(|(at, _)| at <= now) {
            let frames = station.input(now, Input::Timeout);
            exchange(now, &mut station, &mut ap, frames);
        }
        if ap.core.poll_timeout().is_some_and(|(at, _)| at <= now) {
            let frames = ap.input(now, Input::Timeout);
            if !is_deaf {
                exchange(now, &mut ap, &mut station, frames);
            }
        }
        if step % 20 == 0 && !is_deaf {
            let (packet, bytes) = packet(step, true);
            let bytes = &bytes[..];
            let frames = station.input(now, Input::Copied { packet, bytes });
            exchange(now, &mut station, &mut ap, frames);
        }
        if step % 20 == 7 {
            let (packet, bytes) = packet(step, false);
            let bytes = &bytes[..];
            let frames = ap.input(now, Input::Copied { packet, bytes });
            if !is_deaf {
                exchange(now, &mut ap, &mut station, frames);
            }
        }
    }
    (ap, station)
}

#[test]
fn packets_ride_both_ways_where_both_ends_can() {
    let (ap, station) = call(true, true, STEPS);
    assert!(ap.carried >= 45 && station.carried >= 45);
    assert_eq!(station.delivered.len(), ap.carried);
    assert_eq!(ap.delivered.len(), station.carried);
    let all = ap.delivered.iter().chain(&station.delivered);
    assert!(all.clone().all(|bytes| bytes.len() == 200));
}

#[test]
fn an_access_point_that_takes_none_out_still_puts_some_in() {
    let (ap, station) = call(false, true, STEPS);
    assert!(ap.carried >= 45, "{}", ap.carried);
    assert_eq!(station.delivered.len(), ap.carried);
    assert_eq!((station.carried, ap.delivered.len()), (0, 0));
    assert!(station.sent_alone >= 45, "{}", station.sent_alone);
}

#[test]
fn a_station_that_takes_none_out_gets_none() {
    let (ap, station) = call(true, false, STEPS);
    assert_eq!((ap.carried, station.carried), (0, 0));
    assert!(ap.sent_alone >= 45 && station.sent_alone >= 45);
}

#[test]
fn a_station_that_fell_silent_loses_the_packets_of_one_visit() {
    let lost = (500..520).map(|until| {
        let (ap, station) = call(true, true, until);
        assert!(ap.sent_alone >= 20, "{}", ap.sent_alone);
        ap.carried - station.delivered.len()
    });
    assert_eq!(lost.max(), Some(1));
}
