//! What is learnt by listening, and what a station that comes is told of it.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::vec::Vec;
use core::net::IpAddr;

use rether_proto::mac::MacAddr;
use rether_proto::time::{Duration, Instant};
use serde::Serialize;

use super::{Ap, ApOutput, Station};
use crate::anchor::Anchor;
use crate::cache::{Cache, Learnt as Kept};
use crate::context::{Address, Context, Learnt, Lease};
use crate::query::queries;
use crate::snoop::{Advert, Forgery, Told, Wired, is_routable};

/// An address that a station used is its own for so long (SAVI, RFC 7513, is stricter).
const ADDRESS: Duration = Duration::from_secs(3600);
/// With eight addresses, a new one takes the place of one that is known for so long at least: a
/// station that makes up addresses does not make everybody busy.
const SETTLED: Duration = Duration::from_secs(60);
/// A membership lasts so long without a report (RFC 9776, section 8.4, with the values given there).
const MEMBERSHIP: Duration = Duration::from_secs(260);
/// What a station is told when it comes, it is told once more after so long: the first may be lost.
const AGAIN: Duration = Duration::from_millis(20);

/// What was heard of one station.
#[derive(Clone, Debug, Default)]
pub(super) struct Hearing {
    /// Its groups, and when each lapses.
    groups: BTreeMap<IpAddr, Instant>,
    forged: u64,
    /// When it is told once more.
    pub(super) again: Option<Instant>,
}

/// What was overheard and not believed, and what was said again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Overheard {
    /// Frames of stations that only the wired side may send, or with another's MAC address.
    pub forged: BTreeMap<Forgery, u64>,
    /// Times that a station used an address that is another's.
    pub taken: u64,
    /// Advertisements for a router that another MAC address was first to be.
    pub contested: u64,
    /// Advertisements that were too long, or of too many routers.
    pub no_room: u64,
    /// Frames that were sent to stations which had just come.
    pub said_again: u64,
}

impl<A: Anchor> Ap<A> {
    /// What routers and agents have said.
    #[must_use]
    pub const fn cache(&self) -> &Cache {
        &self.cache
    }

    /// What came of listening.
    #[must_use]
    pub const fn overheard(&self) -> &Overheard {
        &self.overheard
    }

    /// Whether a station can have this address: it can be reached by it, it is no router's and of a
    /// network of this gateway, and nobody else has it who is here or has it from a DHCP server or
    /// home agent.
    #[must_use]
    pub fn may_use(&self, station: MacAddr, ip: IpAddr) -> bool {
        if !is_routable(ip) || !self.cache.admits(ip, self.now) {
            return false;
        }
        let others = self.stations.iter().filter(|(mac, _)| **mac != station);
        let mut contexts = others.filter_map(|(_, known)| Some((known, known.context.as_ref()?)));
        contexts.all(|(known, context)| {
            let lease = context.lease.filter(|lease| lease.until > self.now);
            let mut addresses = context.addresses.iter();
            lease.is_none_or(|lease| IpAddr::V4(lease.router) != ip)
                && addresses.all(|address| {
                    let holds = known.present || address.learnt < Learnt::Heard;
                    address.ip != ip || address.until <= self.now || !holds
                })
        })
    }

    /// What this host knows of a station that is here.
    pub(super) fn facts(&mut self, station: MacAddr, context: Context) {
        let known = self.stations.get_mut(&station);
        if let Some(known) = known.filter(|known| known.context.as_ref() != Some(&context))
            && let Some(new) = known.new.as_mut().filter(|_| known.present)
        {
            new.learnt = true;
        }
        self.learnt(station, context);
    }

    /// The wired side said something.
    pub(super) fn wired(&mut self, wired: Wired) {
        match wired {
            Wired::Leased { station, lease } => self.leased(station, lease),
            Wired::Refused(station) => {
                let Some(mut context) = self.context_here(station) else {
                    return;
                };
                context.lease = None;
                context.addresses.retain(|a| a.learnt != Learnt::Dhcp);
                self.heard(station, context);
            }
            Wired::Advert(advert) => self.advertised(advert),
        }
    }

