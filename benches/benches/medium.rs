//! Transmissions that the medium makes happen, in cells that grow; and calls through the whole
//! simulator. Rows of a PHY differ in the number of stations only, so that their `elem/s` say what
//! a transmission costs as a cell grows.
#![allow(missing_docs, reason = "made by macros of criterion")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rether_proto::airtime::{Phy, PhyKind, Rate};
use rether_proto::time::Instant;
use rether_sim::medium::{
    Ac, Destination, Event, Frame, FrameId, Medium, MediumConfig, RadioConfig, RateSeries,
};
use rether_sim::preset::{self, Access, Background, Voice};
use rether_sim::scenario::Scenario;
use rether_sim::world::{Options, run};

/// A cell whose stations always have a frame of 1472 octets of UDP payload for the AP.
struct Saturated {
    medium: Medium,
    frame: Frame,
}

impl Saturated {
    fn new(kind: PhyKind, rate: Rate, stations: u32) -> Self {
        let radio = RadioConfig::new(Phy { kind, wmm: false }, 5180);
        let mut medium = Medium::new(MediumConfig::default(), 1);
        let ap = medium.add_radio(radio.clone());
        let frame = Frame {
            id: FrameId(0),
            to: Destination::Radio(ap),
            ac: Ac::Be,
            psdu_octets: 1_536,
            rates: RateSeries::fixed(rate),
        };
        for _ in 0..stations {
            let station = medium.add_radio(radio.clone());
            for _ in 0..2 {
                let _ = medium.submit(Instant::ZERO, station, frame);
            }
        }
        let mut cell = Self { medium, frame };
        // Contention windows are spread as they will stay.
        cell.transmit(20 * u64::from(stations));
        cell
    }

    /// Runs until so many transmissions have come to an end, in success or for good.
    fn transmit(&mut self, transmissions: u64) {
        let mut seen = 0;
        while seen < transmissions {
            self.medium.step();
            while let Some(event) = self.medium.poll_event() {
                if let Event::Done {
                    at, radio, tries, ..
                } = event
                {
                    seen += u64::from(tries);
                    let _ = self.medium.submit(at, radio, self.frame);
                }
            }
        }
    }
}

fn saturated(c: &mut Criterion) {
    const TRANSMISSIONS: u64 = 10_000;
    let mut group = c.benchmark_group("medium");
    group.throughput(Throughput::Elements(TRANSMISSIONS));
    for (name, kind, rate) in [
        ("11a", PhyKind::Ofdm, Rate(540)),
        ("11b", PhyKind::DsssLong, Rate(110)),
    ] {
        for stations in [1, 10, 50, 200, 500] {
            let mut cell = Saturated::new(kind, rate, stations);
            group.bench_function(
                format!("saturated {name}, n={stations}, {TRANSMISSIONS} transmissions"),
                |b| b.iter(|| cell.transmit(TRANSMISSIONS)),
            );
        }
    }
    group.finish();
}

fn simulator(c: &mut Criterion) {
    const SECONDS: u32 = 10;
    let calls = Voice {
        phy: preset::Phy {
            standard: "11a",
            rate_mbps: 54.0,
            short_preamble: false,
            fast_acks: false,
        },
        access: Access::Dcf,
        k: 40,
        interval_ms: 20,
        background: Background::None,
        download: false,
        queue: 100,
        seconds: SECONDS,
    };
    let scenario = Scenario::parse(&calls.text(), "bench").expect("presets are valid");
    let arm = &scenario.arm[0];
    let mut group = c.benchmark_group("simulator");
    // Two directions, 50 packets a second, two seconds before and one behind what counts.
    let packets = 2 * 50 * u64::from(calls.k) * u64::from(SECONDS + 3);
    group.throughput(Throughput::Elements(packets));
    group.sample_size(20);
    group.bench_function(format!("40 calls in 11a, {packets} packets"), |b| {
        b.iter(|| run(&scenario, arm, 1, &Options::default()).expect("presets can be run"));
    });
    group.finish();
}

criterion_group!(benches, saturated, simulator);
criterion_main!(benches);
