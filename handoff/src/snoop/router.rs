//! Router advertisements (RFC 4861) and agent advertisements (RFC 1256, RFC 5944), and what
//! becomes of one that is repeated later.

use core::net::{Ipv4Addr, Ipv6Addr};

use etherparse::checksum::Sum16BitWords;
use etherparse::icmpv6::Icmpv6PayloadSlice;
use etherparse::{Icmpv4Slice, Icmpv6Slice, Icmpv6Type, Ipv4Slice, Ipv6Slice};
use rether_proto::time::Duration;

use super::{Advert, Seen, sound};
use crate::frame::Frame;

/// ICMPv6 type of a router advertisement.
pub(super) const ROUTER: u8 = 134;
/// ICMP type of an agent advertisement.
pub(super) const AGENT: u8 = 9;

const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);
const ALL_HOSTS: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 1);
const IPV6_HEADER: usize = 40;

/// A router advertisement to all nodes, checked as RFC 4861, section 6.1.2, demands of a host.
pub(super) fn router(
    seen: &Seen<'_>,
    ip: &Ipv6Slice<'_>,
    icmp: &Icmpv6Slice<'_>,
) -> Option<Advert> {
    let header = ip.header();
    let router = Ipv6Addr::from(header.source());
    let fits = icmp.type_u8() == ROUTER
        && icmp.code_u8() == 0
        && header.hop_limit() == 255
        // Anything between the headers would move what is changed when it is repeated.
        && header.next_header().0 == ICMPV6
        && router.is_unicast_link_local()
        && Ipv6Addr::from(header.destination()) == ALL_NODES
        && sound(seen, ip, icmp);
    if !fits {
        return None;
    }
    let Icmpv6Type::RouterAdvertisement(fixed) = icmp.icmp_type() else {
        return None;
    };
    let Ok(Icmpv6PayloadSlice::RouterAdvertisement(payload)) = icmp.payload_slice() else {
        return None;
    };
    if payload.options_iterator().any(|option| option.is_err()) {
        return None;
    }
    Some(Advert {
        router: router.into(),
        lifetime: Duration::from_secs(fixed.router_lifetime.into()),
        frame: frame(seen, IPV6_HEADER + icmp.slice().len())?,
    })
}

/// An agent advertisement to all hosts. Its extensions are not looked at.
pub(super) fn agent(seen: &Seen<'_>, ip: &Ipv4Slice<'_>, icmp: &Icmpv4Slice<'_>) -> Option<Advert> {
    let message = icmp.slice();
    let to = ip.header().destination_addr();
    let agent = ip.header().source_addr();
    let fits = icmp.type_u8() == AGENT
        && matches!(icmp.code_u8(), 0 | 16)
        && matches!(to, ALL_HOSTS | Ipv4Addr::BROADCAST)
        && super::is_routable(agent.into())
        // Addresses of two words each, and all of them there.
        && message[5] == 2
        && message.len() >= 8 + 8 * usize::from(message[4])
        && (!seen.summed || Sum16BitWords::new().add_slice(message).ones_complement() == 0);
    if !fits {
        return None;
    }
    let [.., high, low] = icmp.bytes5to8();
    Some(Advert {
        router: agent.into(),
        lifetime: Duration::from_secs(u16::from_be_bytes([high, low]).into()),
        frame: frame(seen, usize::from(ip.header().total_len()))?,
    })
}

fn frame(seen: &Seen<'_>, length: usize) -> Option<Frame> {
    Some(Frame {
        source: seen.from,
        ether_type: seen.ether_type,
        payload: seen.payload.get(..length)?.to_vec(),
    })
}

const ICMPV6: u8 = 58;

/// A router advertisement as its router would word it `age` after it did: all its lifetimes are
/// shorter by that, rounded up, and its checksum is right. `None` when the router's is over.
/// `frame` is that of an [`Advert`] of a router.
pub(crate) fn aged(frame: &Frame, age: Duration) -> Option<Frame> {
    const LIFETIME: usize = IPV6_HEADER + 6;
    const OPTIONS: usize = IPV6_HEADER + 16;
    const CHECKSUM: usize = IPV6_HEADER + 2;
    let seconds = u32::try_from(age.as_nanos().div_ceil(1_000_000_000)).unwrap_or(u32::MAX);
    let mut frame = frame.clone();
    let packet = &mut frame.payload;
    let lifetime = packet.get_mut(LIFETIME..)?.first_chunk_mut::<2>()?;
    let left = u32::from(u16::from_be_bytes(*lifetime)).checked_sub(seconds)?;
    *lifetime = u16::try_from(left)
        .ok()
        .filter(|left| *left > 0)?
        .to_be_bytes();
    let mut options = packet.get_mut(OPTIONS..)?;
    while let Some(&[kind, words]) = options.first_chunk::<2>() {
        let (option, rest) = options.split_at_mut_checked(usize::from(words) * 8)?;
        if option.is_empty() {
            return None;
        }
        age_option(kind, option, seconds);
        options = rest;
    }
    packet.get_mut(CHECKSUM..CHECKSUM + 2)?.fill(0);
    let (header, message) = packet.split_at_checked(IPV6_HEADER)?;
    let length = u32::try_from(message.len()).ok()?;
    let sum = Sum16BitWords::new()
        .add_slice(header.get(8..)?)
        .add_slice(&length.to_be_bytes())
        .add_slice(&[0, ICMPV6])
        .add_slice(message)
        .ones_complement();
    // The sum is of words in the host's order.
    packet
        .get_mut(CHECKSUM..CHECKSUM + 2)?
        .copy_from_slice(&sum.to_ne_bytes());
    Some(frame)
}

/// Shortens the lifetimes of an option; what it is too short for is left alone.
fn age_option(kind: u8, option: &mut [u8], seconds: u32) {
    const PREFIX: u8 = 3;
    /// RFC 4191, section 2.3.
    const ROUTE: u8 = 24;
    /// RFC 8106: recursive servers, search list.
    const DNS_SERVERS: u8 = 25;
    const DNS_SEARCH: u8 = 31;
    /// RFC 8781.
    const PREF64: u8 = 38;
    let places: &[usize] = match kind {
        PREFIX => &[4, 8],
        ROUTE | DNS_SERVERS | DNS_SEARCH => &[4],
        PREF64 => {
            // Units of eight seconds in 13 bits, then the length of the prefix in three.
            if let Some(field) = option.get_mut(2..).and_then(<[u8]>::first_chunk_mut::<2>) {
                let value = u16::from_be_bytes(*field);
                let units = u32::from(value >> 3).saturating_sub(seconds.div_ceil(8));
                *field = ((units as u16) << 3 | value & 7).to_be_bytes();
            }
            return;
        }
        _ => &[],
    };
    for place in places {
        let field = option.get_mut(*place..);
        if let Some(field) = field.and_then(<[u8]>::first_chunk_mut::<4>) {
            let left = u32::from_be_bytes(*field);
            // All ones is for ever.
            if left != u32::MAX {
                *field = left.saturating_sub(seconds).to_be_bytes();
            }
        }
    }
}
