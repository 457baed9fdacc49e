//! Real-time standing: for the token thread, and for another while a station switches.
//!
//! With two busy processes beside it, the worst token round trip of a thread without this was a
//! hundred times the one with it; so a missing right is reported, and never fatal.

#![allow(unsafe_code)]

use std::marker::PhantomData;
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

/// Below the token thread, above ordinary threads.
const BRIEFLY: i32 = 10;

/// While this is there the thread that made it goes before ordinary ones (`SCHED_FIFO`). Each word that
/// a switch waits for would otherwise wait for whatever else the machine is doing.
#[derive(Debug)]
pub struct Precedence {
    /// It is of one thread.
    _thread: PhantomData<*const ()>,
}

impl Precedence {
    /// From now on. `None` without `CAP_SYS_NICE` or `RLIMIT_RTPRIO`.
    #[must_use]
    pub fn begin() -> Option<Self> {
        schedule(libc::SCHED_FIFO | libc::SCHED_RESET_ON_FORK, BRIEFLY).ok()?;
        Some(Self {
            _thread: PhantomData,
        })
    }
}

impl Drop for Precedence {
    fn drop(&mut self) {
        // Giving up needs no right.
        let _ = schedule(libc::SCHED_OTHER, 0);
    }
}

fn schedule_fifo() -> Result<(), OsError> {
    schedule(libc::SCHED_FIFO | libc::SCHED_RESET_ON_FORK, PRIORITY)
}

/// For the calling thread.
fn schedule(policy: i32, priority: i32) -> Result<(), OsError> {
    let param = libc::sched_param {
        sched_priority: priority,
    };
    // SAFETY: `param` is a valid `sched_param` that outlives the call; 0 is the calling thread.
    let result = unsafe { libc::sched_setscheduler(0, policy, &raw const param) };
    if result == 0 {
        Ok(())
    } else {
        Err(std::io::Error::last_os_error())
    }
    .doing("set real-time scheduling")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The scheduling policy of this thread (`proc_pid_stat(5)`, field 41).
    fn policy() -> i32 {
        let stat = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
        let (_, fields) = stat.rsplit_once(')').unwrap();
        fields.split_whitespace().nth(38).unwrap().parse().unwrap()
    }

    #[test]
    fn precedence_is_given_up_again() {
        assert_eq!(policy(), libc::SCHED_OTHER);
        match Precedence::begin() {
            Some(precedence) => {
                assert_eq!(policy(), libc::SCHED_FIFO);
                let child = std::thread::spawn(policy).join().unwrap();
                assert_eq!(child, libc::SCHED_OTHER, "threads do not inherit it");
                drop(precedence);
            }
            None => assert_ne!(rustix::process::geteuid().as_raw(), 0, "root may"),
        }
        assert_eq!(policy(), libc::SCHED_OTHER);
    }
}
