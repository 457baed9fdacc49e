mod net;
pub(super) mod pattern;

use super::*;
use net::{Net, at};
use proptest::prelude::*;
use rether_proto::time::{Duration, Instant};

fn mbps(bytes: u64, time: Duration) -> f64 {
    bytes as f64 * 8e-6 / time.as_secs_f64()
}

/// Payload that fits into 10 Mb/s, in Mb/s.
const FULL: f64 = 10.0 * 1448.0 / 1500.0;

#[test]
fn fills_a_bottleneck() {
    for congestion in [Congestion::None, Congestion::Reno, Congestion::Cubic] {
        let config = TcpConfig {
            congestion,
            ..TcpConfig::default()
        };
        let mut net = Net::new(&config, 1);
        net.run_until(at(10_000));
        let rate = mbps(net.receiver.delivered(), Duration::from_secs(10));
        assert!(rate > 0.9 * FULL, "{congestion:?}: {rate} Mb/s");
        assert!(rate <= FULL, "{congestion:?}: {rate} Mb/s");
        let seen = net.sender.statistics();
        assert_eq!(seen.retransmissions, 0, "64 KiB fit into the queue");
        // 45 segments wait for each other: 54 ms, and the way to and fro 10 ms.
        let round_trip = seen.round_trip.unwrap();
        assert!(round_trip > Duration::from_millis(45), "{round_trip}");
        assert!(round_trip < Duration::from_millis(65), "{round_trip}");
    }
}

#[test]
fn a_greedy_sender_sends_only_full_segments_and_two_to_an_ack() {
    let mut net = Net::new(&TcpConfig::default(), 1);
    net.run_until(at(5_000));
    assert_eq!(net.receiver.delivered() % 1448, 0);
    assert_eq!(net.forward.longest, 1500);
    let segments = net.sender.statistics().segments;
    assert_eq!(net.forward.of_full_size, segments);
    let acks = net.backward.packets;
    assert!(acks < segments / 2 + 30, "{acks} for {segments}");
}

#[test]
fn loss_costs_speed_but_no_byte() {
    let mut net = Net::new(&TcpConfig::default(), 2);
    net.forward.loss = 0.01;
    net.backward.loss = 0.01;
    net.run_until(at(60_000));
    let seen = net.sender.statistics();
    assert!(seen.retransmissions > 50, "{seen:?}");
    let rate = mbps(net.receiver.delivered(), Duration::from_secs(60));
    assert!((1.0..FULL).contains(&rate), "{rate} Mb/s {seen:?}");
    net.stop_and_drain();
    // The order is checked byte by byte where the receiver reads.
    assert_eq!(net.receiver.delivered(), net.sender.written());
}

#[test]
fn a_small_queue_overflows_and_the_transfer_goes_on() {
    let mut net = Net::new(&TcpConfig::default(), 2);
    net.forward.queue = 20;
    net.run_until(at(30_000));
    let rate = mbps(net.receiver.delivered(), Duration::from_secs(30));
    assert!(net.forward.dropped > 0);
    assert!(rate > 0.7 * FULL, "{rate} Mb/s {:?}", net.sender);
}

#[test]
fn survives_three_seconds_of_silence() {
    let mut net = Net::new(&TcpConfig::default(), 3);
    net.run_until(at(2_000));
    let before = net.receiver.delivered();
    net.backward.loss = 1.0;
    net.forward.loss = 1.0;
    net.run_until(at(5_000));
    assert!(net.receiver.delivered() < before + 64 * 1024);
    net.backward.loss = 0.0;
    net.forward.loss = 0.0;
    let before = net.receiver.delivered();
    net.run_until(at(15_000));
    let seen = net.sender.statistics();
    // The timer fired 1 s and 3 s after the last Ack.
    assert_eq!(seen.timeouts, 2, "{seen:?}");
    let rate = mbps(net.receiver.delivered() - before, Duration::from_secs(10));
    assert!(rate > 0.9 * FULL, "{rate} Mb/s {seen:?}");
}

#[test]
fn a_lost_handshake_is_repeated() {
    let mut net = Net::new(&TcpConfig::default(), 3);
    net.backward.loss = 1.0;
    net.run_until(at(500));
    assert!(!net.sender.is_established());
    net.backward.loss = 0.0;
    net.run_until(at(4_000));
    assert!(net.sender.is_established());
    assert!(net.receiver.delivered() > 1_000_000);
}

#[test]
fn the_seed_decides_all() {
    let run = |seed| {
        let mut net = Net::new(&TcpConfig::default(), seed);
        net.forward.loss = 0.02;
        net.run_until(at(5_000));
        (
            net.digest,
            net.receiver.delivered(),
            net.sender.statistics(),
        )
    };
    assert_eq!(run(7), run(7));
    assert_ne!(run(7).0, run(8).0, "sequence numbers come from the seed");
}

