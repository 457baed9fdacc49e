//! What this station received in the cell it came from, told to the coordinator of the new one.

use alloc::vec::Vec;

use super::Agent;
use crate::mac::MacAddr;
use crate::machine::TxHandle;
use crate::wire::{Message, Seen};

/// More digests than this are never of use: the access point keeps no more packets.
const MOST: usize = 1_024;
/// How often a frame is sent that the radio could not deliver.
const TRIES: u8 = 3;

/// SEENs that the coordinator may not have yet.
#[derive(Clone, Debug, Default)]
pub(super) struct Reports(Vec<Report>);

#[derive(Clone, Debug)]
struct Report {
    seen: Seen,
    /// Its last transmission; `None` until there is a session.
    handle: Option<TxHandle>,
    tries: u8,
}

impl Reports {
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

impl Agent {
    /// The host knows what it received last. Told at once, or when this agent is registered.
    pub(super) fn note_seen(&mut self, from: MacAddr, digests: &[u32]) {
        let (_, latest) = digests.split_at(digests.len().saturating_sub(MOST));
        let reports = latest.chunks(Seen::MAX).map(|digests| Report {
            seen: Seen {
                from,
                digests: digests.to_vec(),
            },
            handle: None,
            tries: 0,
        });
        self.reports = Reports(reports.collect());
        self.report_seen();
    }

    /// Sends what was not sent before.
    pub(super) fn report_seen(&mut self) {
        if !self.session.is_registered() {
            return;
        }
        for place in 0..self.reports.0.len() {
            if self.reports.0[place].handle.is_none() {
                self.send_report(place);
            }
        }
    }

    fn send_report(&mut self, place: usize) {
        let handle = self.next_handle();
        let Some(report) = self.reports.0.get_mut(place) else {
            return;
        };
        report.handle = Some(handle);
        report.tries += 1;
        let seen = report.seen.clone();
        self.send_tracked(Message::Seen(seen), Some(handle));
    }

    /// The radio is through with a frame; true if it was a SEEN.
    pub(super) fn report_sent(&mut self, handle: TxHandle, acked: bool) -> bool {
        let mut all = self.reports.0.iter();
        let Some(place) = all.position(|report| report.handle == Some(handle)) else {
            return false;
        };
        if acked || self.reports.0[place].tries >= TRIES {
            self.reports.0.remove(place);
        } else {
            self.send_report(place);
        }
        true
    }
}
