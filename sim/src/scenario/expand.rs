//! Writes out what a scenario says once and means many times: stations with a `count`, and the
//! flows from and to them and what happens to them.

use super::validate::Fault;
use super::{Event, Scenario, Span, Station, Traffic};

/// Where the tables of an expanded scenario stand in the file.
pub(super) struct Origins {
    station: Vec<usize>,
    traffic: Vec<usize>,
    event: Vec<usize>,
}

impl Origins {
    /// The place in the file of a table that is number `index` after expansion.
    pub(super) fn written(&self, table: &str, index: usize) -> usize {
        let places = match table {
            "station" => &self.station,
            "traffic" => &self.traffic,
            "event" => &self.event,
            _ => return index,
        };
        places.get(index).copied().unwrap_or(index)
    }
}

/// The most stations that one `count` makes: the links between them are kept for each pair.
const MOST: u16 = 1_000;

/// The most times that one event happens.
const MOST_TIMES: u32 = 10_000;

/// What cannot be written out.
pub(super) fn fault(scenario: &Scenario) -> Option<Fault> {
    for (index, station) in scenario.station.iter().enumerate() {
        if !(1..=MOST).contains(&station.count) {
            let text = format!("must be 1 to {MOST}");
            return Some(Fault {
                table: "station",
                index,
                key: "count",
                text,
            });
        }
    }
    let count = |name: &str| {
        let group = scenario.station.iter().find(|station| station.name == name);
        group.map_or(1, |station| station.count)
    };
    for (index, flow) in scenario.traffic.iter().enumerate() {
        let (from, to) = (count(&flow.from), count(&flow.to));
        if from > 1 && to > 1 && from != to {
            let text = format!(
                "`{}` are {from} and `{}` are {to}: give both the same count",
                flow.from, flow.to
            );
            return Some(Fault {
                table: "traffic",
                index,
                key: "to",
                text,
            });
        }
        let last = u32::from(flow.port.unwrap_or(0)) + 2 * u32::from(from.max(to));
        if last > u32::from(u16::MAX) {
            let text = "the ports of all copies must be below 65536; begin lower".to_owned();
            return Some(Fault {
                table: "traffic",
                index,
                key: "port",
                text,
            });
        }
    }
    let mut events = scenario.event.iter().enumerate();
    events.find_map(|(index, event)| {
        let (key, text) = repetition(event)?;
        Some(Fault {
            table: "event",
            index,
            key,
            text,
        })
    })
}

fn repetition(event: &Event) -> Option<(&'static str, String)> {
    match (event.every, event.times) {
        (None, None) if event.to.len() > 1 => {
            let text = "several are for a roam that happens again; add `every` and `times`";
            Some(("to", text.to_owned()))
        }
        (None, None) => None,
        (None, Some(_)) => Some((
            "every",
            "belongs to `times`; write such as \"1s\"".to_owned(),
        )),
        (Some(_), None) => Some(("times", "belongs to `every`; write such as 10".to_owned())),
        (Some(every), _) if every.0.is_zero() => Some(("every", "must be more than 0".to_owned())),
        (_, Some(times)) => (!(1..=MOST_TIMES).contains(&times))
            .then(|| ("times", format!("must be 1 to {MOST_TIMES}"))),
    }
}

/// The event each time it happens.
fn repeated(event: Event) -> impl Iterator<Item = Event> {
    let (times, every) = (event.times.unwrap_or(1), event.every.unwrap_or_default());
    let places = event.to.clone();
    (0..times).map(move |number| {
        let place = places
            .iter()
            .cycle()
            .nth(usize::try_from(number).unwrap_or(0));
        Event {
            at: Span(event.at.0 + every.0 * number),
            every: None,
            times: None,
            to: place.cloned().into_iter().collect(),
            ..event.clone()
        }
    })
}

pub(super) fn expand(scenario: &mut Scenario) -> Origins {
    let groups: Vec<(String, u16)> = scenario
        .station
        .iter()
        .filter(|station| station.count != 1)
        .map(|station| (station.name.clone(), station.count))
        .collect();
    let members = |name: &str| {
        let group = groups.iter().find(|(group, _)| group == name);
        group.map(|(_, count)| *count)
    };
    let mut origins = Origins {
        station: Vec::new(),
        traffic: Vec::new(),
        event: Vec::new(),
    };
    let stations = std::mem::take(&mut scenario.station);
    for (place, station) in stations.into_iter().enumerate() {
        let copies = (1..=station.count).map(|number| Station {
            name: numbered(&station.name, number, station.count),
            count: 1,
            ..station.clone()
        });
        scenario.station.extend(copies);
        origins.station.resize(scenario.station.len(), place);
    }
    let flows = std::mem::take(&mut scenario.traffic);
    for (place, flow) in flows.into_iter().enumerate() {
        let count = members(&flow.from)
            .or_else(|| members(&flow.to))
            .unwrap_or(1);
        let end = |name: &String, number| match members(name) {
            Some(count) => numbered(name, number, count),
            None => name.clone(),
        };
        let copies = (1..=count).map(|number| Traffic {
            name: numbered(&flow.name, number, count),
            from: end(&flow.from, number),
            to: end(&flow.to, number),
            // A call uses its port and the next one.
            port: flow.port.map(|port| port.saturating_add(2 * (number - 1))),
            ..flow.clone()
        });
        scenario.traffic.extend(copies);
        origins.traffic.resize(scenario.traffic.len(), place);
    }
    let events = std::mem::take(&mut scenario.event);
    for (place, event) in events.into_iter().enumerate() {
        let count = members(&event.node);
        let copies = (1..=count.unwrap_or(1)).map(|number| Event {
            node: numbered(&event.node, number, count.unwrap_or(1)),
            ..event.clone()
        });
        scenario.event.extend(copies.flat_map(repeated));
        origins.event.resize(scenario.event.len(), place);
    }
    origins
}

/// One of one keeps its name.
fn numbered(name: &str, number: u16, count: u16) -> String {
    if count == 1 {
        name.to_owned()
    } else {
        format!("{name}{number}")
    }
}
