//! Whole conversations of a cell, without faults: what the protocol promises when all goes well.

use rether_proto::airtime::{Phy, PhyKind, Rate};
use rether_proto::coordinator::CoordinatorConfig;
use rether_proto::policy::{Direction, Match, PolicyTable, PortRange, Promise, Rule};
use rether_proto::time::Duration;
use rether_proto::wire::CellMode;
use rether_tests::world::{Source, World, station};

fn voice_policy() -> PolicyTable {
    let ports = PortRange::new(5_004, 5_004).expect("a range");
    let matches = Match {
        protocol: Some(17),
        port: Some(ports),
        ..Match::default()
    };
    let promise = Promise {
        rate: 88_000,
        packet: 200,
        delay: Duration::from_millis(20),
    };
    let rule = Rule {
        name: "voice".into(),
        matches,
        promise,
        idle: Duration::from_secs(2),
    };
    PolicyTable {
        version: 1,
        rules: vec![rule],
    }
}

fn cell(kind: PhyKind, rate: u16) -> World {
    let config = CoordinatorConfig::new(Phy { kind, wmm: false }, Rate(rate));
    World::new(config, voice_policy(), 1)
}

fn p99(mut delays: Vec<Duration>) -> Duration {
    delays.sort_unstable();
    delays[delays.len() * 99 / 100]
}

fn loaded(kind: PhyKind, rate: u16) {
    let mut world = cell(kind, rate);
    for n in 1..=3 {
        world.join(n, true);
    }
    world.run_for(Duration::from_millis(500));
    let up = world.start(Source::voice(1, Direction::Up));
    let down = world.start(Source::voice(1, Direction::Down));
    world.run_for(Duration::from_millis(100));
    let b = world.start(Source::flood(2, Direction::Up));
    let c = world.start(Source::flood(3, Direction::Up));
    let d = world.start(Source::flood(2, Direction::Down));
    world.run_for(Duration::from_secs(5));
    let delays = |source| {
        world
            .delivered
            .iter()
            .filter(|p| p.source == source)
            .map(|p| p.released.since(p.sent))
            .collect::<Vec<_>>()
    };
    for voice in [up, down] {
        let delays = delays(voice);
        let waiting = world.sent(voice) - delays.len() as u64;
        assert!(waiting <= 1, "{waiting} voice packets missing");
        let p99 = p99(delays);
        assert!(p99 <= Duration::from_millis(25), "p99 {p99}");
    }
    let goodput = |s| {
        world
            .delivered
            .iter()
            .filter(|p| p.source == s)
            .map(|p| u64::from(p.octets) * 8)
            .sum::<u64>()
            / 5_000_000
    };
    println!(
        "Mb/s: B up {} C up {} B down {}",
        goodput(b),
        goodput(c),
        goodput(d)
    );
    let status = world.coordinator().status();
    println!("{status:#?}");
    assert_eq!(status.mode, CellMode::Token);
    assert_eq!(status.stats.overfull_cycles, 0);
    let air = |n: u8| {
        let s = status
            .stations
            .iter()
            .find(|s| s.address == station(n))
            .expect("joined");
        (s.airtime_up + s.airtime_down + s.airtime_overhead).as_secs_f64()
    };
    let ratio = air(2) / air(3);
    assert!((0.95..=1.05).contains(&ratio), "airtime ratio {ratio}");
}

#[test]
fn voice_is_kept_under_load_11a() {
    loaded(PhyKind::Ofdm, 540);
}

#[test]
fn voice_is_kept_under_load_11b() {
    loaded(PhyKind::DsssLong, 110);
}
