//! The few things asked of the operating system: time, randomness, sockets.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::num::NonZeroU64;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::sockopt;
use rustix::rand::{GetRandomFlags, getrandom};
use rustix::thread::{ClockId, clock_nanosleep_absolute, set_current_timer_slack};
use rustix::time::clock_gettime;
use thiserror::Error;

use crate::packet::MAX_PACKET_LEN;

const S: u64 = 1_000_000_000;
/// Room for a second of 250 calls, should this process not be scheduled for so long.
const RECEIVE_BUFFER: usize = 4 << 20;
/// Datagrams read from one socket before the others get their turn.
const READ_BUDGET: usize = 256;
/// Longer than any datagram of ours, so that a longer one does not look like one.
const READ_LEN: usize = 2_048;
const _: () = assert!(READ_LEN > MAX_PACKET_LEN && READ_LEN > crate::control::MAX_LEN);

/// Why a run could not begin or go on.
#[derive(Debug, Error)]
pub enum SysError {
    /// The local address cannot be used.
    #[error("cannot use {what} port {address}: {source}{}", bind_hint(.source))]
    Bind {
        /// `voice` or `control`.
        what: &'static str,
        /// Where.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// The host name means nothing.
    #[error("cannot find host {host}: {source}")]
    Resolve {
        /// As given.
        host: String,
        /// Why not.
        source: io::Error,
    },
    /// The host has no address of the family of `--bind`.
    #[error("host {0} has no address that can be reached from the --bind address")]
    Family(String),
    /// A system call failed that ought not to.
    #[error("{what}: {source}")]
    Call {
        /// Which.
        what: &'static str,
        /// Why.
        source: io::Error,
    },
}

impl SysError {
    /// For use in `map_err`.
    pub fn call<E: Into<io::Error>>(what: &'static str) -> impl FnOnce(E) -> Self {
        move |error| Self::Call {
            what,
            source: error.into(),
        }
    }
}

fn bind_hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            " (choose another port: --local-port for call, 0 for any; --port for answer)"
        }
        io::ErrorKind::AddrNotAvailable => " (--bind must be an address of this machine)",
        _ => "",
    }
}

/// `CLOCK_MONOTONIC`, nanoseconds. All namespaces of a kernel share it, unless a
/// time namespace shifts it.
#[must_use]
pub fn now_ns() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec as u64 * S + now.tv_nsec as u64
}

/// Sleeps until `at_ns` of [`now_ns`]; returns at once if that is past.
pub fn sleep_until(at_ns: u64) {
    let at = timespec(at_ns);
    // The only error a valid request can meet is a signal.
    while clock_nanosleep_absolute(ClockId::Monotonic, &at).is_err() {}
}

/// Asks for this thread's sleeps to end within a nanosecond of their time instead
/// of the usual 50 us. Where that is not allowed, the default stays.
pub fn sharpen_sleep() {
    let _ = set_current_timer_slack(NonZeroU64::new(1));
}

/// Nanoseconds as the kernel wants them.
const fn timespec(ns: u64) -> Timespec {
    Timespec {
        tv_sec: (ns / S) as i64,
        tv_nsec: (ns % S) as i64,
    }
}

/// This kernel's boot id; all zero if it cannot be read.
#[must_use]
pub fn boot_id() -> [u8; 16] {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let digits: String = text.chars().filter(char::is_ascii_hexdigit).collect();
    u128::from_str_radix(&digits, 16).unwrap_or(0).to_be_bytes()
}

/// Eight random bytes.
///
/// # Errors
/// On a kernel without getrandom(2).
pub fn random_u64() -> Result<u64, SysError> {
    let mut bytes = [0; 8];
    getrandom(&mut bytes, GetRandomFlags::empty()).map_err(SysError::call("getrandom"))?;
    Ok(u64::from_ne_bytes(bytes))
}

/// A non-blocking UDP socket at `address` that marks what it sends with `dscp`.
///
/// Non-blocking also for sending: where the way out is blocked (a closed gate, a
/// lost link), packets pile up and then are refused, as a phone's would be, and
/// the schedule goes on.
///
/// # Errors
/// When the address cannot be used.
pub fn udp_socket(
    what: &'static str,
    address: SocketAddr,
    dscp: u8,
) -> Result<UdpSocket, SysError> {
    let socket = UdpSocket::bind(address).map_err(|source| SysError::Bind {
        what,
        address,
        source,
    })?;
    socket
        .set_nonblocking(true)
        .map_err(SysError::call("O_NONBLOCK"))?;
    // Cut down silently to net.core.rmem_max, which is all right.
    sockopt::set_socket_recv_buffer_size(&socket, RECEIVE_BUFFER)
        .map_err(SysError::call("SO_RCVBUF"))?;
    if dscp != 0 {
        let byte = dscp << 2;
        if address.is_ipv6() {
            sockopt::set_ipv6_tclass(&socket, byte.into())
                .map_err(SysError::call("IPV6_TCLASS"))?;
        }
        // An IPv6 socket sends IPv4, too, if it is bound to any address.
        if address.is_ipv4() || address.ip().is_unspecified() {
            sockopt::set_ip_tos(&socket, byte).map_err(SysError::call("IP_TOS"))?;
        }
    }
    Ok(socket)
}

/// Waits until one of `sockets` can be read, at most `wait_ns` nanoseconds.
///
/// # Errors
/// When poll(2) fails other than by a signal.
pub fn wait_readable(sockets: &[&UdpSocket], wait_ns: u64) -> Result<(), SysError> {
    let mut fds: Vec<PollFd<'_>> = sockets
        .iter()
        .map(|socket| PollFd::new(socket, PollFlags::IN))
        .collect();
    match poll(&mut fds, Some(&timespec(wait_ns))) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(error) => Err(SysError::Call {
            what: "poll",
            source: error.into(),
        }),
    }
}

/// Reads what has arrived at `socket` and hands each datagram on with its source
/// and the time it was read. Errors a datagram socket reports on behalf of earlier
/// sending (port unreachable and the like) go to `failed`.
pub fn drain(
    socket: &UdpSocket,
    mut received: impl FnMut(u64, SocketAddr, &[u8]),
    mut failed: impl FnMut(io::ErrorKind),
) {
    let mut buffer = [0; READ_LEN];
    for _ in 0..READ_BUDGET {
        match socket.recv_from(&mut buffer) {
            Ok((len, from)) => received(now_ns(), from, &buffer[..len]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
            Err(error) => failed(error.kind()),
        }
    }
}

/// An address as people write it: IPv4 that came through an IPv6 socket is IPv4.
#[must_use]
pub fn plain(address: SocketAddr) -> SocketAddr {
    let ip: IpAddr = address.ip().to_canonical();
    SocketAddr::new(ip, address.port())
}
