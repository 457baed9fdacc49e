use super::*;
use rether_proto::airtime::{Phy, PhyKind};
use rether_proto::time::Duration;
use rether_sim::medium::{Position, RadioConfig};

const AP: MacAddr = MacAddr([2, 0, 0, 0, 0, 0]);
const A: MacAddr = MacAddr([2, 0, 0, 0, 1, 0]);
const B: MacAddr = MacAddr([2, 0, 0, 0, 2, 0]);
const ALL: MacAddr = MacAddr::BROADCAST;

fn plan(name: &str, mac: MacAddr, frequency: u16) -> Plan {
    let phy = Phy {
        kind: PhyKind::DsssLong,
        wmm: false,
    };
    Plan {
        name: name.to_owned(),
        mac,
        config: RadioConfig::new(phy, frequency),
        feigned: Vec::new(),
        walk: Vec::new(),
    }
}

/// An access point and two stations on channel 1.
fn bridge() -> Bridge {
    let plans = [("ap", AP), ("a", A), ("b", B)].map(|(name, mac)| plan(name, mac, 2412));
    Bridge::new(MediumConfig::default(), plans.to_vec(), 1)
}

fn handle(mac: MacAddr) -> MacAddr {
    let mut handle = mac;
    handle.0[0] |= 0x40;
    handle
}

/// A data frame of `from` to `to` in the BSS of the access point, at 11 Mb/s and then at 1.
fn data(cookie: u64, from: MacAddr, to: MacAddr) -> TxFrame {
    let direction = if from == AP { 2 } else { 1 };
    let mut data = vec![0x08, direction, 0, 0];
    for address in [to, from, AP] {
        data.extend_from_slice(&address.0);
    }
    data.resize(100, 0);
    TxFrame {
        transmitter: handle(from),
        data: data.into(),
        flags: 1,
        rates: [
            TxRate { index: 3, count: 2 },
            TxRate { index: 0, count: 9 },
            TxRate::NONE,
            TxRate::NONE,
        ],
        cookie,
        frequency_mhz: 2412,
    }
}

/// Lets a second pass; what was to be told by then.
fn orders(bridge: &mut Bridge, now: &mut Instant) -> Vec<Order> {
    *now += Duration::from_secs(1);
    bridge.advance(*now);
    std::iter::from_fn(|| bridge.poll_order()).collect()
}

fn send(bridge: &mut Bridge, now: Instant, tx: TxFrame) {
    bridge.hear(now, FromKernel::Frame(tx));
}

fn report(orders: &[Order]) -> TxStatus {
    let reports: Vec<_> = orders
        .iter()
        .filter_map(|order| match order {
            Order::Report(status) => Some(*status),
            Order::Deliver { .. } => None,
        })
        .collect();
    assert_eq!(reports.len(), 1, "{orders:?}");
    reports[0]
}

/// Who was given a frame, and whether he should be there.
fn receivers(orders: &[Order]) -> Vec<(u32, bool)> {
    let each = orders.iter().filter_map(|order| match order {
        Order::Deliver {
            radio, expected, ..
        } => Some((radio.0, *expected)),
        Order::Report(_) => None,
    });
    each.collect()
}

#[test]
fn a_frame_arrives_and_its_sender_is_told() {
    let (mut bridge, mut now) = (bridge(), Instant::ZERO);
    let tx = data(7, A, AP);
    send(&mut bridge, now, tx.clone());
    assert_eq!(bridge.poll_order(), None, "nothing before its time");
    let orders = orders(&mut bridge, &mut now);
    let expected = Delivery {
        receiver: handle(AP),
        data: tx.data,
        rate_index: 3,
        signal_dbm: -30,
        frequency_mhz: 2412,
    };
    assert!(
        matches!(&orders[0], Order::Deliver { radio: RadioId(0), delivery, .. } if *delivery == expected)
    );
    let status = report(&orders);
    assert_eq!((status.transmitter, status.cookie), (handle(A), 7));
    assert_eq!((status.flags, status.signal_dbm), (1 | ACKED, -30));
    assert_eq!(status.rates[0], TxRate { index: 3, count: 1 });
    assert_eq!(status.rates[1], TxRate::NONE);
    assert_eq!(orders.len(), 2);
}

