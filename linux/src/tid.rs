//! The traffic identifier (802.11-2020, clause 9.2.4.5.2) of the frames that a packet socket sends.

use socket2::Socket;

use crate::error::{Doing, OsError};
use crate::sys;

/// Added to a TID, makes a socket priority that cfg80211 takes literally for any protocol
/// (`cfg80211_classify8021d`); without it, only IP packets get their TID.
pub(crate) const PRIORITY_BASE: u32 = 256;

/// The one that a socket has now. Setting it costs a call, and nearly all frames of a daemon have the
/// same one.
#[derive(Debug, Default)]
pub(crate) struct Tid(Option<u8>);

impl Tid {
    /// Frames of `socket` have this one from now on, of which only the lowest three bits count.
    pub(crate) fn set(&mut self, socket: &Socket, tid: u8) -> Result<(), OsError> {
        let tid = tid & 7;
        if self.0 != Some(tid) {
            let priority = PRIORITY_BASE.cast_signed() + libc::c_int::from(tid);
            sys::set_option(socket, libc::SOL_SOCKET, libc::SO_PRIORITY, priority)
                .doing("set the frame's traffic identifier")?;
            self.0 = Some(tid);
        }
        Ok(())
    }
}
