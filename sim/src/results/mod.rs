//! Runs with many seeds, and the files that they leave: in the shape of the lab's.

mod batch;
mod files;

pub use batch::run_seeds;
pub use files::{ResultError, write};
