//! Where the kernel sends packets for stations: host routes, neighbours and bridge entries, by
//! rtnetlink(7), without running a program.
//!
//! Routes are in a table of their own and carry a protocol number of their own, so that a routing
//! daemon can tell them apart and export them. A rule has that table asked before the main one.
//! What a killed predecessor left there is found by both numbers.

mod change;
mod device;
mod list;
mod rule;
mod value;

use std::fmt;
use std::io;

use crate::error::{Doing, OsError};
use crate::netlink::messages;
use crate::netlink::socket::NetlinkSocket;

pub use device::Setting;
pub use value::{Belief, Change, Route, Way};

/// How our routes are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marks {
    /// Routing table; neither 0 nor 253 to 255, which are the kernel's.
    pub table: u32,
    /// `rtm_protocol`: who made a route. Those below 16 and some above belong to others
    /// (`linux/rtnetlink.h`, `/etc/iproute2/rt_protos`).
    pub protocol: u8,
    /// Priority of the rule that has the table asked; lower ones come first, and that of the main
    /// table is 32,766.
    pub rule: u32,
}

/// A connection to the kernel's routing.
pub struct Path {
    socket: NetlinkSocket,
    marks: Marks,
    sequence: u32,
    out: Vec<u8>,
}

impl fmt::Debug for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Path")
            .field("marks", &self.marks)
            .finish_non_exhaustive()
    }
}

impl Path {
    /// Connects. Nothing is changed yet.
    ///
    /// # Errors
    /// Out of file descriptors.
    pub fn open(marks: Marks) -> Result<Self, OsError> {
        let socket = NetlinkSocket::open(libc::NETLINK_ROUTE, 0)
            .doing("open a netlink socket for routes")?;
        Ok(Self {
            socket,
            marks,
            sequence: 0,
            out: Vec::new(),
        })
    }

    /// Makes `changes`, in this order and in one call of the kernel; all are tried, whatever
    /// becomes of those before.
    ///
    /// # Errors
    /// The first one that the kernel refused.
    pub fn apply(&mut self, changes: &[Change]) -> Result<(), OsError> {
        // So few messages fit the send buffer, and their answers the receive buffer.
        const AT_ONCE: usize = 64;
        let mut refused = Ok(());
        for some in changes.chunks(AT_ONCE) {
            let first = self.numbers(some.len());
            let mut out = std::mem::take(&mut self.out);
            out.clear();
            for (sequence, one) in (first..).zip(some) {
                change::write(&mut out, &self.marks, one, sequence);
            }
            let codes = self.socket.ask(&out, first, some.len());
            self.out = out;
            for (one, code) in some
                .iter()
                .zip(codes.doing("change routes and neighbours")?)
            {
                if !one.is_fine(code) && refused.is_ok() {
                    refused = Err(io::Error::from_raw_os_error(code)).doing(one.doing());
                }
            }
        }
        refused
    }

    /// Has our table asked, for both address families; nothing changes if it is already.
    ///
    /// # Errors
    /// Missing rights, or a kernel without policy routing.
    pub fn add_rules(&mut self) -> Result<(), OsError> {
        for family in [libc::AF_INET, libc::AF_INET6] {
            let code = self.rule(family, true);
            match code.doing("have the table of stations' routes asked")? {
                0 | libc::EEXIST => {}
                // A host without IPv6 needs no rule for it.
                libc::EAFNOSUPPORT | libc::EOPNOTSUPP if family == libc::AF_INET6 => {}
                code => {
                    return Err(io::Error::from_raw_os_error(code)).doing(
                        "have the table of stations' routes asked (the kernel needs \
                         CONFIG_IP_MULTIPLE_TABLES)",
                    );
                }
            }
        }
        Ok(())
    }