    fn leased(&mut self, station: MacAddr, lease: Lease) {
        let Some(mut context) = self.context_here(station) else {
            return;
        };
        let ip = IpAddr::V4(lease.address);
        // The server knows better than who has only used it.
        let others = self.stations.iter().filter(|(mac, _)| **mac != station);
        let others: Vec<_> = others
            .filter_map(|(mac, known)| Some((*mac, without(known, ip)?)))
            .collect();
        for (other, context) in others {
            self.learnt(other, context);
        }
        let same = |a: &Address| a.learnt == Learnt::Dhcp || a.ip == ip;
        context.addresses.retain(|address| !same(address));
        make_room(&mut context, ip, Instant::from_nanos(u64::MAX));
        context.addresses.push(Address {
            ip,
            learnt: Learnt::Dhcp,
            until: lease.until,
        });
        context.lease = Some(lease);
        self.heard(station, context);
    }

    fn advertised(&mut self, advert: Advert) {
        let (router, mac) = (advert.router, advert.frame.source);
        let (count, text) = match self.cache.learn(self.now, advert) {
            Kept::Kept | Kept::Withdrawn => return,
            Kept::Contested { first } => {
                self.overheard.contested += 1;
                let text = format!("says that it is the router {router}, which is {first}");
                (self.overheard.contested, text)
            }
            Kept::NoRoom => {
                self.overheard.no_room += 1;
                let text = format!("the advertisement of {router} is too long, or one too many");
                (self.overheard.no_room, text)
            }
        };
        // Often enough to be seen, and never a flood.
        if count.is_power_of_two() {
            self.note(mac, format!("{text} (seen {count} times)"));
        }
    }

    /// A station said something.
    pub(super) fn told(&mut self, station: MacAddr, told: Told) {
        let now = self.now;
        if let Told::Forged(forgery) = told {
            return self.forged(station, forgery);
        }
        let Some(mut context) = self.context_here(station) else {
            return;
        };
        if let Told::Uses(ip) = told {
            context.addresses.retain(|address| address.until > now);
            match hear(&mut context, ip, now) {
                Heard::Known => return,
                Heard::New if !self.may_use(station, ip) => {
                    self.overheard.taken += 1;
                    return;
                }
                Heard::New | Heard::Longer => {}
            }
        }
        if let Some(known) = self.stations.get_mut(&station) {
            known.hearing.listens(&mut context, told, now);
        }
        self.heard(station, context);
    }

    /// What is known of a station that is here, after something of it was heard.
    fn heard(&mut self, station: MacAddr, context: Context) {
        let known = self.stations.get_mut(&station);
        if let Some(new) = known.and_then(|known| known.new.as_mut()) {
            new.heard = true;
        }
        self.learnt(station, context);
    }

    fn forged(&mut self, station: MacAddr, forgery: Forgery) {
        *self.overheard.forged.entry(forgery).or_default() += 1;
        let Some(known) = self.stations.get_mut(&station) else {
            return;
        };
        known.hearing.forged += 1;
        let count = known.hearing.forged;
        if count.is_power_of_two() {
            let what = match forgery {
                Forgery::RouterAdvertisement => "says that it is a router",
                Forgery::DhcpServer => "says that it is a DHCP server",
                Forgery::AgentAdvertisement => "says that it is a mobility agent",
                Forgery::Sender => "speaks for another's MAC address",
            };
            let text = format!("{what}, which is not believed (the {count}. such frame)");
            self.note(station, text);
        }
    }

    /// All that is known of a station that is here.
    fn context_here(&self, station: MacAddr) -> Option<Context> {
        let known = self.stations.get(&station)?;
        let context = known.present.then(|| known.context.clone());
        context.map(Option::unwrap_or_default)
    }

    /// A station has come, and listens: it need not ask for what is known here.
    pub(super) fn greet(&mut self, station: MacAddr) {
        let (said, asked) = self.say_again(station);
        if said + asked == 0 {
            return;
        }
        if let Some(known) = self.stations.get_mut(&station) {
            known.hearing.again = Some(self.now + AGAIN);
        }
        if said > 0 {
            self.note(
                station,
                format!("has come: {said} words of routers and gateways are said to it again"),
            );
        }
    }

    /// Once more.
    pub(super) fn greet_again(&mut self, station: MacAddr) {
        if let Some(known) = self.stations.get_mut(&station) {
            known.hearing.again = None;
            self.say_again(station);
        }
    }

