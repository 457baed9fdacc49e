//! Policy matching, rule by rule and in order.

use super::*;
use crate::flow::FlowKey;
use alloc::vec;
use proptest::prelude::*;
use std::string::ToString;

const STATION: MacAddr = MacAddr([2, 0, 0, 0, 1, 0]);
const OTHER: MacAddr = MacAddr([2, 0, 0, 0, 2, 0]);

/// A voice packet on its way up: station 10.0.0.2:5004, remote 198.51.100.9:16400, marked EF.
fn voice() -> FlowKey {
    key("10.0.0.2", 5004, "198.51.100.9", 16400)
}

fn key(src: &str, src_port: u16, dst: &str, dst_port: u16) -> FlowKey {
    let (src, dst) = (src.parse().unwrap(), dst.parse().unwrap());
    FlowKey {
        src,
        dst,
        protocol: 17,
        src_port,
        dst_port,
        dscp: 46,
    }
}

fn prefix(text: &str) -> Option<Prefix> {
    Some(text.parse().unwrap())
}

fn ports(text: &str) -> Option<PortRange> {
    Some(text.parse().unwrap())
}

/// Conditions with one or two changed from none.
fn with(set: impl FnOnce(&mut Match)) -> Match {
    let mut condition = Match::default();
    set(&mut condition);
    condition
}

fn rule(matches: Match) -> Rule {
    let delay = Duration::from_millis(20);
    let promise = Promise {
        rate: 80_000,
        packet: 200,
        delay,
    };
    Rule {
        name: "rule".into(),
        matches,
        promise,
        idle: Duration::from_secs(10),
        remark: None,
        rank: Rank::default(),
    }
}

fn table(conditions: Vec<Match>) -> PolicyTable {
    PolicyTable {
        version: 1,
        rules: conditions.into_iter().map(rule).collect(),
    }
}

#[test]
fn each_condition_seen_from_the_station() {
    let cases: [(&str, Match, bool); 22] = [
        ("no condition", Match::default(), true),
        ("station", with(|m| m.station = Some(STATION)), true),
        ("other station", with(|m| m.station = Some(OTHER)), false),
        ("protocol", with(|m| m.protocol = Some(17)), true),
        ("other protocol", with(|m| m.protocol = Some(6)), false),
        (
            "station ip",
            with(|m| m.station_ip = prefix("10.0.0.0/8")),
            true,
        ),
        (
            "station ip at the remote end",
            with(|m| m.remote_ip = prefix("10.0.0.0/8")),
            false,
        ),
        (
            "remote ip",
            with(|m| m.remote_ip = prefix("198.51.100.9")),
            true,
        ),
        (
            "other remote ip",
            with(|m| m.remote_ip = prefix("198.51.100.8")),
            false,
        ),
        (
            "other family",
            with(|m| m.remote_ip = prefix("::/0")),
            false,
        ),
        ("port: station's", with(|m| m.port = ports("5004")), true),
        (
            "port: remote's",
            with(|m| m.port = ports("16384-16400")),
            true,
        ),
        (
            "port: neither",
            with(|m| m.port = ports("5005-16399")),
            false,
        ),
        (
            "station port",
            with(|m| m.station_port = ports("5000-5004")),
            true,
        ),
        (
            "station port is remote",
            with(|m| m.station_port = ports("16400")),
            false,
        ),
        (
            "remote port",
            with(|m| m.remote_port = ports("16400-16401")),
            true,
        ),
        (
            "remote port is station's",
            with(|m| m.remote_port = ports("5004")),
            false,
        ),
        ("dscp", with(|m| m.dscp = Some(46)), true),
        ("other dscp", with(|m| m.dscp = Some(0)), false),
        (
            "two hold",
            with(|m| (m.dscp, m.port) = (Some(46), ports("5004"))),
            true,
        ),
        (
            "one of two holds",
            with(|m| (m.dscp, m.port) = (Some(46), ports("5005"))),
            false,
        ),
        ("dscp no packet has", with(|m| m.dscp = Some(64)), false),
    ];
    for (name, condition, want) in cases {
        assert_eq!(
            condition.matches(STATION, Direction::Up, &voice()),
            want,
            "{name}, up"
        );
        let reply = voice().reversed();
        assert_eq!(
            condition.matches(STATION, Direction::Down, &reply),
            want,
            "{name}, down"
        );
    }
}

