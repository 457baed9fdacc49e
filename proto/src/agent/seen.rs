//! What this station received in the cell it came from, told to the coordinator of the new one.

use super::Agent;
use crate::mac::MacAddr;
use crate::machine::TxHandle;
use crate::wire::{Message, Seen};

/// How often a frame is sent that the radio could not deliver.
const TRIES: u8 = 3;

/// The SEEN that the coordinator may not have yet.
#[derive(Clone, Debug, Default)]
pub(super) struct Reports(Option<Report>);

#[derive(Clone, Debug)]
struct Report {
    seen: Seen,
    /// Its last transmission; `None` until there is a session.
    handle: Option<TxHandle>,
    tries: u8,
}

impl Reports {
    pub(super) fn clear(&mut self) {
        self.0 = None;
    }
}

impl Agent {
    /// The host knows what it received last. Told at once, or when this agent is registered.
    ///
    /// It is one frame: the access point sends nothing again that went out before the first packet
    /// it is told of, and claims what waits there as soon as it has heard this.
    pub(super) fn note_seen(&mut self, from: MacAddr, digests: &[u32]) {
        let (_, latest) = digests.split_at(digests.len().saturating_sub(Seen::MAX));
        self.reports = Reports(Some(Report {
            seen: Seen {
                from,
                digests: latest.to_vec(),
            },
            handle: None,
            tries: 0,
        }));
        self.report_seen();
    }

    /// Sends what was not sent before.
    pub(super) fn report_seen(&mut self) {
        let new = self.reports.0.as_ref();
        if self.session.is_registered() && new.is_some_and(|report| report.handle.is_none()) {
            self.send_report();
        }
    }

    fn send_report(&mut self) {
        let handle = self.next_handle();
        let Some(report) = &mut self.reports.0 else {
            return;
        };
        report.handle = Some(handle);
        report.tries += 1;
        let seen = report.seen.clone();
        self.send_tracked(Message::Seen(seen), Some(handle));
    }

    /// The radio is through with a frame; true if it was a SEEN.
    pub(super) fn report_sent(&mut self, handle: TxHandle, acked: bool) -> bool {
        let last = self.reports.0.as_ref();
        let Some(report) = last.filter(|report| report.handle == Some(handle)) else {
            return false;
        };
        if acked || report.tries >= TRIES {
            self.reports.clear();
        } else {
            self.send_report();
        }
        true
    }
}
