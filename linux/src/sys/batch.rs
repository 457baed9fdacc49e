//! Many datagrams in one call: recvmmsg(2).

use std::io;
use std::os::fd::{AsFd, AsRawFd};

/// Datagrams taken in one call.
const COUNT: usize = 32;

/// Buffers for a batch of datagrams, allocated once.
#[derive(Debug)]
pub(crate) struct Batch {
    /// One behind the other.
    buffers: Vec<u8>,
    room: usize,
    lengths: [usize; COUNT],
    filled: usize,
}

impl Batch {
    /// With `room` octets for each datagram, which is not 0; longer ones are cut off.
    pub(crate) fn new(room: usize) -> Self {
        Self {
            buffers: vec![0; room * COUNT],
            room,
            lengths: [0; COUNT],
            filled: 0,
        }
    }

    /// Takes what has come on `fd` without blocking, in place of what was here before. False if
    /// nothing had come.
    pub(crate) fn receive(&mut self, fd: impl AsFd) -> io::Result<bool> {
        self.filled = 0;
        // SAFETY: all fields of `iovec` and `mmsghdr` are integers and pointers, for which zero is
        // valid.
        let (mut parts, mut headers): ([libc::iovec; COUNT], [libc::mmsghdr; COUNT]) =
            unsafe { std::mem::zeroed() };
        let buffers = self.buffers.chunks_exact_mut(self.room);
        for ((part, header), buffer) in parts.iter_mut().zip(&mut headers).zip(buffers) {
            part.iov_base = buffer.as_mut_ptr().cast();
            part.iov_len = buffer.len();
            header.msg_hdr.msg_iov = part;
            header.msg_hdr.msg_iovlen = 1;
        }
        // SAFETY: `headers` holds COUNT headers, each with one part that describes one buffer;
        // all of them outlive the call, and nothing else uses the buffers meanwhile.
        let result = unsafe {
            libc::recvmmsg(
                fd.as_fd().as_raw_fd(),
                headers.as_mut_ptr(),
                COUNT as libc::c_uint,
                libc::MSG_DONTWAIT,
                std::ptr::null_mut(),
            )
        };
        let Ok(filled) = usize::try_from(result) else {
            let error = io::Error::last_os_error();
            return match error.kind() {
                io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => Ok(false),
                _ => Err(error),
            };
        };
        for (length, header) in self.lengths.iter_mut().zip(&headers[..filled]) {
            *length = (header.msg_len as usize).min(self.room);
        }
        self.filled = filled;
        Ok(filled > 0)
    }

    /// The datagrams of the last call, oldest first.
    pub(crate) fn datagrams(&self) -> impl Iterator<Item = &[u8]> {
        let buffers = self.buffers.chunks_exact(self.room);
        let filled = buffers.zip(self.lengths).take(self.filled);
        filled.map(|(buffer, length)| &buffer[..length])
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixDatagram;

    use super::*;

    #[test]
    fn takes_many_and_then_none() {
        let (here, there) = UnixDatagram::pair().unwrap();
        const ROOM: usize = 100;
        let mut batch = Batch::new(ROOM);
        assert!(!batch.receive(&here).unwrap());
        for n in 0..40_u8 {
            there.send(&vec![n; usize::from(n) + 1]).unwrap();
        }
        there.send(&[7; ROOM + 100]).unwrap();
        assert!(batch.receive(&here).unwrap());
        assert_eq!(batch.datagrams().count(), COUNT);
        assert!(batch.datagrams().enumerate().all(|(n, d)| d.len() == n + 1));
        assert!(batch.receive(&here).unwrap());
        let rest: Vec<usize> = batch.datagrams().map(<[u8]>::len).collect();
        assert_eq!(rest, [33, 34, 35, 36, 37, 38, 39, 40, ROOM]);
        assert!(!batch.receive(&here).unwrap());
        assert_eq!(batch.datagrams().count(), 0);
    }
}