#[test]
fn what_nobody_acknowledges_uses_up_its_rates() {
    let (mut bridge, mut now) = (bridge(), Instant::ZERO);
    let nobody = MacAddr([2, 0, 0, 0, 9, 0]);
    send(&mut bridge, now, data(1, A, nobody));
    let orders = orders(&mut bridge, &mut now);
    assert_eq!(receivers(&orders), []);
    let status = report(&orders);
    assert_eq!(status.flags, 1);
    // Seven tries are dot11ShortRetryLimit.
    let expected = [TxRate { index: 3, count: 2 }, TxRate { index: 0, count: 5 }];
    assert_eq!(status.rates[..2], expected);
}

#[test]
fn a_group_frame_reaches_all_and_is_tried_on_those_elsewhere() {
    let (mut bridge, mut now) = (bridge(), Instant::ZERO);
    // b was heard on channel 6 last.
    let mut away = data(1, B, AP);
    away.frequency_mhz = 2437;
    send(&mut bridge, now, away);
    orders(&mut bridge, &mut now);
    send(&mut bridge, now, data(2, AP, ALL));
    let there = orders(&mut bridge, &mut now);
    assert_eq!(receivers(&there), [(1, true), (2, false)]);
    assert_eq!(report(&there).flags, 1, "nobody acknowledges");
    // What is for b alone does not reach it.
    send(&mut bridge, now, data(3, AP, B));
    let alone = orders(&mut bridge, &mut now);
    assert_eq!(receivers(&alone), []);
    assert_eq!(report(&alone).flags, 1);
}

#[test]
fn a_radio_that_takes_nothing_acknowledges_nothing() {
    let (mut bridge, mut now) = (bridge(), Instant::ZERO);
    send(&mut bridge, now, data(1, AP, A));
    let mut seen = Vec::new();
    while seen.is_empty() {
        now = bridge.next_time().unwrap();
        bridge.advance(now);
        seen.extend(bridge.poll_order());
    }
    let Order::Deliver { radio, frame, .. } = seen[0] else {
        panic!("{seen:?}");
    };
    bridge.refused(radio, frame);
    let told = orders(&mut bridge, &mut now);
    assert_eq!(
        report(&told).flags,
        1,
        "the Ack of the model is not believed"
    );
    send(&mut bridge, now, data(2, AP, A));
    let gone = orders(&mut bridge, &mut now);
    assert_eq!(receivers(&gone), []);
    // A frame to the group finds out whether it is back.
    send(&mut bridge, now, data(3, AP, ALL));
    assert_eq!(receivers(&orders(&mut bridge, &mut now)).len(), 2);
    send(&mut bridge, now, data(4, AP, A));
    let back = orders(&mut bridge, &mut now);
    assert_eq!(report(&back).flags, 1 | ACKED);
    assert_eq!(bridge.summary(now).refused, 1);
}

#[test]
fn a_flood_is_cut_before_the_driver_drops_its_older_half() {
    let (mut bridge, mut now) = (bridge(), Instant::ZERO);
    for cookie in 0..120 {
        send(&mut bridge, now, data(cookie, A, AP));
    }
    let at_once: Vec<_> = std::iter::from_fn(|| bridge.poll_order()).collect();
    assert_eq!(at_once.len(), 25);
    for order in at_once {
        let Order::Report(status) = order else {
            panic!("{order:?}");
        };
        assert!(status.cookie >= 95);
        assert_eq!(
            (status.flags, status.rates),
            (1 | NO_ACK, [TxRate::NONE; 4])
        );
    }
    orders(&mut bridge, &mut now);
    let summary = bridge.summary(now);
    let radio = &summary.radios["a"];
    assert_eq!((radio.unsent, radio.most_waiting), (25, 95));
    assert_eq!((radio.counters.acked, radio.counters.refused), (95, 0));
    assert_eq!(radio.retries, 0);
}

