//! Neighbour reports (802.11k): the access point is asked who else there is, as far as it offers
//! that. It needs no coordinator, and none of the site may have one.
//!
//! A report only says where to look: nobody is gone to that was not heard in the same network.

use rether_handoff::station::StationInput;
use rether_linux::clock;
use rether_linux::control::NeighbourReport;
use rether_proto::time::{Duration, Instant};

use super::Daemon;

/// The first seconds with an access point belong to the roam.
const SETTLED: Duration = Duration::from_secs(2);
/// Access points come and go rarely.
const AGAIN: Duration = Duration::from_secs(300);
/// More would not be looked at in turn before the station is gone.
const MOST: u8 = 16;

/// When to ask, and how much of the answer is still taken.
#[derive(Debug, Default)]
pub(super) struct Survey {
    due: Option<Instant>,
    room: u8,
}

impl Survey {
    /// There is another access point.
    pub(super) fn begin(&mut self, now: Instant) {
        let due = Some(now + SETTLED);
        *self = Self { due, room: 0 };
    }

    fn is_due(&self, now: Instant) -> bool {
        self.due.is_some_and(|due| due <= now)
    }

    fn asked(&mut self, now: Instant) {
        let due = Some(now + AGAIN);
        *self = Self { due, room: MOST };
    }

    /// Whether one more neighbour is taken.
    fn takes(&mut self) -> bool {
        let left = self.room.checked_sub(1);
        self.room = left.unwrap_or(0);
        left.is_some()
    }
}

impl Daemon<'_> {
    /// Where this station decides, it asks from time to time.
    pub(super) async fn survey(&mut self) {
        let now = clock::now();
        if !self.handoff.leads() || self.bssid.is_none() || !self.survey.is_due(now) {
            return;
        }
        let Some(wpa) = &mut self.wpa else { return };
        self.survey.asked(now);
        if let Err(error) = wpa.ask_for_neighbours().await {
            tracing::debug!("no neighbour report: {error}");
        }
    }

    /// The access point names another one.
    pub(super) async fn reported(&mut self, report: NeighbourReport) {
        if !self.handoff.leads() || !self.survey.takes() {
            return;
        }
        let NeighbourReport { bssid, frequency } = report;
        tracing::debug!("the access point reports {bssid} at {frequency} MHz");
        self.step(StationInput::Neighbour { bssid, frequency })
            .await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_asks_after_each_arrival_and_takes_so_much() {
        let at = |s| Instant::ZERO + Duration::from_secs(s);
        let mut survey = Survey::default();
        assert!(!survey.is_due(at(1_000)) && !survey.takes());
        survey.begin(at(10));
        assert!(!survey.is_due(at(11)) && survey.is_due(at(12)));
        assert!(!survey.takes(), "nobody asked");
        survey.asked(at(12));
        assert!(!survey.is_due(at(311)) && survey.is_due(at(312)));
        assert_eq!((0..100).filter(|_| survey.takes()).count(), 16);
        survey.asked(at(312));
        assert!(survey.takes());
        survey.begin(at(313));
        assert!(!survey.takes(), "that was another access point");
    }
}
