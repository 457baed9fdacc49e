//! What the driver counts per station: how often frames are sent again, and how much air stations
//! without an agent use.

use serde::{Deserialize, Serialize};

use super::Coordinator;
use super::open_air::{kept_behind, next_wish};
use crate::airtime::Phy;
use crate::ledger::{LinkRates, Tries};
use crate::mac::MacAddr;
use crate::time::{Duration, Instant};
use crate::wire::Pressure;

/// Counters of one station from the driver's station table; they only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StationCounters {
    /// Packets sent to it.
    pub tx_packets: u64,
    /// Retransmissions to it.
    pub tx_retries: u64,
    /// Packets to it that were given up.
    pub tx_failed: u64,
    /// Octets sent to it.
    pub tx_bytes: u64,
    /// Packets received from it.
    pub rx_packets: u64,
    /// Octets received from it.
    pub rx_bytes: u64,
}

/// Fewer packets say nothing about losses.
const ENOUGH_PACKETS: u64 = 20;
/// A shorter span says little about shares, and is added to the next.
const SHORTEST: Duration = Duration::from_millis(200);
/// A report weighs one in so many.
const TRIES_WEIGHT: u32 = 4;
/// So few retries, in thousandths of the packets, are not worth a computation.
const NEGLIGIBLE: u32 = 20;
/// Time constant by which the share of the air is smoothed.
const SHARE_MEMORY: Duration = Duration::from_millis(1_500);
/// The share is booked in steps, in thousandths: up at once, down when it is two steps lower.
const SHARE_STEP: u32 = 10;

/// What the counters of one station have shown.
#[derive(Clone, Debug)]
pub(super) struct Counted {
    last: Option<(Instant, StationCounters)>,
    /// Mean transmissions of a frame, in thousandths.
    tries: u32,
    /// Share of the air that its own packets took, in millionths.
    share: u32,
    /// Share of the air that it should be able to use, in millionths.
    wish: u32,
}

impl Counted {
    pub(super) const fn new() -> Self {
        Self {
            last: None,
            tries: 1_000,
            share: 0,
            wish: 0,
        }
    }

    /// The latest counters.
    pub(super) fn latest(&self) -> StationCounters {
        self.last.map(|(_, counters)| counters).unwrap_or_default()
    }

    /// Takes counters over.
    fn report(&mut self, now: Instant, new: StationCounters, phy: Phy, link: LinkRates) {
        if self.last.is_some_and(|(at, _)| now.since(at) < SHORTEST) {
            return;
        }
        let Some((at, old)) = self.last.replace((now, new)) else {
            return;
        };
        let span = now.since(at);
        let restarted = new.tx_packets < old.tx_packets || new.rx_packets < old.rx_packets;
        if restarted {
            return;
        }
        let packets = new.tx_packets - old.tx_packets;
        let retries = new.tx_retries.saturating_sub(old.tx_retries);
        if packets >= ENOUGH_PACKETS {
            let tries = (packets + retries).saturating_mul(1_000) / packets;
            let tries = u32::try_from(tries).unwrap_or(u32::MAX).min(7_000);
            self.tries = (self.tries * (TRIES_WEIGHT - 1) + tries) / TRIES_WEIGHT;
        }
        let received = new.rx_packets - old.rx_packets;
        let octets = new.rx_bytes.saturating_sub(old.rx_bytes);
        let mean = u32::try_from(octets / received.max(1)).unwrap_or(u32::MAX);
        let each = phy.exchange_with_retries(link.up, mean, self.tries);
        let parts = millionths(each * received, span);
        let fresh = span.min(SHARE_MEMORY) * u64::from(parts);
        self.share = smoothed(self.share, span, fresh);
        let behind = millionths((each + kept_behind(phy)) * received, span);
        self.wish = next_wish(self.wish, behind);
    }

    /// What a station with an agent sends is granted to it.
    fn forget_use(&mut self) {
        (self.share, self.wish) = (0, 0);
    }

    /// Share of the air that its own packets took, in millionths.
    pub(super) const fn share(&self) -> u32 {
        self.share
    }

    /// Share of the air that it should be able to use where others go before it, in millionths.
    pub(super) const fn wish(&self) -> u32 {
        self.wish
    }

