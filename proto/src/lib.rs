//! placeholder
#![no_std]
#![forbid(unsafe_code)]
extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod airtime;
pub mod flow;
pub mod mac;
pub mod machine;
pub mod policy;
pub mod rng;
pub mod time;
pub mod timer;
pub mod wire;
