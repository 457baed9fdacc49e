//! Network interfaces: what one is now.

use std::fmt;
use std::str::FromStr;

use rether_proto::mac::MacAddr;

use crate::error::OsError;

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
        let _ = name;
        unimplemented!()
    }
}
