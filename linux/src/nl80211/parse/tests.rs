use std::io::Cursor;

use neli::FromBytesWithInput;

use super::*;

const MAC: [u8; 6] = [2, 0, 0, 0, 1, 0];

fn attr(kind: u16, payload: &[u8]) -> Vec<u8> {
    let mut bytes = u16::try_from(payload.len() + 4)
        .unwrap()
        .to_ne_bytes()
        .to_vec();
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(payload);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

fn word(kind: u16, value: u32) -> Vec<u8> {
    attr(kind, &value.to_ne_bytes())
}

/// A generic netlink message as the kernel lays it out.
fn bytes(command: u8, attrs: &[Vec<u8>]) -> Vec<u8> {
    [&[command, 1, 0, 0][..], &attrs.concat()].concat()
}

fn read(bytes: &[u8]) -> Option<Message> {
    Message::from_bytes_with_input(&mut Cursor::new(bytes), bytes.len()).ok()
}

fn station_bytes() -> Vec<u8> {
    let flags = [0xff_u32.to_ne_bytes(), (1_u32 << 1 | 1 << 3).to_ne_bytes()].concat();
    let info = [
        word(1, 250),
        attr(7, &[(-61_i8).cast_unsigned()]),
        // Nested with the flag that newer kernels set; an unknown rate attribute first.
        attr(
            8 | 0x8000,
            &[attr(7, &[]), attr(1, &540_u16.to_ne_bytes())].concat(),
        ),
        attr(
            14,
            &[word(5, 110), attr(1, &540_u16.to_ne_bytes())].concat(),
        ),
        word(9, 1),
        word(10, 2),
        word(11, 3),
        word(12, 4),
        attr(17, &flags),
        attr(23, &5_u64.to_ne_bytes()),
        attr(24, &(6_u64 << 32).to_ne_bytes()),
        word(60_000, 7),
    ]
    .concat();
    bytes(
        19,
        &[word(3, 4), attr(6, &MAC), word(46, 1), attr(21, &info)],
    )
}

#[test]
fn a_station_with_everything() {
    let expected = Station {
        mac: MacAddr(MAC),
        signal: Some(-61),
        tx_rate: Some(540),
        rx_rate: Some(110),
        rx_packets: 1,
        tx_packets: 2,
        tx_retries: 3,
        tx_failed: 4,
        rx_bytes: 5,
        tx_bytes: 6 << 32,
        inactive: Duration::from_millis(250),
        wmm: true,
    };
    assert_eq!(station(&read(&station_bytes()).unwrap()), Some(expected));
}

#[test]
fn a_station_of_which_nothing_is_told() {
    let bare = bytes(19, &[word(3, 4), attr(6, &MAC)]);
    let expected = Station {
        mac: MacAddr(MAC),
        ..Station::default()
    };
    assert_eq!(station(&read(&bare).unwrap()), Some(expected));
    let nameless = bytes(19, &[word(3, 4)]);
    assert_eq!(station(&read(&nameless).unwrap()), None);
}

#[test]
fn mangled_stations_are_refused_or_read_but_never_panic() {
    let whole = station_bytes();
    for cut in 0..whole.len() {
        let _ = read(&whole[..cut]).map(|message| (station(&message), event(&message)));
    }
    for at in 0..whole.len() {
        for value in [0, 1, 3, 0x7f, 0xff] {
            let mut odd = whole.clone();
            odd[at] = value;
            let _ = read(&odd).map(|message| (station(&message), event(&message)));
        }
    }
}

#[test]
fn interfaces() {
    let named = [
        word(3, 4),
        attr(4, b"wlan0\0"),
        word(1, 0),
        word(5, 3),
        attr(6, &MAC),
    ];
    let plain = interface(&read(&bytes(7, &named)).unwrap()).unwrap();
    assert_eq!(
        (plain.index, plain.name.as_str(), plain.kind),
        (4, "wlan0", InterfaceKind::Ap)
    );
    assert_eq!((plain.ssid, plain.frequency), (None, None));
    let full = [named.concat(), attr(52, b"caf\xe9"), word(38, 5180)];
    let full = interface(&read(&bytes(7, &full)).unwrap()).unwrap();
    assert_eq!(
        (full.ssid.as_deref(), full.frequency),
        (Some(&b"caf\xe9"[..]), Some(5180))
    );
    // A P2P device has neither index nor name.
    let device = bytes(7, &[word(1, 0), word(5, 10), attr(6, &MAC)]);
    assert_eq!(interface(&read(&device).unwrap()), None);
}

#[test]
fn events() {
    let told = |command: u8, attrs: &[Vec<u8>]| event(&read(&bytes(command, attrs)).unwrap());
    let (index, mac) = (4, MacAddr(MAC));
    let both = [word(3, 4), attr(6, &MAC)];
    assert_eq!(told(19, &both), Some(Event::StationNew { index, mac }));
    assert_eq!(told(20, &both), Some(Event::StationGone { index, mac }));
    let joined = [both.concat(), attr(72, &0_u16.to_ne_bytes())];
    assert_eq!(
        told(46, &joined),
        Some(Event::Connected {
            index,
            bssid: Some(mac)
        })
    );
    let refused = [both.concat(), attr(72, &17_u16.to_ne_bytes())];
    assert_eq!(told(46, &refused), Some(Event::Disconnected { index }));
    assert_eq!(
        told(47, &both),
        Some(Event::Connected {
            index,
            bssid: Some(mac)
        })
    );
    assert_eq!(told(48, &both), Some(Event::Disconnected { index }));
    assert_eq!(told(33, &both), Some(Event::ScanStarted { index }));
    assert_eq!(told(34, &both), Some(Event::ScanEnded { index }));
    assert_eq!(told(35, &both), Some(Event::ScanEnded { index }));
    let back = [word(3, 4), attr(88, &7_u64.to_ne_bytes())];
    let ended = Event::FrameWaitEnded { index, cookie: 7 };
    assert_eq!(told(67, &back), Some(ended));
    assert_eq!(told(67, &both), None);
    let cqm = attr(
        94,
        &[word(3, 1), word(9, (-30_i32).cast_unsigned())].concat(),
    );
    let high = Event::Signal {
        index,
        level: SignalLevel::High,
        dbm: Some(-30),
    };
    assert_eq!(told(64, &[both.concat(), cqm]), Some(high));
    // Packet loss is a CQM event too, but not one of ours.
    assert_eq!(told(64, &[both.concat(), attr(94, &word(4, 50))]), None);
    assert_eq!(told(37, &both), None);
    assert_eq!(told(250, &both), None);
    assert_eq!(told(19, &[word(3, 4)]), None);
}

#[test]
fn a_radio_is_told_in_parts() {
    let mut told = Radio::default();
    for part in [
        bytes(3, &[word(143, 0x11)]),
        bytes(3, &[word(268, 300)]),
        bytes(3, &[word(1, 0)]),
    ] {
        radio(&mut told, &read(&part).unwrap());
    }
    assert_eq!(
        told,
        Radio {
            txq_quantum: Some(300),
            transmit_status: true
        }
    );
    let mut silent = Radio::default();
    radio(&mut silent, &read(&bytes(3, &[word(143, 0x10)])).unwrap());
    assert_eq!(
        silent,
        Radio {
            txq_quantum: None,
            transmit_status: false
        }
    );
}

#[test]
fn reads_power_save() {
    let said = |attrs: &[Vec<u8>]| power_save(&read(&bytes(62, attrs)).unwrap());
    assert_eq!(said(&[word(93, 1)]), Some(true));
    assert_eq!(said(&[word(93, 0)]), Some(false));
    assert_eq!(said(&[]), None);
}
