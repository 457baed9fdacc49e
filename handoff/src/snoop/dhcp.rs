//! DHCPv4 (RFC 2131, RFC 2132), a server's answers.

use core::net::Ipv4Addr;

use rether_proto::mac::MacAddr;
use rether_proto::time::{Duration, Instant};

use super::{Wired, is_routable};
use crate::context::Lease;

/// Port of servers.
pub(super) const SERVER: u16 = 67;
/// Port of clients.
pub(super) const CLIENT: u16 = 68;

/// Length of all that is before the options, the magic cookie among it.
const FIXED: usize = 240;
/// BOOTREPLY, over Ethernet, with addresses of six octets.
const REPLY: [u8; 3] = [2, 1, 6];
const COOKIE: [u8; 4] = [99, 130, 83, 99];
const ACK: u8 = 5;
const NAK: u8 = 6;

/// The options that matter, as they stand.
#[derive(Default)]
struct Options<'a> {
    mask: Option<&'a [u8]>,
    router: Option<&'a [u8]>,
    time: Option<&'a [u8]>,
    kind: Option<&'a [u8]>,
    server: Option<&'a [u8]>,
}

/// DHCPACK or DHCPNAK for a station. An ACK needs an address, a server and a time: those that
/// answer DHCPINFORM have none, and give nothing.
pub(super) fn answer(message: &[u8], now: Instant) -> Option<Wired> {
    let (fixed, options) = message.split_first_chunk::<FIXED>()?;
    if fixed[..3] != REPLY || fixed[236..] != COOKIE {
        return None;
    }
    let station = MacAddr(*fixed[28..].first_chunk()?);
    if station.is_group() {
        return None;
    }
    let options = Options::read(options)?;
    match options.kind {
        Some([ACK]) => {}
        Some([NAK]) => return Some(Wired::Refused(station)),
        _ => return None,
    }
    let address = Ipv4Addr::from(*fixed[16..].first_chunk::<4>()?);
    let seconds = u32::from_be_bytes(options.time?.try_into().ok()?);
    if !is_routable(address.into()) || seconds == 0 {
        return None;
    }
    let first = |option: Option<&[u8]>| {
        let octets = option.and_then(|octets| octets.first_chunk::<4>());
        octets.map_or(Ipv4Addr::UNSPECIFIED, |octets| Ipv4Addr::from(*octets))
    };
    let lease = Lease {
        address,
        server: Ipv4Addr::from(<[u8; 4]>::try_from(options.server?).ok()?),
        relay: Ipv4Addr::from(*fixed[24..].first_chunk::<4>()?),
        router: first(options.router),
        mask: first(options.mask),
        until: now + Duration::from_secs(seconds.into()),
    };
    Some(Wired::Leased { station, lease })
}

impl<'a> Options<'a> {
    /// `None` if an option is longer than the message. Of two of a kind the first counts.
    fn read(mut rest: &'a [u8]) -> Option<Self> {
        const PAD: u8 = 0;
        const END: u8 = 255;
        let mut options = Self::default();
        while let Some((&code, after)) = rest.split_first() {
            rest = match code {
                PAD => after,
                END => break,
                _ => {
                    let (&length, after) = after.split_first()?;
                    let (value, after) = after.split_at_checked(length.into())?;
                    let place = match code {
                        1 => Some(&mut options.mask),
                        3 => Some(&mut options.router),
                        51 => Some(&mut options.time),
                        53 => Some(&mut options.kind),
                        54 => Some(&mut options.server),
                        _ => None,
                    };
                    if let Some(place) = place {
                        place.get_or_insert(value);
                    }
                    after
                }
            };
        }
        Some(options)
    }
}
