use super::*;
use rether_proto::airtime::{Phy, PhyKind, Rate};
use std::vec::Vec;

/// `n` saturated stations and an AP; goodput of `payload` in Mb/s and collision probability.
fn saturate(
    config: MediumConfig,
    radio: &RadioConfig,
    n: usize,
    (rate, psdu, payload): (Rate, u32, u32),
    seconds: u64,
    seed: u64,
) -> (f64, f64) {
    let mut medium = Medium::new(config, seed);
    let ap = medium.add_radio(radio.clone());
    let stations: Vec<_> = (0..n).map(|_| medium.add_radio(radio.clone())).collect();
    let frame = Frame {
        id: FrameId(0),
        to: Destination::Radio(ap),
        ac: Ac::Be,
        psdu_octets: psdu,
        rates: RateSeries::fixed(rate),
    };
    for station in &stations {
        for _ in 0..10 {
            medium.submit(Instant::ZERO, *station, frame).unwrap();
        }
    }
    let end = Instant::ZERO + Duration::from_secs(seconds);
    let mut received = 0_u64;
    while medium.next_time().unwrap() < end {
        medium.step();
        while let Some(event) = medium.poll_event() {
            match event {
                Event::Done { at, radio, .. } => medium.submit(at, radio, frame).unwrap(),
                Event::Received { .. } => received += 1,
                Event::OnAir { .. } => {}
            }
        }
    }
    let (mut sent, mut acked) = (0, 0);
    for station in stations {
        sent += medium.counters(station).transmissions;
        acked += medium.counters(station).acked;
    }
    let goodput = received as f64 * f64::from(payload) * 8.0 / seconds as f64 / 1e6;
    (goodput, 1.0 - acked as f64 / sent as f64)
}

#[test]
fn explore() {
    let dsss = RadioConfig::new(
        Phy {
            kind: PhyKind::DsssLong,
            wmm: false,
        },
        2412,
    );
    let ofdm = RadioConfig::new(
        Phy {
            kind: PhyKind::Ofdm,
            wmm: false,
        },
        5180,
    );
    for (n, reference) in [
        (1, "6.112 / 0.000"),
        (2, "6.387 / 0.060"),
        (5, "6.338 / 0.174"),
        (10, "6.062 / 0.280"),
        (20, "5.674 / 0.388"),
        (50, "5.022 / 0.533"),
    ] {
        let now = std::time::Instant::now();
        let r = saturate(
            MediumConfig::default(),
            &dsss,
            n,
            (Rate(110), 1536, 1472),
            60,
            1,
        );
        println!(
            "11b {n}: {:.3} {:.3}   {reference}  {:?}/s",
            r.0,
            r.1,
            now.elapsed() / 60
        );
    }
    for (n, reference) in [
        (1, "29.929 / 0.000"),
        (2, "30.217 / 0.111"),
        (3, "30.005 / 0.174"),
        (5, "29.169 / 0.258"),
        (10, "27.510 / 0.368"),
        (20, "25.489 / 0.472"),
        (50, "22.090 / 0.610"),
        (500, ""),
    ] {
        let now = std::time::Instant::now();
        let r = saturate(
            MediumConfig::default(),
            &ofdm,
            n,
            (Rate(540), 1536, 1472),
            20,
            1,
        );
        println!(
            "11a {n}: {:.3} {:.3}   {reference}  {:?}/s",
            r.0,
            r.1,
            now.elapsed() / 20
        );
    }
    let eifs = MediumConfig {
        collision_rx: CollisionRx::Eifs,
        ..MediumConfig::default()
    };
    for (n, reference) in [
        (3, "6.387 / 0.106"),
        (5, "6.237 / 0.179"),
        (20, "5.429 / 0.393"),
        (50, "4.740 / 0.531"),
    ] {
        let r = saturate(eifs.clone(), &dsss, n, (Rate(110), 1536, 1472), 20, 1);
        println!("11b eifs {n}: {:.3} {:.3}   {reference}", r.0, r.1);
    }
    let mut wmm = RadioConfig::new(
        Phy {
            kind: PhyKind::Ofdm,
            wmm: true,
        },
        5180,
    );
    for (n, reference) in [
        (1, "28.966"),
        (5, "28.517 / 0.266"),
        (20, "24.712 / 0.486"),
        (50, "21.052 / 0.630"),
    ] {
        let r = saturate(
            MediumConfig::default(),
            &wmm,
            n,
            (Rate(540), 1538, 1472),
            10,
            1,
        );
        println!("11a BE {n}: {:.3} {:.3}   {reference}", r.0, r.1);
    }
    wmm.access[1] = AccessParams {
        aifsn: 2,
        cw_min: 3,
        cw_max: 7,
        txop: Duration::ZERO,
    };
    for (n, reference) in [
        (1, "34.277"),
        (2, "27.475 / 0.347"),
        (3, "26.755/0.425"),
        (5, "21.851 / 0.618"),
        (10, "12.22/0.859"),
        (20, "2.760 / 0.983"),
        (50, "0.012"),
    ] {
        let r = saturate(
            MediumConfig::default(),
            &wmm,
            n,
            (Rate(540), 1538, 1472),
            10,
            1,
        );
        println!("11a VO0 {n}: {:.3} {:.3}   {reference}", r.0, r.1);
    }
    wmm.access[1] = AccessParams {
        aifsn: 2,
        cw_min: 7,
        cw_max: 15,
        txop: Duration::ZERO,
    };
    for (n, reference) in [(1, "32.577"), (5, "26.115 / 0.453"), (20, "9.927 / 0.900")] {
        let r = saturate(
            MediumConfig::default(),
            &wmm,
            n,
            (Rate(540), 1538, 1472),
            10,
            1,
        );
        println!("11a VI0 {n}: {:.3} {:.3}   {reference}", r.0, r.1);
    }
}

#[test]
fn two() {
    let dsss = RadioConfig::new(
        Phy {
            kind: PhyKind::DsssLong,
            wmm: false,
        },
        2412,
    );
    let ofdm = RadioConfig::new(
        Phy {
            kind: PhyKind::Ofdm,
            wmm: false,
        },
        5180,
    );
    for seed in 1..7 {
        let b = saturate(
            MediumConfig::default(),
            &dsss,
            2,
            (Rate(110), 1536, 1472),
            60,
            seed,
        );
        let a = saturate(
            MediumConfig::default(),
            &ofdm,
            2,
            (Rate(540), 1536, 1472),
            60,
            seed,
        );
        println!("{seed}: b {b:.4?} a {a:.4?}");
    }
}
