//! Waits for several file descriptors at once.

use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
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

/// File descriptors that are waited for again and again: the kernel is told of them once (epoll(7)),
/// where [`wait`] tells it every time. They must stay open as long as this is used.
#[derive(Debug)]
pub struct Waiter<const N: usize> {
    epoll: OwnedFd,
}

impl<const N: usize> Waiter<N> {
    /// Of these, whose order is that of what [`Waiter::wait`] returns.
    ///
    /// # Errors
    /// Out of file descriptors, or one is given twice.
    pub fn new(fds: [BorrowedFd<'_>; N]) -> Result<Self, OsError> {
        let doing = "prepare to wait for events";
        let epoll = epoll::create(CreateFlags::CLOEXEC).doing(doing)?;
        for (place, fd) in (0..).zip(fds) {
            epoll::add(&epoll, fd, EventData::new_u64(place), EventFlags::IN).doing(doing)?;
        }
        Ok(Self { epoll })
    }

    /// Blocks until at least one of them is ready. A signal ends the wait with nothing ready.
    ///
    /// # Errors
    /// The kernel is out of memory.
    pub fn wait(&self) -> Result<[Ready; N], OsError> {
        let mut ready = [Ready::default(); N];
        let mut events = [const { MaybeUninit::uninit() }; N];
        let came = match epoll::wait(&self.epoll, &mut events, None) {
            Ok((came, _)) => came,
            Err(Errno::INTR) => return Ok(ready),
            Err(error) => return Err(error).doing("wait for events"),
        };
        for event in came {
            let (place, flags) = (event.data.u64(), event.flags);
            let place = usize::try_from(place).ok().and_then(|at| ready.get_mut(at));
            if let Some(place) = place {
                *place = Ready {
                    readable: flags.contains(EventFlags::IN),
                    error: flags.intersects(EventFlags::ERR | EventFlags::HUP),
                };
            }
        }
        Ok(ready)
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

    #[test]
    fn a_waiter_tells_which_is_ready_each_time() {
        let bells: [Wake; 3] = std::array::from_fn(|_| Wake::new().unwrap());
        let waiter = Waiter::new(bells.each_ref().map(AsFd::as_fd)).unwrap();
        for loud in [0, 2, 1] {
            bells[loud].ring();
            let ready = waiter.wait().unwrap().map(|ready| ready.readable);
            assert_eq!(ready, std::array::from_fn(|place| place == loud));
            // It is ready until it is read.
            assert_eq!(waiter.wait().unwrap().map(|ready| ready.readable), ready);
            assert!(bells[loud].silence());
        }
        assert!(Waiter::new([bells[0].as_fd(), bells[0].as_fd()]).is_err());
    }
}
