//! Airtime against the standard's formulas worked by hand, and against ns-3 3.37.

use super::*;
use crate::time::Duration;
use proptest::prelude::*;
use std::format;

const KINDS: [PhyKind; 5] = [
    PhyKind::DsssLong,
    PhyKind::DsssShort,
    PhyKind::Ofdm,
    PhyKind::Erp,
    PhyKind::ErpMixed,
];

const UDP_IP_OCTETS: u32 = 28;

const fn phy(kind: PhyKind) -> Phy {
    Phy { kind, wmm: false }
}

const fn wmm(kind: PhyKind) -> Phy {
    Phy { kind, wmm: true }
}

const fn us(micros: u64) -> Duration {
    Duration::from_micros(micros)
}

/// Payload bits per microsecond of a station that sends `payload` octets in each UDP packet,
/// alone in its cell and never idle.
#[expect(
    clippy::cast_precision_loss,
    reason = "compared with published figures"
)]
fn goodput_mbps(phy: Phy, rate: Rate, payload: u32) -> f64 {
    let exchange = phy.exchange(rate, payload + UDP_IP_OCTETS);
    f64::from(payload * 8) * 1_000.0 / exchange.as_nanos() as f64
}

#[test]
fn saturated_stations_deliver_what_ns3_delivers() {
    // Rows with n = 1 of analytic_public.csv (ns-3 3.37): columns ns3_goodput_mbps and
    // bianchi_mbps, the closed form. Its rows for AC_VI, AC_VO and 11 Mb/s Acks are left out:
    // a packet here has no access category, and Acks are at 2 Mb/s at most.
    let rows: [(&str, Phy, u16, u32, f64, f64); 11] = [
        ("11a_24", phy(PhyKind::Ofdm), 240, 1472, 17.2891, 17.2795),
        ("11a_36", phy(PhyKind::Ofdm), 360, 1472, 23.132, 23.1129),
        ("11a_54", phy(PhyKind::Ofdm), 540, 1472, 29.9293, 29.9263),
        ("11a_6", phy(PhyKind::Ofdm), 60, 1472, 5.2729, 5.27244),
        ("11a_BE", wmm(PhyKind::Ofdm), 540, 1472, 28.9657, 28.9692),
        ("11a_p512", phy(PhyKind::Ofdm), 540, 512, 16.1712, 16.1578),
        (
            "11b_long",
            phy(PhyKind::DsssLong),
            110,
            1472,
            6.11194,
            6.10788,
        ),
        (
            "11b_p1000",
            phy(PhyKind::DsssLong),
            110,
            1000,
            5.05533,
            5.05051,
        ),
        (
            "11b_short",
            phy(PhyKind::DsssShort),
            110,
            1472,
            6.43186,
            6.42795,
        ),
        (
            "voice_11a_54",
            phy(PhyKind::Ofdm),
            540,
            172,
            6.83299,
            6.82878,
        ),
        (
            "voice_11b_long",
            phy(PhyKind::DsssLong),
            110,
            172,
            1.40402,
            1.40122,
        ),
    ];
    for (name, phy, rate, payload, ns3, closed_form) in rows {
        let ours = goodput_mbps(phy, Rate(rate), payload);
        assert!(
            (ours / ns3 - 1.0).abs() < 0.002,
            "{name}: {ours} against ns-3 {ns3}"
        );
        assert!(
            (ours / closed_form - 1.0).abs() < 1e-5,
            "{name}: {ours}, form {closed_form}"
        );
    }
}

#[test]
fn voice_calls_admitted_are_a_little_fewer_than_ns3_carries() {
    // analytic_voip_public.csv: the largest k_calls with no loss, and the next one that fails
    // (column ns3_dl_loss150). Contending stations count down their backoffs at the same time,
    // so ns-3 carries more than the sum of exchanges with a mean backoff each, but not much.
    let rows: [(&str, PhyKind, u16, u32, u64, u64); 3] = [
        ("cap_11b_20ms", PhyKind::DsssLong, 110, 172, 20_000, 11),
        ("cap_11b_10ms", PhyKind::DsssLong, 110, 92, 10_000, 6),
        ("cap_11a_20ms", PhyKind::Ofdm, 540, 172, 20_000, 54),
    ];
    for (name, kind, rate, payload, interval_us, ns3) in rows {
        let both_ways = phy(kind).exchange(Rate(rate), payload + UDP_IP_OCTETS) * 2;
        let calls = us(interval_us).as_nanos() / both_ways.as_nanos();
        assert!(
            calls <= ns3 && calls * 6 >= ns3 * 5,
            "{name}: {calls} against {ns3}"
        );
    }
}

