//! A station's context: typed containers, each with a version of its own (after RFC 4067).
//!
//! ```text
//! length of containers u16   at most 1200
//! containers           type u8, version u8, length u16, so many octets
//!
//! type 1  agent      agent u8 (0 or 1)
//!      2  promises   at most 8, each: family u8, protocol u8, DSCP u8, ports 2 x u16, addresses,
//!                    direction u8, rate u32, packet u16, delay u32 (us), priority u8,
//!                    least rate u8 (0 or 1) and u32, idle u32 (ms)
//!      3  lease      address, server, relay, router, mask, 4 octets each, left u32 (ms)
//!      4  addresses  at most 8 of each family, each: learnt u8 (0 DHCP, 1 home agent, 2 heard),
//!                    left u32 (ms), family u8, address
//!      5  groups     at most 16, each: family u8, address
//! ```
//!
//! All are of version 1. Containers of another type or version are skipped; of two of one type the
//! last counts. They stand in the order of their importance: what does not fit is at the end.

use alloc::vec::Vec;
use core::net::IpAddr;

use rether_proto::policy::Rank;
use rether_proto::time::{Duration, Instant};
use rether_proto::wire::EncodeError;

use super::{DecodeError, Reader, Writer};
use crate::context::{Address, Context, Learnt, Lease, Promised};

const VERSION: u8 = 1;
const AGENT: u8 = 1;
const PROMISES: u8 = 2;
const LEASE: u8 = 3;
const ADDRESSES: u8 = 4;
const GROUPS: u8 = 5;

/// Octets of type, version and length.
const CONTAINER: usize = 4;
/// Octets of the longest entry: a promise to an IPv6 flow takes 60.
const ENTRY: usize = 64;

impl Context {
    /// The most promises that are kept of a station.
    pub const MAX_PROMISES: usize = 8;
    /// The most addresses that are kept of each family.
    pub const MAX_ADDRESSES: usize = 8;
    /// The most groups that are kept of a station.
    pub const MAX_GROUPS: usize = 16;
}

pub(super) fn read(r: &mut Reader<'_>, now: Instant) -> Result<Context, DecodeError> {
    let at = r.at();
    let len = r.u16("length of context")?;
    if usize::from(len) > Context::MAX_OCTETS {
        return Err(r.bad(at, "length of context", len));
    }
    let mut containers = r.part("context", len.into())?;
    let mut context = Context::default();
    while containers.left() > 0 {
        let kind = containers.u8("container type")?;
        let version = containers.u8("container version")?;
        let len = containers.u16("container length")?;
        let mut value = containers.part("container", len.into())?;
        if version == VERSION {
            read_container(&mut context, kind, &mut value, now)?;
        }
    }
    Ok(context)
}

fn read_container(
    context: &mut Context,
    kind: u8,
    r: &mut Reader<'_>,
    now: Instant,
) -> Result<(), DecodeError> {
    match kind {
        AGENT => context.agent = r.flag("agent")?,
        PROMISES => {
            context.promises = list(r, Context::MAX_PROMISES, "promises", read_promise)?;
        }
        LEASE => context.lease = Some(read_lease(r, now)?),
        ADDRESSES => {
            let at = r.at();
            let most = 2 * Context::MAX_ADDRESSES;
            context.addresses = list(r, most, "addresses", |r| read_address(r, now))?;
            for v4 in [true, false] {
                let of_family = context.addresses.iter().filter(|a| a.ip.is_ipv4() == v4);
                let count = of_family.count();
                if count > Context::MAX_ADDRESSES {
                    return Err(r.bad(at, "addresses of a family", count as u32));
                }
            }
        }
        GROUPS => context.groups = list(r, Context::MAX_GROUPS, "groups", read_ip)?,
        _ => {}
    }
    Ok(())
}

