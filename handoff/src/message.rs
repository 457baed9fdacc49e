//! What access points say to each other, as values.

use alloc::vec::Vec;

use rether_proto::mac::MacAddr;
use rether_proto::time::Duration;

use crate::context::Context;
use crate::id::{ApId, Epoch, PenId};

/// One message: a datagram of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Whom it is about; all zero where it is about nobody ([`Body::Hello`]).
    pub station: MacAddr,
    /// Who sends it.
    pub from: ApId,
    /// The stay that it is about.
    pub epoch: Epoch,
    /// Names a request; its answer has the same. A repeated request has the number of the first.
    pub id: u32,
    /// The rest.
    pub body: Body,
}

/// What a message says. Each request is followed by its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// I am here; sent every second.
    Hello(Hello),
    /// So am I.
    HelloAck(Hello),
    /// A station of mine may come to you.
    Push(Context),
    /// What I can keep of its promises.
    PushAck(Admission),
    /// A station of mine is about to leave, perhaps to you.
    Prepare(Prepare),
    /// What I can keep of its promises; held for two seconds.
    Ready(Admission),
    /// A packet out of a pen.
    Data(Data),
    /// The station is with me.
    Arrived(Arrived),
    /// What I had of it.
    ArrivedAck(ArrivedAck),
    /// The pen is empty; what still comes is forwarded.
    Flushed(Flushed),
    /// All of it is here, but for these.
    FlushedAck(FlushedAck),
    /// The station stayed, or went elsewhere: forget what was prepared.
    Cancel,
    /// Forgotten.
    CancelAck,
    /// The station has left the site: forget it.
    Gone,
}

/// What a neighbour should know of a cell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hello {
    /// The cell's BSSID.
    pub bssid: MacAddr,
    /// Centre frequency in MHz.
    pub frequency: u16,
    /// Airtime that can still be promised, in thousandths of all.
    pub free: u16,
    /// Associated stations.
    pub stations: u16,
    /// Changes with every start of the daemon: all that was known of its former life is void.
    pub life: u32,
}

/// How much of a station's promises an access point can keep.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Admission {
    /// Bit n: promise n of the context is kept in full.
    pub kept: u8,
    /// The largest rate that fits in place of each promise that is not, in order, in bit/s.
    pub largest: Vec<u32>,
    /// Why not, in words; empty where all are kept. At most 120 octets.
    pub reason: alloc::string::String,
}

/// See [`Body::Prepare`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prepare {
    /// The pen that is open for it.
    pub pen: PenId,
    /// All that is known of it.
    pub context: Context,
    /// Nobody lets it go: its agent, if there is one, says what it received last.
    pub own_accord: bool,
}

/// See [`Body::Data`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Data {
    /// The pen it was in.
    pub pen: PenId,
    /// Its place there; the first has 0.
    pub sequence: u32,
    /// Source address of its Ethernet header.
    pub source: MacAddr,
    /// EtherType.
    pub ether_type: u16,
    /// What is behind the Ethernet header.
    pub payload: Vec<u8>,
}

/// See [`Body::Arrived`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrived {
    /// The pen of which [`Body::Prepare`] told.
    pub pen: Option<PenId>,
    /// The digests of the last packets that the station received, as its agent says.
    pub seen: Option<Vec<u32>>,
}

/// See [`Body::ArrivedAck`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArrivedAck {
    /// Whether the claim holds.
    pub outcome: Claim,
    /// All that is known of the station, where it is known.
    pub context: Option<Context>,
}

/// What becomes of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// It holds: packets follow from this pen.
    Flushing(PenId),
    /// I do not know this station.
    Unknown,
    /// It is older than this one.
    Outdated(Epoch),
}

/// See [`Body::Flushed`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flushed {
    /// The pen.
    pub pen: PenId,
    /// The sequence number after the last packet that was in it.
    pub next: u32,
    /// Packets that it took.
    pub held: u32,
    /// Those that were too old to be of use.
    pub expired: u32,
    /// Those for which there was no room.
    pub dropped: u32,
    /// Those that the station had, by its agent's word.
    pub known: u32,
    /// How long the oldest was there.
    pub oldest: Duration,
}

/// See [`Body::FlushedAck`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FlushedAck {
    /// The pen.
    pub pen: PenId,
    /// Sequence numbers that are missing, at most 256 of them.
    pub missing: Vec<u32>,
}
