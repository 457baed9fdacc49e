//! A socket's error queue, where the kernel returns sent frames with their transmit status.

use std::io;
use std::mem::size_of;
use std::os::fd::{AsFd, AsRawFd};

/// Room for the control messages: the extended error (at most 48 octets) and the status.
const CONTROL: usize = 256;

/// Aligned as control messages must be.
#[repr(C, align(8))]
struct Control([u8; CONTROL]);

/// One entry: how much of the frame is in the buffer, and its `SCM_WIFI_STATUS` if it has one.
pub(crate) struct Entry {
    pub(crate) length: usize,
    pub(crate) acked: Option<bool>,
}

/// Takes the next entry of `fd`'s error queue into `frame` without blocking.
pub(crate) fn receive(fd: impl AsFd, frame: &mut [u8]) -> io::Result<Option<Entry>> {
    let mut control = Control([0; CONTROL]);
    let mut part = libc::iovec {
        iov_base: frame.as_mut_ptr().cast(),
        iov_len: frame.len(),
    };
    // SAFETY: all fields of `msghdr` are integers and pointers, for which zero is valid.
    let mut header: libc::msghdr = unsafe { std::mem::zeroed() };
    header.msg_iov = &raw mut part;
    header.msg_iovlen = 1;
    header.msg_control = control.0.as_mut_ptr().cast();
    header.msg_controllen = CONTROL as _;
    let flags = libc::MSG_ERRQUEUE | libc::MSG_DONTWAIT;
    // SAFETY: `header` describes `frame` and `control`, which outlive the call.
    let result = unsafe { libc::recvmsg(fd.as_fd().as_raw_fd(), &raw mut header, flags) };
    let Ok(length) = usize::try_from(result) else {
        let error = io::Error::last_os_error();
        return match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => Ok(None),
            _ => Err(error),
        };
    };
    let given = (header.msg_controllen as usize).min(CONTROL);
    Ok(Some(Entry {
        length: length.min(frame.len()),
        acked: wifi_status(&control.0[..given]),
    }))
}

/// Looks for `SCM_WIFI_STATUS` among control messages.
fn wifi_status(mut control: &[u8]) -> Option<bool> {
    const HEADER: usize = size_of::<libc::cmsghdr>();
    const ALIGN: usize = size_of::<usize>();
    while control.len() >= HEADER {
        // A `cmsghdr` is a length of the size of a word, then level and type as `int`s.
        let length = usize::from_ne_bytes(control[..ALIGN].try_into().ok()?);
        let int = |at: usize| {
            let bytes = control.get(at..at + 4)?;
            Some(i32::from_ne_bytes(bytes.try_into().ok()?))
        };
        let (level, kind) = (int(ALIGN)?, int(ALIGN + 4)?);
        if level == libc::SOL_SOCKET && kind == libc::SCM_WIFI_STATUS && length >= HEADER + 4 {
            return Some(int(HEADER)? != 0);
        }
        let next = length.max(HEADER).checked_next_multiple_of(ALIGN)?;
        control = control.get(next..)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(level: i32, kind: i32, data: &[u8]) -> Vec<u8> {
        let mut bytes = (size_of::<libc::cmsghdr>() + data.len())
            .to_ne_bytes()
            .to_vec();
        bytes.extend(level.to_ne_bytes());
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(data);
        bytes.resize(bytes.len().next_multiple_of(size_of::<usize>()), 0);
        bytes
    }

    #[test]
    fn finds_the_status_behind_the_extended_error() {
        let error = message(libc::SOL_PACKET, 13, &[0; 16]);
        for acked in [false, true] {
            let status = message(
                libc::SOL_SOCKET,
                libc::SCM_WIFI_STATUS,
                &i32::from(acked).to_ne_bytes(),
            );
            assert_eq!(wifi_status(&status), Some(acked));
            let both = [error.clone(), status.clone()].concat();
            assert_eq!(wifi_status(&both), Some(acked));
            for cut in 0..both.len() - 4 {
                assert_eq!(wifi_status(&both[..cut]), None, "{cut}");
            }
        }
        assert_eq!(wifi_status(&error), None);
        assert_eq!(wifi_status(&[0xff; 64]), None);
        assert_eq!(wifi_status(&[0; 64]), None);
    }
}
