//! Questions that take many runs: who carries how much, and how many calls fit.

mod capacity;
mod compare;
mod page;

pub(crate) use capacity::knee;
pub use capacity::{Capacity, Criterion, Probe, capacity};
pub use compare::{Comparison, ComparisonOptions, Point, Scheme, compare};
