//! What a channel tells of itself.

use core::net::SocketAddr;

use rether_proto::time::Duration;
use serde::Serialize;

use crate::id::ApId;
use crate::message::Hello;

/// What came and went, since the channel began. Whatever was not authentic changed nothing but
/// these numbers and, for handshakes, how many more are looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Counters {
    /// Datagrams that came.
    pub received: u64,
    /// Datagrams that went out.
    pub sent: u64,
    /// Of those that came: from an address that no peer has, or none of this protocol.
    pub strange: u64,
    /// Forged, damaged, made with another key, or sealed in a session that is over.
    pub unauthentic: u64,
    /// Authentic, but taken before.
    pub replayed: u64,
    /// Handshakes that were not looked at, for there were too many.
    pub limited: u64,
    /// Authentic, and refused: from a peer that says to be another, a message that does not
    /// decode, an answer to no request, a request from long ago.
    pub refused: u64,
    /// Requests that came again and were answered again.
    pub repeated: u64,
    /// Messages that waited for a session in vain.
    pub unsent: u64,
    /// Requests that were given up.
    pub given_up: u64,
    /// Sessions that were put to use.
    pub handshakes: u64,
}

/// A peer, as it is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct PeerStatus {
    /// Its name, once known.
    pub ap: Option<ApId>,
    /// Where it is reached.
    pub address: SocketAddr,
    /// Whether it was heard in the last three seconds.
    pub up: bool,
    /// Its present life.
    pub life: Option<u32>,
    /// Round trip, smoothed, in nanoseconds.
    pub rtt: Option<Duration>,
    /// What it last told of its cell.
    #[serde(skip)]
    pub hello: Option<Hello>,
    /// Whether both ends have keys of their own, beside that of the site.
    pub static_keys: bool,
    /// Requests that wait for an answer of it.
    pub pending: usize,
}
