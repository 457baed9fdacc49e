//! What the end-to-end, property and acceptance tests share.

pub mod world;
