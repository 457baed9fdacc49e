//! What an arrival costs the daemon, beside what its netlink requests take.
//!
//! It begins when the daemon has read the kernel's word that a station is new (`NEW_STATION`) and ends
//! with the answer to the last netlink request before the handoff is over. Two threads are on that
//! way: the daemon's own until it has told the handoff thread that the station is authorised, and the
//! handoff thread. The token thread is not: nobody waits for it, but for the first queue of a station at
//! a bridge.

use std::collections::BTreeMap;

use rether_handoff::roam::RoamRecord;
use rether_linux::clock;
use rether_linux::cost::{self, Spent};
use rether_proto::mac::MacAddr;
use rether_proto::time::{Duration, Instant};
use serde_json::{Value, json};

/// Processor time of one arrival. What a thread did for others meanwhile is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Work {
    /// From the radio's word to the last answer, by the clock: most of it is waiting.
    span: Duration,
    /// The daemon's own thread, until the station was authorised.
    events: Duration,
    /// The handoff thread, with what follows.
    thread: Duration,
    /// Of that, packets that were copied, caught, taken from a pen's datagrams, let go and sent.
    packets: Duration,
    /// Of that, netlink requests.
    netlink: Duration,
    /// These by the clock.
    netlink_time: Duration,
    /// How many they were.
    requests: u64,
}

impl Work {
    /// With what the daemon's own thread did.
    pub(super) const fn with_events(self, events: Duration) -> Self {
        Self { events, ..self }
    }

    /// All figures in microseconds, `netlink_requests` apart.
    pub(super) fn value(self) -> Value {
        let micros = |span: Duration| span.as_nanos() as f64 / 1e3;
        json!({
            "span_us": micros(self.span),
            "processor_us": micros(self.events + self.thread),
            "events_us": micros(self.events),
            "packets_us": micros(self.packets),
            "netlink_us": micros(self.netlink),
            "netlink_wall_us": micros(self.netlink_time),
            "netlink_requests": self.requests,
        })
    }
}

/// Stations that have come and not yet settled, as the handoff thread has them.
#[derive(Debug, Default)]
pub(super) struct Arrivals(BTreeMap<MacAddr, Arrival>);

#[derive(Clone, Copy, Debug)]
struct Arrival {
    told: Instant,
    processor: Duration,
    spent: Spent,
}

impl Arrivals {
    /// The radio said at `told` that `station` is new; this thread had used `processor` when it heard
    /// of it.
    pub(super) fn begin(&mut self, station: MacAddr, told: Instant, processor: Duration) {
        let spent = cost::spent();
        let arrival = Arrival {
            told,
            processor,
            spent,
        };
        self.0.insert(station, arrival);
    }

    /// It has gone.
    pub(super) fn forget(&mut self, station: MacAddr) {
        self.0.remove(&station);
    }

    /// What the arrival that `record` is about has cost; nothing if its beginning was not seen, or it
    /// needed no request.
    pub(super) fn end(&mut self, record: &RoamRecord) -> Option<Work> {
        let begun = self.0.remove(&record.station)?;
        let (before, now) = (begun.spent, cost::spent());
        let requests = now.requests - before.requests;
        (record.associated? >= begun.told && requests > 0).then(|| Work {
            span: now.answered.since(begun.told),
            events: Duration::ZERO,
            thread: now.processor - begun.processor,
            packets: now.packets - before.packets,
            netlink: now.netlink - before.netlink,
            netlink_time: now.netlink_time - before.netlink_time,
            requests,
        })
    }
}

/// The same stations, as the daemon's own thread has them.
#[derive(Debug, Default)]
pub(super) struct Events(BTreeMap<MacAddr, Told>);

#[derive(Clone, Copy, Debug)]
enum Told {
    /// That it is new: what this thread had used by then.
    New(Duration),
    /// That it is authorised, too: what this thread had used in between.
    Authorised(Duration),
}