#[test]
fn a_direction_excludes_the_other() {
    for (rule, up, down) in [
        (Direction::Both, true, true),
        (Direction::Up, true, false),
        (Direction::Down, false, true),
    ] {
        let condition = with(|m| m.direction = rule);
        assert_eq!(
            condition.matches(STATION, Direction::Up, &voice()),
            up,
            "{rule:?}"
        );
        let reply = voice().reversed();
        assert_eq!(
            condition.matches(STATION, Direction::Down, &reply),
            down,
            "{rule:?}"
        );
    }
}

#[test]
fn an_unmarked_reply_matches_no_dscp_rule() {
    let table = table(vec![with(|m| m.dscp = Some(46))]);
    assert_eq!(table.classify(STATION, Direction::Up, &voice()), Some(0));
    let reply = voice().reversed().unmarked();
    assert_eq!(table.classify(STATION, Direction::Down, &reply), None);
}

#[test]
fn the_first_match_wins() {
    let table = table(vec![
        with(|m| m.station = Some(OTHER)),
        with(|m| m.remote_port = ports("16384-32767")),
        with(|m| m.station_ip = prefix("10.0.0.2")),
    ]);
    assert_eq!(table.classify(STATION, Direction::Up, &voice()), Some(1));
    assert_eq!(table.classify(OTHER, Direction::Up, &voice()), Some(0));
    let web = key("10.0.0.2", 40000, "192.0.2.1", 443);
    assert_eq!(table.classify(STATION, Direction::Up, &web), Some(2));
    let stranger = key("10.0.0.3", 40000, "192.0.2.1", 443);
    assert_eq!(table.classify(STATION, Direction::Up, &stranger), None);
    assert_eq!(
        PolicyTable::default().classify(STATION, Direction::Up, &voice()),
        None
    );
}

#[test]
fn packets_without_ports_match_no_port_rule() {
    let fragment = FlowKey {
        src_port: 0,
        dst_port: 0,
        ..voice()
    };
    // A table from the wire may hold what PortRange::new refuses.
    let all = Some(PortRange {
        first: 0,
        last: u16::MAX,
    });
    for condition in [
        with(|m| m.port = all),
        with(|m| m.station_port = all),
        with(|m| m.remote_port = all),
    ] {
        assert!(
            !condition.matches(STATION, Direction::Up, &fragment),
            "{condition:?}"
        );
        assert!(
            condition.matches(STATION, Direction::Up, &voice()),
            "{condition:?}"
        );
    }
    assert!(Match::default().matches(STATION, Direction::Up, &fragment));
}

#[test]
fn prefixes_hold_their_addresses() {
    for (range, inside, outside) in [
        ("10.0.0.0/8", "10.255.255.255", "11.0.0.0"),
        ("10.1.2.3/8", "10.0.0.0", "9.255.255.255"),
        ("192.168.1.128/25", "192.168.1.128", "192.168.1.127"),
        ("192.0.2.1", "192.0.2.1", "192.0.2.0"),
        ("0.0.0.0/0", "255.255.255.255", "::"),
        ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"),
        ("fe80::1", "fe80::1", "fe80::"),
        ("fe80::/127", "fe80::1", "fe80::2"),
        ("::/0", "ffff::", "0.0.0.0"),
    ] {
        let range: Prefix = range.parse().unwrap();
        assert!(range.contains(inside.parse().unwrap()), "{range} {inside}");
        assert!(
            !range.contains(outside.parse().unwrap()),
            "{range} {outside}"
        );
    }
    // A prefix from the wire may be longer than its address.
    let long = Prefix {
        addr: "10.0.0.1".parse().unwrap(),
        bits: 255,
    };
    assert!(long.contains("10.0.0.1".parse().unwrap()));
    assert!(!long.contains("10.0.0.0".parse().unwrap()));
}

