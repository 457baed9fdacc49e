//! What the types cannot say: names that exist, values that fit each other.

mod radio;
mod roam;

use super::{Check, Deed, Event, Phy, Relation, Scenario, Traffic, TrafficKind, WIRE};

/// A value that cannot be run, and where it stands.
pub(super) struct Fault {
    pub(super) table: &'static str,
    pub(super) index: usize,
    pub(super) key: &'static str,
    pub(super) text: String,
}

impl Fault {
    pub(super) fn key_path(&self) -> String {
        if self.table.is_empty() {
            self.key.to_owned()
        } else {
            format!("{}[{}].{}", self.table, self.index + 1, self.key)
        }
    }
}

type Finding = Option<(&'static str, String)>;

/// The first fault, in the order of the file format.
pub(super) fn validate(scenario: &Scenario) -> Option<Fault> {
    let top = top(scenario).map(|found| ("", 0, found));
    let aps = each("ap", &scenario.ap, |index, _| ap(scenario, index));
    let stations = each("station", &scenario.station, |index, _| {
        station(scenario, index)
    });
    let arms = each("arm", &scenario.arm, |index, arm| {
        let earlier = scenario
            .arm
            .iter()
            .take(index)
            .any(|other| other.name == arm.name);
        name_fault(&arm.name).or_else(|| earlier.then(|| ("name", taken(&arm.name))))
    });
    let arms = arms.or_else(|| each("arm", &scenario.arm, |_, arm| roam::arm(arm)));
    let flows = each("traffic", &scenario.traffic, |index, flow| {
        traffic(scenario, index, flow)
    });
    let events = each("event", &scenario.event, |_, item| event(scenario, item));
    let checks = each("check", &scenario.check, |_, item| check(scenario, item));
    let (table, index, (key, text)) = top
        .or(aps)
        .or(stations)
        .or(arms)
        .or(flows)
        .or(events)
        .or(checks)?;
    Some(Fault {
        table,
        index,
        key,
        text,
    })
}

fn each<T>(
    table: &'static str,
    items: &[T],
    fault: impl Fn(usize, &T) -> Finding,
) -> Option<(&'static str, usize, (&'static str, String))> {
    items
        .iter()
        .enumerate()
        .find_map(|(index, item)| Some((table, index, fault(index, item)?)))
}

fn top(scenario: &Scenario) -> Finding {
    if let Some(found) = name_fault(&scenario.name) {
        return Some(found);
    }
    if scenario.ap.is_empty() {
        return Some(("ap", "no access point; add an [[ap]] table".to_owned()));
    }
    if scenario.policy.is_some() && scenario.policy_file.is_some() {
        let text = "`policy` is given as well; keep one of the two".to_owned();
        return Some(("policy-file", text));
    }
    radio::medium(&scenario.medium)
}

fn taken(name: &str) -> String {
    format!("`{name}` is taken; choose another name")
}

/// Names become namespaces, file names and parts of metric paths.
fn name_fault(name: &str) -> Finding {
    let fits = (1..=40).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    (!fits).then(|| {
        (
            "name",
            format!("`{name}` is not a name; use 1 to 40 of the characters a-z, 0-9 and -"),
        )
    })
}

fn nodes(scenario: &Scenario) -> Vec<&str> {
    let aps = scenario.ap.iter().map(|ap| ap.name.as_str());
    let stations = scenario.station.iter().map(|station| station.name.as_str());
    std::iter::once(WIRE).chain(aps).chain(stations).collect()
}

fn unknown(kind: &str, name: &str, known: &[&str]) -> Option<String> {
    (!known.contains(&name)).then(|| {
        format!(
            "no {kind} is named `{name}`; there are: {}",
            known.join(", ")
        )
    })
}

fn ap(scenario: &Scenario, index: usize) -> Finding {
    let ap = scenario.ap.get(index)?;
    // The wire is node 0.
    let earlier = nodes(scenario)
        .into_iter()
        .take(index + 1)
        .any(|name| name == ap.name);
    if let Some(found) = name_fault(&ap.name) {
        return Some(found);
    }
    if earlier {
        return Some(("name", taken(&ap.name)));
    }
    if ap.phy.frequency(ap.channel()).is_none() {
        let text = format!(
            "channel {} is not in the band of this phy; 11a has 36 to 64, 100 to 144 and 149 to 165, 11b and 11g have 1 to 13",
            ap.channel()
        );
        return Some(("channel", text));
    }
    if !ap.position.x.is_finite() || !ap.position.y.is_finite() {
        return Some(("position", "must be two numbers of metres".to_owned()));
    }
    if ap.wmm_profile.is_some() && !ap.wmm {
        let text = "there are EDCA parameters with `wmm = true` only".to_owned();
        return Some(("wmm-profile", text));
    }
    if ap.policy.is_some() && !ap.coordinator {
        let text = "only a coordinator has one; remove `coordinator = false`";
        return Some(("policy", text.to_owned()));
    }
    rate_fault(ap.phy, ap.rate_mbps())
        .or_else(|| radio::mac(ap))
        .or_else(|| roam::site(scenario, ap))
}

