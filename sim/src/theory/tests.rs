use super::*;

fn dsss_long() -> Contention {
    Contention {
        payload_octets: 1472,
        data: Duration::from_micros(1310),
        ack: Duration::from_micros(248),
        sifs: Duration::from_micros(10),
        slot: Duration::from_micros(20),
        ifs: Duration::from_micros(50),
        ifs_after_collision: Duration::from_micros(50),
        cw_min: 31,
        cw_max: 1023,
        transmissions: 7,
    }
}

#[test]
fn one_station_worked_by_hand() {
    // 11776 bits in 50 + 310 + 1310 + 10 + 248 us.
    assert!((closed_form(&dsss_long()) - 11_776.0 / 1_928.0).abs() < 1e-12);
}

#[test]
fn the_model_of_one_station_is_the_closed_form() {
    let alone = bianchi(1, &dsss_long());
    assert!(alone.collision_prob.abs() < f64::EPSILON);
    assert!((alone.goodput_mbps / closed_form(&dsss_long()) - 1.0).abs() < 1e-9);
    assert_eq!(bianchi(0, &dsss_long()), alone, "nobody counts as one");
}

#[test]
fn two_stations_worked_by_hand() {
    // With two stations the collision probability is the attempt rate itself, so that each side of
    // p = attempts / slots can be checked with pencil and paper: p = 0.0570443.
    let both = bianchi(2, &dsss_long());
    assert!((both.collision_prob - 0.057_044_3).abs() < 1e-7, "{both:?}");
}

#[test]
fn more_stations_collide_more_and_eifs_costs() {
    let mut before = 0.0;
    for stations in [2, 5, 10, 50, 2007] {
        let cell = bianchi(stations, &dsss_long());
        assert!(cell.collision_prob > before && cell.collision_prob < 1.0);
        before = cell.collision_prob;
        let eifs = Contention {
            ifs_after_collision: Duration::from_micros(364),
            ..dsss_long()
        };
        assert!(bianchi(stations, &eifs).goodput_mbps < cell.goodput_mbps);
    }
}

#[test]
fn odd_limits_are_no_trouble() {
    for (cw_min, cw_max, transmissions) in [(0, 0, 1), (3, 7, 0), (u16::MAX, u16::MAX, 1000)] {
        let cell = Contention {
            cw_min,
            cw_max,
            transmissions,
            ..dsss_long()
        };
        let result = bianchi(5, &cell);
        assert!(result.goodput_mbps.is_finite() && result.goodput_mbps >= 0.0);
        assert!((0.0..=1.0).contains(&result.collision_prob));
    }
}
