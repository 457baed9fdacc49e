use rether_proto::mac::MacAddr;

use super::*;
use crate::rules::{Prefix, Protocol};

fn config(placement: Placement) -> RulesConfig {
    RulesConfig {
        interface: "wlan0".parse().unwrap(),
        placement,
        queue: 7,
        ether_type: 0x88b5,
    }
}

fn voice() -> FlowMatch {
    FlowMatch {
        protocol: Some(Protocol::Udp),
        src: Some(Prefix {
            address: [10, 0, 0, 0].into(),
            length: 8,
        }),
        dst_ports: Some(5004..=5005),
        dscp: Some(46),
        ..FlowMatch::default()
    }
}

fn station(last: u8, queue: u16) -> StationQueue {
    StationQueue {
        station: MacAddr([2, 0, 0, 0, 1, last]),
        queue,
    }
}

const FRAME: &str = "\
add table inet rether_wlan0
add chain inet rether_wlan0 post { type filter hook postrouting priority 300; policy accept; }
flush chain inet rether_wlan0 post
add chain inet rether_wlan0 exempt
flush chain inet rether_wlan0 exempt
add rule inet rether_wlan0 exempt icmpv6 type { nd-router-solicit, \
nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert, nd-redirect } meta priority set 0:105 accept
add rule inet rether_wlan0 exempt udp dport { 67, 68, 546, 547 } meta priority set 0:105 accept
add chain inet rether_wlan0 watched
flush chain inet rether_wlan0 watched
add rule inet rether_wlan0 watched jump exempt
add rule inet rether_wlan0 watched queue flags bypass to 7
";

/// What holds at an access point that routes, while its interface is in the set.
const HELD: &str = "\
add chain inet rether_wlan0 held
flush chain inet rether_wlan0 held
add rule inet rether_wlan0 held jump exempt
add rule inet rether_wlan0 held queue flags bypass to 7
add set inet rether_wlan0 holding { type ifname; }
flush set inet rether_wlan0 holding
add rule inet rether_wlan0 post oifname \"wlan0\" oifname @holding goto held
";

#[test]
fn open_holds_nothing() {
    assert_eq!(
        transaction(&config(Placement::RoutedAp), None, &Mode::OPEN),
        [FRAME, HELD].concat()
    );
}

#[test]
fn watch_queues_only_what_matches() {
    let mode = Mode::Watch(vec![voice()]);
    let expected = format!(
        "{FRAME}{HELD}add rule inet rether_wlan0 post oifname \"wlan0\" ip saddr 10.0.0.0/8 \
         ip dscp 46 udp dport 5004-5005 jump watched\n"
    );
    assert_eq!(
        transaction(&config(Placement::RoutedAp), None, &mode),
        expected
    );
}

#[test]
fn to_hold_is_to_be_in_the_set() {
    let expected = format!("{FRAME}{HELD}add element inet rether_wlan0 holding {{ \"wlan0\" }}\n");
    assert_eq!(
        transaction(&config(Placement::RoutedAp), None, &Mode::Hold(vec![])),
        expected
    );
    let key = interface_key(&"wlan0".parse().unwrap());
    assert_eq!(&key, b"wlan0\0\0\0\0\0\0\0\0\0\0\0");
}

#[test]
fn a_station_has_one_traffic_class() {
    let text = transaction(&config(Placement::Station), None, &Mode::OPEN);
    let one = "held jump exempt\n\
               add rule inet rether_wlan0 held meta priority set 0:100\n\
               add rule inet rether_wlan0 held queue flags bypass to 7\n";
    assert!(text.contains(one), "{text}");
}

#[test]
fn hold_at_a_bridged_ap_has_a_queue_per_station() {
    let before = Mode::Hold(vec![station(0, 11), station(1, 12)]);
    let mode = Mode::Hold(vec![station(1, 12), station(2, 13)]);
    let text = transaction(&config(Placement::BridgedAp), Some(&before), &mode);
    let expected = "\
add table bridge rether_wlan0
add chain bridge rether_wlan0 post { type filter hook postrouting priority 300; policy accept; }
flush chain bridge rether_wlan0 post
add chain bridge rether_wlan0 exempt
flush chain bridge rether_wlan0 exempt
add rule bridge rether_wlan0 exempt ether type { 0x888e, 0x88b5 } accept
add rule bridge rether_wlan0 exempt ether daddr & 01:00:00:00:00:00 == \
01:00:00:00:00:00 accept
add rule bridge rether_wlan0 exempt ether type 0x0806 meta priority set 0:105 accept
add rule bridge rether_wlan0 exempt icmpv6 type { nd-router-solicit, \
nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert, nd-redirect } meta priority set 0:105 accept
add rule bridge rether_wlan0 exempt udp dport { 67, 68, 546, 547 } meta priority set 0:105 accept
add chain bridge rether_wlan0 watched
flush chain bridge rether_wlan0 watched
add rule bridge rether_wlan0 watched jump exempt
add rule bridge rether_wlan0 watched queue flags bypass to 7
add map bridge rether_wlan0 stations { type ether_addr : verdict; }
flush map bridge rether_wlan0 stations
add rule bridge rether_wlan0 post oifname \"wlan0\" jump exempt
add chain bridge rether_wlan0 to_12
flush chain bridge rether_wlan0 to_12
add rule bridge rether_wlan0 to_12 queue flags bypass to 12
add chain bridge rether_wlan0 to_13
flush chain bridge rether_wlan0 to_13
add rule bridge rether_wlan0 to_13 queue flags bypass to 13
add element bridge rether_wlan0 stations { 02:00:00:00:01:01 : jump to_12, 02:00:00:00:01:02 : \
jump to_13 }
add rule bridge rether_wlan0 post oifname \"wlan0\" ether daddr vmap @stations
add chain bridge rether_wlan0 to_11
delete chain bridge rether_wlan0 to_11
";
    assert_eq!(text, expected);
    let open = transaction(&config(Placement::BridgedAp), Some(&before), &Mode::OPEN);
    assert!(open.ends_with(
        "flush map bridge rether_wlan0 stations\n\
         add chain bridge rether_wlan0 to_11\ndelete chain bridge rether_wlan0 to_11\n\
         add chain bridge rether_wlan0 to_12\ndelete chain bridge rether_wlan0 to_12\n"
    ));
}

#[test]
fn a_bridged_ap_without_stations_holds_nothing() {
    let text = transaction(&config(Placement::BridgedAp), None, &Mode::Hold(vec![]));
    assert!(
        !text.contains("add element") && text.matches("queue").count() == 1,
        "{text}"
    );
}

#[test]
fn arp_has_a_table_where_the_other_does_not_see_it() {
    let expected = "\
add table arp rether_wlan0
add chain arp rether_wlan0 out { type filter hook output priority 0; policy accept; }
flush chain arp rether_wlan0 out
add rule arp rether_wlan0 out oifname \"wlan0\" meta priority set 0:105
";
    assert_eq!(arp(&"wlan0".parse().unwrap()), expected);
}

#[test]
fn table_names() {
    let name = |text: &str| table_name(&text.parse().unwrap());
    assert_eq!(name("wlp2s0-ap.1"), "rether_wlp2s0-ap.1");
    assert_eq!(name("wlan0@2"), "rether_wlan0_402");
    let wlan1: InterfaceName = "wlan1".parse().unwrap();
    assert_eq!(
        deletion("bridge", &wlan1),
        "add table bridge rether_wlan1\ndelete table bridge rether_wlan1\n"
    );
    assert_eq!(
        emptying("inet", &wlan1),
        "add table inet rether_wlan1\nflush table inet rether_wlan1\n"
    );
}
