//! All points of a sweep, and running them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use toml::Table;

use super::path::set;
use super::{Record, Setting, Store, SweepError};
use crate::rows::rows;
use crate::scenario::{Scenario, ScenarioError};
use crate::world::{Options, run};

/// A combination of values, with one seed.
#[derive(Clone, Debug)]
pub struct Point {
    /// The keys that were set and their values, in the order of the settings.
    pub set: Vec<(String, Value)>,
    /// The seed.
    pub seed: u64,
    /// Stands for everything that the result depends on.
    pub key: String,
    scenario: Scenario,
}

/// All points of a sweep, in order: the last setting changes first, and seeds before it.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The keys that are set.
    pub parameters: Vec<String>,
    /// All combinations.
    pub points: Vec<Point>,
    /// Names of flows as they are written, which with a `count` stand for many.
    groups: Vec<String>,
}

impl Plan {
    /// Every combination of the values of `settings` in the scenario `text`, which stands in the
    /// file at `path`, with every seed; all arms or only `arm`.
    ///
    /// # Errors
    /// If a setting names nothing or a combination is no scenario.
    pub fn new(
        text: &str,
        path: &Path,
        settings: &[Setting],
        arm: Option<&str>,
        seeds: &[u64],
    ) -> Result<Self, SweepError> {
        // A mistake of the file itself is told with its line.
        let plain = Scenario::parse_as(text, path)?;
        check(settings, seeds)?;
        only(plain, arm)?;
        let document: Table = text.parse().map_err(|source| ScenarioError::Syntax {
            origin: path.display().to_string(),
            source: Box::new(source),
        })?;
        let groups = document.get("traffic").and_then(toml::Value::as_array);
        let groups = groups.into_iter().flatten();
        let groups = groups.filter_map(|flow| Some(flow.get("name")?.as_str()?.to_owned()));
        let mut plan = Self {
            parameters: settings
                .iter()
                .map(|setting| setting.path.clone())
                .collect(),
            points: Vec::new(),
            groups: groups.collect(),
        };
        let mut tables = vec![(Vec::new(), document)];
        for setting in settings {
            let mut more = Vec::new();
            for (so_far, table) in &tables {
                for value in &setting.values {
                    let (mut values, mut table) = (so_far.clone(), table.clone());
                    set(&mut table, &setting.path, value.clone())?;
                    values.push((setting.path.clone(), serde_json::to_value(value)?));
                    more.push((values, table));
                }
            }
            tables = more;
        }
        for (values, table) in tables {
            let scenario = only(resolve(&table, path, &values)?, arm)?;
            for seed in seeds {
                plan.points.push(Point {
                    set: values.clone(),
                    seed: *seed,
                    key: key(&scenario, *seed)?,
                    scenario: scenario.clone(),
                });
            }
        }
        Ok(plan)
    }

    /// The points that `store` does not have.
    pub fn missing<'a>(&'a self, store: &'a Store) -> impl Iterator<Item = &'a Point> {
        let points = self.points.iter();
        points.filter(|point| !store.has(&point.key))
    }

    /// Runs the points that `store` does not have, on all processors, and puts each into it at once.
    /// Returns the records of all points, in their order. `progress` is told how many are done of
    /// how many that were missing.
    ///
    /// # Errors
    /// If a point cannot be simulated, or the store not be written; what was done is kept.
    pub fn run(
        &self,
        store: &mut Store,
        progress: &(dyn Fn(usize, usize) + Sync),
    ) -> Result<Vec<Record>, SweepError> {
        let missing: Vec<&Point> = self.missing(store).collect();
        let (done, all) = (AtomicUsize::new(0), missing.len());
        let writer = store.writer();
        let fresh: Vec<Record> = missing
            .into_par_iter()
            .map(|point| {
                let record = self.simulate(point)?;
                writer.append(&record)?;
                progress(done.fetch_add(1, Ordering::Relaxed) + 1, all);
                Ok(record)
            })
            .collect::<Result<_, SweepError>>()?;
        store.add(fresh);
        let records = self.points.iter();
        Ok(records
            .filter_map(|point| store.get(&point.key).cloned())
            .collect())
    }

    fn simulate(&self, point: &Point) -> Result<Record, SweepError> {
        let mut all = Vec::new();
        for arm in &point.scenario.arm {
            let outcome = run(&point.scenario, arm, point.seed, &Options::default());
            let outcome = outcome.map_err(|source| SweepError::Build {
                set: words(&point.set),
                source,
            })?;
            all.extend(rows(&outcome));
        }
        Ok(Record {
            key: point.key.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            scenario: point.scenario.name.clone(),
            set: point.set.clone(),
            seed: point.seed,
            flows: self.groups.clone(),
            rows: all,
        })
    }
}

fn check(settings: &[Setting], seeds: &[u64]) -> Result<(), SweepError> {
    if settings.is_empty() {
        return Err(SweepError::Empty("key with --set"));
    }
    if seeds.is_empty() {
        return Err(SweepError::Empty("seed"));
    }
    let mut seen = BTreeMap::new();
    for setting in settings {
        if seen.insert(&setting.path, ()).is_some() {
            return Err(SweepError::Twice(setting.path.clone()));
        }
    }
    Ok(())
}

/// The scenario with only that arm.
fn only(mut scenario: Scenario, arm: Option<&str>) -> Result<Scenario, SweepError> {
    let Some(wanted) = arm else {
        return Ok(scenario);
    };
    let names: Vec<_> = scenario.arm.iter().map(|arm| arm.name.clone()).collect();
    scenario.arm.retain(|arm| arm.name == wanted);
    if scenario.arm.is_empty() {
        return Err(SweepError::Arm {
            name: wanted.to_owned(),
            known: names.join(", "),
        });
    }
    Ok(scenario)
}

/// The scenario of a document in which values were set. Lines of that document are nobody's, so
/// that errors do without.
fn resolve(table: &Table, path: &Path, set: &[(String, Value)]) -> Result<Scenario, SweepError> {
    let point = |why: String| SweepError::Point {
        set: words(set),
        why,
    };
    let text = toml::to_string(table).map_err(|error| point(error.to_string()))?;
    Scenario::parse_as(&text, path).map_err(|error| match error {
        ScenarioError::Syntax { source, .. } => point(source.message().to_owned()),
        ScenarioError::Meaning { key, text, .. } => point(format!("{key}: {text}")),
        other @ ScenarioError::Read { .. } => other.into(),
    })
}

/// For people: `station.s.count = 5, ap.ap.wmm = true`.
fn words(set: &[(String, Value)]) -> String {
    let words = set.iter().map(|(path, value)| format!("{path} = {value}"));
    words.collect::<Vec<_>>().join(", ")
}

fn key(scenario: &Scenario, seed: u64) -> Result<String, SweepError> {
    let everything = serde_json::to_string(&(scenario, seed, env!("CARGO_PKG_VERSION")))?;
    let hash = Sha256::digest(everything);
    Ok(hash[..16]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect())
}
