//! What the driver counts per station: how often frames are sent again, and how much air stations
//! without an agent use.

use serde::{Deserialize, Serialize};

use super::Coordinator;
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
    /// Share of the air that it should be able to use, in millionths: twice of what it used lately,
    /// and twice of that again as long as it uses half or more.
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
        let used = u128::from(each.as_nanos()) * u128::from(received);
        let parts = (used * 1_000_000 / u128::from(span.as_nanos())).min(1_000_000);
        let parts = u64::try_from(parts).unwrap_or(1_000_000);
        let wish = match u64::from(self.wish) {
            wish if parts * 2 >= wish => wish.max(parts) * 2,
            _ => parts * 2,
        };
        self.wish = u32::try_from(wish).unwrap_or(1_000_000).min(1_000_000);
        let (fresh, memory) = (span.min(SHARE_MEMORY).as_nanos(), SHARE_MEMORY.as_nanos());
        let kept = u64::from(self.share) * (memory - fresh);
        self.share = u32::try_from((kept + parts * fresh) / memory).unwrap_or(1_000_000);
    }

    /// Share of the air that it should be able to use, in millionths.
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

impl Coordinator {
    /// Takes a station's counters over, and what follows for the ledger.
    pub(super) fn counted(&mut self, address: MacAddr, counters: StationCounters) {
        let (now, phy) = (self.now, self.config.phy);
        let Some(station) = self.stations.get_mut(&address) else {
            return;
        };
        let link = station.link;
        station.counted.report(now, counters, phy, link);
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
        let strangers = self.stations.values().filter(|s| s.agent.is_none());
        let millionths: u32 = strangers.map(|station| station.counted.share).sum();
        let millionths = millionths.saturating_sub(self.open_air.share());
        let steps = (millionths / 1_000).div_ceil(SHARE_STEP) * SHARE_STEP;
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

    /// It doubles while half of it is used, and follows what is used when that is less.
    #[test]
    fn the_wish_grows_with_what_is_used() {
        let mut counted = Counted::new();
        let mut counters = StationCounters::default();
        let mut wishes = std::vec::Vec::new();
        for (step, packets) in [(0, 0), (1, 50), (2, 50), (3, 300), (4, 10), (5, 0)] {
            counters.rx_packets += packets;
            counters.rx_bytes += packets * 1_500;
            counted.report(at(step * 500), counters, PHY, LINK);
            // Soon after, nothing is judged by what has not come.
            counted.report(at(step * 500 + 5), counters, PHY, LINK);
            wishes.push(counted.wish() / 1_000);
        }
        // 100 packets a second are 39.35 thousandths.
        assert_eq!(wishes, [0, 78, 157, 472, 15, 0]);
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
