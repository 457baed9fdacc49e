//! What the end-to-end, property and acceptance tests share.

pub mod bars;
pub mod mutations;
pub mod world;