#[test]
fn keeps_to_its_rate() {
    let config = TcpConfig {
        rate: Some(2_000_000),
        ..TcpConfig::default()
    };
    let mut net = Net::new(&config, 4);
    net.run_until(at(10_000));
    let rate = mbps(net.receiver.delivered(), Duration::from_secs(10));
    assert!((1.97..=2.0).contains(&rate), "{rate} Mb/s");
    let silent = TcpConfig {
        rate: Some(0),
        ..TcpConfig::default()
    };
    let mut net = Net::new(&silent, 4);
    net.run_until(at(10_000));
    assert!(net.sender.is_established());
    assert_eq!(net.sender.written(), 0);
    assert_eq!(net.next(), None, "nothing to do, for ever");
}

#[test]
fn the_first_segment_does_not_wait_for_its_ack() {
    let delivered = |quick_acks| {
        let config = TcpConfig {
            quick_acks,
            ..TcpConfig::default()
        };
        let mut net = Net::new(&config, 1);
        net.run_until(at(200));
        net.receiver.delivered()
    };
    assert!(delivered(16) > 100_000);
    assert_eq!(delivered(0), 1448);
}

#[test]
fn stop_ends_it() {
    let mut net = Net::new(&TcpConfig::default(), 5);
    net.run_until(at(1_000));
    net.stop_and_drain();
    assert_eq!(net.receiver.delivered(), net.sender.written());
    assert_eq!(net.sender.statistics().acknowledged, net.sender.written());
    assert!(net.sender.is_finished() && net.receiver.is_finished());
    assert_eq!(net.next(), None);
}

#[test]
fn stop_ends_it_before_it_has_begun() {
    let mut net = Net::new(&TcpConfig::default(), 5);
    net.backward.loss = 1.0;
    net.run_until(at(500));
    net.stop_and_drain();
    assert!(net.sender.is_finished());
    assert_eq!(net.next(), None);
}

#[test]
fn a_receiver_that_dies_resets_the_sender() {
    let mut net = Net::new(&TcpConfig::default(), 5);
    net.run_until(at(1_000));
    net.receiver.stop(at(1_000));
    net.run_until(at(2_000));
    assert!(net.sender.is_finished());
    assert_eq!(net.next(), None);
}

#[test]
fn useless_configurations_are_refused() {
    use std::net::Ipv4Addr;
    let (here, there) = (Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 0, 0, 2));
    let new = |config: TcpConfig, port| {
        Endpoint::new(Role::Sender, &config, (here, port), (there, 9), 0).map(|_| ())
    };
    let tiny = TcpConfig {
        mss: 10,
        ..TcpConfig::default()
    };
    assert_eq!(new(tiny, 9), Err(TcpError::Mss(10)));
    let shut = TcpConfig {
        receive_buffer: 0,
        ..TcpConfig::default()
    };
    assert_eq!(new(shut, 9), Err(TcpError::ReceiveBuffer(0)));
    assert_eq!(new(TcpConfig::default(), 0), Err(TcpError::Unaddressable));
    let mut net = Net::new(&TcpConfig::default(), 1);
    assert_eq!(net.sender.start(Instant::ZERO), Err(TcpError::Started));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// [`Net::run_until`] fails if a timeout is not in the future, or if polls at timeouts pile
    /// up without a packet.
    #[test]
    fn timeouts_always_progress_and_order_holds(
        seed: u64,
        loss in 0.0..0.4f64,
        back_loss in 0.0..0.4f64,
        queue in 1usize..60,
        start in 0u64..5_000,
        mss in 64u16..3_000,
        buffer in 1usize..200_000,
        delay in 0u64..300_000_000,
        rate in proptest::option::of(0u64..50_000_000),
        congestion in prop_oneof![
            Just(Congestion::None), Just(Congestion::Reno), Just(Congestion::Cubic)
        ],
        timestamps: bool,
    ) {
        let config = TcpConfig {
            congestion,
            mss,
            timestamps,
            send_buffer: buffer,
            receive_buffer: buffer.max(usize::from(mss)),
            delayed_ack: Duration::from_nanos(delay),
            quick_acks: (seed % 20) as u16,
            rate,
        };
        let mut net = Net::starting(&config, seed, Instant::from_nanos(start));
        net.forward.queue = queue;
        net.forward.loss = loss;
        net.backward.loss = back_loss;
        net.run_until(at(20_000));
        net.forward.queue = 1_000;
        net.forward.loss = 0.0;
        net.backward.loss = 0.0;
        net.stop_and_drain();
        prop_assert_eq!(net.receiver.delivered(), net.sender.written());
        prop_assert_eq!(net.next(), None);
    }
}
