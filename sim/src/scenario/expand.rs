//! Writes out what a scenario says once and means many times: stations with a `count`, and the
//! flows from and to them.

use super::{Scenario, Station, Traffic};

/// Where the tables of an expanded scenario stand in the file.
pub(super) struct Origins {
    station: Vec<usize>,
    traffic: Vec<usize>,
}

impl Origins {
    /// The place in the file of a table that is number `index` after expansion.
    pub(super) fn written(&self, table: &str, index: usize) -> usize {
        let places = match table {
            "station" => &self.station,
            "traffic" => &self.traffic,
            _ => return index,
        };
        places.get(index).copied().unwrap_or(index)
    }
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
