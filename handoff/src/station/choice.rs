//! Candidates: who else is there, how strong, and who has said no.

use alloc::collections::BTreeMap;

use rether_proto::mac::MacAddr;
use rether_proto::time::Instant;

/// More are not kept; the one heard longest ago goes.
const MOST: usize = 32;

#[derive(Clone, Copy, Debug)]
struct Candidate {
    frequency: u16,
    heard: Option<(Instant, i8)>,
    refused_until: Instant,
}

/// Access points of this network, by BSSID.
#[derive(Clone, Debug)]
pub(super) struct Candidates {
    known: BTreeMap<MacAddr, Candidate>,
    /// What was scanned last.
    scanned: u16,
}

impl Candidates {
    pub(super) const fn new() -> Self {
        Self {
            known: BTreeMap::new(),
            scanned: 0,
        }
    }

    /// It is there, at this frequency.
    pub(super) fn exists(&mut self, bssid: MacAddr, frequency: u16) {
        let fresh = Candidate {
            frequency,
            heard: None,
            refused_until: Instant::ZERO,
        };
        self.known.entry(bssid).or_insert(fresh).frequency = frequency;
        if self.known.len() > MOST {
            let oldest = self.known.iter().filter(|(mac, _)| **mac != bssid);
            let oldest = oldest.min_by_key(|(_, one)| one.heard.map(|(at, _)| at));
            if let Some(oldest) = oldest.map(|(mac, _)| *mac) {
                self.known.remove(&oldest);
            }
        }
    }

    /// It was heard.
    pub(super) fn heard(&mut self, bssid: MacAddr, frequency: u16, signal: i8, now: Instant) {
        self.exists(bssid, frequency);
        if let Some(candidate) = self.known.get_mut(&bssid) {
            candidate.heard = Some((now, signal));
        }
    }

    /// It will not be chosen before `until`.
    pub(super) fn refused(&mut self, bssid: MacAddr, until: Instant) {
        if let Some(candidate) = self.known.get_mut(&bssid) {
            candidate.refused_until = until;
        }
    }

    /// The strongest but `not`, of at least `least` dBm, heard since `fresh`.
    pub(super) fn best(
        &self,
        not: MacAddr,
        least: i8,
        fresh: Instant,
        now: Instant,
    ) -> Option<MacAddr> {
        let fit = self.known.iter().filter_map(|(bssid, candidate)| {
            let (at, signal) = candidate.heard?;
            let fits = *bssid != not && signal >= least && at >= fresh;
            (fits && candidate.refused_until <= now).then_some((signal, *bssid))
        });
        fit.max().map(|(_, bssid)| bssid)
    }

    /// What was scanned last.
    pub(super) const fn scanned(&self) -> u16 {
        self.scanned
    }

    /// The frequencies of candidates in turn; that of `here` only if another one is there, or none is
    /// known.
    pub(super) fn next_frequency(&mut self, here: MacAddr) -> Option<u16> {
        let others = || self.known.iter().filter(|(bssid, _)| **bssid != here);
        let all = || others().map(|(_, candidate)| candidate.frequency);
        let next = all().filter(|frequency| *frequency > self.scanned).min();
        let next = next.or_else(|| all().min());
        let own = || Some(self.known.get(&here)?.frequency);
        self.scanned = next.or_else(own)?;
        Some(self.scanned)
    }
}
