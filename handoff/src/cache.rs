//! What an access point has heard routers say, to be said again to a station that has just come.
//!
//! A host that was moved asks for a router about a second later; a copy of the last advertisement
//! tells it at once. A copy goes to one station only, is never older than its own lifetime, and
//! says no more than the original would now.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::net::IpAddr;

use rether_proto::mac::MacAddr;
use rether_proto::policy::Prefix;
use rether_proto::time::{Duration, Instant};
use serde::Serialize;

use crate::frame::Frame;
use crate::snoop::{Advert, is_routable, router::aged};

/// Ethernet header.
const HEADER: usize = 14;

/// The last advertisement of each router and agent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cache {
    adverts: BTreeMap<IpAddr, Heard>,
    own: Vec<Gateway>,
}

/// An address of this host by which stations reach the world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gateway {
    /// The address, and how much of it is that of its network.
    pub net: Prefix,
    /// What tells a station that it is here: a gratuitous ARP or an unsolicited neighbour
    /// advertisement.
    pub frame: Frame,
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

    /// The addresses of this host that are gateways; in place of those before.
    pub fn set_own(&mut self, gateways: Vec<Gateway>) {
        self.own = gateways;
    }

    /// What is to be sent to a station that has just come. Agent advertisements are not among it:
    /// when one may be repeated is a matter of Mobile IP.
    pub fn replay(&self, now: Instant) -> impl Iterator<Item = Frame> {
        let routers = self.adverts.iter().filter(|(router, _)| router.is_ipv6());
        let adverts = routers.filter_map(move |(_, heard)| aged(&heard.frame, now.since(heard.at)));
        let own = self.own.iter().map(|gateway| gateway.frame.clone());
        own.chain(adverts)
    }

    /// Whether a station can have `ip`: it is no router's, and of a network of this gateway, if that
    /// has any of the family.
    #[must_use]
    pub fn admits(&self, ip: IpAddr, now: Instant) -> bool {
        let heard = self.adverts.get(&ip);
        let mut nets = self.own.iter().map(|gateway| gateway.net);
        let mut near = nets
            .clone()
            .filter(|net| is_routable(net.addr) && net.addr.is_ipv4() == ip.is_ipv4())
            .peekable();
        heard.is_none_or(|heard| heard.until <= now)
            && nets.all(|net| net.addr != ip)
            && (near.peek().is_none() || near.any(|net| net.contains(ip)))
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

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;
    use crate::snoop::golden::{AGENT, ROUTER, ROUTER_LATER};
    use crate::snoop::{Wired, tests::from_wire};

    fn advert(hex: &str) -> Advert {
        match from_wire(hex) {
            Some(Wired::Advert(advert)) => advert,
            other => panic!("{other:?}"),
        }
    }

    fn at(seconds: u64) -> Instant {
        Instant::from_nanos(seconds * 1_000_000_000)
    }

    /// As [`ROUTER`] says it of router `n`.
    fn router(n: u8) -> Advert {
        let mut advert = advert(ROUTER);
        advert.frame.source.0[5] = n;
        advert.router = IpAddr::from([0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, n]);
        advert
    }

    #[test]
    fn said_again_with_what_is_left_of_its_time() {
        let mut cache = Cache::default();
        assert_eq!(cache.learn(at(100), advert(ROUTER)), Learnt::Kept);
        assert_eq!(cache.learn(at(100), advert(AGENT)), Learnt::Kept);
        let said = |cache: &Cache, now| cache.replay(at(now)).collect::<Vec<_>>();
        // The agent is known, and not repeated.
        assert_eq!(cache.entries(at(101)).count(), 2);
        assert_eq!(said(&cache, 110), [advert(ROUTER_LATER).frame]);
        assert_eq!(cache.entries(at(103)).count(), 1);
        assert_eq!(said(&cache, 1900), []);
        assert!(cache.admits(advert(ROUTER).router, at(1900)));
        assert!(!cache.admits(advert(ROUTER).router, at(1899)));
        // Heard again, it is as new.
        assert_eq!(cache.learn(at(200), advert(ROUTER)), Learnt::Kept);
        assert_eq!(said(&cache, 200), [advert(ROUTER).frame]);
        // One that ends its service is not repeated.
        let mut end = advert(ROUTER);
        end.lifetime = Duration::ZERO;
        assert_eq!(cache.learn(at(201), end), Learnt::Withdrawn);
        assert_eq!(said(&cache, 201), []);
    }

    #[test]
    fn what_this_host_says_comes_first_and_does_not_age() {
        let mut cache = Cache::default();
        let own = advert(AGENT).frame;
        let gateway = |text: &str, bits| Gateway {
            net: Prefix {
                addr: text.parse().unwrap(),
                bits,
            },
            frame: own.clone(),
        };
        cache.set_own(vec![gateway("10.1.0.1", 16)]);
        cache.learn(at(1), advert(ROUTER));
        let said: Vec<_> = cache.replay(at(11)).collect();
        assert_eq!(said, [own.clone(), advert(ROUTER_LATER).frame]);
        assert!(cache.replay(at(9999)).eq([own.clone()]));
        // Stations have addresses of its networks, and not its own.
        cache.set_own(vec![gateway("10.1.0.1", 16), gateway("fe80::1", 64)]);
        let admits = |text: &str| cache.admits(text.parse().unwrap(), at(1));
        assert!(admits("10.1.200.9"));
        assert!(!admits("10.1.0.1") && !admits("10.2.0.9") && !admits("fe80::1"));
        // Of IPv6 networks nothing is known here.
        assert!(admits("2001:db8::9"));
    }

    #[test]
    fn the_first_of_two_is_believed_until_its_time_is_over() {
        let mut cache = Cache::default();
        cache.learn(at(1), advert(ROUTER));
        let first = advert(ROUTER).frame.source;
        let mut other = advert(ROUTER);
        other.frame.source = MacAddr([2, 0, 0, 0, 6, 6]);
        let mut end = other.clone();
        end.lifetime = Duration::ZERO;
        for claim in [&other, &end] {
            let learnt = cache.learn(at(1800), claim.clone());
            assert_eq!(learnt, Learnt::Contested { first });
        }
        assert_eq!(cache.entries(at(1800)).next().unwrap().mac, first);
        assert_eq!(cache.learn(at(1801), other.clone()), Learnt::Kept);
        assert_eq!(
            cache.replay(at(1801)).next().unwrap().source,
            other.frame.source
        );
    }

    #[test]
    fn there_is_room_for_four_of_512_octets() {
        let mut cache = Cache::default();
        for n in 1..=4 {
            assert_eq!(cache.learn(at(1), router(n)), Learnt::Kept);
        }
        assert_eq!(cache.learn(at(1), router(5)), Learnt::NoRoom);
        assert_eq!(cache.learn(at(1), router(4)), Learnt::Kept);
        // Agents have room of their own; who has lapsed makes room.
        assert_eq!(cache.learn(at(1), advert(AGENT)), Learnt::Kept);
        assert_eq!(cache.learn(at(1801), router(5)), Learnt::Kept);
        let mut long = router(6);
        long.frame.payload.resize(Cache::MAX_OCTETS - HEADER, 0);
        assert_eq!(cache.learn(at(1801), long.clone()), Learnt::Kept);
        long.frame.payload.push(0);
        assert_eq!(cache.learn(at(1801), long), Learnt::NoRoom);
    }
}
