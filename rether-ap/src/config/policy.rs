//! `[[policy]]`: who is promised what.

use std::collections::BTreeSet;

use rether_daemon::config::{BitRate, Count, Dscp, IpProtocol, Section, Span, Text, Wrong};
use rether_proto::policy::{Direction, Match, PolicyTable, PortRange, Promise, Rank, Rule};
use rether_proto::time::Duration;
use rether_proto::wire::Policy;

/// A typical IP packet when the rule does not say: a G.711 packet of 20 ms.
const PACKET: u16 = 200;
const DELAY: Duration = Duration::from_millis(20);
const IDLE: Duration = Duration::from_secs(5);

pub(super) fn read(file: &mut Section<'_>) -> PolicyTable {
    let mut names = BTreeSet::new();
    let rules = file.sections("policy", |rule| read_rule(rule, &mut names));
    let given = rules.len();
    let rules: Vec<Rule> = rules.into_iter().flatten().collect();
    let table = PolicyTable {
        version: version(&rules),
        rules,
    };
    // Only a table that fits into its messages can be pushed to the stations.
    if given > PolicyTable::MAX_RULES || Policy::split(&table).is_err() {
        let problem = format!("the policy has {given} rules, which is too many");
        let remedy = format!("write at most {} rules", PolicyTable::MAX_RULES);
        file.wrong("policy", Wrong::new(problem, remedy));
    }
    table
}

fn read_rule(rule: &mut Section<'_>, names: &mut BTreeSet<String>) -> Option<Rule> {
    let name = rule.required::<Text<{ Rule::MAX_NAME }>>(
        "name",
        "write what you call this rule, such as name = \"voice\"",
    );
    if let Some(Text(name)) = &name
        && !names.insert(name.clone())
    {
        let problem = format!("another rule is called {name:?} too");
        rule.wrong(
            "name",
            Wrong::new(problem, "give each rule a name of its own"),
        );
    }
    let matches = Match {
        station: rule.value("station"),
        direction: rule.value::<Direction>("direction").unwrap_or_default(),
        protocol: rule
            .value::<IpProtocol>("protocol")
            .map(|protocol| protocol.0),
        station_ip: rule.value("station-ip"),
        remote_ip: rule.value("remote-ip"),
        port: rule.value("port"),
        station_port: rule.value("station-port"),
        remote_port: rule.value("remote-port"),
        dscp: rule.value::<Dscp>("dscp").map(|dscp| dscp.0),
    };
    check_matches(rule, &matches);
    let rate = rule.required::<BitRate>(
        "rate",
        "write what each flow is promised, headers included, such as rate = \"88kbit\"",
    );
    let packet = rule.value::<Count<28, 1_500>>("packet");
    let delay = rule.value::<Span<5_000, 1_000_000>>("delay");
    let idle = rule.value::<Span<100_000, 600_000_000>>("idle");
    let remark = rule.value::<Dscp>("remark").map(|dscp| dscp.0);
    if remark.is_some() && !matches.direction.covers(Direction::Up) {
        let remedy = "remove remark, or write direction = \"both\"";
        rule.wrong(
            "remark",
            Wrong::new("only packets on the way up are marked anew", remedy),
        );
    }
    let priority = rule.value::<Count<0, 255>>("priority");
    let min_rate = rule.value::<BitRate>("min-rate").map(|least| least.0);
    if let (Some(rate), Some(least)) = (&rate, min_rate)
        && least > rate.0
    {
        let problem = format!("{least} bit/s are more than the rate that is promised");
        let remedy = "write a min-rate of at most the rate, or remove it: then the promise is \
                      withdrawn rather than shrunk";
        rule.wrong("min-rate", Wrong::new(problem, remedy));
    }
    let rank = Rank {
        priority: priority
            .and_then(|priority| u8::try_from(priority.0).ok())
            .unwrap_or(Rank::DEFAULT_PRIORITY),
        min_rate,
    };
    let promise = Promise {
        rate: rate?.0,
        packet: packet
            .and_then(|octets| u16::try_from(octets.0).ok())
            .unwrap_or(PACKET),
        delay: delay.map_or(DELAY, |span| span.0),
    };
    Some(Rule {
        name: name?.0,
        matches,
        promise,
        rank,
        idle: idle.map_or(IDLE, |span| span.0),
        remark,
    })
}

fn check_matches(rule: &Section<'_>, matches: &Match) {
    const WITH_PORTS: [u8; 4] = [6, 17, 33, 132];
    let ports: [(&str, Option<PortRange>); 3] = [
        ("port", matches.port),
        ("station-port", matches.station_port),
        ("remote-port", matches.remote_port),
    ];
    let with_port = ports.iter().find(|(_, range)| range.is_some());
    if let (Some((key, _)), Some(protocol)) = (with_port, matches.protocol)
        && !WITH_PORTS.contains(&protocol)
    {
        let problem = format!("packets of IP protocol {protocol} have no ports");
        let remedy = format!("remove `{key}`, or write protocol = \"udp\" or \"tcp\"");
        rule.wrong(key, Wrong::new(problem, remedy));
    }
    if let (Some(a), Some(b)) = (matches.station_ip, matches.remote_ip)
        && a.addr.is_ipv4() != b.addr.is_ipv4()
    {
        let problem = "station-ip and remote-ip are of different IP versions: nothing matches";
        let remedy = "write both as IPv4 or both as IPv6, or a rule for each";
        rule.wrong("remote-ip", Wrong::new(problem, remedy));
    }
    if matches
        .station
        .is_some_and(rether_proto::mac::MacAddr::is_group)
    {
        let remedy = "write the station's own address, as `iw dev wlan0 station dump` shows it";
        rule.wrong(
            "station",
            Wrong::new("this is a group address, not a station's", remedy),
        );
    }
}

/// Differs whenever the rules do (FNV-1a of their text), and is never 0, which means no table.
fn version(rules: &[Rule]) -> u32 {
    const OFFSET: u32 = 0x811c_9dc5;
    const PRIME: u32 = 0x0100_0193;
    let text = format!("{rules:?}");
    let mix = |hash: u32, octet: u8| (hash ^ u32::from(octet)).wrapping_mul(PRIME);
    text.bytes().fold(OFFSET, mix).max(1)
}
