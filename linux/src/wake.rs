//! Wakes the token thread from another thread: an eventfd.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use rustix::event::{EventfdFlags, eventfd};
use rustix::io::{read, write};

use crate::error::{Doing, OsError};

/// A doorbell; clones ring the same bell.
#[derive(Clone, Debug)]
pub struct Wake {
    fd: Arc<OwnedFd>,
}

impl Wake {
    /// A bell that has not rung.
    ///
    /// # Errors
    /// Out of file descriptors.
    pub fn new() -> Result<Self, OsError> {
        let flags = EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC;
        Ok(Self {
            fd: Arc::new(eventfd(0, flags).doing("create an eventfd")?),
        })
    }

    /// Makes the bell readable. Never blocks; ringing twice is ringing once.
    pub fn ring(&self) {
        // The only failure is a full counter, and then it is readable already.
        let _ = write(&*self.fd, &1_u64.to_ne_bytes());
    }

    /// Makes the bell unreadable; true if it had rung.
    #[must_use]
    pub fn silence(&self) -> bool {
        read(&*self.fd, &mut [0; 8]).is_ok()
    }
}

impl AsFd for Wake {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rings_once_across_clones() {
        let bell = Wake::new().unwrap();
        assert!(!bell.silence());
        let other = bell.clone();
        other.ring();
        other.ring();
        assert!(bell.silence());
        assert!(!bell.silence());
    }
}