fn station(scenario: &Scenario, index: usize) -> Finding {
    let station = scenario.station.get(index)?;
    let before = scenario.ap.len() + index + 1;
    if let Some(found) = name_fault(&station.name) {
        return Some(found);
    }
    if nodes(scenario)
        .into_iter()
        .take(before)
        .any(|name| name == station.name)
    {
        return Some(("name", taken(&station.name)));
    }
    let aps: Vec<_> = scenario.ap.iter().map(|ap| ap.name.as_str()).collect();
    if let Some(text) = unknown("access point", &station.ap, &aps) {
        return Some(("ap", text));
    }
    let places = station.walk.iter().map(|point| point.position);
    let mut places = places.chain([station.position]);
    if places.any(|place| !place.x.is_finite() || !place.y.is_finite()) {
        return Some(("position", "must be two numbers of metres".to_owned()));
    }
    if !station.walk.iter().map(|point| point.at).is_sorted() {
        return Some((
            "walk",
            "waypoints must be in the order of their times".to_owned(),
        ));
    }
    let ap = scenario.find_ap(&station.ap)?;
    if station.vice.is_some() && !(station.agent && ap.coordinator) {
        let text = "only an agent has one; remove `agent = false`, or `coordinator = false`";
        return Some(("vice", text.to_owned()));
    }
    if station.config.is_some() && !station.agent {
        let text = "only an agent has one; remove `agent = false`";
        return Some(("config", text.to_owned()));
    }
    roam::bgscan(station).or_else(|| rate_fault(ap.phy, station.rate_mbps?))
}

fn rate_fault(phy: Phy, rate_mbps: f64) -> Finding {
    let rates = phy.rates().iter().map(|rate| f64::from(*rate) / 10.0);
    if rates.clone().any(|rate| (rate - rate_mbps).abs() < 0.01) {
        return None;
    }
    let known: Vec<_> = rates.map(|rate| rate.to_string()).collect();
    let text = format!(
        "{rate_mbps} is not a rate of this phy; it has {}",
        known.join(", ")
    );
    Some(("rate-mbps", text))
}

fn arms(scenario: &Scenario, named: Option<&[String]>) -> Finding {
    let known: Vec<_> = scenario.arm.iter().map(|arm| arm.name.as_str()).collect();
    let text = named?
        .iter()
        .find_map(|name| unknown("arm", name, &known))?;
    Some(("arms", text))
}

fn traffic(scenario: &Scenario, index: usize, flow: &Traffic) -> Finding {
    let nodes = nodes(scenario);
    if let Some(found) = name_fault(&flow.name) {
        return Some(found);
    }
    if scenario
        .traffic
        .iter()
        .take(index)
        .any(|other| other.name == flow.name)
    {
        return Some(("name", taken(&flow.name)));
    }
    for (key, name) in [("from", &flow.from), ("to", &flow.to)] {
        if let Some(text) = unknown("node", name, &nodes) {
            return Some((key, text));
        }
    }
    if flow.from == flow.to {
        return Some(("to", "a flow needs two different ends".to_owned()));
    }
    if flow.duration.0.is_zero() {
        return Some(("duration", "must be more than 0".to_owned()));
    }
    if flow.dscp.is_some_and(|dscp| dscp > 63) {
        return Some(("dscp", "must be 0 to 63".to_owned()));
    }
    let whole_seconds = flow.duration.0.subsec_nanos() == 0;
    if matches!(flow.kind, TrafficKind::Udp | TrafficKind::Tcp) && !whole_seconds {
        return Some((
            "duration",
            "iperf3 runs for whole seconds; write such as \"5s\"".to_owned(),
        ));
    }
    keys_of_kind(flow).or_else(|| arms(scenario, flow.arms.as_deref()))
}

