mod plan;

use proptest::prelude::*;

use super::*;
use crate::airtime::PhyKind;

const A54: LinkRates = LinkRates {
    up: Rate(540),
    down: Rate(540),
};
const B11: LinkRates = LinkRates {
    up: Rate(110),
    down: Rate(110),
};

fn ledger(kind: PhyKind) -> Ledger {
    Ledger::new(LedgerConfig {
        phy: Phy { kind, wmm: false },
        turn: Turn::Paired,
        nrt_minimum: 100,
        default_cycle: Duration::from_millis(20),
        shortest_cycle: Duration::from_millis(5),
        limit: 100,
    })
}

fn id(n: u8, port: u16) -> FlowId {
    let key = FlowKey {
        protocol: 17,
        src_port: port,
        ..FlowKey::UNKNOWN
    };
    FlowId::of(MacAddr([2, 0, 0, 0, 0, n]), Direction::Up, key)
}

fn entry(direction: Direction, rate: u32, packet: u16, delay_ms: u64) -> Entry {
    Entry {
        rule: None,
        direction,
        promise: Promise {
            rate,
            packet,
            delay: Duration::from_millis(delay_ms),
        },
        granted: rate,
        rank: Rank::default(),
        idle: Duration::from_secs(1),
        since: Instant::ZERO,
        up_idle: false,
        bundled: false,
    }
}

/// By hand, 802.11a, 54 Mb/s: DIFS 34, 15 / 3 slots of 9, Ack at 24 Mb/s 28, SIFS 16, so 123 us and
/// the data PPDU. 200 octets of IP are 236 of MPDU: 22 + 1888 bits in symbols of 216 are 9, and
/// 20 + 9 * 4 = 56 us. TOKEN: 43 + 36 = 79 octets, 654 bits, 4 symbols, 36 us. RETURN: 59 + 36 = 95
/// octets, 782 bits, 4 symbols, 36 us.
#[test]
fn airtime_of_a_call_11a_by_hand() {
    let mut ledger = ledger(PhyKind::Ofdm);
    let voice = entry(Direction::Both, 80_000, 200, 20);
    ledger.admit(id(1, 1), voice, |_| A54).unwrap();
    // One packet each way in a cycle, and the token.
    let micros = 2 * (123 + 56) + 2 * (123 + 36);
    assert_eq!(ledger.booked(|_| A54), Duration::from_micros(micros));
}

/// By hand, 802.11b, 11 Mb/s, long preamble: DIFS 50, 31 / 3 slots of 20, SIFS 10, Ack at 2 Mb/s
/// 192 + 56, so 515 us, rounded up, and the data PPDU of 192 us and 8 / 11 us an octet, rounded up.
#[test]
fn airtime_of_a_call_11b_by_hand() {
    let mut ledger = ledger(PhyKind::DsssLong);
    let voice = entry(Direction::Up, 80_000, 200, 20);
    ledger.admit(id(1, 1), voice, |_| B11).unwrap();
    let ppdu = |octets: u64| 192 + (octets * 8).div_ceil(11);
    let micros = (515 + ppdu(236)) + (515 + ppdu(79)) + (515 + ppdu(95));
    assert_eq!(ledger.booked(|_| B11), Duration::from_micros(micros));
}

#[test]
fn a_station_pays_for_its_token_once_and_only_for_uplink() {
    let mut ledger = ledger(PhyKind::Ofdm);
    let cost = visit_cost(ledger.config.phy, Turn::Paired, A54);
    let one = entry(Direction::Down, 80_000, 200, 20);
    ledger.admit(id(1, 1), one, |_| A54).unwrap();
    let down = ledger.booked(|_| A54);
    ledger
        .admit(id(2, 1), entry(Direction::Up, 80_000, 200, 20), |_| A54)
        .unwrap();
    assert_eq!(ledger.booked(|_| A54), down * 2 + cost);
    ledger
        .admit(id(2, 2), entry(Direction::Up, 80_000, 200, 20), |_| A54)
        .unwrap();
    assert_eq!(ledger.booked(|_| A54), down * 3 + cost);
}

#[test]
fn tcp_pays_for_its_acknowledgements() {
    let mut ledger = ledger(PhyKind::Ofdm);
    let phy = ledger.config.phy;
    let mut tcp = id(1, 1);
    tcp.key.protocol = 6;
    // 600 kb/s of 1500 octets: one packet in 20 ms.
    ledger
        .admit(tcp, entry(Direction::Down, 600_000, 1_500, 20), |_| A54)
        .unwrap();
    let granted = |octets| phy.granted(Turn::Paired, Rate(540), octets);
    // 13 kbit/s of acknowledgements wait for a visit, one each 32 ms.
    let visits = visit_cost(phy, Turn::Paired, A54) * 20 / 32;
    let expected = granted(1_500) + granted(52) / 2 + visits;
    assert_eq!(ledger.booked(|_| A54), expected);
}