#[test]
fn ppdus_take_what_the_formulas_say() {
    // PSDU octets and times of NS3.md section 2, ERP: the same plus 6 us.
    let cases = [
        (PhyKind::DsssLong, 110, 1536, 1310),
        (PhyKind::DsssShort, 110, 1536, 1214),
        (PhyKind::DsssLong, 110, 236, 364),
        (PhyKind::DsssLong, 110, 156, 306),
        (PhyKind::DsssShort, 55, 100, 96 + 146),
        (PhyKind::DsssShort, 10, 100, 192 + 800),
        (PhyKind::Ofdm, 540, 1536, 248),
        (PhyKind::Ofdm, 540, 1538, 252),
        (PhyKind::Ofdm, 240, 1536, 536),
        (PhyKind::Ofdm, 60, 1536, 2072),
        (PhyKind::Ofdm, 540, 236, 56),
        (PhyKind::Ofdm, 540, 156, 44),
        (PhyKind::Ofdm, 90, 0, 24),
        (PhyKind::Erp, 540, 1536, 254),
        (PhyKind::ErpMixed, 60, 1536, 2078),
        (PhyKind::Erp, 110, 1536, 1310),
    ];
    for (kind, rate, octets, micros) in cases {
        assert_eq!(
            phy(kind).ppdu(Rate(rate), octets),
            us(micros),
            "{kind:?} {rate} {octets}"
        );
    }
}

#[test]
fn acks_use_the_basic_rate_below_in_the_same_modulation() {
    let cases = [
        (PhyKind::DsssLong, 10, 304),
        (PhyKind::DsssLong, 20, 248),
        (PhyKind::DsssShort, 110, 248),
        (PhyKind::Ofdm, 60, 44),
        (PhyKind::Ofdm, 90, 44),
        (PhyKind::Ofdm, 120, 32),
        (PhyKind::Ofdm, 180, 32),
        (PhyKind::Ofdm, 240, 28),
        (PhyKind::Ofdm, 540, 28),
        (PhyKind::Erp, 540, 34),
        (PhyKind::Erp, 60, 50),
        (PhyKind::Erp, 110, 248),
        (PhyKind::ErpMixed, 10, 304),
    ];
    for (kind, rate, micros) in cases {
        assert_eq!(phy(kind).ack(Rate(rate)), us(micros), "{kind:?} {rate}");
    }
}

#[test]
fn exchanges_of_802_11g_worked_by_hand() {
    // 1500 octets at 54 Mb/s: PSDU 1536 takes 248 + 6 us, the Ack at 24 Mb/s 28 + 6 us.
    let data_to_ack = 254 + 10 + 34;
    let pure = Duration::from_nanos(28_000 + 67_500);
    assert_eq!(
        phy(PhyKind::Erp).exchange(Rate(540), 1500),
        pure + us(data_to_ack)
    );
    // Mixed: DIFS 50, 7.5 slots of 20 us, CTS-to-self at 2 Mb/s 248 us and SIFS.
    let mixed = phy(PhyKind::ErpMixed).exchange(Rate(540), 1500);
    assert_eq!(mixed, us(50 + 150 + 248 + 10 + data_to_ack));
    // 802.11b stations neither need the CTS nor draw from the shorter window.
    assert_eq!(
        phy(PhyKind::ErpMixed).exchange(Rate(110), 1500),
        phy(PhyKind::DsssLong).exchange(Rate(110), 1500)
    );
    // QoS Control makes it 1538 octets (one more symbol), AIFSN 3 one more slot.
    assert_eq!(
        wmm(PhyKind::Erp).exchange(Rate(540), 1500),
        pure + us(data_to_ack + 4 + 9)
    );
}

#[test]
fn group_frames_go_out_slowly_and_once() {
    // 100 octets of IP are a PSDU of 136.
    assert_eq!(
        phy(PhyKind::DsssShort).broadcast(100),
        us(50 + 310 + 192 + 136 * 8)
    );
    let ofdm = Duration::from_nanos(34_000 + 67_500) + us(20 + 4 * 47);
    assert_eq!(phy(PhyKind::Ofdm).broadcast(100), ofdm);
    assert_eq!(
        phy(PhyKind::ErpMixed).broadcast(100),
        us(50 + 310 + 192 + 136 * 8)
    );
}

#[test]
fn odd_rates_become_the_rate_below() {
    let floors = [
        (PhyKind::DsssLong, 0, 10),
        (PhyKind::DsssLong, 54, 20),
        (PhyKind::DsssLong, 73, 55),
        (PhyKind::DsssLong, u16::MAX, 110),
        (PhyKind::Ofdm, 0, 60),
        (PhyKind::Ofdm, 59, 60),
        (PhyKind::Ofdm, 73, 60),
        (PhyKind::Ofdm, 539, 480),
        (PhyKind::Ofdm, 650, 540),
        (PhyKind::Erp, 59, 55),
        (PhyKind::Erp, 73, 60),
        (PhyKind::Erp, 119, 110),
        (PhyKind::ErpMixed, 3000, 540),
    ];
    for (kind, rate, floor) in floors {
        assert_eq!(
            phy(kind).floor_rate(Rate(rate)),
            Rate(floor),
            "{kind:?} {rate}"
        );
    }
}

