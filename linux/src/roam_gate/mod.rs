//! Catches the packets of stations that are about to switch, or have just switched, their radio.
//!
//! It stands in the bridge that the radio's interface is a port of, before the token gate
//! ([`crate::gate`]): a packet for a station in the set `roaming` comes to a queue with all that
//! is in it, and is held until [`RoamQueue::apply`] says what becomes of it. Dropped, its copy goes
//! to the access point that the station went to; accepted, it meets the token gate as usual.
//! Stations that do not roam cost one look into a set. A daemon that is gone or does not keep up
//! lets everything pass.
//!
//! Adding a station and taking it out again are one netlink message each ([`RoamTable`]), because
//! they are part of what a roam waits for; `nft` runs at the start and at the stop only.

mod queue;
mod table;

pub use queue::{Caught, Fate, RoamCounters, RoamQueue};
pub use table::{RoamTable, RoamTableConfig};
