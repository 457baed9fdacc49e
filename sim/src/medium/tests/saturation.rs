//! Saturated cells against figures of ns-3 3.37 with the same parameters: everybody hears
//! everybody, 1472 octets of UDP payload to the AP, seven transmissions at most.

use super::*;

const PAYLOAD_BITS: f64 = 1_472.0 * 8.0;

/// Goodput in Mb/s and the share of transmissions that were not acknowledged.
fn saturate(
    config: &MediumConfig,
    radio: &RadioConfig,
    (n, rate, psdu_octets): (usize, Rate, u32),
    virtual_time: Duration,
) -> (f64, f64) {
    let mut medium = Medium::new(config.clone(), 7);
    let ap = medium.add_radio(radio.clone());
    let stations: Vec<_> = (0..n).map(|_| medium.add_radio(radio.clone())).collect();
    let frame = Frame {
        id: FrameId(0),
        to: ap.into(),
        ac: Ac::Be,
        psdu_octets,
        rates: RateSeries::fixed(rate),
    };
    for station in &stations {
        for _ in 0..2 {
            medium.submit(Instant::ZERO, *station, frame).unwrap();
        }
    }
    let end = Instant::ZERO + virtual_time;
    let mut received = 0_u32;
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
    let goodput = f64::from(received) * PAYLOAD_BITS / virtual_time.as_secs_f64() / 1e6;
    (goodput, 1.0 - acked as f64 / sent as f64)
}

/// `rows`: stations, goodput, collision probability of ns-3.
fn compare(
    config: &MediumConfig,
    radio: &RadioConfig,
    (rate, psdu_octets, seconds): (Rate, u32, u64),
    rows: &[(usize, f64, f64)],
) {
    for &(n, goodput, collisions) in rows {
        let virtual_time = Duration::from_secs(seconds);
        let ours = saturate(config, radio, (n, rate, psdu_octets), virtual_time);
        let ratio = ours.0 / goodput;
        assert!((ratio - 1.0).abs() < 0.015, "{n}: {ours:?}");
        assert!((ours.1 - collisions).abs() < 0.012, "{n}: {ours:?}");
    }
}

#[test]
fn dcf_of_802_11b() {
    let rows = [(1, 6.112, 0.0), (5, 6.338, 0.174), (20, 5.674, 0.388)];
    compare(&MediumConfig::default(), &dsss(), (R11, PSDU, 15), &rows);
}

#[test]
fn dcf_of_802_11a() {
    let rows = [
        (1, 29.929, 0.0),
        (2, 30.217, 0.111),
        (5, 29.169, 0.258),
        (20, 25.489, 0.472),
    ];
    compare(&MediumConfig::default(), &ofdm(), (R54, PSDU, 4), &rows);
}

#[test]
fn edca_best_effort_and_voice() {
    let default = MediumConfig::default();
    let rows = [(5, 28.517, 0.266)];
    compare(&default, &edca(), (R54, QOS_PSDU, 4), &rows);

    // AC_VO with one frame an access.
    let mut voice = edca();
    let row = voice.access[Ac::Vo as usize];
    voice.access[Ac::Be as usize] = AccessParams {
        txop: Duration::ZERO,
        ..row
    };
    let rows = [(5, 21.851, 0.618)];
    compare(&default, &voice, (R54, QOS_PSDU, 4), &rows);
}

#[test]
fn eifs_after_collisions() {
    let config = MediumConfig {
        collision_rx: CollisionRx::Eifs,
        ..MediumConfig::default()
    };
    compare(&config, &dsss(), (R11, PSDU, 15), &[(5, 6.237, 0.179)]);
}
