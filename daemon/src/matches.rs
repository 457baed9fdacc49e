//! From policy rules to the packets that nftables shows to the gate in free mode.
//!
//! The kernel may show more than a rule means (it does not compare stations, and knows ports of
//! TCP and UDP only): the core classifies exactly, and passes on at once what no rule matches. It
//! must never show less.

use std::ops::RangeInclusive;

use rether_linux::rules::{FlowMatch, Prefix, Protocol};
use rether_proto::mac::MacAddr;
use rether_proto::policy::{Direction, Match, PolicyTable, PortRange};

/// IP protocol numbers (IANA).
const TCP: u8 = 6;
const UDP: u8 = 17;

/// What packets that go `way` look like when some rule of `table` may match them. With a station,
/// rules for other stations are left out.
#[must_use]
pub fn watched(table: &PolicyTable, way: Direction, station: Option<MacAddr>) -> Vec<FlowMatch> {
    let concerns = |rule: &Match| {
        let other = station.is_some_and(|own| rule.station.is_some_and(|wanted| wanted != own));
        rule.direction.covers(way) && !other
    };
    let mut found = Vec::new();
    for rule in table
        .rules
        .iter()
        .map(|rule| &rule.matches)
        .filter(|rule| concerns(rule))
    {
        for candidate in of_rule(rule, way) {
            if !found.contains(&candidate) {
                found.push(candidate);
            }
        }
    }
    found
}

/// One match, or two if a port may stand at either end.
fn of_rule(rule: &Match, way: Direction) -> Vec<FlowMatch> {
    let (station_port, remote_port) = (rule.station_port, rule.remote_port);
    let Some(port) = rule.port else {
        return vec![with_ports(rule, way, station_port, remote_port)];
    };
    let narrowed = |given: Option<PortRange>| match given {
        Some(given) => intersection(given, port),
        None => Some(port),
    };
    let at_station =
        narrowed(station_port).map(|port| with_ports(rule, way, Some(port), remote_port));
    let at_remote =
        narrowed(remote_port).map(|port| with_ports(rule, way, station_port, Some(port)));
    at_station.into_iter().chain(at_remote).collect()
}

fn with_ports(
    rule: &Match,
    way: Direction,
    station_port: Option<PortRange>,
    remote_port: Option<PortRange>,
) -> FlowMatch {
    let station = (rule.station_ip.map(prefix), station_port.map(range));
    let remote = (rule.remote_ip.map(prefix), remote_port.map(range));
    let (src, dst) = if way == Direction::Down {
        (remote, station)
    } else {
        (station, remote)
    };
    let protocol = match rule.protocol {
        Some(TCP) => Some(Protocol::Tcp),
        Some(UDP) => Some(Protocol::Udp),
        _ => None,
    };
    FlowMatch {
        protocol,
        src: src.0,
        dst: dst.0,
        src_ports: src.1,
        dst_ports: dst.1,
        dscp: rule.dscp,
    }
}

const fn prefix(prefix: rether_proto::policy::Prefix) -> Prefix {
    Prefix {
        address: prefix.addr,
        length: prefix.bits,
    }
}

const fn range(range: PortRange) -> RangeInclusive<u16> {
    range.first..=range.last
}

fn intersection(a: PortRange, b: PortRange) -> Option<PortRange> {
    let (first, last) = (a.first.max(b.first), a.last.min(b.last));
    (first <= last).then_some(PortRange { first, last })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rether_proto::policy::{Promise, Rank, Rule};
    use rether_proto::time::Duration;

    fn table(matches: Vec<Match>) -> PolicyTable {
        let promise = Promise {
            rate: 1,
            packet: 1,
            delay: Duration::from_millis(20),
        };
        let idle = Duration::from_secs(1);
        let rule = |matches| Rule {
            name: "r".into(),
            matches,
            promise,
            idle,
            remark: None,
            rank: Rank::default(),
        };
        PolicyTable {
            version: 1,
            rules: matches.into_iter().map(rule).collect(),
        }
    }

    fn ports(text: &str) -> Option<PortRange> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn source_and_destination_change_places_on_the_way_down() {
        let rule = Match {
            protocol: Some(UDP),
            station_ip: Some("10.0.0.2".parse().unwrap()),
            remote_port: ports("5004-5010"),
            dscp: Some(46),
            ..Match::default()
        };
        let table = table(vec![rule]);
        let up = watched(&table, Direction::Up, None);
        assert_eq!(up.len(), 1);
        assert_eq!(up[0].protocol, Some(Protocol::Udp));
        assert_eq!(up[0].src.unwrap().length, 32);
        assert_eq!((up[0].dst, up[0].src_ports.clone()), (None, None));
        assert_eq!(
            (up[0].dst_ports.clone(), up[0].dscp),
            (Some(5004..=5010), Some(46))
        );
        let down = watched(&table, Direction::Down, None);
        assert_eq!(down[0].dst, up[0].src);
        assert_eq!(down[0].src_ports, up[0].dst_ports);
    }

    #[test]
    fn a_port_at_either_end_is_two_matches_or_one_or_none() {
        let port = ports("100-200");
        let both = Match {
            port,
            ..Match::default()
        };
        let up = watched(&table(vec![both.clone(), both]), Direction::Up, None);
        let seen: Vec<_> = up
            .iter()
            .map(|m| (m.src_ports.clone(), m.dst_ports.clone()))
            .collect();
        assert_eq!(seen, [(Some(100..=200), None), (None, Some(100..=200))]);

        let narrowed = Match {
            port,
            station_port: ports("150-300"),
            ..Match::default()
        };
        let up = watched(&table(vec![narrowed]), Direction::Up, None);
        let seen: Vec<_> = up
            .iter()
            .map(|m| (m.src_ports.clone(), m.dst_ports.clone()))
            .collect();
        assert_eq!(
            seen,
            [(Some(150..=200), None), (Some(150..=300), Some(100..=200))]
        );

        let apart = Match {
            port,
            station_port: ports("1"),
            remote_port: ports("2"),
            ..Match::default()
        };
        assert!(watched(&table(vec![apart]), Direction::Up, None).is_empty());
    }

    #[test]
    fn rules_of_other_ways_and_other_stations_are_left_out() {
        let own = MacAddr([2, 0, 0, 0, 0, 1]);
        let down = Match {
            direction: Direction::Down,
            ..Match::default()
        };
        let other = Match {
            station: Some(MacAddr([2, 0, 0, 0, 0, 2])),
            ..Match::default()
        };
        let table = table(vec![down, other]);
        assert!(watched(&table, Direction::Up, Some(own)).is_empty());
        assert_eq!(watched(&table, Direction::Up, None).len(), 1);
        assert_eq!(watched(&table, Direction::Down, Some(own)).len(), 1);
    }

    #[test]
    fn other_protocols_are_shown_without_their_number() {
        let icmp = Match {
            protocol: Some(1),
            ..Match::default()
        };
        let up = watched(&table(vec![icmp]), Direction::Up, None);
        assert_eq!(up, [FlowMatch::default()]);
    }
}
