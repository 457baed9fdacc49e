use super::*;

const BSSID: [u8; 6] = [2, 0, 0, 0, 0, 0];
/// The WMM element of hostapd's defaults.
const WMM: [u8; 26] = [
    221, 24, 0x00, 0x50, 0xf2, 2, 1, 1, 0, 0, //
    0x03, 0xa4, 0, 0, // BE: AIFSN 3, CW 15 to 1023
    0x27, 0xa4, 0, 0, // BK: AIFSN 7
    0x42, 0x43, 94, 0, // VI: AIFSN 2, CW 7 to 15, TXOP 94 x 32 us
    0x62, 0x32, 47, 0, // VO: AIFSN 2, CW 3 to 7, TXOP 47 x 32 us
];

fn beacon(capabilities: u16, elements: &[&[u8]]) -> Vec<u8> {
    let mut frame = vec![0x80, 0, 0, 0];
    for address in [[0xff; 6], BSSID, BSSID] {
        frame.extend_from_slice(&address);
    }
    frame.extend_from_slice(&[0, 0]);
    frame.extend_from_slice(&[0; 8]);
    frame.extend_from_slice(&100_u16.to_le_bytes());
    frame.extend_from_slice(&capabilities.to_le_bytes());
    elements
        .iter()
        .for_each(|element| frame.extend_from_slice(element));
    frame
}

/// SSID, then 1 and 2 Mb/s basic, 5.5 and 11 not.
const B_CELL: [&[u8]; 2] = [&[0, 1, b'x'], &[1, 4, 0x82, 0x84, 11, 22]];

#[test]
fn a_b_cell() {
    let seen = Beacon::parse(&beacon(0x0401, &B_CELL)).unwrap();
    assert_eq!(seen.bssid, MacAddr(BSSID));
    assert_eq!(seen.rates, [10, 20, 55, 110].map(Rate));
    assert_eq!(seen.basic_rates, [10, 20].map(Rate));
    let phy = seen.phy(2412);
    assert_eq!((phy.kind, phy.wmm), (PhyKind::DsssLong, false));
    let short = Beacon::parse(&beacon(0x0021, &B_CELL)).unwrap();
    assert_eq!(short.phy(2412).kind, PhyKind::DsssShort);
}

#[test]
fn an_a_cell_and_a_g_cell() {
    let rates: &[u8] = &[1, 8, 0x8c, 18, 0x98, 36, 0xb0, 72, 96, 108];
    let seen = Beacon::parse(&beacon(1, &[rates, &WMM])).unwrap();
    assert_eq!(seen.basic_rates, [60, 120, 240].map(Rate));
    let phy = seen.phy(5180);
    assert_eq!((phy.kind, phy.wmm), (PhyKind::Ofdm, true));
    // The rates of 802.11g come in two elements; the ERP element says whether to protect.
    let more: &[u8] = &[50, 4, 0x8c, 24, 48, 108];
    let clear = Beacon::parse(&beacon(1, &[B_CELL[1], &[42, 1, 0], more])).unwrap();
    assert_eq!(clear.phy(2412).kind, PhyKind::Erp);
    assert_eq!(clear.basic_rates, [10, 20, 60].map(Rate));
    let mixed = Beacon::parse(&beacon(1, &[B_CELL[1], &[42, 1, 3], more])).unwrap();
    assert_eq!(mixed.phy(2412).kind, PhyKind::ErpMixed);
}

#[test]
fn edca_parameters_go_by_their_category() {
    let seen = Beacon::parse(&beacon(1, &[&WMM])).unwrap();
    assert_eq!(seen.edca, Some(default_edca(15, false)));
    // The element of 802.11e itself has the same records behind two octets.
    let mut element = vec![12, 18, 0, 0];
    element.extend_from_slice(&WMM[10..]);
    let seen = Beacon::parse(&beacon(1, &[&element])).unwrap();
    assert_eq!(seen.edca, Some(default_edca(15, false)));
}

#[test]
fn impossible_parameters_become_possible_ones() {
    let mut element = WMM;
    // AIFSN 0, and a CWmax below CWmin.
    element[10..14].copy_from_slice(&[0x00, 0x3f, 0, 0]);
    let edca = Beacon::parse(&beacon(1, &[&element]))
        .unwrap()
        .edca
        .unwrap();
    let be = edca[Ac::Be as usize];
    assert_eq!((be.aifsn, be.cw_min, be.cw_max), (1, 32767, 32767));
}

#[test]
fn selectors_are_no_rates() {
    let seen = Beacon::parse(&beacon(1, &[&[1, 3, 0x82, 0xff, 0xfb]])).unwrap();
    assert_eq!(seen.rates, [Rate(10)]);
}

#[test]
fn a_member_contends_as_the_beacon_says_and_acknowledges_at_basic_rates() {
    let feigning: &[u8] = &[1, 4, 0x82, 0x84, 11, 0x96];
    let phy = Phy {
        kind: PhyKind::Ofdm,
        wmm: true,
    };
    let mut radio = RadioConfig::new(phy, 2412);
    radio.queue_limit = 7;
    let seen = Beacon::parse(&beacon(1, &[feigning])).unwrap();
    let member = seen.member(&radio, &[Rate(110)]);
    assert_eq!(member.phy.kind, PhyKind::DsssLong);
    assert_eq!(member.basic_rates, [10, 20].map(Rate));
    assert_eq!(member.access[Ac::Be as usize], dcf(31));
    assert_eq!((member.queue_limit, member.frequency_mhz), (7, 2412));
    let honest = seen.member(&radio, &[]);
    assert_eq!(honest.basic_rates, [10, 20, 110].map(Rate));
}

#[test]
fn every_truncation_is_survived() {
    let whole = beacon(1, &[B_CELL[1], &[42, 1, 0], &WMM]);
    for length in 0..whole.len() {
        let seen = Beacon::parse(&whole[..length]);
        // Header, timestamp, interval and capabilities; elements may be missing.
        assert_eq!(seen.is_some(), length >= 36, "{length}");
        // Half an element is none.
        assert!(seen.is_none_or(|beacon| beacon.edca.is_none()), "{length}");
    }
}

#[test]
fn any_element_is_survived() {
    for id in 0..=u8::MAX {
        for length in [0, 1, 2, 17, 18, 24, 255] {
            for content in [0, 0x55, 0xff] {
                let mut element = vec![id, length];
                element.resize(2 + usize::from(length), content);
                let seen = Beacon::parse(&beacon(1, &[&element, &[id, 200]]));
                assert!(seen.is_some(), "{id} {length}");
            }
        }
    }
    assert!(Beacon::parse(&[0xff; 400]).is_none());
}
