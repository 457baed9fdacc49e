//! Real-time standing for the token thread.
//!
//! With two busy processes beside it, the worst token round trip of a thread without this was a
//! hundred times the one with it; so a missing right is reported, and never fatal.

#![allow(unsafe_code)]

use std::num::NonZeroU64;

use rustix::mm::{MlockAllFlags, mlockall};
use rustix::thread::set_current_timer_slack;

use crate::error::{Doing, OsError};

/// Middle of the `SCHED_FIFO` range: above ordinary threads, below the kernel's own watchdogs.
pub const PRIORITY: i32 = 50;

/// What was granted. Each part stands for itself: the thread runs on without the others.
#[derive(Debug)]
pub struct Standing {
    /// `SCHED_FIFO`; needs `CAP_SYS_NICE` or `RLIMIT_RTPRIO`.
    pub scheduling: Result<(), OsError>,
    /// All pages locked in memory, now and later; needs `CAP_IPC_LOCK` or `RLIMIT_MEMLOCK`.
    pub memory: Result<(), OsError>,
    /// Timer slack of one nanosecond instead of fifty microseconds.
    pub timer_slack: Result<(), OsError>,
}

/// Asks for real-time standing for the calling thread (memory: for the whole process).
/// Child processes do not inherit it.
#[must_use]
pub fn enter() -> Standing {
    Standing {
        scheduling: schedule_fifo(),
        memory: mlockall(MlockAllFlags::CURRENT | MlockAllFlags::FUTURE).doing("lock memory"),
        timer_slack: set_current_timer_slack(NonZeroU64::new(1)).doing("set the timer slack"),
    }
}

fn schedule_fifo() -> Result<(), OsError> {
    let param = libc::sched_param {
        sched_priority: PRIORITY,
    };
    let policy = libc::SCHED_FIFO | libc::SCHED_RESET_ON_FORK;
    // SAFETY: `param` is a valid `sched_param` that outlives the call; 0 is the calling thread.
    let result = unsafe { libc::sched_setscheduler(0, policy, &raw const param) };
    if result == 0 {
        Ok(())
    } else {
        Err(std::io::Error::last_os_error())
    }
    .doing("set real-time scheduling")
}