/// Keys that mean nothing for a kind of traffic are refused, not ignored.
fn keys_of_kind(flow: &Traffic) -> Finding {
    use TrafficKind::{Ping, Probe, Tcp, Udp, Video, Voice};
    let given = [
        ("rate", flow.rate.is_some(), &[Udp, Tcp, Video][..]),
        (
            "port",
            flow.port.is_some(),
            &[Voice, Udp, Tcp, Video, Probe],
        ),
        ("congestion", flow.congestion.is_some(), &[Tcp]),
        ("window-bytes", flow.window_bytes.is_some(), &[Tcp]),
        (
            "packet-bytes",
            flow.packet_bytes.is_some(),
            &[Udp, Ping, Video],
        ),
        ("codec", flow.codec.is_some(), &[Voice]),
        ("interval", flow.interval.is_some(), &[Ping, Probe]),
        (
            "dscp",
            flow.dscp.is_some(),
            &[Voice, Udp, Tcp, Video, Probe],
        ),
    ];
    for (key, is_given, kinds) in given {
        if is_given && !kinds.contains(&flow.kind) {
            return Some((
                key,
                format!("has no meaning for this kind of traffic; it belongs to {kinds:?}")
                    .to_lowercase(),
            ));
        }
    }
    if flow.kind == Probe {
        return roam::probe(flow);
    }
    (flow.kind == Video && flow.rate.is_none()).then(|| {
        (
            "rate",
            "`video` needs a mean rate; write such as \"1.5Mbit/s\"".to_owned(),
        )
    })
}

fn event(scenario: &Scenario, event: &Event) -> Finding {
    if let Some(text) = unknown("node", &event.node, &nodes(scenario)) {
        return Some(("node", text));
    }
    let ap = scenario.find_ap(&event.node);
    let station = scenario.find_station(&event.node);
    let has_daemon = ap.is_some_and(|ap| ap.coordinator) || station.is_some_and(|s| s.agent);
    let fault = match event.deed {
        deed if deed.concerns_daemon() => (!has_daemon).then_some("this node runs no daemon"),
        Deed::Vanish => station.is_none().then_some("only a station can vanish"),
        Deed::SetRate => station
            .is_none()
            .then_some("a rate is that of a station's link; name the station"),
        Deed::RestartHostapd => ap.is_none().then_some("hostapd runs on access points only"),
        Deed::LinkDown | Deed::LinkUp | Deed::LoseTokens | Deed::KeepTokens => {
            (ap.is_none() && station.is_none()).then_some("this node has no radio")
        }
        _ => None,
    };
    if let Some(text) = fault {
        return Some(("node", text.to_owned()));
    }
    if (event.deed == Deed::LoseTokens) != event.share.is_some() {
        return Some((
            "share",
            "`lose-tokens` needs a share, such as \"30%\"; nothing else has one".to_owned(),
        ));
    }
    if (event.deed == Deed::SetRate) != event.rate_mbps.is_some() {
        return Some((
            "rate-mbps",
            "`set-rate` needs a rate, such as 6; nothing else has one".to_owned(),
        ));
    }
    let cell = station.and_then(|station| scenario.find_ap(&station.ap));
    if let Some(fault) = cell
        .zip(event.rate_mbps)
        .and_then(|(ap, rate)| rate_fault(ap.phy, rate))
    {
        return Some(fault);
    }
    if let Some(found) = roam::event(scenario, event) {
        return Some(found);
    }
    if (event.deed == Deed::Run) != event.command.is_some() {
        return Some((
            "command",
            "`run` needs a command; nothing else has one".to_owned(),
        ));
    }
    arms(scenario, event.arms.as_deref())
}

fn check(scenario: &Scenario, check: &Check) -> Finding {
    let known: Vec<_> = scenario.arm.iter().map(|arm| arm.name.as_str()).collect();
    for (key, arm) in [("arm", &check.arm), ("other-arm", &check.other_arm)] {
        if let Some(text) = arm.as_deref().and_then(|arm| unknown("arm", arm, &known)) {
            return Some((key, text));
        }
    }
    if check.value.is_some() == check.other.is_some() {
        return Some(("value", "give either `value` or `other`".to_owned()));
    }
    if check.other.is_none() && check.other_arm.is_some() {
        return Some((
            "other-arm",
            "belongs to `other`, which is not given".to_owned(),
        ));
    }
    let fits = match (check.op, check.tolerance) {
        (Relation::Within, None) => false,
        (Relation::Within | Relation::AtMost | Relation::AtLeast, Some(share)) => share >= 0.0,
        (_, tolerance) => tolerance.is_none(),
    };
    if !fits {
        return Some((
            "tolerance",
            "`within` needs a tolerance of 0 or more, such as 0.05; `<=` and `>=` may have one, no \
             other comparison"
                .to_owned(),
        ));
    }
    None
}
