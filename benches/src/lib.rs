//! What the benchmarks share: a coordinator whose stations answer at once.

pub mod cell;
pub mod samples;
