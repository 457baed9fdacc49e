//! placeholder
#![no_std]
#![forbid(unsafe_code)]
extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod agent;
pub mod airtime;
pub mod coordinator;
pub mod flow;
pub mod ledger;
pub mod mac;
pub mod machine;
pub mod policy;
pub mod queues;
pub mod rng;
pub mod time;
pub mod timer;
pub mod wire;