/// 80 kbit/s of 200 octets are a packet every 20 ms.
#[test]
fn the_tightest_delay_sets_how_often_a_station_is_visited() {
    let mut ledger = ledger(PhyKind::Ofdm);
    let phy = ledger.config.phy;
    let cost = visit_cost(phy, Turn::Paired, A54);
    let packet = phy.granted(Turn::Paired, Rate(540), 200);
    // A cycle is 20 ms.
    let flows = [(80, 1, 60), (60, 2, 40), (20, 3, 20)];
    for (delay, n, interval) in flows {
        let voice = entry(Direction::Up, 80_000, 200, delay);
        ledger.admit(id(1, n), voice, |_| A54).unwrap();
        let visits = cost * 20 / interval;
        assert_eq!(ledger.booked(|_| A54), packet * u64::from(n) + visits);
        assert_eq!(ledger.cycle(), Duration::from_millis(20));
    }
    assert!(ledger.release(&id(1, 3)).is_some());
    assert_eq!(ledger.booked(|_| A54), packet * 2 + cost * 20 / 40);
}

#[test]
fn refusals_say_why() {
    let mut ledger = ledger(PhyKind::DsssLong);
    let refused = |ledger: &mut Ledger, entry| ledger.admit(id(1, 1), entry, |_| B11).unwrap_err();
    let refusal = refused(&mut ledger, entry(Direction::Up, 8_000, 200, 4));
    assert_eq!((refusal.reason, refusal.largest), (RefusalReason::Delay, 0));
    let refusal = refused(&mut ledger, entry(Direction::Up, 20_000_000, 1_500, 20));
    assert_eq!(refusal.reason, RefusalReason::Airtime);
    assert!(refusal.largest > 1_000_000);
    ledger.config.limit = 0;
    let refusal = refused(&mut ledger, entry(Direction::Up, 8_000, 200, 20));
    assert_eq!(
        (refusal.reason, refusal.largest),
        (RefusalReason::TooMany, 0)
    );
    assert!(ledger.is_empty());
}

#[test]
fn a_refused_change_leaves_what_was_granted() {
    let mut ledger = ledger(PhyKind::Ofdm);
    let small = entry(Direction::Up, 80_000, 200, 20);
    ledger.admit(id(1, 1), small, |_| A54).unwrap();
    let greedy = entry(Direction::Up, 100_000_000, 1_500, 20);
    ledger.admit(id(1, 1), greedy, |_| A54).unwrap_err();
    assert_eq!(ledger.get(&id(1, 1)), Some(&small));
    // A change is judged without what it replaces, also at the limit.
    ledger.config.limit = 1;
    let more = entry(Direction::Up, 160_000, 200, 20);
    ledger.admit(id(1, 1), more, |_| A54).unwrap();
}

/// A promise of no airtime was granted although its token alone had no room.
#[test]
fn a_token_needs_room_too() {
    let mut ledger = ledger(PhyKind::DsssLong);
    let mut admitted = 0;
    while ledger
        .admit(id(admitted, 1), entry(Direction::Up, 0, 200, 20), |_| B11)
        .is_ok()
    {
        admitted += 1;
    }
    let cost = visit_cost(ledger.config.phy, Turn::Paired, B11);
    // Visited every 100 ms, five cycles.
    let room = Duration::from_millis(18).as_nanos() / (cost / 5).as_nanos();
    assert_eq!(u64::from(admitted), room);
}

#[test]
fn a_station_is_found_among_its_neighbours() {
    let mut ledger = ledger(PhyKind::Ofdm);
    for n in 1..=3 {
        for port in [0, 1, u16::MAX] {
            let mut id = id(n, port);
            if port == 1 {
                id.key.src = core::net::IpAddr::V6(core::net::Ipv6Addr::LOCALHOST);
            }
            ledger
                .admit(id, entry(Direction::Up, 8_000, 200, 20), |_| A54)
                .unwrap();
        }
    }
    assert_eq!(ledger.of_station(id(2, 0).station).count(), 3);
    assert_eq!(ledger.of_station(id(9, 0).station).count(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// The rate that a refusal names is granted, and no higher one is.
    #[test]
    fn the_largest_rate_is_exact(
        higher in 1.0_f64..4.0,
        kind in prop_oneof![Just((PhyKind::Ofdm, A54)), Just((PhyKind::DsssLong, B11))],
        packet in 1_u16..2_000,
        delay in 5_u64..40,
        calls in 0_u8..12,
        way in prop_oneof![Just(Direction::Up), Just(Direction::Down), Just(Direction::Both)],
        tcp in any::<bool>(),
    ) {
        let (kind, links) = kind;
        let mut ledger = ledger(kind);
        for n in 0..calls {
            let _ = ledger.admit(id(n, 1), entry(Direction::Both, 88_000, 200, 20), |_| links);
        }
        let mut flow = id(200, 1);
        flow.key.protocol = if tcp { 6 } else { 17 };
        let greedy = entry(way, 2_000_000_000, packet, delay);
        let refusal = ledger.admit(flow, greedy, |_| links).unwrap_err();
        prop_assert_eq!(refusal.reason, RefusalReason::Airtime);
        let higher = (f64::from(refusal.largest) * higher) as u32;
        for more in [1, refusal.largest / 100, higher - refusal.largest] {
            let more = entry(way, refusal.largest + more.max(1), packet, delay);
            prop_assert!(ledger.would_admit(flow, more, |_| links).is_err());
        }
        if refusal.largest > 0 {
            let fits = entry(way, refusal.largest, packet, delay);
            prop_assert!(ledger.admit(flow, fits, |_| links).is_ok());
            prop_assert!(ledger.booked(|_| links) <= ledger.capacity(ledger.cycle()));
        }
    }
}
