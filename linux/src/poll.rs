//! Waits for several file descriptors at once.

use std::os::fd::BorrowedFd;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;

use crate::error::{Doing, OsError};

/// What a file descriptor has to say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ready {
    /// There is something to read.
    pub readable: bool,
    /// Its error queue has something: a pending error or a transmit status.
    pub error: bool,
}

/// Blocks until at least one of `fds` is ready. The deadline is a [`crate::timer::Timer`] among
/// them; there is no other time-out. A signal ends the wait with nothing ready.
///
/// # Errors
/// The kernel is out of memory.
pub fn wait<const N: usize>(fds: [BorrowedFd<'_>; N]) -> Result<[Ready; N], OsError> {
    let mut polled = fds.map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN));
    match poll(&mut polled, None) {
        Ok(_) => Ok(polled.map(|fd| {
            let flags = fd.revents();
            Ready {
                readable: flags.contains(PollFlags::IN),
                error: flags.intersects(PollFlags::ERR | PollFlags::HUP | PollFlags::NVAL),
            }
        })),
        Err(Errno::INTR) => Ok([Ready::default(); N]),
        Err(error) => Err(error).doing("wait for events"),
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

    use rether_proto::time::Duration;

    use super::*;
    use crate::{clock, timer::Timer, wake::Wake};

    #[test]
    fn tells_which_is_ready() {
        let (bell, mut timer) = (Wake::new().unwrap(), Timer::new().unwrap());
        bell.ring();
        let ready = wait([bell.as_fd(), timer.as_fd()]).unwrap();
        assert_eq!(ready.map(|r| r.readable), [true, false]);
        assert!(bell.silence());

        let deadline = clock::now() + Duration::from_millis(1);
        timer.arm(Some(deadline)).unwrap();
        let ready = wait([bell.as_fd(), timer.as_fd()]).unwrap();
        assert_eq!(ready.map(|r| r.readable), [false, true]);
        assert!(clock::now() >= deadline);

        // A deadline that has passed fires at once, also when armed for the origin.
        timer.acknowledge().unwrap();
        timer.arm(Some(rether_proto::time::Instant::ZERO)).unwrap();
        assert!(wait([timer.as_fd()]).unwrap()[0].readable);
    }
}
