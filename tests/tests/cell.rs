//! Whole conversations of a cell, without faults: what the protocol promises when all goes well.

use rether_proto::airtime::{PhyKind, Rate};
use rether_proto::coordinator::Strategy;
use rether_proto::policy::Direction;
use rether_proto::time::Duration;
use rether_proto::wire::{CellMode, MessageType};
use rether_tests::world::{DSSS_11, OFDM_54, Source, World, cell, cell_by};

const PROMISED: Duration = Duration::from_millis(25);

fn assert_voice_kept(world: &World, source: usize) {
    let missing = world.missing(source);
    assert!(missing <= 1, "{missing} voice packets missing");
    let p99 = world.p99(source);
    assert!(p99 <= PROMISED, "p99 {p99}");
    assert!(world.in_order(source));
}

/// The cell of the acceptance row: a call, two uplink floods, a downlink flood.
fn loaded(strategy: Strategy, phy: (PhyKind, Rate)) {
    let mut world = cell_by(strategy, phy, 3, 1);
    let voice = [Direction::Up, Direction::Down].map(|way| world.start(Source::voice(1, way)));
    world.run_for(Duration::from_millis(100));
    for (n, way) in [(2, Direction::Up), (3, Direction::Up), (2, Direction::Down)] {
        world.start(Source::flood(n, way));
    }
    // Whoever comes first to the round-robin has one turn more.
    world.run_for(Duration::from_secs(1));
    let first = [world.airtime(2), world.airtime(3)];
    world.run_for(Duration::from_secs(5));
    for source in voice {
        assert_voice_kept(&world, source);
    }
    assert_eq!((world.unexpected, world.missing_inside_frames()), (0, 0));
    let status = world.coordinator().status();
    assert_eq!(status.mode, CellMode::Token);
    assert_eq!(status.stats.overfull_cycles, 0);
    let ratio = (world.airtime(2) - first[0]) / (world.airtime(3) - first[1]);
    assert!((0.95..=1.05).contains(&ratio), "airtime ratio {ratio}");
}

#[test]
fn voice_is_kept_under_load_11a() {
    loaded(Strategy::Auto, OFDM_54);
}

#[test]
fn voice_is_kept_by_tokens_alone() {
    loaded(Strategy::Poll, OFDM_54);
}

#[test]
fn voice_is_kept_by_schedules() {
    loaded(Strategy::Schedule, OFDM_54);
}

#[test]
fn voice_is_kept_under_load_11b() {
    loaded(Strategy::Auto, DSSS_11);
}

/// The call starts when the queues are full already, so its first packets find a flood.
#[test]
fn a_call_that_starts_under_load_is_kept_in_order() {
    let mut world = cell(OFDM_54, 2, 2);
    world.start(Source::voice(2, Direction::Up));
    let floods = [1, 2].map(|n| world.start(Source::flood(n, Direction::Up)));
    world.start(Source::flood(1, Direction::Down));
    world.run_for(Duration::from_secs(2));
    let voice = [Direction::Up, Direction::Down].map(|way| world.start(Source::voice(1, way)));
    let began = world.now;
    world.run_for(Duration::from_secs(3));
    for source in voice {
        assert!(world.missing(source) <= 1);
        assert!(world.in_order(source), "a packet was overtaken");
        let p99 = world.p99_since(source, began + Duration::from_millis(100));
        assert!(p99 <= PROMISED, "p99 {p99}");
        let first = world.delays(source)[0];
        assert!(first <= Duration::from_millis(60), "first packet {first}");
    }
    assert!(floods.iter().all(|flood| world.in_order(*flood)));
}

