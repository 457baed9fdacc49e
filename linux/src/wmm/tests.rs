use super::*;

/// hostapd's own rule: no smallest window above the largest one at any time.
fn carry_out(table: Table, orders: &[String]) -> Table {
    let mut table = table;
    for order in orders {
        let (key, value) = order
            .strip_prefix("SET wmm_ac_")
            .unwrap()
            .split_once(' ')
            .unwrap();
        let (name, field) = key.split_once('_').unwrap();
        let category = Category::ALL
            .into_iter()
            .find(|one| one.name() == name)
            .unwrap();
        let mut edca = table.get(category);
        match field {
            "aifs" => edca.aifsn = value.parse().unwrap(),
            "cwmin" => edca.cw_min = value.parse().unwrap(),
            "cwmax" => edca.cw_max = value.parse().unwrap(),
            "txop_limit" => edca.txop = value.parse().unwrap(),
            other => panic!("{other}"),
        }
        assert!(edca.cw_min <= edca.cw_max, "{order} after {orders:?}");
        table.set(category, edca);
    }
    table
}

fn usual() -> Parameters {
    Settings::parse("").unwrap().parameters
}

#[test]
fn a_table_is_reached_from_any_other_one() {
    let edca = |cw_min, cw_max| Edca {
        aifsn: 2,
        cw_min,
        cw_max,
        txop: 0,
    };
    let windows = [(0, 0), (2, 3), (3, 10), (5, 10), (15, 15)];
    for (from_min, from_max) in windows {
        for (to_min, to_max) in windows {
            let from = Table::new([edca(from_min, from_max); 4]);
            let to = Table::new([edca(to_min, to_max); 4]);
            for before in [None, Some(&from)] {
                let orders = to.orders(before);
                assert_eq!(carry_out(from, &orders), to);
                // Stations look at the counter only.
                assert_eq!(orders.is_empty(), before.is_some() && from == to);
                assert!(orders.is_empty() || !orders.len().is_multiple_of(16));
            }
        }
    }
}

#[test]
fn sixteen_changes_are_seen() {
    let different = |n| Edca {
        aifsn: n,
        cw_min: n,
        cw_max: n + 5,
        txop: n.into(),
    };
    let (from, to) = (Table::new([different(2); 4]), Table::new([different(3); 4]));
    let orders = to.orders(Some(&from));
    assert_eq!(orders.len(), 17);
    assert_eq!(carry_out(from, &orders), to);
}

#[test]
fn a_configuration_changes_what_it_names() {
    let text = "# wmm_ac_be_aifs=9\nwmm_enabled=1\nwmm_ac_be_aifs=4\nwme_ac_bk_cwmin=5\n\
                wmm_ac_vi_acm=1\ntx_queue_data0_burst=3.3\ntx_queue_data2_cwmax=1023\n\
                tx_queue_beacon_aifs=2\nssid=wmm_ac_vo_aifs=7\n";
    let settings = Settings::parse(text).unwrap();
    let mut expected = usual();
    let mut change = |category, change: fn(&mut Edca), own: bool| {
        let table = if own {
            &mut expected.own
        } else {
            &mut expected.stations
        };
        let mut edca = table.get(category);
        change(&mut edca);
        table.set(category, edca);
    };
    change(Category::Be, |edca| edca.aifsn = 4, false);
    change(Category::Bk, |edca| edca.cw_min = 5, false);
    change(Category::Vo, |edca| edca.txop = 103, true);
    change(Category::Be, |edca| edca.cw_max = 10, true);
    assert!(settings.wmm);
    assert_eq!(settings.parameters, expected);
}

#[test]
fn wmm_comes_with_802_11n() {
    let wmm = |text| Settings::parse(text).unwrap().wmm;
    assert!(!wmm("") && wmm("ieee80211n=1\n") && wmm("wmm_enabled=1\n"));
    assert!(!wmm("ieee80211n=1\nwmm_enabled=0\n"));
}

#[test]
fn nonsense_is_refused_with_its_line() {
    for bad in [
        "wmm_ac_be_cwmin=16",
        "wmm_ac_be_aifs=0",
        "wmm_ac_vi_txop_limit=70000",
        "wmm_ac_vi_txop_limit=",
        "tx_queue_data1_cwmin=8",
        "tx_queue_data1_cwmax=65535",
        "tx_queue_data1_burst=x",
        "tx_queue_data1_burst=1.x",
        "tx_queue_data1_burst=99999999999",
    ] {
        let error = Settings::parse(&format!("ssid=a\n{bad}\n")).unwrap_err();
        assert_eq!((error.line, error.text.as_str()), (2, bad));
    }
}

#[test]
fn what_is_written_is_read_back() {
    let mut odd = usual();
    for (number, category) in Category::ALL.into_iter().enumerate() {
        let number = u8::try_from(number).unwrap();
        let edca = Edca {
            aifsn: 2 + number,
            cw_min: number,
            cw_max: 10 + number,
            // Bursts are whole tenths of a millisecond: 7.7 ms is 241.
            txop: 241,
        };
        odd.stations.set(category, edca);
        odd.own.set(category, edca);
    }
    for parameters in [usual(), odd] {
        let read = Settings::parse(&parameters.to_config()).unwrap();
        assert_eq!(read.parameters, parameters);
    }
}

#[test]
fn granted_comes_first_and_nobody_gains_but_it() {
    let before = usual();
    for profile in [Profile::Polite, Profile::Strict] {
        for (dsss, txop) in [(false, TXOP_OFDM), (true, TXOP_DSSS)] {
            let now = profile.apply(&before, dsss);
            let granted = now.stations.get(Category::Vi);
            assert_eq!((granted.aifsn, granted.cw_min, granted.txop), (2, 2, txop));
            assert_eq!(
                now.stations.get(Category::Vo),
                before.stations.get(Category::Vo)
            );
            for category in [Category::Be, Category::Bk] {
                let (old, new) = (before.stations.get(category), now.stations.get(category));
                assert!(
                    new.aifsn >= old.aifsn && new.cw_min >= old.cw_min,
                    "{new:?}"
                );
                assert!(new.cw_max >= old.cw_max && new.txop <= old.txop, "{new:?}");
                assert_eq!(now.own.get(category), before.own.get(category));
            }
            let table = now.stations.orders(Some(&before.stations));
            assert_eq!(carry_out(before.stations, &table), now.stations);
        }
    }
    let strict = Profile::Strict.apply(&before, false).stations;
    let (granted, others) = (strict.get(Category::Vi), strict.get(Category::Be));
    // The granted frame's latest first try comes no later than the others' earliest.
    assert!(granted.aifsn + 3 < others.aifsn);
}
