//! Points as people compare them: flows that were written once together, means over seeds.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Record;
use crate::rows::{Figure, Row, Subject};
use crate::validate::Series;

/// A figure of all flows that were written as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Measure {
    /// Goodput of all together, Mb/s.
    Goodput,
    /// Packets lost or late, in percent of what was sent.
    Missed,
    /// Mean of the flows' mean delays, ms.
    DelayMean,
    /// The worst flow's 99th percentile of the delay, ms.
    WorstP99,
    /// The worst flow's mean opinion score.
    WorstMos,
}

impl Measure {
    /// All, in the order of columns.
    pub const ALL: [Self; 5] = [
        Self::Goodput,
        Self::Missed,
        Self::DelayMean,
        Self::WorstP99,
        Self::WorstMos,
    ];

    /// Its name and unit, for tables and axes.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Goodput => "goodput, Mb/s",
            Self::Missed => "lost or late, %",
            Self::DelayMean => "mean delay, ms",
            Self::WorstP99 => "worst p99 delay, ms",
            Self::WorstMos => "worst MOS",
        }
    }
}

/// All flows that were written as one, over the seeds of a combination of values.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// The keys that were set and their values.
    pub set: Vec<(String, Value)>,
    /// The arm.
    pub arm: String,
    /// The name as written.
    pub group: String,
    /// Which way.
    pub subject: Subject,
    /// Mean and standard deviation over the seeds.
    pub measures: BTreeMap<Measure, Series>,
}

/// Of records whose scenario was changed between two sweeps, the newer ones; and of sweeps over
/// different keys, the newest.
#[must_use]
pub fn latest(records: &[Record]) -> Vec<Record> {
    let paths = |record: &Record| -> Vec<String> {
        let paths = record.set.iter().map(|(path, _)| path.clone());
        paths.collect()
    };
    let Some(newest) = records.last().map(paths) else {
        return Vec::new();
    };
    let same = records.iter().filter(|record| paths(record) == newest);
    let mut found: Vec<Record> = Vec::new();
    let mut places = BTreeMap::new();
    for record in same {
        let place = places
            .entry((text(&record.set), record.seed))
            .or_insert(found.len());
        if *place == found.len() {
            found.push(record.clone());
        } else if let Some(old) = found.get_mut(*place) {
            old.clone_from(record);
        }
    }
    found
}

fn text(set: &[(String, Value)]) -> String {
    let parts = set.iter().map(|(path, value)| format!("{path}={value}"));
    parts.collect::<Vec<_>>().join(",")
}

/// Means over seeds, in the order of the records.
#[must_use]
pub fn summaries(records: &[Record]) -> Vec<Summary> {
    type Key = (String, String, String, Subject);
    let mut order: Vec<(Key, &Record)> = Vec::new();
    let mut values: BTreeMap<Key, BTreeMap<Measure, Vec<f64>>> = BTreeMap::new();
    for record in records {
        for ((arm, group, subject), flows) in grouped(record) {
            let key = (text(&record.set), arm, group, subject);
            let seen = values.entry(key.clone()).or_insert_with(|| {
                order.push((key, record));
                BTreeMap::new()
            });
            for measure in Measure::ALL {
                if let Some(value) = measure_of(measure, &flows) {
                    seen.entry(measure).or_default().push(value);
                }
            }
        }
    }
    let all = order.into_iter().filter_map(|(key, record)| {
        let measures = values.remove(&key)?.into_iter();
        let (_, arm, group, subject) = key;
        let series = |seen: Vec<f64>| Series::of(seen.iter().copied());
        Some(Summary {
            set: record.set.clone(),
            arm,
            group,
            subject,
            measures: measures
                .map(|(measure, seen)| (measure, series(seen)))
                .collect(),
        })
    });
    all.collect()
}

type Group = (String, String, Subject);

/// The flows of a record by arm, written name and way, in the order of the record.
fn grouped(record: &Record) -> Vec<(Group, Vec<&Row>)> {
    let mut groups: Vec<(Group, Vec<&Row>)> = Vec::new();
    let flows = record
        .rows
        .iter()
        .filter(|row| row.subject != Subject::Radio);
    for row in flows {
        let group = record.group(&row.name).to_owned();
        let key = (row.arm.clone(), group, row.subject);
        match groups.iter_mut().find(|(other, _)| *other == key) {
            Some((_, rows)) => rows.push(row),
            None => groups.push((key, vec![row])),
        }
    }
    groups
}

fn measure_of(measure: Measure, flows: &[&Row]) -> Option<f64> {
    let seen = |figure: Figure| -> Vec<f64> {
        let values = flows.iter().filter_map(|row| row.figures.get(&figure));
        values.copied().collect()
    };
    let sum = |figure| seen(figure).iter().sum::<f64>();
    let worst = |figure, least: bool| {
        let pick = if least { f64::min } else { f64::max };
        seen(figure).into_iter().reduce(pick)
    };
    match measure {
        Measure::Goodput => (!seen(Figure::Goodput).is_empty()).then(|| sum(Figure::Goodput) / 1e6),
        Measure::Missed => {
            let sent = sum(Figure::Sent);
            let missed = sum(Figure::Lost) + sum(Figure::Late);
            (sent > 0.0).then(|| missed / sent * 100.0)
        }
        Measure::DelayMean => {
            let means = seen(Figure::DelayMean);
            (!means.is_empty()).then(|| Series::of(means.iter().copied()).mean)
        }
        Measure::WorstP99 => worst(Figure::DelayP99, false),
        Measure::WorstMos => worst(Figure::Mos, true),
    }
}
