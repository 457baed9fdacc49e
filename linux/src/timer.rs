//! An alarm clock for the token thread: absolute deadlines on a timerfd.
//!
//! A timer of its own instead of a poll timeout, because a timerfd fires within microseconds of
//! an absolute time while poll timeouts and tokio's timers round to milliseconds.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rether_proto::time::Instant;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};

use crate::error::{Doing, OsError};

/// A timer that becomes readable at a deadline on [`crate::clock`].
#[derive(Debug)]
pub struct Timer {
    fd: OwnedFd,
    armed: Option<Instant>,
}

impl Timer {
    /// A timer that is not armed.
    ///
    /// # Errors
    /// Out of file descriptors.
    pub fn new() -> Result<Self, OsError> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let fd = timerfd_create(TimerfdClockId::Boottime, flags).doing("create a timer")?;
        Ok(Self { fd, armed: None })
    }

    /// Makes the timer readable from `deadline` on, or never for `None`. A deadline that has
    /// passed makes it readable at once. Arming for the same deadline again costs nothing.
    ///
    /// # Errors
    /// None is known for a valid timer; passed on in case the kernel has one.
    pub fn arm(&mut self, deadline: Option<Instant>) -> Result<(), OsError> {
        if self.armed == deadline {
            return Ok(());
        }
        // All zeros would disarm, so a deadline at the origin becomes one nanosecond.
        let nanos = deadline.map_or(0, |at| at.as_nanos().clamp(1, i64::MAX as u64));
        let value = Timespec {
            tv_sec: i64::try_from(nanos / 1_000_000_000).unwrap_or(i64::MAX),
            tv_nsec: i64::try_from(nanos % 1_000_000_000).unwrap_or(0),
        };
        let once = Itimerspec {
            it_interval: Timespec {
                tv_sec: 0,
                tv_nsec: 0,
            },
            it_value: value,
        };
        timerfd_settime(&self.fd, TimerfdTimerFlags::ABSTIME, &once).doing("arm a timer")?;
        self.armed = deadline;
        Ok(())
    }

    /// The deadline has come: makes the timer unreadable until it is armed again.
    ///
    /// # Errors
    /// As [`Timer::arm`].
    pub fn acknowledge(&mut self) -> Result<(), OsError> {
        self.arm(None)
    }
}

impl AsFd for Timer {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}
