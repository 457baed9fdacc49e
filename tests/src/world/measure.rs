//! What a test asks of a world after it ran.

use rether_proto::coordinator::StationStatus;
use rether_proto::time::{Duration, Instant};

use super::{World, station};

impl World {
    /// How long the gates held the packets of a source that were delivered; of those that came
    /// inside of frames, how long they took.
    #[must_use]
    pub fn delays(&self, source: usize) -> Vec<Duration> {
        let of_source = self.delivered.iter().filter(|p| p.source == source);
        of_source.map(|p| p.released.since(p.sent)).collect()
    }

    /// The delay that 99 of 100 delivered packets of a source do not exceed, of those sent from
    /// `since` on; zero without packets.
    #[must_use]
    pub fn p99_since(&self, source: usize, since: Instant) -> Duration {
        let sent = self
            .delivered
            .iter()
            .filter(|p| p.source == source && p.sent >= since);
        let mut delays: Vec<_> = sent.map(|p| p.released.since(p.sent)).collect();
        delays.sort_unstable();
        delays
            .get(delays.len() * 99 / 100)
            .copied()
            .unwrap_or_default()
    }

    /// The delay that 99 of 100 delivered packets of a source do not exceed.
    #[must_use]
    pub fn p99(&self, source: usize) -> Duration {
        self.p99_since(source, Instant::ZERO)
    }

    /// Packets of a source that did not arrive.
    #[must_use]
    pub fn missing(&self, source: usize) -> u64 {
        self.sent(source) - self.arrived_since(source, Instant::ZERO)
    }

    /// Packets of a source that were let go after `since`.
    #[must_use]
    pub fn arrived_since(&self, source: usize, since: Instant) -> u64 {
        let arrived = self.delivered.iter();
        arrived
            .filter(|p| p.source == source && p.released >= since)
            .count() as u64
    }

    /// True if the packets of each source arrived in the order in which they were sent.
    #[must_use]
    pub fn in_order(&self, source: usize) -> bool {
        let numbers = self.delivered.iter().filter(|p| p.source == source);
        numbers.map(|p| p.number).is_sorted()
    }

    /// What the coordinator says of station `n`.
    ///
    /// # Panics
    /// When it does not know the station.
    pub fn station_status(&mut self, n: u8) -> StationStatus {
        let stations = self.coordinator().status().stations;
        let found = stations.into_iter().find(|s| s.address == station(n));
        found.expect("a station of this cell")
    }

    /// All airtime that the coordinator booked for station `n`, in seconds.
    pub fn airtime(&mut self, n: u8) -> f64 {
        let s = self.station_status(n);
        (s.airtime_up + s.airtime_down + s.airtime_overhead).as_secs_f64()
    }

    /// Checks that every packet that was ever sent has exactly one fate.
    ///
    /// # Panics
    /// When packets are missing or came from nowhere.
    pub fn assert_all_accounted(&self) {
        let sent: u64 = (0..self.sources()).map(|source| self.sent(source)).sum();
        let arrived = self.delivered.len() as u64;
        let fates = [
            arrived,
            self.held() as u64,
            self.lost_with_process(),
            self.dropped(),
            self.passing(),
            self.riding(),
        ];
        assert_eq!(
            sent,
            fates.iter().sum::<u64>(),
            "delivered, held, lost with a process, dropped, on the air, inside of frames: {fates:?}"
        );
    }
}
