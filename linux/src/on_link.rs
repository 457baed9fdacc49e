//! Which networks are reached on an interface without a router: those of its addresses.

use std::io;
use std::net::IpAddr;

use rether_proto::policy::Prefix;

use crate::error::{Doing, OsError};
use crate::netlink::socket::NetlinkSocket;
use crate::netlink::{Message, attributes, messages};

/// Length of `ifaddrmsg`.
const FAMILY: usize = 8;

/// The networks of the addresses of interface `index` (`RTM_GETADDR`, rtnetlink(7)).
///
/// # Errors
/// Out of file descriptors, or the kernel gave no table.
pub fn on_link(index: u32) -> Result<Vec<Prefix>, OsError> {
    ask(index).doing("read the interface's addresses")
}

fn ask(index: u32) -> io::Result<Vec<Prefix>> {
    let socket = NetlinkSocket::open(libc::NETLINK_ROUTE, 0)?;
    let flags = (libc::NLM_F_REQUEST | libc::NLM_F_DUMP) as u16;
    let mut request = Vec::new();
    Message::begin(&mut request, libc::RTM_GETADDR, flags, 1, &[0; FAMILY]);
    socket.send(&request)?;
    let mut networks = Vec::new();
    let mut buffer = vec![0; 1 << 15];
    loop {
        socket.wait()?;
        let Some(datagram) = socket.receive(&mut buffer)? else {
            continue;
        };
        for message in messages(datagram) {
            if i32::from(message.kind) == libc::NLMSG_DONE {
                return Ok(networks);
            }
            if let Some(code) = message.error() {
                return Err(io::Error::from_raw_os_error(code));
            }
            if message.kind == libc::RTM_NEWADDR {
                networks.extend(parse(index, message.body));
            }
        }
    }
}

/// The network of an address, if it is one of interface `index`.
fn parse(index: u32, body: &[u8]) -> Option<Prefix> {
    let header = body.first_chunk::<FAMILY>()?;
    let of = u32::from_ne_bytes([header[4], header[5], header[6], header[7]]);
    // On a point-to-point link this is the other end, which is what is reached.
    let (_, address) = attributes(&body[FAMILY..]).find(|(kind, _)| *kind == libc::IFA_ADDRESS)?;
    let addr = match address.len() {
        4 => IpAddr::from(<[u8; 4]>::try_from(address).ok()?),
        16 => IpAddr::from(<[u8; 16]>::try_from(address).ok()?),
        _ => return None,
    };
    (of == index).then_some(Prefix {
        addr,
        bits: header[1],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loopback_interface_has_its_network() {
        let networks = on_link(1).unwrap();
        let local = |net: &Prefix| net.contains([127, 0, 0, 9].into());
        assert!(
            networks.is_empty() || networks.iter().any(local),
            "{networks:?}"
        );
        assert_eq!(on_link(u32::MAX).unwrap(), []);
    }

    #[test]
    fn addresses_of_the_interface_only_and_nothing_broken() {
        let message = |octets: &[u8]| {
            let mut buffer = Vec::new();
            let family = [2, 24, 0, 0, 7, 0, 0, 0];
            Message::begin(&mut buffer, libc::RTM_NEWADDR, 0, 1, &family)
                .attribute(libc::IFA_ADDRESS, octets);
            buffer
        };
        let read = |index: u32, bytes: &[u8]| parse(index, messages(bytes).next()?.body);
        let own = u32::from_ne_bytes([7, 0, 0, 0]);
        let bytes = message(&[10, 1, 0, 100]);
        let network = read(own, &bytes).unwrap();
        assert!(network.contains([10, 1, 0, 255].into()));
        assert!(!network.contains([10, 1, 1, 0].into()));
        assert_eq!(read(8, &bytes), None);
        assert_eq!(read(own, &message(&[10, 1, 0])), None);
        let body = messages(&bytes).next().unwrap().body;
        for cut in 0..body.len() {
            assert_eq!(parse(own, &body[..cut]), None, "{cut}");
        }
    }
}
