//! The policy table: which flows of which stations get which promise.
//!
//! It lives at the AP and is pushed to the agents ([`crate::wire::Policy`]), so that both ends of
//! the air classify a packet the same way. Rules are tried in order; the first that matches
//! decides. A packet that no rule matches is best effort (NRT).

mod matching;
mod ranges;
#[cfg(test)]
mod tests;

pub use ranges::{PortRangeError, PrefixError};

use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::mac::MacAddr;
use crate::time::Duration;

/// All rules of a cell, in the order in which they are tried.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyTable {
    /// Changes whenever the rules do; agents that hold another version ask for the table again.
    pub version: u32,
    /// At most [`PolicyTable::MAX_RULES`].
    pub rules: Vec<Rule>,
}

impl PolicyTable {
    /// The most rules that a table may have.
    pub const MAX_RULES: usize = 256;
}

/// One line of the table: what it matches, and what is promised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// What operators call it; at most [`Rule::MAX_NAME`] octets of UTF-8.
    pub name: String,
    /// Which flows it is for.
    pub matches: Match,
    /// What each of these flows is promised.
    pub promise: Promise,
    /// What becomes of the promise when the air no longer carries all of them.
    pub rank: Rank,
    /// A flow that sends nothing for so long loses its reservation.
    pub idle: Duration,
    /// DiffServ code point that packets of these flows get on their way from the AP to the wire
    /// (RFC 2474), 0 to 63. It stays at the AP: agents are not told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remark: Option<u8>,
}

impl Rule {
    /// The longest name in octets.
    pub const MAX_NAME: usize = 32;
}

/// How a promise stands among the others when the air no longer carries all of them
/// ([`crate::ledger::plan`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rank {
    /// Higher is kept longer.
    pub priority: u8,
    /// What is left of the rate at worst, in bit/s; `None`: the whole rate, so that the promise is
    /// withdrawn rather than shrunk.
    pub min_rate: Option<u32>,
}

impl Rank {
    /// The priority of a rule that names none.
    pub const DEFAULT_PRIORITY: u8 = 100;
}

impl Default for Rank {
    fn default() -> Self {
        Self {
            priority: Self::DEFAULT_PRIORITY,
            min_rate: None,
        }
    }
}

/// Conditions on a flow as its station sees it; every one that is given must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Match {
    /// Only this station.
    pub station: Option<MacAddr>,
    /// Only packets that go this way, and which ways are reserved.
    pub direction: Direction,
    /// IP protocol number.
    pub protocol: Option<u8>,
    /// The station's own address.
    pub station_ip: Option<Prefix>,
    /// The address at the other end.
    pub remote_ip: Option<Prefix>,
    /// A port at either end.
    pub port: Option<PortRange>,
    /// The station's own port.
    pub station_port: Option<PortRange>,
    /// The port at the other end.
    pub remote_port: Option<PortRange>,
    /// DiffServ code point, 0 to 63 (RFC 2474).
    pub dscp: Option<u8>,
}

/// Which way packets go, seen from the station.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// From the station to the AP.
    Up,
    /// From the AP to the station.
    Down,
    /// Either; a reservation then covers both ways from the first packet of either.
    #[default]
    Both,
}

impl Direction {
    /// True if `self` includes packets that go `way`.
    #[must_use]
    pub fn covers(self, way: Self) -> bool {
        self == Self::Both || self == way
    }
}

/// An address range: the first `bits` bits of `addr`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prefix {
    /// Any address of the range.
    pub addr: IpAddr,
    /// Prefix length: at most 32 for IPv4, 128 for IPv6.
    pub bits: u8,
}

/// Ports from `first` to `last`, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortRange {
    /// Lowest port.
    pub first: u16,
    /// Highest port, not below `first`.
    pub last: u16,
}

/// What a flow is promised in each direction that is reserved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promise {
    /// Bits per second of whole IP packets, headers included.
    pub rate: u32,
    /// Octets of a typical IP packet; what the airtime of the rate is computed with.
    pub packet: u16,
    /// The longest that a packet may wait for its turn on the air.
    pub delay: Duration,
}

impl Promise {
    /// Time between two packets of the promised rate.
    #[must_use]
    pub fn period(&self) -> Duration {
        let bits = u64::from(self.packet.max(1)) * 8;
        Duration::from_nanos(bits * 1_000_000_000 / u64::from(self.rate.max(1)))
    }

    /// What the acknowledgements of a TCP flow with this promise need: one of 52 octets for every
    /// two segments (RFC 5681, 4.2), and some more, for not all segments are full.
    #[must_use]
    pub fn acks(&self) -> Self {
        const ACK: u16 = 52;
        let rate = u64::from(self.rate) * u64::from(ACK) * 5 / 8 / u64::from(self.packet.max(1));
        Self {
            rate: u32::try_from(rate)
                .unwrap_or(u32::MAX)
                .max(8 * u32::from(ACK)),
            packet: ACK,
            delay: self.delay,
        }
    }

    /// How often its station must be visited. Visited when its last packet has just come, the
    /// first has waited for one packet's time less; that may be half of the delay bound, so that
    /// the other half is left for whoever is served before.
    #[must_use]
    pub fn interval(&self) -> Duration {
        /// Nobody is visited more rarely.
        const LONGEST: Duration = Duration::from_millis(100);
        let packets = self.packets_a_visit();
        Duration::from_nanos(self.period().as_nanos().saturating_mul(packets)).min(LONGEST)
    }

    /// How many packets come between two visits, if those may be so rare.
    #[must_use]
    pub fn packets_a_visit(&self) -> u64 {
        self.delay.as_nanos() / 2 / self.period().as_nanos().max(1) + 1
    }
}