    /// Mean transmissions both ways. The AP sees its own only; losses are taken to be alike.
    const fn tries(&self) -> Tries {
        if self.tries < 1_000 + NEGLIGIBLE {
            return Tries::ONE;
        }
        Tries {
            up: self.tries,
            down: self.tries,
        }
    }
}

/// A share of the air, in millionths, after another `span`; `fresh` is a million times its airtime.
pub(super) fn smoothed(share: u32, span: Duration, fresh: Duration) -> u32 {
    let kept = SHARE_MEMORY.saturating_sub(span) * u64::from(share);
    let share = (kept + fresh).as_nanos() / SHARE_MEMORY.as_nanos();
    u32::try_from(share).unwrap_or(1_000_000).min(1_000_000)
}

/// The share of `span` that `airtime` is, in millionths; all of it at most.
fn millionths(airtime: Duration, span: Duration) -> u32 {
    let parts = u128::from(airtime.as_nanos()) * 1_000_000 / u128::from(span.as_nanos().max(1));
    u32::try_from(parts).unwrap_or(1_000_000).min(1_000_000)
}

impl Coordinator {
    /// Takes a station's counters over, and what follows for the ledger.
    pub(super) fn counted(&mut self, address: MacAddr, counters: StationCounters) {
        let (now, phy) = (self.now, self.config.phy);
        let Some(station) = self.stations.get_mut(&address) else {
            return;
        };
        let link = station.link;
        station.counted.report(now, counters, phy, link);
        if !station.is_stranger() {
            station.counted.forget_use();
        }
        let tries = station.counted.tries();
        let before = self.ledger.tries(address);
        if before != tries {
            self.ledger.set_tries(address, tries);
            if tries.down > before.down {
                self.strain.note(Pressure::LostFrames);
            }
        }
        self.book_unregistered();
    }

    /// Books the share of the air that stations without an agent use for what they send. What is
    /// sent to them waits for its turn like all best effort, and takes nothing from promises.
    pub(super) fn book_unregistered(&mut self) {
        let steps = (self.unasked() / 1_000).div_ceil(SHARE_STEP) * SHARE_STEP;
        let share = u16::try_from(steps).unwrap_or(1_000);
        let share = share.min(self.config.unregistered_limit);
        let booked = self.ledger.unregistered();
        if share > booked {
            self.ledger.set_unregistered(share);
            self.strain.note(Pressure::UnregisteredLoad);
        } else if u32::from(booked - share) >= 2 * SHARE_STEP || share == 0 {
            self.ledger.set_unregistered(share);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::airtime::{PhyKind, Rate};

    const PHY: Phy = Phy {
        kind: PhyKind::Ofdm,
        wmm: false,
    };
    const LINK: LinkRates = LinkRates {
        up: Rate(540),
        down: Rate(540),
    };

    fn at(ms: u64) -> Instant {
        Instant::ZERO + Duration::from_millis(ms)
    }

    #[test]
    fn retries_move_the_mean_slowly() {
        let mut counted = Counted::new();
        let mut counters = StationCounters::default();
        counted.report(at(0), counters, PHY, LINK);
        counters.tx_packets = 100;
        counters.tx_retries = 100;
        counted.report(at(500), counters, PHY, LINK);
        assert_eq!(counted.tries().down, 1_250);
        // Too few to say anything.
        counters.tx_packets += ENOUGH_PACKETS - 1;
        counted.report(at(1_000), counters, PHY, LINK);
        assert_eq!(counted.tries().down, 1_250);
        // A driver that was restarted counts from zero.
        counted.report(at(1_500), StationCounters::default(), PHY, LINK);
        assert_eq!(counted.tries().down, 1_250);
    }

    /// By hand: 802.11a, 54 Mb/s, 1500 octets: 34 + 67.5 + 248 + 16 + 28 us = 393.5 us each; 500
    /// a second are 19.7 %.
    #[test]
    fn the_share_follows_what_was_received() {
        let mut counted = Counted::new();
        let mut counters = StationCounters::default();
        for step in 0..20 {
            counted.report(at(step * 500), counters, PHY, LINK);
            counters.rx_packets += 250;
            counters.rx_bytes += 250 * 1_500;
        }
        let share = counted.share;
        assert!((196_000..197_000).contains(&share), "{share}");
        for step in 20..40 {
            counted.report(at(step * 500), counters, PHY, LINK);
        }
        assert!(counted.share < 1_000, "{}", counted.share);
    }
}