#[test]
fn a_radio_that_vanished_neither_hears_nor_is_heard() {
    let (mut bridge, mut now) = (bridge(), Instant::ZERO);
    assert!(bridge.vanish("a") && !bridge.vanish("nobody"));
    for tx in [data(1, AP, A), data(2, A, AP), data(3, A, ALL)] {
        send(&mut bridge, now, tx);
        let seen = orders(&mut bridge, &mut now);
        assert_eq!(receivers(&seen), []);
        assert_eq!(report(&seen).flags, 1);
    }
    send(&mut bridge, now, data(4, AP, ALL));
    assert_eq!(receivers(&orders(&mut bridge, &mut now)), [(2, true)]);
}

#[test]
fn cells_are_learnt_from_their_beacons() {
    let (mut bridge, now) = (bridge(), Instant::ZERO);
    let mut beacon = vec![0x80, 0, 0, 0];
    for address in [ALL, AP, AP] {
        beacon.extend_from_slice(&address.0);
    }
    beacon.resize(34, 0);
    // Short preambles; 1 Mb/s basic, 11 not.
    beacon.extend_from_slice(&[0x21, 0, 1, 2, 0x82, 22]);
    let mut tx = data(1, AP, ALL);
    tx.data = beacon.into();
    send(&mut bridge, now, tx);
    let kind = |bridge: &Bridge, radio| bridge.medium.radio(RadioId(radio)).phy.kind;
    assert_eq!(kind(&bridge, 0), PhyKind::DsssShort);
    assert_eq!(kind(&bridge, 1), PhyKind::DsssLong, "not in the cell yet");
    send(&mut bridge, now, data(2, A, AP));
    assert_eq!(kind(&bridge, 1), PhyKind::DsssShort);
    let config = bridge.medium.radio(RadioId(1));
    assert_eq!(config.basic_rates, [Rate(10)]);
    assert_eq!(config.queue_limit, QUEUE);
}

#[test]
fn who_walks_away_is_heard_no_more() {
    let propagation = rether_sim::medium::Propagation::LogDistance(Default::default());
    let config = MediumConfig {
        propagation,
        ..MediumConfig::default()
    };
    let mut walker = plan("a", A, 2412);
    walker.walk = vec![
        (0.0, Position::from([1.0, 0.0])),
        (10.0, Position::from([1001.0, 0.0])),
    ];
    let mut bridge = Bridge::new(config, vec![plan("ap", AP, 2412), walker], 1);
    let mut now = Instant::ZERO;
    assert!(!bridge.walk(now), "the clock has not started");
    bridge.start_clock(now);
    assert!(bridge.walk(now));
    send(&mut bridge, now, data(1, A, AP));
    let near = report(&orders(&mut bridge, &mut now));
    assert_eq!(near.flags, 1 | ACKED);
    now = Instant::ZERO + Duration::from_secs(10);
    assert!(bridge.walk(now));
    send(&mut bridge, now, data(2, A, AP));
    let far = orders(&mut bridge, &mut now);
    assert_eq!((receivers(&far), report(&far).flags), (vec![], 1));
}

#[test]
fn what_cannot_be_read_is_answered() {
    let (mut bridge, now) = (bridge(), Instant::ZERO);
    let mut stranger = data(1, A, AP);
    stranger.transmitter = MacAddr([1; 6]);
    let mut stub = data(2, A, AP);
    stub.data = [0x08, 1, 0][..].into();
    for tx in [stranger, stub] {
        send(&mut bridge, now, tx);
        assert!(matches!(bridge.poll_order(), Some(Order::Report(status)) if status.flags == 1));
    }
    assert_eq!(bridge.summary(now).strange, 2);
}
