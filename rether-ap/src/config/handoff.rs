//! `[handoff]`: the other access points of the site, and how packets find stations that move.

use std::net::{IpAddr, SocketAddr};

use rether_daemon::config::{KeyFile, Raw, Section, Value, Wrong, one_of};
use rether_handoff::id::ApId;
use rether_proto::auth::Key;

/// UDP port of messages between access points: that of 802.11F (withdrawn), whose verbs they have.
const PORT: u16 = 3517;
/// Routing table of `host-route`, unless the configuration names another.
const TABLE: u32 = 3517;

/// What `[handoff]` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handoff {
    /// Name of this access point in the site.
    pub id: ApId,
    /// Where it listens: its own address on the wired side.
    pub listen: SocketAddr,
    /// The other access points.
    pub peers: Vec<SocketAddr>,
    /// How packets find a station that moved.
    pub anchor: AnchorKind,
    /// The key that all access points have, and nobody else.
    pub key: Key,
    /// Routing table of `host-route`.
    pub table: u32,
}

/// How packets find a station that moved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AnchorKind {
    /// One subnet: bridges learn it.
    #[default]
    Bridge,
    /// Every access point is the same gateway, with a route to each station.
    HostRoute,
}

impl Value for AnchorKind {
    fn read(raw: Raw<'_>) -> Result<Self, Wrong> {
        let words = [("bridge", Self::Bridge), ("host-route", Self::HostRoute)];
        one_of(raw, "an anchor", &words)
    }
}

/// An address with a port, or without for the usual one.
#[derive(Clone, Copy)]
struct Endpoint(SocketAddr);

impl Value for Endpoint {
    fn read(raw: Raw<'_>) -> Result<Self, Wrong> {
        let wrong = || {
            Wrong::not(
                raw,
                "an address",
                "one like \"10.0.0.11\" or \"10.0.0.11:3517\"",
            )
        };
        let Raw::Text(text) = raw else {
            return Err(wrong());
        };
        let whole = text.parse().ok();
        let bare = || Some(SocketAddr::new(text.parse::<IpAddr>().ok()?, PORT));
        let found: SocketAddr = whole.or_else(bare).ok_or_else(wrong)?;
        if found.ip().is_unspecified() || found.ip().is_multicast() || found.port() == 0 {
            return Err(wrong());
        }
        Ok(Self(found))
    }
}

/// A number from 1 to 65535.
struct Name(u16);

impl Value for Name {
    fn read(raw: Raw<'_>) -> Result<Self, Wrong> {
        match raw {
            Raw::Integer(number) => u16::try_from(number).ok().filter(|number| *number > 0),
            _ => None,
        }
        .map(Self)
        .ok_or_else(|| Wrong::not(raw, "the number of an access point", "1 to 65535"))
    }
}

/// A routing table that is nobody else's: not local, main or default.
struct Table(u32);

impl Value for Table {
    fn read(raw: Raw<'_>) -> Result<Self, Wrong> {
        match raw {
            Raw::Integer(number) => u32::try_from(number)
                .ok()
                .filter(|number| !matches!(number, 0 | 253..=255)),
            _ => None,
        }
        .map(Self)
        .ok_or_else(|| Wrong::not(raw, "a routing table of its own", "a number such as 3517"))
    }
}

impl Handoff {
    /// `None` where the file has no `[handoff]`, or a wrong one.
    pub(super) fn read(handoff: &mut Section<'_>) -> Option<Self> {
        if handoff.is_empty() {
            return None;
        }
        let listen = handoff.required::<Endpoint>(
            "listen",
            "write this access point's address on the wired side, like listen = \"10.0.0.10\"",
        );
        let key = handoff.required::<KeyFile>(
            "key-file",
            "make one with `rether-ap keygen /etc/rether/roam.key`, and copy it to every access \
             point, and to nobody else",
        );
        let id = handoff.value::<Name>("id").map(|name| name.0);
        let anchor = handoff.value("anchor").unwrap_or_default();
        let table = handoff.value::<Table>("table").map(|table| table.0);
        let example = "addresses in brackets, like [\"10.0.0.11\", \"10.0.0.12\"]";
        let peers = handoff.list::<Endpoint>("peers", example).into_iter();
        let peers = peers.map(|peer| peer.0);
        let listen = listen?.0;
        let id = id.or_else(|| named_by(listen.ip()));
        if id.is_none() {
            let problem = "this access point has no number";
            let remedy = "write one that no other access point of the site has, like id = 2";
            handoff.wrong("listen", Wrong::new(problem, remedy));
        }
        Some(Self {
            id: ApId(id?),
            listen,
            peers: peers.filter(|peer| *peer != listen).collect(),
            anchor,
            key: key?.0,
            table: table.unwrap_or(TABLE),
        })
    }
}

/// The last two octets of an IPv4 address name the access point, unless it is named otherwise.
fn named_by(address: IpAddr) -> Option<u16> {
    let IpAddr::V4(address) = address else {
        return None;
    };
    let [.., high, low] = address.octets();
    Some(u16::from_be_bytes([high, low])).filter(|id| *id > 0)
}