/// Reads entries up to the end, at most `max`.
fn list<T>(
    r: &mut Reader<'_>,
    max: usize,
    field: &'static str,
    entry: impl Fn(&mut Reader<'_>) -> Result<T, DecodeError>,
) -> Result<Vec<T>, DecodeError> {
    let mut entries = Vec::new();
    while r.left() > 0 {
        if entries.len() == max {
            return Err(r.bad(r.at(), field, max as u32 + 1));
        }
        entries.push(entry(r)?);
    }
    Ok(entries)
}

fn read_promise(r: &mut Reader<'_>) -> Result<Promised, DecodeError> {
    let key = r.flow()?;
    let direction = r.direction()?;
    let promise = r.promise()?;
    let priority = r.u8("priority")?;
    let has_least = r.flag("least rate given")?;
    let least = r.u32("least rate")?;
    Ok(Promised {
        key,
        direction,
        promise,
        rank: Rank {
            priority,
            min_rate: has_least.then_some(least),
        },
        idle: r.millis("idle time")?,
    })
}

fn read_lease(r: &mut Reader<'_>, now: Instant) -> Result<Lease, DecodeError> {
    Ok(Lease {
        address: r.array("leased address")?.into(),
        server: r.array("DHCP server")?.into(),
        relay: r.array("DHCP relay")?.into(),
        router: r.array("router")?.into(),
        mask: r.array("netmask")?.into(),
        until: now + r.millis("rest of lease")?,
    })
}

fn read_address(r: &mut Reader<'_>, now: Instant) -> Result<Address, DecodeError> {
    let learnt = r.code("way of learning", |octet| match octet {
        0 => Some(Learnt::Dhcp),
        1 => Some(Learnt::HomeAgent),
        2 => Some(Learnt::Heard),
        _ => None,
    })?;
    Ok(Address {
        learnt,
        until: now + r.millis("rest of address")?,
        ip: read_ip(r)?,
    })
}

fn read_ip(r: &mut Reader<'_>) -> Result<IpAddr, DecodeError> {
    let family = r.family()?;
    r.address(family)
}

pub(super) fn write(
    context: &Context,
    w: &mut Writer<'_>,
    now: Instant,
) -> Result<(), EncodeError> {
    let octets = containers(context, now, Context::MAX_OCTETS)?;
    let field = "length of context";
    w.u16(u16::try_from(octets.len()).map_err(|_| EncodeError::Unfit { field })?)?;
    w.bytes(&octets)
}

/// The containers in as many octets as `budget` at most. The least important entries are left out:
/// groups first, then addresses that were only heard, then the others.
pub(super) fn containers(
    context: &Context,
    now: Instant,
    budget: usize,
) -> Result<Vec<u8>, EncodeError> {
    let mut out = Containers {
        octets: Vec::new(),
        budget,
    };
    if context.agent {
        out.put(AGENT, [()], |w, ()| w.u8(1))?;
    }
    let promises = context.promises.iter().take(Context::MAX_PROMISES);
    out.put(PROMISES, promises, write_promise)?;
    let lease = context
        .lease
        .iter()
        .filter(|l| left(l.until, now).is_some());
    out.put(LEASE, lease, |w, lease| write_lease(w, lease, now))?;
    out.put(ADDRESSES, best(&context.addresses, now), |w, address| {
        write_address(w, address, now)
    })?;
    let groups = context.groups.iter().take(Context::MAX_GROUPS);
    out.put(GROUPS, groups, |w, group| write_ip(w, *group))?;
    Ok(out.octets)
}

/// The addresses that are still good, the best first, and no more of a family than may be.
fn best(addresses: &[Address], now: Instant) -> Vec<&Address> {
    let good = |address: &&Address| left(address.until, now).is_some();
    let mut addresses: Vec<_> = addresses.iter().filter(good).collect();
    addresses.sort_by_key(|address| address.learnt);
    let mut room = [Context::MAX_ADDRESSES; 2];
    addresses.retain(|address| {
        let room = &mut room[usize::from(address.ip.is_ipv4())];
        let fits = *room > 0;
        *room -= usize::from(fits);
        fits
    });
    addresses
}

/// How long something is still good for; `None` if it is not even for a millisecond.
fn left(until: Instant, now: Instant) -> Option<Duration> {
    Some(until.since(now)).filter(|left| left.as_millis() > 0)
}

/// Containers in the making.
struct Containers {
    octets: Vec<u8>,
    budget: usize,
}

impl Containers {
    /// Adds a container with as many of `entries` as there is room for; none if that is none.
    fn put<T>(
        &mut self,
        kind: u8,
        entries: impl IntoIterator<Item = T>,
        write: impl Fn(&mut Writer<'_>, T) -> Result<(), EncodeError>,
    ) -> Result<(), EncodeError> {
        let start = self.octets.len();
        let mut len: u16 = 0;
        for entry in entries {
            let mut scratch = [0; ENTRY];
            let mut w = Writer::to(&mut scratch, ENTRY);
            write(&mut w, entry)?;
            let written = w.written();
            let head = if len == 0 { CONTAINER } else { 0 };
            if self.octets.len() + head + written > self.budget {
                break;
            }
            if len == 0 {
                self.octets.extend([kind, VERSION, 0, 0]);
            }
            self.octets.extend(scratch.iter().take(written));
            // An entry has 64 octets at most, and there are few.
            len += written as u16;
        }
        if let Some(field) = self.octets.get_mut(start + 2..start + CONTAINER) {
            field.copy_from_slice(&len.to_be_bytes());
        }
        Ok(())
    }
}

fn write_promise(w: &mut Writer<'_>, promised: &Promised) -> Result<(), EncodeError> {
    w.flow(&promised.key)?;
    w.direction(promised.direction)?;
    w.promise(&promised.promise)?;
    w.u8(promised.rank.priority)?;
    w.u8(promised.rank.min_rate.is_some().into())?;
    w.u32(promised.rank.min_rate.unwrap_or_default())?;
    w.millis(promised.idle)
}

fn write_lease(w: &mut Writer<'_>, lease: &Lease, now: Instant) -> Result<(), EncodeError> {
    w.bytes(&lease.address.octets())?;
    w.bytes(&lease.server.octets())?;
    w.bytes(&lease.relay.octets())?;
    w.bytes(&lease.router.octets())?;
    w.bytes(&lease.mask.octets())?;
    w.millis(lease.until.since(now))
}

fn write_address(w: &mut Writer<'_>, address: &Address, now: Instant) -> Result<(), EncodeError> {
    w.u8(match address.learnt {
        Learnt::Dhcp => 0,
        Learnt::HomeAgent => 1,
        Learnt::Heard => 2,
    })?;
    w.millis(address.until.since(now))?;
    write_ip(w, address.ip)
}

fn write_ip(w: &mut Writer<'_>, ip: IpAddr) -> Result<(), EncodeError> {
    w.family(ip)?;
    w.address(ip)
}