impl Events {
    /// The radio's word that `station` is new has been read; returns when.
    pub(super) fn new_station(&mut self, station: MacAddr) -> Instant {
        self.0.insert(station, Told::New(cost::processor()));
        clock::now()
    }

    /// The handoff thread knows that it is authorised.
    pub(super) fn authorised(&mut self, station: MacAddr) {
        if let Some(told) = self.0.get_mut(&station)
            && let Told::New(before) = *told
        {
            *told = Told::Authorised(cost::processor() - before);
        }
    }

    /// It has gone.
    pub(super) fn forget(&mut self, station: MacAddr) {
        self.0.remove(&station);
    }

    /// What this thread did for an arrival that is over. If nobody said that the station is authorised,
    /// which its frames show as well, that is all it did until now.
    pub(super) fn end(&mut self, station: MacAddr) -> Duration {
        match self.0.remove(&station) {
            Some(Told::New(before)) => cost::processor() - before,
            Some(Told::Authorised(used)) => used,
            None => Duration::ZERO,
        }
    }
}

#[cfg(test)]
mod tests {
    use rether_handoff::id::Epoch;
    use rether_handoff::roam::Side;
    use rether_linux::path::{Marks, Path};

    use super::*;

    const STATION: MacAddr = MacAddr([2, 0, 0, 0, 1, 0]);

    fn record(associated: Option<Instant>) -> RoamRecord {
        let mut record = RoamRecord::new(STATION, Side::New, Epoch::default());
        record.associated = associated;
        record
    }

    /// A request that any user may make: it is refused.
    fn request() {
        let marks = Marks {
            table: 3_517,
            protocol: 88,
            rule: 3_517,
        };
        let _ = Path::open(marks).unwrap().set_proxy_delay(0, 0);
    }

    #[test]
    fn an_arrival_has_what_was_spent_since_it_began() {
        request();
        let mut arrivals = Arrivals::default();
        let told = clock::now();
        arrivals.begin(STATION, told, cost::processor());
        let moved = cost::packets(|| {
            let begin = cost::processor();
            while cost::processor() == begin {}
            cost::processor() - begin
        });
        request();
        let work = arrivals.end(&record(Some(clock::now()))).unwrap();
        assert!(work.requests > 0);
        assert!(work.packets >= moved);
        assert!(work.thread >= work.netlink + work.packets);
        assert!(work.netlink > Duration::ZERO && work.netlink_time > Duration::ZERO);
        let value = work.with_events(Duration::from_micros(5)).value();
        assert_eq!(value["events_us"], 5.0);
        let whole = value["processor_us"].as_f64().unwrap();
        assert!(whole >= 5.0 + value["netlink_us"].as_f64().unwrap());
        assert_eq!(
            arrivals.end(&record(Some(clock::now()))),
            None,
            "it is over"
        );
    }

    #[test]
    fn an_arrival_that_was_not_seen_to_begin_has_no_figures() {
        let mut arrivals = Arrivals::default();
        let mut begin = || arrivals.begin(STATION, clock::now(), cost::processor());
        let before = clock::now();
        begin();
        request();
        // An earlier one, or none at all.
        assert_eq!(arrivals.end(&record(Some(before))), None);
        arrivals.begin(STATION, clock::now(), cost::processor());
        request();
        assert_eq!(arrivals.end(&record(None)), None);
        // No request.
        arrivals.begin(STATION, clock::now(), cost::processor());
        assert_eq!(arrivals.end(&record(Some(clock::now()))), None);
    }

    #[test]
    fn the_events_of_an_arrival_end_with_its_authorisation() {
        let mut events = Events::default();
        events.new_station(STATION);
        events.authorised(STATION);
        let used = events.end(STATION);
        events.new_station(STATION);
        let begin = cost::processor();
        while cost::processor() - begin <= used {}
        assert!(events.end(STATION) > used);
        assert_eq!(events.end(STATION), Duration::ZERO);
    }
}
