//! Rows of many seeds as one.

use std::collections::BTreeMap;

use super::{Figure, Row, Subject};
use crate::validate::Series;

/// A flow and way, or a radio, over several seeds.
#[derive(Clone, Debug, PartialEq)]
pub struct Spread {
    /// The arm.
    pub arm: String,
    /// The flow or radio.
    pub name: String,
    /// What of it.
    pub subject: Subject,
    /// Mean and standard deviation of each figure over the seeds that have it.
    pub figures: BTreeMap<Figure, Series>,
}

/// Rows of the same arm, name and subject together, in the order in which they first come.
#[must_use]
pub fn spreads<'a>(rows: impl IntoIterator<Item = &'a Row>) -> Vec<Spread> {
    type Key<'a> = (&'a str, &'a str, Subject);
    let mut order: Vec<Key<'a>> = Vec::new();
    let mut values: BTreeMap<Key<'a>, BTreeMap<Figure, Vec<f64>>> = BTreeMap::new();
    for row in rows {
        let key = (row.arm.as_str(), row.name.as_str(), row.subject);
        let figures = values.entry(key).or_insert_with(|| {
            order.push(key);
            BTreeMap::new()
        });
        for (figure, value) in &row.figures {
            figures.entry(*figure).or_default().push(*value);
        }
    }
    let spreads = order.into_iter().filter_map(|key| {
        let figures = values.remove(&key)?.into_iter();
        let figures = figures.map(|(figure, seen)| (figure, Series::of(seen.iter().copied())));
        let (arm, name, subject) = key;
        Some(Spread {
            arm: arm.to_owned(),
            name: name.to_owned(),
            subject,
            figures: figures.collect(),
        })
    });
    spreads.collect()
}