    /// Sends it what is known of routers, and asks it for the groups that it listened to elsewhere,
    /// unless it has left; returns how many words and how many questions that were.
    fn say_again(&mut self, station: MacAddr) -> (usize, usize) {
        let here = self.stations.get(&station).filter(|known| {
            known.present && !known.old.as_ref().is_some_and(super::old::Old::is_away)
        });
        let Some(known) = here else { return (0, 0) };
        let asked = match (self.config.asks_as, &known.context) {
            (Some(own), Some(context)) => queries(own, &context.groups),
            _ => Vec::new(),
        };
        let said: Vec<_> = self.cache.replay(self.now).collect();
        let counts = (said.len(), asked.len());
        self.overheard.said_again += counts.0 as u64;
        for frame in said.into_iter().chain(asked) {
            self.out.push_back(ApOutput::Inject { station, frame });
        }
        counts
    }
}

impl Hearing {
    /// Brings the groups up to date: those that came with the station are as if just reported.
    fn listens(&mut self, context: &mut Context, told: Told, now: Instant) {
        let until = now + MEMBERSHIP;
        for group in &context.groups {
            self.groups.entry(*group).or_insert(until);
        }
        self.groups.retain(|_, until| *until > now);
        match told {
            Told::Joins(group) => {
                let room = self.groups.len() < Context::MAX_GROUPS;
                if room || self.groups.contains_key(&group) {
                    self.groups.insert(group, until);
                }
            }
            Told::Leaves(group) => {
                self.groups.remove(&group);
            }
            Told::Uses(_) | Told::Forged(_) => {}
        }
        context.groups = self.groups.keys().copied().collect();
    }
}

enum Heard {
    /// Nothing changes, or there is no room.
    Known,
    /// It was about to lapse.
    Longer,
    New,
}

/// A station used an address.
fn hear(context: &mut Context, ip: IpAddr, now: Instant) -> Heard {
    let until = now + ADDRESS;
    let known = context.addresses.iter_mut().find(|a| a.ip == ip);
    if let Some(known) = known {
        // What a server gave lasts as long as the server said.
        let half = Duration::from_nanos(ADDRESS.as_nanos() / 2);
        if known.learnt == Learnt::Heard && known.until < now + half {
            known.until = until;
            return Heard::Longer;
        }
        return Heard::Known;
    }
    let settled = now + (ADDRESS.saturating_sub(SETTLED));
    if !make_room(context, ip, settled) {
        return Heard::Known;
    }
    context.addresses.push(Address {
        ip,
        learnt: Learnt::Heard,
        until,
    });
    Heard::New
}

/// Makes room for another address of this family, in place of one that was only heard and lapses
/// first, before `before`. False if there is none.
fn make_room(context: &mut Context, ip: IpAddr, before: Instant) -> bool {
    let same = |a: &Address| a.ip.is_ipv4() == ip.is_ipv4();
    if context.addresses.iter().filter(|a| same(a)).count() < Context::MAX_ADDRESSES {
        return true;
    }
    let heard = context.addresses.iter().enumerate();
    let heard = heard.filter(|(_, a)| same(a) && a.learnt == Learnt::Heard && a.until < before);
    let Some((place, _)) = heard.min_by_key(|(_, a)| a.until) else {
        return false;
    };
    context.addresses.remove(place);
    true
}

/// What the access point that served a station before knows of it, and what was heard here since.
pub(super) fn merged(theirs: Context, ours: Option<Context>) -> Context {
    let mut context = theirs;
    let ours = ours.unwrap_or_default();
    for address in ours.addresses {
        let known = context.addresses.iter().any(|a| a.ip == address.ip);
        if !known && make_room(&mut context, address.ip, address.until) {
            context.addresses.push(address);
        }
    }
    for group in ours.groups {
        if !context.groups.contains(&group) && context.groups.len() < Context::MAX_GROUPS {
            context.groups.push(group);
        }
    }
    context.agent |= ours.agent;
    context
}

/// What is known of a station that is here without this address, if it was said to have it.
fn without(known: &Station, ip: IpAddr) -> Option<Context> {
    let context = known.context.as_ref().filter(|_| known.present)?;
    let has = context.addresses.iter().any(|address| address.ip == ip);
    has.then(|| {
        let mut context = context.clone();
        context.addresses.retain(|address| address.ip != ip);
        context.lease = context
            .lease
            .filter(|lease| IpAddr::V4(lease.address) != ip);
        context
    })
}

#[cfg(test)]
mod tests;