/// As many calls as the ledger admits are all kept at once, next to a flood.
#[test]
fn every_admitted_call_is_kept() {
    for (strategy, phy) in [
        (Strategy::Auto, OFDM_54),
        (Strategy::Schedule, OFDM_54),
        (Strategy::Auto, DSSS_11),
    ] {
        let mut world = cell_by(strategy, phy, 40, 3);
        let mut calls = Vec::new();
        for n in 1..=39 {
            for way in [Direction::Up, Direction::Down] {
                calls.push((n, world.start(Source::voice(n, way))));
            }
            world.run_for(Duration::from_micros(1_700));
        }
        world.start(Source::flood(40, Direction::Up));
        world.run_for(Duration::from_secs(3));
        let status = world.coordinator().status();
        assert!(status.ledger.booked <= status.ledger.capacity);
        assert!(status.flows.len() >= 3, "{} calls", status.flows.len());
        let promised = |n| {
            let address = rether_tests::world::station(n);
            status.flows.iter().any(|flow| flow.station == address)
        };
        for (_, source) in calls.iter().filter(|(n, _)| promised(*n)) {
            let since = world.now - Duration::from_secs(2);
            let p99 = world.p99_since(*source, since);
            assert!(
                p99 <= PROMISED,
                "{strategy:?} {phy:?} source {source}: p99 {p99}"
            );
            assert!(world.in_order(*source), "{strategy:?} source {source}");
        }
        let announced = world
            .frames
            .iter()
            .any(|(_, kind)| *kind == MessageType::Schedule);
        assert_eq!(announced, strategy == Strategy::Schedule);
        assert_eq!((world.unexpected, world.missing_inside_frames()), (0, 0));
    }
}

/// Free mode costs nothing but HELLO, and both changes of mode lose no packet.
#[test]
fn token_mode_comes_and_goes_without_loss() {
    let mut world = cell(OFDM_54, 2, 4);
    let data = world.start(Source::udp(
        2,
        Direction::Up,
        9_000,
        1_500,
        Duration::from_millis(2),
    ));
    world.run_for(Duration::from_secs(1));
    let registered = world.now;
    world.run_for(Duration::from_secs(10));
    let free: Vec<_> = world.frames.iter().filter(|f| f.0 >= registered).collect();
    assert!(free.iter().all(|(_, kind)| *kind == MessageType::Hello));
    assert!(free.len() <= 20, "{} HELLOs in 10 s", free.len());
    let call = world.start(Source::voice(1, Direction::Up));
    world.run_for(Duration::from_secs(1));
    assert_eq!(world.coordinator().status().mode, CellMode::Token);
    world.end(call);
    world.run_for(Duration::from_secs(8));
    assert_eq!(world.coordinator().status().mode, CellMode::Free);
    world.end(data);
    world.run_for(Duration::from_millis(100));
    assert_eq!((world.missing(call), world.missing(data)), (0, 0));
    assert_eq!((world.dropped(), world.held()), (0, 0));
}

/// A station too slow for its packets both ways to fit into one cycle is served both ways.
#[test]
fn a_slow_station_sends_and_receives() {
    let mut world = cell((PhyKind::DsssLong, Rate(10)), 2, 5);
    world.start(Source::voice(2, Direction::Up));
    let floods = [Direction::Up, Direction::Down].map(|way| world.start(Source::flood(1, way)));
    world.run_for(Duration::from_secs(10));
    let [up, down] = floods.map(|flood| world.delays(flood).len());
    assert!(up > 100 && down > 100, "{up} up, {down} down");
    assert!(up < 2 * down && down < 2 * up, "{up} up, {down} down");
}

/// A packet longer than any Ethernet frame must not stop the others, nor the coordinator.
#[test]
fn a_jumbo_packet_passes() {
    for way in [Direction::Up, Direction::Down] {
        let mut world = cell(DSSS_11, 2, 6);
        world.start(Source::voice(2, Direction::Up));
        let jumbo = Source::udp(1, way, 9_000, 9_000, Duration::from_millis(50));
        let jumbo = world.start(jumbo);
        world.run_for(Duration::from_secs(5));
        let passed = world.delays(jumbo).len();
        assert!(passed > 50, "{passed} {way:?}");
    }
}
