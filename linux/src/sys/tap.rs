//! A TAP device: an Ethernet interface whose other end is a file.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;

/// Makes a TAP device called after `pattern` (`%d` becomes the first free number), which goes when
/// the file is closed, however that comes about. Returns its name, too.
pub(crate) fn open(pattern: &str) -> io::Result<(File, String)> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .open("/dev/net/tun")?;
    // SAFETY: all fields of `ifreq` are integers, or unions with one, for which zero is valid.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    // The last octet stays zero and ends the name.
    let last = request.ifr_name.len() - 1;
    for (place, octet) in request.ifr_name[..last].iter_mut().zip(pattern.bytes()) {
        *place = octet as libc::c_char;
    }
    request.ifr_ifru.ifru_flags = (libc::IFF_TAP | libc::IFF_NO_PI) as libc::c_short;
    // SAFETY: TUNSETIFF takes a pointer to an `ifreq`, which outlives the call, and writes the name
    // into it.
    let result = unsafe { libc::ioctl(file.as_raw_fd(), libc::TUNSETIFF, &raw mut request) };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    let name = request.ifr_name.iter().map(|octet| *octet as u8);
    let name = name.take_while(|octet| *octet != 0).map(char::from);
    Ok((file, name.collect()))
}
