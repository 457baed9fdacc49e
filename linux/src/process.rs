//! What a watchdog needs: a handle on a process that cannot come to mean another one.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use crate::error::{Doing, OsError};

/// A process, held by file descriptor: the number may be reused, this handle is not. It becomes
/// readable when the process has ended.
#[derive(Debug)]
pub struct Process {
    fd: OwnedFd,
}

impl Process {
    /// A handle on the process with number `pid`.
    ///
    /// # Errors
    /// There is no such process.
    pub fn open(pid: u32) -> Result<Self, OsError> {
        let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
        let pid = pid.ok_or(rustix::io::Errno::SRCH).doing("open a process")?;
        Ok(Self {
            fd: pidfd_open(pid, PidfdFlags::empty()).doing("open a process")?,
        })
    }

    /// Kills it. A stopped process dies too, and its sockets close.
    ///
    /// # Errors
    /// The process has ended, or belongs to another user.
    pub fn kill(&self) -> Result<(), OsError> {
        pidfd_send_signal(&self.fd, Signal::KILL).doing("kill a process")
    }

    /// True once the process has ended.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        let now = Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        let mut fds = [PollFd::new(&self.fd, PollFlags::IN)];
        matches!(poll(&mut fds, Some(&now)), Ok(n) if n > 0)
    }
}

impl AsFd for Process {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn kills_a_stopped_child() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let process = Process::open(child.id()).unwrap();
        assert!(!process.has_ended());
        pidfd_send_signal(&process.fd, Signal::STOP).unwrap();
        process.kill().unwrap();
        assert!(!child.wait().unwrap().success());
        assert!(process.has_ended());
        assert!(process.kill().is_err());
    }

    #[test]
    fn a_number_without_a_process_is_refused() {
        assert!(Process::open(0).is_err());
        assert!(Process::open(u32::MAX).is_err());
    }
}
