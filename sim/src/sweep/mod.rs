//! One scenario with many values of some of its keys, each with many seeds.
//!
//! [`Plan::new`] makes every combination of the values of [`Setting`]s and of the seeds, and finds
//! what is wrong with any of them before the first is run. [`Plan::run`] runs what a [`Store`] does
//! not have yet, on all processors; each point goes into the store at once, so that a sweep that was
//! stopped goes on where it was. [`summaries`] has means over seeds, [`write_long_csv`] everything.

mod error;
mod keys;
mod long;
mod path;
mod plan;
mod setting;
mod store;
mod suggest;
mod summary;

pub use error::SweepError;
pub use long::write_long_csv;
pub use plan::{Plan, Point};
pub use setting::Setting;
pub use store::{FILE, Record, Store};
pub use summary::{Measure, Summary, latest, summaries};

#[cfg(test)]
mod tests;
