//! Kernel calls that no crate wraps.