#[test]
fn port_ranges_include_both_ends() {
    let range = PortRange::new(16384, 32767).unwrap();
    for (port, want) in [
        (16383, false),
        (16384, true),
        (32767, true),
        (32768, false),
        (0, false),
    ] {
        assert_eq!(range.contains(port), want, "{port}");
    }
    assert!(PortRange::new(65535, 65535).unwrap().contains(65535));
}

#[test]
fn what_is_wrong_and_what_to_write_instead() {
    let prefixes = [
        ("", PrefixError::Address),
        ("10.0.0/8", PrefixError::Address),
        ("example.org", PrefixError::Address),
        ("10.0.0.0/", PrefixError::Length),
        ("10.0.0.0/-1", PrefixError::Length),
        ("10.0.0.0/255.0.0.0", PrefixError::Length),
        ("10.0.0.0/33", PrefixError::TooLong { bits: 33, max: 32 }),
        (
            "::/129",
            PrefixError::TooLong {
                bits: 129,
                max: 128,
            },
        ),
    ];
    for (text, error) in prefixes {
        assert_eq!(text.parse::<Prefix>(), Err(error), "{text:?}");
    }
    let ranges = [
        ("", PortRangeError::Number),
        ("rtp", PortRangeError::Number),
        ("5004-", PortRangeError::Number),
        ("-5004", PortRangeError::Number),
        ("65536", PortRangeError::Number),
        ("1-2-3", PortRangeError::Number),
        ("0", PortRangeError::Zero { last: 65535 }),
        ("0-1023", PortRangeError::Zero { last: 1023 }),
        ("7-0", PortRangeError::Zero { last: 7 }),
        (
            "5006-5004",
            PortRangeError::Backwards {
                first: 5006,
                last: 5004,
            },
        ),
    ];
    for (text, error) in ranges {
        assert_eq!(text.parse::<PortRange>(), Err(error), "{text:?}");
    }
    let backwards = PortRangeError::Backwards {
        first: 5006,
        last: 5004,
    };
    assert_eq!(
        backwards.to_string(),
        "5006-5004 runs backwards; write 5004-5006"
    );
    let long = PrefixError::TooLong { bits: 33, max: 32 };
    assert!(long.to_string().ends_with("write /32 or less"), "{long}");
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(
        addr in any::<IpAddr>(),
        bits in 0..=32_u8,
        first in 1..=u16::MAX,
        more in any::<u16>(),
    ) {
        let prefix = Prefix::new(addr, bits).unwrap();
        prop_assert_eq!(prefix.to_string().parse(), Ok(prefix));
        let range = PortRange::new(first, first.saturating_add(more)).unwrap();
        prop_assert_eq!(range.to_string().parse(), Ok(range));
    }
}

/// By hand: 200 octets at 80 kbit/s are a packet every 20 ms.
#[test]
fn visits_are_as_rare_as_half_of_the_delay_bound_allows() {
    let promise = |rate, delay_ms| Promise {
        rate,
        packet: 200,
        delay: Duration::from_millis(delay_ms),
    };
    for (rate, delay, packets, interval) in [
        (80_000, 20, 1, 20),
        (80_000, 39, 1, 20),
        (80_000, 40, 2, 40),
        (80_000, 60, 2, 40),
        (80_000, 80, 3, 60),
        (80_000, 1_000, 26, 100),
        (800_000, 20, 6, 12),
        (8_000, 20, 1, 100),
    ] {
        let promise = promise(rate, delay);
        assert_eq!(promise.packets_a_visit(), packets, "{rate} {delay}");
        assert_eq!(
            promise.interval(),
            Duration::from_millis(interval),
            "{rate} {delay}"
        );
    }
}
