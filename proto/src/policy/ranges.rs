//! Ranges of addresses and of ports, and how people write them.

use core::fmt;
use core::net::IpAddr;
use core::num::ParseIntError;
use core::str::FromStr;

use super::{PortRange, Prefix};

/// Why something is not a [`Prefix`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PrefixError {
    /// What stands before the slash is no address.
    #[error("not an IP address; write one like 10.1.2.3 or 10.0.0.0/8 or 2001:db8::/32")]
    Address,
    /// What stands behind the slash is no number.
    #[error("not a prefix length; write the number of leading bits, like 10.0.0.0/8")]
    Length,
    /// More bits than the address has.
    #[error("a prefix of {bits} bits is longer than the address; write /{max} or less")]
    TooLong {
        /// The length that was asked for.
        bits: u8,
        /// The bits of such an address.
        max: u8,
    },
}

impl Prefix {
    /// The addresses that share the first `bits` bits with `addr`.
    ///
    /// # Errors
    /// [`PrefixError::TooLong`] if an address of that family has fewer bits.
    pub const fn new(addr: IpAddr, bits: u8) -> Result<Self, PrefixError> {
        let max = address_bits(addr);
        if bits > max {
            Err(PrefixError::TooLong { bits, max })
        } else {
            Ok(Self { addr, bits })
        }
    }

    /// True if `addr` is of the same family and its first bits are the same.
    #[must_use]
    pub fn contains(self, addr: IpAddr) -> bool {
        match (self.addr, addr) {
            (IpAddr::V4(a), IpAddr::V4(b)) => {
                let differing = u32::from(a) ^ u32::from(b);
                differing.leading_zeros() >= u32::from(self.bits).min(32)
            }
            (IpAddr::V6(a), IpAddr::V6(b)) => {
                let differing = u128::from(a) ^ u128::from(b);
                differing.leading_zeros() >= u32::from(self.bits).min(128)
            }
            _ => false,
        }
    }
}

const fn address_bits(addr: IpAddr) -> u8 {
    match addr {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

impl FromStr for Prefix {
    type Err = PrefixError;

    /// Reads `10.0.0.0/8`, or a bare address, which is the prefix of that one address.
    fn from_str(text: &str) -> Result<Self, PrefixError> {
        let (addr, bits) = match text.split_once('/') {
            Some((addr, bits)) => (addr, Some(bits)),
            None => (text, None),
        };
        let addr: IpAddr = addr.parse().map_err(|_| PrefixError::Address)?;
        let bits = match bits {
            Some(bits) => bits.parse().map_err(|_| PrefixError::Length)?,
            None => address_bits(addr),
        };
        Self::new(addr, bits)
    }
}

impl fmt::Display for Prefix {
    /// Writes what [`Prefix::from_str`] reads: a prefix of one address as the bare address.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.bits == address_bits(self.addr) {
            write!(f, "{}", self.addr)
        } else {
            write!(f, "{}/{}", self.addr, self.bits)
        }
    }
}

/// Why something is not a [`PortRange`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PortRangeError {
    /// Not one or two numbers that a port can have.
    #[error("not a port or port range; write 1 to 65535, like 5004 or 16384-32767")]
    Number,
    /// Port 0 is no port: packets without ports count as having it.
    #[error("port 0 is not used by any flow; write 1-{last}, or leave the ports out to match all")]
    Zero {
        /// The upper end of the range that was asked for, at least 1.
        last: u16,
    },
    /// The first port is above the last.
    #[error("{first}-{last} runs backwards; write {last}-{first}")]
    Backwards {
        /// The lower end that was asked for.
        first: u16,
        /// The upper end that was asked for.
        last: u16,
    },
}

impl PortRange {
    /// The ports from `first` to `last`.
    ///
    /// # Errors
    /// If either is 0, or `first` is above `last`.
    pub const fn new(first: u16, last: u16) -> Result<Self, PortRangeError> {
        if first == 0 || last == 0 {
            let highest = if first > last { first } else { last };
            Err(PortRangeError::Zero {
                last: if highest == 0 { u16::MAX } else { highest },
            })
        } else if first > last {
            Err(PortRangeError::Backwards { first, last })
        } else {
            Ok(Self { first, last })
        }
    }

    /// True for ports from `first` to `last`. Never for 0, which stands for "no ports":
    /// ICMP and later fragments match no rule that asks for a port.
    #[must_use]
    pub const fn contains(self, port: u16) -> bool {
        port != 0 && self.first <= port && port <= self.last
    }
}

impl FromStr for PortRange {
    type Err = PortRangeError;

    /// Reads `5004` or `16384-32767`.
    fn from_str(text: &str) -> Result<Self, PortRangeError> {
        let number = |text: &str| {
            text.parse()
                .map_err(|_: ParseIntError| PortRangeError::Number)
        };
        match text.split_once('-') {
            Some((first, last)) => Self::new(number(first)?, number(last)?),
            None => {
                let port = number(text)?;
                Self::new(port, port)
            }
        }
    }
}

impl fmt::Display for PortRange {
    /// Writes what [`PortRange::from_str`] reads: a range of one port as the bare port.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last {
            write!(f, "{}", self.first)
        } else {
            write!(f, "{}-{}", self.first, self.last)
        }
    }
}
