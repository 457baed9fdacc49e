//! Kernel calls that no crate wraps, each behind a safe function.

#![allow(unsafe_code)]

pub(crate) mod batch;
pub(crate) mod errqueue;
pub(crate) mod tap;

use std::io;
use std::mem::size_of;
use std::os::fd::{AsFd, AsRawFd};

use socket2::SockAddr;

/// Builds a socket address of a family that `socket2` does not know.
fn address<T: Copy>(value: T) -> io::Result<SockAddr> {
    // SAFETY: `T` is one of the plain `sockaddr_*` structs below, which are smaller than the
    // storage and have the same alignment or less; `len` tells how much of it was written.
    let result = unsafe {
        SockAddr::try_init(|storage, len| {
            storage.cast::<T>().write(value);
            *len = size_of::<T>() as libc::socklen_t;
            Ok(())
        })
    };
    result.map(|((), address)| address)
}

/// This end of a netlink socket: a port of the kernel's choice, and these legacy groups.
pub(crate) fn netlink_address(groups: u32) -> io::Result<SockAddr> {
    // SAFETY: all fields of `sockaddr_nl` are integers, for which zero is valid.
    let mut value: libc::sockaddr_nl = unsafe { std::mem::zeroed() };
    value.nl_family = libc::AF_NETLINK as libc::sa_family_t;
    value.nl_groups = groups;
    address(value)
}

/// What a packet socket binds to: protocol `protocol` (host order) on interface `index`.
pub(crate) fn packet_address(index: u32, protocol: u16) -> io::Result<SockAddr> {
    // SAFETY: all fields of `sockaddr_ll` are integers, for which zero is valid.
    let mut value: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
    value.sll_family = libc::AF_PACKET as libc::sa_family_t;
    value.sll_protocol = protocol.to_be();
    value.sll_ifindex =
        i32::try_from(index).map_err(|_| io::Error::from_raw_os_error(libc::ENODEV))?;
    address(value)
}

/// Sets a socket option whose value is an `int`.
pub(crate) fn set_option(
    fd: impl AsFd,
    level: libc::c_int,
    option: libc::c_int,
    value: libc::c_int,
) -> io::Result<()> {
    let length = size_of::<libc::c_int>() as libc::socklen_t;
    // SAFETY: the pointer and the length describe `value`, which outlives the call.
    let result = unsafe {
        libc::setsockopt(
            fd.as_fd().as_raw_fd(),
            level,
            option,
            (&raw const value).cast(),
            length,
        )
    };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// How many frames a packet socket has lost since this was last asked (`PACKET_STATISTICS`).
pub(crate) fn packet_drops(fd: impl AsFd) -> io::Result<u32> {
    // `tpacket_stats`: packets, and those lost of them.
    let mut counts = [0_u32; 2];
    let mut length = size_of::<[u32; 2]>() as libc::socklen_t;
    // SAFETY: the pointer and the length describe `counts`, which outlives the call.
    let result = unsafe {
        libc::getsockopt(
            fd.as_fd().as_raw_fd(),
            libc::SOL_PACKET,
            libc::PACKET_STATISTICS,
            (&raw mut counts).cast(),
            &raw mut length,
        )
    };
    if result == 0 {
        Ok(counts[1])
    } else {
        Err(io::Error::last_os_error())
    }
}
