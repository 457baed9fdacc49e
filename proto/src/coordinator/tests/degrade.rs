//! Promises that no longer fit, and fit again.

use super::*;
use crate::ledger::FlowId;
use crate::ledger::LinkRates;
use crate::wire::Pressure;

/// A cell of 802.11a whose only rule promises 4 Mb/s, at worst 1 Mb/s, to what goes to a port, and
/// less to calls.
fn cell(stations: u8, least: Option<u32>) -> Bench {
    let mut bench = Bench::new(stations);
    let bulk = Rule {
        promise: Promise {
            rate: 4_000_000,
            packet: 1_500,
            delay: DELAY,
        },
        rank: Rank {
            priority: 50,
            min_rate: least,
        },
        matches: Match {
            direction: Direction::Down,
            ..rule(80).matches
        },
        ..rule(80)
    };
    let table = PolicyTable {
        version: 2,
        rules: std::vec![rule(VOICE), bulk],
    };
    bench.command(CoordinatorCommand::Policy(table));
    for n in 1..=stations {
        bench.link(n, 540);
    }
    bench.forget();
    bench
}

impl Bench {
    fn link(&mut self, n: u8, rate: u16) {
        let rates = LinkRates {
            up: Rate(rate),
            down: Rate(rate),
        };
        let station = sta(n);
        self.command(CoordinatorCommand::Link { station, rates });
    }

    /// Bulk comes down for a station, and goes on for as long as `span`.
    fn bulk(&mut self, n: u8, span: Duration) {
        let end = self.now + span;
        while self.now < end {
            self.packet(n, 80, 1_500);
            self.run_idle(Duration::from_millis(500).min(end.since(self.now)));
        }
    }
}

fn bulk_of(n: u8) -> FlowId {
    FlowId::of(sta(n), Direction::Up, flow(n, 80))
}

/// Three bulk flows and one call; a flicker changes nothing, a fall shrinks the youngest, and the
/// rise restores it after a while.
#[test]
fn a_fall_shrinks_and_a_rise_restores() {
    let mut bench = cell(4, Some(1_000_000));
    for n in 1..=3 {
        bench.bulk(n, MS);
    }
    bench.reserve(4, VOICE);
    bench.forget();
    bench.link(1, 60);
    bench.link(1, 540);
    assert_eq!(bench.events, [], "a flicker");
    bench.link(1, 60);
    bench.link(1, 60);
    let degraded: Vec<_> = bench
        .events
        .iter()
        .filter_map(|event| match event {
            CoordinatorEvent::Degraded { id, rate, cause } => Some((*id, *rate, *cause)),
            _ => None,
        })
        .collect();
    assert_eq!(degraded[0], (bulk_of(3), 1_000_000, Pressure::RateFall));
    assert!(bench.core.ledger.fits(bench.core.links()));
    assert!(
        bench
            .outcomes()
            .iter()
            .all(|outcome| *outcome == Outcome::Degraded(Pressure::RateFall))
    );
    assert_eq!(bench.outcomes().len(), degraded.len());
    // The call is untouched.
    let call = FlowId::of(sta(4), Direction::Up, flow(4, VOICE));
    assert!(!bench.core.ledger.get(&call).unwrap().is_shrunk());

    bench.forget();
    bench.link(1, 540);
    for _ in 0..8 {
        for n in 1..=3 {
            bench.packet(n, 80, 1_500);
        }
        bench.run_idle(Duration::from_millis(500));
    }
    let restored = CoordinatorEvent::Restored {
        id: bulk_of(3),
        rate: 4_000_000,
    };
    assert!(bench.events.contains(&restored), "{:?}", bench.events);
    assert!(bench.outcomes().contains(&Outcome::Granted));
}

/// A promise that may not shrink is withdrawn; its packets become best effort; it comes back only
/// while somebody wants it.
#[test]
fn what_may_not_shrink_is_withdrawn_and_comes_back_if_wanted() {
    for wanted in [true, false] {
        let mut bench = cell(3, None);
        for n in 1..=3 {
            bench.bulk(n, MS);
        }
        bench.forget();
        bench.link(1, 60);
        bench.link(1, 60);
        let cause = Pressure::RateFall;
        let gone = CoordinatorEvent::Withdrawn {
            id: bulk_of(3),
            cause,
        };
        assert!(bench.events.contains(&gone), "{:?}", bench.events);
        assert!(bench.core.ledger.is_withdrawn(&bulk_of(3)));
        assert!(
            !bench.core.stations[&sta(3)]
                .queues
                .is_reserved(flow(3, 80).reversed())
        );
        // Its packets go on as best effort.
        bench.verdicts.clear();
        let packet = bench.packet(3, 80, 1_500);
        bench.run_idle(CYCLE * 2);
        assert!(bench.verdicts.contains(&Verdict::Accept(packet)));

        for _ in 0..30 {
            bench.packet(1, 80, 1_500);
            bench.packet(2, 80, 1_500);
            if wanted {
                bench.packet(3, 80, 1_500);
            }
            bench.run_idle(Duration::from_millis(500));
        }
        assert_eq!(bench.core.ledger.is_withdrawn(&bulk_of(3)), wanted);
        bench.forget();
        bench.link(1, 540);
        for _ in 0..5 {
            bench.packet(1, 80, 1_500);
            bench.packet(2, 80, 1_500);
            bench.run_idle(Duration::from_millis(500));
        }
        let restored =
            |event: &CoordinatorEvent| matches!(event, CoordinatorEvent::Restored { .. });
        assert_eq!(
            bench.events.iter().any(restored),
            wanted,
            "{:?}",
            bench.events
        );
    }
}

/// Frames that are lost, and stations without an agent, press on promises like slow rates.
#[test]
fn losses_and_unregistered_load_press_too() {
    for stranger in [false, true] {
        let mut bench = cell(3, Some(1_000_000));
        bench.join(9);
        bench.link(9, 540);
        for n in 1..=3 {
            bench.bulk(n, MS);
        }
        bench.link(9, 540);
        bench.forget();
        let mut counters = StationCounters::default();
        let station = sta(if stranger { 9 } else { 1 });
        for _ in 0..12 {
            bench.command(CoordinatorCommand::Counters { station, counters });
            if stranger {
                counters.rx_packets += 1_000;
                counters.rx_bytes += 1_500_000;
            } else {
                counters.tx_packets += 100;
                counters.tx_retries += 400;
            }
            for n in 1..=3 {
                bench.packet(n, 80, 1_500);
            }
            bench.run_idle(Duration::from_millis(500));
        }
        let expected = if stranger {
            Pressure::UnregisteredLoad
        } else {
            Pressure::LostFrames
        };
        let pressed = |event: &CoordinatorEvent| matches!(event, CoordinatorEvent::Degraded { cause, .. } if *cause == expected);
        assert!(bench.events.iter().any(pressed), "{:?}", bench.events);
        assert_eq!(bench.core.ledger.unregistered() > 0, stranger);
        // Gone with the station.
        bench.command(CoordinatorCommand::StationLeft(sta(9)));
        assert_eq!(bench.core.ledger.unregistered(), 0);
    }
}