#[test]
fn retries_cost_what_independent_losses_cost() {
    let ofdm = phy(PhyKind::Ofdm);
    let clean = ofdm.exchange(Rate(540), 1500);
    assert_eq!(ofdm.exchange_with_retries(Rate(540), 1500, 1_000), clean);
    assert_eq!(
        ofdm.exchange_with_retries(Rate(540), 1500, 0),
        clean,
        "fewer than one try"
    );

    // Two tries in the mean: p = 1/2. Each try takes 326 us plus half its window of 9 us slots:
    // sum over k of CW_k / 2^k = 15 + 31/2 + 63/4 + 127/8 + 255/16 + 511/32 + 2 * 1023/64.
    let slots = 15.0 + 15.5 + 15.75 + 15.875 + 15.9375 + 15.96875 + 31.96875;
    let expected_us = 2.0 * 326.0 + slots / 2.0 * 9.0;
    let ours = ofdm
        .exchange_with_retries(Rate(540), 1500, 2_000)
        .as_nanos();
    #[expect(
        clippy::cast_precision_loss,
        reason = "compared with a figure worked by hand"
    )]
    let deviation = (ours as f64 / 1_000.0 - expected_us).abs();
    assert!(deviation < 0.01, "{ours} ns against {expected_us} us");

    let worst = ofdm.exchange_with_retries(Rate(540), 1500, 7_000);
    assert_eq!(ofdm.exchange_with_retries(Rate(540), 1500, u32::MAX), worst);
}

#[test]
fn codes_and_names_are_kept() {
    for kind in KINDS {
        assert_eq!(PhyKind::from_code(kind.code()), Some(kind));
    }
    assert_eq!(PhyKind::from_code(5), None);
    let names = serde_json::to_string(&KINDS).unwrap();
    assert_eq!(
        names,
        r#"["dsss-long","dsss-short","ofdm","erp","erp-mixed"]"#
    );
    assert_eq!(
        format!("{}, {}, {}", Rate(540), Rate(55), Rate(0)),
        "54 Mb/s, 5.5 Mb/s, 0 Mb/s"
    );
    assert_eq!(Rate::from_mbps(11), Rate(110));
    assert_eq!(Rate(55).bits_per_second(), 5_500_000);
}

#[test]
fn packets_longer_than_a_frame_go_in_several() {
    let phy = Phy {
        kind: PhyKind::Ofdm,
        wmm: true,
    };
    let cost = |octets| phy.granted(Turn::Burst, Rate::from_mbps(54), octets);
    assert_eq!(cost(3_000), cost(1_500) * 2);
    assert_eq!(cost(3_100), cost(1_500) * 2 + cost(100));
    assert_eq!(cost(u32::MAX), cost(65_535));
    assert_eq!(cost(65_535), cost(1_500) * 43 + cost(1_035));
}

fn any_phy() -> impl Strategy<Value = Phy> {
    (proptest::sample::select(&KINDS[..]), any::<bool>()).prop_map(|(kind, wmm)| Phy { kind, wmm })
}

proptest! {
    /// Whatever a driver or a hostile message claims, the answer is a finite, plausible time
    /// and grows with size and tries.
    #[test]
    fn any_rate_and_size_gives_a_sane_time(
        phy in any_phy(),
        rate in prop_oneof![0..700_u16, any::<u16>()],
        octets in prop_oneof![0..2_304_u32, any::<u32>()],
        tries in prop_oneof![900..8_000_u32, any::<u32>()],
    ) {
        let rate = Rate(rate);
        prop_assert!(phy.rates().contains(&phy.floor_rate(rate)));
        let exchange = phy.exchange(rate, octets);
        prop_assert!(exchange >= phy.exchange(Rate::from_mbps(54), 0));
        prop_assert!(exchange < Duration::from_secs(1));
        prop_assert!(phy.exchange(rate, octets.saturating_add(200)) >= exchange);
        let retried = phy.exchange_with_retries(rate, octets, tries);
        prop_assert!(retried >= exchange);
        prop_assert!(phy.exchange_with_retries(rate, octets, tries.saturating_add(1)) >= retried);
        prop_assert!(retried < Duration::from_secs(8));
        prop_assert_eq!(phy.floor_rate(phy.floor_rate(rate)), phy.floor_rate(rate));
    }

    /// A higher rate never costs more airtime within one modulation.
    #[test]
    fn faster_is_not_dearer(phy in any_phy(), octets in 0..2304_u32) {
        let (dsss, ofdm): (std::vec::Vec<Rate>, std::vec::Vec<Rate>) =
            phy.rates().iter().partition(|rate| rate.is_dsss());
        for rates in [dsss, ofdm] {
            for pair in rates.windows(2) {
                prop_assert!(phy.exchange(pair[0], octets) >= phy.exchange(pair[1], octets));
            }
        }
    }
}
