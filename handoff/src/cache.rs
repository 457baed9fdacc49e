//! What an access point has heard routers say, to be said again to a station that has just come.
//!
//! A host that was moved asks for a router about a second later; a copy of the last advertisement
//! tells it at once. A copy goes to one station only, is never older than its own lifetime, and
//! says no more than the original would now.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::net::IpAddr;

use rether_proto::mac::MacAddr;
use rether_proto::time::{Duration, Instant};
use serde::Serialize;

use crate::frame::Frame;
use crate::snoop::{Advert, router::aged};

/// Ethernet header.
const HEADER: usize = 14;

/// The last advertisement of each router and agent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cache {
    adverts: BTreeMap<IpAddr, Heard>,
    /// What this host itself says to who comes: where its gateway addresses are.
    own: Vec<Frame>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Heard {
    frame: Frame,
    at: Instant,
    until: Instant,
}

/// What became of an advertisement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Learnt {
    /// It is kept: the router is new, or says so again.
    Kept,
    /// The router is none any more.
    Withdrawn,
    /// Another MAC address says the same of itself: the first is believed until its lifetime ends.
    Contested {
        /// Who was first.
        first: MacAddr,
    },
    /// It is longer than [`Cache::MAX_OCTETS`], or there are [`Cache::MAX_ROUTERS`] others.
    NoRoom,
}

/// One entry, as it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// The router's or agent's address.
    pub router: IpAddr,
    /// Its MAC address.
    pub mac: MacAddr,
    /// Length of its advertisement, in octets.
    pub octets: usize,
    /// How long ago it was heard.
    pub age: Duration,
    /// How long it is still good for.
    pub left: Duration,
}

impl Cache {
    /// Octets of an advertisement at most, with its Ethernet header.
    pub const MAX_OCTETS: usize = 512;
    /// Routers at most, and as many agents.
    pub const MAX_ROUTERS: usize = 4;

    /// Takes in an advertisement that was heard on the wired side.
    pub fn learn(&mut self, now: Instant, advert: Advert) -> Learnt {
        self.adverts.retain(|_, heard| heard.until > now);
        let Advert {
            router,
            lifetime,
            frame,
        } = advert;
        if let Some(known) = self.adverts.get(&router)
            && known.frame.source != frame.source
        {
            let first = known.frame.source;
            return Learnt::Contested { first };
        }
        if lifetime.is_zero() {
            self.adverts.remove(&router);
            return Learnt::Withdrawn;
        }
        let others = self.adverts.keys();
        let others = others
            .filter(|other| **other != router && other.is_ipv4() == router.is_ipv4())
            .count();
        if others >= Self::MAX_ROUTERS || HEADER + frame.payload.len() > Self::MAX_OCTETS {
            return Learnt::NoRoom;
        }
        let heard = Heard {
            frame,
            at: now,
            until: now + lifetime,
        };
        self.adverts.insert(router, heard);
        Learnt::Kept
    }

    /// What this host says of itself to who comes; in place of what it said before.
    pub fn set_own(&mut self, frames: Vec<Frame>) {
        self.own = frames;
    }

    /// What is to be sent to a station that has just come. Agent advertisements are not among it:
    /// when one may be repeated is a matter of Mobile IP.
    pub fn replay(&self, now: Instant) -> impl Iterator<Item = Frame> {
        let routers = self.adverts.iter().filter(|(router, _)| router.is_ipv6());
        let adverts = routers.filter_map(move |(_, heard)| aged(&heard.frame, now.since(heard.at)));
        self.own.iter().cloned().chain(adverts)
    }

    /// Whether `ip` is a router's, so that no station can have it.
    #[must_use]
    pub fn is_router(&self, ip: IpAddr, now: Instant) -> bool {
        let heard = self.adverts.get(&ip);
        heard.is_some_and(|heard| heard.until > now)
    }

    /// What is known, in the order of the addresses.
    pub fn entries(&self, now: Instant) -> impl Iterator<Item = Entry> {
        let good = self.adverts.iter();
        let good = good.filter(move |(_, heard)| heard.until > now);
        good.map(move |(router, heard)| Entry {
            router: *router,
            mac: heard.frame.source,
            octets: HEADER + heard.frame.payload.len(),
            age: now.since(heard.at),
            left: heard.until.since(now),
        })
    }
}
