use super::*;

const ID: u16 = 0x1d;
const RADIO: MacAddr = MacAddr([0x42, 0, 0, 0, 1, 0]);

fn message(command: u8, attributes: &[(u16, &[u8])]) -> Vec<u8> {
    let mut buffer = Vec::new();
    begin(&mut buffer, ID, 0, command);
    for (kind, payload) in attributes {
        attribute(&mut buffer, *kind, payload);
    }
    close(&mut buffer);
    buffer
}

fn frame() -> Vec<u8> {
    message(
        command::FRAME,
        &[
            (attr::ADDR_TRANSMITTER, &RADIO.0),
            (attr::FRAME, &[8, 1, 2, 3, 4]),
            (attr::FLAGS, &3_u32.to_ne_bytes()),
            (attr::FREQ, &2412_u32.to_ne_bytes()),
            (attr::TX_INFO, &[3, 2, 0, 5, 0xff, 0, 0xff, 0]),
            (attr::COOKIE, &77_u64.to_ne_bytes()),
            // The kernel has more to say.
            (21, &[0; 12]),
        ],
    )
}

fn tx(index: i8, count: u8) -> TxRate {
    TxRate { index, count }
}

#[test]
fn a_frame_is_read() {
    let expected = TxFrame {
        transmitter: RADIO,
        data: [8, 1, 2, 3, 4][..].into(),
        flags: 3,
        rates: [tx(3, 2), tx(0, 5), TxRate::NONE, TxRate::NONE],
        cookie: 77,
        frequency_mhz: 2412,
    };
    let seen: Vec<_> = parse(&frame(), Some(ID)).collect();
    assert_eq!(seen, [FromKernel::Frame(expected)]);
    assert_eq!(parse(&frame(), Some(ID + 1)).count(), 0, "another family");
    assert_eq!(parse(&frame(), None).count(), 0);
}

#[test]
fn several_messages_in_a_datagram() {
    let mut datagram = frame();
    let address = [2, 0, 0, 0, 1, 1];
    datagram.extend(message(
        command::ADD_MAC_ADDR,
        &[
            (attr::ADDR_TRANSMITTER, &RADIO.0),
            (attr::ADDR_RECEIVER, &address),
        ],
    ));
    // An error message: the code, then the head of what it answers.
    let mut refusal = vec![36, 0, 0, 0, 2, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0];
    refusal.extend((-22_i32).to_ne_bytes());
    refusal.resize(36, 0);
    datagram.extend(refusal);
    let seen: Vec<_> = parse(&datagram, Some(ID)).skip(1).collect();
    let expected = [
        FromKernel::Address {
            radio: RADIO,
            address: MacAddr([2, 0, 0, 0, 1, 1]),
            added: true,
        },
        FromKernel::Answer {
            sequence: 9,
            error: 22,
        },
    ];
    assert_eq!(seen, expected);
}

/// The bytes that the kernel's own headers and attribute layout demand, written by hand.
#[test]
fn what_is_sent_is_what_the_kernel_reads() {
    let status = TxStatus {
        transmitter: RADIO,
        cookie: 0x0102,
        flags: ACKED,
        rates: [tx(3, 1), TxRate::NONE, TxRate::NONE, TxRate::NONE],
        signal_dbm: -30,
    };
    let expected: Vec<u8> = [
        &72_u32.to_ne_bytes()[..],
        &ID.to_ne_bytes(),
        &1_u16.to_ne_bytes(),
        &5_u32.to_ne_bytes(),
        &[0; 4],
        // Command, version, two octets for later use.
        &[3, 1, 0, 0],
        &[10, 0, 2, 0, 0x42, 0, 0, 0, 1, 0, 0, 0],
        &[8, 0, 4, 0, 4, 0, 0, 0],
        &[8, 0, 6, 0, 226, 255, 255, 255],
        &[12, 0, 7, 0, 3, 1, 255, 0, 255, 0, 255, 0],
        &[12, 0, 8, 0, 2, 1, 0, 0, 0, 0, 0, 0],
    ]
    .concat();
    let mut written = vec![9; 200];
    report(&mut written, ID, 5, &status);
    assert_eq!(written, expected);

    let delivery = Delivery {
        receiver: RADIO,
        data: [1, 2, 3, 4, 5][..].into(),
        rate_index: 3,
        signal_dbm: -30,
        frequency_mhz: 5180,
    };
    deliver(&mut written, ID, 6, &delivery);
    let expected: Vec<u8> = [
        &[2, 1, 0, 0][..],
        &[10, 0, 1, 0, 0x42, 0, 0, 0, 1, 0, 0, 0],
        &[9, 0, 3, 0, 1, 2, 3, 4, 5, 0, 0, 0],
        &[8, 0, 5, 0, 3, 0, 0, 0],
        &[8, 0, 6, 0, 226, 255, 255, 255],
        &[8, 0, 19, 0, 60, 20, 0, 0],
    ]
    .concat();
    assert_eq!(&written[16..], expected);
    assert_eq!(written.len() % 4, 0);
}

#[test]
fn every_truncation_is_survived() {
    let whole = frame();
    for length in 0..whole.len() {
        assert_eq!(parse(&whole[..length], Some(ID)).count(), 0, "{length}");
        // The same with a header that says so.
        let mut short = whole[..length].to_vec();
        if let Some(field) = short.get_mut(..4) {
            field.copy_from_slice(&u32::try_from(length).unwrap().to_ne_bytes());
        }
        // Without the last attribute, which is of no interest, it is whole.
        let whole_frame = length == whole.len() - 16;
        let seen = parse(&short, Some(ID)).count();
        assert_eq!(seen, usize::from(whole_frame), "{length}");
    }
}

#[test]
fn any_octet_is_survived() {
    let whole = frame();
    for at in 0..whole.len() {
        for octet in [0, 1, 3, 0x7f, 0x80, 0xff] {
            let mut changed = whole.clone();
            changed[at] = octet;
            let _ = parse(&changed, Some(ID)).count();
            changed[4..6].copy_from_slice(&CONTROLLER.to_ne_bytes());
            let _ = parse(&changed, Some(ID)).count();
        }
    }
}
