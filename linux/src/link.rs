//! Network interfaces: what one is now.

use std::fmt;
use std::io;
use std::str::FromStr;

use rether_proto::mac::MacAddr;

use crate::error::{Doing, OsError};
use crate::netlink::socket::NetlinkSocket;
use crate::netlink::{Message, attributes, messages};

/// The name of a network interface: 1 to 15 printable ASCII characters, none of which means
/// something to the kernel, to nftables or to a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InterfaceName(String);

/// The text cannot be the name of a network interface.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not an interface name; write 1 to 15 letters, digits, `.`, `-`, `_` or `@`, as `ip link` shows it"
)]
pub struct InterfaceNameError(pub String);

impl InterfaceName {
    /// `lo`, which every network namespace has.
    #[must_use]
    pub fn loopback() -> Self {
        Self("lo".to_owned())
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for InterfaceName {
    type Err = InterfaceNameError;

    fn from_str(text: &str) -> Result<Self, InterfaceNameError> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || ".-_@".contains(c);
        let fits = (1..=15).contains(&text.len()) && text.chars().all(allowed);
        if fits && text != "." && text != ".." {
            return Ok(Self(text.to_owned()));
        }
        Err(InterfaceNameError(text.to_owned()))
    }
}

impl fmt::Display for InterfaceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An interface as the kernel described it a moment ago.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Interface index.
    pub index: u32,
    /// Its name.
    pub name: InterfaceName,
    /// Its MAC address.
    pub mac: MacAddr,
    /// Administratively up.
    pub up: bool,
    /// Up and with a carrier: associated, for a station.
    pub running: bool,
    /// Interface index of the bridge it is a port of, if it is one.
    pub bridge: Option<u32>,
}

impl Link {
    /// Asks the kernel about the interface called `name` (`RTM_GETLINK`, rtnetlink(7)).
    ///
    /// # Errors
    /// There is no such interface; see [`OsError::is_link_down`].
    pub fn read(name: &InterfaceName) -> Result<Self, OsError> {
        ask(name).doing("read the interface")
    }

    /// The bridge that it is a port of now.
    #[must_use]
    pub fn bridge_link(&self) -> Option<Self> {
        let file = format!("/sys/class/net/{}/brport/bridge", self.name);
        let path = std::fs::read_link(file).ok()?;
        Self::read(&path.file_name()?.to_str()?.parse().ok()?).ok()
    }
}

/// Length of `ifinfomsg`.
const FAMILY: usize = 16;

fn ask(name: &InterfaceName) -> io::Result<Link> {
    let socket = NetlinkSocket::open(libc::NETLINK_ROUTE, 0)?;
    let mut request = Vec::new();
    let mut terminated = name.0.clone().into_bytes();
    terminated.push(0);
    Message::begin(
        &mut request,
        libc::RTM_GETLINK,
        libc::NLM_F_REQUEST as u16,
        1,
        &[0; FAMILY],
    )
    .attribute(libc::IFLA_IFNAME, &terminated);
    socket.send(&request)?;
    socket.wait()?;
    let mut buffer = vec![0; 1 << 16];
    let datagram = socket.receive(&mut buffer)?.unwrap_or(&[]);
    for message in messages(datagram) {
        if let Some(code) = message.error() {
            return Err(io::Error::from_raw_os_error(code));
        }
        if message.kind == libc::RTM_NEWLINK {
            return parse(name, message.body).ok_or_else(|| io::ErrorKind::InvalidData.into());
        }
    }
    Err(io::ErrorKind::UnexpectedEof.into())
}

fn parse(name: &InterfaceName, body: &[u8]) -> Option<Link> {
    let word = |at: usize| {
        body.get(at..at + 4)?
            .try_into()
            .ok()
            .map(u32::from_ne_bytes)
    };
    let (index, flags) = (word(4)?, word(8)?);
    let has = |flag: libc::c_int| flags & flag.unsigned_abs() != 0;
    let mut mac = None;
    let mut master = None;
    let mut of_bridge = false;
    for (kind, value) in attributes(body.get(FAMILY..)?) {
        match kind {
            libc::IFLA_ADDRESS => mac = value.try_into().ok().map(MacAddr),
            libc::IFLA_MASTER => master = value.try_into().ok().map(u32::from_ne_bytes),
            libc::IFLA_LINKINFO => {
                of_bridge = attributes(value).any(|(kind, value)| {
                    kind == libc::IFLA_INFO_SLAVE_KIND && value == b"bridge\0"
                });
            }
            _ => {}
        }
    }
    Some(Link {
        index,
        name: name.clone(),
        mac: mac?,
        up: has(libc::IFF_UP),
        running: has(libc::IFF_LOWER_UP),
        bridge: master.filter(|_| of_bridge),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for good in ["wlan0", "wlp2s0.100", "ap-1_x", "wlan0@if2", "a"] {
            assert_eq!(good.parse::<InterfaceName>().unwrap().as_str(), good);
        }
        for bad in [
            "",
            ".",
            "..",
            "wlan0*",
            "a b",
            "a/b",
            "\"x\"",
            "sixteen-letters!",
            "wlän0",
        ] {
            assert!(bad.parse::<InterfaceName>().is_err(), "{bad:?}");
        }
        assert!("123456789012345".parse::<InterfaceName>().is_ok());
        assert!("1234567890123456".parse::<InterfaceName>().is_err());
    }

    #[test]
    fn the_loopback_interface_and_one_that_is_not() {
        let lo = Link::read(&"lo".parse().unwrap()).unwrap();
        assert_eq!((lo.index, lo.mac, lo.bridge), (1, MacAddr([0; 6]), None));
        let error = Link::read(&"no-such-link".parse().unwrap()).unwrap_err();
        assert!(error.is_link_down(), "{error}");
    }

    #[test]
    fn a_bridge_port_is_told_from_other_ports() {
        let message = |kind: &[u8]| {
            let mut info = Vec::new();
            // Only the attributes count; they are cut out of a message.
            let length = u16::try_from(4 + kind.len()).unwrap();
            info.extend(length.to_ne_bytes());
            info.extend(libc::IFLA_INFO_SLAVE_KIND.to_ne_bytes());
            info.extend(kind);
            let mut family = [0; FAMILY];
            family[4] = 7;
            family[8] = libc::IFF_UP as u8;
            let mut buffer = Vec::new();
            Message::begin(&mut buffer, libc::RTM_NEWLINK, 0, 1, &family)
                .attribute(libc::IFLA_ADDRESS, &[2, 0, 0, 0, 0, 1])
                .attribute(libc::IFLA_MASTER, &9_u32.to_ne_bytes())
                .attribute(libc::IFLA_LINKINFO, &info);
            buffer
        };
        let name: InterfaceName = "wlan0".parse().unwrap();
        let read = |bytes: &[u8]| parse(&name, messages(bytes).next().unwrap().body);
        let link = read(&message(b"bridge\0")).unwrap();
        assert_eq!(
            (link.index, link.bridge, link.up, link.running),
            (7, Some(9), true, false)
        );
        assert_eq!(read(&message(b"bond\0")).unwrap().bridge, None);
        let whole = message(b"bridge\0");
        let body = messages(&whole).next().unwrap().body;
        for cut in 0..body.len() {
            let read = parse(&name, &body[..cut]);
            assert_eq!(read.is_some(), cut >= FAMILY + 10, "{cut}");
        }
    }
}