    /// Takes the rules away, and all our routes; what a killed predecessor left behind goes the
    /// same way. True if there was a route.
    ///
    /// # Errors
    /// Missing rights.
    pub fn remove_all(&mut self) -> Result<bool, OsError> {
        for family in [libc::AF_INET, libc::AF_INET6] {
            // Whoever adds a rule without a look for it may have it twice.
            while self
                .rule(family, false)
                .doing("delete the rule for stations' routes")?
                == 0
            {}
        }
        // Routes may come while they are listed; a few rounds find those, too.
        const ROUNDS: usize = 4;
        let mut any = false;
        for _ in 0..ROUNDS {
            let routes = self.routes()?;
            if routes.is_empty() {
                break;
            }
            any = true;
            let gone: Vec<_> = routes
                .iter()
                .map(|route| Change::DeleteRoute(route.host))
                .collect();
            self.apply(&gone)?;
        }
        Ok(any)
    }

    /// All our routes, in the kernel's order.
    ///
    /// # Errors
    /// The kernel refused to list them.
    pub fn routes(&mut self) -> Result<Vec<Route>, OsError> {
        let mut routes = Vec::new();
        for family in [libc::AF_INET, libc::AF_INET6] {
            self.list(family, &mut routes)
                .doing("list the routes to stations")?;
        }
        Ok(routes)
    }

    /// Changes what interface `index` does with packets; nobody puts it back.
    ///
    /// # Errors
    /// The interface has gone, or missing rights.
    pub fn set(&mut self, index: u32, setting: Setting, value: u32) -> Result<(), OsError> {
        let number = self.numbers(1);
        let mut request = Vec::new();
        device::set(&mut request, index, setting, value, number);
        self.order(&request, number)
            .doing("change a setting of an interface")
    }

    /// Has interface `index` wait at most `milliseconds` before it answers for another host; the
    /// kernel's default is 800, longer than a roam may take.
    ///
    /// # Errors
    /// As for [`Path::set`].
    pub fn set_proxy_delay(&mut self, index: u32, milliseconds: u64) -> Result<(), OsError> {
        for cache in [
            (libc::AF_INET, "arp_cache"),
            (libc::AF_INET6, "ndisc_cache"),
        ] {
            let number = self.numbers(1);
            let mut request = Vec::new();
            device::set_proxy_delay(&mut request, index, cache, milliseconds, number);
            match self.order(&request, number) {
                // An interface without IPv6 has none of its own.
                Err(error)
                    if cache.0 == libc::AF_INET6 && error.raw_os_error() == Some(libc::ENOENT) => {}
                result => result.doing("answer for other hosts without delay")?,
            }
        }
        Ok(())
    }

    fn order(&self, request: &[u8], number: u32) -> io::Result<()> {
        match self.socket.ask(request, number, 1)?.first() {
            Some(0) => Ok(()),
            Some(code) => Err(io::Error::from_raw_os_error(*code)),
            None => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    fn numbers(&mut self, count: usize) -> u32 {
        let first = self.sequence.wrapping_add(1);
        // A few thousand numbers before the end it begins again, so that none wraps in a request.
        let first = if first > u32::MAX / 2 { 1 } else { first };
        self.sequence = first + u32::try_from(count).unwrap_or(1) - 1;
        first
    }

    fn rule(&mut self, family: libc::c_int, add: bool) -> io::Result<i32> {
        let first = self.numbers(1);
        let mut request = Vec::new();
        rule::write(&mut request, &self.marks, family, add, first);
        let codes = self.socket.ask(&request, first, 1)?;
        Ok(codes.first().copied().unwrap_or(libc::EBADMSG))
    }

    fn list(&mut self, family: libc::c_int, routes: &mut Vec<Route>) -> io::Result<()> {
        let sequence = self.numbers(1);
        let mut request = Vec::new();
        list::request(&mut request, family, sequence);
        self.socket.send(&request)?;
        let mut buffer = vec![0; 1 << 16];
        loop {
            let Some(datagram) = self.socket.receive(&mut buffer)? else {
                self.socket.wait()?;
                continue;
            };
            for message in messages(datagram).filter(|message| message.sequence == sequence) {
                match message.error() {
                    None | Some(0) => {}
                    Some(libc::EAFNOSUPPORT | libc::EOPNOTSUPP) => return Ok(()),
                    Some(code) => return Err(io::Error::from_raw_os_error(code)),
                }
                if i32::from(message.kind) == libc::NLMSG_DONE {
                    return Ok(());
                }
                routes.extend(list::route(&message, &self.marks));
            }
        }
    }
}
