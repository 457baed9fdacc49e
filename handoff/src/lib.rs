//! Handoff: a station moves to another access point and loses nothing.
//!
//! What a cell knows of a station is there before the station is: its promises, addresses, lease
//! and memberships travel between access points as a [`context::Context`], and
//! packets that come while its radio switches wait in a pen at the access point it leaves. Ideas
//! from the JSAC 2004 paper (state cached at the next access point before the station comes), the
//! Context Transfer Protocol (RFC 4067: typed containers) and Fast Handovers (RFC 5568: buffers at
//! the edge); the formats and machines are this project's own.
//!
//! There are no sockets, clocks, threads, globals or randomness here: time and seeds are
//! arguments. What runs in a test or a simulator is what runs in the daemons.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod anchor;
pub mod ap;
pub mod cache;
pub mod channel;
pub mod context;
pub mod edge;
pub mod frame;
pub mod graph;
pub mod id;
pub mod message;
pub mod pen;
mod query;
pub mod roam;
pub mod shadow;
pub mod snoop;
pub mod station;
pub mod wire;
